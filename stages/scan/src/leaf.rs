//! What is done with a file that is no stream of other files: by its form, by its digest, and as text or strings.

use std::io::{self, Read};

use heirloom_elf::Elf;
use heirloom_formats::attribution;
use heirloom_formats::brand::Signs;
use heirloom_model::Digest;

use crate::around::Surroundings;
use crate::content::{Piece, is_binary, utf16};
use crate::report::{Context, innermost, joined};
use crate::walk::{Form, Walk};
use crate::{keys, picture};

/// Bytes that are searched at once; larger files in blocks of this size.
const BLOCK: u64 = 16 << 20;
/// Bytes of a file whose form needs all of it.
const WHOLE: u64 = 512 << 20;
/// Bytes that two blocks have in common, and those at a block's end whose surroundings are in the next.
const COMMON: usize = 64 << 10;
const MARGIN: usize = 4 << 10;
/// SHF_EXECINSTR.
const CODE: u64 = 4;

impl Walk<'_> {
    /// Looks at a file.
    pub(crate) fn leaf(&mut self, way: &str, form: Form, data: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut read = data.take(BLOCK).read_to_end(&mut bytes).map(|_| ());
        let whole_text = utf16(&bytes).is_some();
        if read.is_ok() && bytes.len() as u64 == BLOCK && (form.is_whole() || whole_text) {
            read = data.take(WHOLE - BLOCK).read_to_end(&mut bytes).map(|_| ());
            if bytes.len() as u64 == WHOLE {
                self.report
                    .unreadable(way, "it is too large to be looked into; only its strings were searched");
                return self.blocks(way, bytes, data);
            }
        }
        if let Err(error) = &read {
            self.unreadable(way, error);
        } else if bytes.len() as u64 == BLOCK {
            return self.blocks(way, bytes, data);
        }
        self.digest(way, &bytes);
        match form {
            Form::Zip | Form::Ar | Form::Rpm => return self.archive(way, form, &bytes),
            Form::Elf => return self.elf(way, &bytes),
            Form::Picture(format) => self.picture(way, format, &bytes),
            Form::Sealed(what) => {
                self.report.unreadable(way, &format!("a {what}: this form can't be looked into"));
            }
            _ => keys::fingerprints(&bytes).iter().for_each(|fingerprint| self.key(way, fingerprint)),
        }
        match utf16(&bytes) {
            Some(text) => self.search(way, &Piece::text(text.as_bytes())),
            None if is_binary(&bytes) => self.strings(way, &bytes),
            None => {
                let piece = Piece { changelog: changelog(way, &bytes), ..Piece::text(&bytes) };
                self.search(way, &piece);
            }
        }
        Ok(())
    }

    /// Strings of anything.
    pub(crate) fn strings(&mut self, way: &str, bytes: &[u8]) {
        self.search(way, &Piece { surroundings: Surroundings::Binary, ..Piece::text(bytes) });
    }

    /// A header's text.
    pub(crate) fn text(&mut self, way: &str, bytes: &[u8], is_changelog: bool) {
        let changelog = if is_changelog { 0..bytes.len() } else { 0..0 };
        self.search(way, &Piece { changelog, is_value: true, ..Piece::text(bytes) });
    }

    /// A file that is searched piece by piece. A find whose surroundings are not all there waits for the next block.
    fn blocks(&mut self, way: &str, mut bytes: Vec<u8>, data: &mut dyn Read) -> io::Result<()> {
        let surroundings = if is_binary(&bytes) { Surroundings::Binary } else { Surroundings::Text };
        let (mut line, mut offset, mut told) = (0, 0, 0);
        let is_changelog = attribution::is_changelog(innermost(way));
        loop {
            let last = (bytes.len() as u64) < BLOCK;
            let until = if last { bytes.len() } else { bytes.len() - MARGIN };
            let changelog = if is_changelog { 0..bytes.len() } else { 0..0 };
            let piece = Piece { surroundings, line, offset, told, until, changelog, ..Piece::text(&bytes) };
            self.search(way, &piece);
            if last {
                return Ok(());
            }
            let drop = bytes.len() - COMMON;
            if surroundings == Surroundings::Text {
                line += bytes[..drop].iter().filter(|byte| **byte == b'\n').count();
            }
            offset += drop as u64;
            told = until - drop;
            bytes.drain(..drop);
            data.take(BLOCK - COMMON as u64).read_to_end(&mut bytes)?;
        }
    }

    /// A picture or a certificate that is known by its bytes.
    pub(crate) fn digest(&mut self, way: &str, bytes: &[u8]) {
        if self.scanner.digests.is_empty() || bytes.is_empty() {
            return;
        }
        let digest = Digest::of(bytes);
        if let Some(mark) = self.scanner.digests.get(&digest) {
            let excerpt = format!("SHA-256 {}", digest.short());
            self.report.mark(*mark, way, String::new, excerpt.as_bytes(), Context::default());
        }
    }

    /// A key with this fingerprint.
    fn key(&mut self, way: &str, fingerprint: &[u8]) {
        let digits: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        for (index, mark) in self.scanner.brand.marks.iter().enumerate() {
            let Signs::Key { fingerprints, .. } = &mark.signs else { continue };
            let is_it = |known: &Vec<u8>| match known.len() {
                8 if fingerprint.len() == 32 => fingerprint.starts_with(known),
                8 => fingerprint.ends_with(known),
                _ => fingerprint == known,
            };
            if fingerprints.iter().any(is_it) {
                let excerpt = format!("OpenPGP key {digits}");
                self.report.mark(index, way, String::new, excerpt.as_bytes(), Context::default());
            }
        }
    }

    fn picture(&mut self, way: &str, format: image::ImageFormat, bytes: &[u8]) {
        let logos = self.scanner.brand.marks.iter().enumerate();
        let looks = |signs: &Signs| matches!(signs, Signs::Logo { looks, .. } if !looks.is_empty());
        let logos: Vec<_> = logos.filter(|(_, mark)| looks(&mark.signs)).collect();
        if logos.is_empty() {
            return;
        }
        let look = match picture::look_as(format, bytes) {
            Ok(Some(look)) => look,
            Ok(None) => return,
            Err(problem) => {
                return self.report.unreadable(way, &format!("the picture can't be read: {problem}"));
            }
        };
        for (index, mark) in logos {
            let Signs::Logo { looks, distance, .. } = &mark.signs else { continue };
            let Some(least) = looks.iter().map(|known| (known ^ look).count_ones()).min() else { continue };
            if least <= *distance {
                let excerpt = format!("looks the same: {look:016x}, distance {least} of 64");
                self.report.mark(index, way, String::new, excerpt.as_bytes(), Context::default());
            }
        }
    }

    /// Every section that is not code, decompressed, and what is beside the sections.
    fn elf(&mut self, way: &str, bytes: &[u8]) -> io::Result<()> {
        let elf = Elf::parse(bytes);
        let sections = elf.as_ref().map_err(Clone::clone).and_then(|elf| Ok((elf, elf.sections()?)));
        let (elf, sections) = match sections {
            Ok(read) => read,
            Err(error) => {
                // A damaged one has strings, too.
                self.strings(way, bytes);
                return Err(io::Error::other(error));
            }
        };
        for section in &sections {
            let compressed = section.data.len() != section.stored.len();
            if compressed {
                self.budget.take(section.data.len() as u64)?;
            }
            if section.sh_flags & CODE == 0 && !section.data.is_empty() {
                let surroundings = Surroundings::Binary;
                let piece = Piece { surroundings, section: &section.name, ..Piece::text(&section.data) };
                self.search(way, &piece);
            }
            if section.name == ".gnu_debugdata" {
                self.file(&joined(way, ".gnu_debugdata"), &mut &*section.data);
            }
        }
        for gap in elf.outside_of_sections() {
            let piece = Piece {
                surroundings: Surroundings::Binary,
                section: "outside of sections",
                ..Piece::text(gap)
            };
            self.search(way, &piece);
        }
        Ok(())
    }
}

/// Where a spec file has its changelog; all of a file that is one.
fn changelog(way: &str, bytes: &[u8]) -> std::ops::Range<usize> {
    let name = innermost(way);
    if attribution::is_changelog(name) {
        return 0..bytes.len();
    }
    if !name.ends_with(".spec") {
        return 0..0;
    }
    let (mut at, mut start) = (0, None);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let word = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        match start {
            None if word == b"%changelog" => start = Some(at),
            // It ends where another section begins.
            Some(start) if SECTIONS.contains(&word) => return start..at,
            _ => {}
        }
        at += line.len();
    }
    start.map_or(0..0, |start| start..bytes.len())
}

/// Sections of a spec file that may come after its changelog.
const SECTIONS: [&[u8]; 16] = [
    b"%package",
    b"%description",
    b"%prep",
    b"%build",
    b"%install",
    b"%check",
    b"%clean",
    b"%files",
    b"%pre",
    b"%post",
    b"%preun",
    b"%postun",
    b"%pretrans",
    b"%posttrans",
    b"%triggerin",
    b"%triggerun",
];
