//! What comparisons are told beside the two packages: what the references provide, the dist map, allowances and
//! debugging data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_compare::{DistMap, Options, Universe};
use heirloom_formats::definition::DefinitionError;
use heirloom_model::allowance::{Allowance, Date};
use heirloom_model::record::{Built, Imported};
use heirloom_model::{Digest, Package};
use heirloom_store::Store;

use super::gather::Gathered;
use super::pairing;
use super::place::Place;
use crate::context::Context;
use crate::fail::{Exit, Fail};

/// What all comparisons of a rebuild are told.
pub(crate) struct Told<'a> {
    pub(crate) options: Options,
    /// All of it but debugging data, as text.
    words: String,
    /// Packages with debugging data, each with its repository's location if it is the reference's, by the
    /// name of their source package.
    debugging: BTreeMap<&'a str, Vec<(Option<&'a str>, &'a Package)>>,
}

impl<'a> Told<'a> {
    /// Reads what the definition says, and what came in.
    pub(crate) fn new(
        context: &Context,
        gathered: &'a Gathered,
        builds: impl IntoIterator<Item = (&'a Built, &'a Imported)>,
    ) -> Result<Self, Fail> {
        let settings = &context.definition.compare;
        let path = settings.allowances.as_ref().map(|path| context.definition.resolve(path.get_ref()));
        let dist = DistMap::new(&settings.dist_map)
            .map_err(|error| Fail::new(Exit::Definition, format!("compare.dist_map: {error}")))?;
        let (mut universe, mut words) = (Universe::default(), String::new());
        let mut debugging = BTreeMap::<_, Vec<_>>::new();
        for reference in &gathered.references {
            let _ = writeln!(words, "universe {}", reference.state.repomd);
            for package in &reference.packages {
                universe.add_package(package);
                if let Some(source) = package.source_name().filter(|_| package.is_debug()) {
                    let location = Some(reference.state.location.as_str());
                    debugging.entry(source).or_default().push((location, package));
                }
            }
        }
        for (built, source) in builds {
            let own = built.packages.iter().filter(|package| package.is_debug());
            debugging.entry(source.name.as_str()).or_default().extend(own.map(|package| (None, package)));
        }
        let options = Options {
            dist,
            universe: (!gathered.references.is_empty()).then(|| Arc::new(universe)),
            debuginfo: Vec::new(),
            allowances: path.map_or(Ok(Vec::new()), |path| allowances(&path))?,
            today: today(),
        };
        for rule in &settings.dist_map {
            let _ = writeln!(words, "dist {rule}");
        }
        // An allowance counts until its end, and its end changes nothing before.
        for allowance in options.allowances.iter().filter(|one| options.today <= one.expires) {
            let _ = writeln!(words, "allowance {allowance:?}");
        }
        Ok(Self { options, words, debugging })
    }

    /// A digest of all that the comparisons of this source's packages are told.
    pub(crate) fn digest(&self, source: &str) -> Digest {
        let mut words = self.words.clone();
        for (_, package) in self.debugging.get(source).into_iter().flatten() {
            let _ = writeln!(words, "debugging {}", package.digest);
        }
        Digest::of(words.as_bytes())
    }

    /// Where the debugging data of this source's packages is.
    pub(crate) fn debugging(&self, source: &str, store: &'a Store) -> Vec<Place<'a>> {
        let packages = self.debugging.get(source).into_iter().flatten();
        let place = |(location, package): &(Option<&'a str>, &'a Package)| match location {
            Some(location) => Place::There { store, location, package },
            None => Place::Here(store.path(package.digest)),
        };
        packages.map(place).collect()
    }
}

/// The day on which allowances are valid or expired.
pub(crate) fn today() -> Date {
    Date::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// Reads a file of allowances.
pub(crate) fn allowances(path: &Path) -> Result<Vec<Allowance>, Fail> {
    let checks = heirloom_compare::checks().iter().map(heirloom_compare::Check::name);
    let rules: Vec<_> = checks.chain(pairing::RULES.iter().map(|(name, _)| *name)).collect();
    heirloom_formats::allowances::load(path, &rules).map_err(|error| match error {
        DefinitionError::Unreadable { path, source } => {
            Fail::new(Exit::Failed, format!("can't read the allowances {}: {source}", path.display()))
        }
        wrong => wrong.into(),
    })
}
