//! One multiplexed connection that is opened again whenever it breaks.
//!
//! Sending takes no lock that others take. Connecting runs in a task of its own, so that a caller with a
//! short deadline neither ends it nor is needed for it. The first call after a break connects at once; only a failed
//! attempt is followed by a pause, in which calls fail without waiting.

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
/// After a failed attempt.
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
    connection: ArcSwapOption<Open>,
    born: Instant,
    /// Milliseconds since the birth when a call was given up for the first time since the last answer; 0: none was.
    silent_since: AtomicU64,
    state: Mutex<State>,
}

/// A connection with its number, so that an error that comes late is not taken for one of its successor's.
struct Open {
    number: u64,
    connection: MultiplexedConnection,
}

/// A call that waits. Dropped before its answer it was given up: by its deadline, or by a caller that went away.
struct Waiting<'a> {
    inner: &'a Inner,
    number: u64,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.inner.given_up(self.number);
        }
    }
}

struct State {
    /// Connections so far.
    opened: u64,
    /// The attempt under way, which announces its end.
    attempt: Option<watch::Receiver<()>>,
    /// No attempt before this time.
    not_before: Option<Instant>,
}

impl Reconnecting {
    pub(super) fn new(open: Box<Opener>) -> Self {
        let state = Mutex::new(State { opened: 0, attempt: None, not_before: None });
        let inner = Inner {
            open,
            connection: ArcSwapOption::empty(),
            born: Instant::now(),
            silent_since: AtomicU64::new(0),
            state,
        };
        Self { inner: Arc::new(inner) }
    }

    /// As [`Reconnecting::send`], for a command that changes nothing: where the connection breaks, it is asked on the next
    /// one. So a connection that was cut, or closed while it was idle, costs its callers a round trip and no more.
    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        match self.send(command).await {
            Err(error) if is_end(&error) => self.send(command).await,
            answer => answer,
        }
    }

    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let (number, mut connection) = match self.inner.current() {
            Some(current) => current,
            None => {
                self.connect().await?;
                self.inner.current().ok_or_else(unreachable)?
            }
        };
        let mut waiting = Waiting { inner: &self.inner, number, answered: false };
        let answer = connection.req_packed_command(command).await.and_then(Value::extract_error);
        waiting.answered = true;
        // Read first: a hit is not to write what all threads read.
        if self.inner.silent_since.load(Ordering::Relaxed) != 0 {
            self.inner.silent_since.store(0, Ordering::Relaxed);
        }
        if answer.as_ref().is_err_and(is_end) {
            self.inner.give_up(number);
        }
        answer
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
                Ok(Ok(connection)) => {
                    state.opened += 1;
                    inner.silent_since.store(0, Ordering::Relaxed);
                    inner.connection.store(Some(Arc::new(Open { number: state.opened, connection })));
                }
                failed => {
                    let error = failed.ok().and_then(Result::err);
                    let error = error.as_ref().map_or("no answer", RedisError::category);
                    tracing::debug!(error, "the cache store cannot be reached");
                    state.not_before = Some(Instant::now() + PAUSE);
                }
            }
            state.attempt = None;
            drop(state);
            drop(announce);
        });
        Ok(attempt)
    }
}

impl Inner {
    /// A call on the connection with this number was given up.
    fn given_up(&self, number: u64) {
        if self.connection.load().as_ref().is_none_or(|current| current.number != number) {
            return;
        }
        let now = millis(self.born.elapsed()).max(1);
        match self.silent_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed) {
            Err(since) if now.saturating_sub(since) >= millis(SILENT) => {
                tracing::debug!("the cache store has fallen silent; its connection is given up");
                self.give_up(number);
            }
            _ => {}
        }
    }

    /// The connection with this number is of no use any more.
    fn give_up(&self, number: u64) {
        let current = self.connection.load();
        if current.as_ref().is_some_and(|current| current.number == number) {
            self.connection.compare_and_swap(&current, None);
        }
    }

    fn current(&self) -> Option<(u64, MultiplexedConnection)> {
        self.connection.load().as_ref().map(|current| (current.number, current.connection.clone()))
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
