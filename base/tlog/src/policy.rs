//! Whose checkpoints are believed.

use signed_note::{Verifier, VerifierList};

use crate::Vkey;

/// A checkpoint counts if this log signed it, and at least so many of these witnesses cosigned it.
#[derive(Clone, Debug)]
pub struct Policy {
    log: Vkey,
    witnesses: Vec<Vkey>,
    needed: usize,
}

/// No checkpoint could ever fulfil it, or one witness would count twice.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// More than there are.
    #[error("{needed} witnesses are needed, and only {known} are named")]
    TooMany {
        /// How many are needed.
        needed: usize,
        /// How many are named.
        known: usize,
    },
    /// The same key twice, perhaps under two names; or the log as its own witness.
    #[error("`{0}` and `{1}` have the same key: who signs the log, and each witness, needs one of its own")]
    Twice(String, String),
}

impl Policy {
    /// The policy of these keys.
    ///
    /// # Errors
    /// More witnesses are needed than there are, or a key occurs twice.
    pub fn new(log: Vkey, witnesses: Vec<Vkey>, needed: usize) -> Result<Self, PolicyError> {
        if needed > witnesses.len() {
            return Err(PolicyError::TooMany { needed, known: witnesses.len() });
        }
        let keys: Vec<_> = std::iter::once(&log).chain(&witnesses).collect();
        for (place, key) in keys.iter().enumerate() {
            if let Some(other) = keys[..place].iter().find(|other| other.is_same_key(key)) {
                return Err(PolicyError::Twice(other.name().to_owned(), key.name().to_owned()));
            }
        }
        Ok(Self { log, witnesses, needed })
    }

    /// The policy that asks for no witnesses, and knows none.
    #[must_use]
    pub fn of_log(log: Vkey) -> Self {
        Self { log, witnesses: Vec::new(), needed: 0 }
    }

    /// The log's key.
    #[must_use]
    pub fn log(&self) -> &Vkey {
        &self.log
    }

    /// The keys of witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[Vkey] {
        &self.witnesses
    }

    /// How many of them are needed.
    #[must_use]
    pub fn needed(&self) -> usize {
        self.needed
    }

    pub(crate) fn verifiers(&self) -> VerifierList {
        let keys = std::iter::once(&self.log).chain(&self.witnesses);
        VerifierList::new(keys.map(|key| Box::new(key.clone()) as Box<dyn Verifier>).collect())
    }
}
