//! OVAL 5.11, the Open Vulnerability and Assessment Language: <https://oval.mitre.org/language/version5.11/>.
//!
//! A document has many definitions, each of an advisory: it is true of a machine that has one of the packages in an
//! earlier version. A document is of one major version, which it asks for in /usr/lib/os-release.

mod read;
mod write;

pub use read::read;
pub use write::write;

/// Largest document that is read, decompressed. Vendors' have some hundred MB.
pub(super) const LARGEST: u64 = 1 << 30;
/// Tests, objects and states that a document may have, each.
const MOST: usize = 4_000_000;
