//! The packages that the rebuild is expected to have: those of the reference, and what spec files declare
//! where the reference has nothing.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_model::record::EvaluatedBinary;
use heirloom_model::{Digest, Package};

use crate::Input;

/// Expected packages, sorted by identity, and the source of each.
pub(crate) struct Expected {
    pub(crate) packages: Vec<Package>,
    /// Index of the source, by package.
    pub(crate) sources: Vec<u32>,
    /// Indexes of the packages, by source.
    pub(crate) by_source: Vec<Vec<usize>>,
}

impl Expected {
    /// What there will be when some sources give nothing.
    pub(crate) fn new(input: &Input<'_>, hidden: &BTreeSet<usize>) -> Self {
        let shown = |index: &usize| {
            !input.options.fixed
                && !hidden.contains(index)
                && input.sources[*index].evaluated.excluded.is_none()
        };
        let by_name: BTreeMap<_, _> =
            input.sources.iter().enumerate().map(|(index, source)| (source.name, index)).collect();
        let mut referenced = BTreeSet::new();
        let mut found = Vec::new();
        for package in input.reference.iter().filter(|package| package.nevra.arch() != "src") {
            let Some(&index) = package.source_name().and_then(|name| by_name.get(name)) else { continue };
            referenced.insert(index);
            if shown(&index) {
                found.push((package.clone(), index));
            }
        }
        for index in (0..input.sources.len()).filter(|index| !referenced.contains(index)).filter(shown) {
            found.extend(
                input.sources[index].evaluated.binaries.iter().map(|binary| (declared(binary), index)),
            );
        }
        // The solver's last resort is the order of packages: it is to be that of their names, not of a file.
        found.sort_by(|(a, _), (b, _)| (&a.nevra, a.digest).cmp(&(&b.nevra, b.digest)));
        let (packages, sources): (Vec<_>, Vec<usize>) = found.into_iter().unzip();
        let mut by_source = vec![Vec::new(); input.sources.len()];
        for (package, &source) in sources.iter().enumerate() {
            by_source[source].push(package);
        }
        // Thousands of millions of source packages do not fit into memory.
        let sources = sources.into_iter().map(|source| u32::try_from(source).unwrap_or(u32::MAX)).collect();
        Self { packages, sources, by_source }
    }
}

/// A package of which only the spec file is known: it has what it declares, and needs nothing.
fn declared(binary: &EvaluatedBinary) -> Package {
    Package {
        nevra: binary.nevra.clone(),
        digest: Digest::of(&[]),
        size: 0,
        build_time: 0,
        location: String::new(),
        source_rpm: String::new(),
        provides: binary.provides.clone(),
        requires: Vec::new(),
        conflicts: Vec::new(),
        obsoletes: Vec::new(),
        recommends: Vec::new(),
        suggests: Vec::new(),
        supplements: Vec::new(),
        enhances: Vec::new(),
        files: Vec::new(),
    }
}
