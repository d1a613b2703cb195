//! A host for the sandbox, so that tests need not have the whole program built.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    heirloom_build::sandbox_main(&args).unwrap_or(ExitCode::FAILURE)
}
