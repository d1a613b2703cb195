//! What builds can see of a package, as far as this can be told from the package alone.
//!
//! | part | counted |
//! |---|---|
//! | dependencies, scriptlets, triggers | as they are; the package's own release in them is left out |
//! | shared libraries with a soname | soname, versions, needed libraries: not their code |
//! | those that can be linked with, by a `.so` link or linker script in the buildroot | their exported symbols too |
//! | programs, headers, static libraries, pkg-config files, macros, plugins, data | their bytes |
//! | documentation, licences, translations, build-ids, debugging data | not at all |
//!
//! A program that runs while packages are built uses the code of libraries too, and symbols of libraries that nothing is
//! linked with: this does not see either change. Hence it is for those only who ask for it, and a sample can be proved.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use heirloom_elf::Elf;
use heirloom_formats::rpm_file::{self, DependencyKind, FileEntry, Header, RpmError};
use heirloom_model::Digest;
use heirloom_model::record::Interface;

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

/// The interface of the package in this file, which has this digest.
///
/// # Errors
/// It is no RPM, or its payload is damaged.
pub fn interface(file: &Path, package: Digest) -> Result<Interface, RpmError> {
    let header = Header::open(file)?;
    let mut head = format!("interface 1\n{} {}\n", header.nevra.name(), header.nevra.arch());
    let mut files = Files::default();
    if !header.nevra.is_debug() {
        dependencies(&header, &mut head);
        scripts(&header, &mut head);
        files.read(file, &header)?;
    }
    let Files { linked, run, mut libraries, mut links } = files;
    libraries.sort();
    links.sort();
    links.dedup();
    let digest = |files: &str| Digest::of(format!("{head}{files}").as_bytes());
    Ok(Interface { package, linked: digest(&linked), run: digest(&run), libraries, links })
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

/// What the files of a package show.
#[derive(Default)]
struct Files {
    linked: String,
    run: String,
    libraries: Vec<String>,
    links: Vec<String>,
}

/// What a file named `*.so*` turned out to be.
enum Shared {
    /// A library that is linked with by its soname.
    Library { face: String, exports: String },
    /// A linker script: it names libraries.
    Script(Vec<String>),
}

impl Files {
    fn read(&mut self, path: &Path, header: &Header) -> Result<(), RpmError> {
        let shared = |file: &FileEntry| {
            file.is_regular() && file.size <= LARGEST && file.path.contains(".so") && !is_unseen(file)
        };
        let mut found: Vec<Option<Shared>> = header.files.iter().map(|_| None).collect();
        rpm_file::each_file(
            path,
            header,
            |index| shared(&header.files[index]),
            |index, reader| {
                // What can't be read counts by its bytes.
                if let Ok(bytes) = rpm_file::read_whole(reader, &header.files[index], LARGEST) {
                    found[index] = look(&header.files[index], &bytes);
                }
                Ok::<_, Infallible>(ControlFlow::Continue(()))
            },
        )?
        .unwrap_or_else(|never| match never {});
        for (file, found) in header.files.iter().zip(found).filter(|(file, _)| !is_unseen(file)) {
            self.add(file, found);
        }
        Ok(())
    }

    fn add(&mut self, file: &FileEntry, found: Option<Shared>) {
        let (run, linked) = match found {
            Some(Shared::Library { face, exports }) => {
                self.libraries.push(base_name(&file.path).to_owned());
                if file.path.ends_with(".so") {
                    self.links.push(base_name(&file.path).to_owned());
                }
                (face.clone(), format!("{face} {exports}"))
            }
            Some(Shared::Script(names)) => {
                self.links.extend(names);
                (file.digest.clone(), file.digest.clone())
            }
            None => (file.digest.clone(), file.digest.clone()),
        };
        if file.is_symlink() && file.path.ends_with(".so") {
            self.links.push(base_name(&file.link_target).to_owned());
        }
        let FileEntry { path, mode, user, group, capabilities, link_target, .. } = file;
        let facts = format!("{path} {mode:o} {user} {group} {capabilities} {link_target}");
        let _ = writeln!(self.run, "{facts} {run}");
        let _ = writeln!(self.linked, "{facts} {linked}");
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn look(file: &FileEntry, bytes: &[u8]) -> Option<Shared> {
    if heirloom_elf::is_elf(bytes) {
        return library(bytes);
    }
    let text = std::str::from_utf8(bytes).ok().filter(|_| file.path.ends_with(".so"))?;
    let words = text.split(|letter: char| letter.is_whitespace() || "(),".contains(letter));
    Some(Shared::Script(
        words.filter(|word| word.contains(".so")).map(|word| base_name(word).to_owned()).collect(),
    ))
}

/// What running and linking with a shared library can see; none if it is not one that is linked with.
fn library(bytes: &[u8]) -> Option<Shared> {
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
    let versions = elf.version_definitions().ok()?;
    let face = format!("{machine:?} {soname} {:?} {versions:?}", elf.needed());
    Some(Shared::Library { face, exports: symbols.join(",") })
}

fn is_unseen(file: &FileEntry) -> bool {
    file.flags & DOCUMENTATION != 0 || UNSEEN.iter().any(|dir| file.path.starts_with(dir))
}
