//! `cargo xtask tidy`: conventions that a compiler does not see, checked.
//!
//! - a crate depends only on the rooms below it;
//! - every crate says at the top of its root file what it is for;
//! - every Rust file is part of its crate, every fixture is read by a test, every package of the world is built;
//! - no file is longer than a person can hold in the head.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest Rust file, in lines.
const LONGEST: usize = 450;

/// Which workspace crates a crate may use. A room that is not listed may not exist.
const EDGES: &[(&str, &[&str])] = &[
    ("base/model", &[]),
    ("base/formats", &["heirloom-model"]),
    ("base/elf", &[]),
    ("base/dwarf", &[]),
    ("base/store", &["heirloom-model"]),
    ("base/solve", &["heirloom-model"]),
    ("base/sign", &["heirloom-model", "heirloom-formats"]),
    ("base/tlog", &["heirloom-model"]),
    ("stages/import", BASE),
    ("stages/debrand", &["heirloom-model", "heirloom-formats"]),
    ("stages/scan", &["heirloom-model", "heirloom-formats", "heirloom-elf"]),
    ("stages/plan", &["heirloom-model", "heirloom-solve"]),
    ("stages/build", &["heirloom-model", "heirloom-formats", "heirloom-elf", "heirloom-store"]),
    ("stages/compare", &["heirloom-model", "heirloom-formats", "heirloom-elf", "heirloom-dwarf"]),
    ("stages/compose", BASE),
    ("stages/release", BASE),
    ("stages/attest", &["heirloom-model", "heirloom-formats"]),
    ("stages/errata", &["heirloom-model", "heirloom-formats"]),
    ("stages/migrate", &["heirloom-model", "heirloom-formats"]),
    ("stages/govern", &["heirloom-model"]),
    ("heirloom", ALL),
    ("heirloom-migrate", &["heirloom-model", "heirloom-formats", "heirloom-migrate"]),
    ("testkit", &[]),
    ("xtask", &["testkit"]),
];
const BASE: &[&str] = &[
    "heirloom-model",
    "heirloom-formats",
    "heirloom-store",
    "heirloom-solve",
    "heirloom-sign",
    "heirloom-tlog",
];
const ALL: &[&str] = &[
    "heirloom-model",
    "heirloom-formats",
    "heirloom-store",
    "heirloom-solve",
    "heirloom-sign",
    "heirloom-tlog",
    "heirloom-import",
    "heirloom-debrand",
    "heirloom-scan",
    "heirloom-plan",
    "heirloom-build",
    "heirloom-compare",
    "heirloom-compose",
    "heirloom-release",
    "heirloom-attest",
    "heirloom-errata",
    "heirloom-govern",
    "heirloom-migrate",
];

/// Checks the workspace that this was built in.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let mut faults = Vec::new();
    for dir in crates(&top)? {
        edges(&top, &dir, &mut faults)?;
        purpose(&top, &dir, &mut faults)?;
        for file in rust_files(&top.join(&dir).join("src"))? {
            wired(&top, &file, &mut faults)?;
        }
        fixtures(&top, &dir, &mut faults)?;
    }
    world(&top, &mut faults)?;
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count => Err(format!("{count} faults").into()),
    }
}

/// Every directory with a Cargo.toml, as a path below the workspace.
fn crates(top: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut found = Vec::new();
    for below in ["", "base", "stages"] {
        for entry in fs::read_dir(top.join(below))? {
            let path = entry?.path();
            if path.join("Cargo.toml").is_file() && path.join("src").is_dir() {
                found.push(path.strip_prefix(top)?.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn edges(top: &Path, dir: &str, faults: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let Some((_, allowed)) = EDGES.iter().find(|(room, _)| *room == dir) else {
        faults.push(format!(
            "{dir}: an unknown room; add it with its edges to xtask/src/tidy.rs and ARCHITECTURE.md"
        ));
        return Ok(());
    };
    let manifest: toml::Table = fs::read_to_string(top.join(dir).join("Cargo.toml"))?.parse()?;
    for (table, may_test) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        let names =
            manifest.get(table).and_then(|table| table.as_table()).into_iter().flat_map(|table| table.keys());
        for name in names.filter(|name| name.starts_with("heirloom-") || *name == "testkit") {
            let tests = may_test && (name == "testkit" || BASE.contains(&name.as_str()));
            if !allowed.contains(&name.as_str()) && !tests {
                faults.push(format!("{dir} may not depend on {name} ({table})"));
            }
        }
    }
    Ok(())
}

fn purpose(top: &Path, dir: &str, faults: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let root = ["lib.rs", "main.rs"]
        .iter()
        .map(|file| top.join(dir).join("src").join(file))
        .find(|path| path.is_file());
    let Some(root) = root else {
        faults.push(format!("{dir}: neither src/lib.rs nor src/main.rs"));
        return Ok(());
    };
    let lines = fs::read_to_string(&root)?.lines().take_while(|line| line.starts_with("//!")).count();
    if lines < 4 {
        faults.push(format!(
            "{}: say at the top what the crate is for, what it must not do and where to start",
            show(top, &root)
        ));
    }
    Ok(())
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A file is a module of its parent, and short enough.
fn wired(top: &Path, file: &Path, faults: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let lines = fs::read_to_string(file)?.lines().count();
    if lines > LONGEST {
        faults.push(format!("{}: {lines} lines, more than {LONGEST}; part it", show(top, file)));
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let dir = file.parent().unwrap_or(top);
    if ["lib", "main", "build"].contains(&stem.as_str()) || dir.ends_with("bin") {
        return Ok(());
    }
    let parents = [dir.join("lib.rs"), dir.join("main.rs"), dir.with_extension("rs")];
    let declared = parents
        .iter()
        .filter_map(|parent| fs::read_to_string(parent).ok())
        .any(|text| text.lines().any(|line| line.trim_end().ends_with(&format!("mod {stem};"))));
    if !declared {
        faults.push(format!("{}: no module declares it", show(top, file)));
    }
    Ok(())
}

/// Every file under `tests/` that is no Rust file is named by a test, itself or by its directory.
fn fixtures(top: &Path, dir: &str, faults: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let tests = top.join(dir).join("tests");
    if !tests.is_dir() {
        return Ok(());
    }
    let mut code = String::new();
    for file in rust_files(&tests)?.into_iter().chain(rust_files(&top.join(dir).join("src"))?) {
        code.push_str(&fs::read_to_string(file)?);
    }
    for file in all_files(&tests)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parent =
            file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let wired = name.ends_with(".rs")
            || name.ends_with(".snap")
            || code.contains(&name)
            || code.contains(&format!("/{parent}"));
        if !wired {
            faults.push(format!("{}: no test reads it", show(top, &file)));
        }
    }
    Ok(())
}

fn all_files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(all_files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Every source package of the world has its spec file and recipe, and stands in the vendor's build order.
fn world(top: &Path, faults: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let order = fs::read_to_string(top.join("world/world.toml"))?;
    let mut seen = BTreeMap::new();
    for entry in fs::read_dir(top.join("world/sources"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in [format!("{name}.spec"), "recipe.toml".to_owned()] {
            if path.is_dir() && !path.join(&file).is_file() {
                faults.push(format!("world/sources/{name}: no {file}"));
            }
        }
        seen.insert(name, path);
    }
    for name in seen.keys().filter(|name| !order.contains(&format!("\"{name}\""))) {
        faults.push(format!("world/sources/{name}: not in the build order of world/world.toml"));
    }
    Ok(())
}

fn show(top: &Path, path: &Path) -> String {
    path.strip_prefix(top).unwrap_or(path).display().to_string()
}
