//! What the evaluation of a function leaves behind: commands, calls and loads in order.

use std::rc::Rc;

use super::index::FnId;
use super::value::{Argument, BatchId, CommandId, Value};
use crate::clients::{ClientId, MethodSpec, Unit};
use crate::facts::Name;
use crate::finding::{Confidence, FileId, Place};
use crate::inventory::{
    ConnectEvent, DatabaseEvent, ExitKind, GuardKind, LoadKind, LocalEvent, MessageStep, RunsOn, SignalKind, Via,
};
use crate::text::Span;

/// Something that happened while a function was evaluated.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Command(CommandId),
    Hit(CommandId),
    Miss(CommandId),
    Load {
        kind: LoadKind,
        place: Place,
        name: String,
    },
    Guard {
        kind: GuardKind,
        place: Place,
    },
    Signal {
        kind: SignalKind,
        place: Place,
    },
    /// The error of this command leaves the function here.
    Fails {
        command: CommandId,
        /// It was told before, in the log: whoever throws it away now swallows nothing.
        told: bool,
    },
    /// The error of this command is thrown away here, and nobody hears of it.
    Swallowed {
        command: CommandId,
        /// The expression whose value is thrown away.
        place: Place,
    },
    /// If what this read gave does not decode, the error leaves the function here.
    Undecoded {
        read: CommandId,
        place: Place,
    },
    /// A call of a function of the workspace that was evaluated with these arguments.
    Call(Rc<CallStep>),
    Branch(Vec<Vec<Step>>),
    Loop(Vec<Step>),
    Spawn(Vec<Step>),
    /// A closure or `async` block, run in place: a `return` in it ends only it.
    Inline(Vec<Step>),
    /// The same where its result is asked in place (`async { … }.await`, `(|| …)()`): an error in it leaves only it.
    Asked(Vec<Step>),
    Leave(ExitKind),
    /// A database statement, or the begin or end of a transaction.
    Database(std::sync::Arc<DatabaseEvent>),
    /// A cache of this process is used.
    Local(std::sync::Arc<LocalEvent>),
    /// In a loop over messages.
    Message {
        step: MessageStep,
        place: Place,
        name: String,
    },
    /// At the start of a pass of a loop over a collection.
    Pass {
        place: Place,
        elements: Rc<[Name]>,
    },
    /// A connection or pool is opened.
    Connect(std::sync::Arc<ConnectEvent>),
    /// A call out of sight whose name says that it clears copies or tells others.
    Unseen {
        place: Place,
        name: String,
    },
}

/// A call of a function of the workspace.
#[derive(Debug)]
pub(crate) struct CallStep {
    pub(crate) function: FnId,
    /// The function's or method's name token at the call.
    pub(crate) place: Place,
    /// The whole call.
    pub(crate) call: Span,
    pub(crate) outcome: Rc<Outcome>,
    /// `false` when the call goes through a trait with other implementations that do something else.
    pub(crate) certain: bool,
    /// The receiver or the path as written.
    pub(crate) receiver: String,
    /// Values given for the parameters, in order, with their places in the caller.
    pub(crate) args: Vec<Argument>,
    /// `false` when the returned future is dropped.
    pub(crate) sent: bool,
    /// The caller waits here until it is done.
    pub(crate) awaited: bool,
    /// An error of it ends the caller as well.
    pub(crate) hands_on: bool,
    /// Which thread runs it.
    pub(crate) runs_on: RunsOn,
}

/// What a function did with given arguments.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) steps: Vec<Step>,
    pub(crate) value: Value,
    /// Something was left out because evaluation would have gone too deep.
    pub(crate) cut: bool,
    /// A command is sent or a connection opened, here or below.
    pub(crate) sends: bool,
    /// A database statement is run, here or below: by the function, or by a closure that it is given.
    pub(crate) states: bool,
    /// The first load, here or below.
    pub(crate) loads: Option<LoadKind>,
}

impl Outcome {
    pub(crate) fn new(steps: Vec<Step>, value: Value, cut: bool) -> Self {
        let (sends, loads) = (steps.iter().any(sends), steps.iter().find_map(first_load));
        let states = steps.iter().any(states);
        Self { steps, value, cut, sends, states, loads }
    }
}

impl Step {
    /// The steps inside this one that belong to the same function: arms and bodies. What a call ran is its own.
    pub(crate) fn inside(&self) -> &[Vec<Self>] {
        match self {
            Self::Branch(arms) => arms,
            Self::Loop(steps) | Self::Spawn(steps) | Self::Inline(steps) | Self::Asked(steps) => {
                std::slice::from_ref(steps)
            }
            Self::Command(_)
            | Self::Hit(_)
            | Self::Miss(_)
            | Self::Fails { .. }
            | Self::Swallowed { .. }
            | Self::Undecoded { .. }
            | Self::Load { .. }
            | Self::Guard { .. }
            | Self::Signal { .. }
            | Self::Call(_)
            | Self::Database(_)
            | Self::Unseen { .. }
            | Self::Local(_)
            | Self::Message { .. }
            | Self::Pass { .. }
            | Self::Connect(_)
            | Self::Leave(_) => &[],
        }
    }
}

pub(crate) fn sends(step: &Step) -> bool {
    match step {
        Step::Command(_) | Step::Connect(_) => true,
        Step::Call(call) => call.outcome.sends,
        _ => step.inside().iter().flatten().any(sends),
    }
}

fn states(step: &Step) -> bool {
    match step {
        Step::Database(_) => true,
        Step::Call(call) => call.outcome.states,
        _ => step.inside().iter().flatten().any(states),
    }
}

fn first_load(step: &Step) -> Option<LoadKind> {
    match step {
        Step::Load { kind, .. } => Some(*kind),
        Step::Call(call) => call.outcome.loads,
        _ => step.inside().iter().flatten().find_map(first_load),
    }
}

/// A command as it was sent (or queued).
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) file: FileId,
    /// The method or command name token.
    pub(crate) name_span: Span,
    /// The whole call.
    pub(crate) call: Span,
    pub(crate) client: ClientId,
    pub(crate) form: Form,
    pub(crate) args: Vec<Argument>,
    pub(crate) via: Via,
    pub(crate) batch: Option<BatchId>,
    pub(crate) sent: bool,
    pub(crate) receiver: String,
    pub(crate) confidence: Confidence,
    /// It blocks the thread; `None` when the connection's type does not tell.
    pub(crate) blocking: Option<bool>,
    /// Which thread runs it.
    pub(crate) runs_on: RunsOn,
    /// Its reply is waited for where it stands.
    pub(crate) awaited: bool,
    /// It goes to a cluster.
    pub(crate) cluster: bool,
    /// It is recorded in a transaction here and sent once that has been committed.
    pub(crate) after_commit: bool,
    /// The method as written; `cmd` for a raw command.
    pub(crate) spelled: Name,
}

/// How the command and its arguments are laid out.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// A client's method: positions come from its table. `extra`: arguments appended to a finished `Cmd`.
    Method { spec: Rc<MethodSpec>, own_args: usize },
    /// A raw command: the name, then the server's own argument order.
    Raw { name: Option<Value> },
    /// A script: `args` are its keys first (as many as `keys`), then its arguments.
    Script { text: Option<String>, keys: usize },
    /// `#[io_cached]` and the like: the key is the first argument, the TTL (in this unit) the second, if any.
    Attribute { command: &'static str, ttl: Option<Unit> },
}

/// A pipeline or transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// `None`: not known, or only on some path.
    pub(crate) atomic: Option<bool>,
    /// Made by a function out of sight, for example a parameter.
    pub(crate) foreign: bool,
    /// What made it is only called like a client's method.
    pub(crate) likely: bool,
    pub(crate) last: Option<CommandId>,
    /// It was sent.
    pub(crate) run: bool,
    /// It was handed to something out of sight, returned or kept.
    pub(crate) escaped: bool,
}
