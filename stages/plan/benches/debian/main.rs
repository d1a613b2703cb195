//! Planning at the size of a distribution: Debian's indexes as RPM-shaped metadata. The indexes are given as files;
//! `cargo xtask bench plan` fetches them and calls this.
//!
//!     cargo bench -p heirloom-plan --bench debian -- SOURCES PACKAGES [COUNT]
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

mod convert;

use std::error::Error;
use std::time::Instant;

use convert::Archive;
use heirloom_model::Package;
use heirloom_model::record::Plan;
use heirloom_plan::{Base, Input, Options, Solutions, Source};

/// What every Debian build may take for granted.
const GROUP: &[&str] = &["build-essential"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [sources, packages, rest @ ..] = &arguments[..] else {
        println!("give the files SOURCES and PACKAGES of a Debian archive; `cargo xtask bench plan` does");
        return Ok(());
    };
    let archive = Archive::read(&std::fs::read_to_string(sources)?, &std::fs::read_to_string(packages)?);
    match rest.first().map(|count| count.parse::<usize>()).transpose()? {
        Some(count) => {
            let (part, bootstrap) = archive.part(count, GROUP);
            drop(archive);
            measure(&part, &bootstrap)
        }
        None => measure(&archive, &archive.packages),
    }
}

fn measure(archive: &Archive, bootstrap: &[Package]) -> Result<(), Box<dyn Error>> {
    println!(
        "{} sources, {} packages of their own, {} packages in the bootstrap repository",
        archive.sources.len(),
        archive.packages.len(),
        bootstrap.len()
    );
    let group: Vec<String> = GROUP.iter().map(|&name| name.to_owned()).collect();
    let base = heirloom_plan::base("x86_64", bootstrap, &group)?;
    memory("input");
    let input = input(archive, bootstrap, &base);
    let planned = timed("plan, nothing known", || heirloom_plan::plan(&input, &Solutions::default()))?;
    memory("plan, nothing known");
    tell(&planned.plan);
    println!("    {} solutions", planned.solutions.fresh());
    println!("    unbuildable: {}", planned.plan.unbuildable.len());
    for (source, why) in planned.plan.unbuildable.iter().take(3) {
        println!("      {source}: {}", why.lines().next().unwrap_or_default());
    }
    // From here on without what can't be built: ordering is to be measured alone.
    let out = planned.plan.unbuildable.iter().map(|(source, _)| source.as_str()).collect();
    let archive = archive.without(&out);
    let input = self::input(&archive, bootstrap, &base);
    let known = heirloom_plan::plan(&input, &planned.solutions)?;
    drop(planned);
    let again = timed("plan, nothing changed", || heirloom_plan::plan(&input, &known.solutions))?;
    println!("    {} solutions, same plan: {}", again.solutions.fresh(), again.plan == known.plan);
    drop(again);
    let mut needs = timed("needs, nothing changed", || heirloom_plan::solve(&input, &known.solutions))?;
    let plan = timed("order alone", || heirloom_plan::order(&input, &mut needs))?;
    println!("    same plan: {}", plan == known.plan);
    memory("order");
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

fn timed<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let began = Instant::now();
    let done = work()?;
    println!("{what:32} {:8.3} s", began.elapsed().as_secs_f64());
    Ok(done)
}

fn memory(what: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
    };
    let mib = |key: &str| of(key).unwrap_or_default() / 1024;
    println!("    memory after {what}: {} MiB, at most {} MiB", mib("VmRSS:"), mib("VmHWM:"));
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
