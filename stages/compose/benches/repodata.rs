//! Metadata from packages of a store, one job for each run, so that `cargo xtask bench repodata` can let it take turns
//! with createrepo_c. A run opens the store, as a command does.
//!
//!     repodata STATE enter PACKAGES       brings a directory of packages into a store, as signing does
//!     repodata STATE zstd | gzip          writes the metadata with a record that was not there before
//!     repodata STATE again                writes what was written before
//!     repodata STATE many COUNT           places the packages again and again until there are so many
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use heirloom_compose::{Placed, describe, write_repodata};
use heirloom_formats::repodata::{Compression, ExtraRecord};
use heirloom_model::Digest;
use heirloom_store::Store;

const JOBS: usize = 2;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some((state, job)) = arguments.split_first() else {
        println!("give a store and a job; `cargo xtask bench repodata` does");
        return Ok(());
    };
    let state = Path::new(state);
    let new = || format!("{:?}", SystemTime::now());
    match job.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["enter", packages] => enter(Path::new(packages), state),
        ["zstd"] => write(state, &placed(state)?, &new(), Compression::Zstd),
        ["gzip"] => write(state, &placed(state)?, &new(), Compression::Gzip),
        ["again"] => write(state, &placed(state)?, "again", Compression::Zstd),
        ["many", count] => write(state, &many(placed(state)?, count.parse()?), &new(), Compression::Zstd),
        _ => Err(format!("no job is called `{}`", job.join(" ")).into()),
    }
}

/// Brings all packages into the store: linked, described, and what describes them kept. The list of them is kept, too.
fn enter(packages: &Path, state: &Path) -> Result<()> {
    let store = Store::open(state)?;
    let mut paths = Vec::new();
    walk(packages, &mut paths)?;
    let (mut list, began) = (String::new(), Instant::now());
    for path in &paths {
        let location = path.strip_prefix(packages)?.to_string_lossy();
        let link = state.join("incoming/link");
        fs::hard_link(path, &link)?;
        let digest = Digest::of(&fs::read(&link)?);
        store.adopt(&link, digest)?;
        describe(&store, digest)?;
        list += &format!("{digest} {location}\n");
    }
    fs::write(state.join(LIST), list)?;
    println!("{} packages entered the store in {:.1} s", paths.len(), began.elapsed().as_secs_f64());
    Ok(())
}

const LIST: &str = "placed";

fn placed(state: &Path) -> Result<Vec<Placed>> {
    let list = fs::read_to_string(state.join(LIST))?;
    let one = |line: &str| {
        let (digest, location) = line.split_once(' ').ok_or("a line without a location")?;
        Ok(Placed { location: location.to_owned(), digest: digest.parse()? })
    };
    list.lines().map(one).collect()
}

fn many(placed: Vec<Placed>, count: usize) -> Vec<Placed> {
    let again = |round: usize| {
        placed
            .iter()
            .map(move |placed| Placed { location: format!("{round}/{}", placed.location), ..placed.clone() })
    };
    (0..).flat_map(again).take(if placed.is_empty() { 0 } else { count }).collect()
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        match path.is_dir() {
            true => walk(&path, found)?,
            false => found.extend(path.extension().is_some_and(|ending| ending == "rpm").then_some(path)),
        }
    }
    Ok(())
}

fn write(state: &Path, placed: &[Placed], content: &str, compression: Compression) -> Result<()> {
    let store = Store::open(state)?;
    let extra = ExtraRecord { kind: "productid", file_name: "productid", content: content.as_bytes() };
    let written = write_repodata(&store, "bench", placed, &[extra], compression, JOBS)?;
    println!("{} bytes", written.files.iter().map(|file| file.size).sum::<u64>());
    Ok(())
}
