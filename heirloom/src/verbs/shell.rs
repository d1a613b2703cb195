//! `heirloom shell STEP`: into the buildroot of a step, to see why it fails.

use std::io::IsTerminal as _;

use heirloom_build::Visit;
use heirloom_model::record::{Action, Ran};

use crate::cli::Shell;
use crate::context::{Context, processors};
use crate::fail::{Exit, Fail};
use crate::flow;
use crate::ui::{Shown, say};

pub(crate) fn run(context: &Context, args: &Shell) -> Result<Shown, Fail> {
    let action = action(context, &args.step)?;
    let builder = flow::builder(context)?;
    if args.command.is_empty() && std::io::stdin().is_terminal() {
        say(&format!(
            "the buildroot of {}: sources are in ~/build, `~/rebuild` runs what the build runs, and all changes \
             vanish with `exit`",
            args.step
        ));
    }
    let terminal = std::env::var("TERM").ok();
    let code = match builder.visit(&action, processors(), &args.command, terminal.as_deref())? {
        Visit::Ended(Some(code)) => u8::try_from(code).unwrap_or(u8::MAX),
        Visit::Ended(None) => {
            return Err(Fail::new(Exit::Failed, "a signal ended the program in the buildroot"));
        }
        Visit::Stopped => {
            return Err(Fail::new(Exit::Failed, "it used more memory or processes than a build may")
                .hint("`[limits]` in the definition says how many; `heirloom build` after a change"));
        }
        Visit::NotInstalled(why) => {
            let message = format!("{} has no buildroot: rpm did not install its packages\n{why}", args.step);
            return Err(Fail::new(Exit::Build, message));
        }
    };
    Ok(Shown::nothing().code(code))
}

/// What the step ran when it ran last.
fn action(context: &Context, step: &str) -> Result<Action, Fail> {
    let ran: Ran = context.store.get(step)?.ok_or_else(|| {
        Fail::new(Exit::Failed, format!("no step {step} has run"))
            .hint("`heirloom status` lists the steps; `heirloom build` runs them")
    })?;
    let Some(document) = ran.document else {
        let why = ran.failed.map(|failed| failed.message).unwrap_or_default();
        return Err(Fail::new(Exit::Build, format!("{step} never came to have a buildroot: {why}")));
    };
    Ok(serde_json::from_slice(&context.store.read(document)?)?)
}
