//! `heirloom debrand convert`: rules of other tools.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use heirloom_formats::debrand::{Content, Converted, autopatch, srpmproc};
use serde::Serialize;

use crate::cli::{Convert, RulesOf};
use crate::fail::{Exit, Fail};
use crate::ui::Shown;

/// Largest file of rules or content that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

#[derive(Serialize)]
struct Report {
    /// Files that were written.
    written: Vec<PathBuf>,
    /// What could not be carried over, as `FILE:LINE: WHAT`.
    not_carried: Vec<String>,
}

pub(crate) fn run(args: &Convert) -> Result<Shown, Fail> {
    let rules = args.to.join(format!("{}.toml", args.package));
    if rules.exists() {
        return Err(Fail::new(Exit::Failed, format!("{} is there already", rules.display()))
            .hint("remove it, or convert to another directory with --to"));
    }
    let mut text = String::new();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut not_carried = Vec::new();
    for file in &args.files {
        let converted = convert(args, file)?;
        for lost in &converted.not_carried {
            not_carried.push(format!("{}:{}: {}", file.display(), lost.line, lost.what));
        }
        for (path, bytes) in converted.files {
            match files.get(&path) {
                Some(there) if *there != bytes => {
                    return Err(Fail::new(
                        Exit::Failed,
                        format!("two of the files bring another content each for {path}"),
                    )
                    .hint("convert them into two directories, and put the rules together by hand"));
                }
                _ => drop(files.insert(path, bytes)),
            }
        }
        if !text.is_empty() && !converted.rules.is_empty() {
            text.push('\n');
        }
        text.push_str(&converted.rules);
    }
    let mut written = Vec::new();
    for (path, bytes) in &files {
        written.push(write(&args.to, path, bytes)?);
    }
    // Last: rules without the files that they name would be wrong.
    written.push(write(&args.to, &format!("{}.toml", args.package), text.as_bytes())?);
    let mut said = String::new();
    for path in &written {
        let _ = writeln!(said, "wrote {}", path.display());
    }
    for lost in &not_carried {
        let _ = writeln!(said, "not carried over: {lost}");
    }
    let _ = match not_carried.len() {
        0 => write!(said, "all of it is carried over; next: `heirloom debrand {} --diff`", args.package),
        count => write!(said, "{count} things are not carried over: write rules for them by hand"),
    };
    let exit = if not_carried.is_empty() { Exit::Fine } else { Exit::Failed };
    Ok(Shown::new(&Report { written, not_carried }, said)?.exit(exit))
}

fn convert(args: &Convert, file: &Path) -> Result<Converted, Fail> {
    let text = String::from_utf8(read(file)?)
        .map_err(|error| Fail::new(Exit::Failed, format!("{}: {error}", file.display())))?;
    let content = |content: Content<'_>| match content {
        Content::Tree(path) => {
            let above = file.ancestors().skip(1).take_while(|dir| !dir.as_os_str().is_empty());
            let here = [Path::new(".")];
            let mut places = above.chain(here).map(|dir| dir.join(path)).filter(|path| path.is_file());
            places.next().and_then(|path| read(&path).ok()).filter(|_| inside(path))
        }
        Content::Lookaside(digest) => {
            args.lookaside.as_ref().filter(|_| inside(digest)).and_then(|dir| read(&dir.join(digest)).ok())
        }
    };
    let (name, branch) = (file.display().to_string(), args.branch.as_deref());
    match args.from {
        RulesOf::Srpmproc => srpmproc::convert(&text, &name, &args.package, branch, &content),
        RulesOf::Autopatch => autopatch::convert(&text, &name, &args.package, branch, &content),
    }
    .map_err(|error| Fail::new(Exit::Failed, error))
}

/// Whether a path stays below the directory that it is joined to.
fn inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn read(path: &Path) -> Result<Vec<u8>, Fail> {
    let failed = |error: String| Fail::new(Exit::Failed, format!("can't read {}: {error}", path.display()));
    let size = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    match size > LARGEST {
        true => Err(failed(format!("it has {size} bytes, and rules have no more than {LARGEST}"))),
        false => fs::read(path).map_err(|error| failed(error.to_string())),
    }
}

fn write(dir: &Path, path: &str, bytes: &[u8]) -> Result<PathBuf, Fail> {
    let to = dir.join(path);
    let failed =
        |error: std::io::Error| Fail::new(Exit::Failed, format!("can't write {}: {error}", to.display()));
    if !inside(path) {
        return Err(Fail::new(Exit::Failed, format!("`{path}` leaves the directory of rules; refused")));
    }
    fs::create_dir_all(to.parent().unwrap_or(dir)).map_err(failed)?;
    fs::write(&to, bytes).map_err(failed)?;
    Ok(to)
}
