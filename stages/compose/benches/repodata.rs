//! Metadata from packages of a store. The packages are given as files; `cargo xtask bench repodata` makes them and
//! calls this.
//!
//!     cargo bench -p heirloom-compose --bench repodata -- PACKAGES STATE [LARGEST]
//!
//! Each round opens the store, as a command does. With LARGEST, packages are placed again and again until there are so
//! many, for the peak of memory.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use heirloom_compose::{Placed, Repodata, describe, write_repodata};
use heirloom_formats::repodata::{Compression, ExtraRecord};
use heirloom_model::Digest;
use heirloom_store::Store;

const ROUNDS: usize = 5;
const JOBS: usize = 2;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [packages, state, rest @ ..] = &arguments[..] else {
        println!("give a directory of packages and one for a store; `cargo xtask bench repodata` does");
        return Ok(());
    };
    let (packages, state) = (Path::new(packages), Path::new(state));
    let placed = enter(packages, state)?;
    rounds("everything is new", || full(state, &placed, Compression::Zstd))?;
    rounds("everything is new, gzip", || full(state, &placed, Compression::Gzip))?;
    written(state, &placed, b"nothing new", Compression::Zstd)?;
    rounds("nothing is new", || {
        let began = Instant::now();
        written(state, &placed, b"nothing new", Compression::Zstd)?;
        Ok(began.elapsed().as_secs_f64())
    })?;
    if let Some(largest) = rest.first() {
        let again = (0..).flat_map(|round| {
            placed.iter().map(move |placed| Placed {
                location: format!("{round}/{}", placed.location),
                ..placed.clone()
            })
        });
        let many: Vec<_> = again.take(largest.parse()?).collect();
        forget_peak()?;
        let before = memory("VmRSS")?;
        let began = Instant::now();
        written(state, &many, b"many", Compression::Zstd)?;
        let (took, peak) = (began.elapsed().as_secs_f64(), memory("VmHWM")?);
        println!(
            "  {} packages                {took:7.3} s, peak {peak} MiB, of these {before} MiB before",
            many.len()
        );
    }
    Ok(())
}

/// Brings all packages into the store, as signing does: copied, described, and what describes them kept.
fn enter(packages: &Path, state: &Path) -> Result<Vec<Placed>> {
    let store = Store::open(state)?;
    let mut paths = Vec::new();
    walk(packages, &mut paths)?;
    let mut placed = Vec::new();
    let began = Instant::now();
    for path in paths {
        let location = path.strip_prefix(packages)?.to_string_lossy().into_owned();
        let link = state.join("incoming/link");
        fs::hard_link(&path, &link)?;
        let digest = Digest::of(&fs::read(&link)?);
        store.adopt(&link, digest)?;
        describe(&store, digest)?;
        placed.push(Placed { location, digest });
    }
    println!(
        "\n{} packages, from the store (they entered in {:.1} s)",
        placed.len(),
        began.elapsed().as_secs_f64()
    );
    Ok(placed)
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

/// Writes it with a record that was not there before, so that nothing is found again.
fn full(state: &Path, placed: &[Placed], compression: Compression) -> Result<f64> {
    let once = format!("{:?}", std::time::SystemTime::now());
    let began = Instant::now();
    written(state, placed, once.as_bytes(), compression)?;
    Ok(began.elapsed().as_secs_f64())
}

fn written(state: &Path, placed: &[Placed], content: &[u8], compression: Compression) -> Result<Repodata> {
    let store = Store::open(state)?;
    let extra = ExtraRecord { kind: "productid", file_name: "productid", content };
    Ok(write_repodata(&store, "bench", placed, &[extra], compression, JOBS)?)
}

fn rounds(what: &str, mut round: impl FnMut() -> Result<f64>) -> Result<()> {
    round()?;
    let mut took = (0..ROUNDS).map(|_| round()).collect::<Result<Vec<_>>>()?;
    took.sort_by(f64::total_cmp);
    println!(
        "  {what:<30} {:7.3} s ({:.3} to {:.3}, {ROUNDS} runs)",
        took[ROUNDS / 2],
        took[0],
        took[ROUNDS - 1]
    );
    Ok(())
}

fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// MiB, as the kernel counts them.
fn memory(what: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(what)).ok_or("no such figure")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse::<u64>()? / 1024)
}
