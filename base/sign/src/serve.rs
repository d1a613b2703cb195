//! The signer's side of a socket: it signs what its caller allows, and knows no policy of its own.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pgp::packet::PacketTrait as _;

use crate::fault::chain;
use crate::key::SecretKey;
use crate::protocol::{Answer, LONGEST_LINE, ProtocolError, Purpose, Request};
use crate::raw::RawKey;

/// Connections at a time; more wait.
const MOST: usize = 16;
/// In this time a request must be there, and its answer be taken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is at the other end, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// What a signer did, or did not do.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Who asked.
    pub peer: Peer,
    /// For what; absent where that could not be read.
    pub request: Option<&'a Request>,
    /// Why nothing was signed.
    pub refused: Option<&'a str>,
}

/// Answers requests, each in a thread of its own, until the listener is shut down (`shutdown(2)`).
///
/// `decide` gives the reason why a request may not be signed; it is asked after the request was found to be for
/// this key, or for one of those for metadata (`raw`). `log` is told of every request, before it is answered.
///
/// # Errors
/// The listener fails.
pub fn serve(
    listener: &UnixListener,
    decide: impl Fn(&Request, Peer) -> Result<(), String> + Sync,
    key: &SecretKey,
    raw: &[RawKey],
    log: impl Fn(&Use<'_>) + Sync,
) -> io::Result<()> {
    let signer = Signer { decide, key, raw, log };
    let places = Places::default();
    thread::scope(|scope| {
        loop {
            places.take();
            match listener.accept() {
                Ok((stream, _)) => {
                    let (signer, places) = (&signer, &places);
                    scope.spawn(move || {
                        let _place = Free(places);
                        // A client that went away has nothing to be told.
                        let _ = signer.answer(stream);
                    });
                }
                // It was shut down.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
                    return Ok(());
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
                    ) =>
                {
                    places.free();
                }
                Err(error) => return Err(error),
            }
        }
    })
}

struct Signer<'a, D, L> {
    decide: D,
    key: &'a SecretKey,
    raw: &'a [RawKey],
    log: L,
}

impl<D, L> Signer<'_, D, L>
where
    D: Fn(&Request, Peer) -> Result<(), String>,
    L: Fn(&Use<'_>),
{
    fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        let credentials = rustix::net::sockopt::socket_peercred(&stream)?;
        let peer = Peer {
            pid: credentials.pid.as_raw_pid(),
            uid: credentials.uid.as_raw(),
            gid: credentials.gid.as_raw(),
        };
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(line) = line(&mut stream)? else { return Ok(()) };
        let request = line.and_then(|line| Request::parse(&line)).map_err(|error| chain(&error));
        let signed = request.as_ref().map_err(Clone::clone).and_then(|request| {
            self.fits(request)?;
            (self.decide)(request, peer)?;
            self.sign(request)
        });
        (self.log)(&Use {
            peer,
            request: request.as_ref().ok(),
            refused: signed.as_ref().err().map(String::as_str),
        });
        let answer = match signed {
            Ok(signature) => Answer::Signature(signature),
            Err(reason) => Answer::Refused(reason),
        };
        stream.write_all(answer.to_line().map_err(io::Error::other)?.as_bytes())
    }

    /// The key that a request about metadata names.
    fn named(&self, request: &Request) -> Result<&RawKey, String> {
        let found = self.raw.iter().find(|key| key.name() == request.key);
        found.ok_or_else(|| format!("it holds no key {} for metadata", excerpt(&request.key)))
    }

    fn fits(&self, request: &Request) -> Result<(), String> {
        if request.purpose == Purpose::Metadata {
            return self.named(request).map(drop);
        }
        let own = self.key.fingerprint();
        if request.key != own {
            return Err(format!("it holds the key {own}, not {}", excerpt(&request.key)));
        }
        // Else an OpenPGP signature could be had as a statement's.
        if request.purpose == Purpose::Statement && !request.data.starts_with(b"DSSEv1 ") {
            return Err(
                "what it was asked to sign is no statement: it does not begin with `DSSEv1 `".to_owned()
            );
        }
        match self.key.signature_kind() {
            Some(kind) if kind == request.algorithm => Ok(()),
            kind => Err(format!("its key is {kind:?}, not {:?}", request.algorithm)),
        }
    }

    fn sign(&self, request: &Request) -> Result<Vec<u8>, String> {
        match request.purpose {
            Purpose::Metadata => Ok(self.named(request)?.sign(&request.data)),
            Purpose::Statement => self.key.sign_plainly(&request.data).map_err(|error| chain(&error)),
            Purpose::OpenPgp => {
                let signature = self.key.sign(&request.data, request.time).map_err(|error| chain(&error))?;
                let mut bytes = Vec::new();
                signature.to_writer_with_header(&mut bytes).map_err(|error| chain(&error))?;
                Ok(bytes)
            }
        }
    }
}

/// A line without its end; nothing from one who only looked whether somebody is there.
fn line(stream: &mut UnixStream) -> io::Result<Option<Result<Vec<u8>, ProtocolError>>> {
    let deadline = Instant::now() + PATIENCE;
    let (mut line, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut chunk)?;
        let read = &chunk[..count];
        match read.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                line.extend_from_slice(&read[..end]);
                return Ok(Some(Ok(line)));
            }
            None if count == 0 => return Ok(None),
            None => line.extend_from_slice(read),
        }
        if line.len() > LONGEST_LINE {
            return Ok(Some(Err(ProtocolError::TooLarge(line.len()))));
        }
    }
}

/// The beginning of a foreign text.
fn excerpt(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

/// Places for connections.
#[derive(Default)]
struct Places {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    fn take(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.freed.wait_while(taken, |taken| *taken >= MOST);
        *wait.unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn free(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.freed.notify_one();
    }
}

/// Frees a place at its end, however that comes.
struct Free<'a>(&'a Places);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.0.free();
    }
}
