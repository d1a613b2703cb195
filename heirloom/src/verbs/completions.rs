//! `heirloom completions` and `heirloom man`: made from the grammar itself.

use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Shown, Fail> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "heirloom", &mut script);
    let text = String::from_utf8_lossy(&script).into_owned();
    Shown::new(&text.clone(), text)
}

pub(crate) fn man(dir: &Path) -> Result<Shown, Fail> {
    let failed =
        |error| Fail::new(Exit::Failed, format!("can't write man pages into {}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(failed)?;
    Shown::new(&dir, format!("man pages are in {}", dir.display()))
}
