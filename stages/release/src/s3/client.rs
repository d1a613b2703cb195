//! Requests to a bucket: signed, bounded, tried again.

use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use heirloom_formats::definition::S3;
use heirloom_model::Digest;
use rusty_s3::actions::{CompleteMultipartUploadResponse, CreateMultipartUpload, ListObjectsV2};
use rusty_s3::{Credentials, S3Action, UrlStyle};
use ureq::http::{Method, Request, Response, header};

/// For how long a signature counts: longer than one request takes, shorter than somebody needs who finds it in a log.
const EXPIRES: Duration = Duration::from_secs(900);
/// How often a request is made before it has failed.
const ATTEMPTS: u32 = 5;
/// Pause before the second attempt; it doubles from then on.
const PAUSE: Duration = Duration::from_millis(200);
/// For how long a store may give no sign of life.
const STALL: Duration = Duration::from_secs(60);
/// Files above this size are sent in parts of it: one part that fails is sent again, not all.
const PART: u64 = 32 * 1024 * 1024;
/// Bytes of an answer that are read.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Pages of a list, of a thousand objects each.
const PAGES: usize = 10_000;

/// Who asks.
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The token of a session, if the key is of one.
    pub token: Option<String>,
}

/// A bucket can't be used, or does not do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The definition does not describe a bucket.
    #[error("publish.s3: {0}")]
    Wrong(String),
    /// A request was refused, or failed each time.
    #[error("{method} {key} in bucket {bucket}: {why}")]
    Failed {
        /// The method.
        method: String,
        /// The object.
        key: String,
        /// The bucket.
        bucket: String,
        /// The store's answer, or why there was none.
        why: String,
    },
    /// A file of the store could not be read.
    #[error("can't read {path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

type Result<T> = std::result::Result<T, S3Error>;

/// A bucket and who asks.
pub struct Bucket {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    agent: ureq::Agent,
    prefix: String,
}

/// What is sent.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Nothing,
    Text(&'a [u8]),
    /// A part of a file.
    File(&'a Path, u64, u64),
}

/// An object to be.
pub(super) struct Object<'a> {
    /// Below the prefix.
    pub(super) key: &'a str,
    pub(super) digest: Digest,
    pub(super) media_type: &'static str,
    pub(super) cache: &'static str,
}

/// Names of headers with what they say of an object.
const SUM: &str = "x-amz-meta-sha256";

impl Bucket {
    /// The bucket of a definition. Nothing is asked yet.
    ///
    /// # Errors
    /// An endpoint that is no URL.
    pub fn new(rules: &S3, keys: Keys) -> Result<Self> {
        let style = if rules.path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let wrong = |error: &dyn std::fmt::Display| S3Error::Wrong(format!("{}: {error}", rules.endpoint));
        let endpoint = rules.endpoint.parse().map_err(|error| wrong(&error))?;
        let bucket = rusty_s3::Bucket::new(endpoint, style, rules.bucket.clone(), rules.region.clone());
        let bucket = bucket.map_err(|error| wrong(&error))?;
        let credentials = match keys.token {
            None => Credentials::new(keys.id, keys.secret),
            Some(token) => Credentials::new_with_token(keys.id, keys.secret, token),
        };
        let prefix = match rules.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self { bucket, credentials, agent: agent(), prefix })
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Keys that begin so, without the prefix, with their sizes.
    pub(super) fn list(&self, begin: &str) -> Result<Vec<(String, u64)>> {
        let (mut all, mut token) = (Vec::new(), None);
        for _ in 0..PAGES {
            let mut action = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
            action.with_prefix(self.key(begin));
            if let Some(token) = token.take() {
                action.with_continuation_token(token);
            }
            let answer = self.ask(&action, begin, &[], Sent::Nothing)?;
            let text = self.text(answer, begin)?;
            let page = ListObjectsV2::parse_response(&text);
            let page =
                page.map_err(|error| self.failed("GET", begin, format!("its list can't be read: {error}")))?;
            all.extend(page.contents.into_iter().filter_map(|object| {
                let key = object.key.strip_prefix(&self.prefix)?.to_owned();
                Some((key, object.size.unwrap_or(0)))
            }));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(all);
            }
        }
        Err(self.failed("GET", begin, format!("it has more than {PAGES} thousand objects")))
    }

    /// The digest that an object was sent with.
    pub(super) fn digest(&self, key: &str) -> Result<Option<Digest>> {
        let full = self.key(key);
        let action = self.bucket.head_object(Some(&self.credentials), &full);
        let answer = match self.ask(&action, key, &[], Sent::Nothing) {
            Err(S3Error::Failed { why, .. }) if why.starts_with("404") => return Ok(None),
            answer => answer?,
        };
        let sum = answer.headers().get(SUM).and_then(|sum| sum.to_str().ok());
        Ok(sum.and_then(|sum| sum.parse().ok()))
    }

    /// An object's bytes, if it is there.
    pub(super) fn get(&self, key: &str) -> Result<Option<String>> {
        let full = self.key(key);
        let action = self.bucket.get_object(Some(&self.credentials), &full);
        match self.ask(&action, key, &[], Sent::Nothing) {
            Err(S3Error::Failed { why, .. }) if why.starts_with("404") => Ok(None),
            answer => self.text(answer?, key).map(Some),
        }
    }

    /// Sends a text.
    pub(super) fn put(&self, object: &Object<'_>, text: &[u8]) -> Result<()> {
        self.put_whole(object, Sent::Text(text))
    }

    /// Sends a file.
    pub(super) fn put_file(&self, object: &Object<'_>, path: &Path, size: u64) -> Result<()> {
        match size {
            0..=PART => self.put_whole(object, Sent::File(path, 0, size)),
            _ => self.put_parts(object, path, size),
        }
    }

    fn put_whole(&self, object: &Object<'_>, sent: Sent<'_>) -> Result<()> {
        let (full, sum) = (self.key(object.key), object.digest.to_string());
        let mut action = self.bucket.put_object(Some(&self.credentials), &full);
        action.headers_mut().insert(SUM, sum.clone());
        self.ask(&action, object.key, &headers(object, &sum), sent).map(drop)
    }

    fn put_parts(&self, object: &Object<'_>, path: &Path, size: u64) -> Result<()> {
        let (full, sum) = (self.key(object.key), object.digest.to_string());
        let mut action = self.bucket.create_multipart_upload(Some(&self.credentials), &full);
        action.headers_mut().insert(SUM, sum.clone());
        let answer = self.ask(&action, object.key, &headers(object, &sum), Sent::Text(b""))?;
        let begun = CreateMultipartUpload::parse_response(&self.text(answer, object.key)?);
        let begun = begun.map_err(|error| self.failed("POST", object.key, error.to_string()))?;
        let id = begun.upload_id();
        let sent =
            self.send_parts(object.key, path, size, id).and_then(|tags| self.complete(object.key, id, &tags));
        if sent.is_err() {
            // Parts that are left would be paid for.
            let abort = self.bucket.abort_multipart_upload(Some(&self.credentials), &full, id);
            let _ = self.ask(&abort, object.key, &[], Sent::Nothing);
        }
        sent
    }

    fn send_parts(&self, key: &str, path: &Path, size: u64, id: &str) -> Result<Vec<String>> {
        let full = self.key(key);
        // A store takes ten thousand parts.
        let part = PART.max(size.div_ceil(10_000));
        let mut tags = Vec::new();
        for (number, at) in (1..).zip((0..size).step_by(usize::try_from(part).unwrap_or(usize::MAX))) {
            let action = self.bucket.upload_part(Some(&self.credentials), &full, number, id);
            let answer = self.ask(&action, key, &[], Sent::File(path, at, part.min(size - at)))?;
            let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
            let tag = tag.ok_or_else(|| self.failed("PUT", key, "a part has no ETag".to_owned()))?;
            tags.push(tag.to_owned());
        }
        Ok(tags)
    }

    fn complete(&self, key: &str, id: &str, tags: &[String]) -> Result<()> {
        let full = self.key(key);
        let tags = tags.iter().map(String::as_str);
        let action = self.bucket.complete_multipart_upload(Some(&self.credentials), &full, id, tags.clone());
        let body = action.clone().body();
        let answer = self.ask(&action, key, &[], Sent::Text(body.as_bytes()))?;
        // An answer of 200 can still be an error.
        let text = self.text(answer, key)?;
        CompleteMultipartUploadResponse::parse(&text).map(drop).map_err(|_| self.failed("POST", key, text))
    }

    /// Removes an object.
    pub(super) fn delete(&self, key: &str) -> Result<()> {
        let full = self.key(key);
        let action = self.bucket.delete_object(Some(&self.credentials), &full);
        match self.ask(&action, key, &[], Sent::Nothing) {
            Err(S3Error::Failed { why, .. }) if why.starts_with("404") => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Makes a request until it is answered, some times at most.
    fn ask<'a, A: S3Action<'a>>(
        &self,
        action: &A,
        key: &str,
        headers: &[(&str, &str)],
        sent: Sent<'_>,
    ) -> Result<Response<ureq::Body>> {
        let method = A::METHOD.to_str();
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let url = action.sign(EXPIRES);
            let (why, again) = match self.once(method, url.as_str(), headers, sent)? {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let status = answer.status();
                    let again = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
                    let said = self.text(answer, key).unwrap_or_default();
                    (format!("{} {}", status.as_u16(), said.chars().take(600).collect::<String>()), again)
                }
                Err(error) => (error.to_string(), true),
            };
            if !again || attempt == ATTEMPTS {
                return Err(self.failed(method, key, why));
            }
            std::thread::sleep(pause);
            pause *= 2;
            attempt += 1;
        }
    }

    /// Makes a request; the inner error is of the transport.
    fn once(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        sent: Sent<'_>,
    ) -> Result<std::result::Result<Response<ureq::Body>, ureq::Error>> {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
        let request =
            headers.iter().fold(Request::builder().method(method).uri(url), |request, (name, value)| {
                request.header(*name, *value)
            });
        let (size, body) = match sent {
            Sent::Nothing => {
                let request = request.body(()).map_err(ureq::Error::from);
                return Ok(request.and_then(|request| self.agent.run(request)));
            }
            Sent::Text(text) => {
                (text.len() as u64, ureq::SendBody::from_owned_reader(Cursor::new(text.to_vec())))
            }
            Sent::File(path, at, size) => {
                let failed = |source| S3Error::File { path: path.to_owned(), source };
                let mut file = File::open(path).map_err(failed)?;
                file.seek(SeekFrom::Start(at)).map_err(failed)?;
                (size, ureq::SendBody::from_owned_reader(file.take(size)))
            }
        };
        // Stores take no body whose size is not told before.
        let request = request.header(header::CONTENT_LENGTH, size).body(body).map_err(ureq::Error::from);
        Ok(request.and_then(|request| self.agent.run(request)))
    }

    fn text(&self, answer: Response<ureq::Body>, key: &str) -> Result<String> {
        let read = answer.into_body().into_with_config().limit(LARGEST).read_to_string();
        read.map_err(|error| self.failed("GET", key, error.to_string()))
    }

    fn failed(&self, method: &str, key: &str, why: String) -> S3Error {
        let (bucket, key) = (self.bucket.name().to_owned(), self.key(key));
        S3Error::Failed { method: method.to_owned(), key, bucket, why }
    }
}

fn headers<'a>(object: &'a Object<'_>, sum: &'a str) -> [(&'a str, &'a str); 3] {
    [(SUM, sum), ("content-type", object.media_type), ("cache-control", object.cache)]
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(STALL))
        .timeout_resolve(Some(STALL))
        .timeout_recv_response(Some(STALL))
        .timeout_per_read(Some(STALL))
        .timeout_per_write(Some(STALL))
        .accept_encoding("identity")
        .user_agent(concat!("heirloom/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}
