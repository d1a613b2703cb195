//! `heirloom doctor`: what this machine lacks, and the command that installs it.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_build::Lack;
use serde::Serialize;

use crate::fail::{Exit, Fail};
use crate::ui::Shown;

#[derive(Serialize)]
struct Missing {
    lack: String,
    remedy: String,
}

pub(crate) fn run() -> Result<Shown, Fail> {
    let os = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let mut lacks = heirloom_build::detect();
    if !in_path("git") {
        lacks.push(Lack::Program("git"));
    }
    let missing: Vec<_> =
        lacks.iter().map(|lack| Missing { lack: lack.to_string(), remedy: remedy(lack, &os) }).collect();
    if missing.is_empty() {
        return Shown::new(&missing, "this machine has all that a rebuild needs".to_owned());
    }
    let mut text = String::new();
    for missing in &missing {
        let _ = writeln!(text, "{}\n  {}", missing.lack, missing.remedy);
    }
    Ok(Shown::new(&missing, text)?.exit(Exit::Machine))
}

/// What to do about it, on this operating system.
fn remedy(lack: &Lack, os: &str) -> String {
    match lack {
        Lack::Program(program) if is_debian(os) => format!("apt-get install {program}"),
        Lack::Program(program) => format!("dnf install {program}"),
        Lack::Root => "sudo heirloom ...".to_owned(),
        Lack::FileSystem(name) => format!("modprobe {name}"),
        Lack::Namespace(_) => {
            "use a kernel that has them; in a container, give it the right to make namespaces".to_owned()
        }
        Lack::Controller(name) => {
            format!("mount the `{name}` control group controller, or start the container with it")
        }
    }
}

fn is_debian(os: &str) -> bool {
    os.lines().any(|line| line == "ID=debian" || line.starts_with("ID_LIKE=") && line.contains("debian"))
}

fn in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| Path::new(&dir).join(program).is_file()))
}
