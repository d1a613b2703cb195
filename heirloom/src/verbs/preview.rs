//! `heirloom preview`: what the next minor release will bring.

use std::fmt::Write as _;

use serde::Serialize;

use super::status::age;
use crate::cli::Preview;
use crate::context::{self, Context};
use crate::fail::Fail;
use crate::flow::preview::{self, Change, PackageChange, Turn};
use crate::ui::Shown;

/// Lines about one package that are shown.
const TOLD: usize = 6;

#[derive(Serialize)]
struct Report {
    changes: Vec<Change>,
}

pub(crate) fn run(context: &Context, args: &Preview) -> Result<Shown, Fail> {
    let changes = preview::preview(context, &args.packages, args.interfaces)?;
    let mut text = String::new();
    for change in &changes {
        tell(&mut text, change, context::now());
    }
    let count = |turn| changes.iter().filter(|change| change.turn == turn).count();
    let interfaces =
        changes.iter().filter(|change| change.packages.iter().any(PackageChange::changes_interface)).count();
    let _ = write!(
        text,
        "{} newer, {} new, {} gone, {} older, {} of the same version with other content; {interfaces} change interfaces",
        count(Turn::Newer),
        count(Turn::New),
        count(Turn::Gone),
        count(Turn::Older),
        count(Turn::Other)
    );
    if !args.interfaces && !changes.is_empty() {
        text.push_str(
            " by their metadata\nnext: `heirloom preview --interfaces` compares the packages themselves",
        );
    }
    Shown::new(&Report { changes }, text)
}

fn tell(text: &mut String, change: &Change, now: u64) {
    let unknown = || "?".to_owned();
    let (here, next) =
        (change.here.clone().unwrap_or_else(unknown), change.next.clone().unwrap_or_else(unknown));
    let what = match change.turn {
        Turn::New => format!("new: {next}"),
        Turn::Gone => format!("goes: {here}"),
        Turn::Newer => format!("{here} -> {next}"),
        Turn::Older => format!("{here} -> {next}, which is older"),
        Turn::Other => format!("{here} with other content"),
    };
    let since = change.published.map(|time| format!(", published {}", age(now, time))).unwrap_or_default();
    let _ = writeln!(text, "{} {what}{since}", change.source);
    for line in &change.news {
        let _ = writeln!(text, "    {line}");
    }
    for package in change.packages.iter().filter(|it| it.changes_interface() || it.turn == Turn::New) {
        let what = match package.turn {
            Turn::New => "comes",
            Turn::Gone => "goes",
            _ => "changes what others can use of it",
        };
        let _ = writeln!(text, "  {} {what}", package.name);
        let lost = package.lost.iter().map(|it| format!("no longer provides {it}"));
        let gained = package.gained.iter().map(|it| format!("provides {it}"));
        let breaks = package.breaks.iter().flatten().map(|it| format!("{}: {}", it.rule, it.subject));
        let all: Vec<_> = lost.chain(gained).chain(breaks).collect();
        for line in all.iter().take(TOLD) {
            let _ = writeln!(text, "    {line}");
        }
        if all.len() > TOLD {
            let _ = writeln!(text, "    and {} more", all.len() - TOLD);
        }
    }
}
