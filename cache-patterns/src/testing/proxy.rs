//! A TCP proxy that does to connections what networks do.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::sync::{Mutex, lock};

/// A proxy on a free port of this machine, in front of one server. It ends when it is dropped.
///
/// ```
/// # use cache_patterns::testing::Proxy;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let proxy = Proxy::start("127.0.0.1:6379").await?;
/// let url = format!("redis://127.0.0.1:{}/", proxy.port());
/// proxy.half_open();
/// # let _ = url;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: Arc<Line>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Line {
    server: Mutex<String>,
    faults: Mutex<Faults>,
    /// How many connections were opened; the number of one is its age.
    opened: AtomicU64,
    /// Connections up to this number are to end.
    reset: watch::Sender<u64>,
    /// Pieces of bytes that went to the server.
    requests: AtomicU64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    latency: Duration,
    loses_requests: bool,
    loses_answers: bool,
    refuses: bool,
    /// Connections up to this number are silent for ever.
    silent: u64,
    /// After so many more bytes of answers the connection that they are on ends.
    truncate: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Answer,
}

/// What becomes of a piece of bytes.
enum Fate {
    Passes(Duration),
    Vanishes,
    Cut(usize),
}

impl Proxy {
    /// In front of the server at this address (`host:port`), without a fault at first.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(server: impl Into<String>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let line = Arc::new(Line {
            server: Mutex::new(server.into()),
            faults: Mutex::new(Faults::default()),
            opened: AtomicU64::new(0),
            reset: watch::Sender::new(0),
            requests: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&line))).abort_handle();
        Ok(Self { port, line, accepting })
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// New connections go to another server: what an address does that moves with the primary.
    pub fn lead_to(&self, server: impl Into<String>) {
        *lock(&self.line.server) = server.into();
    }

    /// Everything takes this much longer, each way.
    pub fn latency(&self, latency: Duration) {
        self.with(|faults| faults.latency = latency);
    }

    /// Everything vanishes, both ways; connections stay open, and new ones are accepted. A connection on which something
    /// has vanished is silent for ever, that way; after the end of this new ones work.
    pub fn black_hole(&self, on: bool) {
        self.with(|faults| (faults.loses_requests, faults.loses_answers) = (on, on));
    }

    /// What goes to the server vanishes; see [`Proxy::black_hole`].
    pub fn lose_requests(&self, on: bool) {
        self.with(|faults| faults.loses_requests = on);
    }

    /// What comes from the server vanishes: it has done what it was told, and nobody knows. See [`Proxy::black_hole`].
    pub fn lose_answers(&self, on: bool) {
        self.with(|faults| faults.loses_answers = on);
    }

    /// The connections that are open now are silent for ever, and stay open. New ones work.
    pub fn half_open(&self) {
        let opened = self.line.opened.load(Ordering::SeqCst);
        self.with(|faults| faults.silent = opened);
    }

    /// The connections that are open now are reset. New ones work.
    pub fn reset(&self) {
        self.line.reset.send_replace(self.line.opened.load(Ordering::SeqCst));
    }

    /// New connections are reset at once.
    pub fn refuse(&self, on: bool) {
        self.with(|faults| faults.refuses = on);
    }

    /// After so many more bytes from the server, the connection that they are on is reset, in the middle of an answer, and
    /// the older ones with it.
    pub fn truncate_after(&self, bytes: usize) {
        self.with(|faults| faults.truncate = Some(bytes));
    }

    /// How often something was sent to the server so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.line.requests.load(Ordering::SeqCst)
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.line.opened.load(Ordering::SeqCst)
    }

    fn with(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut lock(&self.line.faults));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.line.reset.send_replace(u64::MAX);
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    while let Ok((client, _)) = listener.accept().await {
        if lock(&line.faults).refuses {
            // Not closed but reset, as a port that nobody listens on would do.
            let _ = client.set_zero_linger();
            continue;
        }
        let number = line.opened.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::spawn(serve(client, number, Arc::clone(&line)));
    }
}

async fn serve(client: TcpStream, number: u64, line: Arc<Line>) {
    let address = lock(&line.server).clone();
    let Ok(server) = TcpStream::connect(address).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let sockets = [client.set_nodelay(true), server.set_nodelay(true)];
    if sockets.iter().any(Result::is_err) {
        return;
    }
    let mut reset = line.reset.subscribe();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let ended = {
        let up = pump(from_client, to_server, Way::Request, number, &line);
        let down = pump(from_server, to_client, Way::Answer, number, &line);
        tokio::select! {
            halves = async { tokio::join!(up, down) } => Some(halves),
            _ = reset.wait_for(|upto| number <= *upto) => None,
        }
    };
    // Dropped halves close the sockets. Where a fault ended them they are dropped in the middle, which is a reset for
    // who has sent something that was not read.
    drop(ended);
}

/// Carries bytes one way until an end.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, number: u64, line: &Line) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut silent = false;
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        match line.fate(way, number, read) {
            // No network leaves out a piece of a stream and carries on behind it.
            _ if silent => {}
            Fate::Vanishes => silent = true,
            Fate::Passes(latency) => {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                to.write_all(&buffer[..read]).await?;
                if way == Way::Request {
                    line.requests.fetch_add(1, Ordering::SeqCst);
                }
            }
            Fate::Cut(left) => {
                to.write_all(&buffer[..left]).await?;
                line.reset.send_if_modified(|upto| {
                    *upto = number.max(*upto);
                    true
                });
                return Ok(());
            }
        }
    }
}

impl Line {
    fn fate(&self, way: Way, number: u64, bytes: usize) -> Fate {
        let mut faults = lock(&self.faults);
        let lost = if way == Way::Request { faults.loses_requests } else { faults.loses_answers };
        if lost || number <= faults.silent {
            return Fate::Vanishes;
        }
        if way == Way::Answer
            && let Some(left) = faults.truncate
        {
            if bytes > left {
                faults.truncate = None;
                return Fate::Cut(left);
            }
            faults.truncate = Some(left - bytes);
        }
        Fate::Passes(faults.latency)
    }
}
