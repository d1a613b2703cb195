//! What a plan is made for: the installed packages, by their signed headers.

use heirloom_formats::rpmdb::Row;
use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use super::database;
use super::look::Look;
use crate::machine::Machine;

/// [`DatabaseFacts::state`](crate::facts::DatabaseFacts::state) of this moment, without looking at anything else: it takes a second, not the time of an assessment.
///
/// # Errors
/// The database can't be read: a sentence.
pub fn state(machine: &Machine) -> Result<String, String> {
    let mut digests = Vec::new();
    let facts = database::read(&mut Look::new(machine), |row| {
        if let Row::Package(record) = row {
            digests.push((record.nevra.to_string(), record.digest));
        }
    });
    match facts.faults.first() {
        Some(fault) if digests.is_empty() => Err(fault.clone()),
        _ => Ok(of(digests)),
    }
}

/// SHA-256 over packages and digests of their headers, whatever their order; empty if there are none.
pub(super) fn of(mut digests: Vec<(String, Digest)>) -> String {
    if digests.is_empty() {
        return String::new();
    }
    digests.sort();
    let mut state = Hasher::default();
    digests.iter().for_each(|(nevra, digest)| state.update(format!("{nevra} {digest}\n").as_bytes()));
    state.finish().to_string()
}
