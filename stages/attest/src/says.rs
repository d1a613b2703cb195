//! What packages say of themselves, as far as lists of parts tell it.

use heirloom_formats::rpm_file::{ChangelogEntry, Header, Value};
use heirloom_model::Evr;
use heirloom_model::advisory::CveId;
use heirloom_model::stream::StreamId;

/// RPMTAG_PATCH: names of a source package's patches.
const PATCH: u32 = 1019;

/// What a package says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// Its licence tag.
    pub licence: String,
    /// One line.
    pub summary: String,
    /// Where to read about it, or nothing.
    pub url: String,
    /// Its vendor tag, or nothing.
    pub vendor: String,
    /// The module that it is of.
    pub module: Option<StreamId>,
}

/// What a source package says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSays {
    /// As of any package.
    pub says: Says,
    /// File names of its patches.
    pub patches: Vec<String>,
    /// Vulnerabilities that the changelog's entries of this very version name, sorted.
    pub fixes: Vec<CveId>,
}

impl Says {
    /// What this header says.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let info = &header.info;
        Self {
            licence: info.license.clone(),
            summary: info.summary.clone(),
            url: info.url.clone(),
            vendor: info.vendor.clone(),
            module: StreamId::parse(&info.modularity_label),
        }
    }
}

impl SourceSays {
    /// What this header of a source package says.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let patches = match header.value(PATCH) {
            Some(Value::Texts(names)) => names,
            _ => Vec::new(),
        };
        Self { says: Says::of(header), patches, fixes: fixes(&header.changelog, header.nevra.evr()) }
    }
}

/// Vulnerabilities in the newest entries, as long as these are about this version.
fn fixes(changelog: &[ChangelogEntry], evr: &Evr) -> Vec<CveId> {
    let about = |(index, entry): &(usize, &ChangelogEntry)| match version(&entry.author) {
        Some(stated) => is_about(stated, evr),
        // By custom the newest entry is about what it is in.
        None => *index == 0,
    };
    let entries = changelog.iter().enumerate().take_while(about);
    let mut all: Vec<_> = entries.flat_map(|(_, entry)| CveId::all_in(&entry.text)).collect();
    all.sort();
    all.dedup();
    all
}

/// `1:2.3-4` in `Someone <s@example.org> - 1:2.3-4`.
fn version(author: &str) -> Option<&str> {
    let behind = author.rsplit_once('>').map_or(author, |(_, behind)| behind);
    let last = behind.split_whitespace().next_back()?;
    let text = last.trim_start_matches(['-', '[', '(']).trim_end_matches([']', ')']);
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

/// Whether a stated version is this one; changelogs leave the epoch out at times, and the dist tag nearly always.
fn is_about(stated: &str, evr: &Evr) -> bool {
    let stated = stated.split_once(':').map_or(stated, |(_, rest)| rest);
    let (version, release) = stated.rsplit_once('-').unwrap_or((stated, ""));
    let rest = evr.release().strip_prefix(release);
    version == evr.version()
        && rest.is_some_and(|rest| rest.is_empty() || release.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entries: &[(&str, &str)], evr: &str) -> Vec<String> {
        let entry = |(author, text): &(&str, &str)| ChangelogEntry {
            author: (*author).to_owned(),
            time: 0,
            text: (*text).to_owned(),
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        fixes(&entries, &evr.parse().unwrap()).iter().map(|cve| cve.as_str().to_owned()).collect()
    }

    #[test]
    fn only_what_is_about_this_version_counts() {
        let newest = ("A B <a@b.example> - 1.2-3", "- Fix CVE-2025-1000 and CVE-2025-0999");
        let older = ("A B <a@b.example> - 1.2-2", "- Fix CVE-2024-1111");
        let both = ["CVE-2025-0999", "CVE-2025-1000"];
        assert_eq!(found(&[newest, older], "1.2-3.el9"), both);
        assert_eq!(found(&[newest, older], "7:1.2-3.el9"), both);
        assert_eq!(found(&[("A <a@b.example> [1.2-3]", newest.1), older], "1.2-3.el9"), both);
        assert_eq!(found(&[("A <a@b.example> - 9:1.2-3", newest.1)], "9:1.2-3.el9"), both);
        assert_eq!(found(&[("A <a@b.example>", newest.1), ("A <a@b.example>", older.1)], "1.2-3.el9"), both);
        assert_eq!(found(&[("D <d@e.example> - 1.2-3", "- Debranded"), newest, older], "1.2-3.el9"), both);
        assert_eq!(found(&[newest], "1.2-30.el9"), Vec::<String>::new(), "another release");
        assert_eq!(found(&[newest], "1.3-3.el9"), Vec::<String>::new(), "another version");
    }
}
