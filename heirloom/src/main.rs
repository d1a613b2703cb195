//! The `heirloom` command: the only crate that parses arguments, reads the clock or prints.
//!
//! `cli` is the grammar; `verbs/<verb>.rs` is one file for each verb; `flow` joins the stages, which do not
//! know each other; `ui` writes. It must hold no rule of importing, planning, building, comparing or
//! composing: those are the stages'.

mod cli;
mod context;
mod fail;
mod flow;
mod graph;
mod interrupt;
#[cfg(test)]
mod reference;
mod report;
mod ui;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

/// Advisories and repodata are millions of small texts: with the C library's allocator, a third of their time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The sandbox runs this same program again, inside new namespaces.
    if let Some(code) = heirloom_build::sandbox_main(&std::env::args_os().collect::<Vec<_>>()) {
        return code;
    }
    let cli = cli::Cli::parse();
    ui::will_show(cli.format);
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
