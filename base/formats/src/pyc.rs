//! Python bytecode files: which Python, and what the marshalled code means.
//!
//! The header has 8 bytes before Python 3.3 (magic, time), 12 before 3.7 (and the source's size), then 16
//! (and flags, PEP 552). The code object follows in the marshal format, whose references and order of sets
//! depend on the process that wrote it: two files mean the same if their digests of the code are equal.

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

/// Values inside of values.
const DEEPEST: usize = 200;
/// Values of one file. A value of one byte is remembered with many more.
const MOST_VALUES: usize = 1 << 22;

/// A Python bytecode file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pyc {
    /// Which Python wrote it, as major and minor version.
    pub version: (u8, u8),
    /// How Python tells that the source has changed (PEP 552): 0 by time and size; 1 by nothing, 3 by the
    /// source's digest.
    pub flags: u32,
    /// Digest of what the code means: every constant, name and instruction, in order.
    pub code: Digest,
}

/// A Python bytecode file can't be read.
#[derive(Debug, thiserror::Error)]
#[error("it is no Python bytecode: {problem} (byte {at})")]
pub struct PycError {
    /// What is wrong.
    pub problem: String,
    /// Offset in the file.
    pub at: usize,
}

/// Reads a whole file.
///
/// # Errors
/// It is of an unknown Python, cut short, damaged, or nested deeper than any compiler writes.
pub fn parse(bytes: &[u8]) -> Result<Pyc, PycError> {
    let magic = match bytes {
        [low, high, b'\r', b'\n', ..] => u16::from_le_bytes([*low, *high]),
        _ => return Err(PycError { problem: "it does not start as one".to_owned(), at: 0 }),
    };
    let version = version(magic)
        .ok_or_else(|| PycError { problem: format!("its magic number {magic} is unknown"), at: 0 })?;
    let header = match version {
        (2, _) | (3, 0..=2) => 8,
        (3, 3..=6) => 12,
        _ => 16,
    };
    let flags = match bytes.get(4..8).and_then(<[u8]>::first_chunk) {
        Some(flags) if header == 16 => u32::from_le_bytes(*flags),
        _ => 0,
    };
    let mut reader =
        Reader { bytes, at: header, version, references: Vec::new(), interned: Vec::new(), values: 0 };
    let code = reader.value(0)?;
    match reader.at == bytes.len() {
        true => Ok(Pyc { version, flags, code }),
        false => Err(reader.wrong("bytes follow the code")),
    }
}

/// The Python that writes this magic number (the ranges of its importlib).
fn version(magic: u16) -> Option<(u8, u8)> {
    Some(match magic {
        62161 => (2, 6),
        62171..=62211 => (2, 7),
        3000..=3131 => (3, 0),
        3140..=3151 => (3, 1),
        3160..=3180 => (3, 2),
        3190..=3230 => (3, 3),
        3250..=3310 => (3, 4),
        3320..=3351 => (3, 5),
        3360..=3379 => (3, 6),
        3390..=3394 => (3, 7),
        3400..=3413 => (3, 8),
        3420..=3425 => (3, 9),
        3430..=3439 => (3, 10),
        3450..=3495 => (3, 11),
        3500..=3531 => (3, 12),
        3550..=3571 => (3, 13),
        3600..=3627 => (3, 14),
        _ => return None,
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    version: (u8, u8),
    /// Values that later ones refer to; none while the value itself is being read.
    references: Vec<Option<Digest>>,
    /// Python 2's interned strings, which have references of their own.
    interned: Vec<Digest>,
    /// Values read so far.
    values: usize,
}

impl Reader<'_> {
    fn wrong(&self, problem: &str) -> PycError {
        PycError { problem: problem.to_owned(), at: self.at }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PycError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.wrong("it ends early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, PycError> {
        Ok(self.take(1)?[0])
    }

    fn int(&mut self) -> Result<i32, PycError> {
        let mut four = [0; 4];
        four.copy_from_slice(self.take(4)?);
        Ok(i32::from_le_bytes(four))
    }

    fn length(&mut self) -> Result<usize, PycError> {
        let length = self.int()?;
        // Every value has at least a byte, so that no length is more than what is left.
        let left = self.bytes.len() - self.at;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
            .ok_or_else(|| self.wrong("a length is wrong"))
    }

    /// The digest of the next value's meaning.
    fn value(&mut self, depth: usize) -> Result<Digest, PycError> {
        self.optional(depth)?.ok_or_else(|| self.wrong("a value is missing"))
    }

    /// `None` is the mark that ends a dictionary.
    fn optional(&mut self, depth: usize) -> Result<Option<Digest>, PycError> {
        if depth > DEEPEST {
            return Err(self.wrong("its values are nested too deep"));
        }
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(self.wrong("it has too many values"));
        }
        let tag = self.byte()?;
        let kind = tag & 0x7f;
        let slot = (tag & 0x80 != 0).then(|| {
            self.references.push(None);
            self.references.len() - 1
        });
        let value = match kind {
            b'0' => return Ok(None),
            b'r' => {
                let index = self.int()?;
                let known = usize::try_from(index)
                    .ok()
                    .and_then(|index| self.references.get(index).copied().flatten());
                return Ok(Some(known.ok_or_else(|| self.wrong("a reference leads nowhere"))?));
            }
            b'R' => {
                let index = self.int()?;
                let known = usize::try_from(index).ok().and_then(|index| self.interned.get(index).copied());
                return Ok(Some(known.ok_or_else(|| self.wrong("a reference leads nowhere"))?));
            }
            b'N' | b'F' | b'T' | b'S' | b'.' => self.leaf(kind, 0)?,
            b'i' => self.leaf(b'i', 4)?,
            b'I' | b'g' => self.leaf(kind, 8)?,
            b'y' => self.leaf(kind, 16)?,
            b'f' => {
                let length = self.byte()?.into();
                self.leaf(kind, length)?
            }
            b'x' => {
                let real = self.byte()?.into();
                let real = self.leaf(kind, real)?;
                let imaginary = self.byte()?.into();
                let imaginary = self.leaf(kind, imaginary)?;
                digest(kind, &[real, imaginary])
            }
            b'l' => {
                let digits = self.int()?;
                let count = digits.unsigned_abs() as usize;
                let sign = if digits < 0 { b'-' } else { b'+' };
                let magnitude = self.leaf(kind, count.saturating_mul(2))?;
                digest(sign, &[magnitude])
            }
            b's' => {
                let length = self.length()?;
                self.leaf(b's', length)?
            }
            // Texts: interned or not, ASCII or not, short or not.
            b't' | b'u' | b'a' | b'A' => {
                let length = self.length()?;
                self.text(kind, length)?
            }
            b'z' | b'Z' => {
                let length = self.byte()?.into();
                self.text(kind, length)?
            }
            b'(' | b'[' => {
                let count = self.length()?;
                self.several(kind, count, depth)?
            }
            b')' => {
                let count = self.byte()?.into();
                self.several(b'(', count, depth)?
            }
            b'<' | b'>' => {
                let count = self.length()?;
                let mut members = self.members(count, depth)?;
                members.sort();
                digest(kind, &members)
            }
            b'{' => {
                let mut members = Vec::new();
                while let Some(key) = self.optional(depth + 1)? {
                    members.extend([key, self.value(depth + 1)?]);
                }
                digest(kind, &members)
            }
            b':' => self.several(kind, 3, depth)?,
            b'c' => self.code(depth)?,
            _ => return Err(self.wrong("a value is of an unknown type")),
        };
        if let Some(slot) = slot {
            self.references[slot] = Some(value);
        }
        Ok(Some(value))
    }

    /// A value that is nothing but bytes.
    fn leaf(&mut self, kind: u8, length: usize) -> Result<Digest, PycError> {
        let mut hasher = Hasher::default();
        hasher.update(&[kind]);
        hasher.update(self.take(length)?);
        Ok(hasher.finish())
    }

    fn text(&mut self, kind: u8, length: usize) -> Result<Digest, PycError> {
        // Python 2's strings are bytes, whether interned or not.
        let plain = if self.version.0 == 2 && kind == b't' { b's' } else { b'u' };
        let value = self.leaf(plain, length)?;
        if kind == b't' {
            self.interned.push(value);
        }
        Ok(value)
    }

    fn members(&mut self, count: usize, depth: usize) -> Result<Vec<Digest>, PycError> {
        (0..count).map(|_| self.value(depth + 1)).collect()
    }

    fn several(&mut self, kind: u8, count: usize, depth: usize) -> Result<Digest, PycError> {
        Ok(digest(kind, &self.members(count, depth)?))
    }

    /// A code object: numbers, values, the first line's number, and tables, how many depending on the version.
    fn code(&mut self, depth: usize) -> Result<Digest, PycError> {
        let (numbers, values, tables) = match self.version {
            (2, _) => (4, 8, 1),
            (3, 0..=7) => (5, 8, 1),
            (3, 8..=10) => (6, 8, 1),
            _ => (5, 8, 2),
        };
        let mut parts = vec![self.leaf(b'c', 4 * numbers)?];
        parts.extend(self.members(values, depth)?);
        parts.push(self.leaf(b'c', 4)?);
        parts.extend(self.members(tables, depth)?);
        Ok(digest(b'c', &parts))
    }
}

/// The digest of a value that is made of others.
fn digest(kind: u8, members: &[Digest]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(&[kind]);
    for member in members {
        hasher.update(member.to_string().as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const SOURCE: &str = "import os\nclass A:\n    def f(self, x, *, y=2):\n        if x in {'a', 'b', 'c', 'd'}:\n            return (1 << 70, 1.5, 2j, b'x', None, ..., [i for i in x])\n        return f'{x!r}'\n";

    fn compiled(source: &str, seed: &str, time: u32) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.py");
        std::fs::write(&file, source).unwrap();
        let script = format!(
            "import os, py_compile; os.utime('{0}', ({time}, {time})); py_compile.compile('{0}', cfile='{0}c', dfile='a.py')",
            file.display()
        );
        let mut python = Command::new("python3");
        assert!(python.env("PYTHONHASHSEED", seed).args(["-c", &script]).status().unwrap().success());
        std::fs::read(dir.path().join("a.pyc")).unwrap()
    }

    #[test]
    fn code_is_equal_whatever_the_time_and_the_order_of_sets() {
        let (one, other) = (compiled(SOURCE, "1", 1_000_000_000), compiled(SOURCE, "7", 1_500_000_000));
        assert_ne!(one, other);
        assert_eq!(parse(&one).unwrap(), parse(&other).unwrap());
        for (from, to) in
            [("y=2", "y=3"), ("'d'", "'e'"), ("1 << 70", "1 << 71"), ("def f", "def g"), ("2j", "3j")]
        {
            let changed = compiled(&SOURCE.replace(from, to), "1", 1_000_000_000);
            assert_ne!(parse(&one).unwrap().code, parse(&changed).unwrap().code, "{from}");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = compiled(SOURCE, "1", 1_000_000_000);
        assert!((0..whole.len()).all(|length| parse(&whole[..length]).is_err()));
        assert!(parse(&[whole.clone(), vec![0]].concat()).is_err());
        let many =
            [&whole[..16], b"(", &(MOST_VALUES as u32).to_le_bytes(), &b"N".repeat(MOST_VALUES)].concat();
        assert!(parse(&many).unwrap_err().to_string().contains("too many values"));
        let deep = [&whole[..16], &b")\x01".repeat(10_000)[..]].concat();
        assert!(parse(&deep).unwrap_err().to_string().contains("too deep"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(magic in proptest::sample::select(vec![62211u16, 3230, 3379, 3425, 3495]), tail: Vec<u8>) {
            let _ = parse(&[&magic.to_le_bytes()[..], b"\r\n", &[0; 12], &tail].concat());
        }
    }
}
