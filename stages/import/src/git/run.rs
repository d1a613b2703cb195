//! Running git on foreign repositories: it reads objects and refs, and fetches. Nothing is ever checked out, so that
//! hooks, filters, attributes, links and submodules of a foreign repository have no effect.

use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::ImportError;
use crate::fetch::Patience;

/// Largest pack that a fetch may make, in blocks of 512 bytes: 8 GiB.
const PACK_BLOCKS: &str = "16777216";
/// Seconds that one fetch may take.
const FETCH_SECONDS: &str = "7200";

/// Runs git in this directory and gives its output, of at most `limit` bytes.
pub(crate) fn git(dir: &Path, arguments: &[&str], input: &[u8], limit: u64) -> Result<Vec<u8>, ImportError> {
    run(Command::new("git"), dir, arguments, input, limit)
}

/// The same for what goes over the network. It is ended when the server stalls or sends too much.
pub(crate) fn network(
    dir: &Path,
    arguments: &[&str],
    patience: Patience,
    limit: u64,
) -> Result<Vec<u8>, ImportError> {
    let mut command = Command::new("sh");
    // The limit of size is inherited by what git starts.
    let script = format!("ulimit -f {PACK_BLOCKS}; exec timeout -k 10 {FETCH_SECONDS} git \"$@\"");
    command.args(["-c", &script, "git"]);
    let stall = format!("http.lowSpeedTime={}", patience.stall.as_secs().max(1));
    command.args(["-c", "http.lowSpeedLimit=1000", "-c", &stall, "-c", "credential.helper="]);
    run(command, dir, arguments, b"", limit)
}

fn run(
    mut command: Command,
    dir: &Path,
    arguments: &[&str],
    input: &[u8],
    limit: u64,
) -> Result<Vec<u8>, ImportError> {
    let failed = |message: String| ImportError::Git {
        command: arguments.join(" "),
        path: dir.to_owned(),
        message: message.chars().take(2000).collect(),
    };
    let io = |error: std::io::Error| failed(format!("{error}; `heirloom doctor` says how to install git"));
    let mut said = tempfile::tempfile().map_err(io)?;
    // A repository that belongs to another user is fine: nothing in it is run.
    command
        .args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "false")
        .env("GIT_ALLOW_PROTOCOL", "https:http:git:file")
        // A foreign repository's settings could name a command to get missing objects with, and other objects to
        // read in the place of those that a commit names.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_COUNT"]
        .into_iter()
        .chain(["GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG_PARAMETERS", "GIT_NAMESPACE"])
    {
        command.env_remove(variable);
    }
    let stderr = said.try_clone().map_err(io)?;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().map_err(io)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut output = Vec::new();
    let read = std::thread::scope(|scope| {
        // git ends without reading all of it if it fails; its exit code says so.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        let read = stdout.map(|stdout| stdout.take(limit + 1).read_to_end(&mut output)).transpose();
        if output.len() as u64 > limit || read.is_err() {
            let _ = child.kill();
        }
        read
    });
    let status = child.wait().map_err(io)?;
    read.map_err(io)?;
    if output.len() as u64 > limit {
        return Err(failed(format!("it printed more than {limit} bytes")));
    }
    if status.success() {
        return Ok(output);
    }
    let mut message = String::new();
    let _ = said.rewind().and_then(|()| said.read_to_string(&mut message));
    Err(failed(match (status.code(), message.trim()) {
        (Some(124 | 137), _) => format!("it took more than {FETCH_SECONDS} seconds"),
        (code, "") => {
            format!("it ended with {}", code.map_or("a signal".to_owned(), |code| code.to_string()))
        }
        (_, text) => text.to_owned(),
    }))
}
