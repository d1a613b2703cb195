//! The workspace's own chores: `cargo xtask <chore>`.
//!
//! Nothing here is part of the program, and nothing here may use a `heirloom-*` crate:
//! `world` makes the independent judge that the program is compared with.
//! Each chore is one module; [`main`] only picks it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to its user")]

mod bench;
mod release;
mod tidy;
mod world;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

chores:
  bench [rebuild|compare [DIR]]
      time the program beside the field's own tools (needs a release build, and all but
      `compare DIR` needs `world`; DIR holds real packages to compare)
  release
      build heirloom-migrate for machines with glibc 2.17 and newer, and check that it needs no more
  tidy
      check conventions that the compiler does not see
  world [--out DIR] [--only bootstrap|sources|reference]
      make the stand-in upstream (default DIR: target/world)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words.split_first() {
        Some((&"bench", rest)) => bench::run(rest).map_err(|error| error.to_string()),
        Some((&"release", [])) => release::run().map_err(|error| error.to_string()),
        Some((&"tidy", [])) => tidy::run().map_err(|error| error.to_string()),
        Some((&"world", rest)) => world::run(rest).map_err(|error| error.to_string()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
