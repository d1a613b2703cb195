//! The metadata of views: whether clients would believe it, and whether it names what is there.

use std::collections::BTreeSet;
use std::fs;

use heirloom_formats::tuf::{DIR, Role, Verified};

use super::{Check, Checked, Fault, FaultKind, Mend, Place};
use crate::Site;
use crate::channel::generation;
use crate::tuf::{at, verify_dir, wrong_root};

/// Looks at a view's `tuf/`, and takes what is expected there out of what was found.
pub(super) fn check(
    site: &Site<'_>,
    how: &Check<'_>,
    place: &Place<'_>,
    found: &mut BTreeSet<String>,
    checked: &mut Checked,
) {
    let Some(channel) = &place.channel else { return };
    let current =
        generation(&site.root, channel).map(|generation| format!("channels/{channel}/{generation}"));
    let is_served = current.as_ref() == Some(&place.name);
    let there: Vec<String> = found.iter().filter(|path| path.starts_with("tuf/")).cloned().collect();
    // A view that was made before there was a definition of it needs none any more.
    if there.is_empty() && !(is_served && site.tuf.is_some()) {
        return;
    }
    let dir = place.dir.join(DIR);
    let first = site.tuf.as_ref().and_then(|tuf| tuf.roots.first().cloned());
    let first = first.or_else(|| fs::read(dir.join(Role::Root.file(1))).ok()).unwrap_or_default();
    let wrong = match verify_dir(&first, &dir, is_served.then(|| at(how.now))) {
        Ok(verified) => {
            let allowed = allowed(&verified);
            found.retain(|path| path.strip_prefix("tuf/").is_none_or(|name| !allowed(name)));
            checked.files += there.len();
            differs(site, place, &verified)
        }
        Err(error) => {
            found.retain(|path| path.strip_prefix("tuf/").is_none_or(|name| !is_metadata(name)));
            Some(error.to_string())
        }
    };
    if let Some(what) = wrong {
        let mend = match is_served {
            true => Mend::Cannot(format!("`heirloom tuf refresh {channel}` makes it anew")),
            false => Mend::Cannot(
                "no channel serves it: `heirloom clean` removes it when its time is over".to_owned(),
            ),
        };
        checked.faults.push(Fault {
            kind: FaultKind::File,
            place: format!("{}/{DIR}", place.name),
            what,
            mend,
        });
    }
}

/// What may be there: what was read, the copy of the newest root, and snapshots that were renewed.
fn allowed(verified: &Verified) -> impl Fn(&str) -> bool {
    let read: BTreeSet<_> = verified.files.iter().cloned().collect();
    let newest = verified.snapshot.version;
    move |name| {
        let earlier = name.strip_suffix(".snapshot.json").and_then(|version| version.parse::<u64>().ok());
        read.contains(name)
            || matches!(name, "1.root.json" | "root.json")
            || earlier.is_some_and(|version| version < newest)
    }
}

fn is_metadata(name: &str) -> bool {
    let versioned = name.split_once('.').is_some_and(|(version, rest)| {
        version.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(rest, "root.json" | "targets.json" | "snapshot.json")
    });
    versioned || matches!(name, "root.json" | "timestamp.json")
}

/// Where it names other files than the snapshot has.
fn differs(site: &Site<'_>, place: &Place<'_>, verified: &Verified) -> Option<String> {
    let roots = site.tuf.as_ref().map_or(&[][..], |tuf| &tuf.roots);
    if let Some(wrong) = wrong_root(roots, &place.dir.join(DIR), verified.root.version) {
        return Some(wrong);
    }
    let targets = &verified.targets.body.targets;
    let mut files = place.tree.files.iter();
    let other = files.find(|file| {
        targets.get(&file.path).is_none_or(|target| target.digest() != file.digest || target.is_superseded())
    });
    other.map(|file| format!("does not name `{}` as the snapshot has it", file.path))
}
