//! `heirloom build-action FILE`: runs one action that is complete in itself, without a definition.

use std::fs;
use std::path::PathBuf;

use heirloom_build::{Message, Outcome};
use heirloom_model::Digest;
use heirloom_model::record::Action;
use heirloom_store::Store;

use crate::cli::BuildAction;
use crate::fail::{Exit, Fail};
use crate::flow::acting::{self, failed, places};
use crate::ui::Shown;

pub(crate) fn run(args: &BuildAction) -> Result<Shown, Fail> {
    let text = fs::read(&args.action).map_err(|error| failed("read", &args.action, error))?;
    let action: Action = serde_json::from_slice(&text).map_err(|error| {
        Fail::new(Exit::Definition, format!("{} is not an action: {error}", args.action.display()))
            .hint("an action is the JSON document that a `built` or `ran` record names")
    })?;
    if args.remote_execution {
        return remote(args, &action);
    }
    acting::check_builder(&action)?;
    fs::create_dir_all(&args.out).map_err(|error| failed("make", &args.out, error))?;
    let state = args.state.clone().unwrap_or_else(|| args.out.join("state"));
    let store = Store::open(&state)?;
    take_in(&store, &action, &args.objects)?;
    let builder = acting::builder(&store)?;
    let outcome = acting::build(&builder, &store, &action)?;
    let text = acting::hand_out(&store, &outcome, &args.out)?;
    let exit = if matches!(outcome, Outcome::Built(_)) { Exit::Fine } else { Exit::Build };
    let shown = Shown::new(&outcome, text)?.exit(exit);
    if args.state.is_none() {
        builder.remove_roots()?;
        drop(store);
        fs::remove_dir_all(&state).map_err(|error| failed("remove", &state, error))?;
    }
    Ok(shown)
}

/// Where an object is: in a directory of a store, or named by its digest alone.
fn locate(digest: Digest, dirs: &[PathBuf]) -> Result<PathBuf, Fail> {
    places::by_name(digest, dirs).ok_or_else(|| {
        Fail::new(Exit::Failed, format!("object {digest} of the action is in none of the directories"))
            .hint("`--objects DIR` names a directory with objects; it may be given several times")
    })
}

/// Copies the action's objects into the store, each checked against its name.
fn take_in(store: &Store, action: &Action, dirs: &[PathBuf]) -> Result<(), Fail> {
    for digest in acting::named(action) {
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
