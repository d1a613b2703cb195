//! The tags that hold one value, and the changelog.

use super::RpmProblem;
use super::store::Store;
use super::tag;

/// One value each; a text that the header does not have is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in a spec file, and as rpm's query tags")]
pub struct Info {
    pub summary: String,
    pub description: String,
    pub license: String,
    pub group: String,
    pub url: String,
    pub bug_url: String,
    pub vcs: String,
    pub vendor: String,
    pub packager: String,
    pub distribution: String,
    pub modularity_label: String,
    pub build_host: String,
    /// Seconds since 1970.
    pub build_time: u64,
    pub rpm_version: String,
    pub platform: String,
    pub optflags: String,
    pub cookie: String,
    /// File name of the source package; empty for a source package.
    pub source_rpm: String,
    pub payload_format: String,
    pub payload_compressor: String,
    pub payload_flags: String,
    /// SHA-256 of the compressed payload, in hexadecimal digits.
    pub payload_digest: String,
    /// Bytes of all files together.
    pub installed_size: u64,
    /// Bytes of the decompressed payload.
    pub archive_size: u64,
    /// As in OpenPGP: 1 is MD5, 8 is SHA-256.
    pub file_digest_algorithm: u32,
}

/// One changelog entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangelogEntry {
    /// Name, address and, by custom, version.
    pub author: String,
    /// Seconds since 1970.
    pub time: u64,
    /// The lines.
    pub text: String,
}

impl Info {
    pub(super) fn parse(main: &Store, signature: &Store) -> Result<Self, RpmProblem> {
        let text = |tag| main.text(tag).map(Option::unwrap_or_default);
        let first = |candidates: [(&Store, u32); 4]| -> Result<u64, RpmProblem> {
            for (store, tag) in candidates {
                if let Some(number) = store.number(tag)? {
                    return Ok(number);
                }
            }
            Ok(0)
        };
        Ok(Self {
            summary: text(tag::SUMMARY)?,
            description: text(tag::DESCRIPTION)?,
            license: text(tag::LICENSE)?,
            group: text(tag::GROUP)?,
            url: text(tag::URL)?,
            bug_url: text(tag::BUG_URL)?,
            vcs: text(tag::VCS)?,
            vendor: text(tag::VENDOR)?,
            packager: text(tag::PACKAGER)?,
            distribution: text(tag::DISTRIBUTION)?,
            modularity_label: text(tag::MODULARITY_LABEL)?,
            build_host: text(tag::BUILD_HOST)?,
            build_time: main.number(tag::BUILD_TIME)?.unwrap_or(0),
            rpm_version: text(tag::RPM_VERSION)?,
            platform: text(tag::PLATFORM)?,
            optflags: text(tag::OPT_FLAGS)?,
            cookie: text(tag::COOKIE)?,
            source_rpm: text(tag::SOURCE_RPM)?,
            payload_format: text(tag::PAYLOAD_FORMAT)?,
            payload_compressor: text(tag::PAYLOAD_COMPRESSOR)?,
            payload_flags: text(tag::PAYLOAD_FLAGS)?,
            payload_digest: text(tag::PAYLOAD_SHA256)?,
            installed_size: main.number(tag::SIZE)?.or(main.number(tag::LONG_SIZE)?).unwrap_or(0),
            archive_size: first([
                (main, tag::ARCHIVE_SIZE),
                (main, tag::LONG_ARCHIVE_SIZE),
                (signature, tag::SIG_PAYLOAD_SIZE),
                (signature, tag::LONG_ARCHIVE_SIZE),
            ])?,
            file_digest_algorithm: main.number(tag::FILE_DIGEST_ALGO)?.unwrap_or(1),
        })
    }
}

pub(super) fn changelog(main: &Store) -> Result<Vec<ChangelogEntry>, RpmProblem> {
    let times: Vec<u64> = main.numbers(tag::CHANGELOG_TIME)?;
    let authors = main.texts(tag::CHANGELOG_NAME)?;
    let texts = main.texts(tag::CHANGELOG_TEXT)?;
    for (tag, found) in [(tag::CHANGELOG_NAME, authors.len()), (tag::CHANGELOG_TEXT, texts.len())] {
        if found != times.len() {
            return Err(RpmProblem::Count { tag, expected: times.len(), found });
        }
    }
    let entries = times.into_iter().zip(authors).zip(texts);
    Ok(entries.map(|((time, author), text)| ChangelogEntry { author, time, text }).collect())
}
