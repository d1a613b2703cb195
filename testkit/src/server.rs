//! A loopback HTTP server that serves a directory, and misbehaves where it is told to.

mod answer;
mod git;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{Error, Result};

/// How a path is answered, instead of with the whole file.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing comes after this many bytes of the body; the connection stays open.
    Stall(usize),
    /// The connection ends after this many bytes of the body.
    Truncate(usize),
    /// This status, without a file.
    Status(u16),
    /// A redirect to this URL.
    Redirect(String),
    /// This `Content-Length`, whatever the file has.
    Length(u64),
    /// These bytes instead of the file's.
    Other(Vec<u8>),
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, with what is after `?`.
    pub path: String,
    /// The `Range` header.
    pub range: Option<String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Shared {
    root: PathBuf,
    faults: Mutex<BTreeMap<String, Vec<Fault>>>,
    always: Mutex<BTreeMap<String, Fault>>,
    requests: Mutex<Vec<Request>>,
    ended: AtomicBool,
}

/// A running server; it ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves this directory on a free port. What is below `/git/` is served by git's own `http-backend`.
    pub fn start(root: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("127.0.0.1"))?;
        let address = listener.local_addr().map_err(Error::io("127.0.0.1"))?;
        let shared = Arc::new(Shared {
            root: root.to_owned(),
            faults: Mutex::default(),
            always: Mutex::default(),
            requests: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.ended.load(Ordering::Relaxed) {
                    break;
                }
                let serving = Arc::clone(&serving);
                // A client that goes away is no fault of the server.
                std::thread::spawn(move || stream.and_then(|stream| serve(&serving, stream)));
            }
        });
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// The URL of a path below the root.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The next requests for this path are answered so, one after the other; then as usual again.
    pub fn fail(&self, path: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut all = self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(format!("/{path}")).or_default().extend(faults);
    }

    /// All requests for this path are answered so.
    pub fn always(&self, path: &str, fault: Fault) {
        let mut all = self.shared.always.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(format!("/{path}"), fault);
    }

    /// The requests that came for this path, or for all.
    pub fn requests(&self, path: Option<&str>) -> Vec<Request> {
        let path = path.map(|path| format!("/{path}"));
        let requests = self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests
            .iter()
            .filter(|request| path.as_ref().is_none_or(|path| *path == request.path))
            .cloned()
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes it, to see that.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request; the connection is closed after it.
fn serve(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(request) = read(&stream)? else { return Ok(()) };
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let next = |request: &Request| {
        let mut faults = shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let next = faults.get_mut(&request.path).filter(|faults| !faults.is_empty());
        next.map(|faults| faults.remove(0)).or_else(|| {
            shared.always.lock().unwrap_or_else(PoisonError::into_inner).get(&request.path).cloned()
        })
    };
    let fault = next(&request);
    match request.path.strip_prefix("/git/") {
        Some(path) if fault.is_none() => git::answer(&shared.root.join("git"), path, &request, &mut stream),
        _ => answer::file(&shared.root, &request, fault, &mut stream),
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let (method, path) = (method.to_owned(), path.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|value| value == "chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).unwrap_or(0);
            reader.by_ref().take(size).read_to_end(&mut body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    } else {
        let length = headers.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        reader.take(length).read_to_end(&mut body)?;
    }
    Ok(Some(Request { method, path, range: headers.get("range").cloned(), headers, body }))
}
