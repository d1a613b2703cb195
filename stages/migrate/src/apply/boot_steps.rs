//! Steps of the boot plan, each once, with what earlier ones made.

use std::fs;

use super::{ApplyError, Site};
use crate::boot;
use crate::journal::Step;
use crate::layout::{Layout, write_whole};
use crate::plan::BootStep;

/// Does steps in order; numbers of UEFI entries that are made are kept, so that what was killed goes on.
///
/// # Errors
/// A step fails; those before it are done.
pub(super) fn run(site: &Site<'_>, layout: &Layout, of: Step, steps: &[BootStep]) -> Result<(), ApplyError> {
    let path = layout.at("boot-entries");
    let mut made: Vec<u16> =
        fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    for step in steps {
        let before = made.len();
        let done = boot::run(site.machine, step, &mut made);
        if made.len() != before {
            let bytes = serde_json::to_vec(&made).unwrap_or_default();
            write_whole(&path, &bytes).map_err(ApplyError::io("can't write", &path))?;
        }
        done.map_err(|error| ApplyError::Step { step: of, said: error.to_string(), rolled_back: false })?;
    }
    Ok(())
}

/// Does all steps, whatever fails; what failed, in a sentence each.
pub(super) fn run_all(site: &Site<'_>, layout: &Layout, of: Step, steps: &[BootStep]) -> Vec<String> {
    let one = |step: &BootStep| run(site, layout, of, std::slice::from_ref(step)).err();
    steps
        .iter()
        .filter_map(one)
        .map(|error| match error {
            ApplyError::Step { said, .. } => said,
            error => error.to_string(),
        })
        .collect()
}
