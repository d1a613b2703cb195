//! `heirloom debrand`: what the rules change in sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_model::record::Edit;
use serde::Serialize;

use super::convert;
use crate::cli::{Debrand, DebrandVerb};
use crate::context::Context;
use crate::fail::{Exit, Fail};
use crate::flow::debranding::{self, Debranding, Faults, changed_files};
use crate::flow::gather;
use crate::ui::Shown;

#[derive(Serialize)]
struct Report {
    /// What the rules did, by source package.
    packages: BTreeMap<String, Package>,
    faults: Faults,
}

#[derive(Serialize)]
struct Package {
    edits: Vec<Edit>,
    /// Rules that did nothing here and need not, with why.
    skipped: Vec<String>,
    /// What is different, if that was asked for.
    diff: Option<String>,
}

pub(crate) fn run(args: &Debrand, open: impl Fn() -> Result<Context, Fail>) -> Result<Shown, Fail> {
    if let Some(DebrandVerb::Convert(convert)) = &args.verb {
        return convert::run(convert);
    }
    let context = open()?;
    if context.definition.debrand.rules.is_none() {
        return Err(Fail::new(Exit::Definition, "the definition has no `debrand.rules`")
            .hint("name a directory of rules there (docs/debranding.md)"));
    }
    let gathered = gather::upstream(&context)?;
    let debranding = debranding::debrand(&context, &gathered, true)?;
    let packages = packages(&context, &gathered, &debranding, args)?;
    let faults = debranding.faults;
    let mut text = String::new();
    for (name, package) in packages.iter().filter(|_| !args.check || args.diff) {
        tell(&mut text, name, package);
    }
    let wrong = !faults.is_empty();
    if wrong {
        let _ = writeln!(text, "{}", faults.text().trim_end());
    }
    let changed = packages.values().filter(|package| !package.edits.is_empty()).count();
    let edits: usize = packages.values().map(|package| package.edits.len()).sum();
    let _ = write!(
        text,
        "{} of {} source packages changed by {edits} edits; {} rules or packages fail",
        changed,
        gathered.upstream.len() + gathered.modular.len(),
        faults.failed.len() + faults.idle.len()
    );
    if wrong {
        text.push_str("\nnext: mend the rules that fail, and run this again");
    }
    let exit = if wrong { Exit::Definition } else { Exit::Fine };
    Ok(Shown::new(&Report { packages, faults }, text)?.exit(exit))
}

fn packages(
    context: &Context,
    gathered: &gather::Gathered,
    debranding: &Debranding,
    args: &Debrand,
) -> Result<BTreeMap<String, Package>, Fail> {
    let mut packages = BTreeMap::new();
    let known = || gathered.upstream.iter().chain(&gathered.modular);
    for name in &args.packages {
        if !known().any(|source| debranding::plain(&source.name) == name) {
            return Err(Fail::new(Exit::Failed, format!("upstream has no source package {name}"))
                .hint("`heirloom import` lists them"));
        }
    }
    for source in known() {
        let Some(debranded) = debranding.results.get(&source.name) else { continue };
        let plain = debranding::plain(&source.name);
        if !args.packages.is_empty() && !args.packages.iter().any(|name| name == plain) {
            continue;
        }
        let diff = match args.diff {
            false => None,
            true => {
                let [before, after] = changed_files(&context.store, source, &debranded.result)?;
                Some(heirloom_debrand::diff(&before, &after))
            }
        };
        let skipped = debranding.skipped.get(&source.name).into_iter().flatten();
        let skipped = skipped.map(|it| format!("{} ({}): {}", it.rule, it.purpose, it.why)).collect();
        packages.insert(source.name.clone(), Package { edits: debranded.edits.clone(), skipped, diff });
    }
    Ok(packages)
}

fn tell(text: &mut String, name: &str, package: &Package) {
    if package.edits.is_empty() && package.skipped.is_empty() {
        return;
    }
    let _ = writeln!(text, "{name}");
    let mut last = "";
    for edit in &package.edits {
        if edit.rule != last {
            let _ = writeln!(text, "  {}: {}", edit.rule, edit.purpose);
            last = &edit.rule;
        }
        let _ = writeln!(text, "    {}: {}", edit.file, edit.done);
    }
    for skipped in &package.skipped {
        let _ = writeln!(text, "  not applied: {skipped}");
    }
    if let Some(diff) = &package.diff {
        let _ = writeln!(text, "\n{}", diff.trim_end());
    }
    text.push('\n');
}
