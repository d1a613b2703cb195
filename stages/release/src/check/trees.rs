//! Files of snapshots and views against their lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use heirloom_model::Digest;
use heirloom_model::record::{Snapshot, Tree, TreeFile};

use super::objects::{Bad, digest_of};
use super::{Check, Checked, Fault, FaultKind, Mend, Place};
use crate::name::MIRRORLIST;
use crate::{ReleaseError, Site, file, tree};

/// The lists of the snapshots' files, by snapshot.
pub(super) fn read(site: &Site<'_>, snapshots: &[Snapshot], checked: &mut Checked) -> BTreeMap<String, Tree> {
    let mut trees = BTreeMap::new();
    for snapshot in snapshots {
        match site.tree(snapshot) {
            Ok(tree) => {
                trees.insert(snapshot.name.clone(), tree);
            }
            Err(error) => checked.faults.push(Fault {
                kind: FaultKind::Snapshot,
                place: format!("vault/{}", snapshot.name),
                what: format!("can't be checked: {error}"),
                mend: Mend::Cannot("compose again: the same input gives the same list".to_owned()),
            }),
        }
    }
    trees
}

/// All snapshots, and all views whose snapshot is known.
pub(super) fn places<'a>(
    site: &Site<'_>,
    snapshots: &'a [Snapshot],
    trees: &'a BTreeMap<String, Tree>,
) -> Result<Vec<Place<'a>>, ReleaseError> {
    let find = |name: &str| {
        let snapshot = snapshots.iter().find(|snapshot| snapshot.name == name)?;
        Some((snapshot, trees.get(name)?))
    };
    let mut places = Vec::new();
    for (snapshot, tree) in snapshots.iter().filter_map(|snapshot| find(&snapshot.name)) {
        let name = format!("vault/{}", snapshot.name);
        let dir = site.root.join(&name);
        let (earlier, allowed) = (BTreeMap::new(), BTreeMap::new());
        places.push(Place { name, dir, snapshot, channel: None, tree, earlier, allowed });
    }
    for channel in file::names(&site.root.join(crate::name::CHANNELS))? {
        let history = site.history(&channel)?;
        let there = site.generations(&channel)?;
        let mut allowed = BTreeMap::new();
        for record in &history {
            let Some((snapshot, tree)) = find(&record.snapshot) else { continue };
            if there.contains(&record.generation) {
                let earlier = site.earlier(record, snapshot).unwrap_or_default().into_iter();
                let name = format!("channels/{channel}/{}", record.generation);
                places.push(Place {
                    dir: site.root.join(&name),
                    name,
                    snapshot,
                    channel: Some(channel.clone()),
                    tree,
                    earlier: earlier.map(|file| (file.path.clone(), file)).collect(),
                    allowed: allowed.clone(),
                });
            }
            allowed.extend(tree.files.iter().map(|file| (file.path.clone(), file.digest)));
        }
    }
    Ok(places)
}

/// Compares what is on disk with the list.
pub(super) fn check(
    site: &Site<'_>,
    how: &Check<'_>,
    place: &Place<'_>,
    bad: &Bad,
    checked: &mut Checked,
) -> Result<(), ReleaseError> {
    let mut found = BTreeSet::new();
    walk(&place.dir, "", &mut found)?;
    let listed = place.tree.files.iter().map(|file| (file.path.as_str(), file));
    let mut wanted: BTreeMap<&str, &TreeFile> =
        place.earlier.iter().map(|(path, file)| (path.as_str(), file)).collect();
    wanted.extend(listed);
    checked.files += wanted.len();
    for (path, file) in &wanted {
        if let Some(what) = wrong(site, how, &place.dir.join(path), file, bad) {
            let mend = relink(site, how, &place.dir.join(path), file, bad)?;
            checked.faults.push(Fault {
                kind: FaultKind::File,
                place: format!("{}/{path}", place.name),
                what,
                mend,
            });
        }
        found.remove(*path);
    }
    for (name, text) in site.mirrorlists(place.snapshot, place.channel.as_deref()) {
        let path = format!("{MIRRORLIST}/{name}");
        found.remove(&path);
        let to = place.dir.join(&path);
        if fs::read_to_string(&to).ok().as_deref() != Some(&text) {
            let write = || {
                to.parent().map_or(Ok(()), file::make_dir)?;
                file::replace(&to, |new| file::write(new, &text))
            };
            let mend = done(how, "writes it", write)?;
            let what =
                format!("is not the list of the repository's URLs, {}", text.trim().replace('\n', ", "));
            checked.faults.push(Fault {
                kind: FaultKind::File,
                place: format!("{}/{path}", place.name),
                what,
                mend,
            });
        }
    }
    super::governance::check(site, how, place, &mut found, checked)?;
    super::tuf::check(site, how, place, &mut found, checked);
    for path in found {
        let full = place.dir.join(&path);
        if place.allowed.get(&path).is_some_and(|digest| digest_of(&full).ok() == Some(*digest)) {
            continue;
        }
        let mend = done(how, "removes it", || file::remove(&full))?;
        let what = "is not in the list of the snapshot's files".to_owned();
        checked.faults.push(Fault {
            kind: FaultKind::File,
            place: format!("{}/{path}", place.name),
            what,
            mend,
        });
    }
    Ok(())
}

fn done(
    how: &Check<'_>,
    what: &str,
    repair: impl FnOnce() -> Result<(), ReleaseError>,
) -> Result<Mend, ReleaseError> {
    if !how.repair {
        return Ok(Mend::Can(what.to_owned()));
    }
    repair()?;
    Ok(Mend::Done(what.to_owned()))
}

/// What is wrong with a file, if anything is.
fn wrong(site: &Site<'_>, how: &Check<'_>, path: &Path, file: &TreeFile, bad: &Bad) -> Option<String> {
    let Ok(found) = fs::symlink_metadata(path) else { return Some("is missing".to_owned()) };
    if !found.is_file() {
        return Some("is no plain file".to_owned());
    }
    if found.mode() & 0o444 != 0o444 {
        return Some(format!("can't be read by everyone: its mode is {:o}", found.mode() & 0o7777));
    }
    let object = fs::metadata(site.store.path(file.digest)).ok();
    if object.is_some_and(|object| (object.dev(), object.ino()) == (found.dev(), found.ino())) {
        // The same file: its bytes were looked at as the object's.
        return bad.get(&file.digest).map(|wrong| format!("is the object {}, which {wrong}", file.digest));
    }
    let (subject, stamp) = (format!("copy {}", path.display()), stamp(&found, file.digest));
    if !how.full && site.store.noted(&subject).as_ref() == Some(&stamp) {
        return None;
    }
    match digest_of(path) {
        Ok(digest) if digest == file.digest => {
            site.store.note(&subject, &stamp);
            None
        }
        Ok(digest) => Some(format!("has the digest {digest}, expected {}", file.digest)),
        Err(error) => Some(format!("can't be read: {error}")),
    }
}

/// A copy that was found right as this very file.
fn stamp(file: &Metadata, digest: Digest) -> String {
    format!("{digest} {} {} {}.{:09}", file.ino(), file.size(), file.ctime(), file.ctime_nsec())
}

fn relink(
    site: &Site<'_>,
    how: &Check<'_>,
    path: &Path,
    file: &TreeFile,
    bad: &Bad,
) -> Result<Mend, ReleaseError> {
    if bad.contains_key(&file.digest) || !site.store.contains(file.digest) {
        return Ok(Mend::Cannot(format!("bring the object {} back first", file.digest)));
    }
    done(how, "links it again from the store", || {
        path.parent().map_or(Ok(()), file::make_dir)?;
        if path.is_dir() && !path.is_symlink() {
            file::remove(path)?;
        }
        let object = site.store.path(file.digest);
        fs::set_permissions(&object, Permissions::from_mode(0o444))
            .map_err(|source| ReleaseError::io("change", &object, source))?;
        file::replace(path, |new| tree::link(site.store, file, new))
    })
}

/// The paths of all that is below a directory and is no directory. No link is followed.
fn walk(dir: &Path, below: &str, found: &mut BTreeSet<String>) -> Result<(), ReleaseError> {
    for name in file::names(dir)? {
        let (path, below) =
            (dir.join(&name), if below.is_empty() { name } else { format!("{below}/{name}") });
        if path.is_dir() && !path.is_symlink() {
            walk(&path, &below, found)?;
        } else {
            found.insert(below);
        }
    }
    Ok(())
}
