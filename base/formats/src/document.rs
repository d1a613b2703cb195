//! A named piece of bytes, compressed or not: what the parsers take.

use std::io::{self, BufRead, BufReader, Read};

use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

/// Decompressed bytes that a document may have unless its caller says otherwise. The largest real ones
/// (file lists of a whole distribution) have about 700 MB.
const LARGEST: u64 = 2 << 30;
/// Memory that an xz stream may ask for, in bytes; the highest level of `xz` asks for 65 MiB.
const MOST_XZ_MEMORY: u64 = 256 << 20;

/// Bytes with the name that errors call them by. Compression (gzip, zstd, xz, bzip2) is told from the
/// first bytes, not from the name.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Path or URL, for errors.
    pub name: &'a str,
    bytes: &'a [u8],
    limit: u64,
}

/// The document's bytes can't be had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The compressed stream is damaged, cut short, or larger than allowed.
    #[error("{document} can't be decompressed")]
    Decompress {
        /// The document.
        document: String,
        /// What is wrong with the stream.
        source: io::Error,
    },
    /// It is not UTF-8.
    #[error("{document} is not UTF-8: byte {byte} is wrong")]
    Encoding {
        /// The document.
        document: String,
        /// Offset of the first wrong byte, after decompression.
        byte: usize,
    },
}

impl<'a> Document<'a> {
    /// Names these bytes.
    #[must_use]
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes, limit: LARGEST }
    }

    /// Refuses more than this many decompressed bytes, for example the open size that repomd.xml states.
    #[must_use]
    pub fn limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Refuses more than this many decompressed bytes, too.
    #[must_use]
    pub(crate) fn at_most(self, limit: u64) -> Self {
        Self { limit: self.limit.min(limit), ..self }
    }

    /// The whole decompressed content.
    ///
    /// # Errors
    /// The compressed stream is damaged or too large.
    pub fn decompress(&self) -> Result<Vec<u8>, DocumentError> {
        let failed = |source| DocumentError::Decompress { document: self.name.to_owned(), source };
        let mut content = Vec::new();
        self.reader().and_then(|mut reader| reader.read_to_end(&mut content)).map_err(failed)?;
        Ok(content)
    }

    /// The whole decompressed content as text.
    ///
    /// # Errors
    /// The compressed stream is damaged or too large, or the content is not UTF-8.
    pub fn text(&self) -> Result<String, DocumentError> {
        String::from_utf8(self.decompress()?).map_err(|error| DocumentError::Encoding {
            document: self.name.to_owned(),
            byte: error.utf8_error().valid_up_to(),
        })
    }

    pub(crate) fn reader(&self) -> io::Result<BufReader<Bounded<'a>>> {
        let inner = decompressed(self.bytes)?;
        let bounded = Bounded { inner, left: self.limit, limit: self.limit, piece: u64::MAX };
        Ok(BufReader::with_capacity(64 * 1024, bounded))
    }
}

/// The content of a stream that may be compressed, as its first bytes tell.
pub(crate) fn decompressed<'a>(mut stream: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match stream.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(stream)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(stream)?),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            let decoder = Stream::new_stream_decoder(MOST_XZ_MEMORY, CONCATENATED)?;
            Box::new(XzDecoder::new_stream(stream, decoder))
        }
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(stream)),
        _ => Box::new(stream),
    })
}

/// Fails, rather than ends, where a stream goes past its limit.
pub(crate) struct Bounded<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
    limit: u64,
    piece: u64,
}

impl Bounded<'_> {
    /// Gives at most so many bytes until this is called again, so that one piece of a document is not as large as the
    /// whole may be.
    pub(crate) fn allow(&mut self, bytes: u64) {
        self.piece = bytes;
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece == 0 {
            return Err(io::Error::other("one tag or text in it is larger than any may be"));
        }
        let read = self.inner.read(buffer)?;
        self.piece = self.piece.saturating_sub(read as u64);
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(format!("it has more than the {} bytes allowed", self.limit)));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const TEXT: &str = "the same few words, the same few words, the same few words";

    fn compressed(tool: &str) -> Vec<u8> {
        let mut child = Command::new(tool)
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{tool}: {error}"));
        child.stdin.take().unwrap().write_all(TEXT.as_bytes()).unwrap();
        child.wait_with_output().unwrap().stdout
    }

    /// A chunk that claims more than it holds; some decoders never come back from it.
    const ENDLESS: &[u8] =
        b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\
          \xe0\x27\xff\x25\xa4\x68\x77\x79\xba\x4a\x17\x58\x11\xdd\xc3\x67\xd6\xe5\x83\xbc\x91\xc7\x9e\x45\
          \x2b\xff\x5f\xe3\xe3\x2e\x22\x9e\x0a\xaf\x40\x00\x00\x00\x07\xec\x34\xfe\xcd\xcc\x85\xd7\x00\x01\
          \xda\x01\x80\x50\x00\x00\xaf\x5a\x75\xcc\xb1\xc4\x67\xfb\x02\x00\x00\x00\x00\x04\x59\x5a";

    #[test]
    fn a_stream_that_goes_nowhere_ends() {
        assert_eq!(ENDLESS.len(), 94);
        assert!(Document::new("x", ENDLESS).decompress().is_err());
    }

    #[test]
    fn reads_what_the_real_tools_write() {
        for tool in ["gzip", "zstd", "xz", "bzip2", "cat"] {
            let bytes = if tool == "cat" { TEXT.as_bytes().to_vec() } else { compressed(tool) };
            assert_eq!(Document::new(tool, &bytes).text().unwrap(), TEXT, "{tool}");
        }
    }

    #[test]
    fn refuses_the_cut_and_the_oversized() {
        for tool in ["gzip", "zstd", "xz", "bzip2"] {
            let bytes = compressed(tool);
            let cut = &bytes[..bytes.len() - 6];
            assert!(Document::new(tool, cut).text().is_err(), "{tool} cut");
            let error = Document::new(tool, &bytes).limit(20).text().unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains("more than the 20 bytes"), "{tool}: {source}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(magic in 0usize..4, tail: Vec<u8>) {
            let magic: &[u8] = [&b"\x1f\x8b"[..], b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh9"][magic];
            let bytes = [magic, &tail].concat();
            let _ = Document::new("garbage", &bytes).limit(1 << 20).decompress();
        }
    }
}
