//! `heirloom compare`: verdicts and the differences that matter.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_compare::{DistMap, Options};
use heirloom_model::allowance::{self, Allowance, Date, Idle};
use heirloom_model::record::Promise;
use heirloom_model::{Finding, Verdict};
use serde::Serialize;

use super::verify_certificate;
use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::flow::comparing::{self, Judgement, Standing};
use crate::flow::pairing::{self, Set};
use crate::report::{self, Package, Report};
use crate::ui::Shown;

/// Compares two files, or two sets of packages.
pub(crate) fn run(args: &cli::Compare) -> Result<Shown, Fail> {
    let options = options(&args.debuginfo, &args.dist_map, args.allowances.as_deref())?;
    let (allowances, today) = (options.allowances.clone(), options.today);
    match (&args.pair[..], &args.reference, &args.rebuild) {
        ([reference, rebuilt], ..) => {
            let compared = heirloom_compare::compare(reference, rebuilt, &options)?;
            let package = Package { source: compared.nevra.name(), compared: &compared };
            let idle = allowance::unused_or_expired(&allowances, [&compared], today);
            let report = report(args, compared.verdict, vec![package], &[], idle);
            written(args, &report, &compared)
        }
        (_, Some(reference), Some(rebuild)) => {
            let cache = args.cache.clone().map_or_else(cache, Ok)?;
            let reference = Set { location: reference, keys: &args.reference_key };
            let rebuild = Set { location: rebuild, keys: &args.rebuild_key };
            let comparison = pairing::compare(&reference, &rebuild, &cache, options)?;
            let named = comparison.packages.iter().zip(&comparison.names);
            let packages = named.map(|(compared, source)| Package { source, compared }).collect();
            let idle = allowance::unused_or_expired(&allowances, &comparison.packages, today);
            let report = report(args, comparison.verdict, packages, &comparison.findings, idle);
            written(args, &report, &comparison)
        }
        _ => Err(Fail::new(Exit::Failed, "nothing to compare").hint("name two files, or two directories")),
    }
}

fn report<'a>(
    args: &cli::Compare,
    verdict: Verdict,
    packages: Vec<Package<'a>>,
    findings: &'a [Finding],
    idle: Vec<(&'a Allowance, Idle)>,
) -> Report<'a> {
    let promise = if args.promise == "abi" { Promise::Abi } else { Promise::Identical };
    Report { verdict, promise, packages, findings, idle }
}

/// Writes the reports and certificates that were asked for, and shows the result.
fn written(args: &cli::Compare, report: &Report<'_>, data: &impl Serialize) -> Result<Shown, Fail> {
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| {
            Fail::new(Exit::Failed, format!("{}: can't be written: {error}", path.display()))
        })
    };
    let forms: [(_, fn(&Report<'_>) -> String); 3] =
        [(&args.html, report::html), (&args.sarif, report::sarif), (&args.junit, report::junit)];
    for (path, form) in forms {
        if let Some(path) = path {
            write(path, form(report))?;
        }
    }
    if let (Some(key), Some(dir)) = (&args.certify, &args.certificates) {
        let key = heirloom_sign::SecretKey::load(key)?;
        std::fs::create_dir_all(dir)
            .map_err(|error| Fail::new(Exit::Failed, format!("{}: can't be made: {error}", dir.display())))?;
        for package in &report.packages {
            let name = verify_certificate::file_name(package.compared);
            write(&dir.join(name), verify_certificate::sign(package.compared, &key)?)?;
        }
    }
    Ok(Shown::new(data, report::terminal(report, args.explain))?.exit(report.verdict.into()))
}

/// What the comparison is told, from the command line.
pub(crate) fn options(
    debuginfo: &[std::path::PathBuf],
    dist_map: &[DistMap],
    allowances: Option<&Path>,
) -> Result<Options, Fail> {
    let rules: Vec<&str> = heirloom_compare::checks().iter().map(|check| check.name()).collect();
    let allowances = match allowances {
        Some(path) => heirloom_formats::allowances::load(path, &rules)?,
        None => Vec::new(),
    };
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(Options {
        dist: DistMap::join(dist_map.iter().cloned()),
        universe: None,
        debuginfo: debuginfo.to_vec(),
        allowances,
        today: Date::from_unix(since.map_or(0, |since| since.as_secs())),
    })
}

fn cache() -> Result<std::path::PathBuf, Fail> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    base.map(|base| base.join("heirloom")).ok_or_else(|| {
        Fail::new(Exit::Failed, "no directory to keep packages in").hint("name one with --cache")
    })
}

/// Compares everything that is built.
pub(crate) fn built(context: &Context) -> Result<Shown, Fail> {
    let (gathered, builds) = flow::built(context)?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    let mut text = summary(&judgement);
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
