//! `heirloom compare`: verdicts and the differences that matter.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_compare::{DistMap, Options};
use heirloom_model::allowance;
use heirloom_model::record::Promise;
use serde::Serialize;

use super::verify_certificate;
use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::comparing::{self, Judgement, Standing};
use crate::flow::pairing::{self, Set};
use crate::flow::{self, told};
use crate::report::{self, Document, IdleAllowance, Package, Report};
use crate::ui::Shown;

/// Makes a report.
type Form = fn(&Report<'_>) -> String;

/// Compares two files, or two sets of packages.
pub(crate) fn run(args: &cli::Compare) -> Result<Shown, Fail> {
    let options = options(&args.debuginfo, &args.dist_map, args.allowances.as_deref())?;
    let (allowances, today) = (options.allowances.clone(), options.today);
    if let [reference, rebuilt] = &args.pair[..] {
        let compared = heirloom_compare::compare(reference, rebuilt, &options)?;
        let uses = [(compared.nevra.name(), &*compared.allowances)];
        let report = Report {
            verdict: compared.verdict,
            promise: promise(args),
            packages: vec![Package { source: compared.nevra.name(), compared: &compared }],
            rollup: None,
            findings: &[],
            idle: allowance::unused_or_expired(&allowances, uses, today),
        };
        return written(args, &report, &compared);
    }
    let reference = Set { locations: &args.reference, keys: &args.reference_key };
    let rebuild = Set { locations: &args.rebuild, keys: &args.rebuild_key };
    let cache = || args.cache.clone().map_or_else(cache, Ok);
    let comparison = pairing::compare(&reference, &rebuild, cache, options)?;
    let of_pairs = comparison.packages.iter().map(|pair| &pair.compared);
    let of_pairs = of_pairs.map(|compared| (compared.nevra.name(), &*compared.allowances));
    // Those about the sets have the package's name and architecture as their subject.
    let of_sets = comparison.allowances.iter().map(|used| {
        let name = used.subject.rsplit_once('.').map_or(&*used.subject, |(name, _)| name);
        (name, std::slice::from_ref(used))
    });
    let report = Report {
        verdict: comparison.verdict,
        promise: promise(args),
        packages: comparison
            .packages
            .iter()
            .map(|pair| Package { source: &pair.source, compared: &pair.compared })
            .collect(),
        rollup: Some(&comparison.rollup),
        findings: &comparison.findings,
        idle: allowance::unused_or_expired(&allowances, of_pairs.chain(of_sets), today),
    };
    written(args, &report, &comparison)
}

fn promise(args: &cli::Compare) -> Promise {
    if args.promise == "abi" { Promise::Abi } else { Promise::Identical }
}

/// Writes the reports and certificates that were asked for, and shows the result.
fn written(args: &cli::Compare, report: &Report<'_>, data: &impl Serialize) -> Result<Shown, Fail> {
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
    if let (Some(key), Some(dir)) = (&args.certify, &args.certificates) {
        let key = heirloom_sign::SecretKey::load(key)?;
        std::fs::create_dir_all(dir)
            .map_err(|error| Fail::new(Exit::Failed, format!("{}: can't be made: {error}", dir.display())))?;
        for package in &report.packages {
            let name = verify_certificate::file_name(package.compared);
            write(&dir.join(name), verify_certificate::sign(package.compared, &key)?)?;
        }
    }
    let idle_allowances = report.idle.iter().copied().map(IdleAllowance::from).collect();
    let document = Document { result: data, idle_allowances };
    Ok(Shown::new(&document, report::terminal(report, args.explain))?.exit(report.verdict.into()))
}

/// What the comparison is told, from the command line.
pub(crate) fn options(
    debuginfo: &[std::path::PathBuf],
    dist_map: &[DistMap],
    allowances: Option<&Path>,
) -> Result<Options, Fail> {
    Ok(Options {
        dist: DistMap::join(dist_map.iter().cloned()),
        universe: None,
        debuginfo: debuginfo.to_vec(),
        allowances: allowances.map_or(Ok(Vec::new()), told::allowances)?,
        today: told::today(),
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
    if let Some(verdict) = judgement.verdict {
        let _ = write!(text, "\nrelease: {verdict}\n{}", report::rollup(&judgement.rollup));
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
