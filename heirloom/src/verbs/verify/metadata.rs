//! Whether the metadata is believed: TUF's client workflow.

use std::path::Path;

use heirloom_formats::tuf::{self, Body as _, DIR, Root, Trusted, TufError, Verified};
use jiff::Timestamp;

use super::place::Place;
use super::{Check, Finding};
use crate::context::bytes;
use crate::fail::{Exit, Fail, chain};

/// The check, what is to be remembered of it, and what is believed.
pub(super) fn check(
    file: &Path,
    place: &Place,
    seen: &mut Trusted,
    time: Timestamp,
) -> Result<(Check, Option<Verified>), Fail> {
    let root = bytes(file, Root::LARGEST)?;
    let fetch = |name: &str, most: u64| place.read(&format!("{DIR}/{name}"), most);
    match tuf::verify(&root, seen, Some(time), &fetch) {
        Ok(verified) => {
            let check = Check::new("metadata", told(&verified), Vec::new());
            Ok((check, Some(verified)))
        }
        Err(error @ TufError::NoRoot { .. }) => {
            Err(Fail::new(Exit::Failed, format!("{}: {}", file.display(), chain(&error))))
        }
        Err(error @ TufError::Unreadable { .. }) => Err(Fail::new(Exit::Failed, chain(&error))
            .hint("nothing was found out: try again, or another mirror")),
        Err(error) => {
            let finding = Finding::new(DIR, chain(&error));
            let what = "root, timestamp, snapshot and list of files".to_owned();
            Ok((Check::new("metadata", what, vec![finding]), None))
        }
    }
}

fn told(verified: &Verified) -> String {
    let Verified { root, timestamp, snapshot, targets, .. } = verified;
    format!(
        "root {}, timestamp {} (until {}), snapshot {}, {} files in list {}",
        root.version,
        timestamp.version,
        timestamp.expires,
        snapshot.version,
        targets.body.targets.len(),
        targets.version
    )
}
