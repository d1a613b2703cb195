//! `heirloom side`: source packages that are built apart, and merged or dropped as one.

use std::fmt::Write as _;

use heirloom_model::record::{Side, SideState};

use super::build;
use crate::cli::SideVerb;
use crate::context::Context;
use crate::fail::Fail;
use crate::flow::building::Options;
use crate::flow::{self, side};
use crate::ui::Shown;

pub(crate) fn run(context: &Context, verb: &SideVerb) -> Result<Shown, Fail> {
    match verb {
        SideVerb::Build { name, dir, how } => {
            let builder = flow::builder(context)?;
            let (side, builds) = side::build(context, &builder, name, dir, Options::new(context, how))?;
            let mut text = build::failures(context, &builds);
            text.push_str(&build::remarks(&builds));
            let _ = write!(
                text,
                "side build {name} of {}: {} built, {} cached, {} failed; next: {}",
                names(&side),
                builds.fresh(),
                builds.cached.len(),
                builds.failed.len(),
                match builds.failed.is_empty() {
                    true => format!("`heirloom side merge {name}`, or `heirloom side drop {name}`"),
                    false => "mend what failed and run it again".to_owned(),
                }
            );
            Ok(Shown::new(&builds, text)?.exit(build::exit(&builds)))
        }
        SideVerb::Merge { name } => {
            let side = side::merge(context, name)?;
            let text = format!(
                "merged {}; next: `heirloom build` builds what needs it, and takes its own results from the side build",
                names(&side)
            );
            Shown::new(&side, text)
        }
        SideVerb::Drop { name } => {
            let side = side::drop(context, name)?;
            Shown::new(&side, format!("dropped {}; `heirloom clean` throws its results away", names(&side)))
        }
        SideVerb::List => {
            let sides = context.store.all::<Side>()?;
            let mut text = String::new();
            for side in &sides {
                let state = match side.state {
                    SideState::Open => "open",
                    SideState::Merged => "merged",
                    SideState::Dropped => "dropped",
                };
                let _ = writeln!(text, "{} ({state}): {}", side.name, names(side));
            }
            if sides.is_empty() {
                text.push_str("no side builds");
            }
            Shown::new(&sides, text)
        }
    }
}

fn names(side: &Side) -> String {
    side.sources.iter().map(|source| source.imported.name.as_str()).collect::<Vec<_>>().join(", ")
}
