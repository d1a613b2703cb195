//! `heirloom migrate`: machines of other distributions are carried over to this one by `heirloom-migrate`; here is what they are told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::definition::{Definition, MigrateSettings};
use heirloom_migrate::target::{
    Declared, FORMAT, Fate, StreamMapping, Swap, Target, TargetBoot, TargetRepository,
};
use serde::Serialize;

use crate::cli::{MigrateVerb, TargetFile};
use crate::context::{Context, now, replace};
use crate::fail::{Exit, Fail};
use crate::flow::{gather, releasing};
use crate::ui::Shown;

pub(crate) fn run(verb: &MigrateVerb, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    match verb {
        MigrateVerb::Target(args) => target(&open()?, args),
    }
}

/// What was written.
#[derive(Serialize)]
struct Written<'a> {
    files: [&'a Path; 2],
    channel: &'a str,
    repositories: Vec<&'a str>,
    /// Fingerprint of the key that signed.
    key: &'a str,
}

fn target(context: &Context, args: &TargetFile) -> Result<Shown, Fail> {
    let site = releasing::site(context)?;
    let settings = &context.definition.migrate;
    let channel = settings.channel.clone().or_else(|| site.usual().into_iter().next()).unwrap_or_default();
    if site.current(&channel)?.is_none() {
        return Err(Fail::new(Exit::Failed, format!("no snapshot is served as `{channel}` yet"))
            .hint(format!("`heirloom publish {channel}`, or name another in `migrate.channel`")));
    }
    let key = context.key()?;
    let served = Served { root: site.root().join(&channel), channel: &channel };
    let target = said(context, &served, &key.public_armoured()?)?;
    let text = target.to_text().map_err(|error| Fail::new(Exit::Failed, error))?;
    let name = args.out.display().to_string();
    // Machines refuse what this refuses.
    Target::read(&name, &text).map_err(|error| {
        Fail::new(Exit::Definition, error).hint("mend `[migrate]` in the definition (docs/definition.md)")
    })?;
    let mut signature = args.out.as_os_str().to_owned();
    signature.push(".asc");
    let signature = PathBuf::from(signature);
    replace(&args.out, text.as_bytes())?;
    replace(&signature, key.sign_detached(text.as_bytes(), now())?.as_bytes())?;
    let written = Written {
        files: [&args.out, &signature],
        channel: &channel,
        repositories: target.repositories.iter().map(|repository| repository.id.as_str()).collect(),
        key: key.fingerprint(),
    };
    let text = format!(
        "{name} and {}: {} as `{channel}` serves it; signed by {}\n\nnext: serve both, and on a machine \
         `heirloom-migrate plan --target {name} --key RPM-GPG-KEY-{}`",
        signature.display(),
        written.repositories.join(", "),
        written.key,
        target.id
    );
    Shown::new(&written, text)
}

/// A channel, as it is on disk.
struct Served<'a> {
    root: PathBuf,
    channel: &'a str,
}

impl Served<'_> {
    /// Architectures for which it has this repository.
    fn architectures(&self, repository: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(repository)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut found: Vec<_> = names
            .filter(|name| self.root.join(repository).join(name).join("os/repodata/repomd.xml").is_file())
            .collect();
        found.sort();
        found
    }
}

/// The target as definition and channel say it.
fn said(context: &Context, served: &Served<'_>, certificates: &str) -> Result<Target, Fail> {
    let Definition { distribution, publish, migrate, .. } = &context.definition;
    let id = distribution.id.get_ref();
    let urls = [&publish.url].into_iter().chain(&migrate.mirrors);
    let roots: Vec<_> = urls.map(|url| url.trim_end_matches('/').to_owned()).collect();
    let (mut repositories, mut architectures) = (Vec::new(), Vec::new());
    for repository in gather::repositories(context) {
        let found = served.architectures(repository.name);
        if found.is_empty() {
            continue;
        }
        if repository.enabled {
            architectures.extend(found);
        }
        let place = |root: &String| format!("{root}/{}/{}/$basearch/os", served.channel, repository.name);
        repositories.push(TargetRepository {
            // As in the file of `<id>-repos`.
            id: format!("{id}-{}", repository.name),
            name: format!("{} - {}", distribution.name, repository.name),
            baseurls: roots.iter().map(place).collect(),
            enabled: repository.enabled,
        });
    }
    architectures.sort();
    architectures.dedup();
    if architectures.is_empty() {
        return Err(Fail::new(
            Exit::Failed,
            format!("`{}` serves no repository that is enabled", served.channel),
        )
        .hint("set `enabled = true` for one in `[repositories]`, and compose"));
    }
    Ok(Target {
        format: FORMAT,
        id: id.clone(),
        name: distribution.name.clone(),
        version: distribution.version.clone(),
        architectures,
        platform: distribution.platform_id.clone(),
        certificates: certificates.to_owned(),
        roles: roles(id, migrate),
        repositories,
        swaps: migrate
            .swaps
            .iter()
            .map(|swap| Swap { from: swap.from.clone(), to: swap.to.clone(), reason: swap.reason.clone() })
            .collect(),
        packages: migrate
            .packages
            .iter()
            .map(|one| Declared {
                name: one.name.clone(),
                fate: if one.keep { Fate::Keep } else { Fate::Remove },
                reason: one.reason.clone(),
            })
            .collect(),
        modules: migrate
            .modules
            .iter()
            .map(|one| StreamMapping { name: one.name.clone(), from: one.from.clone(), to: one.to.clone() })
            .collect(),
        boot: migrate.boot.as_ref().map(|boot| TargetBoot {
            directory: boot.directory.clone(),
            label: boot.label.clone().unwrap_or_else(|| distribution.name.clone()),
            loaders: boot.loaders.clone(),
            certificates: boot.certificates.clone(),
        }),
    })
}

/// The packages that every distribution here has, and those that are declared.
fn roles(id: &str, settings: &MigrateSettings) -> BTreeMap<String, String> {
    let known = ["release", "repos", "gpg-keys"].map(|role| (role.to_owned(), format!("{id}-{role}")));
    known.into_iter().chain(settings.roles.clone()).collect()
}
