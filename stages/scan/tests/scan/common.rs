//! A brand to look for, and ways to look.

use std::path::Path;
use std::process::{Command, Stdio};

use heirloom_formats::brand::Brand;
use heirloom_model::record::MarkFinding;
use heirloom_scan::Scanner;

pub(crate) const BRAND: &str = r#"
[[mark]]
name = "tarnholt"
kind = "name"
words = ["Tarnholt", "Grey Heron", "THL", "Škarnholt"]
unless = ["tarnholt-*-config", "/etc/tarnholt-release"]

[[mark]]
name = "hosts"
kind = "url"
urls = ["tarnholt.example", "git.example/heron"]
unless = ["archive.tarnholt.example"]

[[mark]]
name = "mail"
kind = "email"
domains = ["tarnholt.example"]

[[mark]]
name = "tags"
kind = "vendor-tag"
values = ["*Works*"]
tags = ["Vendor", "Packager"]
"#;

pub(crate) fn scanner(text: &str) -> Scanner {
    let brand = Brand::parse(text, Path::new("brand.toml")).unwrap();
    Scanner::new(&brand, "2026-06-01".parse().unwrap()).unwrap()
}

pub(crate) fn scan(scanner: &Scanner, name: &str, data: &[u8]) -> Vec<MarkFinding> {
    let mut findings = Vec::new();
    scanner.file("sample", name, &mut &*data, &mut findings);
    findings
}

/// Each finding as `mark file place`, with ` allowed` where it is.
pub(crate) fn told(findings: &[MarkFinding]) -> Vec<String> {
    let allowed = |finding: &MarkFinding| if finding.allowed.is_some() { " allowed" } else { "" };
    let told = |finding: &MarkFinding| {
        format!("{} {} {}{}", finding.mark, finding.file, finding.place, allowed(finding))
    };
    findings.iter().map(told).collect()
}

/// Runs a script in a directory; its output.
pub(crate) fn run(dir: &Path, script: &str) -> Vec<u8> {
    let mut command = Command::new("bash");
    let done = command.args(["-euc", script]).current_dir(dir).stderr(Stdio::inherit()).output().unwrap();
    assert!(done.status.success(), "{script}");
    done.stdout
}
