//! What upstream has and we do not, found out without importing it.

use std::collections::BTreeMap;

use heirloom_model::record::{Arrival, Imported};

use super::{
    Found, Known, REMOTE, Settings, Upstream, all_or_failed, kept, parallel, processors, read_tree,
    repositories, subdirs,
};
use crate::{ImportError, Importer, git, srpm};

/// The packages whose newest revision is not imported, sorted by name. When each was seen first is recorded, so that it
/// is known how long it waits. Of a directory of trees, the time is that of its last change.
///
/// # Errors
/// Upstream as a whole can't be read, or names every package that can't be looked at.
pub fn look(
    importer: &Importer<'_>,
    upstream: &Upstream,
    settings: Settings<'_>,
) -> Result<Vec<Arrival>, ImportError> {
    let store = importer.store;
    let imported: BTreeMap<String, Imported> =
        store.all::<Imported>()?.into_iter().map(|it| (it.name.clone(), it)).collect();
    let arrivals: BTreeMap<String, Arrival> =
        store.all::<Arrival>()?.into_iter().map(|it| (it.package.clone(), it)).collect();
    let Settings { exclude, max_age_days, tick } = settings;
    let found = match upstream {
        Upstream::DistGit { dir, lookaside } => {
            let trees = kept(subdirs(dir)?, exclude)?;
            each(&trees, processors(), tick, |name, tree| {
                let known = Known { key: name, imported: imported.get(name) };
                // What is read of it here stays unrecorded.
                let (now, listing) = read_tree(importer, known, tree, lookaside, false)?;
                let digest = now.digest();
                let changed = listing.filter(|_| known.imported.map(Imported::digest) != Some(digest));
                Ok(changed.map(|listing| Found {
                    revision: digest.to_string(),
                    nevra: None,
                    published: Some(listing.youngest),
                }))
            })?
        }
        Upstream::Git { location, names, branch, tags, lookaside, .. } => {
            let threads = if git::is_remote(location) { REMOTE } else { processors() };
            let settings = git::Settings { branch: branch.as_deref(), tags: tags.as_deref(), lookaside };
            each(&kept(repositories(location, names)?, exclude)?, threads, tick, |name, at| {
                git::look(importer, name, at, settings).map(Some)
            })?
        }
        Upstream::SrpmRepository { locations, keys } => {
            let offers = srpm::repositories(importer, locations, &importer.keyring(keys)?, max_age_days)?;
            let newest = kept(srpm::newest(offers.sources), exclude)?;
            newest.into_iter().map(|(name, offer)| (name, offer.found())).collect()
        }
        Upstream::Srpms { dir, .. } => {
            let newest = kept(srpm::newest(srpm::directory(importer, dir)?.sources), exclude)?;
            newest.into_iter().map(|(name, offer)| (name, offer.found())).collect()
        }
    };
    let mut waiting = Vec::new();
    for (package, Found { revision, nevra, published }) in found {
        let known = arrivals.get(&package).filter(|known| known.revision == revision);
        if known.is_some_and(|known| known.imported.is_some()) {
            continue;
        }
        let failed = known.and_then(|known| known.failed.clone());
        let seen = known.map_or(importer.now, |known| known.seen);
        waiting.push(Arrival { package, nevra, revision, published, seen, imported: None, failed });
    }
    store.append_all(&waiting)?;
    Ok(waiting)
}

fn each<T: Sync>(
    items: &[(String, T)],
    threads: usize,
    tick: &(dyn Fn(&str, usize) + Sync),
    work: impl Fn(&str, &T) -> Result<Option<Found>, ImportError> + Sync,
) -> Result<Vec<(String, Found)>, ImportError> {
    let results = parallel(items, threads, |(name, item)| {
        let result = work(name, item);
        tick(name, items.len());
        result
    });
    let named = all_or_failed(items, results)?.into_iter().zip(items);
    Ok(named.filter_map(|(found, (name, _))| Some((name.clone(), found?))).collect())
}
