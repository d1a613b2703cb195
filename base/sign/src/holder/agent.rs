//! Keys that gpg-agent holds, or that are on a smart card which it drives.
//!
//! The agent is spoken to in the Assuan protocol through its socket; passphrases and PINs are its own matter.
//! A key is named by its *keygrip*: the SHA-1 of its public numbers.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use heirloom_formats::openpgp::{fingerprint, hex};
use pgp::packet;
use pgp::ser::Serialize as _;
use pgp::types::{EddsaLegacyPublicParams, KeyDetails as _, Mpi, PublicParams};
use sha1::{Digest as _, Sha1};

use super::HolderError;

/// For as long a person may look for the PIN.
const PATIENCE: Duration = Duration::from_secs(600);
/// Longest answer, in bytes; a signature has about a thousand.
const LONGEST: u64 = 64 * 1024;
/// Error codes of libgpg-error.
const BAD_PASSPHRASE: u32 = 11;
const NO_SECRET_KEY: u32 = 17;
const NO_PIN_ENTRY: u32 = 85;
const CANCELLED: [u32; 3] = [62, 99, 198];

/// A key of an agent.
pub(crate) struct Agent {
    socket: PathBuf,
    fingerprint: String,
    keygrip: String,
}

/// gpg-agent did not sign.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// GnuPG is not installed.
    #[error("`gpgconf` can't be run to find gpg-agent: install GnuPG")]
    NoGnupg(#[source] io::Error),
    /// There is no agent.
    #[error("no gpg-agent answers at {socket}: start it with `gpgconf --launch gpg-agent`")]
    Absent {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It went away, or did not answer in time.
    #[error("gpg-agent at {socket} stopped to answer")]
    Silent {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not have the key.
    #[error(
        "gpg-agent at {socket} has no secret key for {fingerprint} (keygrip {keygrip}): look with `gpg \
         --list-secret-keys --with-keygrip`; a smart card must be plugged in and known (`gpg --card-status`)"
    )]
    NoKey {
        /// Its socket.
        socket: PathBuf,
        /// The certificate.
        fingerprint: String,
        /// The key's name in the agent.
        keygrip: String,
    },
    /// The passphrase was not given, or is wrong.
    #[error(
        "gpg-agent can't unlock the key {fingerprint} ({said}): its passphrase or PIN is needed; unlock it once, \
         such as by `gpg --clearsign` on a terminal, or give the agent a working pinentry"
    )]
    Locked {
        /// The certificate.
        fingerprint: String,
        /// The agent's words.
        said: String,
    },
    /// Any other refusal.
    #[error("gpg-agent refused to sign with the key {fingerprint}: {said}")]
    Refused {
        /// The certificate.
        fingerprint: String,
        /// The agent's words.
        said: String,
    },
    /// Something that is not of the protocol.
    #[error("what answers at {socket} is no gpg-agent: {said}")]
    Foreign {
        /// The socket.
        socket: PathBuf,
        /// What it said.
        said: String,
    },
    /// gpg-agent's Ed25519 takes digests alone.
    #[error(
        "gpg-agent makes Ed25519 signatures of digests only, and a statement needs one of the whole text: use an \
         RSA key, a key file, a PKCS#11 token or a signer"
    )]
    Digest,
}

impl Agent {
    /// A key of the agent behind this socket, or of the user's own.
    pub(crate) fn open(socket: Option<&Path>, key: &packet::PublicKey) -> Result<Self, HolderError> {
        let fingerprint = fingerprint(key);
        let keygrip = keygrip(key.public_params())
            .ok_or_else(|| HolderError::Algorithm { fingerprint: fingerprint.clone() })?;
        let socket = match socket {
            Some(socket) => socket.to_owned(),
            None => own_socket()?,
        };
        let agent = Self { socket, fingerprint, keygrip };
        agent.talk()?.ask(&format!("HAVEKEY {}", agent.keygrip))?;
        Ok(agent)
    }

    /// RSA PKCS#1 v1.5 of a SHA-256 digest.
    pub(crate) fn rsa(&self, digest: &[u8]) -> Result<Vec<u8>, AgentError> {
        self.sign(digest, &["s"])
    }

    /// Ed25519 of a digest.
    pub(crate) fn ed25519(&self, digest: &[u8]) -> Result<Vec<u8>, AgentError> {
        if digest.len() != 32 { Err(AgentError::Digest) } else { self.sign(digest, &["r", "s"]) }
    }

    /// The named numbers of a signature, one behind the other.
    fn sign(&self, digest: &[u8], numbers: &[&str]) -> Result<Vec<u8>, AgentError> {
        let mut talk = self.talk()?;
        talk.ask(&format!("SIGKEY {}", self.keygrip))?;
        talk.ask(&format!("SETHASH --hash=sha256 {}", hex(digest)))?;
        let answer = talk.ask("PKSIGN")?;
        let found: Option<Vec<_>> = numbers.iter().map(|name| number(&answer, name)).collect();
        found.map(|found| found.concat()).ok_or_else(|| self.foreign("its signature is not well formed"))
    }

    fn talk(&self) -> Result<Talk<'_>, AgentError> {
        let absent = |source| AgentError::Absent { socket: self.socket.clone(), source };
        let stream = UnixStream::connect(&self.socket).map_err(absent)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(absent)?;
        let mut talk = Talk { agent: self, stream: BufReader::new(stream) };
        talk.answer()?;
        // Else a passphrase would be asked for on the terminal where the agent was started.
        if let Ok(terminal) = rustix::termios::ttyname(io::stdin(), Vec::new()) {
            match talk.ask(&format!("OPTION ttyname={}", terminal.to_string_lossy())) {
                Ok(_) | Err(AgentError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(talk)
    }

    fn foreign(&self, said: impl Into<String>) -> AgentError {
        AgentError::Foreign { socket: self.socket.clone(), said: said.into() }
    }

    fn refusal(&self, said: &str) -> AgentError {
        let code = said.split(' ').next().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0) & 0xffff;
        let fingerprint = self.fingerprint.clone();
        let said = said.split_once(' ').map_or(said, |(_, text)| text).to_owned();
        match code {
            NO_SECRET_KEY => {
                AgentError::NoKey { socket: self.socket.clone(), fingerprint, keygrip: self.keygrip.clone() }
            }
            code if code == BAD_PASSPHRASE || code == NO_PIN_ENTRY || CANCELLED.contains(&code) => {
                AgentError::Locked { fingerprint, said }
            }
            _ => AgentError::Refused { fingerprint, said },
        }
    }
}

/// Where the user's agent listens. It is started if it is not running.
fn own_socket() -> Result<PathBuf, AgentError> {
    let gpgconf = |args: &[&str]| Command::new("gpgconf").args(args).output().map_err(AgentError::NoGnupg);
    // Whether that worked is seen when it is spoken to.
    gpgconf(&["--launch", "gpg-agent"])?;
    let said = gpgconf(&["--list-dirs", "agent-socket"])?.stdout;
    Ok(PathBuf::from(String::from_utf8_lossy(&said).trim_end()))
}

/// A connection.
struct Talk<'a> {
    agent: &'a Agent,
    stream: BufReader<UnixStream>,
}

impl Talk<'_> {
    /// The data of the answer.
    fn ask(&mut self, command: &str) -> Result<Vec<u8>, AgentError> {
        self.say(command)?;
        self.answer()
    }

    fn say(&mut self, line: &str) -> Result<(), AgentError> {
        let sent = self.stream.get_mut().write_all(format!("{line}\n").as_bytes());
        sent.map_err(|source| AgentError::Silent { socket: self.agent.socket.clone(), source })
    }

    fn answer(&mut self) -> Result<Vec<u8>, AgentError> {
        let mut data = Vec::new();
        let mut rest = LONGEST;
        loop {
            let mut line = Vec::new();
            let silent = |source| AgentError::Silent { socket: self.agent.socket.clone(), source };
            (&mut self.stream).take(rest).read_until(b'\n', &mut line).map_err(silent)?;
            rest -= line.len() as u64;
            let Some(line) = line.strip_suffix(b"\n") else {
                let found = if rest == 0 { "its answer does not end" } else { "it hung up" };
                return Err(silent(io::Error::other(found)));
            };
            let text = String::from_utf8_lossy(line);
            match text.split_once(' ').unwrap_or((&text, "")) {
                ("OK", _) => return Ok(data),
                ("ERR", said) => return Err(self.agent.refusal(said)),
                ("D", _) => data.extend(percent_encoding::percent_decode(line.get(2..).unwrap_or_default())),
                ("S" | "#", _) => {}
                ("INQUIRE", _) => self.say("END")?,
                _ => return Err(self.agent.foreign(text.chars().take(80).collect::<String>())),
            }
        }
    }
}

/// The value of a pair `(4:name5:value)` in a canonical S-expression, wherever in it.
fn number(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut last: &[u8] = b"";
    let mut in_pair = false;
    while let Some(&first) = rest.first() {
        if !first.is_ascii_digit() {
            in_pair = first == b'(';
            rest = &rest[1..];
            continue;
        }
        let colon = rest.iter().take(6).position(|byte| *byte == b':')?;
        let length: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
        let value = rest.get(colon + 1..)?.get(..length)?;
        if !in_pair && last == name.as_bytes() {
            return Some(value.to_vec());
        }
        (last, in_pair) = (value, false);
        rest = &rest[colon + 1 + length..];
    }
    None
}

/// The name of a key in the agent, in upper-case hexadecimal, for RSA and Ed25519.
fn keygrip(params: &PublicParams) -> Option<String> {
    let mut hash = Sha1::new();
    match params {
        PublicParams::RSA(key) => {
            let bytes = key.to_bytes().ok()?;
            let modulus = Mpi::try_from_reader(bytes.as_slice()).ok()?;
            // As a signed number, it begins with a zero.
            hash.update([0]);
            hash.update(modulus.as_ref());
        }
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { key }) => {
            ed25519(&mut hash, key.as_bytes())
        }
        PublicParams::Ed25519(params) => ed25519(&mut hash, params.key.as_bytes()),
        _ => return None,
    }
    Some(hex(&hash.finalize()))
}

/// The curve's parameters as libgcrypt has them, each as `(1:NAME LENGTH:VALUE)`, then the point.
fn ed25519(hash: &mut Sha1, point: &[u8; 32]) {
    const PARAMETERS: [(char, &str); 5] = [
        ('p', "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"),
        // Both are negative, and the sign is left out.
        ('a', "01"),
        ('b', "2dfc9311d490018c7338bf8688861767ff8ff5b2bebe27548a14b235eca6874a"),
        (
            'g',
            "04216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a\
             6666666666666666666666666666666666666666666666666666666666666658",
        ),
        ('n', "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"),
    ];
    let mut add = |name: char, value: &[u8]| {
        hash.update(format!("(1:{name}{}:", value.len()));
        hash.update(value);
        hash.update(")");
    };
    for (name, digits) in PARAMETERS {
        let byte = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let value: Vec<u8> = (0..digits.len()).step_by(2).filter_map(byte).collect();
        add(name, &value);
    }
    add('q', point);
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_found_in_answers() {
        let rsa = b"(7:sig-val(3:rsa(1:s3:abc)))";
        assert_eq!(number(rsa, "s").as_deref(), Some(b"abc".as_slice()));
        let eddsa = b"(7:sig-val(5:eddsa(1:r2:(()(1:s1:))))";
        assert_eq!(number(eddsa, "r").as_deref(), Some(b"((".as_slice()));
        assert_eq!(number(eddsa, "s").as_deref(), Some(b")".as_slice()));
        for broken in [b"(1:s9:a)".as_slice(), b"(1:s", b"(1:s)", b"(99999999:s", b""] {
            assert_eq!(number(broken, "s"), None);
        }
    }
}
