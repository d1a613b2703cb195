//! Many small source packages that need each other, really built once; then what is asked every day: nothing has
//! changed, something at the bottom has, what follows from it.

use std::fs;
use std::path::Path;

use super::site::Site;
use super::{ROUNDS, Result, figures, seconds};

/// Runs these benchmarks on so many source packages.
pub(super) fn run(count: usize) -> Result<()> {
    let site = Site::new(&[], |dir, _| {
        let upstream = dir.join("upstream");
        (0..count).try_for_each(|number| write(&upstream, number))?;
        Ok(upstream)
    })?;
    println!("{count} small source packages");
    println!("  all built, once                      {:7.1} s", seconds(|| site.heirloom(&["build"]))?);
    let mut again = Vec::new();
    for _ in 0..ROUNDS {
        again.push(seconds(|| site.heirloom(&["build"]))?);
    }
    println!("  heirloom build, nothing changed      {}", figures(&mut again));
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        asked.push(seconds(|| site.heirloom(&["what-if", "p00000"]))?);
    }
    let answer = site.heirloom(&["--format", "json", "what-if", "p00000"])?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    let length = |key: &str| answer[key].as_array().map_or(0, Vec::len);
    let reached = length("direct") + length("indirect");
    println!("  heirloom what-if, reaches {reached:5}      {}", figures(&mut asked));
    let spec = site.path("upstream/p00000/SPECS/p00000.spec");
    fs::write(&spec, format!("# a comment\n{}", fs::read_to_string(&spec)?))?;
    let mut json = String::new();
    let took = seconds(|| {
        json = site.heirloom(&["--format", "json", "build"])?;
        Ok(())
    })?;
    let result: serde_json::Value = serde_json::from_str(&json)?;
    let length = |value: &serde_json::Value| value.as_object().map_or(0, serde_json::Map::len);
    let built = length(&result["built"]) - result["cached"].as_array().map_or(0, Vec::len);
    let cut = length(&result["cut"]);
    println!("  a comment in it: {built} built, {cut:5} cut off {took:7.3} s");
    Ok(())
}

/// A package with a subpackage, which needs up to four of the two hundred before it.
fn write(upstream: &Path, number: usize) -> Result<()> {
    let name = format!("p{number:05}");
    let dir = upstream.join(&name);
    fs::create_dir_all(dir.join("SPECS"))?;
    fs::create_dir_all(dir.join("SOURCES"))?;
    // Always the same, and looks like chance.
    let chance = |salt: usize| (number * 2_654_435_761 + salt * 40_503) >> 7;
    let before = number.min(200);
    let mut needs: Vec<usize> = match before {
        0 => Vec::new(),
        _ => (0..chance(9) % 5).map(|salt| number - 1 - chance(salt) % before).collect(),
    };
    needs.sort_unstable();
    needs.dedup();
    let builds: String = needs.iter().map(|it| format!("BuildRequires: p{it:05}-devel\n")).collect();
    let runs: String = needs.iter().take(2).map(|it| format!("Requires: p{it:05}\n")).collect();
    let spec = format!(
        "Name: {name}\nVersion: 1\nRelease: 1%{{?dist}}\nSummary: x\nLicense: MIT\nBuildArch: noarch\n{builds}{runs}\
         %description\nx\n%package devel\nSummary: x\nRequires: {name} = %{{version}}-%{{release}}\n\
         %description devel\nx\n%install\nmkdir -p %{{buildroot}}%{{_datadir}}/{name}\n\
         echo {name} | tee %{{buildroot}}%{{_datadir}}/{name}/it > %{{buildroot}}%{{_datadir}}/{name}/devel\n\
         %files\n%dir %{{_datadir}}/{name}\n%{{_datadir}}/{name}/it\n%files devel\n%{{_datadir}}/{name}/devel\n\
         %changelog\n* Wed Jan 01 2025 Someone <s@example.org> - 1-1\n- First\n"
    );
    Ok(fs::write(dir.join("SPECS").join(format!("{name}.spec")), spec)?)
}
