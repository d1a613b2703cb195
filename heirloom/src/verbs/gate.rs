//! `heirloom gate`: whether a set of repositories may reach clients. Without any, it judges what `heirloom compose` would
//! publish.

mod reading;
mod text;

use heirloom_compose::gate;
use heirloom_model::DistMap;
use heirloom_model::gate::GateReport;

use crate::cli::{BuildArgs, Gate};
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::waiving::{self, Of};
use crate::flow::{self, comparing, composing, lifecycle, told};
use crate::ui::Shown;

pub(crate) fn run(args: &Gate, open: impl FnOnce() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    let report = match args.repository.is_empty() {
        true => of_definition(&open()?)?,
        false => of_repositories(args)?,
    };
    let exit = if report.is_refused() { Exit::Promise } else { Exit::Fine };
    Ok(Shown::new(&report, text::text(&report))?.exit(exit))
}

/// What the gate says of the definition's own compose, which is not published.
fn of_definition(context: &Context) -> Result<GateReport, Fail> {
    let (gathered, builds) = flow::built(context, &BuildArgs::default())?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    Ok(composing::draft(context, &gathered, &judgement)?.report)
}

fn of_repositories(args: &Gate) -> Result<GateReport, Fail> {
    let waivers = args.waivers.as_deref();
    let waivers = waivers.map_or(Ok(Vec::new()), |file| waiving::load(file, Of::Gate))?;
    let today = args.today.unwrap_or_else(told::today);
    let dist = DistMap::join(args.dist_map.iter().cloned());
    let life = args.lifecycle.as_deref().map(heirloom_formats::lifecycle::load).transpose()?;
    let major = life.as_ref().map(|life| lifecycle::major(life, args.major)).transpose()?;
    let read = reading::Read::new(args)?;
    Ok(gate::ask(&read.input(&dist, &waivers, major, today))?)
}
