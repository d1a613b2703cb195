//! A web server for the document root, for sites that have no other.
//!
//! A client that was shown a channel's state is shown the same generation for its next requests (`pins`): what it
//! reads of several repositories, and of a repomd.xml and its signature, belongs together, although the channel is
//! switched meanwhile. Earlier views are there as long as clients may need them, so that this is only a choice of
//! directory.
//!
//! Requests are read by hyper and answered from files by a bounded number of threads; a client that is slow in
//! asking or in taking is left. Nothing outside the root is read, whatever the path and the links in the root say.

mod answer;
mod body;
mod listing;
mod path;
mod pins;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use crate::ReleaseError;
use answer::{Answerer, Asked};
use body::Body;

/// Connections at a time; more wait to be accepted. With a file each, they fit into the usual 1024 descriptors of a
/// process. A client such as dnf has up to a dozen.
const CONNECTIONS: u32 = 480;
/// Threads that read files: each holds a piece of a file, and disks gain nothing by more.
const READERS: usize = 32;
/// For how long a request may be on its way, and a connection be idle: dnf asks again within a second or never.
const ASKING: Duration = Duration::from_secs(15);
/// For how long a client may take nothing of an answer: longer than what TCP needs to come over a lost line.
const TAKING: Duration = Duration::from_secs(60);
/// Bytes of a request's head, and header fields in it: what browsers and dnf send is a tenth of that.
const HEAD: usize = 16 * 1024;
const FIELDS: usize = 64;
/// For how long running answers may go on when the server ends.
const ENDING: Duration = Duration::from_secs(10);

/// A request that was answered, for the log.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Who asked.
    pub peer: SocketAddr,
    /// `GET`
    pub method: String,
    /// What was asked for, as it came: not to be trusted.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of its body.
    pub bytes: u64,
    /// What the client says it is: not to be trusted.
    pub agent: String,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    root: PathBuf,
}

impl Server {
    /// Listens on an address; nothing is answered yet.
    ///
    /// # Errors
    /// The address can't be had, the root can't be read, or the kernel can't keep paths below it (Linux before 5.6).
    pub fn bind(address: SocketAddr, root: &Path) -> Result<Self, ReleaseError> {
        path::probe(root).map_err(|source| ReleaseError::io("serve", root, source))?;
        let place = PathBuf::from(address.to_string());
        let failed = |source| ReleaseError::io("listen on", &place, source);
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, root: root.to_owned() })
    }

    /// The address, with the port that was chosen where 0 was asked for.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn address(&self) -> Result<SocketAddr, ReleaseError> {
        self.listener.local_addr().map_err(|source| ReleaseError::io("listen for", &self.root, source))
    }

    /// Answers until `stop` is set; then those that are being answered get the rest.
    ///
    /// # Errors
    /// Threads can't be had.
    pub fn run(
        self,
        stop: &AtomicBool,
        log: impl Fn(&Answered) + Send + Sync + 'static,
    ) -> Result<(), ReleaseError> {
        let failed = |source| ReleaseError::io("serve", &self.root, source);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(READERS)
            .enable_all()
            .build()
            .map_err(failed)?;
        let answerer = Arc::new(Answerer::new(self.root.clone()));
        let serving = serve(self.listener, answerer, Arc::new(log), stop);
        let served = runtime.block_on(serving).map_err(failed);
        runtime.shutdown_timeout(Duration::from_secs(1));
        served
    }
}

type Log = Arc<dyn Fn(&Answered) + Send + Sync>;

async fn serve(
    listener: TcpListener,
    answerer: Arc<Answerer>,
    log: Log,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let free = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (end, ending) = watch::channel(false);
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while !stop.load(Ordering::Relaxed) {
        let accepted = async {
            let permit = Arc::clone(&free).acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            (permit, accepted) = accepted => match (permit, accepted) {
                (Ok(permit), Ok((stream, peer))) => {
                    let (answerer, log, ending) = (Arc::clone(&answerer), Arc::clone(&log), ending.clone());
                    tokio::spawn(async move {
                        connection(stream, peer, answerer, log, ending).await;
                        drop(permit);
                    });
                }
                // Too many open files, or a client that is gone again.
                (_, Err(_)) | (Err(_), _) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            _ = look.tick() => {}
        }
    }
    drop(listener);
    let _ = end.send(true);
    let _ = tokio::time::timeout(ENDING, free.acquire_many(CONNECTIONS)).await;
    Ok(())
}

/// One connection. Whatever goes wrong on it is its client's affair.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    answerer: Arc<Answerer>,
    log: Log,
    mut ending: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKING));
    let service = service_fn(move |request| {
        let (answerer, log) = (Arc::clone(&answerer), Arc::clone(&log));
        async move { Ok::<_, std::convert::Infallible>(answer(answerer, log, peer, request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(ASKING).max_buf_size(HEAD).max_headers(FIELDS);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = async { drop(ending.wait_for(|ending| *ending).await) } => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn answer(
    answerer: Arc<Answerer>,
    log: Log,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Body> {
    // The body is not looked at: the connection ends where there is one.
    let (head, _) = request.into_parts();
    let text = |name| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut answered = Answered {
        peer,
        method: head.method.to_string(),
        target: head.uri.to_string(),
        status: 500,
        bytes: 0,
        agent: text(hyper::header::USER_AGENT),
    };
    let asked = Asked { head, from: peer.ip(), agent: answered.agent.clone(), at: Instant::now() };
    let made = tokio::task::spawn_blocking(move || answerer.answer(&asked)).await;
    let response = made.unwrap_or_else(|_| answer::failure());
    answered.status = response.status().as_u16();
    answered.bytes = hyper::body::Body::size_hint(response.body()).exact().unwrap_or_default();
    log(&answered);
    response
}
