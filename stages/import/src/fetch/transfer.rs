//! One download: asked for again after a fault, continued where it ended.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;

use heirloom_model::Digest;
use heirloom_model::digest::Hasher;
use ureq::http::{HeaderMap, Response, StatusCode, header};

use super::{Fetcher, Patience};
use crate::ImportError;

const BUFFER: usize = 128 * 1024;
/// Bytes that make an attempt count as progress, so that the attempts begin anew: large files over bad lines.
const PROGRESS: u64 = 8 * 1024 * 1024;
/// Redirects that are followed.
const REDIRECTS: u32 = 8;

pub(super) fn agent(patience: Patience, https_only: bool) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .https_only(https_only)
        .max_redirects(REDIRECTS)
        .timeout_connect(Some(patience.connect))
        .timeout_resolve(Some(patience.connect))
        .timeout_recv_response(Some(patience.stall))
        .timeout_per_read(Some(patience.stall))
        .timeout_per_write(Some(patience.stall))
        // Else sizes and ranges would be those of something else.
        .accept_encoding("identity")
        .user_agent(concat!("heirloom/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// How large something may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// At most, in bytes.
    pub(super) limit: u64,
    /// Exactly, if signed metadata says so.
    pub(super) size: Option<u64>,
}

impl Bounds {
    pub(super) fn check(self, location: &str, found: u64) -> Result<(), ImportError> {
        let location = || location.to_owned();
        match self.size {
            _ if found > self.limit => Err(ImportError::TooLarge { location: location(), limit: self.limit }),
            Some(expected) if expected != found => {
                Err(ImportError::Size { location: location(), expected, found })
            }
            _ => Ok(()),
        }
    }

    /// Bytes after which no more are read.
    fn most(self) -> u64 {
        self.size.map_or(self.limit, |size| size.min(self.limit))
    }
}

/// What has come so far, and by what the server knows that it still has the same.
pub(super) struct Partial {
    file: File,
    path: Option<PathBuf>,
    validator: Option<String>,
}

impl Partial {
    /// Goes on with the file at this path, or begins it.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let failed = || ImportError::read(path);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed())?;
        let validator = fs::read_to_string(beside(path)).ok().filter(|text| !text.is_empty());
        Ok(Self { file, path: Some(path.to_owned()), validator })
    }

    /// One that is gone when it is dropped.
    pub(super) fn unnamed(file: File) -> Self {
        Self { file, path: None, validator: None }
    }

    pub(super) fn read(mut self, location: &str) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.read_to_end(&mut bytes))
            .map_err(ImportError::read(location))?;
        Ok(bytes)
    }

    /// Its digest and its size in bytes.
    pub(super) fn digest(mut self, location: &str) -> Result<(Digest, u64), ImportError> {
        let mut hasher = Hasher::default();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| io::copy(&mut self.file, &mut hasher));
        let size = read.map_err(ImportError::read(location))?;
        Ok((hasher.finish(), size))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn begin(&mut self, validator: Option<String>) -> io::Result<()> {
        self.file.set_len(0)?;
        if let Some(path) = &self.path {
            fs::write(beside(path), validator.as_deref().unwrap_or_default())?;
        }
        self.validator = validator;
        Ok(())
    }

    /// Removes it: what has come is of no use.
    fn discard(&mut self) {
        // What stays has no name among the objects, and is begun anew.
        let _ = self.begin(None);
        if let Some(path) = &self.path {
            remove(path);
        }
    }
}

/// Removes a partial file and what was noted for going on with it. What stays is in the way of nothing.
pub(super) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(beside(path));
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("validator")
}

/// An attempt did not give the whole.
enum Ended {
    /// Trying again may help.
    Fault(ImportError),
    /// It would not.
    Refused(ImportError),
}

impl Fetcher {
    /// Brings all of it into the partial file.
    pub(super) fn transfer(
        &self,
        url: &str,
        partial: &mut Partial,
        bounds: Bounds,
    ) -> Result<(), ImportError> {
        let (mut pause, mut attempt) = (self.patience.pause, 1);
        loop {
            let before = partial.len().unwrap_or(0);
            match self.attempt(url, partial, bounds) {
                Ok(()) => return Ok(()),
                Err(Ended::Refused(error)) => {
                    partial.discard();
                    return Err(error);
                }
                Err(Ended::Fault(error)) if attempt >= self.patience.attempts => {
                    return Err(ImportError::GaveUp { attempts: attempt, source: Box::new(error) });
                }
                Err(Ended::Fault(_)) if partial.len().unwrap_or(0) >= before.saturating_add(PROGRESS) => {
                    (pause, attempt) = (self.patience.pause, 1);
                }
                Err(Ended::Fault(_)) => attempt += 1,
            }
            thread::sleep(pause);
            pause = pause.saturating_mul(2);
        }
    }

    fn attempt(&self, url: &str, partial: &mut Partial, bounds: Bounds) -> Result<(), Ended> {
        let here = |source| Ended::Refused(ImportError::read(url)(source));
        let mut have = partial.len().map_err(here)?;
        if bounds.size == Some(have) {
            return Ok(());
        }
        let agent = if url.starts_with("https://") { &self.secure } else { &self.plain };
        let mut request = agent.get(url);
        match &partial.validator {
            Some(validator) if have > 0 => {
                request = request
                    .header(header::RANGE, format!("bytes={have}-"))
                    .header(header::IF_RANGE, validator);
            }
            _ => have = 0,
        }
        let mut response = request.call().map_err(|error| failed(url, error))?;
        match response.status() {
            StatusCode::OK => {
                have = 0;
                partial.begin(validator(response.headers())).map_err(here)?;
            }
            StatusCode::PARTIAL_CONTENT if have > 0 && starts_at(response.headers()) == Some(have) => {}
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                partial.begin(None).map_err(here)?;
                return Err(Ended::Fault(ImportError::Status { url: url.to_owned(), status: 416 }));
            }
            status => return Err(refused(url, status)),
        }
        let whole = length(&response).map(|length| have.saturating_add(length));
        if let Some(whole) = whole {
            bounds.check(url, whole).map_err(Ended::Refused)?;
        }
        partial.file.seek(SeekFrom::Start(have)).map_err(here)?;
        let body = response.body_mut().as_reader();
        let found = copy(url, body, &mut partial.file, have, bounds.most())?;
        match whole {
            Some(expected) if found < expected => {
                Err(Ended::Fault(ImportError::Truncated { url: url.to_owned(), expected, found }))
            }
            _ => bounds.check(url, found).map_err(Ended::Refused),
        }
    }
}

/// Copies until the end; how long it is then.
fn copy(url: &str, mut body: impl Read, file: &mut File, mut have: u64, most: u64) -> Result<u64, Ended> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => return Ok(have),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(url, ureq::Error::from(error))),
        };
        have += count as u64;
        if have > most {
            return Err(Ended::Refused(ImportError::TooLarge { location: url.to_owned(), limit: most }));
        }
        file.write_all(&buffer[..count]).map_err(|source| Ended::Refused(ImportError::read(url)(source)))?;
    }
}

fn failed(url: &str, error: ureq::Error) -> Ended {
    let url = url.to_owned();
    match error {
        ureq::Error::TooManyRedirects => Ended::Refused(ImportError::Redirects { url, most: REDIRECTS }),
        ureq::Error::RequireHttpsOnly(to) => Ended::Refused(ImportError::Downgrade { url, to }),
        error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..)) => {
            Ended::Refused(ImportError::Fetch { url, source: Box::new(error) })
        }
        error => Ended::Fault(ImportError::Fetch { url, source: Box::new(error) }),
    }
}

fn refused(url: &str, status: StatusCode) -> Ended {
    let error = ImportError::Status { url: url.to_owned(), status: status.as_u16() };
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        true => Ended::Fault(error),
        false => Ended::Refused(error),
    }
}

/// What to ask by whether a file is still the same. A weak entity tag may stand for other bytes.
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text(header::ETAG).filter(|tag| tag.starts_with('"')).or_else(|| text(header::LAST_MODIFIED))
}

/// `100` in `Content-Range: bytes 100-199/200`.
fn starts_at(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

fn length(response: &Response<ureq::Body>) -> Option<u64> {
    response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
