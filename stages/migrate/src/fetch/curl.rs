//! Running curl. Its options are those of 7.29, which EL7 has.

use std::io::Read as _;
use std::process::{Command, Stdio};

use super::{Part, Patience, Refusal, SLOWEST, pour};

/// Bytes of its messages that are read.
const MOST_SAID: u64 = 4096;

/// Runs curl for one URL, and gives what it writes piece by piece.
pub(super) fn run(
    command: &mut Command,
    proxy: &str,
    patience: Patience,
    (scheme, url): (&str, &str),
    part: Part,
    most: u64,
    give: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let program = command.get_program().to_string_lossy().into_owned();
    // `-q` has to come first: the files of whoever runs this don't count.
    command.args([
        "-q",
        "--silent",
        "--show-error",
        "--fail",
        "--location",
        "--globoff",
        "--max-redirs",
        "10",
    ]);
    // What began encrypted stays so.
    let redirected = if scheme == "http" { "=http,https".to_owned() } else { format!("={scheme}") };
    command.args(["--proto", &format!("={scheme}"), "--proto-redir", &redirected]);
    command.args(["--connect-timeout", &patience.connect.as_secs().max(1).to_string()]);
    command.args(["--speed-limit", &SLOWEST.to_string()]);
    command.args(["--speed-time", &patience.stall.as_secs().max(1).to_string()]);
    if !proxy.is_empty() {
        command.args(["--proxy", proxy]);
    }
    match part {
        Part::From(0) => {}
        Part::From(start) => drop(command.args(["--continue-at", &start.to_string()])),
        Part::Range(start, end) => {
            command.args(["--range", &format!("{start}-{}", end.saturating_sub(1))]);
        }
    }
    command.args(["--url", url]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |source| Refusal::Program { program: program.clone(), source };
    let mut child = command.spawn().map_err(failed)?;
    let stderr = child.stderr.take();
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            // What can't be read was not said.
            let _ = stderr.take(MOST_SAID).read_to_end(&mut said);
        }
        said
    });
    let poured = match child.stdout.take() {
        Some(mut stdout) => pour(&mut stdout, most, &failed, give),
        None => Ok(()),
    };
    if poured.is_err() {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let said = said.join().unwrap_or_default();
    poured?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said);
    let said = said.trim().lines().last().unwrap_or_default();
    // `curl: (22) The requested URL …`
    let said = said.split_once(") ").map_or(said, |(_, rest)| rest);
    let said: String = said.chars().filter(|c| !c.is_control()).take(300).collect();
    Err(Refusal::Curl { code: status.code().unwrap_or(-1), said })
}
