//! One metadata file: digested and compressed by a thread of its own while it is written.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use tempfile::NamedTempFile;
use zstd::zstd_safe::CParameter;

use super::Compression;

/// Bytes that are handed over at a time.
const BLOCK: usize = 512 << 10;
/// Blocks that may wait for the compressor.
const WAITING: usize = 4;
/// With the parameters below; see "Repodata" in BENCHMARKS.md.
const ZSTD_LEVEL: i32 = 4;
/// Bytes that must be the same to be worth pointing to.
const ZSTD_SHORTEST: u32 = 6;
/// The same for what is far back: packages of one source repeat whole changelogs and lists of directories.
const ZSTD_SHORTEST_FAR: u32 = 96;
/// How far back that may be, as a power of 2. Clients need so much memory to read a document; they refuse more than 27.
const ZSTD_FAR: u32 = 23;

/// What was written.
pub(super) struct Finished {
    pub(super) checksum: Digest,
    pub(super) size: u64,
    pub(super) open_checksum: Digest,
    pub(super) open_size: u64,
}

/// A document that is being written. Until it is finished it has no name, and vanishes when it is dropped.
pub(super) struct Document {
    block: Vec<u8>,
    blocks: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<io::Result<(NamedTempFile, Finished)>>>,
}

impl Document {
    pub(super) fn create(dir: &Path, compression: Compression) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".new-").tempfile_in(dir)?;
        let (blocks, received) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().spawn(move || write(file, compression, &received))?;
        Ok(Self { block: Vec::with_capacity(BLOCK), blocks: Some(blocks), thread: Some(thread) })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(bytes);
        if self.block.len() < BLOCK { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let sent = self.blocks.as_ref().is_some_and(|blocks| blocks.send(block).is_ok());
        // The thread ends before its time only when it failed.
        if sent { Ok(()) } else { self.join().map(drop) }
    }

    /// Nothing more comes.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.send()?;
        self.blocks = None;
        Ok(())
    }

    fn join(&mut self) -> io::Result<(NamedTempFile, Finished)> {
        let gone = || io::Error::other("its writer has ended");
        let thread = self.thread.take().ok_or_else(gone)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Waits until all of it is written, and names it: its checksum, a hyphen and this name.
    pub(super) fn finish(mut self, dir: &Path, name: &str) -> io::Result<(String, Finished)> {
        if self.blocks.is_some() {
            self.close()?;
        }
        let (file, finished) = self.join()?;
        file.as_file().set_permissions(Permissions::from_mode(0o644))?;
        let name = format!("{}-{name}", finished.checksum);
        file.persist(dir.join(&name)).map_err(|error| error.error)?;
        Ok((name, finished))
    }
}

impl Drop for Document {
    /// The file vanishes with its thread, which is waited for.
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(
    mut file: NamedTempFile,
    compression: Compression,
    blocks: &Receiver<Vec<u8>>,
) -> io::Result<(NamedTempFile, Finished)> {
    let compressed = Digesting { file: file.as_file_mut(), hasher: Hasher::default(), size: 0 };
    let mut open = Hasher::default();
    let mut open_size = 0;
    let mut copy = |to: &mut dyn Write| -> io::Result<()> {
        for block in blocks {
            open.update(&block);
            open_size += block.len() as u64;
            to.write_all(&block)?;
        }
        Ok(())
    };
    // Neither stream carries a time or a file name.
    let Digesting { hasher, size, .. } = match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(compressed, flate2::Compression::default());
            copy(&mut encoder)?;
            encoder.finish()?
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(compressed, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            // No threads of its own: they would begin only when 16 MiB are there, and documents have a thread each.
            encoder.set_parameter(CParameter::MinMatch(ZSTD_SHORTEST))?;
            encoder.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
            encoder.set_parameter(CParameter::LdmMinMatch(ZSTD_SHORTEST_FAR))?;
            encoder.set_parameter(CParameter::WindowLog(ZSTD_FAR))?;
            copy(&mut encoder)?;
            encoder.finish()?
        }
    };
    Ok((file, Finished { checksum: hasher.finish(), size, open_checksum: open.finish(), open_size }))
}

/// A file whose bytes are digested as they are written.
struct Digesting<'a> {
    file: &'a mut File,
    hasher: Hasher,
    size: u64,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
