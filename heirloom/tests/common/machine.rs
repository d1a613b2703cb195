//! What reads a machine in a directory: `root` is its root, `repo` the repository that it is installed from, `out/oval/9.xml` the
//! definitions that a scanner evaluates. Debian's rpm has its database where `.rpmmacros` there says.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs dnf on the machine.
pub(crate) fn dnf(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("dnf");
    command
        .env("HOME", dir)
        .args(["-q", "-y", "--releasever", "9", "--disableplugin=local", "--forcearch=x86_64"])
        .args(["--setopt=module_platform_id=platform:el9", "--setopt=reposdir=/dev/null"])
        .args(["--setopt=varsdir=/dev/null", "--nogpgcheck"])
        .arg(format!("--setopt=cachedir={}", dir.join("cache").display()))
        .arg(format!("--installroot={}", dir.join("root").display()))
        .arg(format!("--repofrompath=kestrel,{}", dir.join("repo").display()))
        .args(args);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Each advisory, and whether a scanner finds it to be missing, by its own reading of the packages' database. Sorted.
pub(crate) fn oscap(dir: &Path) -> Vec<(String, bool)> {
    let document = dir.join("out/oval/9.xml");
    let output = Command::new("oscap")
        .args(["oval", "eval"])
        .arg(&document)
        .env("HOME", dir)
        .env("OSCAP_PROBE_ROOT", dir.join("root"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let xml = fs::read_to_string(document).unwrap();
    let told = |line: &str| {
        let (id, result) = line.strip_prefix("Definition ")?.rsplit_once(": ")?;
        assert!(["true", "false"].contains(&result), "{line}");
        let definition = xml.split("<definition ").find(|part| part.contains(&format!("\"{id}\""))).unwrap();
        let name = definition.split("ref_id=\"").nth(1).unwrap().split('"').next().unwrap();
        Some((name.to_owned(), result == "true"))
    };
    let mut all: Vec<_> = text.lines().filter_map(told).collect();
    all.sort();
    all
}
