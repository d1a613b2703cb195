//! `heirloom gate`: whether a set of repositories may reach clients.
//!
//! It judges any rpm-md repositories, and needs no definition. The definition's own compose is judged where it is made,
//! by the same [`heirloom_compose::gate::ask`]; whoever lets this verb ask about it without arguments joins it in [`run`]:
//! an input made of the compose in place of [`reading::Read::input`].

mod reading;
mod text;

use std::path::Path;

use heirloom_compose::gate;
use heirloom_formats::definition::DefinitionError;
use heirloom_model::DistMap;
use heirloom_model::gate::Waiver;

use crate::cli::Gate;
use crate::fail::{Exit, Fail};
use crate::flow::told;
use crate::ui::Shown;

pub(crate) fn run(args: &Gate) -> Result<Shown, Fail> {
    let waivers = args.waivers.as_deref().map_or(Ok(Vec::new()), waivers)?;
    let today = args.today.unwrap_or_else(told::today);
    let dist = DistMap::join(args.dist_map.iter().cloned());
    let read = reading::Read::new(args)?;
    let report = gate::ask(&read.input(&dist, &waivers, today))?;
    let exit = if report.is_refused() { Exit::Promise } else { Exit::Fine };
    Ok(Shown::new(&report, text::text(&report))?.exit(exit))
}

/// Reads a file of waivers.
fn waivers(path: &Path) -> Result<Vec<Waiver>, Fail> {
    let rules: Vec<_> = gate::rules().iter().map(|rule| rule.name).collect();
    heirloom_formats::waivers::load(path, &rules).map_err(|error| match error {
        DefinitionError::Unreadable { path, source } => {
            Fail::new(Exit::Failed, format!("can't read the waivers {}: {source}", path.display()))
        }
        wrong => wrong.into(),
    })
}
