//! One multiplexed connection that is opened again whenever it breaks.
//!
//! Sending takes no lock that others take. Connecting runs in a task of its own, so that a caller with a
//! short deadline neither ends it nor is needed for it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::millis;
use crate::sync::{Mutex, lock};

/// The longest attempt to connect.
const CONNECT: Duration = Duration::from_secs(1);
/// A connection on which calls were given up for so long and none was answered is dead, also if the kernel does not say
/// so: the other side is gone without a word, or a router on the way has forgotten the connection.
const SILENT: Duration = Duration::from_secs(1);
/// Between attempts.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) type Connecting = Pin<Box<dyn Future<Output = RedisResult<MultiplexedConnection>> + Send>>;

/// Opens a connection; called again after each break.
pub(super) type Opener = dyn Fn() -> Connecting + Send + Sync;

/// A connection of which clones are the same.
#[derive(Clone)]
pub(crate) struct Reconnecting {
    inner: Arc<Inner>,
}

struct Inner {
    open: Box<Opener>,
    connection: ArcSwapOption<MultiplexedConnection>,
    born: Instant,
    /// Milliseconds since the birth when a call was given up for the first time since the last answer; 0: none was.
    silent_since: AtomicU64,
    state: Mutex<State>,
}

/// A call that waits. Dropped before its answer it was given up: by its deadline, or by a caller that went away.
struct Waiting<'a> {
    inner: &'a Inner,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.inner.given_up();
        }
    }
}

struct State {
    /// The attempt under way, which announces its end.
    attempt: Option<watch::Receiver<()>>,
    /// No attempt before this time.
    not_before: Option<Instant>,
}

impl Reconnecting {
    pub(super) fn new(open: Box<Opener>) -> Self {
        let state = Mutex::new(State { attempt: None, not_before: None });
        let inner = Inner {
            open,
            connection: ArcSwapOption::empty(),
            born: Instant::now(),
            silent_since: AtomicU64::new(0),
            state,
        };
        Self { inner: Arc::new(inner) }
    }

    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let mut connection = match self.inner.current() {
            Some(connection) => connection,
            None => {
                self.connect().await?;
                self.inner.current().ok_or_else(unreachable)?
            }
        };
        let mut waiting = Waiting { inner: &self.inner, answered: false };
        let answer = connection.req_packed_command(command).await.and_then(Value::extract_error);
        waiting.answered = true;
        // Read first: a hit is not to write what all threads read.
        if self.inner.silent_since.load(Ordering::Relaxed) != 0 {
            self.inner.silent_since.store(0, Ordering::Relaxed);
        }
        self.judge(&answer);
        answer
    }

    /// Gives the connection up when the error says that it is of no use any more. An error that comes late may end the
    /// next one too early, which then is opened again.
    fn judge(&self, answer: &RedisResult<Value>) {
        if answer.as_ref().is_err_and(is_end) {
            self.inner.connection.store(None);
        }
    }

    async fn connect(&self) -> RedisResult<()> {
        let mut attempt = self.attempt()?;
        // An error means that the attempt has ended: its task is gone.
        let _ = attempt.changed().await;
        Ok(())
    }

    /// The attempt under way, or a new one; an error in the pause after a failed one.
    fn attempt(&self) -> RedisResult<watch::Receiver<()>> {
        let mut state = lock(&self.inner.state);
        if let Some(attempt) = &state.attempt {
            return Ok(attempt.clone());
        }
        if state.not_before.is_some_and(|time| Instant::now() < time) {
            return Err(unreachable());
        }
        let (announce, attempt) = watch::channel(());
        state.attempt = Some(attempt.clone());
        drop(state);
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let opened = tokio::time::timeout(CONNECT, (inner.open)()).await;
            let mut state = lock(&inner.state);
            match opened {
                Ok(Ok(connection)) => inner.connection.store(Some(Arc::new(connection))),
                Ok(Err(error)) => tracing::debug!(error = error.category(), "the cache store cannot be reached"),
                Err(_) => tracing::debug!("the cache store does not answer"),
            }
            state.not_before = Some(Instant::now() + PAUSE);
            state.attempt = None;
            drop(state);
            drop(announce);
        });
        Ok(attempt)
    }
}

impl Inner {
    fn given_up(&self) {
        let now = millis(self.born.elapsed()).max(1);
        match self.silent_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed) {
            Err(since) if now.saturating_sub(since) >= millis(SILENT) => {
                tracing::debug!("the cache store has fallen silent; its connection is given up");
                self.connection.store(None);
                self.silent_since.store(0, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn current(&self) -> Option<MultiplexedConnection> {
        self.connection.load().as_ref().map(|connection| (**connection).clone())
    }
}

/// Whether the connection is of no use any more: broken, or to a server that is not the primary now.
fn is_end(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
        || error.is_unrecoverable_error()
        || (error.is_io_error() && !error.is_timeout())
}

fn unreachable() -> RedisError {
    RedisError::from((ErrorKind::Io, "not connected"))
}
