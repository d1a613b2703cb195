//! Planning at the size of a distribution: Debian's indexes as RPM-shaped metadata. The indexes are given as files;
//! `cargo xtask bench plan` fetches them and calls this.
//!
//!     cargo bench -p heirloom-plan --bench debian -- SOURCES PACKAGES SOLUTIONS [COUNT]
//!
//! The first run solves everything and writes the file SOLUTIONS; if that is there, a run begins with what is known,
//! so that time and memory of ordering can be seen alone.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

mod convert;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use convert::Archive;
use heirloom_model::record::Plan;
use heirloom_model::{Dependency, Package};
use heirloom_plan::{Base, Input, Options, Solutions, Source};
use serde::{Deserialize, Serialize};

/// What every Debian build may take for granted.
const GROUP: &[&str] = &["build-essential"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the first run leaves.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Source packages that can't be built from this metadata.
    out: BTreeSet<String>,
    solutions: Solutions,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [sources, packages, kept, rest @ ..] = &arguments[..] else {
        println!("give the files SOURCES and PACKAGES of a Debian archive; `cargo xtask bench plan` does");
        return Ok(());
    };
    let archive = Archive::read(&std::fs::read_to_string(sources)?, &std::fs::read_to_string(packages)?);
    let (archive, bootstrap) = match rest.first().map(|count| count.parse::<usize>()).transpose()? {
        Some(count) => archive.part(count, GROUP),
        None => {
            let bootstrap = archive.packages.clone();
            (archive, bootstrap)
        }
    };
    let group: Vec<String> = GROUP.iter().map(|&name| name.to_owned()).collect();
    let base = heirloom_plan::base("x86_64", &bootstrap, &group)?;
    println!(
        "{} sources, {} packages of their own, {} in the bootstrap repository, {} in the base",
        archive.sources.len(),
        archive.packages.len(),
        bootstrap.len(),
        base.packages(&bootstrap).len()
    );
    match Path::new(kept).is_file() {
        false => first(archive, &bootstrap, &base, Path::new(kept)),
        true => again(archive, &bootstrap, &base, Path::new(kept)),
    }
}

/// Nothing is known.
fn first(mut archive: Archive, bootstrap: &[Package], base: &Base, kept: &Path) -> Result<()> {
    let planned = timed("plan, nothing known", || {
        heirloom_plan::plan(&input(&archive, bootstrap, base), &Solutions::default())
    })?;
    memory();
    println!("    {} solutions", planned.solutions.fresh());
    tell(&planned.plan);
    let out: BTreeSet<String> = planned.plan.unbuildable.iter().map(|(source, _)| source.clone()).collect();
    println!("    {} source packages can't be built from this metadata", out.len());
    archive.keep_without(&out);
    let known = heirloom_plan::plan(&input(&archive, bootstrap, base), &planned.solutions)?;
    std::fs::write(kept, serde_json::to_vec(&Kept { out, solutions: known.solutions })?)?;
    Ok(())
}

/// All is known from the first run.
fn again(mut archive: Archive, bootstrap: &[Package], base: &Base, kept: &Path) -> Result<()> {
    let kept: Kept = timed("reading what is known", || {
        Ok::<_, Box<dyn Error>>(serde_json::from_slice(&std::fs::read(kept)?)?)
    })?;
    archive.keep_without(&kept.out);
    let plan = {
        let input = input(&archive, bootstrap, base);
        let mut needs = timed("solving, nothing changed", || heirloom_plan::solve(&input, &kept.solutions))?;
        memory();
        let plan = timed("ordering", || heirloom_plan::order(&input, &mut needs))?;
        memory();
        plan
    };
    let sources: BTreeSet<_> = plan.steps.iter().map(|step| step.source.as_str()).collect();
    let low = "zlib";
    let affected =
        timed("affected by a change of zlib", || Ok::<_, String>(heirloom_plan::affected(&plan, low)))?;
    println!("    {} of {} builds, of {} source packages", affected.len(), plan.steps.len(), sources.len());
    drop(plan);
    let leaf = archive.sources.len() - 1;
    archive.sources[leaf].1.build_requires.push(Dependency::any("tar"));
    changed("planning, a build requirement changed", &archive, bootstrap, base, &kept.solutions)?;
    let leaf = archive.packages.iter().position(|package| package.nevra.name() == "hello").unwrap_or(0);
    archive.packages[leaf].requires.push(Dependency::any("tar"));
    changed("planning, a leaf package changed too", &archive, bootstrap, base, &kept.solutions)
}

fn changed(
    what: &str,
    archive: &Archive,
    bootstrap: &[Package],
    base: &Base,
    known: &Solutions,
) -> Result<()> {
    let input = input(archive, bootstrap, base);
    let planned = timed(what, || heirloom_plan::plan(&input, known))?;
    println!("    {} solved again", planned.solutions.fresh());
    Ok(())
}

fn input<'a>(archive: &'a Archive, bootstrap: &'a [Package], base: &'a Base) -> Input<'a> {
    Input {
        arch: "x86_64",
        sources: archive
            .sources
            .iter()
            .map(|(name, evaluated)| Source { name, evaluated, learned: None, learned_bootstrap: None })
            .collect(),
        bootstrap,
        earlier: &[],
        base,
        reference: &archive.packages,
        options: Options { keep_going: true, threads: 2, ..Options::default() },
    }
}

fn timed<T, E>(what: &str, work: impl FnOnce() -> std::result::Result<T, E>) -> std::result::Result<T, E> {
    let began = Instant::now();
    let done = work()?;
    println!("{what:40} {:8.3} s", began.elapsed().as_secs_f64());
    Ok(done)
}

fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
    };
    let mib = |key: &str| of(key).unwrap_or_default() / 1024;
    println!("    memory: {} MiB, at most {} MiB so far", mib("VmRSS:"), mib("VmHWM:"));
}

fn tell(plan: &Plan) {
    let mut sizes: Vec<_> = plan.cycles.iter().map(|cycle| cycle.members.len()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let crutches = plan.cycles.iter().flat_map(|cycle| &cycle.crutches);
    let packages: usize = crutches.clone().map(|crutch| crutch.packages.len()).sum();
    println!(
        "    {} steps, {} waves, {} needs, {} foreign",
        plan.steps.len(),
        plan.steps.last().map_or(0, |step| step.wave),
        plan.steps.iter().map(|step| step.needs.len()).sum::<usize>(),
        plan.steps.iter().map(|step| step.foreign.len()).sum::<usize>()
    );
    println!(
        "    {} cycles, the largest of {:?} sources; {} crutches of {packages} packages",
        sizes.len(),
        &sizes[..sizes.len().min(5)],
        crutches.count()
    );
}
