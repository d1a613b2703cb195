//! `heirloom init`: a definition that works, and a signing key.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_formats::definition::Definition;
use heirloom_sign::{Algorithm, SecretKey};
use serde::Serialize;

use crate::cli::Init;
use crate::fail::{Exit, Fail};
use crate::ui::{Shown, say};

#[derive(Serialize)]
struct Made {
    definition: PathBuf,
    key: PathBuf,
    fingerprint: String,
}

pub(crate) fn run(init: &Init) -> Result<Shown, Fail> {
    let path = init.dir.join("heirloom.toml");
    let failed = |error| Fail::new(Exit::Failed, format!("can't write {}: {error}", path.display()));
    if path.exists() {
        return Err(Fail::new(Exit::Failed, format!("{} is there already", path.display()))
            .hint("change it, or give another directory"));
    }
    let text = definition(init)?;
    Definition::parse(&text, &path)?;
    std::fs::create_dir_all(init.dir.join("keys")).map_err(failed)?;
    let key = init.dir.join("keys").join(format!("{}.secret.asc", init.id));
    let fingerprint = make_key(init, &key)?;
    std::fs::write(&path, text).map_err(failed)?;
    let text = format!(
        "wrote {}\nwrote {} (RSA 4096, {fingerprint}): keep it secret and keep a copy\n\nnext: look the \
         definition over, then `cd {} && heirloom rebuild`",
        path.display(),
        key.display(),
        init.dir.display()
    );
    Shown::new(&Made { definition: path, key, fingerprint }, text)
}

/// A key that is there already is kept: an interrupted `init` made it.
fn make_key(init: &Init, path: &Path) -> Result<String, Fail> {
    let public = path.with_file_name(format!("{}.asc", init.id));
    let key = match path.exists() {
        true => SecretKey::load(path)?,
        false => {
            say("making an RSA 4096 key; this takes some seconds");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let user = format!("{} (release key {})", init.vendor, init.release);
            let key = SecretKey::generate(&user, now, Algorithm::Rsa4096)?;
            key.save(path)?;
            key
        }
    };
    let failed = |error| Fail::new(Exit::Failed, format!("can't write {}: {error}", public.display()));
    std::fs::write(&public, key.public_armoured()?).map_err(failed)?;
    Ok(key.fingerprint().to_owned())
}

/// The text of heirloom.toml. Values are quoted by the TOML library, comments are for whoever reads it.
fn definition(init: &Init) -> Result<String, Fail> {
    let dir = std::path::absolute(&init.dir).unwrap_or_else(|_| init.dir.clone());
    let url = init.url.clone().unwrap_or_else(|| format!("file://{}/state/published", dir.display()));
    let major = init.release.split('.').next().unwrap_or_default();
    let mut text = String::new();
    let mut section = |comment: &str, name: &str, keys: &[(&str, String)]| {
        let _ = writeln!(text, "# {comment}\n[{name}]");
        for (key, value) in keys {
            let _ = writeln!(text, "{key} = {value}");
        }
        text.push('\n');
    };
    section(
        "Who the distribution is.",
        "distribution",
        &[
            ("name", quote(&init.name)),
            ("id", quote(&init.id)),
            ("version", quote(&init.release)),
            ("dist", quote(&format!(".el{major}"))),
            ("vendor", quote(&init.vendor)),
            ("platform_id", quote(&format!("platform:el{major}"))),
            ("home_url", quote(&format!("https://{}.example", init.id))),
            ("bug_url", quote(&format!("https://bugs.{}.example", init.id))),
            ("promise", quote("identical")),
        ],
    );
    let mut upstream = vec![("kind", quote(&init.upstream_kind)), ("location", quote(&init.upstream))];
    upstream.extend(init.lookaside.iter().map(|lookaside| ("lookaside", quote(lookaside))));
    if !init.upstream_key.is_empty() {
        let keys: Vec<_> = init.upstream_key.iter().map(|key| quote(&key.to_string_lossy())).collect();
        upstream.push(("keys", format!("[{}]", keys.join(", "))));
    }
    if !init.exclude.is_empty() {
        upstream.push(("exclude", excludes(&init.exclude)?));
    }
    section("Where sources come from, and which are left out.", "upstream", &upstream);
    if let Some(own) = &init.own {
        section("Own source packages.", "own", &[("sources", quote(&own.to_string_lossy()))]);
    }
    section(
        "Binaries that fill the first buildroots.",
        "bootstrap",
        &[
            ("location", quote(&init.bootstrap)),
            ("keys", format!("[{}]", quote(&init.bootstrap_key.to_string_lossy()))),
        ],
    );
    let mut own = format!("[{}]", quote(&format!("{}-*", init.id)));
    for reference in &init.reference {
        let (name, location) = pair(reference, "--reference")?;
        let key = format!("[{}]", quote(&init.reference_key.to_string_lossy()));
        section(
            "Binaries to be equal to.",
            &format!("reference.{name}"),
            &[("location", quote(location)), ("keys", key)],
        );
        let mut keys = vec![("like", quote(name))];
        // Own packages go into the first repository.
        if !own.is_empty() {
            keys.push(("packages", std::mem::take(&mut own)));
        }
        section("Takes what the reference has there.", &format!("repositories.{name}"), &keys);
    }
    let inherit = [("inherit", "true".to_owned())];
    section("What packages need at run time and is not rebuilt.", "repositories.Bootstrap", &inherit);
    section("Where clients find the published tree.", "publish", &[("url", quote(&url))]);
    let key = format!("keys/{}.secret.asc", init.id);
    section("The key that signs packages and metadata.", "signing", &[("key", quote(&key))]);
    Ok(text)
}

fn excludes(all: &[String]) -> Result<String, Fail> {
    let mut lines = Vec::new();
    for exclude in all {
        let (package, reason) = pair(exclude, "--exclude")?;
        lines.push(format!("  {{ package = {}, reason = {} }},\n", quote(package), quote(reason)));
    }
    Ok(format!("[\n{}]", lines.concat()))
}

fn pair<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str), Fail> {
    text.split_once('=')
        .ok_or_else(|| Fail::new(Exit::Failed, format!("{option} `{text}`: expected NAME=VALUE")))
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    // JSON's escapes are a subset of TOML's.
    serde_json::Value::from(text).to_string()
}
