//! What signs documents: at once, or first noting which they are, for members to approve.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use heirloom_govern::ToSign;
use heirloom_model::Digest;
use heirloom_sign::SecretKey;

use crate::fail::Fail;

/// A key, and whether it signs or notes.
pub(crate) struct Hand<'a> {
    pub(crate) key: &'a SecretKey,
    noted: Option<Mutex<BTreeMap<String, (Digest, u64)>>>,
}

impl<'a> Hand<'a> {
    /// It signs.
    pub(crate) fn signing(key: &'a SecretKey) -> Self {
        Self { key, noted: None }
    }

    /// It notes what it would sign, and signs nothing.
    pub(crate) fn noting(key: &'a SecretKey) -> Self {
        Self { key, noted: Some(Mutex::default()) }
    }

    /// The signature of the document at this path, as of a time in seconds since 1970; empty if it is only noted.
    pub(crate) fn sign(&self, path: &str, data: &[u8], time: u64) -> Result<String, Fail> {
        match &self.noted {
            None => Ok(self.key.sign_detached(data, time)?),
            Some(noted) => {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.insert(path.to_owned(), (Digest::of(data), time));
                Ok(String::new())
            }
        }
    }

    /// All that was noted, sorted.
    pub(crate) fn noted(self) -> Vec<ToSign> {
        let noted = self.noted.map(|noted| noted.into_inner().unwrap_or_else(PoisonError::into_inner));
        let all = noted.unwrap_or_default().into_iter();
        all.map(|(path, (digest, time))| ToSign { path, digest, time }).collect()
    }
}
