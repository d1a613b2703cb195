//! Getting files from the target's places: by the `curl` that is there, or by reading where a place is a directory.
//!
//! What comes over the network may stop at any byte. A file of known digest is collected in `NAME.part`, continued there by the next attempt, the
//! next place or the next run, and gets its name when its digest is right. Nothing here is believed: who reads bytes into memory verifies them.

mod curl;
mod error;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;

use crate::machine::Machine;

pub use error::{FetchError, PlaceFault, Refusal};

/// How long a server is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// Time without any progress to speak of (less than [`SLOWEST`] bytes in a second) after which a transfer is given up. There is no limit for a whole transfer.
    pub stall: Duration,
    /// Attempts at each place. Only faults of the transport and of the server (5xx, 429) are tried again.
    pub attempts: u32,
    /// Before the second attempt; before each further one twice as long.
    pub pause: Duration,
}

/// Bytes in a second below which a transfer counts as stalled.
pub const SLOWEST: u64 = 256;

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            attempts: 4,
            pause: Duration::from_secs(1),
        }
    }
}

/// Gets files.
pub struct Fetcher {
    curl: Box<dyn Fn() -> Command + Send + Sync>,
    proxy: String,
    patience: Patience,
}

impl Default for Fetcher {
    /// By the `curl` of the system that this runs on.
    fn default() -> Self {
        Self::by(|| Command::new("curl"))
    }
}

/// A file that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The place that had it, one of those that were given.
    pub place: String,
}

/// Bytes of a file that are wanted.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// From here to its end.
    From(u64),
    /// From the one to before the other.
    Range(u64, u64),
}

impl Fetcher {
    /// By the command that this makes: `curl`, without arguments.
    pub fn by(curl: impl Fn() -> Command + Send + Sync + 'static) -> Self {
        Self { curl: Box::new(curl), proxy: String::new(), patience: Patience::default() }
    }

    /// By the machine's own `curl`, which runs inside of it. Places that are directories are the caller's, not the machine's.
    #[must_use]
    pub fn of(machine: &Machine) -> Self {
        let machine = machine.clone();
        Self::by(move || machine.tool("curl"))
    }

    /// Through this proxy, if it is not empty; else through the one that the environment names.
    #[must_use]
    pub fn through(self, proxy: &str) -> Self {
        Self { proxy: proxy.to_owned(), ..self }
    }

    /// With this patience.
    #[must_use]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Reads the file at `location` below the first of the places that has it.
    ///
    /// # Errors
    /// No place has it, or it is larger than `most` bytes at each.
    pub fn read(&self, places: &[String], location: &str, most: u64) -> Result<Fetched, FetchError> {
        self.at_each(places, location, |url| {
            let mut bytes = Vec::new();
            self.patiently(|| {
                bytes.clear();
                self.stream(url, Part::From(0), most, &mut |piece| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                })
            })?;
            Ok(bytes)
        })
        .map(|(bytes, place)| Fetched { bytes, place })
    }

    /// Reads the bytes from `start` to before `end` of the file at `location` below the first of the places that gives them.
    ///
    /// # Errors
    /// No place has it, the file is shorter, or a server gives only whole files.
    pub fn read_range(
        &self,
        places: &[String],
        location: &str,
        (start, end): (u64, u64),
    ) -> Result<Fetched, FetchError> {
        let length = end.saturating_sub(start);
        self.at_each(places, location, |url| {
            let mut bytes = Vec::new();
            self.patiently(|| {
                bytes.clear();
                self.stream(url, Part::Range(start, end), length, &mut |piece| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                })
            })?;
            match bytes.len() as u64 == length {
                true => Ok(bytes),
                false => Err(Refusal::Size { expected: length, found: bytes.len() as u64 }),
            }
        })
        .map(|(bytes, place)| Fetched { bytes, place })
    }

    /// Makes the file `into` of what is at `location` below one of the places, and gives that place; an empty text if the file is there already. `told` hears of
    /// each piece how many bytes it has.
    ///
    /// # Errors
    /// No place has it with this size and digest, or the file can't be written.
    pub fn save(
        &self,
        places: &[String],
        location: &str,
        into: &Path,
        (size, digest): (u64, Digest),
        told: &mut dyn FnMut(u64),
    ) -> Result<String, FetchError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| FetchError::Write { path, source }
        };
        if is_whole(into, size, digest).map_err(failed(into))? {
            told(size);
            return Ok(String::new());
        }
        let part = part_of(into);
        let (_, place) = self.at_each(places, location, |url| {
            let began_with = length(&part);
            match self.fill(url, &part, (size, digest), told) {
                // What was there before may be of another file: once more, from the beginning.
                Err(Refusal::Digest { .. } | Refusal::Size { .. }) if began_with > 0 => {
                    self.fill(url, &part, (size, digest), told)
                }
                done => done,
            }
        })?;
        fs::rename(&part, into).map_err(failed(into))?;
        let dir = into.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed(dir))?;
        Ok(place)
    }

    /// Continues a partial file to its end. It is there only as long as it can still become what is expected.
    fn fill(
        &self,
        url: &str,
        part: &Path,
        (size, digest): (u64, Digest),
        told: &mut dyn FnMut(u64),
    ) -> Result<(), Refusal> {
        let local = |source| Refusal::Local { path: part.to_owned(), source };
        let filled = self.patiently(|| {
            let mut file = OpenOptions::new().create(true).append(true).open(part).map_err(local)?;
            let mut has = file.metadata().map_err(local)?.len();
            if has > size {
                file.set_len(0).map_err(local)?;
                has = 0;
            }
            if has == size {
                return Ok(());
            }
            let done = self.stream(url, Part::From(has), size - has, &mut |piece| {
                file.write_all(piece).map_err(local)?;
                told(piece.len() as u64);
                Ok(())
            });
            file.sync_all().map_err(local)?;
            done
        });
        let outcome = filled.and_then(|()| {
            let found = length(part);
            if found != size {
                return Err(Refusal::Size { expected: size, found });
            }
            match digest_of(part).map_err(local)? {
                found if found == digest => Ok(()),
                found => Err(Refusal::Digest { expected: digest, found }),
            }
        });
        if outcome.as_ref().is_err_and(Refusal::spoils_what_came) {
            // If that fails, the next one says so.
            let _ = fs::remove_file(part);
        }
        outcome
    }

    /// Each place in turn, until one has it.
    fn at_each<T>(
        &self,
        places: &[String],
        location: &str,
        mut get: impl FnMut(&str) -> Result<T, Refusal>,
    ) -> Result<(T, String), FetchError> {
        let mut faults = Vec::new();
        for place in places {
            match get(&join(place, location)) {
                Ok(found) => return Ok((found, place.clone())),
                Err(Refusal::Local { path, source }) => return Err(FetchError::Write { path, source }),
                Err(refusal) => faults.push(PlaceFault { place: without_password(place), refusal }),
            }
        }
        Err(FetchError::Nowhere { location: location.to_owned(), faults })
    }

    /// Again, as long as the fault is one that may pass.
    fn patiently(&self, mut get: impl FnMut() -> Result<(), Refusal>) -> Result<(), Refusal> {
        let mut pause = self.patience.pause;
        for _ in 1..self.patience.attempts {
            match get() {
                Err(refusal) if refusal.may_pass() => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2);
                }
                done => return done,
            }
        }
        get()
    }

    /// Gives a file piece by piece; more than `most` bytes are refused.
    fn stream(
        &self,
        url: &str,
        part: Part,
        most: u64,
        give: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        match Scheme::of(url)? {
            Scheme::File(path) => read_file(&path, part, most, give),
            Scheme::Net(scheme) => {
                curl::run(&mut (self.curl)(), &self.proxy, self.patience, (scheme, url), part, most, give)
            }
        }
    }
}

/// How a place is reached.
#[derive(Debug, PartialEq, Eq)]
enum Scheme {
    File(PathBuf),
    Net(&'static str),
}

impl Scheme {
    fn of(url: &str) -> Result<Self, Refusal> {
        if url.starts_with('/') {
            return Ok(Self::File(PathBuf::from(url)));
        }
        if let Some(path) = url.strip_prefix("file://").filter(|path| path.starts_with('/')) {
            return Ok(Self::File(PathBuf::from(path)));
        }
        let known = ["https", "http", "ftp"].into_iter().find(|scheme| {
            let rest = url.get(..scheme.len()).filter(|found| found.eq_ignore_ascii_case(scheme));
            rest.is_some() && url.get(scheme.len()..).is_some_and(|rest| rest.starts_with("://"))
        });
        known.map(Self::Net).ok_or(Refusal::Scheme)
    }
}

/// Whether something is a place that files can be got from: `https`, `http`, `ftp`, `file` or an absolute path.
#[must_use]
pub fn is_place(text: &str) -> bool {
    Scheme::of(text).is_ok() && !text.chars().any(|c| c.is_control() || c == ' ')
}

/// Puts architecture and major version in for `$basearch` and `$releasever`, also as `${basearch}`.
///
/// # Errors
/// There is another variable.
pub fn with_variables(place: &str, architecture: &str, major: u32) -> Result<String, FetchError> {
    let major = major.to_string();
    let mut text = place.to_owned();
    for (name, value) in [("basearch", architecture), ("arch", architecture), ("releasever", &major)] {
        text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    match text.contains('$') {
        true => Err(FetchError::Variable { place: place.to_owned() }),
        false => Ok(text),
    }
}

/// A file below a place. In URLs, what has a meaning of its own there is escaped.
#[must_use]
pub fn join(place: &str, location: &str) -> String {
    let place = place.trim_end_matches('/');
    if matches!(Scheme::of(place), Ok(Scheme::File(_))) || place.is_empty() {
        return format!("{place}/{location}");
    }
    let mut url = format!("{place}/");
    for byte in location.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// A place as it may be shown: passwords in URLs are left out.
fn without_password(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else { return place.to_owned() };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://{}", rest.get(user.len() + 1..).unwrap_or_default()),
        None => place.to_owned(),
    }
}

fn read_file(
    path: &Path,
    part: Part,
    most: u64,
    give: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut file = File::open(path).map_err(Refusal::File)?;
    if !file.metadata().map_err(Refusal::File)?.is_file() {
        return Err(Refusal::File(std::io::Error::other("it is no regular file")));
    }
    let (start, wanted) = match part {
        Part::From(start) => (start, most.saturating_add(1)),
        Part::Range(start, end) => (start, end.saturating_sub(start)),
    };
    file.seek(SeekFrom::Start(start)).map_err(Refusal::File)?;
    pour(&mut file.take(wanted), most, &Refusal::File, give)
}

/// From a stream to whoever takes it, at most so many bytes.
fn pour(
    from: &mut dyn Read,
    most: u64,
    failed: &dyn Fn(std::io::Error) -> Refusal,
    give: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut buffer = vec![0; 64 << 10];
    let mut left = most;
    loop {
        let read = from.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(());
        }
        left = left.checked_sub(read as u64).ok_or(Refusal::Large { most })?;
        give(buffer.get(..read).unwrap_or_default())?;
    }
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Bytes of a file; 0 if it is not there.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn is_whole(path: &Path, size: u64, digest: Digest) -> std::io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() == size => Ok(digest_of(path)? == digest),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn digest_of(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Hasher::default();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}
