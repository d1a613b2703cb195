//! `heirloom doctor`: how this machine can build, what it lacks, and the command that installs it.

use std::fmt::Write as _;
use std::path::Path;

use heirloom_build::{Lack, Limiting, Mode};
use serde::Serialize;

use crate::fail::{Exit, Fail};
use crate::ui::Shown;

#[derive(Serialize)]
struct Report {
    /// How builds are run here, `root` or `user`; none: not at all.
    mode: Option<&'static str>,
    /// How memory and processes are limited, `control-groups` or `watching`.
    limits: &'static str,
    /// What has to be mended.
    missing: Vec<Missing>,
    /// What builds as root would lack.
    as_root: Vec<Missing>,
    /// What builds without root would lack.
    without_root: Vec<Missing>,
}

#[derive(Clone, Serialize)]
struct Missing {
    lack: String,
    remedy: String,
}

pub(crate) fn run() -> Result<Shown, Fail> {
    let os = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let told = |lacks: &[Lack]| -> Vec<Missing> {
        lacks.iter().map(|lack| Missing { lack: lack.to_string(), remedy: remedy(lack, &os) }).collect()
    };
    let machine = heirloom_build::detect();
    let mode = machine.mode();
    let mut missing = mode.as_ref().err().map(|lacks| told(lacks)).unwrap_or_default();
    if !in_path("git") {
        missing.extend(told(&[Lack::Program("git")]));
    }
    let report = Report {
        mode: mode.ok().map(|mode| match mode {
            Mode::Root => "root",
            Mode::User => "user",
        }),
        limits: match machine.limiting {
            Limiting::ControlGroups => "control-groups",
            Limiting::Watching(_) => "watching",
        },
        missing,
        as_root: told(&machine.root),
        without_root: told(&machine.user),
    };
    let exit = if report.missing.is_empty() { Exit::Fine } else { Exit::Machine };
    let text = text(&report, machine.limiting);
    Ok(Shown::new(&report, text)?.exit(exit))
}

fn text(report: &Report, limiting: Limiting) -> String {
    let mut text = String::new();
    list(&mut text, &report.missing);
    text.push_str(match report.mode {
        Some("root") => "builds run here as root\n",
        Some(_) => "builds run here without root, in user namespaces\n",
        None => "builds can't run here\n",
    });
    let _ = match limiting {
        Limiting::ControlGroups => writeln!(text, "their memory and processes are limited by control groups"),
        Limiting::Watching(controller) => writeln!(
            text,
            "their memory and processes are watched, since the control group controller `{controller}` can't be used"
        ),
    };
    let (other, lacks) = match report.mode {
        Some("root") => ("without root", &report.without_root),
        _ => ("as root", &report.as_root),
    };
    match lacks.is_empty() {
        true => _ = writeln!(text, "builds {other} can run too"),
        false if report.mode.is_some() => {
            let _ = writeln!(text, "builds {other} would lack:");
            list(&mut text, lacks);
        }
        false => {}
    }
    if report.missing.is_empty() {
        text.push_str("this machine has all that a rebuild needs\n");
    }
    text
}

fn list(text: &mut String, missing: &[Missing]) {
    for missing in missing {
        let _ = writeln!(text, "{}\n  {}", missing.lack, missing.remedy);
    }
}

/// What to do about it, on this operating system.
fn remedy(lack: &Lack, os: &str) -> String {
    match lack {
        Lack::Program(program) if is_debian(os) => format!("apt-get install {}", package(program, true)),
        Lack::Program(program) => format!("dnf install {}", package(program, false)),
        Lack::Root => "sudo heirloom ...".to_owned(),
        Lack::FileSystem(name) => format!("modprobe {name}"),
        Lack::Namespace(_) => {
            "use a kernel that has them; in a container, give it the right to make namespaces".to_owned()
        }
        Lack::UserNamespaces { setting, .. } => {
            let value = match setting.ends_with("max_user_namespaces") {
                true => "15000",
                false if setting.contains("apparmor") => "0",
                false => "1",
            };
            let name = setting.trim_start_matches("/proc/sys/").replace('/', ".");
            format!("sysctl -w {name}={value}, or build as root")
        }
        Lack::Kernel(_) => "use a newer kernel, or build as root".to_owned(),
        Lack::SubordinateIds(_) => {
            "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, with a range that is free"
                .to_owned()
        }
        Lack::Proc(_) => {
            "start the container with all of /proc (`podman run --security-opt unmask=ALL`)".to_owned()
        }
    }
}

/// The package that has a program.
fn package(program: &'static str, debian: bool) -> &'static str {
    match (program, debian) {
        ("newuidmap" | "newgidmap", true) => "uidmap",
        ("newuidmap" | "newgidmap", false) => "shadow-utils",
        _ => program,
    }
}

fn is_debian(os: &str) -> bool {
    os.lines().any(|line| line == "ID=debian" || line.starts_with("ID_LIKE=") && line.contains("debian"))
}

fn in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| Path::new(&dir).join(program).is_file()))
}
