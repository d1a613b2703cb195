//! Objects of the store against their names, and from where they can be had again.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use heirloom_model::record::Snapshot;
use heirloom_store::{State, StoreError};

use super::{Check, Checked, Fault, FaultKind, Mend};
use crate::{ReleaseError, Site, file, parallel};

/// What is wrong with objects.
pub(super) type Bad = BTreeMap<Digest, String>;

/// Reads the objects that are there.
pub(super) fn look(site: &Site<'_>, how: &Check<'_>, checked: &mut Checked) -> Result<Bad, ReleaseError> {
    let all = site.store.objects()?;
    checked.objects = all.len();
    let states = parallel::look(&all, how.jobs, |(digest, _)| (*digest, state(site, how, *digest)));
    let bad = |(digest, state): (Digest, Result<State, StoreError>)| match state {
        Ok(State::Whole | State::Missing) => None,
        Ok(State::Damaged { found, .. }) => {
            Some((digest, format!("is damaged: its content has the digest {found}")))
        }
        Err(error) => Some((digest, format!("can't be read: {error}"))),
    };
    Ok(states.into_iter().filter_map(bad).collect())
}

fn state(site: &Site<'_>, how: &Check<'_>, digest: Digest) -> Result<State, StoreError> {
    if !how.full {
        return site.store.look(digest);
    }
    match site.store.verify(digest) {
        Ok(_) => Ok(State::Whole),
        Err(StoreError::Damaged { path, found }) => Ok(State::Damaged { path, found }),
        Err(error) => Err(error),
    }
}

/// Adds what is needed and missing, tells of it, and brings back what a tree still has.
pub(super) fn restore(
    site: &Site<'_>,
    how: &Check<'_>,
    snapshots: &[Snapshot],
    bad: &mut Bad,
    checked: &mut Checked,
) -> Result<(), ReleaseError> {
    let mut needs = site.needs(snapshots);
    needs.extend(how.needs.clone());
    for digest in needs.keys().filter(|digest| !site.store.contains(**digest)) {
        bad.insert(*digest, "is missing".to_owned());
    }
    if bad.is_empty() {
        return Ok(());
    }
    let copies = copies(site, snapshots, bad)?;
    for (digest, wrong) in std::mem::take(bad) {
        let need = needs.get(&digest);
        let mend = match (copies.get(&digest), need) {
            (Some(copy), _) if how.repair => {
                bring_back(site, digest, copy)?;
                Mend::Done(format!("brought back from {}", copy.display()))
            }
            (Some(copy), _) => Mend::Can(format!("brings it back from {}", copy.display())),
            (None, Some(need)) => {
                // A damaged one would keep a good one from being put in its place.
                if how.repair && site.store.contains(digest) {
                    site.store.remove(digest)?;
                }
                Mend::Cannot(need.remedy.clone())
            }
            (None, None) if how.repair => {
                site.store.remove(digest)?;
                Mend::Done("thrown away: nothing needs it".to_owned())
            }
            (None, None) => Mend::Can("throws it away: nothing needs it".to_owned()),
        };
        if !matches!(mend, Mend::Done(_)) {
            bad.insert(digest, wrong.clone());
        }
        let by = need.map(|need| format!("; {} needs it", need.by)).unwrap_or_default();
        let what = format!("{wrong}{by}");
        checked.faults.push(Fault { kind: FaultKind::Object, place: format!("object {digest}"), what, mend });
    }
    Ok(())
}

/// Files of trees that have the bytes of bad objects.
fn copies(
    site: &Site<'_>,
    snapshots: &[Snapshot],
    bad: &Bad,
) -> Result<BTreeMap<Digest, PathBuf>, ReleaseError> {
    let mut copies = BTreeMap::new();
    for snapshot in snapshots {
        let mut dirs = vec![site.vault().join(&snapshot.name)];
        for (channel, _) in site.channels()? {
            let views = site.generations(&channel)?.into_iter();
            dirs.extend(views.map(|view| site.view(&channel, view)));
        }
        for file in site.tree(snapshot).unwrap_or_default().files {
            if !bad.contains_key(&file.digest) || copies.contains_key(&file.digest) {
                continue;
            }
            let mut paths = dirs.iter().map(|dir| dir.join(&file.path));
            if let Some(path) = paths.find(|path| digest_of(path).ok() == Some(file.digest)) {
                copies.insert(file.digest, path);
            }
        }
    }
    Ok(copies)
}

/// Links a file that was just read and found right.
fn bring_back(site: &Site<'_>, digest: Digest, copy: &Path) -> Result<(), ReleaseError> {
    if site.store.contains(digest) {
        site.store.remove(digest)?;
    }
    let object = site.store.path(digest);
    object.parent().map_or(Ok(()), file::make_dir)?;
    let failed = |source| ReleaseError::io("write", &object, source);
    file::link(copy, &object).map_err(failed)?;
    std::fs::set_permissions(&object, Permissions::from_mode(0o444)).map_err(failed)
}

/// The digest of a plain file's bytes.
pub(super) fn digest_of(path: &Path) -> io::Result<Digest> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut hasher = Hasher::default();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}
