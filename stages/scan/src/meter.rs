//! What one package may cost: bytes that come out of archives, and members of them.

use std::cell::Cell;
use std::io::{self, Read};

/// Bytes that may come out of any package, and how many times its own size beyond that. Each layer counts: of a
/// compressed tar archive the stream and the files.
const SMALLEST: u64 = 512 << 20;
const MOST_TIMES: u64 = 100;
/// Members of all archives of a package.
const MOST_MEMBERS: u64 = 1 << 21;

/// Counts for one package.
pub(crate) struct Budget {
    bytes: Cell<u64>,
    members: Cell<u64>,
    over: Cell<bool>,
}

impl Budget {
    /// For a package or a file that has not been read yet.
    pub(crate) fn new() -> Self {
        Self { bytes: Cell::new(SMALLEST), members: Cell::new(MOST_MEMBERS), over: Cell::new(false) }
    }

    /// So many bytes of the package itself are there.
    pub(crate) fn feed(&self, bytes: u64) {
        self.bytes.set(self.bytes.get().saturating_add(bytes.saturating_mul(MOST_TIMES)));
    }

    /// Whether it was used up. Nothing is read any more.
    pub(crate) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Takes bytes that came out of something.
    pub(crate) fn take(&self, bytes: u64) -> io::Result<()> {
        spend(&self.bytes, bytes, &self.over, "it unpacks to far more bytes than its size explains")
    }

    /// Takes a member of an archive.
    pub(crate) fn member(&self) -> io::Result<()> {
        spend(&self.members, 1, &self.over, "its archives have more members than are looked at")
    }

    /// Counts what is read from here on.
    pub(crate) fn meter<R: Read>(&self, inner: R) -> Metered<'_, R> {
        Metered { inner, budget: self }
    }
}

fn spend(from: &Cell<u64>, count: u64, over: &Cell<bool>, problem: &'static str) -> io::Result<()> {
    match from.get().checked_sub(count) {
        Some(left) if !over.get() => {
            from.set(left);
            Ok(())
        }
        _ => {
            over.set(true);
            Err(io::Error::other(problem))
        }
    }
}

pub(crate) struct Metered<'b, R> {
    inner: R,
    budget: &'b Budget,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.budget.take(read as u64)?;
        Ok(read)
    }
}

/// The package's own bytes: they are what the budget is measured by.
pub(crate) struct Own<'b, R> {
    pub(crate) inner: R,
    pub(crate) budget: &'b Budget,
}

impl<R: Read> Read for Own<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.budget.feed(read as u64);
        Ok(read)
    }
}
