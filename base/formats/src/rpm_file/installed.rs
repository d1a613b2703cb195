//! The header of an installed package, as databases of packages keep it: a tag store without its first eight bytes,
//! with the signatures among the other tags.

use std::io::Read as _;

use heirloom_model::stream::StreamId;
use heirloom_model::{Evr, InstalledPackage, Nevra};

use super::RpmProblem;
use super::signature::key_id;
use super::store::{Limits, Store};
use super::tag;

/// What a tag store begins with in a file: its magic, and four bytes for later.
pub(super) const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];
/// What the packages provide that say which distribution this is.
const RELEASE: &str = "system-release";

/// An installed package.
pub(crate) struct InstalledHeader {
    pub(crate) package: InstalledPackage,
    /// Whether it says which distribution this is.
    pub(crate) is_release: bool,
}

impl InstalledHeader {
    /// Reads the header of an installed package; none for a public key, which rpm keeps as a package.
    pub(crate) fn read(blob: &[u8]) -> Result<Option<Self>, RpmProblem> {
        let mut bytes = (&MAGIC[..]).chain(blob);
        let store = Store::read(&mut bytes, "header", Limits::HEADER)?;
        let text = |number, name| store.text(number)?.ok_or(RpmProblem::MissingTag(name));
        let name = text(tag::NAME, "NAME")?;
        if name == "gpg-pubkey" {
            return Ok(None);
        }
        let epoch = store.number(tag::EPOCH)?.unwrap_or(0);
        let evr = Evr::new(epoch, &text(tag::VERSION, "VERSION")?, &text(tag::RELEASE, "RELEASE")?)?;
        let mut package = InstalledPackage::new(&name, evr, Some(&text(tag::ARCH, "ARCH")?))?;
        package.source = store.text(tag::SOURCE_RPM)?.as_deref().and_then(source);
        package.module = store.text(tag::MODULARITY_LABEL)?.as_deref().and_then(StreamId::parse);
        package.vendor = store.text(tag::VENDOR)?.unwrap_or_default();
        let signatures = [tag::HEADER_SIG_PGP, tag::HEADER_SIG_GPG, tag::SIG_RSA, tag::SIG_DSA];
        package.key = signatures.iter().find_map(|number| key_id(store.raw(*number)?));
        let is_release = store.texts(tag::PROVIDE_NAME)?.iter().any(|name| name == RELEASE);
        Ok(Some(Self { package, is_release }))
    }
}

/// The source package of a file name such as `bash-5.1.8-9.el9.src.rpm`; none if it is no such name.
pub(crate) fn source(file: &str) -> Option<Nevra> {
    file.strip_suffix(".rpm")?.parse().ok()
}
