//! One record of what several documents say.

use std::collections::BTreeMap;

use heirloom_model::advisory::{Advisory, AdvisoryId};
use jiff::Timestamp;

/// Advisories that were told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The advisories, sorted by id, each once.
    pub advisories: Vec<Advisory>,
    /// How many documents said what another one had said already.
    pub repeated: usize,
    /// Ids of which documents say different things.
    pub contradictions: Vec<Contradiction>,
}

/// Documents say different things of one advisory: the newest counts, and of two of one time the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The advisory.
    pub id: AdvisoryId,
    /// When what counts was changed.
    pub kept: Timestamp,
    /// When what does not count was.
    pub left_out: Timestamp,
    /// The document that does not count.
    pub document: String,
}

/// Puts together what documents say, each with its name.
///
/// An advisory that comes in pieces, one for each repository or architecture, is put together from them: pieces say the
/// same but for their packages.
#[must_use]
pub fn merge(said: impl IntoIterator<Item = (String, Advisory)>) -> Merged {
    let mut merged = Merged::default();
    let mut known: BTreeMap<AdvisoryId, Advisory> = BTreeMap::new();
    for (document, mut advisory) in said {
        let Some(there) = known.get_mut(&advisory.id) else {
            known.insert(advisory.id.clone(), advisory);
            continue;
        };
        let packages = std::mem::take(&mut advisory.fixed);
        let theirs = std::mem::take(&mut there.fixed);
        if *there == advisory {
            merged.repeated += 1;
            there.fixed = theirs.into_iter().chain(packages).collect();
            there.fixed.sort();
            there.fixed.dedup();
            continue;
        }
        advisory.fixed = packages;
        there.fixed = theirs;
        let is_newer = advisory.updated > there.updated;
        if is_newer {
            std::mem::swap(there, &mut advisory);
        }
        merged.contradictions.push(Contradiction {
            id: advisory.id,
            kept: there.updated,
            left_out: advisory.updated,
            document,
        });
    }
    merged.advisories = known.into_values().collect();
    merged
}
