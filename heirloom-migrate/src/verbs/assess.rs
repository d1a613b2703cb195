//! `assess`: facts of a machine, or of many.

use heirloom_migrate::assess::{assess, page};
use heirloom_migrate::check::Level;
use heirloom_migrate::fleet;
use heirloom_migrate::machine::Machine;

use crate::cli;
use crate::eyes::{PROGRAM, now};
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

pub(crate) fn run(
    args: &cli::Assess,
    machine: impl FnOnce() -> Result<Machine, Fail>,
) -> Result<Shown, Fail> {
    if let Some(dir) = &args.fleet {
        let matrix = fleet::read(dir).map_err(|error| Fail::of(&error))?.matrix();
        return Shown::new(&matrix, matrix.page());
    }
    let assessment = assess(&machine()?, now(), PROGRAM);
    if let Some(path) = &args.output {
        let bytes = serde_json::to_vec_pretty(&assessment).map_err(|error| Fail::of(&error))?;
        std::fs::write(path, bytes).map_err(Fail::file("can't write", path))?;
    }
    let has_blocker = assessment.checks.iter().any(|check| check.level == Level::Blocker);
    let next = match &args.output {
        Some(path) => {
            format!("heirloom-migrate plan --assessment {} --target FILE --key CERTIFICATE", path.display())
        }
        None => "heirloom-migrate plan --target FILE --key CERTIFICATE".to_owned(),
    };
    let shown = Shown::new(&assessment, page(&assessment))?.next(&next);
    Ok(if has_blocker { shown.exit(Exit::Found) } else { shown })
}
