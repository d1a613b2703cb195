//! Keys that a signer process holds, behind a Unix socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::protocol::{Answer, ProtocolError, Request};

/// A signer may need a person, who looks for a PIN.
const PATIENCE: Duration = Duration::from_secs(600);
/// Longest answer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A signer.
pub(crate) struct Remote {
    socket: PathBuf,
}

/// The signer did not sign.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// There is none.
    #[error(
        "no signer answers at {socket}: is `heirloom signer` running, and may this user reach its socket?"
    )]
    Absent {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It went away, or did not answer in time.
    #[error("the signer at {socket} stopped to answer")]
    Silent {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not want to.
    #[error("the signer at {socket} refuses to sign: {said}")]
    Refused {
        /// Its socket.
        socket: PathBuf,
        /// Its reason.
        said: String,
    },
    /// Something else listens there, or there is too much to sign.
    #[error("the signer at {socket} can't be asked")]
    Protocol {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        source: ProtocolError,
    },
}

impl Remote {
    /// A signer that listens at this socket.
    pub(crate) fn open(socket: &Path) -> Result<Self, RemoteError> {
        let remote = Self { socket: socket.to_owned() };
        remote.connect()?;
        Ok(remote)
    }

    fn connect(&self) -> Result<UnixStream, RemoteError> {
        let absent = |source| RemoteError::Absent { socket: self.socket.clone(), source };
        let stream = UnixStream::connect(&self.socket).map_err(absent)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(absent)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(absent)?;
        Ok(stream)
    }

    /// An OpenPGP packet or a bare signature, by the request's purpose. It is to be verified.
    pub(crate) fn sign(&self, request: &Request) -> Result<Vec<u8>, RemoteError> {
        let silent = |source| RemoteError::Silent { socket: self.socket.clone(), source };
        let foreign = |source| RemoteError::Protocol { socket: self.socket.clone(), source };
        let line = request.to_line().map_err(foreign)?;
        let mut stream = self.connect()?;
        // One who refuses early does not read to the end; what it says is still there.
        let sent = stream.write_all(line.as_bytes());
        let mut answer = Vec::new();
        let read = BufReader::new(stream).take(LONGEST).read_until(b'\n', &mut answer);
        if answer.is_empty() {
            sent.map_err(silent)?;
        }
        read.map_err(silent)?;
        if !answer.ends_with(b"\n") {
            return Err(silent(io::Error::other("it hung up")));
        }
        match Answer::parse(&answer).map_err(foreign)? {
            Answer::Signature(bytes) => Ok(bytes),
            Answer::Refused(said) => Err(RemoteError::Refused { socket: self.socket.clone(), said }),
        }
    }
}
