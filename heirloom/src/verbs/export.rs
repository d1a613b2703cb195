//! `heirloom export`: the results of builds as mock leaves them: packages, log, buildroot lock, resources.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use heirloom_import::repository;
use heirloom_model::record::{Action, Built, Ran, RepositoryState};
use serde::Serialize;

use super::why;
use crate::cli::Export;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::gather::Foreign;
use crate::flow::lock;
use crate::ui::Shown;

/// One directory that was written.
#[derive(Serialize)]
struct Exported {
    step: String,
    dir: String,
    files: Vec<String>,
}

pub(crate) fn run(context: &Context, args: &Export) -> Result<Shown, Fail> {
    let plan = why::plan(context)?;
    let mut sources = Vec::new();
    for package in &args.packages {
        let found = why::sources_of(context, &plan, package)?;
        if found.is_empty() {
            return Err(why::unknown(&plan, package));
        }
        sources.extend(found);
    }
    let chosen = |source: &str, id: &str| match sources.is_empty() {
        // All results that count.
        true => !id.contains(':'),
        false => sources.iter().any(|name| name == source),
    };
    let foreign = foreign(context)?;
    let mut all = Vec::new();
    for step in plan.steps.iter().filter(|step| chosen(&step.source, &step.id)) {
        let Some(ran) = context.store.get::<Ran>(&step.id)? else { continue };
        let Some(built) =
            ran.action.map(|key| context.store.get::<Built>(&key.to_string())).transpose()?.flatten()
        else {
            continue;
        };
        // A colon has a meaning in many tools' paths.
        let dir = args.out.join(step.id.replace(':', "-"));
        let files = write(context, &foreign, &built, &ran, &dir)?;
        all.push(Exported { step: step.id.to_string(), dir: dir.display().to_string(), files });
    }
    if all.is_empty() {
        return Err(Fail::new(Exit::Failed, "nothing of it is built").hint("run `heirloom build`"));
    }
    let mut text = String::new();
    for exported in &all {
        let _ = writeln!(text, "{}: {} files in {}", exported.step, exported.files.len(), exported.dir);
    }
    Shown::new(&all, text)
}

/// The repositories that were imported last.
fn foreign(context: &Context) -> Result<Vec<Foreign>, Fail> {
    let states = context.store.all::<RepositoryState>()?;
    let foreign = states.into_iter().map(|state| {
        let packages = repository::packages(&context.store, &state)?;
        Ok(Foreign { name: state.name.clone(), state, packages })
    });
    foreign.collect()
}

fn write(
    context: &Context,
    foreign: &[Foreign],
    built: &Built,
    ran: &Ran,
    dir: &Path,
) -> Result<Vec<String>, Fail> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Fail::new(Exit::Failed, format!("can't write {}: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    let store = &context.store;
    let mut files = Vec::new();
    let copies = built.all_packages();
    let copies = copies.map(|package| (package.nevra.file_name(), package.digest));
    for (name, digest) in copies.chain([("build.log".to_owned(), built.log)]) {
        let to = dir.join(&name);
        let from = store.verify(digest)?;
        fs::copy(&from, &to).map_err(|error| failed(&to, &error))?;
        files.push(name);
    }
    let action: Action = serde_json::from_slice(&store.read(ran.document.unwrap_or(built.document))?)?;
    let texts = [
        ("buildroot_lock.json", lock::lock(context, foreign, &action)?),
        ("action.json", format!("{:#}\n", serde_json::to_value(&action)?)),
        ("resources.json", format!("{:#}\n", serde_json::to_value(built.resources)?)),
    ];
    for (name, text) in texts {
        let to = dir.join(name);
        fs::write(&to, text).map_err(|error| failed(&to, &error))?;
        files.push(name.to_owned());
    }
    files.sort();
    Ok(files)
}
