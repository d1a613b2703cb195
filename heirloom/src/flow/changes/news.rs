//! Advisories between two versions.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::evr;
use heirloom_formats::updateinfo::Advisory;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Movement, Side, Step};
use crate::fail::Fail;

/// An advisory that an update brings.
#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct AdvisoryNews {
    pub(crate) id: String,
    /// `security`, `bugfix`, `enhancement` or `newpackage`.
    pub(crate) kind: String,
    /// `Critical`, `Important`, `Moderate`, `Low` or empty.
    pub(crate) severity: String,
    pub(crate) title: String,
    /// When it was issued, as the document writes it.
    pub(crate) issued: String,
    /// The vulnerabilities that it names.
    pub(crate) cves: Vec<String>,
    /// Updated packages whose fix is among their new versions, as NEVRAs of these versions.
    pub(crate) packages: Vec<String>,
}

impl AdvisoryNews {
    pub(crate) fn is_security(&self) -> bool {
        self.kind == "security"
    }
}

/// The newer side's advisories that name a version which is newer than the old one and not newer than the new one.
pub(super) fn between(new: &Side<'_>, steps: &[Step<'_>]) -> Result<Vec<AdvisoryNews>, Fail> {
    let upgraded = steps.iter().filter(|step| step.movement == Movement::Upgraded);
    let mut by_name = BTreeMap::<(&str, &str), Vec<&Step<'_>>>::new();
    for step in upgraded {
        if let Some(new) = step.new {
            by_name.entry((new.nevra.name(), new.nevra.arch())).or_default().push(step);
        }
    }
    if by_name.is_empty() {
        return Ok(Vec::new());
    }
    let mut news = BTreeMap::<String, AdvisoryNews>::new();
    for advisory in new.advisories()? {
        let packages = brought(&advisory, &by_name);
        if packages.is_empty() {
            continue;
        }
        let cves = advisory.cves();
        let told = news.entry(advisory.id.clone()).or_insert_with(|| AdvisoryNews {
            id: advisory.id,
            kind: advisory.kind,
            severity: advisory.severity,
            title: advisory.title,
            issued: advisory.issued,
            cves,
            packages: Vec::new(),
        });
        told.packages.extend(packages);
        told.packages.sort();
        told.packages.dedup();
    }
    let mut news: Vec<_> = news.into_values().collect();
    news.sort_by_key(|news| (!news.is_security(), weight(&news.severity), news.id.clone()));
    Ok(news)
}

fn brought(advisory: &Advisory, by_name: &BTreeMap<(&str, &str), Vec<&Step<'_>>>) -> BTreeSet<String> {
    let mut packages = BTreeSet::new();
    for fixed in &advisory.packages {
        for step in by_name.get(&(fixed.name(), fixed.arch())).into_iter().flatten() {
            let (Some(old), Some(new)) = (step.old, step.new) else { continue };
            let after = evr::compare(fixed.evr(), old.nevra.evr()).is_gt();
            if after && evr::compare(fixed.evr(), new.nevra.evr()).is_le() {
                packages.insert(new.nevra.to_string());
            }
        }
    }
    packages
}

fn weight(severity: &str) -> usize {
    let known = ["Critical", "Important", "Moderate", "Low"];
    known.iter().position(|one| *one == severity).unwrap_or(known.len())
}
