//! `heirloom reproduce`: builds a package again from its provenance alone, and says whether it came out the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use heirloom_build::Outcome;
use heirloom_compare::Options;
use heirloom_formats::rpm_file::Header;
use heirloom_model::provenance::{Provenance, Resource, Role};
use heirloom_model::record::{Action, Built, Compared};
use heirloom_model::{Digest, Nevra, Package, Verdict};
use heirloom_store::Store;
use serde::Serialize;

use super::provenance;
use crate::cli::Reproduce;
use crate::context::{Context, digest};
use crate::fail::{Exit, Fail};
use crate::flow::acting::places::{Places, Wanted};
use crate::flow::acting::{self, failed};
use crate::flow::attesting::Evidence;
use crate::report::{self, visible};
use crate::ui::{Shown, say};

/// What became of it.
#[derive(Serialize)]
struct Reproduced {
    source: Nevra,
    /// Fingerprint of the one who states what it should be; none for an own package.
    signed_by: Option<String>,
    action: String,
    /// Packages of the buildroot that were had in a signed form alone.
    signed_forms: Vec<String>,
    /// The worst of all packages; none if it did not build.
    verdict: Option<Verdict>,
    /// Why it did not build.
    failed: Option<String>,
    packages: Vec<Outcomes>,
}

/// One package that is stated, or that came out.
#[derive(Serialize)]
struct Outcomes {
    package: String,
    verdict: Verdict,
    /// In a few words.
    because: String,
    /// The comparison, where there was something to compare with.
    compared: Option<Compared>,
}

pub(crate) fn run(args: &Reproduce, open: impl FnOnce() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let file = Path::new(&args.what);
    if file.is_file() {
        if args.key.is_empty() {
            return Err(Fail::new(Exit::Usage, "a provenance is believed for its signature alone")
                .hint("--key FILE names the public key of the one who may have signed it"));
        }
        let provenance::Verified { signed_by, provenance } = provenance::verified(file, &args.key)?;
        return from_statement(args, &provenance, signed_by);
    }
    let context = open().map_err(|fail| {
        let hint = fail.hint.clone();
        fail.hint(format!("{hint}; there is no file {} either, which would need no definition", args.what))
    })?;
    let evidence = Evidence::load(&context)?;
    let builds = evidence.chosen(std::slice::from_ref(&args.what))?;
    let [built] = &builds[..] else {
        let names: Vec<_> = builds.iter().map(|built| built.nevra.name()).collect();
        let message = format!("{} is made by {}", args.what, names.join(" and "));
        return Err(Fail::new(Exit::Usage, message).hint("name one of these source packages"));
    };
    let provenance = evidence.provenance(built)?;
    let own = |digest: Digest| context.store.contains(digest).then(|| context.store.path(digest));
    Run { args, provenance: &provenance, signed_by: None, store: &context.store, own: &own }.go()
}

/// In a state of its own, which goes away again unless it is to be kept.
fn from_statement(args: &Reproduce, provenance: &Provenance, signed_by: String) -> Result<Shown, Fail> {
    acting::check_builder(provenance.action())?;
    let run = |state: &Path, is_kept: bool| {
        let store = Store::open(state)?;
        let (signed_by, nothing) = (Some(signed_by), |_| None);
        let shown = Run { args, provenance, signed_by, store: &store, own: &nothing }.go();
        // Buildroots can be of other users, and are removed as these.
        let removed = if is_kept { Ok(()) } else { acting::builder(&store)?.remove_roots() };
        let shown = shown?;
        removed?;
        Ok(shown)
    };
    match &args.state {
        Some(state) => run(state, true),
        None => {
            let made = tempfile::Builder::new().prefix("heirloom-reproduce-").tempdir();
            let dir = made.map_err(|error| failed("make", &std::env::temp_dir(), error))?;
            run(&dir.path().join("state"), false)
        }
    }
}

/// All that a reproduction works with.
struct Run<'a> {
    args: &'a Reproduce,
    provenance: &'a Provenance,
    signed_by: Option<String>,
    store: &'a Store,
    /// The package as it was built first, if it is at hand.
    own: &'a dyn Fn(Digest) -> Option<PathBuf>,
}

impl Run<'_> {
    fn go(self) -> Result<Shown, Fail> {
        let (action, signed_forms) = self.gather()?;
        let stated = &self.provenance.predicate.run_details.metadata.invocation_id;
        let key = acting::key(self.store, &action)?;
        if key.to_string() != *stated {
            let message = format!("the action in the provenance has the key {key}, and it states {stated}");
            return Err(Fail::new(Exit::Promise, message)
                .hint("its packages or macros are not those of the build that it is about"));
        }
        for name in &signed_forms {
            say(&format!("{name} is taken in its signed form: the same header and payload"));
        }
        let builder = acting::builder(self.store)?;
        let outcome = acting::build(&builder, self.store, &action)?;
        if let Some(out) = &self.args.out {
            acting::hand_out(self.store, &outcome, out)?;
        }
        let packages = match &outcome {
            Outcome::Built(built) => self.judge(built)?,
            Outcome::Failed(_) | Outcome::NeedsMore(_) => Vec::new(),
        };
        let failed = acting::why(&outcome);
        let verdict = failed.is_none().then(|| Verdict::worst(packages.iter().map(|one| one.verdict)));
        let reproduced = Reproduced {
            source: self.provenance.predicate.build_definition.external_parameters.source.nevra.clone(),
            signed_by: self.signed_by,
            action: stated.clone(),
            signed_forms,
            verdict,
            failed,
            packages,
        };
        let exit = verdict.map_or(Exit::Build, Exit::from);
        Ok(Shown::new(&reproduced, text(&reproduced))?.exit(exit))
    }

    /// Brings all objects into the store. The action is then of the files that were had.
    fn gather(&self) -> Result<(Action, Vec<String>), Fail> {
        let places = Places::new(&self.args.objects);
        let mut had = BTreeMap::new();
        let (mut missing, mut signed_forms) = (Vec::new(), Vec::new());
        for role in [Role::Source, Role::Buildroot] {
            for wanted in self.provenance.dependencies(role) {
                let Some(digest) = wanted.sha256() else { continue };
                let looked = Wanted {
                    name: wanted.label(),
                    digest,
                    header: wanted.header(),
                    url: wanted.download_location.as_deref(),
                };
                match places.bring(self.store, &looked)? {
                    Some(found) => {
                        had.insert(digest, found);
                        signed_forms.extend((found != digest).then(|| wanted.label().to_owned()));
                    }
                    None => missing.push(absent(wanted, digest)),
                }
            }
        }
        if !missing.is_empty() {
            return Err(incomplete(&missing));
        }
        let mut action = self.provenance.action().clone();
        for package in action.base.iter_mut().chain(&mut action.extra) {
            package.digest = had.get(&package.digest).copied().unwrap_or(package.digest);
        }
        Ok((action, signed_forms))
    }

    /// Each stated package, and each that came out beside them.
    fn judge(&self, built: &Built) -> Result<Vec<Outcomes>, Fail> {
        let made: BTreeMap<String, &Package> =
            built.all_packages().map(|package| (package.nevra.file_name(), package)).collect();
        let mut all = Vec::new();
        for subject in self.provenance.built() {
            all.push(match made.get(subject.label()) {
                Some(package) => self.judge_one(subject, package)?,
                None => other(subject.label(), Verdict::Incompatible, "did not come out"),
            });
        }
        let stated = |name: &str| self.provenance.built().any(|subject| subject.label() == name);
        for name in made.keys().filter(|name| !stated(name)) {
            all.push(other(name, Verdict::Incompatible, "came out, and is not stated"));
        }
        Ok(all)
    }

    fn judge_one(&self, subject: &Resource, package: &Package) -> Result<Outcomes, Fail> {
        let name = subject.label();
        if subject.sha256() == Some(package.digest) {
            return Ok(other(name, Verdict::BitIdentical, "the same, bit for bit"));
        }
        let Some(reference) = self.reference(subject)? else {
            let because = "it differs; --against PACKAGE.rpm names the stated one, to see in what";
            return Ok(other(name, Verdict::Undecided, because));
        };
        let rebuilt = self.store.path(package.digest);
        if package.nevra.arch() == "src" {
            // There is no comparison of source packages but of what they say.
            let content = |path: &Path| Header::open(path).map(|header| header.content());
            let same =
                matches!((content(&reference), content(&rebuilt)), (Ok(one), Ok(other)) if one == other);
            let (verdict, because) = match same {
                true => (Verdict::Identical, "the same but for time and place"),
                false => (Verdict::Undecided, "a source package that differs"),
            };
            return Ok(other(name, verdict, because));
        }
        let compared = heirloom_compare::compare(&reference, &rebuilt, &Options::default())?;
        let (package, verdict) = (name.to_owned(), compared.verdict);
        Ok(Outcomes { package, verdict, because: "compared".to_owned(), compared: Some(compared) })
    }

    /// The stated package, or a signed form of it, if it was given or is at hand.
    fn reference(&self, subject: &Resource) -> Result<Option<PathBuf>, Fail> {
        if let Some(own) = subject.sha256().and_then(self.own) {
            return Ok(Some(own));
        }
        for path in &self.args.against {
            let is_it = subject.sha256() == Some(digest(path)?)
                || subject.header().is_some_and(|header| {
                    heirloom_formats::rpm_file::verify_digests(path).is_ok_and(|it| it.digest() == header)
                });
            if is_it {
                return Ok(Some(path.clone()));
            }
        }
        Ok(None)
    }
}

fn other(package: &str, verdict: Verdict, because: &str) -> Outcomes {
    Outcomes { package: package.to_owned(), verdict, because: because.to_owned(), compared: None }
}

fn absent(wanted: &Resource, digest: Digest) -> String {
    format!("{} ({digest})", wanted.label())
}

/// Most objects that are told one by one.
const TOLD: usize = 20;

fn incomplete(missing: &[String]) -> Fail {
    let mut message = match missing.len() {
        1 => "1 object is nowhere".to_owned(),
        count => format!("{count} objects are nowhere"),
    };
    for one in missing.iter().take(TOLD) {
        let _ = write!(message, "\n  {one}");
    }
    if let more @ 1.. = missing.len().saturating_sub(TOLD) {
        let _ = write!(message, "\n  and {more} more");
    }
    Fail::new(Exit::Failed, message).hint(
        "--objects DIR|URL names a state directory, a published tree with its source packages, or any directory that has \
         them; it may be given several times",
    )
}

fn text(reproduced: &Reproduced) -> String {
    let Reproduced { source, signed_by, action, packages, verdict, failed, .. } = reproduced;
    let signed_by = signed_by.as_deref().unwrap_or("this distribution's own");
    let mut text = format!("{source}\n  stated by  {signed_by}\n  action     {action}\n");
    if let Some(failed) = failed {
        let _ = writeln!(text, "  it did not build: {failed}");
    }
    for one in packages {
        let _ = writeln!(text, "  {:17} {}: {}", one.verdict, one.package, one.because);
        if let Some(compared) = &one.compared {
            text.push_str(&report::differences(compared, false));
        }
    }
    if let Some(verdict) = verdict {
        let _ = write!(text, "{verdict}");
    }
    visible(&text).into_owned()
}
