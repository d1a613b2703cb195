//! What is attested of a build: its provenance, and the list of its parts (SBOM).
//!
//! Pure: it is handed records and what packages say of themselves, and answers with a statement or a list. What is not in
//! a record is not said: no time, no origin and no licence is guessed. It reads no store, signs nothing and asks no clock;
//! the bytes are the formats' business.
//!
//! Start reading at [`provenance`]; [`bill_of_build`] and [`bill_of_release`] make lists of parts.

mod bill;
mod provenance;
mod says;

pub use bill::{BuildParts, Foreign, Present, bill_of_build, bill_of_release};
pub use provenance::{Facts, SignedPackage, SourceOf, Times, Unknown, provenance, source_digest};
pub use says::{Says, SourceSays};
