//! The public log, at the size of a distribution. No other tool appends to such logs by files alone; the measuring is
//! `base/tlog/benches/log.rs`.

use std::process::Command;

use super::Result;

/// Measures a log of 100,000 entries.
pub(super) fn run() -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--quiet", "--package", "heirloom-tlog", "--bench", "log"]);
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err("the benchmark of the log failed".into()),
    }
}
