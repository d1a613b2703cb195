//! `heirloom build-action FILE`: runs one action that is complete in itself, without a definition.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_build::{Builder, Job, Message, Outcome, Settings};
use heirloom_formats::rpm_file::Header;
use heirloom_model::Digest;
use heirloom_model::record::Action;
use heirloom_store::Store;

use crate::cli::BuildAction;
use crate::context::processors;
use crate::fail::{Exit, Fail};
use crate::ui::{Progress, Shown};

pub(crate) fn run(args: &BuildAction) -> Result<Shown, Fail> {
    let text = fs::read(&args.action).map_err(|error| failed("read", &args.action, error))?;
    let action: Action = serde_json::from_slice(&text).map_err(|error| {
        Fail::new(Exit::Definition, format!("{} is not an action: {error}", args.action.display()))
            .hint("an action is the JSON document that a `built` or `ran` record names")
    })?;
    if args.remote_execution {
        return remote(args, &action);
    }
    if action.builder != heirloom_build::BUILDER {
        let (theirs, ours) = (action.builder, heirloom_build::BUILDER);
        return Err(Fail::new(
            Exit::Failed,
            format!("the action is for builder {theirs}, and this program is builder {ours}"),
        )
        .hint("run it with the heirloom that made it"));
    }
    fs::create_dir_all(&args.out).map_err(|error| failed("make", &args.out, error))?;
    let state = args.state.clone().unwrap_or_else(|| args.out.join("state"));
    let store = Store::open(&state)?;
    take_in(&store, &action, &args.objects)?;
    let settings = Settings {
        state_dir: state.clone(),
        jobs: processors(),
        interrupt: Default::default(),
        sandbox_program: None,
    };
    let builder = Builder::new(&store, settings)?;
    let outcome = build(&builder, &store, &action)?;
    let shown = hand_out(&store, &outcome, &args.out);
    if args.state.is_none() {
        builder.remove_roots()?;
        drop(store);
        fs::remove_dir_all(&state).map_err(|error| failed("remove", &state, error))?;
    }
    shown
}

fn failed(what: &str, path: &Path, error: impl std::fmt::Display) -> Fail {
    Fail::new(Exit::Failed, format!("cannot {what} {}: {error}", path.display()))
}

/// Every object that an action names.
fn named(action: &Action) -> BTreeSet<Digest> {
    let sources = action.sources.iter().map(|(_, digest)| *digest);
    sources.chain(action.buildroot().map(|package| package.digest)).collect()
}

/// Where an object is: in a directory of a store, or named by its digest alone.
fn locate(digest: Digest, dirs: &[PathBuf]) -> Result<PathBuf, Fail> {
    let name = digest.to_string();
    let forms = [
        PathBuf::from("objects").join(&name[..2]).join(&name[2..]),
        PathBuf::from(&name[..2]).join(&name[2..]),
        PathBuf::from(&name),
    ];
    let mut places = dirs.iter().flat_map(|dir| forms.iter().map(move |form| dir.join(form)));
    places.find(|place| place.is_file()).ok_or_else(|| {
        Fail::new(Exit::Failed, format!("object {digest} of the action is in none of the directories"))
            .hint("`--objects DIR` names a directory with objects; it may be given several times")
    })
}

/// Copies the action's objects into the store, each checked against its name.
fn take_in(store: &Store, action: &Action, dirs: &[PathBuf]) -> Result<(), Fail> {
    for digest in named(action) {
        if store.contains(digest) {
            continue;
        }
        let path = locate(digest, dirs)?;
        let (found, _) = store.put_file(&path)?;
        if found != digest {
            let message = format!("{} is damaged: its digest is {found}, not {digest}", path.display());
            return Err(Fail::new(Exit::Failed, message).hint("copy it again from where it is whole"));
        }
    }
    Ok(())
}

fn build(builder: &Builder<'_>, store: &Store, action: &Action) -> Result<Outcome, Fail> {
    let content = |digest: Digest| {
        let header = Header::open(&store.path(digest));
        header.map(|header| (digest, header.content())).map_err(|error| Fail::new(Exit::Failed, error))
    };
    let contents = action.buildroot().map(|package| content(package.digest));
    let contents = contents.collect::<Result<BTreeMap<_, _>, Fail>>()?;
    let key = action.key(|package| contents[&package])?;
    let document = store.put(&serde_json::to_vec(action)?)?;
    let progress = Progress::new("build", 1);
    let job = Job { step: &action.name, key, document, action, jobs: processors() };
    let outcome = builder.run(&job, &|phase| progress.doing(&format!("{} {phase}", action.name)))?;
    progress.end(&action.name);
    Ok(outcome)
}

/// Writes packages, log and `result.json`.
fn hand_out(store: &Store, outcome: &Outcome, out: &Path) -> Result<Shown, Fail> {
    let copy = |digest: Digest, name: &str| {
        let to = out.join(name);
        fs::write(&to, store.read(digest)?).map_err(|error| failed("write", &to, error))
    };
    let mut text = String::new();
    let log = match outcome {
        Outcome::Built(built) => {
            for package in built.all_packages() {
                let name = package.nevra.file_name();
                copy(package.digest, &name)?;
                let _ = writeln!(text, "{}", out.join(name).display());
            }
            Some(built.log)
        }
        Outcome::Failed(failed) => {
            let _ = writeln!(text, "{}", failed.message);
            failed.log
        }
        Outcome::NeedsMore(requires) => {
            let requires: Vec<_> = requires.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "it needs a larger buildroot, with {}", requires.join(", "));
            None
        }
    };
    if let Some(log) = log {
        copy(log, "build.log")?;
    }
    let result = out.join("result.json");
    fs::write(&result, serde_json::to_vec_pretty(outcome)?)
        .map_err(|error| failed("write", &result, error))?;
    let exit = if matches!(outcome, Outcome::Built(_)) { Exit::Fine } else { Exit::Build };
    Ok(Shown::new(outcome, text)?.exit(exit))
}

/// Writes the messages that a build farm is sent, and the input root's own files; builds nothing.
fn remote(args: &BuildAction, action: &Action) -> Result<Shown, Fail> {
    let size = |digest: Digest| -> Result<u64, Fail> {
        let path = locate(digest, &args.objects)?;
        Ok(fs::metadata(&path).map_err(|error| failed("read", &path, error))?.len())
    };
    let messages = heirloom_build::remote_execution(action, size)?;
    fs::create_dir_all(&args.out).map_err(|error| failed("make", &args.out, error))?;
    let document = serde_json::to_vec(action)?;
    let own = messages.iter().map(|message| (message.digest, &message.bytes));
    for (digest, bytes) in own.chain([(Digest::of(&document), &document)]) {
        let path = args.out.join(digest.to_string());
        fs::write(&path, bytes).map_err(|error| failed("write", &path, error))?;
    }
    let json = |message: &Message| {
        serde_json::json!({
            "kind": message.kind,
            "digest": { "hash": message.digest.to_string(), "sizeBytes": message.bytes.len().to_string() },
            "message": message.json,
        })
    };
    let all: Vec<_> = messages.iter().map(json).collect();
    let text = format!("{:#}", serde_json::Value::from(all.clone()));
    Shown::new(&all, text)
}
