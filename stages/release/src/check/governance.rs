//! What views say of decisions: whether it is there, and about what is there.

use std::collections::BTreeSet;
use std::fs;

use super::{Check, Checked, Fault, FaultKind, Mend, Place};
use crate::governance::{GOVERNANCE, HISTORY, TREE};
use crate::{ReleaseError, Site, file};

/// Looks at a view's `governance/`, if it has one, and takes what is expected there out of what was found.
pub(super) fn check(
    site: &Site<'_>,
    how: &Check<'_>,
    place: &Place<'_>,
    found: &mut BTreeSet<String>,
    checked: &mut Checked,
) -> Result<(), ReleaseError> {
    let name = |file: &str| format!("{GOVERNANCE}/{file}");
    let there = [HISTORY, TREE].map(|file| found.remove(&name(file)));
    if there == [false, false] {
        return Ok(());
    }
    checked.files += 2;
    let list = site.approved(place.snapshot)?;
    let path = place.dir.join(name(TREE));
    let mut fault = |file: &str, what: &str, mend: Mend| {
        let (place, what) = (format!("{}/{}", place.name, name(file)), what.to_owned());
        checked.faults.push(Fault { kind: FaultKind::File, place, what, mend });
    };
    if fs::read_to_string(&path).ok().as_ref() != Some(&list) {
        let mend = match how.repair {
            false => Mend::Can("writes it".to_owned()),
            true => {
                file::replace(&path, |new| file::write(new, &list))?;
                Mend::Done("writes it".to_owned())
            }
        };
        fault(TREE, "is not the list of the snapshot's files that members approved", mend);
    }
    if !there[0] {
        fault(HISTORY, "is missing", Mend::Cannot("the next promotion writes it".to_owned()));
    }
    Ok(())
}
