//! The streams of a repository's modules.

use std::collections::{BTreeMap, BTreeSet};

use heirloom_formats::modulemd::{Defaults, ModuleIndex};

use super::OfferedStream;

/// The streams of all repositories' documents. Of one stream, all builds in all contexts are taken together.
pub(super) fn streams(indexes: &[ModuleIndex], architecture: &str) -> Vec<OfferedStream> {
    let mut packages: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut defaults: BTreeMap<&str, &Defaults> = BTreeMap::new();
    for index in indexes {
        for stream in &index.streams {
            if !stream.id.arch.is_empty() && stream.id.arch != architecture {
                continue;
            }
            let binary = stream.artifacts.iter().filter(|nevra| !matches!(nevra.arch(), "src" | "nosrc"));
            packages.entry(stream.id.enabled()).or_default().extend(binary.map(ToString::to_string));
        }
        for found in &index.defaults {
            let known = defaults.entry(&found.module).or_insert(found);
            // The newer of two counts; of the same age, the first.
            if found.modified > known.modified {
                *known = found;
            }
        }
    }
    let stream = |((name, stream), packages): ((&str, &str), BTreeSet<String>)| OfferedStream {
        name: name.to_owned(),
        stream: stream.to_owned(),
        is_default: defaults.get(name).is_some_and(|found| found.stream.as_deref() == Some(stream)),
        packages: packages.into_iter().collect(),
    };
    packages.into_iter().map(stream).collect()
}
