//! The generated `<id>-release` source package, from which come `<id>-release` (os-release), `<id>-repos` (the
//! repository file) and `<id>-gpg-keys` (the public key), so that a system installed from the compose needs nothing
//! else.

use heirloom_model::record::{Imported, SourceFile};
use heirloom_store::Store;

use crate::ImportError;

const SPEC: &str = include_str!("../templates/release.spec");
const OS_RELEASE: &str = include_str!("../templates/os-release");
const REPOSITORY: &str = include_str!("../templates/repository.repo");
const DEBUG: &str = include_str!("../templates/debug.repo");
const SOURCE: &str = include_str!("../templates/source.repo");

/// What the release package says.
pub struct Release<'a> {
    /// Short name, lower case.
    pub id: &'a str,
    /// Full name.
    pub name: &'a str,
    /// Version with minor.
    pub version: &'a str,
    /// Platform for module filtering.
    pub platform_id: &'a str,
    /// Where to read about it.
    pub home_url: &'a str,
    /// Where to report faults.
    pub bug_url: &'a str,
    /// Root URL of the published tree.
    pub base_url: &'a str,
    /// The repositories.
    pub repositories: Vec<Repository<'a>>,
    /// Armoured public key.
    pub public_key: &'a str,
}

/// A repository, as clients are told of it.
#[derive(Clone, Copy, Debug)]
pub struct Repository<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is used unless someone says otherwise.
    pub enabled: bool,
    /// Whether it has a twin with debugging data.
    pub debug: bool,
    /// Whether it has a twin with sources.
    pub source: bool,
}

/// Writes the source package into the store and records it.
///
/// # Errors
/// The store fails.
pub fn import(store: &Store, release: &Release<'_>) -> Result<Imported, ImportError> {
    let name = format!("{}-release", release.id);
    let spec = format!("{name}.spec");
    let texts = [
        (format!("RPM-GPG-KEY-{}", release.id), release.public_key.to_owned()),
        (format!("{}.repo", release.id), release.repository_file()),
        ("os-release".to_owned(), release.fill(OS_RELEASE)),
        (spec.clone(), release.fill(SPEC)),
    ];
    let mut files = Vec::new();
    for (name, text) in texts {
        let origin = "generated from the definition".to_owned();
        files.push(SourceFile { digest: store.put(text.as_bytes())?, size: text.len() as u64, name, origin });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let imported = Imported {
        name,
        spec,
        files,
        origin: "generated from the definition".to_owned(),
        own: true,
        nevra: None,
        published: None,
    };
    store.append(&imported)?;
    Ok(imported)
}

impl Release<'_> {
    /// The file for /etc/yum.repos.d: clients ask the channel once where its snapshot is (`mirrorlist`), and read all
    /// else there.
    #[must_use]
    pub fn repository_file(&self) -> String {
        let section = |repository: &Repository<'_>| {
            let twins = [(DEBUG, repository.debug), (SOURCE, repository.source)];
            let twins = twins.iter().filter(|(_, there)| *there).map(|(template, _)| *template);
            let template: String = [REPOSITORY].into_iter().chain(twins).collect();
            let enabled = if repository.enabled { "1" } else { "0" };
            self.fill(&template).replace("@repository@", repository.name).replace("@enabled@", enabled)
        };
        self.repositories.iter().map(section).collect::<Vec<_>>().join("\n")
    }

    fn fill(&self, template: &str) -> String {
        let major = self.version.split('.').next().unwrap_or(self.version);
        [
            ("@id@", self.id),
            ("@name@", self.name),
            ("@version@", self.version),
            ("@major@", major),
            ("@platform_id@", self.platform_id),
            ("@home_url@", self.home_url),
            ("@bug_url@", self.bug_url),
            ("@base_url@", self.base_url.trim_end_matches('/')),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    }
}
