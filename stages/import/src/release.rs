//! The generated `<id>-release` source package: os-release, the repository file and the public key, so that
//! a system installed from the compose needs nothing else.

use heirloom_model::record::{Imported, SourceFile};
use heirloom_store::Store;

use crate::ImportError;

const SPEC: &str = include_str!("../templates/release.spec");
const OS_RELEASE: &str = include_str!("../templates/os-release");
const REPOSITORY: &str = include_str!("../templates/repository.repo");

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
    /// Names of the repositories.
    pub repositories: Vec<&'a str>,
    /// Armoured public key.
    pub public_key: &'a str,
}

/// Writes the source package into the store and records it.
///
/// # Errors
/// The store fails.
pub fn import(store: &Store, release: &Release<'_>) -> Result<Imported, ImportError> {
    let name = format!("{}-release", release.id);
    let spec = format!("{name}.spec");
    let repositories = release
        .repositories
        .iter()
        .map(|repository| release.fill(REPOSITORY).replace("@repository@", repository));
    let texts = [
        (format!("RPM-GPG-KEY-{}", release.id), release.public_key.to_owned()),
        (format!("{}.repo", release.id), repositories.collect::<Vec<_>>().join("\n")),
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
