//! `heirloom gate`: whether a set of repositories may reach clients.
//!
//! It judges any rpm-md repositories, and needs no definition. The definition's own compose is judged where it is made,
//! by the same [`heirloom_compose::gate::ask`]; whoever lets this verb ask about it without arguments joins it in [`run`]:
//! an input made of the compose in place of [`reading::Read::input`].

mod reading;
mod text;

use heirloom_compose::gate;
use heirloom_model::DistMap;

use crate::cli::Gate;
use crate::fail::{Exit, Fail};
use crate::flow::told;
use crate::flow::waiving::{self, Of};
use crate::ui::Shown;

pub(crate) fn run(args: &Gate) -> Result<Shown, Fail> {
    let waivers = args.waivers.as_deref();
    let waivers = waivers.map_or(Ok(Vec::new()), |file| waiving::load(file, Of::Gate))?;
    let today = args.today.unwrap_or_else(told::today);
    let dist = DistMap::join(args.dist_map.iter().cloned());
    let read = reading::Read::new(args)?;
    let report = gate::ask(&read.input(&dist, &waivers, today))?;
    let exit = if report.is_refused() { Exit::Promise } else { Exit::Fine };
    Ok(Shown::new(&report, text::text(&report))?.exit(exit))
}
