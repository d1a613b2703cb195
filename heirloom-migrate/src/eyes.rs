//! How a migration looks at the machine: clock and assessments.

use std::time::{SystemTime, UNIX_EPOCH};

use heirloom_migrate::apply::Eyes;
use heirloom_migrate::assess::{assess, state};
use heirloom_migrate::facts::Assessment;
use heirloom_migrate::machine::Machine;

/// Version of this program.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Those of this program.
pub(crate) struct Real;

impl Eyes for Real {
    fn now(&self) -> u64 {
        now()
    }

    fn state(&self, machine: &Machine) -> Result<String, String> {
        state(machine)
    }

    fn assess(&self, machine: &Machine) -> Result<Option<Assessment>, String> {
        Ok(Some(assess(machine, now(), PROGRAM)))
    }
}
