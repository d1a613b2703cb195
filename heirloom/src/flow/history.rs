//! Keeps the own dist-git history of every source package: what came, and what is built of it.

use heirloom_formats::spec::{Lines, Spec};
use heirloom_import::history::{self, Entry, Identity};
use heirloom_model::record::{Edit, Imported};

use super::gather::Gathered;
use super::{debranding, work};
use crate::context::Context;
use crate::fail::Fail;
use crate::ui::Progress;

/// Directory of the histories in the state directory.
pub(crate) const DIST_GIT: &str = "dist-git";

/// Histories that are written at a time: each waits for the disk.
const AT_ONCE: usize = 8;

/// Records what is new.
pub(super) fn record(context: &Context, gathered: &Gathered) -> Result<(), Fail> {
    let dir = context.store.dir().join(DIST_GIT);
    let distribution = &context.definition.distribution;
    let email = format!("import@{}", host(&distribution.home_url));
    let identity = Identity { name: &distribution.vendor, email: &email };
    let all: Vec<_> = gathered.upstream.iter().chain(&gathered.modular).collect();
    let progress = Progress::new("history", all.len());
    let done = work::each(&all, AT_ONCE, |pristine| {
        let debranded = gathered.debranded.get(&pristine.name);
        let result = debranded.map_or(*pristine, |it| &it.result);
        let edits: &[Edit] = debranded.map_or(&[], |it| &it.edits);
        if history::is_recorded(&dir, pristine, result)? {
            return Ok::<_, Fail>(false);
        }
        let (version, time) = facts(context, pristine)?;
        let entry = Entry { pristine, result, edits, version: &version, time };
        let committed = history::record(&context.store, &dir, identity, &entry)?;
        progress.tick(&pristine.name);
        Ok(committed.new)
    })?;
    let new = done.into_iter().filter(|new| *new).count();
    progress.end(&format!("{new} source packages with a new commit, in {}", dir.display()));
    Ok(())
}

/// What the tags of an import are called, and when it was published: by upstream's word, else by the spec file's.
fn facts(context: &Context, source: &Imported) -> Result<(String, u64), Fail> {
    let spec = source.files.iter().find(|file| file.name == source.spec);
    let lines = spec.map(|file| context.store.read(file.digest)).transpose()?.unwrap_or_default();
    let lines = Lines::read(&lines);
    let spec = Spec::read(&lines);
    let evr = match &source.nevra {
        Some(nevra) => Some(nevra.evr().clone()),
        None => spec.identity(Some(&context.definition.distribution.dist)).evr(),
    };
    let name = debranding::plain(&source.name);
    let version = evr.map(|evr| format!("{name}-{}-{}", evr.version(), evr.release()));
    // What runs code to know its version is called by what it is.
    let version = version.unwrap_or_else(|| format!("{name}-{:.12}", source.digest().to_string()));
    let newest = || spec.changelog().next().map_or(0, |entry| entry.day.unix());
    Ok((version, source.published.unwrap_or_else(newest)))
}

/// The host of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
