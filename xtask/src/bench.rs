//! `cargo xtask bench`: the program beside the field's own tools, in one run, taking turns.
//!
//! `rebuild` measures building, `world` all of the upstream, `many` thousands of small packages, `sources` importing
//! and debranding thousands, `log` the public log, `repodata` metadata, `compare` comparing, `plan` planning, `gate` judging,
//! `sbom` lists of parts; without a name all
//! are run, but `errata`, which needs real documents. Prints medians with
//! minimum and maximum; of planning, single runs. BENCHMARKS.md keeps what was measured, on what.

mod compare;
mod cost;
mod errata;
mod gate;
mod log;
mod many;
mod plan;
mod rebuild;
mod repodata;
mod sbom;
mod site;
mod sources;
mod world;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

/// Small source packages that are built if no other number is given.
const MANY: usize = 300;

/// Source packages that are imported and debranded if no other number is given.
const SOURCES: usize = 3000;

/// Packages that are judged if no other number is given.
const GATE: usize = 60_000;

/// Builds whose parts are listed if no other number is given.
const SBOMS: usize = 3000;

/// Rounds of each measurement.
const ROUNDS: usize = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs the benchmarks that are named after `bench`.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let pairs = std::env::var_os("HEIRLOOM_PAIRS").map(PathBuf::from);
    match args {
        [] => {
            rebuild::run()?;
            world::run()?;
            many::run(MANY)?;
            sources::run(SOURCES)?;
            plan::run()?;
            gate::run(GATE)?;
            sbom::run(SBOMS)?;
            repodata::run(&repodata::SIZES)?;
            log::run()?;
            compare::made()?;
            pairs.map_or(Ok(()), |dir| compare::real(&dir))
        }
        ["rebuild"] => rebuild::run(),
        ["world"] => world::run(),
        ["many"] => many::run(MANY),
        ["many", count] => many::run(count.parse()?),
        ["sources"] => sources::run(SOURCES),
        ["sources", count] => sources::run(count.parse()?),
        ["plan"] => plan::run(),
        ["gate"] => gate::run(GATE),
        ["gate", count] => gate::run(count.parse()?),
        ["log"] => log::run(),
        ["repodata"] => repodata::run(&repodata::SIZES),
        ["repodata", counts @ ..] => {
            let counts: std::result::Result<Vec<usize>, _> =
                counts.iter().map(|count| count.parse()).collect();
            repodata::run(&counts?)
        }
        ["sbom"] => sbom::run(SBOMS),
        ["sbom", count] => sbom::run(count.parse()?),
        ["compare"] => {
            compare::made()?;
            pairs.map_or(Ok(()), |dir| compare::real(&dir))
        }
        ["compare", dir] => compare::real(Path::new(dir)),
        ["errata", dir] => errata::run(Path::new(dir)),
        _ => Err(format!(
            "no benchmark is called `{}`: rebuild, world, many, many COUNT, sources, sources COUNT, plan, gate, gate COUNT, log, sbom, sbom COUNT, repodata, repodata COUNT.., compare, compare DIR, errata DIR",
                    args.join(" ")
                )
        .into()),
    }
}

/// The release build of the program.
fn heirloom() -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/heirloom");
    path.canonicalize()
        .map_err(|_| "target/release/heirloom: build it before: cargo build --release -p heirloom".into())
}

/// A crate's own benchmark, compiled.
fn compiled(package: &str, bench: &str) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--quiet", "--package", package, "--bench", bench, "--no-run"]);
    let output = cargo.args(["--message-format", "json"]).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut made = messages
        .filter(|message| message["target"]["name"] == bench)
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    made.next().ok_or_else(|| format!("the benchmark {bench} of {package} can't be compiled").into())
}

fn seconds<T>(work: impl FnOnce() -> Result<T>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}

fn figures(all: &mut [f64]) -> String {
    all.sort_by(f64::total_cmp);
    match (all.first(), all.get(all.len() / 2), all.last()) {
        (Some(least), Some(median), Some(most)) => {
            format!("{median:7.3} s  ({least:.3} to {most:.3}, {} runs)", all.len())
        }
        _ => "no runs".to_owned(),
    }
}

/// Runs a tool to its end; its standard output.
fn run_tool(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "{command:?} failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
    }
}
