//! What people are shown of an advisory, in whatever form: packages by what they are built from, and scores.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::advisory::{Cvss, Fixed};

use super::tenths;

/// Packages that are built from one source package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Of which major version; empty if that is not known.
    pub major: String,
    /// The stream that they are in: `redis:7`.
    pub module: Option<String>,
    /// The source package; none if it is not known.
    pub source: Option<String>,
    /// Names with versions, and architectures; none if these are not known.
    pub packages: BTreeMap<String, BTreeSet<String>>,
}

/// Packages by major version, stream and source package, in that order.
#[must_use]
pub fn groups(packages: &[Fixed]) -> Vec<Group> {
    type Place = (String, Option<String>, Option<String>);
    let mut found: BTreeMap<Place, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for fixed in packages {
        let module = fixed.module.as_ref().map(|module| format!("{}:{}", module.name, module.stream));
        let source = fixed.source.as_ref().map(ToString::to_string);
        let arches = found.entry((fixed.major.clone(), module, source)).or_default();
        let name = format!("{}-{}", fixed.name(), fixed.evr());
        arches.entry(name).or_default().extend(fixed.arch().map(str::to_owned));
    }
    let group = |((major, module, source), packages)| Group { major, module, source, packages };
    found.into_iter().map(group).collect()
}

/// The worst of ratings: tenths of its score, and its vector.
#[must_use]
pub fn worst(ratings: &[Cvss]) -> Option<(u8, &str)> {
    let score = |cvss: &Cvss| {
        let by_vector = || tenths(cvss.vector.parse::<cvss::v3::Vector>().ok()?.base_score().value());
        cvss.tenths.or_else(by_vector)
    };
    ratings.iter().filter_map(|cvss| Some((score(cvss)?, cvss.vector.as_str()))).max()
}

/// A score as people read it: `9.8`.
#[must_use]
pub fn points(tenths: u8) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
