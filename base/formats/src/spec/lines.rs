//! A text file line by line, without loss.

use std::ops::Range;

/// The lines of a file with their ends, in any encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(Vec<Vec<u8>>);

/// One change of a file: what stands in the lines `at` is replaced by `with`, whose lines have no ends. An empty `at`
/// inserts before its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The lines that go.
    pub at: Range<usize>,
    /// The lines that come.
    pub with: Vec<Vec<u8>>,
}

impl Splice {
    /// Lines inserted before line `at`.
    #[must_use]
    pub fn insert(at: usize, with: Vec<Vec<u8>>) -> Self {
        Self { at: at..at, with }
    }

    /// One line in place of another.
    #[must_use]
    pub fn line(at: usize, with: Vec<u8>) -> Self {
        Self { at: at..at + 1, with: vec![with] }
    }

    /// Lines deleted.
    #[must_use]
    pub fn delete(at: Range<usize>) -> Self {
        Self { at, with: Vec::new() }
    }
}

impl Lines {
    /// Splits bytes into lines.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        Self(bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line without its end; nothing behind the last one.
    #[must_use]
    pub fn text(&self, line: usize) -> &[u8] {
        let whole = self.0.get(line).map_or(&[][..], Vec::as_slice);
        whole.strip_suffix(b"\r\n").or_else(|| whole.strip_suffix(b"\n")).unwrap_or(whole)
    }

    /// A line with its end.
    #[must_use]
    pub fn whole(&self, line: usize) -> &[u8] {
        self.0.get(line).map_or(&[][..], Vec::as_slice)
    }

    /// All lines without their ends.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        (0..self.0.len()).map(|line| self.text(line))
    }

    /// How the file's first line ends, which new lines do as well.
    fn end(&self) -> &'static [u8] {
        match self.0.first() {
            Some(line) if line.ends_with(b"\r\n") => b"\r\n",
            _ => b"\n",
        }
    }

    /// Makes changes, which are in order and don't overlap. A line that replaces another ends as that did.
    pub fn apply(&mut self, splices: &[Splice]) {
        let end = self.end();
        let open = self.0.last().is_some_and(|line| !line.ends_with(b"\n"));
        let mut result = Vec::with_capacity(self.0.len() + splices.len());
        let mut next = 0;
        let mut last_is_new = false;
        for splice in splices {
            let start = splice.at.start.clamp(next, self.0.len());
            let stop = splice.at.end.clamp(start, self.0.len());
            result.extend(self.0[next..start].iter_mut().map(std::mem::take));
            for (index, text) in splice.with.iter().enumerate() {
                let replaced = self.0.get(start + index).filter(|_| start + index < stop);
                let end = match replaced {
                    Some(line) if line.ends_with(b"\r\n") => b"\r\n",
                    Some(line) if line.ends_with(b"\n") => &b"\n"[..],
                    _ => end,
                };
                result.push([text.as_slice(), end].concat());
            }
            next = stop;
            last_is_new = stop == self.0.len() && !splice.with.is_empty();
        }
        result.extend(self.0[next..].iter_mut().map(std::mem::take));
        let count = result.len();
        for line in result.iter_mut().take(count.saturating_sub(1)).filter(|line| !line.ends_with(b"\n")) {
            line.extend_from_slice(end);
        }
        if let Some(last) = result.last_mut().filter(|_| open && last_is_new) {
            let length = last.strip_suffix(end).map_or(last.len(), <[u8]>::len);
            last.truncate(length);
        }
        self.0 = result;
    }
}
