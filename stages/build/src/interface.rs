//! What builds can see of a package, as far as this can be told from the package alone.
//!
//! | part | counted |
//! |---|---|
//! | dependencies, scriptlets, triggers | as they are; the package's own release in them is left out |
//! | shared libraries with a soname | soname, needed libraries, exported symbols: not their code |
//! | programs, headers, static libraries, pkg-config files, macros, plugins, data | their bytes |
//! | documentation, licences, translations, build-ids, debugging data | not at all |
//!
//! A program that runs while packages are built uses the code of libraries too, which this does not see: hence it is
//! for those only who ask for it, and a sample can be proved.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use heirloom_elf::Elf;
use heirloom_formats::rpm_file::{self, DependencyKind, FileEntry, Header, RpmError};
use heirloom_model::Digest;

/// A library larger than this counts by its bytes.
const LARGEST: u64 = 512 << 20;

/// Below these nothing is looked at by builds.
const UNSEEN: [&str; 8] = [
    "/usr/share/doc/",
    "/usr/share/licenses/",
    "/usr/share/man/",
    "/usr/share/info/",
    "/usr/share/locale/",
    "/usr/lib/.build-id",
    "/usr/lib/debug/",
    "/usr/src/debug/",
];

/// rpm's bits for documentation and licences.
const DOCUMENTATION: u32 = 1 << 1 | 1 << 7;

/// Digest of the interface of the package in this file.
///
/// # Errors
/// It is no RPM, or its payload is damaged.
pub fn interface(file: &Path) -> Result<Digest, RpmError> {
    let header = Header::open(file)?;
    let mut text = format!("interface 1\n{} {}\n", header.nevra.name(), header.nevra.arch());
    if !header.nevra.is_debug() {
        dependencies(&header, &mut text);
        scripts(&header, &mut text);
        files(file, &header, &mut text)?;
    }
    Ok(Digest::of(text.as_bytes()))
}

/// Dependencies in a fixed order. Where one states the package's own version and release, the release does not count:
/// each build has another one.
fn dependencies(header: &Header, text: &mut String) {
    let evr = header.nevra.evr();
    let own = evr.to_string();
    let without_release = own.rsplit_once('-').map_or(own.as_str(), |(version, _)| version);
    for kind in DependencyKind::ALL {
        let mut lines: Vec<_> = header
            .relations(kind)
            .iter()
            .map(|relation| {
                let version = if relation.version == own { without_release } else { &relation.version };
                format!("{kind:?} {} {} {version}\n", relation.name, relation.flags)
            })
            .collect();
        lines.sort_unstable();
        text.extend(lines);
    }
}

fn scripts(header: &Header, text: &mut String) {
    for script in &header.scripts {
        let _ = writeln!(text, "{:?} {:?} {} {:?}", script.kind, script.program, script.flags, script.text);
    }
    for trigger in &header.triggers {
        let _ = writeln!(text, "{trigger:?}");
    }
}

fn files(path: &Path, header: &Header, text: &mut String) -> Result<(), RpmError> {
    let library = |file: &FileEntry| {
        file.is_regular() && file.size <= LARGEST && file.path.contains(".so") && !is_unseen(file)
    };
    let mut libraries: Vec<Option<String>> = vec![None; header.files.len()];
    rpm_file::each_file(
        path,
        header,
        |index| library(&header.files[index]),
        |index, reader| {
            // A library that can't be read counts by its bytes.
            if let Ok(bytes) = rpm_file::read_whole(reader, &header.files[index], LARGEST) {
                libraries[index] = exports(&bytes);
            }
            Ok::<_, Infallible>(ControlFlow::Continue(()))
        },
    )?
    .unwrap_or_else(|never| match never {});
    for (file, exports) in header.files.iter().zip(libraries).filter(|(file, _)| !is_unseen(file)) {
        let what = exports.unwrap_or_else(|| file.digest.clone());
        let FileEntry { path, mode, user, group, capabilities, link_target, .. } = file;
        let _ = writeln!(text, "{path} {mode:o} {user} {group} {capabilities} {link_target} {what}");
    }
    Ok(())
}

fn is_unseen(file: &FileEntry) -> bool {
    file.flags & DOCUMENTATION != 0 || UNSEEN.iter().any(|dir| file.path.starts_with(dir))
}

/// What linking with a shared library can see; none if it is not one that is linked with.
fn exports(bytes: &[u8]) -> Option<String> {
    let elf = Elf::parse(bytes).ok()?;
    let soname = elf.soname()?;
    let mut symbols: Vec<_> = elf
        .exports()
        .ok()?
        .iter()
        .map(|symbol| {
            // The size of data is compiled into those who use it, the size of a function is not.
            let size = if symbol.kind.is_data() { symbol.size } else { 0 };
            format!(
                "{}@{}{} {:?} {:?} {size}",
                symbol.name,
                symbol.version.unwrap_or(""),
                if symbol.is_default { "@" } else { "" },
                symbol.binding,
                symbol.kind,
            )
        })
        .collect();
    symbols.sort_unstable();
    let header = elf.header();
    let machine = (header.class, header.little_endian, header.machine, header.os_abi, header.flags);
    Some(format!("{machine:?} {soname} {:?} {}", elf.needed(), symbols.join(",")))
}
