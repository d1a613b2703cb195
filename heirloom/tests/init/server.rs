//! A plain web server of a directory, on loopback.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Serves as long as the test runs.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn of(dir: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (dir, log) = (dir.to_owned(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, dir, log) = (stream.unwrap(), dir.clone(), Arc::clone(&log));
                std::thread::spawn(move || answer(stream, &dir, &log));
            }
        });
        Self { url, asked }
    }

    /// Whether anything below this path was asked for.
    pub(crate) fn was_asked(&self, below: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|path| path.starts_with(below))
    }
}

fn answer(mut stream: TcpStream, dir: &Path, asked: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or_default();
    let path = path.trim_start_matches('/').to_owned();
    let file: PathBuf = dir.join(&path);
    asked.lock().unwrap().push(path);
    let (status, body) = match fs::read(file) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that has enough may hang up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
