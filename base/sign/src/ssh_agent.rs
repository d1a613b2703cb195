//! Keys that ssh-agent holds, those of FIDO devices among them (draft-ietf-sshm-ssh-agent).

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ssh_key::{HashAlg, PublicKey};

use crate::sshsig::{Blobs, string};

/// For as long a person may look for the FIDO device.
const PATIENCE: Duration = Duration::from_secs(300);
/// Largest answer, in bytes; OpenSSH's own limit.
const LARGEST: u32 = 256 * 1024;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// RSA with SHA-512.
const RSA_SHA2_512: u32 = 4;

/// A key of an agent.
pub(crate) struct SshAgent {
    socket: PathBuf,
    pub(crate) key: PublicKey,
}

/// ssh-agent did not sign.
#[derive(Debug, thiserror::Error)]
pub enum SshAgentError {
    /// There is none, or it went away.
    #[error("no ssh-agent answers at {socket}")]
    Absent {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It does not have the key.
    #[error("ssh-agent at {socket} does not have the key {fingerprint}: run `ssh-add FILE`")]
    NoKey {
        /// Its socket.
        socket: PathBuf,
        /// The key.
        fingerprint: String,
    },
    /// It did not want to, or nobody touched the device.
    #[error(
        "ssh-agent at {socket} refused to sign with the key {fingerprint}: was it confirmed, or the device touched?"
    )]
    Refused {
        /// Its socket.
        socket: PathBuf,
        /// The key.
        fingerprint: String,
    },
}

impl SshAgent {
    /// A key of the agent that listens there.
    pub(crate) fn open(socket: &Path, key: PublicKey) -> Result<Self, SshAgentError> {
        let agent = Self { socket: socket.to_owned(), key };
        let answer = agent.ask(&[REQUEST_IDENTITIES])?;
        let wanted = agent.key.to_bytes().unwrap_or_default();
        let known = answer.split_first().is_some_and(|(kind, rest)| {
            *kind == IDENTITIES_ANSWER
                && rest.get(4..).is_some_and(|list| Blobs(list).step_by(2).any(|blob| blob == wanted))
        });
        match known {
            true => Ok(agent),
            false => {
                Err(SshAgentError::NoKey { socket: agent.socket.clone(), fingerprint: agent.fingerprint() })
            }
        }
    }

    fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// A signature that begins with its algorithm's name.
    pub(crate) fn sign(&self, data: &[u8]) -> Result<Vec<u8>, SshAgentError> {
        let mut request = vec![SIGN_REQUEST];
        string(&mut request, &self.key.to_bytes().unwrap_or_default());
        string(&mut request, data);
        let flags = if self.key.algorithm().is_rsa() { RSA_SHA2_512 } else { 0 };
        request.extend_from_slice(&flags.to_be_bytes());
        let answer = self.ask(&request)?;
        let signature = match answer.split_first() {
            Some((&SIGN_RESPONSE, rest)) => Blobs(rest).next().map(<[u8]>::to_vec),
            _ => None,
        };
        let refused =
            || SshAgentError::Refused { socket: self.socket.clone(), fingerprint: self.fingerprint() };
        signature.ok_or_else(refused)
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, SshAgentError> {
        let absent = |source| SshAgentError::Absent { socket: self.socket.clone(), source };
        let talk = || {
            let mut stream = UnixStream::connect(&self.socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            let mut message = Vec::new();
            string(&mut message, request);
            stream.write_all(&message)?;
            let mut length = [0; 4];
            stream.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length);
            if length > LARGEST {
                return Err(io::Error::other(format!("it answers with {length} bytes")));
            }
            let mut answer = vec![0; length as usize];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        talk().map_err(absent)
    }
}
