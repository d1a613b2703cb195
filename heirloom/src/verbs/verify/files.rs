//! Whether the files are what the list says, and whether there are others.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use heirloom_formats::tuf::Target;

use super::place::{Place, Seen};
use super::{Check, Finding, Subject};
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::flow::work;
use crate::ui::Progress;

pub(super) fn check(subject: &Subject<'_>) -> Result<Check, Fail> {
    let targets = subject.list;
    let mut chosen: Vec<(&str, &Target)> =
        targets.iter().map(|(path, target)| (path.as_str(), target)).collect();
    match (subject.args.sample, subject.place) {
        (Some(count), _) => sample(&mut chosen, count),
        (None, Place::Url(..)) if !subject.args.all => chosen.clear(),
        (None, _) => {}
    }
    // The largest first, so that no thread is left with one at the end.
    chosen.sort_by_key(|(_, target)| std::cmp::Reverse(target.length));
    let (began, read) = (Instant::now(), AtomicU64::new(0));
    let progress = Progress::new("verify", chosen.len());
    let seen = work::each(&chosen, processors(), |(path, target)| {
        let what = judge(subject.place, path, target, &read)?;
        progress.tick(path);
        Ok::<_, Fail>(what.map(|what| Finding::new(path, what)))
    });
    let mut findings: Vec<_> = seen?.into_iter().flatten().collect();
    let bytes = read.into_inner();
    let rate = bytes as f64 / began.elapsed().as_secs_f64().max(1e-6) / 1e6;
    progress.end(&format!("{} files read, {:.1} MB, {rate:.0} MB/s", chosen.len(), bytes as f64 / 1e6));
    let looked_at = format!("{} of {} files read", chosen.len(), targets.len());
    let failed = |error| Fail::new(Exit::Failed, format!("can't list {}: {error}", subject.args.place));
    if let Some(there) = subject.place.files().map_err(failed)? {
        let there: BTreeSet<String> = there.into_iter().collect();
        let unlisted = there.iter().filter(|path| subject.complete && !targets.contains_key(*path));
        findings.extend(unlisted.map(|path| {
            Finding::new(
                path,
                "is not in the list of files: nobody vouches for it; remove it, or copy the channel anew",
            )
        }));
        let read: BTreeSet<&str> = chosen.iter().map(|(path, _)| *path).collect();
        let absent = targets.keys().filter(|path| !there.contains(*path) && !read.contains(path.as_str()));
        findings.extend(absent.map(|path| Finding::new(path, MISSING)));
    }
    Ok(Check::new("files", looked_at, findings))
}

const MISSING: &str = "is missing: the mirror is not complete; copy it anew";

/// What is wrong with a file, if anything is.
fn judge(place: &Place, path: &str, target: &Target, read: &AtomicU64) -> Result<Option<String>, Fail> {
    let failed = |error| {
        Fail::new(Exit::Failed, format!("can't read {path}: {error}")).hint("try again, or another mirror")
    };
    Ok(match place.see(path, target).map_err(failed)? {
        Seen::Missing => Some(MISSING.to_owned()),
        Seen::Other => Some("is no plain file".to_owned()),
        Seen::Longer => Some(format!("has more than the {} bytes of the list: copy it anew", target.length)),
        Seen::Content(length, digest) => {
            read.fetch_add(length, Ordering::Relaxed);
            (digest != target.digest()).then(|| {
                format!(
                    "has {length} bytes with the SHA-256 {digest}, in the list {} with {}: copy it anew",
                    target.length,
                    target.digest()
                )
            })
        }
    })
}

/// Keeps so many, which nobody can foresee: else a mirror could have just these right.
fn sample(all: &mut Vec<(&str, &Target)>, count: usize) {
    let chance = RandomState::new();
    all.sort_by_cached_key(|(path, _)| chance.hash_one(path));
    all.truncate(count);
}
