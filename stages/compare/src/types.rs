//! The types behind the exported symbols of libraries whose code differs, as debugging data shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use heirloom_dwarf::{Debug, DwarfError, Export, TypeReport};
use heirloom_elf::{Elf, Kind, Symbol};
use heirloom_formats::rpm_file::{self, Header};
use heirloom_model::{Evidence, Severity};

use crate::check::types::{TYPES, TYPES_UNKNOWN};
use crate::elf::ElfPair;
use crate::elf::symbols::is_nobodys;
use crate::look::{self, Look, Place};
use crate::pair::resolve;

/// A file with debugging data larger than this is not read.
const LARGEST: u64 = 4 << 30;

/// A library whose code or data differs, with what is needed to compare its types.
pub(crate) struct Library {
    path: String,
    /// Exports that both have, with their addresses in both.
    exports: Vec<(String, u64, u64)>,
    sides: (Side, Side),
}

/// Where a library's debugging data is.
struct Side {
    build_id: Option<String>,
    /// The file itself, where it was not stripped.
    own: Option<Vec<u8>>,
}

impl Library {
    /// `None` if the file exports nothing that has a type.
    pub(crate) fn of(pair: &ElfPair<'_>) -> Option<Self> {
        if pair.program {
            return None;
        }
        let rebuilt: BTreeMap<_, _> = pair
            .rebuilt
            .exports
            .iter()
            .filter(|symbol| has_type(symbol))
            .map(|symbol| ((symbol.name, symbol.version), symbol.address))
            .collect();
        let exports: Vec<_> = pair
            .reference
            .exports
            .iter()
            .filter(|symbol| symbol.address != 0 && has_type(symbol))
            .filter_map(|symbol| {
                let address = rebuilt.get(&(symbol.name, symbol.version))?;
                Some((symbol.name.to_owned(), symbol.address, *address))
            })
            .collect();
        let sides = (Side::of(pair.reference.elf), Side::of(pair.rebuilt.elf));
        (!exports.is_empty()).then(|| Self { path: pair.path.to_owned(), exports, sides })
    }
}

/// Whether a symbol stands for something with a type of its own: not for a class's tables and thunks, which
/// follow from the class, nor for what the linker and the start files define.
fn has_type(symbol: &Symbol<'_>) -> bool {
    let made = ["_ZTI", "_ZTS", "_ZTV", "_ZTT", "_ZTC", "_ZTh", "_ZTv", "_ZTc", "_ZGV", "_ZGR"];
    // At an indirect function's address is what chooses the function.
    symbol.kind != Kind::IndirectFunction
        && !made.iter().any(|prefix| symbol.name.starts_with(prefix))
        && !is_nobodys(symbol)
}

impl Side {
    fn of(elf: &Elf<'_>) -> Self {
        let has = [".debug_info", ".zdebug_info"].iter().any(|name| elf.has_section(name));
        Self { build_id: elf.build_id(), own: has.then(|| elf.bytes().to_vec()) }
    }
}

/// Compares the types of all libraries that were found to differ; says by what their interfaces were shown. Where there
/// is no such library, nothing was shown by types.
pub(crate) fn compare(look: &mut Look, packages: &[PathBuf]) -> Evidence {
    let libraries = std::mem::take(&mut look.libraries);
    if libraries.is_empty() {
        return Evidence::Symbols;
    }
    let wanted: BTreeSet<&str> = libraries
        .iter()
        .flat_map(|library| [&library.sides.0, &library.sides.1])
        .filter(|side| side.own.is_none())
        .filter_map(|side| side.build_id.as_deref())
        .collect();
    let files = Files::read(look, packages, &wanted);
    let mut evidence = Evidence::Types;
    for library in &libraries {
        if !library.compare(look, &files) {
            evidence = Evidence::Symbols;
        }
    }
    evidence
}

impl Library {
    /// Whether the types of all exports were compared.
    fn compare(&self, look: &mut Look, files: &Files) -> bool {
        let data = (files.of(&self.sides.0), files.of(&self.sides.1));
        let (Some(reference), Some(rebuilt)) = data else { return false };
        if let Some(lacking) = reference.lacks.as_ref().or(rebuilt.lacks.as_ref()) {
            let found = format!("no package has the debugging data that dwz moved to {lacking}");
            look.findings.push(TYPES_UNKNOWN.finding(Severity::Note, &self.path, (String::new(), found)));
            return false;
        }
        match self.report((&reference, &rebuilt)) {
            Ok(report) => {
                self.tell(look, &report);
                report.without_types.is_empty()
            }
            Err(error) => {
                let values = (String::new(), error.to_string());
                look.findings.push(TYPES_UNKNOWN.finding(Severity::Undecided, &self.path, values));
                false
            }
        }
    }

    fn report(&self, (reference, rebuilt): (&Data<'_>, &Data<'_>)) -> Result<TypeReport, DwarfError> {
        let (reference, rebuilt) = std::thread::scope(|scope| {
            let other = scope.spawn(|| Debug::parse(reference.file, reference.supplementary));
            let rebuilt = Debug::parse(rebuilt.file, rebuilt.supplementary);
            (other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), rebuilt)
        });
        let exports: Vec<_> = self
            .exports
            .iter()
            .map(|(name, reference, rebuilt)| Export { name, reference: *reference, rebuilt: *rebuilt })
            .collect();
        heirloom_dwarf::compare_types(&reference?, &rebuilt?, &exports)
    }

    fn tell(&self, look: &mut Look, report: &TypeReport) {
        for difference in &report.differences {
            let severity = if difference.breaks { Severity::Incompatible } else { Severity::Note };
            let mut subject = format!("{}: {}", self.path, difference.subject);
            if let Some(through) = difference.through.first() {
                subject.push_str(&format!(" (through {through})"));
            }
            let values = (difference.expected.clone(), difference.found.clone());
            look.findings.push(TYPES.finding(severity, &subject, values));
        }
        if let Some(first) = report.without_types.first() {
            let found = format!(
                "{} of {} exports have no type, first {first}",
                report.without_types.len(),
                self.exports.len()
            );
            look.findings.push(TYPES_UNKNOWN.finding(Severity::Note, &self.path, (String::new(), found)));
        }
    }
}

/// A file with debugging data, and the one that dwz put what is common to several into.
struct Data<'a> {
    file: &'a [u8],
    supplementary: Option<&'a [u8]>,
    /// The name of the latter, if it is nowhere.
    lacks: Option<String>,
}

/// Files with debugging data by build-id, those of dwz among them.
#[derive(Default)]
struct Files {
    files: BTreeMap<String, Vec<u8>>,
}

impl Files {
    fn of<'a>(&'a self, side: &'a Side) -> Option<Data<'a>> {
        let file = match &side.own {
            Some(own) => own,
            None => self.files.get(side.build_id.as_deref()?)?,
        };
        let link = Elf::parse(file).ok().and_then(|elf| elf.debugaltlink());
        let supplementary =
            link.as_ref().and_then(|(_, build_id)| self.files.get(build_id)).map(Vec::as_slice);
        let lacks = link.map(|(name, build_id)| format!("{name} (build-id {build_id})"));
        Some(Data { file, supplementary, lacks: lacks.filter(|_| supplementary.is_none()) })
    }

    /// Reads the wanted files and what dwz moved out of them, all packages at the same time.
    fn read(look: &mut Look, packages: &[PathBuf], wanted: &BTreeSet<&str>) -> Self {
        let mut all = Self::default();
        if wanted.is_empty() {
            return all;
        }
        let read = std::thread::scope(|scope| {
            let readers: Vec<_> =
                packages.iter().map(|path| scope.spawn(move || (path, files_of(path, wanted)))).collect();
            readers.into_iter().filter_map(|reader| reader.join().ok()).collect::<Vec<_>>()
        });
        for (path, files) in read {
            match files {
                Ok(files) => all.files.extend(files),
                Err(why) => {
                    look.unreadable(&Place::file(&path.display().to_string(), false), "debugging data", why)
                }
            }
        }
        all
    }
}

/// Some files of one package, by build-id.
fn files_of(path: &Path, wanted: &BTreeSet<&str>) -> Result<Vec<(String, Vec<u8>)>, String> {
    let header = Header::open(path).map_err(|error| error.to_string())?;
    let targets = targets(&header, wanted);
    let indices: BTreeSet<usize> = header
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.is_regular() && file.size <= LARGEST && targets.contains(&file.path))
        .map(|(index, _)| index)
        .collect();
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let size = indices.iter().fold(0_u64, |sum, index| sum.saturating_add(header.files[*index].size));
    if size > look::largest(path.metadata().map_or(0, |metadata| metadata.len())) {
        return Err(format!("a package of this size can't hold {size} bytes"));
    }
    let (mut found, mut left) = (Vec::new(), indices.len());
    let take = |index: usize, reader: &mut dyn Read| -> std::io::Result<ControlFlow<()>> {
        let bytes = rpm_file::read_whole(reader, &header.files[index], LARGEST)?;
        if let Some(build_id) = Elf::parse(&bytes).ok().and_then(|elf| elf.build_id()) {
            found.push((build_id, bytes));
        }
        left -= 1;
        Ok(if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    };
    let done = rpm_file::each_file(path, &header, |index| indices.contains(&index), take);
    done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    Ok(found)
}

/// Paths that the links `.build-id/ab/cdef.debug` of these build-ids lead to, and the files of dwz beside them.
fn targets(header: &Header, wanted: &BTreeSet<&str>) -> BTreeSet<String> {
    const LINKS: &str = "/usr/lib/debug/.build-id/";
    let mut targets = BTreeSet::new();
    for file in &header.files {
        let Some(id) = file.path.strip_prefix(LINKS).and_then(|rest| rest.strip_suffix(".debug")) else {
            continue;
        };
        if !wanted.contains(id.replace('/', "").as_str()) {
            continue;
        }
        targets.insert(match file.is_symlink() {
            true => resolve(&file.path, &file.link_target),
            false => file.path.clone(),
        });
    }
    // What dwz moved out of a subpackage's files is in the package of the whole.
    let paths = header.files.iter().map(|file| &file.path);
    targets.extend(paths.filter(|path| path.starts_with("/usr/lib/debug/.dwz/")).cloned());
    targets
}
