//! Answers with files, whole or in part, and with less than that.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use super::{Fault, Request};

/// A stalled connection is held for this long at most.
const HOLD: Duration = Duration::from_secs(20);

pub(super) fn file(
    root: &Path,
    request: &Request,
    fault: Option<Fault>,
    stream: &mut TcpStream,
) -> std::io::Result<()> {
    let path = request.path.split('?').next().unwrap_or_default().trim_start_matches('/');
    match &fault {
        Some(Fault::Status(status)) => return empty(stream, *status, ""),
        Some(Fault::Redirect(to)) => return empty(stream, 302, &format!("Location: {to}\r\n")),
        _ => {}
    }
    let content = match &fault {
        Some(Fault::Other(bytes)) => Ok(bytes.clone()),
        _ => std::fs::read(root.join(path)),
    };
    let Ok(content) = content else { return empty(stream, 404, "") };
    // The same file has the same tag, a changed one another.
    let tag = content.iter().fold(content.len() as u64, |tag, byte| tag.rotate_left(5) ^ u64::from(*byte));
    let tag = format!("\"{tag:x}\"");
    let asked = request
        .range
        .as_deref()
        .filter(|_| request.headers.get("if-range").is_none_or(|asked| *asked == tag))
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        .and_then(|(from, last)| {
            let last = if last.is_empty() { usize::MAX } else { last.parse().ok()? };
            Some((from.parse::<usize>().ok()?, last))
        });
    let total = content.len();
    let (status, range, body) = match asked {
        Some((from, _)) if from >= total => {
            return empty(stream, 416, &format!("Content-Range: bytes */{total}\r\n"));
        }
        Some((from, last)) => {
            let last = last.clamp(from, total - 1);
            let range = format!("Content-Range: bytes {from}-{last}/{total}\r\n");
            ("206 Partial Content", range, &content[from..=last])
        }
        None => ("200 OK", String::new(), &content[..]),
    };
    let length = match fault {
        Some(Fault::Length(length)) => length,
        _ => body.len() as u64,
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: {tag}\r\n{range}Connection: close\r\n\r\n"
    )?;
    match fault {
        Some(Fault::Stall(count)) => {
            stream.write_all(&body[..count.min(body.len())])?;
            stream.flush()?;
            // Until the other side gives up.
            stream.set_read_timeout(Some(HOLD))?;
            let _ = std::io::Read::read(stream, &mut [0]);
            Ok(())
        }
        Some(Fault::Truncate(count)) => stream.write_all(&body[..count.min(body.len())]),
        _ => stream.write_all(body),
    }
}

pub(super) fn empty(stream: &mut TcpStream, status: u16, headers: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n{headers}Connection: close\r\n\r\n")
}
