//! What every part of Heirloom talks about: names, versions, digests, dependencies, findings and the
//! hand-over records that stages exchange.
//!
//! Types only. Nothing here reads a file, opens a socket, asks the clock or prints; it must not depend on
//! any other crate of the workspace. Start reading at [`record`]: the records, in the order of the flow,
//! are the shape of the whole program.

pub mod advisory;
pub mod allowance;
pub mod arch;
pub mod change;
pub mod dependency;
pub mod digest;
pub mod dist;
pub mod finding;
pub mod gate;
pub mod installed;
pub mod key_source;
pub mod lifecycle;
pub mod log;
pub mod nevra;
pub mod package;
pub mod provenance;
pub mod record;
pub mod recorded;
pub mod statement;
pub mod stream;
pub mod verdict;

pub use change::{Change, ChangeKind, ChangelogNews, PackageChanges};
pub use dependency::{Compare, Dependency};
pub use digest::Digest;
pub use dist::{DistMap, InvalidDistMap};
pub use finding::{Evidence, Finding, Normalisation, Severity};
pub use installed::{InstalledPackage, InstalledSystem};
pub use key_source::{InvalidKeySource, KeySource, Pkcs11Uri};
pub use nevra::{Evr, Nevra};
pub use package::{Package, PackageFile};
pub use recorded::{Deviation, Origin, RecordedBuildroot, RecordedFormat, RecordedPackage};
pub use verdict::Verdict;
