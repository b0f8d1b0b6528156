//! ## What it does
//!
//! Reports a command of a blocking client that an `async fn` or `async` block runs by itself, and the call of a
//! synchronous function that runs one. What is handed to `spawn_blocking`, `block_in_place` or a thread is left alone,
//! and so are synchronous functions that only synchronous code calls, calls through a trait with other implementations,
//! and `main`, whose thread runs no other task. There is one finding for each function, at the first command.
//!
//! ## Why is this bad?
//!
//! A blocking command holds its thread until the server answers, and that thread belongs to the runtime: as many slow
//! answers as there are worker threads, usually one per core, and no other task runs, not those that have nothing to do
//! with Redis either. Timeouts do not fire meanwhile, because nobody polls them. On a quiet machine nothing of it shows.
//!
//! ## Example
//!
//! ```rust,ignore
//! async fn profile(client: &redis::Client, id: i64) -> RedisResult<String> {
//!     let mut con = client.get_connection()?;
//!     con.get(format!("shop:profile:{id}"))
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! async fn profile(con: &mut ConnectionManager, id: i64) -> RedisResult<String> {
//!     con.get(format!("shop:profile:{id}")).await
//! }
//! ```
//!
//! Where only a blocking client will do: `tokio::task::spawn_blocking(move || con.get(key)).await`.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - redis-rs: "Async support" (`redis::aio`)
//! - Tokio documentation: `tokio::task::spawn_blocking`

use rustc_hash::FxHashSet;

use super::{Category, Context, Meta, Rule, code, cure, docs, flow, report};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::{Event, FunctionEvents, Inventory, Operation, RunsOn};

const SOURCE: &str = include_str!("blocking_client_in_async.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "blocking-client-in-async",
    summary: "a command blocks a thread of the asynchronous runtime",
    level: Level::Warning,
    category: Category::Cost,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct BlockingClientInAsync;

/// A command that blocks a task: the command itself, and the call in the task's own text where that is another place.
struct Blocked<'a> {
    op: &'a Operation,
    call: Option<Place>,
}

impl Blocked<'_> {
    fn place(&self) -> Place {
        self.call.unwrap_or(self.op.place)
    }
}

impl Rule for BlockingClientInAsync {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let inventory = context.inventory;
        let asyncs: FxHashSet<&str> =
            inventory.functions.iter().filter(|f| f.is_async).map(|f| f.function.as_str()).collect();
        for function in inventory.functions.iter().filter(|function| !function.test && !is_main(function)) {
            let mut blocked = Vec::new();
            own(inventory, &asyncs, &function.events, &mut blocked);
            blocked.sort_by_key(Blocked::place);
            blocked.dedup_by_key(|blocked| blocked.place());
            if let Some((first, rest)) = blocked.split_first() {
                findings.push(finding(context, function, first, rest));
            }
        }
    }
}

/// The thread of an asynchronous `main` runs no other task.
fn is_main(function: &FunctionEvents) -> bool {
    function.function.rsplit("::").next() == Some("main")
}

/// What blocks in the text of one function, and what it calls that does.
fn own<'a>(inventory: &'a Inventory, asyncs: &FxHashSet<&str>, events: &[Event], out: &mut Vec<Blocked<'a>>) {
    for event in events {
        match event {
            Event::Operation(id) => {
                let op = flow::operation(inventory, *id).filter(|op| op.wrapper.is_none());
                out.extend(op.filter(|op| op.blocking && op.runs_on == RunsOn::Task && op.sent).map(here));
            }
            // A closure or block of the function itself.
            Event::Call { function, events, .. } if function.is_empty() => own(inventory, asyncs, events, out),
            // An asynchronous callee is reported itself.
            Event::Call { function, place, events, runs_on: RunsOn::Task, certain: true, .. }
                if !asyncs.contains(function.as_str()) =>
            {
                out.extend(inside(inventory, asyncs, events).map(|op| Blocked { op, call: Some(*place) }));
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| own(inventory, asyncs, arm, out)),
            Event::Loop(events) | Event::Spawn(events) => own(inventory, asyncs, events, out),
            _ => {}
        }
    }
}

fn here(op: &Operation) -> Blocked<'_> {
    Blocked { op, call: None }
}

/// The first command that a synchronous callee runs on its caller's thread.
fn inside<'a>(inventory: &'a Inventory, asyncs: &FxHashSet<&str>, events: &[Event]) -> Option<&'a Operation> {
    events.iter().find_map(|event| match event {
        Event::Operation(id) => {
            let op = flow::operation(inventory, *id)?;
            // At the call of a wrapper: what the wrapper sends.
            let sent =
                op.wrapper.as_ref().map_or(Some(op), |wrapper| flow::operation(inventory, wrapper.definition))?;
            (sent.blocking && sent.runs_on == RunsOn::Caller && sent.sent).then_some(sent)
        }
        Event::Call { function, events, runs_on: RunsOn::Caller, certain: true, .. }
            if !asyncs.contains(function.as_str()) =>
        {
            inside(inventory, asyncs, events)
        }
        Event::Branch(arms) => arms.iter().find_map(|arm| inside(inventory, asyncs, arm)),
        Event::Loop(events) => inside(inventory, asyncs, events),
        _ => None,
    })
}

fn finding(context: Context<'_>, function: &FunctionEvents, first: &Blocked<'_>, rest: &[Blocked<'_>]) -> Finding {
    let op = first.op;
    let cure::Parts { receiver, key, .. } = cure::Parts::of(context, op);
    let call = if op.spelled == "cmd" { op.command.clone() } else { format!("{receiver}.{}({key}, …)", op.spelled) };
    let mut finding = report::finding(&META, op);
    finding.primary = first.place();
    finding.function.clone_from(&function.function);
    finding.discriminator.clone_from(&op.command);
    if first.call.is_some() {
        finding.message = format!("a call in asynchronous code runs the blocking `{}` of {}", op.command, short(op));
        "blocks a thread of the runtime".clone_into(&mut finding.primary_label);
        finding.labels.push(report::label(op.place, format!("{} waits for the server here", code(&call))));
    } else {
        finding.message = format!("`{}` blocks in asynchronous code", op.command);
        "blocks a thread of the runtime until the server answers".clone_into(&mut finding.primary_label);
    }
    let named = |blocked: &Blocked<'_>| report::label(blocked.place(), format!("`{}` as well", blocked.op.command));
    finding.labels.extend(rest.iter().take(8).map(named));
    finding.help = if op.client.contains("redis") {
        "use `redis::aio::ConnectionManager` and `.await`, or hand it over: `tokio::task::spawn_blocking(move || …).await`"
    } else {
        "use an asynchronous client, or hand it over: `tokio::task::spawn_blocking(move || …).await`"
    }
    .to_owned();
    finding
}

/// The last two segments of the function that sends it.
fn short(op: &Operation) -> String {
    let segments: Vec<&str> = op.function.rsplit("::").take(2).collect();
    code(&segments.into_iter().rev().collect::<Vec<_>>().join("::")).into_owned()
}
