//! Finds libsolv and compiles the shim over its inline functions and struct layouts.
#![expect(clippy::print_stderr, reason = "a build script speaks to cargo by printing")]

use std::process::exit;

fn main() {
    println!("cargo::rerun-if-changed=src/shim.c");
    // The order matters to the linker: libsolvext uses libsolv.
    let mut shim = cc::Build::new();
    for library in ["libsolvext", "libsolv"] {
        match pkg_config::Config::new().cargo_metadata(false).probe(library) {
            Ok(found) => shim.includes(&found.include_paths),
            Err(error) => {
                eprintln!(
                    "{library} was not found: {error}\nInstall it: `apt-get install pkg-config libsolv-dev \
                     libsolvext-dev` (Debian) or `dnf --enablerepo=crb install pkgconf libsolv-devel` \
                     (Enterprise Linux)."
                );
                exit(1);
            }
        };
    }
    shim.file("src/shim.c").warnings(true).compile("heirloom_solve_shim");
    // After the shim, which refers to both.
    for library in ["libsolvext", "libsolv"] {
        if let Err(error) = pkg_config::probe_library(library) {
            eprintln!("{library}: {error}");
            exit(1);
        }
    }
}
