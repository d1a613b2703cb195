//! What is sent: a text, or a part of a file that is read as it is taken.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::task::JoinHandle;

/// Bytes that are read at a time.
const PIECE: u64 = 128 * 1024;

/// The body of an answer.
pub(super) enum Body {
    /// A text, once.
    Text(Bytes),
    /// A part of a file.
    File {
        file: Arc<File>,
        /// Where the next piece begins.
        at: u64,
        /// Bytes that are still to be sent.
        left: u64,
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
}

impl Body {
    pub(super) fn of_file(file: File, at: u64, length: u64) -> Self {
        Self::File { file: Arc::new(file), at, left: length, reading: None }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Text(text) if text.is_empty() => Poll::Ready(None),
            Self::Text(text) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(text))))),
            Self::File { left: 0, .. } => Poll::Ready(None),
            Self::File { file, at, left, reading } => {
                let task = reading.get_or_insert_with(|| {
                    let (file, at, length) = (Arc::clone(file), *at, (*left).min(PIECE));
                    tokio::task::spawn_blocking(move || read(&file, at, length))
                });
                let read = ready!(Pin::new(task).poll(context));
                *reading = None;
                let piece = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                if let Ok(piece) = &piece {
                    *at += piece.len() as u64;
                    *left -= piece.len() as u64;
                }
                Poll::Ready(Some(piece.map(Frame::data)))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Text(text) => text.len() as u64,
            Self::File { left, .. } => *left,
        })
    }
}

/// A file that became shorter ends the connection: the client sees that something is missing.
fn read(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).unwrap_or(0);
    let mut piece = vec![0; length];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}
