//! The way through archives and compressed files, each told by its first bytes.

use std::io::{self, BufReader, Cursor, Read};

use heirloom_formats::archive::{self, MemberKind};
use heirloom_formats::rpm_file::{self, Header};
use heirloom_model::record::MarkFinding;
use image::ImageFormat;

use crate::around::Surroundings;
use crate::header;
use crate::meter::Budget;
use crate::pattern::What;
use crate::report::{Report, joined};
use crate::scanner::Scanner;

/// Archives and compressed files within each other.
const DEEPEST: usize = 12;
/// Bytes that tell what a file is.
const HEAD: u64 = 1024;

/// What a file is, as far as it is looked into by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Compressed,
    Tar,
    Cpio,
    Zip,
    Ar,
    Rpm,
    Elf,
    Picture(ImageFormat),
    /// An archive of a form that is not read here.
    Sealed(&'static str),
    Other,
}

impl Form {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Self::Compressed,
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => Self::Cpio,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0xed, 0xab, 0xee, 0xdb, ..] => Self::Rpm,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::Sealed("7z archive"),
            [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Self::Sealed("rar archive"),
            [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => Self::Sealed("cabinet archive"),
            [b'L', b'Z', b'I', b'P', 0 | 1, ..] => Self::Sealed("lzip file"),
            [4, 0x22, 0x4d, 0x18, ..] => Self::Sealed("lz4 file"),
            [0x1f, 0x9d, ..] => Self::Sealed("file of `compress`"),
            [0x5d, 0, 0, _, _, 0xff, 0xff, 0xff, 0xff, ..] => Self::Sealed("lzma file"),
            [b'h', b's', b'q', b's', ..] => Self::Sealed("squashfs image"),
            _ if head.starts_with(b"!<arch>\n") => Self::Ar,
            _ if heirloom_elf::is_elf(head) => Self::Elf,
            _ if is_tar(head) => Self::Tar,
            _ => picture(head).map_or(Self::Other, Self::Picture),
        }
    }

    /// Whether it can only be looked into when all of it is there.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Zip | Self::Ar | Self::Rpm | Self::Elf | Self::Picture(_))
    }
}

fn picture(head: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(head).ok()?;
    let known = matches!(
        format,
        ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::Gif
            | ImageFormat::Bmp
            | ImageFormat::Ico
            | ImageFormat::WebP
    );
    // Two letters, or three zeroes and a one, begin other files, too.
    let sure = match format {
        ImageFormat::Bmp => head.get(6..10) == Some(&[0; 4]),
        ImageFormat::Ico => {
            head.get(4).is_some_and(|count| (1..=64).contains(count))
                && head.get(5) == Some(&0)
                && head.get(9) == Some(&0)
        }
        _ => true,
    };
    (known && sure).then_some(format)
}

/// Whether this starts as a tar archive does, old ones without a magic included: by its header's checksum.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512).filter(|header| header[0] != 0) else { return false };
    let sum = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) });
    let digits: String = header[148..156].iter().map(|byte| char::from(*byte)).collect();
    let stated = u32::from_str_radix(digits.trim_matches([' ', '\0']), 8);
    stated == Ok(sum.sum())
}

/// The search of one package.
pub(crate) struct Walk<'s> {
    pub(crate) scanner: &'s Scanner,
    pub(crate) report: Report<'s>,
    pub(crate) budget: &'s Budget,
    depth: usize,
    told_over: bool,
}

impl<'s> Walk<'s> {
    pub(crate) fn new(scanner: &'s Scanner, package: &'s str, budget: &'s Budget) -> Self {
        Self { scanner, report: Report::new(scanner, package), budget, depth: 0, told_over: false }
    }

    pub(crate) fn finish(self) -> Vec<MarkFinding> {
        self.report.finish()
    }

    /// Looks at a path, of a package (`above` is empty) or in an archive.
    pub(crate) fn path(&mut self, above: &str, path: &str) {
        for hit in self.scanner.patterns.find(path.as_bytes(), Surroundings::Text) {
            if let What::Mark(mark) = hit.what {
                self.report.path(mark, above, path, hit.end);
            }
        }
    }

    /// Looks into a file, and into what it holds.
    pub(crate) fn file(&mut self, way: &str, data: &mut dyn Read) {
        if self.budget.is_over() {
            return;
        }
        let mut head = Vec::new();
        if let Err(error) = data.take(HEAD).read_to_end(&mut head) {
            self.unreadable(way, &error);
        }
        let form = Form::of(&head);
        let data: &mut dyn Read = &mut Cursor::new(&head).chain(data);
        if self.depth >= DEEPEST && !matches!(form, Form::Other | Form::Elf | Form::Picture(_)) {
            self.report.unreadable(way, "archives within archives, deeper than is looked into");
            return;
        }
        self.depth += 1;
        let done = self.by_form(way, form, data);
        self.depth -= 1;
        if let Err(error) = done {
            self.unreadable(way, &error);
        }
        self.report.close(way);
    }

    fn by_form(&mut self, way: &str, form: Form, data: &mut dyn Read) -> io::Result<()> {
        let budget = self.budget;
        match form {
            Form::Compressed => {
                let content = archive::decompressed(BufReader::with_capacity(64 * 1024, data))?;
                self.file(way, &mut budget.meter(content));
                Ok(())
            }
            Form::Tar => archive::each_tar(data, &mut |name, kind, data| self.member(way, name, kind, data)),
            Form::Cpio => {
                let rest =
                    archive::each_cpio(data, &mut |name, kind, data| self.member(way, name, kind, data))?;
                // As in an initial RAM disk: another archive, which may be compressed.
                if !rest.is_empty() {
                    self.file(way, &mut Cursor::new(rest).chain(data));
                }
                Ok(())
            }
            _ => self.leaf(way, form, data),
        }
    }

    /// Looks at an archive's member.
    pub(crate) fn member(
        &mut self,
        way: &str,
        name: &str,
        kind: &MemberKind,
        data: &mut dyn Read,
    ) -> io::Result<()> {
        self.budget.member()?;
        self.path(way, name);
        let budget = self.budget;
        match kind {
            MemberKind::File => self.file(&joined(way, name), &mut budget.meter(data)),
            MemberKind::Link(target) => header::link(self, &joined(way, name), target),
            MemberKind::Directory | MemberKind::Other => {}
        }
        match budget.is_over() {
            true => budget.take(0),
            false => Ok(()),
        }
    }

    /// Looks into an archive that is there as a whole.
    pub(crate) fn archive(&mut self, way: &str, form: Form, bytes: &[u8]) -> io::Result<()> {
        match form {
            Form::Zip => archive::each_zip(bytes, &mut |name, kind, data| self.member(way, name, kind, data)),
            Form::Ar => {
                for member in archive::ar(bytes, u64::MAX).map_err(io::Error::other)? {
                    self.member(way, &member.name, &member.kind, &mut &*member.data)?;
                }
                Ok(())
            }
            _ => {
                let mut rest = bytes;
                let header = Header::read(way, &mut rest).map_err(|error| io::Error::other(error.problem))?;
                header::scan(self, way, &header);
                let end = usize::try_from(header.range.start).unwrap_or(usize::MAX);
                let signature = bytes.get(header::LEAD..end).unwrap_or_default();
                self.strings(&joined(way, "header:Signature"), signature);
                let walked = rpm_file::each_file_of(way, rest, &header, |index, data| {
                    let Some(file) = header.files.get(index) else {
                        return Ok(std::ops::ControlFlow::Continue(()));
                    };
                    // Its path was looked at with the header's.
                    self.budget.member()?;
                    let budget = self.budget;
                    self.file(&joined(way, &file.path), &mut budget.meter(data));
                    Ok::<_, io::Error>(std::ops::ControlFlow::Continue(()))
                });
                walked.map_err(|error| io::Error::other(error.problem))?
            }
        }
    }

    /// Says that something can't be looked into; that a budget is used up is said once.
    pub(crate) fn unreadable(&mut self, way: &str, error: &io::Error) {
        if self.budget.is_over() && std::mem::replace(&mut self.told_over, true) {
            return;
        }
        self.report.unreadable(way, &error.to_string());
    }
}
