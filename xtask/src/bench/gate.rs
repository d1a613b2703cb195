//! The gate, at the size of a distribution: Debian's own index as rpm-md repositories, with its requirements, provides
//! and conflicts, and files made up; judged by `heirloom gate`, and by `dnf repoclosure`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Result, heirloom, run_tool, seconds};
use crate::world::apt::Apt;

/// Seconds that dnf is given.
const LIMIT: &str = "900";

const REPOSITORIES: [&str; 3] = ["BaseOS", "AppStream", "CRB"];

/// Files of each package on the average.
const FILES: usize = 50;

/// A stanza of the index.
struct Package<'a> {
    name: &'a str,
    arch: &'a str,
    /// Epoch, version, release.
    evr: [String; 3],
    requires: Vec<String>,
    provides: Vec<String>,
    conflicts: Vec<String>,
    repository: &'static str,
}

/// Measures both on so many packages.
pub(super) fn run(count: usize) -> Result<()> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    let index = Apt::open(&dir.join("apt"))?.index("Packages")?;
    let packages = needed(index.split("\n\n").filter_map(package).collect(), count);
    let repositories = dir.join("gate");
    for name in REPOSITORIES {
        let part: Vec<_> = packages.iter().filter(|one| one.repository == name).collect();
        write(&repositories.join(name), &part)?;
    }
    println!("{} packages of Debian's index, {} files", packages.len(), packages.len() * FILES);
    ours(&repositories)?;
    theirs(&repositories)
}

/// So many of the packages, without those that the fewest others need, so that what is left is about as closed as all.
fn needed(mut packages: Vec<Package<'_>>, count: usize) -> Vec<Package<'_>> {
    let mut needs = HashMap::<String, usize>::new();
    let lists = packages.iter().flat_map(|one| &one.requires);
    for text in lists.flat_map(|text| text.split('|')) {
        *needs.entry(relation(text.trim()).0).or_default() += 1;
    }
    packages.sort_by_cached_key(|one| std::cmp::Reverse(needs.get(one.name).copied().unwrap_or(0)));
    packages.truncate(count);
    // For rpm, a name that is provided without a version is provided in every version; Debian means none.
    let without = packages.iter().flat_map(|one| &one.provides).filter(|text| !text.contains('('));
    let virtuals: HashSet<_> = without.map(|text| relation(text).0).collect();
    for package in &mut packages {
        // Nor do both order versions with several dashes alike.
        package.conflicts.retain(|text| match relation(text) {
            (_, None) => !text.contains('('),
            (name, Some((_, version))) => !virtuals.contains(&name) && version.matches('-').count() < 2,
        });
    }
    packages.sort_by_key(|one| one.name);
    packages
}

fn ours(dir: &Path) -> Result<()> {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", "-o"]).arg(dir.join("memory")).arg(heirloom()?);
    command.args(["--format", "json", "gate", "--arch", "x86_64"]);
    for name in REPOSITORIES {
        command.arg("--repository").arg(format!("{name}={}", dir.join(name).display()));
    }
    // Without packages beside the metadata, nothing is asked of their files.
    let mut answer = String::new();
    let took = seconds(|| {
        answer = String::from_utf8(command.output()?.stdout)?;
        Ok(())
    })?;
    let report: Value = serde_json::from_str(&answer)?;
    let memory = fs::read_to_string(dir.join("memory"))?;
    let kilobytes: usize = memory.lines().last().unwrap_or_default().parse().unwrap_or(0);
    println!("  heirloom gate     {took:7.1} s, {} MiB", kilobytes / 1024);
    for rule in report["rules"].as_array().into_iter().flatten() {
        if rule["looked_at"].as_u64().unwrap_or(0) > 0 {
            println!(
                "    {:14} {:>6} of {}",
                rule["rule"].as_str().unwrap_or(""),
                rule["errors"],
                rule["looked_at"]
            );
        }
    }
    Ok(())
}

fn theirs(dir: &Path) -> Result<()> {
    let mut command = Command::new("timeout");
    command.args([LIMIT, "/usr/bin/time", "-f", "%M", "-o"]).arg(dir.join("memory"));
    command.args([
        "dnf",
        "-q",
        "--disablerepo=*",
        "--releasever=9",
        "--forcearch=x86_64",
        "--setopt=reposdir=/nowhere",
    ]);
    command.arg(format!("--setopt=cachedir={}", dir.join("cache").display()));
    command.args(["--setopt=module_platform_id=platform:el9", "--disableplugin=local"]);
    for name in REPOSITORIES {
        command.arg(format!("--repofrompath={name},{}", dir.join(name).display()));
        command.arg(format!("--enablerepo={name}"));
    }
    let _ = fs::remove_dir_all(dir.join("cache"));
    let mut output = None;
    let took = seconds(|| {
        output = Some(command.arg("repoclosure").output()?);
        Ok(())
    })?;
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let failed = text.lines().filter(|line| line.starts_with("package: ")).count();
    let memory = fs::read_to_string(dir.join("memory")).unwrap_or_default();
    let kilobytes: usize = memory.lines().last().unwrap_or_default().parse().unwrap_or(0);
    println!(
        "  dnf repoclosure   {took:7.1} s, {} MiB: {failed} packages (limit {LIMIT} s)",
        kilobytes / 1024
    );
    Ok(())
}

fn package(stanza: &str) -> Option<Package<'_>> {
    let field = |name: &str| {
        stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
    };
    let name = field("Package");
    let version = field("Version");
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    let list = |names: &[&str]| {
        let parts = names.iter().flat_map(|name| field(name).split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    (!name.is_empty() && !release.is_empty()).then(|| Package {
        name,
        arch: if field("Architecture") == "all" { "noarch" } else { "x86_64" },
        evr: [epoch.to_owned(), upstream(version), release.to_owned()],
        requires: list(&["Pre-Depends", "Depends"]),
        provides: list(&["Provides"]),
        conflicts: list(&["Conflicts", "Breaks"]),
        repository: match field("Section").rsplit('/').next().unwrap_or_default() {
            "admin" | "libs" | "net" | "utils" | "shells" | "text" | "kernel" => "BaseOS",
            "libdevel" | "devel" | "doc" | "debug" | "introspection" => "CRB",
            _ => "AppStream",
        },
    })
}

/// An upstream version as rpm can write and compare it.
fn upstream(version: &str) -> String {
    version.replace('-', "_").replace("+~", "+")
}

/// `name`, or its flags and version with it: of `name:any (>= 1:2-3)`.
fn relation(text: &str) -> (String, Option<(&'static str, String)>) {
    let name = text.split([' ', ':', '(']).next().unwrap_or_default().to_owned();
    let Some((_, rest)) = text.split_once('(') else { return (name, None) };
    let rest = rest.trim_end_matches(')').trim();
    let operator: String = rest.chars().take_while(|c| "<>=".contains(*c)).collect();
    let version = rest[operator.len()..].trim();
    // `<< 1.2-.` means any revision of 1.2, for which rpm has no words.
    if operator.starts_with('<') && version.trim_end_matches('~').ends_with(['.', 'z', '+']) {
        return (name, None);
    }
    let flags = match operator.as_str() {
        ">>" if version.contains('-') => "GT",
        ">>" | ">=" | ">" => "GE",
        "<<" => "LT",
        "<=" | "<" => "LE",
        _ => "EQ",
    };
    (name, Some((flags, version.to_owned())))
}

fn sign(flags: &str) -> &'static str {
    match flags {
        "GT" => ">",
        "GE" => ">=",
        "LT" => "<",
        "LE" => "<=",
        _ => "=",
    }
}

/// The attributes of epoch, version and release.
fn evr(text: &str) -> String {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    match rest.rsplit_once('-') {
        Some((version, release)) => {
            format!("epoch=\"{epoch}\" ver=\"{}\" rel=\"{release}\"", upstream(version))
        }
        None => format!("epoch=\"{epoch}\" ver=\"{}\"", upstream(rest)),
    }
}

fn entry(text: &str) -> String {
    if text.contains('|') {
        let one = |text: &str| match relation(text.trim()) {
            (name, None) => name,
            (name, Some((flags, version))) => {
                let (epoch, rest) = version.split_once(':').map_or(("", &*version), |(e, r)| (e, r));
                let rest = match rest.rsplit_once('-') {
                    Some((version, release)) => format!("{}-{release}", upstream(version)),
                    None => upstream(rest),
                };
                let colon = if epoch.is_empty() { "" } else { ":" };
                format!("{name} {} {epoch}{colon}{rest}", sign(flags))
                    .replace('>', "&gt;")
                    .replace('<', "&lt;")
            }
        };
        let all: Vec<_> = text.split('|').map(one).collect();
        return format!("<rpm:entry name=\"({})\"/>", all.join(" or "));
    }
    match relation(text) {
        (name, None) => format!("<rpm:entry name=\"{name}\"/>"),
        (name, Some((flags, version))) => {
            format!("<rpm:entry name=\"{name}\" flags=\"{flags}\" {}/>", evr(&version))
        }
    }
}

/// Writes a repository's metadata, without packages.
fn write(dir: &Path, packages: &[&Package<'_>]) -> Result<()> {
    let repodata = dir.join("repodata");
    let _ = fs::remove_dir_all(&repodata);
    fs::create_dir_all(&repodata)?;
    let count = packages.len();
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let mut primary = format!(
        "{head}<metadata xmlns=\"http://linux.duke.edu/metadata/common\" \
         xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"{count}\">\n"
    );
    let mut files = format!(
        "{head}<filelists xmlns=\"http://linux.duke.edu/metadata/filelists\" packages=\"{count}\">\n"
    );
    for package in packages {
        let Package { name, arch, evr: [epoch, version, release], .. } = package;
        let id = hex(&Sha256::digest(format!("{name}-{epoch}:{version}-{release}.{arch}")));
        let this = format!("epoch=\"{epoch}\" ver=\"{version}\" rel=\"{release}\"");
        write!(
            primary,
            "<package type=\"rpm\"><name>{name}</name><arch>{arch}</arch><version {this}/>\
             <checksum type=\"sha256\" pkgid=\"YES\">{id}</checksum><summary>s</summary><description>d</description>\
             <packager/><url/><time file=\"1\" build=\"1\"/><size package=\"1\" installed=\"1\" archive=\"1\"/>\
             <location href=\"Packages/{name}.rpm\"/><format><rpm:license>l</rpm:license><rpm:vendor/><rpm:group/>\
             <rpm:buildhost/><rpm:sourcerpm>{name}-1-1.src.rpm</rpm:sourcerpm>\
             <rpm:header-range start=\"1\" end=\"2\"/>"
        )?;
        let itself = format!("<rpm:entry name=\"{name}\" flags=\"EQ\" {this}/>");
        for (tag, list) in [
            ("provides", &package.provides),
            ("requires", &package.requires),
            ("conflicts", &package.conflicts),
        ] {
            let entries: String = list.iter().map(|text| entry(text)).collect();
            let itself = if tag == "provides" { &*itself } else { "" };
            if !(entries.is_empty() && itself.is_empty()) {
                write!(primary, "<rpm:{tag}>{itself}{entries}</rpm:{tag}>")?;
            }
        }
        writeln!(primary, "<file>/usr/bin/{name}</file></format></package>")?;
        writeln!(files, "<package pkgid=\"{id}\" name=\"{name}\" arch=\"{arch}\"><version {this}/>")?;
        write!(files, "<file>/usr/bin/{name}</file><file type=\"dir\">/usr/share/doc/{name}</file>")?;
        for number in 2..FILES {
            write!(files, "<file>/usr/share/{name}/data/part-{number}.dat</file>")?;
        }
        writeln!(files, "</package>")?;
    }
    primary += "</metadata>\n";
    files += "</filelists>\n";
    let mut repomd =
        format!("{head}<repomd xmlns=\"http://linux.duke.edu/metadata/repo\"><revision>1</revision>\n");
    for (kind, text) in [("primary", primary), ("filelists", files)] {
        let plain = repodata.join(format!("{kind}.xml"));
        fs::write(&plain, &text)?;
        run_tool(Command::new("gzip").args(["-f", "-n", "-1"]).arg(&plain))?;
        let packed = PathBuf::from(format!("{}.gz", plain.display()));
        let bytes = fs::read(&packed)?;
        writeln!(
            repomd,
            "<data type=\"{kind}\"><checksum type=\"sha256\">{}</checksum><open-checksum type=\"sha256\">{}\
             </open-checksum><location href=\"repodata/{kind}.xml.gz\"/><timestamp>1</timestamp><size>{}</size>\
             <open-size>{}</open-size></data>",
            hex(&Sha256::digest(&bytes)),
            hex(&Sha256::digest(&text)),
            bytes.len(),
            text.len()
        )?;
    }
    repomd += "</repomd>\n";
    Ok(fs::write(repodata.join("repomd.xml"), repomd)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
