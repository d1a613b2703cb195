//! Records what came: package by package, some at a time, and nothing that is recorded already.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use heirloom_model::record::{Arrival, Imported, Watched};

use super::{Found, Known, Learned, Outcome, all_or_failed, parallel};
use crate::{ImportError, Importer};

/// Packages that are recorded together: each flush waits for the disk.
const TOGETHER: usize = 64;

pub(super) struct Recorder<'i, 's> {
    importer: &'i Importer<'s>,
    imported: BTreeMap<String, Imported>,
    arrivals: BTreeMap<String, Arrival>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    imported: Vec<Imported>,
    arrivals: Vec<Arrival>,
    watched: Vec<Watched>,
    notes: Vec<(String, String)>,
}

impl<'i, 's> Recorder<'i, 's> {
    pub(super) fn new(importer: &'i Importer<'s>) -> Result<Self, ImportError> {
        let store = importer.store;
        Ok(Self {
            importer,
            imported: store.all::<Imported>()?.into_iter().map(|it| (it.name.clone(), it)).collect(),
            arrivals: store.all::<Arrival>()?.into_iter().map(|it| (it.package.clone(), it)).collect(),
            waiting: Mutex::default(),
        })
    }

    /// Does the work for each item; the packages in the items' order. One that fails does not keep others from being
    /// recorded.
    pub(super) fn each<T: Sync>(
        &self,
        items: &[(String, T)],
        threads: usize,
        tick: &(dyn Fn(&str, usize) + Sync),
        work: impl Fn(Known<'_>, &T) -> Outcome + Sync,
    ) -> Result<Vec<Imported>, ImportError> {
        let results = parallel(items, threads, |(key, item)| {
            let outcome = work(Known { key, imported: self.imported.get(key) }, item);
            let result = self.record(key, outcome);
            tick(key, items.len());
            result
        });
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.flush(&mut waiting)?;
        all_or_failed(items, results)
    }

    fn record(&self, key: &str, outcome: Outcome) -> Result<Imported, ImportError> {
        let Outcome { came, learned: Learned { found, watched, note } } = outcome;
        let arrival = found.and_then(|found| self.arrival(key, found, &came));
        let news = came.as_ref().ok().filter(|imported| self.imported.get(key) != Some(imported)).cloned();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.imported.extend(news);
        waiting.arrivals.extend(arrival);
        waiting.notes.extend(note);
        // What could not be imported may be looked at again as if it had not been seen.
        waiting.watched.extend(watched.filter(|_| came.is_ok()));
        if waiting.imported.len().max(waiting.arrivals.len()) >= TOGETHER {
            self.flush(&mut waiting)?;
        }
        came
    }

    fn flush(&self, waiting: &mut Waiting) -> Result<(), ImportError> {
        let Waiting { imported, arrivals, watched, notes } = std::mem::take(waiting);
        let store = self.importer.store;
        store.append_all(&imported)?;
        store.append_all(&watched)?;
        store.append_all(&arrivals)?;
        for (subject, note) in notes {
            store.note(&subject, &note);
        }
        Ok(())
    }

    /// Where the package stands now, if that is another place than before.
    fn arrival(&self, key: &str, found: Found, came: &Result<Imported, ImportError>) -> Option<Arrival> {
        let known = self.arrivals.get(key);
        let same = known.filter(|known| known.revision == found.revision);
        let now = self.importer.now;
        let failed = came.as_ref().err().map(ToString::to_string);
        let imported = match &failed {
            None => same.and_then(|same| same.imported).or(Some(now)),
            Some(_) => None,
        };
        let arrival = Arrival {
            package: key.to_owned(),
            nevra: found.nevra,
            published: found.published.or(same.and_then(|same| same.published)),
            revision: found.revision,
            seen: same.map_or(now, |same| same.seen),
            imported,
            failed,
        };
        (Some(&arrival) != known).then_some(arrival)
    }
}
