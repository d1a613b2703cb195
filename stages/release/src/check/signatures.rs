//! Signatures of packages and metadata.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::openpgp::Keyring;
use heirloom_model::Digest;
use heirloom_model::record::{Snapshot, Tree, TreeFile};

use super::objects::Bad;
use super::{Check, Checked, Fault, FaultKind, Mend};
use crate::name::{FileClass, is_root_file};
use crate::{ReleaseError, Site, parallel};

/// Something that is signed: a package, or a repomd.xml with its signature.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Signed {
    data: Digest,
    signature: Option<Digest>,
    place: String,
}

/// Verifies what snapshots have; what was found good by the same keys is not read again.
pub(super) fn check(
    site: &Site<'_>,
    how: &Check<'_>,
    snapshots: &[Snapshot],
    trees: &BTreeMap<String, Tree>,
    bad: &Bad,
    checked: &mut Checked,
) -> Result<(), ReleaseError> {
    let mut seen = BTreeSet::new();
    for snapshot in snapshots {
        let Some(tree) = trees.get(&snapshot.name) else { continue };
        let armoured = keys(site, how, tree);
        let ring = match Keyring::from_armoured(armoured.as_bytes()) {
            Ok(ring) => ring,
            Err(error) => {
                checked.faults.push(Fault {
                    kind: FaultKind::Signature,
                    place: format!("vault/{}", snapshot.name),
                    what: format!("has a key that can't be read: {error}"),
                    mend: Mend::Cannot("compose again".to_owned()),
                });
                continue;
            }
        };
        let id = Digest::of(armoured.as_bytes());
        let all = signed(&snapshot.name, tree, checked).into_iter();
        let all: Vec<_> = all
            .filter(|it| seen.insert((it.data, it.signature, id)))
            .filter(|it| {
                ![Some(it.data), it.signature].iter().flatten().any(|digest| bad.contains_key(digest))
            })
            .collect();
        checked.signatures += all.len();
        let verdicts = parallel::look(&all, how.jobs, |it| verify(site, how, it, &ring, id));
        let wrong = all.into_iter().zip(verdicts).filter_map(|(it, verdict)| Some((it, verdict?)));
        checked.faults.extend(wrong.map(|(it, what)| Fault {
            kind: FaultKind::Signature,
            place: it.place,
            what,
            mend: Mend::Cannot("compose and publish again, and tell who has installed from it".to_owned()),
        }));
    }
    Ok(())
}

/// The distribution's key, and those that the snapshot came with.
fn keys(site: &Site<'_>, how: &Check<'_>, tree: &Tree) -> String {
    let own = tree.files.iter().filter(|file| is_root_file(&file.path) && file.path.contains("-KEY-"));
    let own = own.filter_map(|file| String::from_utf8(site.store.read(file.digest).ok()?).ok());
    std::iter::once(how.key.to_owned()).chain(own).map(|key| format!("{}\n", key.trim_end())).collect()
}

/// All that must be signed in a tree. A repomd.xml without a signature is a fault already.
fn signed(snapshot: &str, tree: &Tree, checked: &mut Checked) -> Vec<Signed> {
    let find = |path: &str| tree.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok();
    let mut all = Vec::new();
    for TreeFile { path, digest, .. } in &tree.files {
        let place = format!("vault/{snapshot}/{path}");
        match FileClass::of(path) {
            FileClass::Package => all.push(Signed { data: *digest, signature: None, place }),
            FileClass::Repomd if path.ends_with("/repomd.xml") => match find(&format!("{path}.asc")) {
                Some(index) => {
                    all.push(Signed { data: *digest, signature: Some(tree.files[index].digest), place });
                }
                None => checked.faults.push(Fault {
                    kind: FaultKind::Signature,
                    place,
                    what: "has no signature beside it".to_owned(),
                    mend: Mend::Cannot("compose again".to_owned()),
                }),
            },
            FileClass::Repomd | FileClass::Metadata | FileClass::Other => {}
        }
    }
    all
}

/// Why a signature does not hold.
fn verify(site: &Site<'_>, how: &Check<'_>, it: &Signed, ring: &Keyring, id: Digest) -> Option<String> {
    let subject = match it.signature {
        None => format!("signed {}", it.data),
        Some(signature) => format!("signed {} {signature}", it.data),
    };
    if !how.full && site.store.noted(&subject).as_deref() == Some(&id.to_string()) {
        return None;
    }
    let verdict = match it.signature {
        None => ring.verify_rpm(&site.store.path(it.data)).map_err(|error| error.to_string()),
        Some(signature) => match (site.store.read(it.data), site.store.read(signature)) {
            (Ok(data), Ok(signature)) => {
                ring.verify_detached(&data, &signature).map_err(|error| error.to_string())
            }
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        },
    };
    match verdict {
        Ok(_) => {
            site.store.note(&subject, &id.to_string());
            None
        }
        Err(why) => Some(why),
    }
}
