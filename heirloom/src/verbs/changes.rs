//! `heirloom changes`: what an update brings, and whether it breaks anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heirloom_model::gate::GateReport;
use heirloom_model::record::{Channel, Snapshot};
use heirloom_store::Store;
use schemars::JsonSchema;
use serde::Serialize;

use super::compare;
use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::changes::{self, Changes, Side};
use crate::flow::waiving::{self, Of};
use crate::flow::{pairing, stability};
use crate::report;
use crate::ui::{Shown, tell};

/// What `heirloom changes --format json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Document<'a> {
    #[serde(flatten)]
    pub(crate) changes: &'a Changes,
    /// With `--gate`, whether a gated channel would refuse the update.
    pub(crate) refused: Option<bool>,
    /// With `--gate`, what is blocked and accepted by a waiver.
    pub(crate) waived: Vec<WaivedChange>,
}

/// A blocked change that a waiver accepts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct WaivedChange {
    /// The rule.
    pub(crate) rule: String,
    /// The package.
    pub(crate) package: String,
    /// What was seen.
    pub(crate) detail: String,
    /// Why it is accepted.
    pub(crate) reason: String,
    /// The last day on which it is.
    pub(crate) until: String,
}

/// Where a state is.
enum Named {
    /// A directory or a URL.
    Place(String),
    /// A snapshot, with the name that it was asked by.
    Snapshot(Box<Snapshot>, String),
}

/// Tells what changes.
pub(crate) fn run(args: &cli::Changes, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let places = [&args.from, &args.to].map(|name| name.as_deref().filter(|name| is_place(name)));
    let context = match places {
        [Some(_), Some(_)] => None,
        _ => Some(open()?),
    };
    let named =
        |place: Option<&str>, name: Option<&str>, default: fn(&Context) -> Result<Snapshot, Fail>| match (
            place, &context, name,
        ) {
            (Some(place), _, _) => Ok(Named::Place(place.to_owned())),
            (None, Some(context), Some(name)) => {
                Ok(Named::Snapshot(Box::new(find(context, name)?), name.to_owned()))
            }
            (None, Some(context), None) => Ok(Named::Snapshot(Box::new(default(context)?), String::new())),
            (None, None, _) => Err(Fail::new(Exit::Usage, "name what is held against what")),
        };
    let from = named(places[0], args.from.as_deref(), present)?;
    let to = named(places[1], args.to.as_deref(), newest)?;
    let own = context.is_none().then(|| cache(args)).transpose()?.flatten();
    let store = context.as_ref().map(|context| &context.store).or(own.as_ref());
    let side = |named: &Named| match (named, &context) {
        (Named::Snapshot(snapshot, name), Some(context)) => stability::side(context, snapshot, name),
        (Named::Snapshot(..), None) => Err(Fail::new(Exit::Usage, "a snapshot needs a definition")),
        (Named::Place(place), _) => Side::place(place, &args.key, store),
    };
    let (old, new) = (side(&from)?, side(&to)?);
    let mut declared =
        context.as_ref().map_or_else(BTreeMap::new, |it| it.definition.stability.levels.clone());
    declared.extend(args.level.iter().cloned());
    let levels = changes::levels(&declared, "compatibility levels", Exit::Usage)?;
    let changes = changes::between(&old, &new, &levels, store)?;
    let gate = args.gate.then(|| judged(args, context.as_ref(), &changes)).transpose()?;
    shown(args, &changes, gate.as_ref())
}

fn judged(args: &cli::Changes, context: Option<&Context>, changes: &Changes) -> Result<GateReport, Fail> {
    let waivers = match (&args.waivers, context) {
        (Some(file), _) => waiving::load(file, Of::Stability)?,
        (None, Some(context)) => waiving::declared(context, Of::Stability)?,
        (None, None) => Vec::new(),
    };
    Ok(stability::report(changes, &waivers))
}

fn shown(args: &cli::Changes, changes: &Changes, gate: Option<&GateReport>) -> Result<Shown, Fail> {
    if let Some(path) = &args.html {
        std::fs::write(path, report::changes_html(changes, gate)).map_err(|error| {
            Fail::new(Exit::Failed, format!("{}: can't be written: {error}", path.display()))
        })?;
    }
    let waived = gate.iter().flat_map(|gate| &gate.waived).map(|waived| WaivedChange {
        rule: waived.finding.rule.clone(),
        package: waived.finding.package.as_ref().map_or_else(String::new, ToString::to_string),
        detail: waived.finding.detail.clone(),
        reason: waived.reason.clone(),
        until: waived.until.to_string(),
    });
    let document = Document { changes, refused: gate.map(GateReport::is_refused), waived: waived.collect() };
    let shown = Shown::new(&document, report::changes(changes, gate))?;
    match gate.filter(|gate| gate.is_refused()) {
        None => Ok(shown),
        Some(gate) => {
            let heading = format!("{} may not replace {}", changes.to.name, changes.from.name);
            tell(&stability::refusal(&heading, gate));
            Ok(shown.exit(Exit::Promise))
        }
    }
}

/// A directory wins over a snapshot or channel of its name.
fn is_place(name: &str) -> bool {
    pairing::is_url(name) || name.contains('/') || Path::new(name).is_dir()
}

/// The store of results and fetched packages, where no distribution has one. Packages at URLs need it; results can do
/// without, for example while another process holds it.
fn cache(args: &cli::Changes) -> Result<Option<Store>, Fail> {
    let dir: PathBuf = args.cache.clone().map_or_else(compare::cache, Ok)?;
    let fetches = [&args.from, &args.to].iter().any(|name| name.as_deref().is_some_and(pairing::is_url));
    match Store::open(&dir) {
        Ok(store) => Ok(Some(store)),
        Err(error) if fetches || args.cache.is_some() => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// A channel's snapshot, a snapshot by its name, or the newest of a day.
fn find(context: &Context, name: &str) -> Result<Snapshot, Fail> {
    if let Some(channel) = context.store.get::<Channel>(name)? {
        return stability::snapshot(context, &channel.snapshot);
    }
    let mut of_day: Vec<Snapshot> = context.store.all::<Snapshot>()?;
    of_day.retain(|snapshot| snapshot.name == name || snapshot.day.to_string() == name);
    of_day.into_iter().max_by(|a, b| (a.made, &a.name).cmp(&(b.made, &b.name))).ok_or_else(|| {
        Fail::new(Exit::Failed, format!("{name}: there is no such snapshot, channel or directory"))
            .hint("`heirloom snapshots` lists snapshots and channels")
    })
}

/// What users have: the snapshot of the channel `stable`, or else of the first that is published to.
fn present(context: &Context) -> Result<Snapshot, Fail> {
    let distribution = &context.definition.distribution;
    let major = distribution.version.split('.').next().unwrap_or_default().to_owned();
    let channels = context.definition.publish.channels.clone().unwrap_or_else(|| vec![major]);
    for name in ["stable"].into_iter().chain(channels.first().map(String::as_str)) {
        if let Some(channel) = context.store.get::<Channel>(name)? {
            return stability::snapshot(context, &channel.snapshot);
        }
    }
    let names = channels.first().map_or_else(String::new, |name| format!(" or `{name}`"));
    Err(Fail::new(Exit::Failed, format!("nothing is published: there is no channel `stable`{names}"))
        .hint("name what is held against what: `heirloom changes FROM TO`"))
}

fn newest(context: &Context) -> Result<Snapshot, Fail> {
    let all = context.store.all::<Snapshot>()?.into_iter();
    all.max_by(|a, b| (a.made, &a.name).cmp(&(b.made, &b.name))).ok_or_else(|| {
        Fail::new(Exit::Failed, "there is no snapshot yet").hint("`heirloom compose` makes one")
    })
}
