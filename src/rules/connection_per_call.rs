//! ## What it does
//!
//! Reports a connection (or a pool) that a function opens each time it is called, only to send a few commands on it: by
//! itself, or through a helper that opens one and returns it; and a command that is sent on a `redis::Client`, which opens
//! a connection for itself. What happens at the start is left alone: `main`, constructors, `connect`, `build` and the
//! like, functions that only these call, initialisers of a `OnceCell` or `Lazy`; and so are connections that are opened
//! on one path for another to use, replace one that failed, live on in a loop, subscribe, or wait for a queue.
//!
//! ## Why is this bad?
//!
//! Opening a connection takes a round trip for TCP, up to two for TLS, one for `HELLO` and one for `SELECT`: the command
//! itself is the smallest part. Under load the server runs out of file descriptors and this side out of ports, both of
//! which hold closed connections for a while; and Redis accepts connections on the same thread that answers commands.
//!
//! ## Example
//!
//! ```rust,ignore
//! async fn profile(client: &redis::Client, id: i64) -> RedisResult<String> {
//!     let mut con = client.get_multiplexed_async_connection().await?;
//!     con.get(format!("shop:profile:{id}")).await
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! // Opened once at the start; clones share the connection.
//! async fn profile(con: &ConnectionManager, id: i64) -> RedisResult<String> {
//!     con.clone().get(format!("shop:profile:{id}")).await
//! }
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - redis-rs: `redis::aio::ConnectionManager`, `MultiplexedConnection` ("cheap to clone")

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::startup::Startup;
use super::{Category, Context, Meta, Rule, code, docs, flow, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{ConnectEvent, ConnectKind, Effect, Event, FunctionEvents, Inventory, OpId};

const SOURCE: &str = include_str!("connection_per_call.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "connection-per-call",
    summary: "a connection is opened for each call",
    level: Level::Note,
    category: Category::Cost,
    confidence: Confidence::Likely,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct ConnectionPerCall;

impl Rule for ConnectionPerCall {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let startup = Startup::new(inventory);
        let mut found: Vec<Found<'_>> = Vec::new();
        for function in inventory.functions.iter().filter(|function| !function.test) {
            if startup.has(&function.function) {
                continue;
            }
            let mut order = Vec::new();
            flatten(&function.events, false, &mut order);
            for (at, step) in order.iter().enumerate() {
                let Happens::Opens { event, by, until } = step else { continue };
                let used = &order[at + 1..until.unwrap_or(order.len())];
                let Some(op) = sent_on(inventory, event.kind, used) else { continue };
                match found.iter_mut().find(|known| known.event.place == event.place) {
                    Some(known) => {
                        known.callers.insert(&function.function);
                    }
                    None => found.push(Found {
                        function,
                        event,
                        by: by.clone(),
                        op,
                        callers: FxHashSet::from_iter([function.function.as_str()]),
                    }),
                }
            }
        }
        findings.extend(found.iter().map(|found| describe(inventory, found)));
    }
}

/// A place where connections are opened, by its first user.
struct Found<'a> {
    function: &'a FunctionEvents,
    event: &'a ConnectEvent,
    by: Option<String>,
    /// What is sent on it.
    op: Option<OpId>,
    callers: FxHashSet<&'a str>,
}

/// What happens in a function's own text, callees taken as one.
enum Happens<'a> {
    Opens {
        event: &'a Arc<ConnectEvent>,
        /// The helper that opens it and gives it back.
        by: Option<String>,
        /// Where the branch ends in which it is opened.
        until: Option<usize>,
    },
    Sends(OpId),
    /// Commands in a loop that is no walk through a collection.
    Loops,
}

fn flatten<'a>(events: &'a [Event], sometimes: bool, out: &mut Vec<Happens<'a>>) {
    for event in events {
        match event {
            Event::Connect(event) if !sometimes && !event.kept => {
                out.push(Happens::Opens { event, by: None, until: None });
            }
            Event::Operation(id) => out.push(Happens::Sends(*id)),
            Event::Call { function, events, .. } if function.is_empty() => flatten(events, sometimes, out),
            Event::Call { function, events, .. } => match (first_sent(events), opened(events)) {
                (Some(id), _) => out.push(Happens::Sends(id)),
                (None, Some(event)) if !sometimes && !event.kept => {
                    out.push(Happens::Opens { event, by: Some(function.clone()), until: None });
                }
                _ => {}
            },
            Event::Branch(arms) => {
                // Behind a command it is another try, on a new connection.
                let again = sometimes || out.iter().any(|step| matches!(step, Happens::Sends(_)));
                for arm in arms {
                    let from = out.len();
                    flatten(arm, again, out);
                    let end = out.len();
                    for step in &mut out[from..] {
                        if let Happens::Opens { until, .. } = step {
                            *until = until.or(Some(end));
                        }
                    }
                }
            }
            Event::Loop(events) => {
                if first_sent(events).is_some() && !events.iter().any(|event| matches!(event, Event::Pass { .. })) {
                    out.push(Happens::Loops);
                }
                flatten(events, true, out);
            }
            _ => {}
        }
    }
}

fn first_sent(events: &[Event]) -> Option<OpId> {
    let mut found = None;
    flow::each(events, &mut |event| {
        if let Event::Operation(id) = event {
            found = found.or(Some(*id));
        }
    });
    found
}

/// The connection that a helper always opens.
fn opened(events: &[Event]) -> Option<&Arc<ConnectEvent>> {
    events.iter().find_map(|event| match event {
        Event::Connect(event) => Some(event),
        Event::Call { events, .. } => opened(events),
        _ => None,
    })
}

/// The first command after a connection was opened, if the connection is not there for something longer.
fn sent_on(inventory: &Inventory, kind: ConnectKind, after: &[Happens<'_>]) -> Option<Option<OpId>> {
    if kind == ConnectKind::PerCommand {
        return Some(None);
    }
    if kind == ConnectKind::Subscriptions {
        return None;
    }
    let mut first = None;
    for step in after {
        match step {
            Happens::Loops => return None,
            Happens::Sends(id) => {
                let op = flow::operation(inventory, *id)?;
                let waits = op.command.starts_with('B') && op.command.contains("POP") || op.command == "XREADGROUP";
                if op.effect == Effect::Subscribe || waits || matches!(op.command.as_str(), "WATCH" | "XREAD" | "PING")
                {
                    return None;
                }
                first = first.or(Some(*id));
            }
            Happens::Opens { .. } => {}
        }
    }
    first.map(Some)
}

fn describe(inventory: &Inventory, found: &Found<'_>) -> Finding {
    let Found { function, event, by, op, callers } = found;
    let name = |function: &str| code(function.rsplit("::").next().unwrap_or_default()).into_owned();
    let caller = match callers.len() {
        0 | 1 => name(&function.function),
        2 => format!("{} and of another function", name(&function.function)),
        n => format!("{} and of {} other functions", name(&function.function), n - 1),
    };
    let what = match event.kind {
        ConnectKind::Pool => "a pool of connections",
        _ => "a connection",
    };
    let mut finding =
        report::finding_at(&META, event.place, by.as_deref().unwrap_or(&function.function), &event.spelled);
    if let Some(op) = op.and_then(|id| flow::operation(inventory, id)) {
        finding.labels.push(report::label(op.place, format!("for this `{}`", op.command)));
    }
    (finding.message, finding.primary_label) = match event.kind {
        ConnectKind::PerCommand => (
            format!("a command on a `{}` opens a connection for itself", event.ty),
            "connects, sends, disconnects".to_owned(),
        ),
        _ => (format!("{what} is opened for each call of {caller}"), format!("{} opens it", code(&event.spelled))),
    };
    "open a `ConnectionManager` or a pool once at the start, and pass it on; clones share the connection"
        .clone_into(&mut finding.help);
    finding
}
