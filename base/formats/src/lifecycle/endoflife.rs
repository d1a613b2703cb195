//! The array of cycles that endoflife.date's API gives of a product (`/api/PRODUCT.json`, version 0):
//! <https://endoflife.date/docs/api/>.
//!
//! Version 1 of that API also says what holds today (`isEol`, `isMaintained`). A file can't know the day on which it is
//! read, and would be wrong on the next.

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Lifecycle, Major, PhaseKind};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cycle<'a> {
    cycle: String,
    release_date: Option<Date>,
    /// End of security fixes for everybody: of what comes before the extended phase.
    eol: Option<Date>,
    /// End of active development.
    support: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_support: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_release_date: Option<Date>,
    lts: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    link: &'a str,
}

/// Writes the array, the newest major version first. `latest` is the newest minor on the day of the document.
///
/// # Errors
/// None that a record could cause.
pub fn to_endoflife(lifecycle: &Lifecycle) -> Result<String, serde_json::Error> {
    let cycles: Vec<_> = lifecycle.majors.iter().rev().map(|major| cycle(lifecycle, major)).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&cycles)?))
}

fn cycle<'a>(lifecycle: &'a Lifecycle, major: &Major) -> Cycle<'a> {
    let end = |kind| major.phases.iter().find(|phase| phase.kind == kind).map(|phase| phase.ends);
    let before = major.phases.iter().rev().find(|phase| phase.kind != PhaseKind::Extended);
    let latest = major.newest_minor(lifecycle.updated);
    Cycle {
        cycle: major.version.to_string(),
        release_date: major.begins(),
        eol: before.map(|phase| phase.ends).or_else(|| major.ends()),
        support: end(PhaseKind::Full).or_else(|| major.ends()),
        extended_support: end(PhaseKind::Extended),
        latest: latest.map(|minor| format!("{}.{}", major.version, minor.version)),
        latest_release_date: latest.map(|minor| minor.released),
        lts: false,
        link: &lifecycle.url,
    }
}
