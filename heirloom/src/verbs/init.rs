//! `heirloom init`: a definition that works, and a signing key.

mod known;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use heirloom_formats::definition::Definition;
use heirloom_sign::{Algorithm, SecretKey};
use serde::Serialize;

use crate::cli::Init;
use crate::context;
use crate::fail::{Exit, Fail};
use crate::ui::{Shown, say};
pub(crate) use known::names as known_names;

use known::Known;

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
    let plan = Plan::of(init)?;
    let text = definition(init, &plan)?;
    Definition::parse(&text, &path)?;
    std::fs::create_dir_all(init.dir.join("keys")).map_err(failed)?;
    let key = init.dir.join("keys").join(format!("{}.secret.asc", init.id));
    let fingerprint = make_key(init, &plan.release, &key)?;
    std::fs::write(&path, text).map_err(failed)?;
    let mut text = format!(
        "wrote {}\nwrote {} (RSA 4096, {fingerprint}): keep it secret and keep a copy\n\n",
        path.display(),
        key.display()
    );
    if plan.known.is_some() {
        text.push_str(
            "the vendors' public keys are fetched with the first import and held against the definition\n",
        );
    }
    if plan.known.is_some() && init.bootstrap.is_none() {
        let _ = writeln!(
            text,
            "still to be supplied: {}, the repository that fills the first buildroots, signed with the own key; \
             docs/upstreams.md says how to put it together",
            init.dir.join(&plan.bootstrap).display()
        );
    }
    let _ = write!(
        text,
        "\nnext: look the definition over, then `cd {} && heirloom rebuild`",
        init.dir.display()
    );
    Shown::new(&Made { definition: path, key, fingerprint }, text)
}

/// A key that is there already is kept: an interrupted `init` made it.
fn make_key(init: &Init, release: &str, path: &Path) -> Result<String, Fail> {
    let public = path.with_file_name(format!("{}.asc", init.id));
    let key = match path.exists() {
        true => SecretKey::load(path)?,
        false => {
            say("making an RSA 4096 key; this takes some seconds");
            let user = format!("{} (release key {})", init.vendor, release);
            let key = SecretKey::generate(&user, context::now(), Algorithm::Rsa4096)?;
            key.save(path)?;
            key
        }
    };
    let failed = |error| Fail::new(Exit::Failed, format!("can't write {}: {error}", public.display()));
    std::fs::write(&public, key.public_armoured()?).map_err(failed)?;
    Ok(key.fingerprint().to_owned())
}

/// What is not given on the command line, from the known upstream or else by default.
struct Plan {
    known: Option<&'static Known>,
    release: String,
    major: String,
    bootstrap: String,
    bootstrap_key: PathBuf,
}

impl Plan {
    fn of(init: &Init) -> Result<Self, Fail> {
        let known = init.from.as_deref().and_then(known::find);
        let release =
            init.release.clone().unwrap_or_else(|| known.map_or("9.4", |known| known.major).to_owned());
        let major = release.split('.').next().unwrap_or_default().to_owned();
        if let Some(known) = known.filter(|known| known.major != major) {
            let message =
                format!("--release is {release}, but {} has the sources of {}", known.name, known.major);
            return Err(
                Fail::new(Exit::Failed, message).hint("give a release of that major version, or none")
            );
        }
        let or = |from_known: &str, otherwise: &str| {
            if known.is_some() { from_known.to_owned() } else { otherwise.to_owned() }
        };
        let own = format!("keys/{}.asc", init.id);
        Ok(Self {
            known,
            release,
            major,
            bootstrap: init.bootstrap.clone().unwrap_or_else(|| or("bootstrap", "upstream/bootstrap")),
            bootstrap_key: init
                .bootstrap_key
                .clone()
                .unwrap_or_else(|| or(&own, "upstream/bootstrap.asc").into()),
        })
    }
}

/// The text of heirloom.toml. Values are quoted by the TOML library, comments are for whoever reads it.
fn definition(init: &Init, plan: &Plan) -> Result<String, Fail> {
    let dir = std::path::absolute(&init.dir).unwrap_or_else(|_| init.dir.clone());
    let url = init.url.clone().unwrap_or_else(|| format!("file://{}/state/published", dir.display()));
    let major = &plan.major;
    let mut text = String::new();
    let mut distribution = vec![
        ("name", quote(&init.name)),
        ("id", quote(&init.id)),
        ("version", quote(&plan.release)),
        ("dist", quote(&format!(".el{major}"))),
        ("vendor", quote(&init.vendor)),
        ("platform_id", quote(&format!("platform:el{major}"))),
        ("home_url", quote(&format!("https://{}.example", init.id))),
        ("bug_url", quote(&format!("https://bugs.{}.example", init.id))),
        ("promise", quote("identical")),
    ];
    if plan.known.is_some() {
        // Locations of binaries have it, too.
        distribution.push(("architecture", quote("x86_64")));
    }
    section(&mut text, "Who the distribution is.", "distribution", &distribution);
    match plan.known {
        Some(known) => {
            let exclude = match init.exclude.is_empty() {
                true => String::new(),
                false => format!("exclude = {}", excludes(&init.exclude)?),
            };
            text.push_str(&known.sections(&exclude));
            text.push('\n');
        }
        None => upstream(init, &mut text)?,
    }
    if let Some(own) = &init.own {
        section(&mut text, "Own source packages.", "own", &[("sources", quote(&own.to_string_lossy()))]);
    }
    let debrand: Vec<_> = [("rules", &init.rules), ("brand", &init.brand)]
        .into_iter()
        .filter_map(|(key, path)| Some((key, quote(&path.as_ref()?.to_string_lossy()))))
        .collect();
    if !debrand.is_empty() {
        section(
            &mut text,
            "What is changed in sources, and what must not be left in them.",
            "debrand",
            &debrand,
        );
    }
    if let Some(file) = &init.allowances {
        let allowances = [("allowances", quote(&file.to_string_lossy()))];
        section(&mut text, "Differences that are accepted.", "compare", &allowances);
    }
    let bootstrap_keys = format!("[{}]", quote(&plan.bootstrap_key.to_string_lossy()));
    let comment = match (plan.known, &init.bootstrap) {
        (Some(_), None) => {
            "Binaries that fill the first buildroots: one repository with the group buildsys-build, put together from the \
             vendor's\n# and signed with the own key. docs/upstreams.md says how."
        }
        _ => "Binaries that fill the first buildroots.",
    };
    section(
        &mut text,
        comment,
        "bootstrap",
        &[("location", quote(&plan.bootstrap)), ("keys", bootstrap_keys)],
    );
    references(init, plan, &mut text)?;
    let inherit = [("inherit", "true".to_owned())];
    section(
        &mut text,
        "What packages need at run time and is not rebuilt.",
        "repositories.Bootstrap",
        &inherit,
    );
    section(&mut text, "Where clients find the published tree.", "publish", &[("url", quote(&url))]);
    let key = format!("keys/{}.secret.asc", init.id);
    section(&mut text, "The key that signs packages and metadata.", "signing", &[("key", quote(&key))]);
    Ok(text)
}

/// Where sources come from, as the options say.
fn upstream(init: &Init, text: &mut String) -> Result<(), Fail> {
    let mut upstream = vec![("kind", quote(&init.upstream_kind)), ("location", quote(&init.upstream))];
    upstream.extend(init.lookaside.iter().map(|lookaside| ("lookaside", quote(lookaside))));
    if !init.upstream_key.is_empty() {
        let keys: Vec<_> = init.upstream_key.iter().map(|key| quote(&key.to_string_lossy())).collect();
        upstream.push(("keys", format!("[{}]", keys.join(", "))));
    }
    if !init.exclude.is_empty() {
        upstream.push(("exclude", excludes(&init.exclude)?));
    }
    section(text, "Where sources come from, and which are left out.", "upstream", &upstream);
    Ok(())
}

/// The repositories to compose, each like a reference repository. Own packages go into the first one.
fn references(init: &Init, plan: &Plan, text: &mut String) -> Result<(), Fail> {
    let mut own = format!("[{}]", quote(&format!("{}-*", init.id)));
    let mut compose = |text: &mut String, name: &str| {
        let mut keys = vec![("like", quote(name))];
        if !own.is_empty() {
            keys.push(("packages", std::mem::take(&mut own)));
        }
        section(text, "Takes what the reference has there.", &format!("repositories.{name}"), &keys);
    };
    for name in plan.known.iter().flat_map(|known| known.repositories()) {
        compose(text, name);
    }
    for reference in &init.reference {
        let (name, location) = pair(reference, "--reference")?;
        let key = format!("[{}]", quote(&init.reference_key.to_string_lossy()));
        let keys = [("location", quote(location)), ("keys", key)];
        section(text, "Binaries to be equal to.", &format!("reference.{name}"), &keys);
        compose(text, name);
    }
    Ok(())
}

fn section(text: &mut String, comment: &str, name: &str, keys: &[(&str, String)]) {
    let _ = writeln!(text, "# {comment}\n[{name}]");
    for (key, value) in keys {
        let _ = writeln!(text, "{key} = {value}");
    }
    text.push('\n');
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
