//! What a request is answered with. Blocking: it reads directories and files' metadata.

use std::fs::{File, Metadata};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use headers::{ETag, HeaderMapExt as _, IfModifiedSince, IfNoneMatch, IfRange, LastModified};
use heirloom_model::Digest;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::http::response::Builder;
use hyper::{HeaderMap, Method, Response, StatusCode, header};

use super::body::Body;
use super::pins::Pins;
use super::{listing, path};
use crate::channel::generation;
use crate::media::{SHORT, cache, media_type};
use crate::name::CHANNELS;

/// A request, without a body.
pub(super) struct Asked {
    pub(super) head: Parts,
    pub(super) from: IpAddr,
    pub(super) agent: String,
    pub(super) at: Instant,
}

/// Answers from the files below a root.
pub(super) struct Answerer {
    root: PathBuf,
    pins: Pins,
}

impl Answerer {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, pins: Pins::default() }
    }

    pub(super) fn answer(&self, asked: &Asked) -> Response<Body> {
        let (method, uri) = (&asked.head.method, &asked.head.uri);
        if method != Method::GET && method != Method::HEAD {
            let refused = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED);
            return text(refused.header(header::ALLOW, "GET, HEAD"), "only GET and HEAD\n");
        }
        let Some(parts) = path::parts(uri.path()) else {
            return text(Response::builder().status(StatusCode::BAD_REQUEST), "no such path can be here\n");
        };
        match path::open(&self.root, &self.pinned(asked, &parts))
            .and_then(|file| Ok((file.metadata()?, file)))
        {
            Ok((found, dir)) if found.is_dir() && uri.path().ends_with('/') => {
                match listing::page(&dir, &parts) {
                    Ok(page) => {
                        text(short(Response::builder()).header(header::CONTENT_TYPE, "text/html"), &page)
                    }
                    Err(_) => failure(),
                }
            }
            Ok((found, _)) if found.is_dir() => {
                let encoded: Vec<_> = parts.iter().map(|part| listing::encode(part)).collect();
                let place = format!("/{}/", encoded.join("/"));
                let moved = Response::builder().status(StatusCode::MOVED_PERMANENTLY);
                text(short(moved).header(header::LOCATION, place), "a directory\n")
            }
            Ok((found, file)) if found.is_file() && !uri.path().ends_with('/') => {
                self::file(&asked.head, &parts, file, &found)
            }
            Ok(_) => missing(),
            Err(error) if is_missing(&error) => missing(),
            Err(_) => failure(),
        }
    }

    /// The parts with the generation that this client is shown in the place of the channel.
    fn pinned(&self, asked: &Asked, parts: &[String]) -> Vec<String> {
        let channel = parts.first().and_then(|name| Some((name, generation(&self.root, name)?)));
        let Some((channel, current)) = channel else { return parts.to_vec() };
        let view = |generation: u64| [CHANNELS.to_owned(), channel.clone(), generation.to_string()];
        let client = (asked.from, Digest::of(asked.agent.as_bytes()), channel.clone());
        let is_there = |generation| self.root.join(view(generation).join("/")).is_dir();
        let shown = self.pins.choose(client, current, asked.at, is_there);
        view(shown).into_iter().chain(parts[1..].iter().cloned()).collect()
    }
}

fn file(head: &Parts, parts: &[String], file: File, found: &Metadata) -> Response<Body> {
    let (tag, size) = (listing::validator(found), found.len());
    let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let stamped = |response: Builder| {
        let mut response = response.header(header::ETAG, &tag).header(header::CACHE_CONTROL, cache(parts));
        if let Some(headers) = response.headers_mut() {
            headers.typed_insert(LastModified::from(modified));
        }
        response
    };
    let strong = tag.parse::<ETag>().ok();
    if is_unchanged(&head.headers, strong.as_ref(), modified) {
        return text(stamped(Response::builder().status(StatusCode::NOT_MODIFIED)), "");
    }
    let kind = media_type(parts);
    let response = || {
        stamped(Response::builder()).header(header::CONTENT_TYPE, kind).header(header::ACCEPT_RANGES, "bytes")
    };
    let (response, at, length) = match range(head, strong.as_ref(), size) {
        Wanted::All => (response(), 0, size),
        Wanted::Part(at, length) => {
            let part = format!("bytes {at}-{}/{size}", at + length - 1);
            let response = response().status(StatusCode::PARTIAL_CONTENT);
            (response.header(header::CONTENT_RANGE, part), at, length)
        }
        Wanted::Nothing => {
            let refused = stamped(Response::builder().status(StatusCode::RANGE_NOT_SATISFIABLE));
            return text(refused.header(header::CONTENT_RANGE, format!("bytes */{size}")), "");
        }
    };
    send(response.header(header::CONTENT_LENGTH, length), Body::of_file(file, at, length))
}

/// Whether the client has it already. A date must be the very same: after a rollback, older is new.
fn is_unchanged(headers: &HeaderMap, tag: Option<&ETag>, modified: SystemTime) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        let known = headers.typed_get::<IfNoneMatch>();
        return known.zip(tag).is_some_and(|(known, tag)| !known.precondition_passes(tag));
    }
    let seconds =
        |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let since = headers.typed_get::<IfModifiedSince>().map(SystemTime::from);
    since.is_some_and(|since| seconds(since) == seconds(modified))
}

/// How much of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// From where on, and how many bytes.
    Part(u64, u64),
    /// A part that it does not have.
    Nothing,
}

/// One range is answered with a part. Several, or what can't be read, are answered with all of it, as the
/// specification allows: RFC 9110, 14.2.
fn range(head: &Parts, tag: Option<&ETag>, size: u64) -> Wanted {
    let asked = head.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(asked) = asked.filter(|_| head.method == Method::GET) else { return Wanted::All };
    // A date is no strong validator: what was asked for with one is sent whole.
    if head.headers.contains_key(header::IF_RANGE)
        && head.headers.typed_get::<IfRange>().is_none_or(|known| known.is_modified(tag, None))
    {
        return Wanted::All;
    }
    part(asked, size)
}

fn part(asked: &str, size: u64) -> Wanted {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        // What is too large to count is beyond any file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let spec = asked.trim().strip_prefix("bytes=").map(str::trim).filter(|spec| !spec.contains(','));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else { return Wanted::All };
    match (number(first), number(last)) {
        (None, Some(0)) => Wanted::Nothing,
        (None, Some(_)) if first.is_empty() && size == 0 => Wanted::Nothing,
        (None, Some(count)) if first.is_empty() => Wanted::Part(size - count.min(size), count.min(size)),
        (Some(first), Some(last)) if last < first => Wanted::All,
        (Some(first), _) if first >= size => Wanted::Nothing,
        (Some(first), Some(last)) => Wanted::Part(first, last.min(size - 1) - first + 1),
        (Some(first), None) if last.is_empty() => Wanted::Part(first, size - first),
        (_, _) => Wanted::All,
    }
}

fn short(response: Builder) -> Builder {
    response.header(header::CACHE_CONTROL, SHORT)
}

fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    // CrossesDevices: a link that leads out of the root.
    let kinds = [NotFound, NotADirectory, PermissionDenied, CrossesDevices, InvalidFilename];
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn missing() -> Response<Body> {
    text(short(Response::builder().status(StatusCode::NOT_FOUND)), "there is no such file\n")
}

/// The server's own fault.
pub(super) fn failure() -> Response<Body> {
    let failed = Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR);
    text(failed.header(header::CACHE_CONTROL, "no-store"), "the server can't read it\n")
}

fn text(response: Builder, body: &str) -> Response<Body> {
    send(response, Body::Text(Bytes::copy_from_slice(body.as_bytes())))
}

fn send(response: Builder, body: Body) -> Response<Body> {
    let sniff = response.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    sniff.body(body).unwrap_or_else(|_| Response::new(Body::Text(Bytes::new())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_a_part_and_anything_odd_is_all() {
        for (asked, wanted) in [
            ("bytes=0-0", Wanted::Part(0, 1)),
            ("bytes=2-", Wanted::Part(2, 8)),
            ("bytes=2-100", Wanted::Part(2, 8)),
            ("bytes=-3", Wanted::Part(7, 3)),
            ("bytes=-100", Wanted::Part(0, 10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=1-2", Wanted::All),
        ] {
            assert_eq!(part(asked, 10), wanted, "{asked}");
        }
        assert_eq!(part("bytes=-1", 0), Wanted::Nothing);
    }

    proptest::proptest! {
        #[test]
        fn a_part_is_never_outside_the_file(asked in "bytes=[0-9]{0,22}-[0-9]{0,22}|\\PC{0,30}", size: u64) {
            if let Wanted::Part(at, length) = part(&asked, size) {
                proptest::prop_assert!(length > 0 && at.checked_add(length).is_some_and(|end| end <= size));
            }
        }
    }
}
