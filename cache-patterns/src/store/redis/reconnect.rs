//! One connection, to a server or to a cluster, that is opened again whenever it breaks or falls silent.
//!
//! Sending takes no lock that others take. Connecting runs in a task of its own, so that a caller with a
//! short deadline neither ends it nor is needed for it. The first call after a break connects at once; only a failed
//! attempt is followed by a pause, in which calls fail without waiting.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::millis;
use crate::sync::{Mutex, lock};

/// A connection on which calls were given up for so long and none was answered is dead, also if the kernel does not say
/// so: the other side is gone without a word, or a router on the way has forgotten the connection.
const SILENT: Duration = Duration::from_secs(1);
/// Nodes of a cluster whose silence is told apart; beyond that many, some share a place.
const LANES: usize = 64;
/// After a failed attempt.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) type Connecting<C> = Pin<Box<dyn Future<Output = RedisResult<C>> + Send>>;

/// Opens a connection; called again after each break.
pub(super) type Opener<C> = dyn Fn() -> Connecting<C> + Send + Sync;

/// A connection of which clones are the same.
pub(crate) struct Reconnecting<C> {
    inner: Arc<Inner<C>>,
}

impl<C> Clone for Reconnecting<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

/// How connections of a kind end.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    /// The longest attempt to connect.
    pub(super) patience: Duration,
    /// After an attempt that succeeded.
    pub(super) rest: Duration,
    /// It mends what breaks by itself, and only silence is none of its business. It is used until the next one stands,
    /// because its other nodes may be well.
    pub(super) mends_itself: bool,
}

struct Inner<C> {
    open: Box<Opener<C>>,
    habits: Habits,
    connection: ArcSwapOption<Open<C>>,
    born: Instant,
    /// By node: milliseconds since the birth when a call was given up for the first time since the last answer; 0: none
    /// was.
    silent_since: [AtomicU64; LANES],
    state: Mutex<State>,
}

/// A connection with its number, so that an error that comes late is not taken for one of its successor's.
struct Open<C> {
    number: u64,
    connection: C,
}

/// A call that waits. Dropped before its answer it was given up: by its deadline, or by a caller that went away.
struct Waiting<'a, C: Connects> {
    inner: &'a Arc<Inner<C>>,
    number: u64,
    lane: usize,
    answered: bool,
}

impl<C: Connects> Drop for Waiting<'_, C> {
    fn drop(&mut self) {
        if !self.answered {
            self.inner.given_up(self.number, self.lane);
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

/// What can be opened again.
pub(crate) trait Connects: ConnectionLike + Clone + Send + Sync + 'static {}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connects for C {}

impl<C: Connects> Reconnecting<C> {
    pub(super) fn new(habits: Habits, open: Box<Opener<C>>) -> Self {
        let inner = Inner {
            open,
            habits,
            connection: ArcSwapOption::empty(),
            born: Instant::now(),
            silent_since: [const { AtomicU64::new(0) }; LANES],
            state: Mutex::new(State { opened: 0, attempt: None, not_before: None }),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The connection itself, for what is no plain command.
    #[cfg(feature = "cluster")]
    pub(super) async fn connection(&self) -> RedisResult<C> {
        match self.inner.current() {
            Some((_, connection)) => Ok(connection),
            None => Ok(self.connect().await?.1),
        }
    }

    /// As [`Reconnecting::send`], for a command that changes nothing: where the connection breaks, it is asked on the next
    /// one. So a connection that was cut, or closed while it was idle, costs its callers a round trip and no more.
    pub(super) async fn ask(&self, command: &Cmd, node: usize) -> RedisResult<Value> {
        match self.send(command, node).await {
            Err(error) if !self.inner.habits.mends_itself && is_end(&error) => self.send(command, node).await,
            answer => answer,
        }
    }

    /// Sends a command that `node` answers for.
    pub(super) async fn send(&self, command: &Cmd, node: usize) -> RedisResult<Value> {
        let (number, mut connection) = match self.inner.current() {
            Some(current) => current,
            None => self.connect().await?,
        };
        let lane = node % LANES;
        let mut waiting = Waiting { inner: &self.inner, number, lane, answered: false };
        let answer = connection.req_packed_command(command).await.and_then(Value::extract_error);
        waiting.answered = true;
        // Read first: a hit is not to write what all threads read.
        let silent_since = &self.inner.silent_since[lane];
        if silent_since.load(Ordering::Relaxed) != 0 {
            silent_since.store(0, Ordering::Relaxed);
        }
        if answer.as_ref().is_err_and(|error| !self.inner.habits.mends_itself && is_end(error)) {
            self.inner.give_up(number);
        }
        answer
    }

    async fn connect(&self) -> RedisResult<(u64, C)> {
        let mut attempt = self.inner.attempt()?;
        // An error means that the attempt has ended: its task is gone.
        let _ = attempt.changed().await;
        self.inner.current().ok_or_else(unreachable)
    }
}

impl<C: Connects> Inner<C> {
    /// The attempt under way, or a new one; an error in the pause after one.
    fn attempt(self: &Arc<Self>) -> RedisResult<watch::Receiver<()>> {
        let mut state = lock(&self.state);
        // One whose task has ended without a word went with its runtime.
        if let Some(attempt) = state.attempt.as_ref().filter(|attempt| attempt.has_changed().is_ok()) {
            return Ok(attempt.clone());
        }
        if state.not_before.is_some_and(|time| Instant::now() < time) {
            return Err(unreachable());
        }
        let (announce, attempt) = watch::channel(());
        state.attempt = Some(attempt.clone());
        drop(state);
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let opened = tokio::time::timeout(inner.habits.patience, (inner.open)()).await;
            let mut state = lock(&inner.state);
            match opened {
                Ok(Ok(connection)) => {
                    state.opened += 1;
                    state.not_before = Some(Instant::now() + inner.habits.rest);
                    inner.silent_since.iter().for_each(|since| since.store(0, Ordering::Relaxed));
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

    /// A call on the connection with this number was given up.
    fn given_up(self: &Arc<Self>, number: u64, lane: usize) {
        if self.connection.load().as_ref().is_none_or(|current| current.number != number) {
            return;
        }
        let now = millis(self.born.elapsed()).max(1);
        match self.silent_since[lane].compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed) {
            Err(since) if now.saturating_sub(since) >= millis(SILENT) => {
                tracing::debug!("the cache store has fallen silent; its connection is replaced");
                if self.habits.mends_itself {
                    // A runtime that is shutting down drops calls as well, and spawns nothing.
                    if tokio::runtime::Handle::try_current().is_ok() {
                        let _ = self.attempt();
                    }
                } else {
                    self.give_up(number);
                }
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

    fn current(&self) -> Option<(u64, C)> {
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
