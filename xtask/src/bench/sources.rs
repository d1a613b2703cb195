//! Thousands of source packages of realistic size: imported once, looked at again with nothing new, debranded. Beside
//! it, what the machine needs to copy and digest the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::site::Site;
use super::{ROUNDS, Result, figures, run_tool, seconds};

/// Bytes of each large source in the lookaside.
const LARGE: usize = 400_000;

/// Patches of a package, and bytes of each.
const PATCHES: (usize, usize) = (8, 12_000);

/// Runs these benchmarks on so many source packages.
pub(super) fn run(count: usize) -> Result<()> {
    let specs = specs()?;
    let site = Site::with_lookaside(|dir, _| {
        (0..count).try_for_each(|number| write(dir, &specs, number))?;
        Ok(dir.join("upstream"))
    })?;
    let both = [site.path("upstream"), site.path("lookaside")];
    let files: usize = run_tool(Command::new("find").args(&both).args(["-type", "f"]))?.lines().count();
    println!("{count} source packages, {files} files, of a plain directory");
    let copy = site.path("copy");
    fs::create_dir(&copy)?;
    run_tool(&mut Command::new("sync"))?;
    let copied = seconds(|| run_tool(Command::new("cp").arg("-a").args(&both).arg(&copy)).map(drop))?;
    let synced = seconds(|| run_tool(&mut Command::new("sync")).map(drop))?;
    fs::remove_dir_all(&copy)?;
    run_tool(&mut Command::new("sync"))?;
    let digested = seconds(|| {
        let all = "find upstream lookaside -type f -print0 | xargs -0 -n 500 -P 2 sha256sum";
        run_tool(Command::new("sh").args(["-c", all]).current_dir(site.path(""))).map(drop)
    })?;
    println!("  cp -a, sha256sum on two cores         {:7.1} s", copied + digested);
    println!("  the same, and sync                    {:7.1} s", copied + digested + synced);
    println!("  heirloom import, everything           {:7.1} s", seconds(|| site.heirloom(&["import"]))?);
    again(&site)?;
    debrand(&site, count)?;

    let took = seconds(|| commit(&site.path("upstream")))?;
    println!("the same as git repositories (made in {took:.0} s)");
    site.redefine("kind = \"dist-git\"", "kind = \"git\"\nbranch = \"c9\"")?;
    println!("  heirloom import, objects are known    {:7.1} s", seconds(|| site.heirloom(&["import"]))?);
    again(&site)
}

fn again(site: &Site) -> Result<()> {
    let mut again = Vec::new();
    for _ in 0..ROUNDS {
        again.push(seconds(|| site.heirloom(&["import"]))?);
    }
    println!("  heirloom import, nothing new          {}", figures(&mut again));
    Ok(())
}

/// The spec files of the stand-in upstream, with their names.
fn specs() -> Result<Vec<(String, String)>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../world/sources");
    let mut specs = Vec::new();
    for entry in fs::read_dir(sources)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        specs.push((name.clone(), fs::read_to_string(path.join(format!("{name}.spec")))?));
    }
    specs.sort();
    Ok(specs)
}

/// A package with a spec file as real ones are, patches in its tree and a large source in the lookaside.
fn write(dir: &Path, specs: &[(String, String)], number: usize) -> Result<()> {
    let name = name(number);
    let tree = dir.join("upstream").join(&name);
    let sources = tree.join("SOURCES");
    fs::create_dir_all(tree.join("SPECS"))?;
    fs::create_dir_all(&sources)?;
    fs::create_dir_all(dir.join("lookaside"))?;
    let (old, spec) = &specs[number % specs.len()];
    let mut spec = spec.replacen(&format!("Name: {old}\n"), &format!("Name: {name}\n"), 1);
    let mut patches = String::new();
    for patch in 0..PATCHES.0 {
        let file = format!("{name}-{patch}.patch");
        fs::write(sources.join(&file), text(number * 64 + patch, PATCHES.1))?;
        patches.push_str(&format!("Patch{}: {file}\n", 100 + patch));
    }
    spec = spec.replacen("\n\n", &format!("\n{patches}\n"), 1);
    fs::write(tree.join("SPECS").join(format!("{name}.spec")), spec)?;
    let large = text(number * 64 + 63, LARGE);
    let place = dir.join("lookaside").join(&name);
    fs::write(&place, large)?;
    let digest = run_tool(Command::new("sha256sum").arg(&place))?;
    let digest = digest.split_whitespace().next().unwrap_or_default();
    fs::rename(place, dir.join("lookaside").join(digest))?;
    Ok(fs::write(tree.join(format!(".{name}.metadata")), format!("{digest} SOURCES/{name}.tar\n"))?)
}

fn name(number: usize) -> String {
    format!("p{number:05}")
}

/// Lines that are always the same for a seed, and no two seeds the same.
fn text(seed: usize, bytes: usize) -> String {
    let mut state = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(bytes + 64);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let whose = if state.is_multiple_of(200) { "Tarnholt" } else { "upstream" };
        text.push_str(&format!("+{state:016x} a line of {whose}, as long as such lines are\n"));
    }
    text
}

/// Rules for all packages.
const ALL: &str = r#"[[rule]]
purpose = "Our name in spec files and patches"
replace = { text = "Tarnholt", with = "Kestrel", file = ["*.spec", "*.patch"], skip_notices = true }

[[rule]]
purpose = "Our mirror of what is on FTP servers"
replace = { regex = '\bftp\.(\w+)\.org\b', with = 'mirror.kestrel.example/${1}' }

[[rule]]
purpose = "Where to ask"
set_tag = { tag = "URL", value = "https://www.kestrel.example/" }
builds_on_earlier = true

[[rule]]
purpose = "A tool that builds need"
packages = ["p*0", "p*5"]
add_tag = { tag = "BuildRequires", value = "kestrel-rpm-config" }
"#;

/// Rules for all packages, and more for every tenth.
fn debrand(site: &Site, count: usize) -> Result<()> {
    let rules = site.path("debrand");
    fs::create_dir_all(&rules)?;
    fs::write(rules.join("all.toml"), ALL)?;
    fs::write(rules.join("kestrel.txt"), "Rebuilt for Kestrel.\n")?;
    for number in (0..count).step_by(10) {
        let name = name(number);
        fs::write(rules.join(format!("{name}.toml")), own(&name))?;
    }
    site.append("[debrand]\nrules = \"debrand\"\n")?;
    // Only the first run has to write what the rules made.
    let first = seconds(|| site.heirloom(&["debrand", "--check"]))?;
    println!("  heirloom debrand --check, the first   {first:7.1} s");
    let mut checked = Vec::new();
    for _ in 0..ROUNDS {
        checked.push(seconds(|| site.heirloom(&["debrand", "--check"]))?);
    }
    println!("  heirloom debrand --check, again       {}", figures(&mut checked));
    println!("  heirloom import, rules are new        {:7.1} s", seconds(|| site.heirloom(&["import"]))?);
    again(site)?;
    let told: serde_json::Value =
        serde_json::from_str(&site.heirloom(&["--format", "json", "debrand", "--check"])?)?;
    let packages = told["packages"].as_object().ok_or("no packages in the report")?;
    let edits = packages.values().filter_map(|package| package["edits"].as_array());
    println!("  {} edits in {} packages", edits.map(Vec::len).sum::<usize>(), packages.len());
    Ok(())
}

/// Rules for one package.
fn own(name: &str) -> String {
    format!(
        r#"[[rule]]
purpose = "The vendor's patch is not ours"
remove_patch = {{ name = "{name}-0.patch" }}
builds_on_earlier = true

[[rule]]
purpose = "Says where it is from"
add_source = {{ name = "kestrel.txt", content = "kestrel.txt" }}

[[rule]]
purpose = "Its release is ours"
release = {{ suffix = ".kes" }}
builds_on_earlier = true

[[rule]]
purpose = "What was done"
changelog = {{ author = "Kestrel <releng@kestrel.example>", text = ["Debrand"] }}
"#
    )
}

/// Makes each tree a git repository with one commit.
fn commit(upstream: &Path) -> Result<()> {
    let script = "for tree in */; do (cd $tree && git init -q -b c9 . && git add -A && git commit -q -m import && \
                  rm -rf SPECS SOURCES .p*.metadata); done";
    let trees: PathBuf = upstream.to_owned();
    run_tool(
        Command::new("sh")
            .args(["-c", script])
            .current_dir(trees)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|it| (it, "Vendor")))
            .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|it| (it, "vendor@vendor.example"))),
    )
    .map(drop)
}
