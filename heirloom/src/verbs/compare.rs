//! `heirloom compare`: verdicts and the differences that matter.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_compare::{DistMap, Options};
use heirloom_model::allowance::{self, Allowance, Date};
use heirloom_model::record::Compared;
use heirloom_model::{Evidence, Severity, Verdict};

use crate::cli;
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::flow::comparing::{self, Judgement, Standing};
use crate::flow::pairing::{self, Comparison, Set};
use crate::ui::{Shown, say};

/// Findings of one rule that a report shows before it says how many more there are.
const MOST: usize = 5;

/// Compares two files, or two sets of packages.
pub(crate) fn run(args: &cli::Compare) -> Result<Shown, Fail> {
    let options = options(&args.debuginfo, &args.dist_map, args.allowances.as_deref())?;
    let allowances = options.allowances.clone();
    let today = options.today;
    let shown = match (&args.pair[..], &args.reference, &args.rebuild) {
        ([reference, rebuilt], ..) => {
            let compared = heirloom_compare::compare(reference, rebuilt, &options)?;
            outputs(args, std::slice::from_ref(&compared))?;
            tell_idle(&allowances, std::slice::from_ref(&compared), today);
            Shown::new(&compared, one(&compared, args.explain))?.exit(compared.verdict.into())
        }
        (_, Some(reference), Some(rebuild)) => {
            let cache = args.cache.clone().map_or_else(cache, Ok)?;
            let reference = Set { location: reference, keys: &args.reference_key };
            let rebuild = Set { location: rebuild, keys: &args.rebuild_key };
            let comparison = pairing::compare(&reference, &rebuild, &cache, options)?;
            outputs(args, &comparison.packages)?;
            tell_idle(&allowances, &comparison.packages, today);
            Shown::new(&comparison, several(&comparison, args.explain))?.exit(comparison.verdict.into())
        }
        _ => return Err(Fail::new(Exit::Failed, "nothing to compare").hint("name two files")),
    };
    Ok(shown)
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

/// Writes the reports that were asked for.
fn outputs(args: &cli::Compare, packages: &[Compared]) -> Result<(), Fail> {
    let write = |path: &Path, text: String| {
        std::fs::write(path, text)
            .map_err(|error| Fail::new(Exit::Failed, format!("{}: can't be written: {error}", path.display())))
    };
    if let Some(path) = &args.html {
        write(path, crate::report::html(packages))?;
    }
    if let Some(path) = &args.sarif {
        write(path, crate::report::sarif(packages)?)?;
    }
    if let Some(path) = &args.junit {
        write(path, crate::report::junit(packages)?)?;
    }
    if let (Some(key), Some(dir)) = (&args.certify, &args.certificates) {
        let key = heirloom_sign::SecretKey::load(key)?;
        std::fs::create_dir_all(dir)
            .map_err(|error| Fail::new(Exit::Failed, format!("{}: can't be made: {error}", dir.display())))?;
        for compared in packages {
            write(&dir.join(super::verify_certificate::file_name(compared)), super::verify_certificate::sign(compared, &key)?)?;
        }
    }
    Ok(())
}

fn tell_idle(allowances: &[Allowance], packages: &[Compared], today: Date) {
    for (allowance, idle) in allowance::unused_or_expired(allowances, packages, today) {
        say(&format!("allowance of {allowance}: {idle}"));
    }
}

/// One pair: the verdict, what it rests on, and the differences that matter.
fn one(compared: &Compared, explain: bool) -> String {
    let mut text = format!("{}: {}", compared.nevra, compared.verdict);
    if compared.reference_nevra != compared.nevra {
        let _ = write!(text, " (reference: {})", compared.reference_nevra);
    }
    let _ = writeln!(text, "\n  {}", meaning(compared));
    text.push_str(&differences(compared, explain));
    text
}

/// The verdict in words.
fn meaning(compared: &Compared) -> String {
    let by = match compared.evidence {
        Some(Evidence::Types) => "symbols and types",
        _ => "symbols; the layout of types was not examined, for which --debuginfo is needed",
    };
    match compared.verdict {
        Verdict::BitIdentical => "the same bytes, signature aside".to_owned(),
        Verdict::PayloadIdentical => "the same files and header, but for what always differs".to_owned(),
        Verdict::Identical => format!("the same after {} recorded normalisations", compared.normalisations.len()),
        Verdict::AbiCompatible => format!("not the same, and every interface holds, by {by}"),
        Verdict::Incompatible => "users of the reference can break".to_owned(),
        Verdict::Undecided => "evidence is missing".to_owned(),
    }
}

/// A set: counts, what is missing, then each package that is not the same.
fn several(comparison: &Comparison, explain: bool) -> String {
    let mut counts = std::collections::BTreeMap::<Verdict, usize>::new();
    for compared in &comparison.packages {
        *counts.entry(compared.verdict).or_default() += 1;
    }
    let mut text = format!("{} packages of {} sources: {}\n", comparison.packages.len(), comparison.sources.len(), comparison.verdict);
    for (verdict, count) in counts {
        let _ = writeln!(text, "{count:5} {verdict}");
    }
    for finding in &comparison.findings {
        let values = (or_none(&finding.expected), or_none(&finding.found));
        let _ = writeln!(text, "  {:16} {}: {} -> {}", finding.rule, finding.subject, values.0, values.1);
    }
    for compared in comparison.packages.iter().filter(|compared| explain || !compared.verdict.is_identical()) {
        let _ = write!(text, "\n{}", one(compared, explain));
    }
    text
}

/// Compares everything that is built.
pub(crate) fn built(context: &Context) -> Result<Shown, Fail> {
    let (gathered, builds) = flow::built(context)?;
    let judgement = comparing::compare(context, &gathered, &builds)?;
    let mut text = report(&judgement);
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
pub(crate) fn report(judgement: &Judgement) -> String {
    let mut text = String::new();
    for (verdict, count) in judgement.verdicts() {
        let _ = writeln!(text, "{count:5} {verdict}");
    }
    for judged in judgement.refused() {
        match &judged.standing {
            Standing::Broken(compared) => {
                let _ = write!(
                    text,
                    "\n{}: {}\n{}",
                    compared.nevra,
                    compared.verdict,
                    differences(compared, false)
                );
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

/// Findings that matter, grouped by rule, and how many there are of the rest; all of them, and every
/// normalisation, if they are to be explained.
pub(crate) fn differences(compared: &Compared, explain: bool) -> String {
    let mut text = String::new();
    let (shown, rest): (Vec<_>, Vec<_>) =
        compared.findings.iter().partition(|finding| explain || finding.severity > Severity::Note);
    for group in shown.chunk_by(|a, b| a.rule == b.rule) {
        let most = if explain { group.len() } else { MOST.min(group.len()) };
        for finding in &group[..most] {
            let values = (or_none(&finding.expected), or_none(&finding.found));
            let _ = writeln!(text, "  {:20} {}: {} -> {}", finding.rule, finding.subject, values.0, values.1);
        }
        if most < group.len() {
            let _ = writeln!(text, "  {:20} and {} more; --explain shows them", group[0].rule, group.len() - most);
        }
    }
    if explain {
        for normalisation in &compared.normalisations {
            let _ = writeln!(text, "  ({:18}) {} {}", normalisation.rule, normalisation.subject, normalisation.detail);
        }
    }
    for allowed in &compared.allowances {
        let _ = writeln!(text, "  allowed              {} {}: {}", allowed.rule, allowed.subject, allowed.reason);
    }
    if !rest.is_empty() && compared.verdict != Verdict::BitIdentical {
        let _ = writeln!(text, "  and {} differences that are expected or allowed", rest.len());
    }
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "(none)" } else { text }
}
