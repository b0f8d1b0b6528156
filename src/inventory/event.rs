//! What happens in a function, in order, with its callees folded in. Rules read this; none walks syntax.

use std::sync::Arc;

use super::OpId;
use crate::finding::Place;
use crate::stores::Access;

/// The events of one function.
#[derive(Debug, Clone)]
pub struct FunctionEvents {
    /// `crate::module::Type::function`.
    pub function: String,
    /// The function's name.
    pub place: Place,
    /// It stands in test code.
    pub test: bool,
    /// `async fn`.
    pub is_async: bool,
    /// In order.
    pub events: Vec<Event>,
}

/// Something that happens, or a choice between things that happen.
#[derive(Debug, Clone)]
pub enum Event {
    /// A Redis operation is sent (or queued, for one in a batch).
    Operation(OpId),
    /// From here on, in this arm, the read found a value.
    Hit(OpId),
    /// From here on, in this arm, the read found nothing (or failed).
    Miss(OpId),
    /// If it failed, its error leaves the function (or the innermost `Call`) here.
    Fails(OpId),
    /// If it failed, nobody hears of it: the result is thrown away here.
    Swallowed {
        /// The operation.
        operation: OpId,
        /// The expression whose value is thrown away.
        place: Place,
    },
    /// If what the read found does not decode, the error leaves the function (or the innermost `Call`) here.
    Undecoded {
        /// The read.
        read: OpId,
        /// The call that decodes.
        place: Place,
    },
    /// Something is fetched or computed that is worth caching.
    Load {
        /// What.
        kind: LoadKind,
        /// Where: in this function's own file.
        place: Place,
        /// As written, for messages: `db::user_profile`, `sqlx::query!`.
        name: String,
    },
    /// Something that lets one caller in and makes the others wait or leave.
    Guard {
        /// What.
        kind: GuardKind,
        /// Where.
        place: Place,
    },
    /// What the next operation stores was made from what an earlier one read.
    WriteBack {
        /// The earlier one.
        read: OpId,
        /// The next one.
        write: OpId,
    },
    /// Something that a person or a dashboard sees: a metric is counted, a line is logged.
    Signal {
        /// What.
        kind: SignalKind,
        /// Where.
        place: Place,
    },
    /// A call of a function of the workspace, its events folded in. Operations in it are those of the callee; where
    /// the call is a wrapper's, they are the operations at the call.
    Call {
        /// The callee's path.
        function: String,
        /// The callee's name token.
        place: Place,
        /// What happens in it. A `Leave` in it ends the callee only.
        events: Vec<Event>,
        /// The caller waits here until it is done.
        awaited: bool,
        /// An error of it ends the caller as well: `call()?`, or the caller ends with the call.
        hands_on: bool,
        /// Which thread runs the call.
        runs_on: RunsOn,
        /// `false` when it goes through a trait with other implementations that do something else.
        certain: bool,
    },
    /// One of these happens. An `if` without `else` has an empty second arm.
    Branch(Vec<Vec<Event>>),
    /// This happens any number of times.
    Loop(Vec<Event>),
    /// This runs on its own (`tokio::spawn`): it starts here and ends at some later time.
    Spawn(Vec<Event>),
    /// The function (or the innermost `Call`) ends here.
    Leave(ExitKind),
    /// A database statement is run, or a transaction begins or ends.
    Database(Arc<DatabaseEvent>),
    /// Something is done with a copy that this process keeps.
    Local(Arc<LocalEvent>),
    /// In a loop over the messages of a subscription.
    Message {
        /// What.
        step: MessageStep,
        /// Where.
        place: Place,
        /// The method or function that waits or fails.
        name: String,
    },
    /// A pass of the enclosing loop begins, which walks a collection of unknown length.
    Pass {
        /// The collection.
        place: Place,
        /// What the source calls the elements and their parts.
        elements: Vec<String>,
    },
    /// A connection or a pool of them is opened.
    Connect(Arc<ConnectEvent>),
    /// A call that could not be followed and whose name says that it clears cached copies or tells others of a change.
    Unseen {
        /// Where.
        place: Place,
        /// As written.
        name: String,
    },
}

/// What is done with a cache of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalEvent {
    /// What.
    pub action: LocalAction,
    /// The field or variable that holds the cache.
    pub cache: String,
    /// Its type, without its path: `Cache`, `DashMap`, `HashMap`.
    pub ty: String,
    /// What it keeps ends by itself after some time.
    pub bounded: bool,
    /// The method's name token.
    pub place: Place,
}

impl LocalEvent {
    /// Whether both are about one cache.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (&self.cache, &self.ty) == (&other.cache, &other.ty)
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalAction {
    /// A copy is looked for.
    Read,
    /// One is kept.
    Fill,
    /// One is dropped, or all are.
    Drop,
}

/// What happens to a message of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageStep {
    /// The next one is waited for. `reconnects`: the client does so by itself when the connection is lost.
    Awaited {
        /// See above.
        reconnects: bool,
    },
    /// An error leaves the function here.
    Fails,
    /// A value that is not there panics here.
    Panics,
}

/// Which thread runs a piece of code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RunsOn {
    /// Whichever calls it: a synchronous function.
    #[default]
    Caller,
    /// One that the tasks of an asynchronous runtime share: an `async` function or block.
    Task,
    /// One that may block: what is handed to `spawn_blocking` or `thread::spawn`, or out of sight.
    Own,
}

/// A connection or a pool of them is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectEvent {
    /// What.
    pub kind: ConnectKind,
    /// The name token of the method or function that opens it.
    pub place: Place,
    /// The name of that function: `get_multiplexed_async_connection`, `new`.
    pub spelled: String,
    /// The name of the type that it gives: `MultiplexedConnection`.
    pub ty: String,
    /// Waits that have no end: opening the connection, the answer to a command. `None` when that is not known.
    pub endless: Option<Endless>,
    /// It is opened once and kept: by the initialiser of a `OnceCell` or `Lazy`.
    pub kept: bool,
    /// The client that it is asked of, where that is a field (`Type.field`) or `self`.
    pub client: Option<String>,
}

/// Which waits of a connection have no end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Endless {
    /// The wait until the server accepts the connection.
    pub connecting: bool,
    /// The wait for the answer to a command.
    pub answering: bool,
}

/// What is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectKind {
    /// A connection for commands.
    Connection,
    /// A pool of such.
    Pool,
    /// A connection for subscriptions.
    Subscriptions,
    /// A connection that a command opens for itself, because it is sent on a client and not on a connection.
    PerCommand,
}

/// What happens in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseEvent {
    /// What.
    pub action: DatabaseAction,
    /// The method or function name token that runs it.
    pub place: Place,
    /// It runs on a transaction; `None` when the connection's type does not tell.
    pub in_transaction: Option<bool>,
    /// What the source calls the values that the statement is given.
    pub given: Vec<String>,
}

/// What is done in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAction {
    /// A statement.
    Statement(Access),
    /// A transaction begins.
    Begin,
    /// It is committed.
    Commit,
    /// It is rolled back.
    Rollback,
}

/// How a function ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// `return`.
    Return,
    /// With an error: `return Err(…)`, `bail!`, an `Err(…)` that the function ends with.
    Error,
    /// `break` or `continue`: leaves the innermost `Loop`'s pass.
    Break,
    /// `panic!`, `unreachable!`.
    Abort,
}

/// What is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadKind {
    /// A database.
    Database,
    /// An HTTP or RPC call.
    Remote,
    /// A closure or function that the caller passed in (`get_or_compute(key, || …)`).
    Callback,
    /// A call that awaits something outside the workspace or that could not be followed.
    Unresolved,
}

/// What shows that something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalKind {
    /// A metric that names a hit or a miss.
    Named,
    /// A log line that does.
    NamedLog,
    /// Any other counter, gauge or histogram.
    Metric,
    /// A log line below the level of a warning.
    Log,
    /// A warning or an error is logged.
    Failure,
}

/// What holds others back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardKind {
    /// `SET NX`, `SETNX` and lock managers in Redis.
    RedisLock,
    /// A mutex or semaphore of this process, keyed or not.
    Mutex,
    /// `OnceCell`, `moka::get_with`, single-flight groups.
    SingleFlight,
    /// A call of the companion crate, which does it all.
    Sanctioned,
}

/// States that are carried at most; what is left out is some path of a function with very many.
const MOST_STATES: usize = 64;
/// So many are compared with each other sooner than hashed.
const FEW_STATES: usize = 8;

/// Walks every path through `events`, carrying a set of states.
///
/// `step` is called for each plain event with a state and returns the state after it, or `None` to stop following that
/// path. States that come out equal are merged, so the walk ends although there are exponentially many paths.
pub fn walk<S: Clone + Eq + std::hash::Hash>(
    events: &[Event],
    start: Vec<S>,
    step: &mut impl FnMut(&Event, S) -> Option<S>,
) -> Vec<S> {
    let mut walk = Walk { step, left: Vec::new(), failed: Vec::new(), broken: Vec::new() };
    let mut end = walk.sequence(events, start);
    end.append(&mut walk.left);
    end.append(&mut walk.failed);
    unique(end)
}

/// Whether every path on which `read` found something ends with an error: what is there already is refused, nobody looks
/// for a copy.
#[must_use]
pub fn refuses_what_is_there(events: &[Event], read: OpId) -> bool {
    #[derive(Clone, PartialEq, Eq, Hash)]
    enum At {
        Before,
        Found,
        Refused,
    }
    let mut found = false;
    let ends = walk(events, vec![At::Before], &mut |event, at| {
        Some(match (event, at) {
            (Event::Hit(id), _) if *id == read => {
                found = true;
                At::Found
            }
            (Event::Miss(id), _) if *id == read => At::Before,
            (Event::Leave(ExitKind::Error), At::Found) => At::Refused,
            (_, at) => at,
        })
    });
    found && !ends.contains(&At::Found)
}

struct Walk<'a, S, F> {
    step: &'a mut F,
    /// States that left the innermost call, waiting for its end.
    left: Vec<S>,
    /// Those of them that left it with an error.
    failed: Vec<S>,
    /// States that left the innermost loop's pass, waiting for the loop's end.
    broken: Vec<S>,
}

impl<S: Clone + Eq + std::hash::Hash, F: FnMut(&Event, S) -> Option<S>> Walk<'_, S, F> {
    fn sequence(&mut self, events: &[Event], mut states: Vec<S>) -> Vec<S> {
        for event in events {
            if states.is_empty() {
                break;
            }
            states = self.event(event, states);
        }
        states
    }

    fn event(&mut self, event: &Event, states: Vec<S>) -> Vec<S> {
        match event {
            Event::Branch(arms) => {
                let mut after = Vec::new();
                for arm in arms {
                    after.extend(self.sequence(arm, states.clone()));
                }
                unique(after)
            }
            Event::Loop(body) => {
                // Twice: what the first pass leaves behind may matter to the second.
                let outer = std::mem::take(&mut self.broken);
                let once = self.sequence(body, states.clone());
                let twice = self.sequence(body, once.clone());
                let broken = std::mem::replace(&mut self.broken, outer);
                unique(states.into_iter().chain(once).chain(twice).chain(broken).collect())
            }
            Event::Call { events, hands_on, .. } => {
                let outer = (std::mem::take(&mut self.left), std::mem::take(&mut self.failed));
                let mut after = self.plain(event, states);
                after = self.sequence(events, after);
                after.append(&mut self.left);
                let mut failed = std::mem::take(&mut self.failed);
                (self.left, self.failed) = outer;
                let goes_on = if *hands_on { &mut self.failed } else { &mut after };
                goes_on.append(&mut failed);
                unique(after)
            }
            Event::Spawn(body) => {
                let spawned = self.sequence(body, states.clone());
                unique(states.into_iter().chain(spawned).collect())
            }
            Event::Leave(kind) => {
                let after = self.plain(event, states);
                match kind {
                    ExitKind::Return => self.left.extend(after),
                    ExitKind::Error => self.failed.extend(after),
                    ExitKind::Break => self.broken.extend(after),
                    ExitKind::Abort => {}
                }
                Vec::new()
            }
            Event::Operation(_)
            | Event::Hit(_)
            | Event::Miss(_)
            | Event::Fails(_)
            | Event::Swallowed { .. }
            | Event::Undecoded { .. }
            | Event::Load { .. }
            | Event::Guard { .. }
            | Event::WriteBack { .. }
            | Event::Database(_)
            | Event::Unseen { .. }
            | Event::Local(_)
            | Event::Message { .. }
            | Event::Pass { .. }
            | Event::Connect(_)
            | Event::Signal { .. } => self.plain(event, states),
        }
    }

    fn plain(&mut self, event: &Event, states: Vec<S>) -> Vec<S> {
        unique(states.into_iter().filter_map(|state| (self.step)(event, state)).collect())
    }
}

fn unique<S: Clone + Eq + std::hash::Hash>(states: Vec<S>) -> Vec<S> {
    if states.len() < 2 {
        return states;
    }
    if states.len() <= FEW_STATES {
        let mut kept = Vec::with_capacity(states.len());
        for state in states {
            if !kept.contains(&state) {
                kept.push(state);
            }
        }
        return kept;
    }
    let mut seen = rustc_hash::FxHashSet::default();
    states.into_iter().filter(|state| seen.insert(state.clone())).take(MOST_STATES).collect()
}
