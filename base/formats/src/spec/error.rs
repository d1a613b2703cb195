//! What stands in the way of an edit.

/// The spec file does not have what an edit is about, or has it in a way that leaves open what is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// There is no such thing. The text says what there is instead.
    #[error("{0}")]
    Absent(String),
    /// There are several such things, or one that can't be changed this way.
    #[error("{0}")]
    Unclear(String),
}
