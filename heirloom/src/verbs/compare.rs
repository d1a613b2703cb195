//! `heirloom compare`: verdicts and the differences that matter.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heirloom_compare::{DistMap, Options};
use heirloom_model::Verdict;
use heirloom_model::allowance::{self, AllowanceUse};
use heirloom_model::record::{Compared, Promise};
use heirloom_sign::SecretKey;
use serde::Serialize;

use super::verify_certificate;
use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail, chain};
use crate::flow::comparing::{self, Judgement, Standing};
use crate::flow::pairing::{self, Set};
use crate::flow::{self, rollup, told};
use crate::report::{self, Document, IdleAllowance, Package, Report};
use crate::ui::{Shown, say};

/// Makes a report.
type Form = fn(&Report<'_>) -> String;

/// Compares two files, or two sets of packages.
pub(crate) fn run(args: &cli::Compare) -> Result<Shown, Fail> {
    let key = key(args)?;
    let options = options(&args.told)?;
    let (allowances, today) = (options.allowances.clone(), options.today);
    if let [reference, rebuilt] = &args.pair[..] {
        if let Some(dir) = args.pair.iter().find(|path| path.is_dir()) {
            return Err(Fail::new(Exit::Failed, format!("{}: is a directory", dir.display()))
                .hint("directories are compared by --reference DIR --rebuild DIR"));
        }
        let compared = heirloom_compare::compare(reference, rebuilt, &options)?;
        let idle = allowance::unused_or_expired(&allowances, [uses(&compared)], today);
        let report = Report {
            verdict: compared.verdict,
            promise: promise(args),
            packages: vec![Package { source: compared.nevra.name(), compared: &compared }],
            rollup: None,
            findings: &[],
            allowances: &[],
            idle: idle.into_iter().map(IdleAllowance::from).collect(),
        };
        write(args, &report, key.as_ref())?;
        return shown(args, &report, &compared);
    }
    let reference = Set { locations: &args.reference, keys: &args.told.reference_key };
    let rebuild = Set { locations: &args.rebuild, keys: &args.rebuild_key };
    let cache = || args.cache.clone().map_or_else(cache, Ok);
    let comparison = pairing::compare(&reference, &rebuild, cache, options)?;
    let of_pairs = comparison.packages.iter().map(|pair| uses(&pair.compared));
    let idle = allowance::unused_or_expired(
        &allowances,
        of_pairs.chain(rollup::uses(&comparison.allowances)),
        today,
    );
    let pairs = comparison.packages.iter();
    let report = Report {
        verdict: comparison.verdict,
        promise: promise(args),
        packages: pairs.map(|pair| Package { source: &pair.source, compared: &pair.compared }).collect(),
        rollup: Some(&comparison.rollup),
        findings: &comparison.findings,
        allowances: &comparison.allowances,
        idle: idle.into_iter().map(IdleAllowance::from).collect(),
    };
    write(args, &report, key.as_ref())?;
    shown(args, &report, &comparison)
}

fn promise(args: &cli::Compare) -> Promise {
    if args.promise.as_deref() == Some("abi") { Promise::Abi } else { Promise::Identical }
}

fn uses(compared: &Compared) -> (&str, &[AllowanceUse]) {
    (compared.nevra.name(), &compared.allowances)
}

/// The key for certificates. It is read first, so that nothing was compared in vain.
fn key(args: &cli::Compare) -> Result<Option<SecretKey>, Fail> {
    let load = |path: &PathBuf| {
        SecretKey::load(path).map_err(|error| {
            let (path, error) = (path.display().to_string(), chain(&error));
            // Some errors name the file themselves.
            let named = if error.contains(&path) { error } else { format!("{path}: {error}") };
            Fail::new(Exit::Failed, named).hint("`heirloom init` makes a key; --certify names the secret one")
        })
    };
    args.certify.as_ref().map(load).transpose()
}

fn shown(args: &cli::Compare, report: &Report<'_>, result: &impl Serialize) -> Result<Shown, Fail> {
    let document = Document { result, idle_allowances: report.idle.clone() };
    Ok(Shown::new(&document, report::terminal(report, args.explain))?.exit(report.verdict.into()))
}

/// Writes the reports and certificates that were asked for.
fn write(args: &cli::Compare, report: &Report<'_>, key: Option<&SecretKey>) -> Result<(), Fail> {
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| {
            Fail::new(Exit::Failed, format!("{}: can't be written: {error}", path.display()))
        })
    };
    let forms: [(_, Form); 3] =
        [(&args.html, report::html), (&args.sarif, report::sarif), (&args.junit, report::junit)];
    for (path, form) in forms {
        if let Some(path) = path {
            write(path, form(report))?;
        }
    }
    let (Some(key), Some(dir)) = (key, &args.certificates) else { return Ok(()) };
    std::fs::create_dir_all(dir)
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: can't be made: {error}", dir.display())))?;
    for package in &report.packages {
        let name = verify_certificate::file_name(package.compared);
        write(&dir.join(name), verify_certificate::sign(package.compared, key)?)?;
    }
    let count = report.packages.len();
    say(&format!("  certify {count} certificate{} in {}", if count == 1 { "" } else { "s" }, dir.display()));
    Ok(())
}

/// What the comparison is told, from the command line.
pub(crate) fn options(told: &cli::Told) -> Result<Options, Fail> {
    let universe = Set { locations: &told.universe, keys: &told.reference_key };
    Ok(Options {
        dist: DistMap::join(told.dist_map.iter().cloned()),
        universe: pairing::universe(&universe)?.map(Arc::new),
        debuginfo: told.debuginfo.clone(),
        allowances: told.allowances.as_deref().map_or(Ok(Vec::new()), told::allowances)?,
        today: told::today(),
    })
}

/// Where packages and results are kept, unless the command line names another place.
pub(crate) fn cache() -> Result<std::path::PathBuf, Fail> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    base.map(|base| base.join("heirloom")).ok_or_else(|| {
        Fail::new(Exit::Failed, "no directory to keep packages in").hint("name one with --cache")
    })
}

/// Whether nothing is asked for that only a comparison of named packages can be told.
///
/// # Errors
/// Something is.
pub(crate) fn stands_alone(args: &cli::Compare) -> Result<(), Fail> {
    let cli::Told { debuginfo, dist_map, allowances, universe, reference_key } = &args.told;
    let elsewhere = !(debuginfo.is_empty() && dist_map.is_empty() && universe.is_empty())
        || allowances.is_some()
        || !(reference_key.is_empty() && args.rebuild_key.is_empty())
        || args.promise.is_some()
        || args.cache.is_some();
    if elsewhere {
        return Err(Fail::new(Exit::Usage, "without packages, everything that was rebuilt is compared")
            .hint(match debuginfo.len() {
                0 | 1 => {
                    "what that comparison is told stands in the definition, in [compare] and [distribution]"
                }
                // It takes all that follows it.
                _ => "name the two packages to compare before --debuginfo",
            }));
    }
    Ok(())
}

/// Compares everything that is built.
pub(crate) fn built(context: &Context, args: &cli::Compare) -> Result<Shown, Fail> {
    let key = key(args)?;
    let (gathered, builds) = flow::built(context, &crate::cli::BuildArgs::default())?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    let compared =
        judgement.packages.iter().filter_map(|judged| Some((judged.source.as_str(), judged.compared()?)));
    let report = Report {
        verdict: judgement.verdict.unwrap_or(Verdict::BitIdentical),
        promise: context.definition.distribution.promise,
        packages: compared.map(|(source, compared)| Package { source, compared }).collect(),
        rollup: Some(&judgement.rollup),
        findings: &judgement.findings,
        allowances: &judgement.allowances,
        idle: judgement.idle_allowances.clone(),
    };
    write(args, &report, key.as_ref())?;
    let mut text = match args.explain {
        true => report::terminal(&report, true),
        false => summary(&judgement),
    };
    text.push_str("\nnext: `heirloom compose`, or `heirloom why PACKAGE`");
    Ok(Shown::new(&judgement, text)?.exit(exit(&judgement)))
}

pub(crate) fn exit(judgement: &Judgement) -> Exit {
    match judgement.refused().next().is_some() || !judgement.missing.is_empty() {
        true => Exit::Promise,
        false => Exit::Fine,
    }
}

/// Counts by verdict, then what breaks the promise.
pub(crate) fn summary(judgement: &Judgement) -> String {
    let mut text = String::new();
    for (verdict, count) in judgement.verdicts() {
        let _ = writeln!(text, "{count:5} {verdict}");
    }
    if let Some(verdict) = judgement.verdict {
        let _ = write!(text, "\nrelease: {verdict}\n{}", report::levels(&judgement.rollup));
    }
    for idle in &judgement.idle_allowances {
        let _ = writeln!(text, "\nallowance {idle}");
    }
    for judged in judgement.refused() {
        match &judged.standing {
            Standing::Broken(compared) => {
                let _ = write!(text, "\n{}", report::one(compared, false));
            }
            _ => {
                let _ = writeln!(text, "\n{}: the reference has no such package", judged.package.nevra);
            }
        }
    }
    for missing in &judgement.missing {
        let _ = writeln!(text, "\n{missing}: the reference has it, the rebuild does not");
    }
    text
}
