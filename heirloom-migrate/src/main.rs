//! `heirloom-migrate`: the program that runs on the machine that is carried over.
//!
//! It parses arguments, shows progress and prints; what it does is in the crate `heirloom-migrate`. Every verb is a file in
//! `verbs`, and a line in `cli`.
//!
//! Exit codes are those of `heirloom`: 0 done, 1 it failed, 2 wrong arguments, 5 a blocker or a difference was found, 6 the machine lacks
//! something, 130 it was interrupted.

mod cli;
mod eyes;
mod fail;
mod follow;
mod ui;
mod verbs;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match verbs::run(&cli) {
        Ok(shown) => {
            shown.print(cli.format);
            shown.exit_code()
        }
        Err(fail) => {
            ui::tell(&fail);
            ExitCode::from(fail.exit as u8)
        }
    }
}
