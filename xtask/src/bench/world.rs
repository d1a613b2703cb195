//! The whole stand-in upstream from an empty state, beside what its rpmbuilds take one after another.
//!
//! First every package is built alone with one process at a time: the sum of what rpmbuild itself takes, divided by the
//! processors, is what no order of builds can be faster than by much. Then all of it from nothing, as users do.

use super::site::Site;
use super::{Result, seconds};

pub(super) fn run() -> Result<()> {
    let site = Site::new(&["tarnholt-release", "tarnholt-logos"], |_, world| Ok(world.join("dist-git")))?;
    let one = site.heirloom(&["--format", "json", "build", "--jobs", "1"])?;
    let (count, sum) = rpmbuild_seconds(&one)?;
    let cores = std::thread::available_parallelism()?.get();
    println!("the whole stand-in upstream, {count} builds");
    println!("  rpmbuild alone, one process at a time, sum       {sum:7.1} s");
    let ideal = sum / cores as f64;
    println!("  divided by {cores} processors                         {ideal:7.1} s");
    site.clear()?;
    let built = seconds(|| site.heirloom(&["build"]))?;
    let more = (built / ideal - 1.0) * 100.0;
    println!("  heirloom build, from an empty state              {built:7.1} s  ({more:+.0} %)");
    let rest = seconds(|| site.heirloom(&["rebuild"]))?;
    println!("  heirloom rebuild after that: compare and compose {rest:7.1} s");
    Ok(())
}

/// Number of builds that were made, and the seconds of their rpmbuilds together.
fn rpmbuild_seconds(json: &str) -> Result<(usize, f64)> {
    let builds: serde_json::Value = serde_json::from_str(json)?;
    let cached: Vec<_> =
        builds["cached"].as_array().into_iter().flatten().filter_map(|it| it.as_str()).collect();
    let built = builds["built"].as_object().ok_or("no builds in the JSON")?;
    let made = built.iter().filter(|(step, _)| !cached.contains(&step.as_str()));
    let seconds: Vec<_> = made.filter_map(|(_, built)| built["resources"]["seconds"].as_f64()).collect();
    Ok((seconds.len(), seconds.iter().sum()))
}
