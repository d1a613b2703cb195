//! Advisories of a whole distribution: real OSV documents, each under several ids, converted to every format and read back.
//! No other tool writes these formats from each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::place;

use super::{ROUNDS, Result, figures, heirloom, run_tool, seconds};

/// Documents that are made in all, about as many as a rebuild of a major version has after four years.
const COUNT: usize = 4500;

/// Measures with the OSV documents of a directory.
pub(super) fn run(dir: &Path) -> Result<()> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/errata");
    if top.exists() {
        fs::remove_dir_all(&top)?;
    }
    let made = top.join("osv");
    fs::create_dir_all(&made)?;
    let mut documents: Vec<PathBuf> = place::entries(dir)?;
    documents.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    if documents.is_empty() {
        return Err(format!("{} has no .json documents", dir.display()).into());
    }
    let copies = COUNT.div_ceil(documents.len());
    for path in &documents {
        let (text, id) = (fs::read_to_string(path)?, path.file_stem().unwrap_or_default().to_string_lossy());
        for copy in 0..copies {
            let name = format!("{id}.{copy}");
            let text = text.replace(&format!("\"{id}\""), &format!("\"{name}\""));
            fs::write(made.join(format!("{name}.json")), text)?;
        }
    }
    println!("{} documents of {} real ones", documents.len() * copies, documents.len());
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let to = top.join(format!("to{round}"));
        let mut command = Command::new(heirloom()?);
        command.args(["errata", "convert"]).arg(&made).arg("--to").arg(&to);
        command.args(["--id", "almalinux", "--name", "AlmaLinux", "--home", "https://almalinux.example"]);
        times.push(seconds(|| run_tool(&mut command))?);
    }
    println!("errata convert, all formats, read back: {}", figures(&mut times));
    Ok(())
}
