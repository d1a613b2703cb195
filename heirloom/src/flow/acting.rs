//! Runs one action that is complete in itself, with objects from wherever they are.

pub(crate) mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_build::{Builder, Job, Outcome, Settings};
use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::record::Action;
use heirloom_store::Store;

use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::ui::Progress;

/// Every object that an action names.
pub(crate) fn named(action: &Action) -> BTreeSet<Digest> {
    let sources = action.sources.iter().map(|(_, digest)| *digest);
    sources.chain(action.buildroot().map(|package| package.digest)).collect()
}

/// Whether this program runs builds as the action wants it.
pub(crate) fn check_builder(action: &Action) -> Result<(), Fail> {
    if action.builder == heirloom_build::BUILDER {
        return Ok(());
    }
    let (theirs, ours) = (action.builder, heirloom_build::BUILDER);
    let message = format!("the action is for builder {theirs}, and this program is builder {ours}");
    Err(Fail::new(Exit::Failed, message).hint("run it with the heirloom that made it"))
}

/// A builder that works in this store.
pub(crate) fn builder(store: &Store) -> Result<Builder<'_>, Fail> {
    let settings = Settings {
        state_dir: store.dir().to_owned(),
        jobs: processors(),
        interrupt: Default::default(),
        sandbox_program: None,
    };
    Ok(Builder::new(store, settings)?)
}

/// The key of an action whose buildroot is in the store.
pub(crate) fn key(store: &Store, action: &Action) -> Result<Digest, Fail> {
    let content = |digest: Digest| {
        let header = Header::open(&store.path(digest));
        header.map(|header| (digest, header.content())).map_err(|error| Fail::new(Exit::Failed, error))
    };
    let contents = action.buildroot().map(|package| content(package.digest));
    let contents = contents.collect::<Result<BTreeMap<_, _>, Fail>>()?;
    Ok(action.key(|package| contents[&package])?)
}

/// Runs it; all its objects are in the store.
pub(crate) fn build(builder: &Builder<'_>, store: &Store, action: &Action) -> Result<Outcome, Fail> {
    let key = key(store, action)?;
    let document = store.put(&serde_json::to_vec(action)?)?;
    let progress = Progress::new("build", 1);
    let job = Job { step: &action.name, key, document, action, jobs: processors() };
    let outcome = builder.run(&job, &|phase| progress.doing(&format!("{} {phase}", action.name)))?;
    progress.end(&action.name);
    Ok(outcome)
}

/// Writes packages, log and `result.json`; what a person is told of them.
pub(crate) fn hand_out(store: &Store, outcome: &Outcome, out: &Path) -> Result<String, Fail> {
    fs::create_dir_all(out).map_err(|error| failed("make", out, error))?;
    let copy = |digest: Digest, name: &str| {
        let to = out.join(name);
        fs::write(&to, store.read(digest)?).map_err(|error| failed("write", &to, error))
    };
    let mut text = String::new();
    if let Outcome::Built(built) = outcome {
        for package in built.all_packages() {
            let name = package.nevra.file_name();
            copy(package.digest, &name)?;
            let _ = writeln!(text, "{}", out.join(name).display());
        }
    }
    if let Some(log) = log(outcome) {
        copy(log, "build.log")?;
    }
    let result = out.join("result.json");
    fs::write(&result, serde_json::to_vec_pretty(outcome)?)
        .map_err(|error| failed("write", &result, error))?;
    text.push_str(&why(outcome).map(|why| why + "\n").unwrap_or_default());
    Ok(text)
}

fn log(outcome: &Outcome) -> Option<Digest> {
    match outcome {
        Outcome::Built(built) => Some(built.log),
        Outcome::Failed(failed) => failed.log,
        Outcome::NeedsMore(_) => None,
    }
}

/// Why there are no packages.
pub(crate) fn why(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Built(_) => None,
        Outcome::Failed(failed) => Some(failed.message.clone()),
        Outcome::NeedsMore(requires) => {
            let requires: Vec<_> = requires.iter().map(ToString::to_string).collect();
            Some(format!("it needs a larger buildroot, with {}", requires.join(", ")))
        }
    }
}

/// A file that can't be worked with.
pub(crate) fn failed(what: &str, path: &Path, error: impl std::fmt::Display) -> Fail {
    Fail::new(Exit::Failed, format!("cannot {what} {}: {error}", path.display()))
}
