//! Pairs that differ as honest rebuilds do: packages of the stand-in upstream, unpacked and packaged twice.
//!
//! Of 263 pairs of two vendors' Enterprise Linux, 22 of 100 had equal files, 46 more differed only in what
//! follows from the build, and the others in code or data; so it is here.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Pair;
use crate::bench::{Result, run_tool};

/// One of so many packages gets a twin.
const EVERY: usize = 7;

/// What of a twin differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    BuildIds,
    Code,
}

/// The share of each, as measured: of nine packages in turn.
const SHARES: [Change; 9] = [
    Change::BuildIds,
    Change::Nothing,
    Change::Code,
    Change::BuildIds,
    Change::BuildIds,
    Change::Code,
    Change::Nothing,
    Change::BuildIds,
    Change::Code,
];

/// Makes pairs of packages in `source` that have ELF files, one of [`EVERY`].
pub(super) fn make(source: &Path, reference: &Path, rebuild: &Path) -> Result<Vec<Pair>> {
    fs::create_dir_all(reference)?;
    fs::create_dir_all(rebuild)?;
    let files = fs::read_dir(source).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut packages: Vec<PathBuf> = files.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    packages.retain(|path| path.extension().is_some_and(|extension| extension == "rpm"));
    packages.sort();
    // The peers would take half an hour for all of them.
    packages = packages.into_iter().step_by(EVERY).collect();
    println!("making twins of {} packages", packages.len());
    let next = AtomicUsize::new(0);
    let work = || -> std::result::Result<Vec<Pair>, String> {
        let mut pairs = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(package) = packages.get(index) else { return Ok(pairs) };
            let made = twin(package, SHARES[index % SHARES.len()], reference, rebuild);
            pairs.extend(made.map_err(|error| format!("{}: {error}", package.display()))?);
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let made = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|_| Err("a worker panicked".to_owned()))
        };
        workers.into_iter().map(join).collect::<Vec<_>>()
    });
    let mut pairs = Vec::new();
    for made in made {
        pairs.extend(made?);
    }
    pairs.sort_by(|a: &Pair, b| a.reference.cmp(&b.reference));
    Ok(pairs)
}

fn twin(package: &Path, change: Change, reference: &Path, rebuild: &Path) -> Result<Option<Pair>> {
    let dir = tempfile::tempdir()?;
    let tree = dir.path().join("tree");
    fs::create_dir(&tree)?;
    let unpack = "rpm2cpio \"$1\" | cpio -id --quiet --no-absolute-filenames";
    run_tool(Command::new("sh").args(["-c", unpack, "sh"]).arg(package).current_dir(&tree))?;
    let elf = elf_files(&tree)?;
    if elf.is_empty() {
        return Ok(None);
    }
    let spec = spec(package, &tree)?;
    let name = package.file_name().unwrap_or_default();
    let (one, other) = (reference.join(name), rebuild.join(name));
    build(dir.path(), &spec, "one", &one)?;
    for (index, file) in elf.iter().enumerate() {
        // Of a package whose code differs not every file's does.
        alter(file, change, index % 2 == 0)?;
    }
    build(dir.path(), &spec, "other", &other)?;
    Ok(Some(Pair { reference: one, rebuilt: other }))
}

/// The package's own description, with files and dependencies.
fn spec(package: &Path, tree: &Path) -> Result<String> {
    let query = |format: &str| {
        run_tool(Command::new("rpm").args(["-qp", "--nosignature", "--queryformat", format]).arg(package))
    };
    let mut spec = query(
        "Name: %{NAME}\nVersion: %{VERSION}\nRelease: %{RELEASE}\n%|EPOCH?{Epoch: %{EPOCH}\n}|Summary: %{SUMMARY}\n\
         License: %{LICENSE}\nAutoReqProv: no\n",
    )?;
    for tag in ["REQUIRE", "PROVIDE"] {
        let all = query(&format!("[%{{{tag}NAME}} %{{{tag}FLAGS:depflags}} %{{{tag}VERSION}}\n]"))?;
        let own = query("%{NAME}")?;
        let kept = |line: &&str| {
            !line.starts_with("rpmlib(")
                && !line.starts_with("(none)")
                && line.split([' ', '(']).next() != Some(own.as_str())
        };
        for line in all.lines().filter(kept) {
            let name = if tag == "REQUIRE" { "Requires" } else { "Provides" };
            let _ = writeln!(spec, "{name}: {}", line.trim().replace('%', "%%"));
        }
    }
    let _ = write!(
        spec,
        "%description\nA twin.\n%install\ncp -a {}/. %{{buildroot}}\n%files\n%defattr(-,root,root,-)\n",
        tree.display()
    );
    for file in query("[%{FILEMODES:perms} %{FILENAMES}\n]")?.lines() {
        let Some((mode, path)) = file.split_once(' ') else { continue };
        let on_disk = tree.join(path.trim_start_matches('/'));
        if fs::symlink_metadata(&on_disk).is_ok() {
            let directive = if mode.starts_with('d') { "%dir " } else { "" };
            let _ = writeln!(spec, "{directive}\"{}\"", path.replace('%', "%%").replace('"', "\\\""));
        }
    }
    Ok(spec)
}

fn build(dir: &Path, spec: &str, host: &str, target: &Path) -> Result<()> {
    let file = dir.join("twin.spec");
    fs::write(&file, spec)?;
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild.args(["-bb", "--quiet", "--nodeps"]).env("SOURCE_DATE_EPOCH", "1700000000");
    let top = dir.join("top");
    for (name, value) in [
        ("_topdir", top.to_string_lossy().as_ref()),
        ("_rpmdir", dir.to_string_lossy().as_ref()),
        ("_rpmfilename", "out.rpm"),
        ("_buildhost", host),
        ("vendor", host),
        ("_buildshell", "/bin/bash"),
        ("_build_id_links", "none"),
        ("_binary_payload", "w3.zstdio"),
        ("_unpackaged_files_terminate_build", "0"),
        ("__os_install_post", "%{nil}"),
        ("debug_package", "%{nil}"),
    ] {
        rpmbuild.arg("--define").arg(format!("{name} {value}"));
    }
    run_tool(rpmbuild.arg(&file))?;
    fs::rename(dir.join("out.rpm"), target).or_else(|_| fs::copy(dir.join("out.rpm"), target).map(drop))?;
    Ok(())
}

/// Every ELF file with a build-id below a directory.
fn elf_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            found.extend(elf_files(&path)?);
        } else if entry.file_type()?.is_file() {
            let bytes = fs::read(&path)?;
            if bytes.starts_with(b"\x7fELF") && build_id(&bytes).is_some() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where a build-id's twenty bytes begin: after the head of its note.
fn build_id(bytes: &[u8]) -> Option<usize> {
    const HEAD: &[u8] = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0";
    let at = bytes.windows(HEAD.len()).position(|window| window == HEAD)? + HEAD.len();
    (at + 20 <= bytes.len()).then_some(at)
}

fn alter(file: &Path, change: Change, code: bool) -> Result<()> {
    if change == Change::Nothing {
        return Ok(());
    }
    let mut bytes = fs::read(file)?;
    if let Some(at) = build_id(&bytes) {
        bytes[at..at + 20].iter_mut().for_each(|byte| *byte = !*byte);
    }
    if change == Change::Code
        && code
        && let Some((start, size)) = text(file)?
    {
        // A byte of every page, as another compiler's code differs all over.
        for at in (start..start + size).step_by(4096) {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
        }
    }
    Ok(fs::write(file, bytes)?)
}

/// Where a file's code is, and how much there is.
fn text(file: &Path) -> Result<Option<(usize, usize)>> {
    let sections = run_tool(Command::new("readelf").arg("-SW").arg(file))?;
    let Some(line) = sections.lines().find(|line| line.contains(" .text ")) else { return Ok(None) };
    let fields: Vec<&str> = line.rsplit(".text").next().unwrap_or_default().split_whitespace().collect();
    let [_, _, offset, size, ..] = fields[..] else { return Err(format!("readelf says `{line}`").into()) };
    Ok(Some((usize::from_str_radix(offset, 16)?, usize::from_str_radix(size, 16)?)))
}
