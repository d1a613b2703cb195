//! `cargo xtask release`: builds `heirloom-migrate` for every Enterprise Linux from 7 on, and proves that the file asks for nothing newer.
//!
//! Enterprise Linux 7 has glibc 2.17; a program that was linked here would ask for this machine's. zig, from PyPI, links against the symbol
//! versions of any glibc, and the C libraries come along in source. No Enterprise Linux 7 is here to run it on: what is checked is what the
//! file itself says that it needs.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::tool::Tool;
use testkit::{Error as KitError, pypi};

/// The oldest glibc that the program has to run with.
const OLDEST: (u32, u32) = (2, 17);
/// Versions that were tried together.
const TOOLS: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Why there is no release build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A tool or a file.
    #[error("{0}")]
    Kit(#[from] KitError),
    /// The file needs more than the oldest machines have.
    #[error("{path} needs {needs}, which Enterprise Linux 7 does not have", path = path.display())]
    TooNew { path: PathBuf, needs: String },
}

/// Builds it and says what it is.
pub(crate) fn run() -> Result<(), Error> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let top = top.canonicalize().map_err(KitError::io(&top))?;
    let program = build(&top)?;
    let needs = Needs::of(&program)?;
    needs.check(&program)?;
    let size = fs::metadata(&program).map_err(KitError::io(&program))?.len();
    println!("{}: {:.1} MB", program.display(), size as f64 / 1e6);
    println!("newest symbol version: GLIBC_{}.{}", needs.newest.0, needs.newest.1);
    println!("libraries: {}", needs.libraries.join(" "));
    println!("checked by what the file says that it needs; no Enterprise Linux 7 was here to run it on");
    Ok(())
}

fn build(top: &Path) -> Result<PathBuf, Error> {
    let tools = pypi::packages(&TOOLS)?;
    let target = top.join("target");
    Tool::new(tools.join("bin/cargo-zigbuild"))
        .args(["zigbuild", "--release", "--quiet", "--package", "heirloom-migrate-cli"])
        .args(["--no-default-features", "--features", "bundled", "--target"])
        .arg(format!("{TRIPLE}.{}.{}", OLDEST.0, OLDEST.1))
        .dir(top)
        .env("CARGO_ZIGBUILD_ZIG_PATH", tools.join("ziglang/zig"))
        .env("CARGO_ZIGBUILD_CACHE_DIR", target.join("zig"))
        .env("ZIG_GLOBAL_CACHE_DIR", target.join("zig/global"))
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .run()?;
    Ok(target.join(TRIPLE).join("release/heirloom-migrate"))
}

/// What a program needs of the machine that it runs on.
#[derive(Debug, PartialEq, Eq)]
struct Needs {
    /// The newest version of a symbol of glibc.
    newest: (u32, u32),
    libraries: Vec<String>,
}

impl Needs {
    fn of(program: &Path) -> Result<Self, Error> {
        let versions = Tool::new("objdump").arg("-T").arg(program).run()?;
        let dynamic = Tool::new("readelf").arg("-d").arg(program).run()?;
        Ok(Self::read(&versions, &dynamic))
    }

    /// From what `objdump -T` and `readelf -d` print.
    fn read(symbols: &str, dynamic: &str) -> Self {
        let version = |word: &str| {
            let (major, rest) = word.trim_matches(['(', ')']).strip_prefix("GLIBC_")?.split_once('.')?;
            Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
        };
        let newest = symbols.split_whitespace().filter_map(version).max().unwrap_or_default();
        let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
        let names = needed.filter_map(|line| line.split(['[', ']']).nth(1).map(str::to_owned));
        Self { newest, libraries: names.collect() }
    }

    /// Nothing newer, and no library that a bare machine may lack.
    fn check(&self, program: &Path) -> Result<(), Error> {
        let of_glibc = |name: &&String| {
            [
                "libc.so.6",
                "libm.so.6",
                "libdl.so.2",
                "libpthread.so.0",
                "librt.so.1",
                "libgcc_s.so.1",
                "ld-linux-x86-64.so.2",
            ]
            .contains(&name.as_str())
        };
        let foreign: Vec<&str> =
            self.libraries.iter().filter(|name| !of_glibc(name)).map(String::as_str).collect();
        let path = program.to_owned();
        match (self.newest > OLDEST, foreign.is_empty()) {
            (true, _) => {
                Err(Error::TooNew { path, needs: format!("GLIBC_{}.{}", self.newest.0, self.newest.1) })
            }
            (false, false) => Err(Error::TooNew { path, needs: foreign.join(" ") }),
            (false, true) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: &str = " 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n";

    #[test]
    fn what_a_program_needs_is_read() {
        let symbols = "0000 DF *UND* 0000 (GLIBC_2.2.5) read\n0000 DF *UND* 0000 (GLIBC_2.14) memcpy\n0000 DF *UND* 0000 (GCC_3.0) f\n";
        let needs = Needs::read(symbols, DYNAMIC);
        assert_eq!(needs, Needs { newest: (2, 14), libraries: vec!["libc.so.6".to_owned()] });
        needs.check(Path::new("p")).unwrap();
    }

    #[test]
    fn what_is_too_new_is_refused() {
        for (symbols, dynamic, expected) in [
            ("(GLIBC_2.34) open", DYNAMIC.to_owned(), "GLIBC_2.34"),
            ("(GLIBC_2.4) open", DYNAMIC.replace("libc.so.6", "libsqlite3.so.0"), "libsqlite3.so.0"),
        ] {
            let refused = Needs::read(symbols, &dynamic).check(Path::new("p")).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
