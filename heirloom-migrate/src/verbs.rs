//! One file for each verb: it asks the library for the work and shows the result.

mod assess;
mod made;
mod plan;
mod status;
mod verify;
mod why;
mod work;

use heirloom_migrate::machine::Machine;

use crate::cli::{Cli, Verb};
use crate::fail::Fail;
use crate::ui::Shown;
use crate::worker::{self, Request};

/// Runs the verb of this command line.
pub(crate) fn run(cli: &Cli) -> Result<Shown, Fail> {
    let machine = || Machine::at(&cli.root).map_err(Fail::file("can't use the root", &cli.root));
    match &cli.verb {
        Verb::Assess(args) => assess::run(args, machine),
        Verb::Plan(args) => plan::run(&machine()?, args),
        Verb::Apply(args) => {
            let absolute =
                |path: &std::path::PathBuf| std::path::absolute(path).map_err(Fail::file("can't find", path));
            let signers = args.signer.iter().map(absolute).collect::<Result<_, _>>()?;
            let request = Request::Apply { plan: absolute(&args.plan)?, signers };
            work::run(&machine()?, &request, args.work.foreground)
        }
        Verb::Resume(args) => work::run(&machine()?, &Request::Resume, args.foreground),
        // The way back waits for no other process.
        Verb::Rollback => work::run(&machine()?, &Request::Rollback, true),
        Verb::Finish(args) => work::run(&machine()?, &Request::Finish { force: args.force }, true),
        Verb::Status(args) => status::run(&machine()?, args),
        Verb::Verify => verify::run(&machine()?),
        Verb::Why(args) => why::run(&machine()?, args),
        Verb::Key { file } => made::key(file),
        Verb::Completions { shell } => made::completions(*shell),
        Verb::Man { dir } => made::man(dir),
        Verb::Worker => {
            worker::run(&machine()?)?;
            Shown::new(&(), "")
        }
    }
}
