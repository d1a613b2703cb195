//! Reads debugging data (DWARF 2 to 5, supplementary files of dwz included) and answers two questions
//! about a pair of files: are the types that can be reached from these exported symbols laid out alike,
//! and is the debugging data the same but for producer and compilation directory?
//!
//! It gives differences as data and weighs none of them. All bytes are untrusted: cycles, depths and sizes
//! are bounded, and what can't be read is an error, never a silent gap.
#![expect(missing_docs, reason = "placeholder while it is written")]
pub struct Debug<'a>(&'a [u8]);
pub struct Export<'a> { pub name: &'a str, pub reference: u64, pub rebuilt: u64 }
pub struct TypeDifference { pub breaks: bool, pub subject: String, pub expected: String, pub found: String, pub through: Vec<String> }
pub struct TypeReport { pub compared: usize, pub without_types: Vec<String>, pub differences: Vec<TypeDifference> }
pub struct Ignored { pub what: &'static str }
pub struct DebugSameness { pub same: bool, pub ignored: Vec<Ignored>, pub first_difference: Option<String> }
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DwarfError(pub String);
impl<'a> Debug<'a> {
    pub fn parse(elf: &'a [u8], _: Option<&'a [u8]>) -> Result<Self, DwarfError> { let _ = Self(elf).0; Err(DwarfError("unwritten".into())) }
}
pub fn compare_types(_: &Debug<'_>, _: &Debug<'_>, _: &[Export<'_>]) -> Result<TypeReport, DwarfError> { Err(DwarfError("unwritten".into())) }
pub fn same_debug(_: &Debug<'_>, _: &Debug<'_>) -> Result<DebugSameness, DwarfError> { Err(DwarfError("unwritten".into())) }
