//! All that the header of an installed package says of it: where it came from, what it has, and how its files should be.

use std::io::{self, Read};

use heirloom_model::digest::Hasher;
use heirloom_model::{Digest, Evr, Nevra};

use super::dependency::{self, DependencyKind, Relation};
use super::file::{self, FileEntry};
use super::installed::MAGIC;
use super::signature::key_id;
use super::store::{Limits, Store};
use super::{RpmProblem, tag};
use crate::checksum::hex;

/// An installed package, as its row of the database has it.
#[derive(Clone, Debug)]
pub struct InstalledRecord {
    /// Identity.
    pub nevra: Nevra,
    /// RPMTAG_VENDOR; empty if it has none.
    pub vendor: String,
    /// Id of the key that signed it, 16 lower-case hexadecimal digits. Not verified.
    pub key: Option<String>,
    /// RPMTAG_SOURCERPM, a file name; empty if it has none.
    pub source: String,
    /// RPMTAG_MODULARITYLABEL; empty if it belongs to no module.
    pub module: String,
    /// RPMTAG_INSTALLTIME, in seconds since 1970; 0 if it has none.
    pub installed: u64,
    /// What its header says of the package as it was built: the same wherever and whenever it is installed.
    pub digest: Digest,
    /// RPMTAG_PROVIDENAME with flags and versions.
    pub provides: Vec<Relation>,
    /// RPMTAG_REQUIRENAME.
    pub requires: Vec<Relation>,
    /// RPMTAG_CONFLICTNAME.
    pub conflicts: Vec<Relation>,
    /// RPMTAG_OBSOLETENAME.
    pub obsoletes: Vec<Relation>,
    /// Its files.
    pub files: Vec<FileEntry>,
    /// What became of each file when it was installed; empty if the database does not say.
    pub states: Vec<FileState>,
    /// Algorithm of the files' digests as in OpenPGP: 1 is MD5, 8 is SHA-256.
    pub file_digest_algorithm: u32,
}

/// What became of a file when its package was installed (RPMTAG_FILESTATES).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is there.
    Normal,
    /// Another package's file took its place.
    Replaced,
    /// It was left out: documentation, a language.
    NotInstalled,
    /// It is on a file system that is shared.
    NetShared,
    /// The file of the other word size is there.
    WrongColor,
}

/// A public key, which rpm keeps as a package `gpg-pubkey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its package: `gpg-pubkey-8483c65d-5ccc5b19`; the version is the end of the key's id.
    pub package: String,
    /// Its user id.
    pub owner: String,
}

/// What a row holds: a package or a key.
pub(crate) enum Installed {
    Package(Box<InstalledRecord>),
    Key(PublicKey),
}

/// Tags that are written when a package is installed, or when it is signed: they say nothing of the package as it was built.
const ADDED: [u32; 12] = [61, 62, 63, 1008, 1029, 1099, 1119, 1120, 1121, 1127, 1128, 1195];
/// Tags of the signature, where an installed header has them.
const SIGNATURE: std::ops::RangeInclusive<u32> = 256..=299;

pub(crate) fn read_installed(blob: &[u8]) -> Result<Installed, RpmProblem> {
    let store = Store::read(&mut (&MAGIC[..]).chain(blob), "header", Limits::HEADER)?;
    let text = |number, name| store.text(number)?.ok_or(RpmProblem::MissingTag(name));
    let optional = |number| store.text(number).map(Option::unwrap_or_default);
    let name = text(tag::NAME, "NAME")?;
    let (version, release) = (text(tag::VERSION, "VERSION")?, text(tag::RELEASE, "RELEASE")?);
    if name == "gpg-pubkey" {
        let owner = owner(&optional(tag::PACKAGER)?, &optional(tag::SUMMARY)?);
        return Ok(Installed::Key(PublicKey { package: format!("{name}-{version}-{release}"), owner }));
    }
    let evr = Evr::new(store.number(tag::EPOCH)?.unwrap_or(0), &version, &release)?;
    let relations = |kind: DependencyKind| dependency::list(&store, kind.tags());
    let signatures = [tag::HEADER_SIG_PGP, tag::HEADER_SIG_GPG, tag::SIG_RSA, tag::SIG_DSA];
    let files = file::files(&store)?;
    let states = states(&store, files.len())?;
    Ok(Installed::Package(Box::new(InstalledRecord {
        nevra: Nevra::new(&name, evr, &text(tag::ARCH, "ARCH")?)?,
        vendor: optional(tag::VENDOR)?,
        key: signatures.iter().find_map(|number| key_id(store.raw(*number)?)),
        source: optional(tag::SOURCE_RPM)?,
        module: optional(tag::MODULARITY_LABEL)?,
        installed: store.number(tag::INSTALL_TIME)?.unwrap_or(0),
        digest: digest(&store)?,
        provides: relations(DependencyKind::Provides)?,
        requires: relations(DependencyKind::Requires)?,
        conflicts: relations(DependencyKind::Conflicts)?,
        obsoletes: relations(DependencyKind::Obsoletes)?,
        files,
        states,
        file_digest_algorithm: store.number(tag::FILE_DIGEST_ALGO)?.unwrap_or(1),
    })))
}

/// The user id; rpm before 4.14 has it in the summary, as `gpg(…)`.
fn owner(packager: &str, summary: &str) -> String {
    let summary = summary.strip_suffix(" public key").unwrap_or(summary);
    let summary = summary.strip_prefix("gpg(").and_then(|text| text.strip_suffix(')')).unwrap_or(summary);
    if packager.is_empty() { summary.to_owned() } else { packager.to_owned() }
}

fn states(store: &Store, expected: usize) -> Result<Vec<FileState>, RpmProblem> {
    let numbers: Vec<u8> = store.numbers(tag::FILE_STATES)?;
    if !numbers.is_empty() && numbers.len() != expected {
        return Err(RpmProblem::Count { tag: tag::FILE_STATES, expected, found: numbers.len() });
    }
    let state = |number| match number {
        1 => FileState::Replaced,
        2 => FileState::NotInstalled,
        3 => FileState::NetShared,
        4 => FileState::WrongColor,
        _ => FileState::Normal,
    };
    Ok(numbers.into_iter().map(state).collect())
}

/// RPMTAG_SHA256HEADER; packages that were built before it was are digested tag by tag.
fn digest(store: &Store) -> Result<Digest, RpmProblem> {
    if let Some(digest) = store.text(tag::HEADER_SHA256)?.and_then(|text| text.parse().ok()) {
        return Ok(digest);
    }
    let mut tags: Vec<u32> =
        store.tags().filter(|tag| !ADDED.contains(tag) && !SIGNATURE.contains(tag)).collect();
    tags.sort_unstable();
    tags.dedup();
    let mut hasher = Hasher::default();
    for tag in tags {
        let bytes = store.raw(tag).unwrap_or_default();
        hasher.update(&tag.to_be_bytes());
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    Ok(hasher.finish())
}

/// The digest of a file's content in the algorithm that a header names by OpenPGP's number (RFC 9580, 9.5), in lower-case
/// hexadecimal digits; none if the algorithm is not one that packages use: MD5 (1), SHA-1 (2), SHA-256 (8), SHA-384 (9), SHA-512 (10).
///
/// # Errors
/// It can't be read.
pub fn file_digest(algorithm: u32, mut content: impl Read) -> io::Result<Option<String>> {
    fn all<D: sha2::Digest>(content: &mut impl Read) -> io::Result<Option<String>> {
        let mut digest = D::new();
        let mut block = vec![0; 64 << 10];
        loop {
            match content.read(&mut block) {
                Ok(0) => return Ok(Some(hex(&digest.finalize()))),
                Ok(size) => digest.update(&block[..size]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    match algorithm {
        1 => all::<md5::Md5>(&mut content),
        2 => all::<sha1::Sha1>(&mut content),
        8 => all::<sha2::Sha256>(&mut content),
        9 => all::<sha2::Sha384>(&mut content),
        10 => all::<sha2::Sha512>(&mut content),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_of_keys_are_found_in_old_and_new_databases() {
        for (packager, summary, expected) in [
            ("CentOS <a@b>", "CentOS <a@b> public key", "CentOS <a@b>"),
            ("", "gpg(CentOS-7 Key (CentOS 7) <a@b>)", "CentOS-7 Key (CentOS 7) <a@b>"),
            ("", "gpg(a", "gpg(a"),
            ("", "", ""),
        ] {
            assert_eq!(owner(packager, summary), expected);
        }
    }

    /// The digests of nothing, as md5sum and its relatives say.
    #[test]
    fn digests_go_by_openpgp_s_numbers() {
        let begins = |algorithm| file_digest(algorithm, &b""[..]).unwrap().map(|text| text[..8].to_owned());
        for (algorithm, expected) in
            [(1, "d41d8cd9"), (2, "da39a3ee"), (8, "e3b0c442"), (9, "38b060a7"), (10, "cf83e135")]
        {
            assert_eq!(begins(algorithm).as_deref(), Some(expected), "{algorithm}");
        }
        assert_eq!(begins(3), None);
    }
}
