//! VEX in CSAF 2.0 (profile `csaf_vex`, section 4.5): what is said of one vulnerability, in one document.
//!
//! A package in all of its versions is a product without a version, as Red Hat has it: `red_hat_enterprise_linux_9:samba`.
//! That there will be no fix is a remediation `no_fix_planned` of a product that is affected.

mod read;
mod write;

use heirloom_model::advisory::vex::Vex;

pub use read::read;
pub use write::write;

/// Title of the note that says why a CVE was rejected.
const REJECTED: &str = "Rejected";
/// What stands where the standard asks for a text and nothing is said.
const NOT_AFFECTED: &str = "It is not affected.";
const NO_FIX_YET: &str = "There is no fix yet.";

/// Where the document of a vulnerability is: `csaf/white/2026/cve-2026-0001.json`.
#[must_use]
pub fn path(vex: &Vex) -> String {
    let first = vex.history.iter().map(|one| one.date).fold(vex.issued, jiff::Timestamp::min);
    super::write::placed(first, &vex.cve.as_str().to_ascii_lowercase())
}
