//! What comparisons are told beside the two packages: what the references provide, the dist map, allowances and
//! debugging data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use heirloom_compare::{DistMap, Options, Universe};
use heirloom_formats::definition::DefinitionError;
use heirloom_import::repository;
use heirloom_model::allowance::{Allowance, Date};
use heirloom_model::record::{Built, Imported};
use heirloom_model::{Digest, Package};
use heirloom_store::Store;

use super::gather::Foreign;
use super::rollup;
use crate::context::{self, Context};
use crate::fail::{Exit, Fail};

/// What all comparisons of a rebuild are told.
pub(crate) struct Told<'a> {
    /// All but what the references provide and debugging data.
    pub(crate) options: Options,
    pub(crate) references: &'a [Foreign],
    /// Of a large distribution it takes a second, which is spent only if something has to be compared.
    universe: OnceLock<Arc<Universe>>,
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
        references: &'a [Foreign],
        builds: impl IntoIterator<Item = (&'a Built, &'a Imported)>,
    ) -> Result<Self, Fail> {
        let settings = &context.definition.compare;
        let path = settings.allowances.as_ref().map(|path| context.definition.resolve(path.get_ref()));
        let dist = dist_map(context)?;
        let mut words = String::new();
        let mut debugging = BTreeMap::<_, Vec<_>>::new();
        for reference in references {
            let _ = writeln!(words, "universe {}", reference.state.repomd);
            for package in &reference.packages {
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
            universe: None,
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
        // Types need both sides.
        debugging.retain(|_, packages| {
            packages.iter().any(|(location, _)| location.is_some())
                && packages.iter().any(|(location, _)| location.is_none())
        });
        Ok(Self { options, references, universe: OnceLock::new(), words, debugging })
    }

    /// What the comparisons of this source's packages are told. Debugging data of the reference is fetched.
    pub(crate) fn options(&self, source: &str, store: &Store) -> Result<Options, Fail> {
        let universe = || {
            let mut universe = Universe::default();
            for package in self.references.iter().flat_map(|reference| &reference.packages) {
                universe.add_package(package);
            }
            Arc::new(universe)
        };
        let any = !self.references.is_empty();
        let universe = any.then(|| self.universe.get_or_init(universe).clone());
        let mut debuginfo = Vec::new();
        for (location, package) in self.debugging.get(source).into_iter().flatten() {
            if let Some(location) = location {
                repository::fetch_package(store, location, package)?;
            }
            debuginfo.push(store.path(package.digest));
        }
        Ok(Options { universe, debuginfo, ..self.options.clone() })
    }

    /// A digest of all that the comparisons of this source's packages are told.
    pub(crate) fn digest(&self, source: &str) -> Digest {
        let mut words = self.words.clone();
        for (_, package) in self.debugging.get(source).into_iter().flatten() {
            let _ = writeln!(words, "debugging {}", package.digest);
        }
        Digest::of(words.as_bytes())
    }
}

/// Release tags that mean the same.
pub(crate) fn dist_map(context: &Context) -> Result<DistMap, Fail> {
    DistMap::new(&context.definition.compare.dist_map)
        .map_err(|error| Fail::new(Exit::Definition, format!("compare.dist_map: {error}")))
}

/// The day on which allowances are valid or expired.
pub(crate) fn today() -> Date {
    Date::from_unix(context::now())
}

/// Reads a file of allowances.
pub(crate) fn allowances(path: &Path) -> Result<Vec<Allowance>, Fail> {
    let checks = heirloom_compare::checks().iter().map(heirloom_compare::Check::name);
    let rules: Vec<_> = checks.chain(rollup::RULES.iter().map(|(name, _)| *name)).collect();
    heirloom_formats::allowances::load(path, &rules).map_err(|error| match error {
        DefinitionError::Unreadable { path, source } => {
            Fail::new(Exit::Failed, format!("can't read the allowances {}: {source}", path.display()))
        }
        wrong => wrong.into(),
    })
}

#[cfg(test)]
mod tests {
    use heirloom_model::record::{RepositoryRole, RepositoryState, Resources};

    use super::*;
    use crate::flow::gather::Gathered;
    use crate::flow::sample::DEFINITION;

    fn package(nevra: &str, provides: &[&str]) -> Package {
        let nevra: heirloom_model::Nevra = nevra.parse().unwrap();
        let digest = Digest::of(nevra.to_string().as_bytes());
        let none = serde_json::json!([]);
        serde_json::from_value(serde_json::json!({
            "nevra": nevra, "digest": digest, "size": 1, "source_rpm": "zlib-1-1.src.rpm", "provides": provides,
            "requires": none, "conflicts": none, "obsoletes": none, "recommends": none, "suggests": none,
            "supplements": none, "enhances": none, "files": none,
        }))
        .unwrap()
    }

    fn foreign(role: RepositoryRole, repomd: &str, packages: Vec<Package>) -> Foreign {
        let digest = Digest::of(repomd.as_bytes());
        let state = RepositoryState {
            role,
            name: "BaseOS".to_owned(),
            location: "/nowhere".to_owned(),
            repomd: digest,
            signed_by: String::new(),
            packages: digest,
            extras: BTreeMap::new(),
        };
        Foreign { name: "BaseOS".to_owned(), state, packages }
    }

    /// The digest for zlib: of these settings, this reference, and with these packages of zlib's build.
    fn digest(
        compare: &str,
        allowances: &str,
        (repomd, packages): (&str, &[Package]),
        own: &[Package],
    ) -> Result<Digest, Fail> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("heirloom.toml"), format!("{DEFINITION}[compare]\n{compare}\n"))
            .unwrap();
        std::fs::write(dir.path().join("allowances.toml"), allowances).unwrap();
        let context = Context::open(&dir.path().join("heirloom.toml"))?;
        let gathered = Gathered {
            arch: "x86_64".to_owned(),
            modular: Vec::new(),
            sources: Vec::new(),
            upstream: Vec::new(),
            modules: Vec::new(),
            debranded: BTreeMap::new(),
            bootstrap: foreign(RepositoryRole::Bootstrap, "", Vec::new()),
            earlier: None,
            snapshot: Vec::new(),
            references: vec![foreign(RepositoryRole::Reference, repomd, packages.to_vec())],
            elsewhere: Vec::new(),
        };
        let built: Built = serde_json::from_value(serde_json::json!({
            "action": Digest::of(b"a"), "document": Digest::of(b"d"), "step": "zlib", "nevra": "zlib-1-1.src", "packages": own,
            "source": package("zlib-1-1.src", &[]), "buildroot": [], "log": Digest::of(b"l"),
            "resources": Resources::default(),
        }))?;
        let source: Imported = serde_json::from_value(serde_json::json!({
            "name": "zlib", "spec": "zlib.spec", "files": [], "origin": "", "own": false,
        }))?;
        Ok(Told::new(&context, &gathered.references, [(&built, &source)])?.digest("zlib"))
    }

    #[test]
    fn nothing_stale_is_reused_and_nothing_else_is_made_again() {
        let packages = [package("zlib-1-1.noarch", &["zlib = 1-1"])];
        let data = [package("zlib-debuginfo-1-1.noarch", &[])];
        let with_data = [&packages[..], &data].concat();
        let file = "allowances = \"allowances.toml\"";
        let allowance =
            |day: &str| format!("[[allowance]]\nrule = \"url\"\nreason = \"r\"\nexpires = \"{day}\"\n");
        let all = [
            digest("", "", ("1", &packages), &packages),
            digest("", "", ("2", &packages), &packages),
            digest("dist_map = [\".el9=.el9_4\"]", "", ("1", &packages), &packages),
            digest(file, &allowance("2999-01-01"), ("1", &packages), &packages),
            digest("", "", ("1", &with_data), &with_data),
        ];
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        for (place, one) in all.iter().enumerate() {
            assert_eq!(all.iter().position(|other| other == one), Some(place));
        }
        // What has expired counts for nothing, and neither does debugging data that only one side has.
        assert_eq!(digest(file, &allowance("2020-01-01"), ("1", &packages), &packages).unwrap(), all[0]);
        assert_eq!(digest("", "", ("1", &with_data), &packages).unwrap(), all[0]);
        assert_eq!(digest("", "", ("1", &packages), &with_data).unwrap(), all[0]);
    }

    #[test]
    fn a_wrong_map_and_a_wrong_file_are_faults_of_the_definition() {
        for (compare, allowances, words) in [
            ("dist_map = [\"el9\"]", "", "compare.dist_map: `el9` is no rule"),
            ("allowances = \"allowances.toml\"", "[[allowance]]\nrule = \"x\"\n", "allowances.toml:1:1"),
        ] {
            let fail = digest(compare, allowances, ("1", &[]), &[]).unwrap_err();
            assert_eq!(fail.exit, Exit::Definition);
            assert!(fail.message.contains(words), "{}", fail.message);
        }
    }
}
