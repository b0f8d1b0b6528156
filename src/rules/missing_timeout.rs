//! ## What it does
//!
//! Reports a connection that is opened so that the wait for it, or the wait for an answer, has no end: an asynchronous
//! connection of redis-rs before 1.0 with no timeouts set, and one of any version whose settings take them away
//! (`set_response_timeout(None)`). A client that is kept in a field is reported once, with all the places where it is
//! asked for a connection. Settings that come from elsewhere are not judged, and neither are blocking connections, whose
//! timeouts are set afterwards, and pools.
//!
//! ## Why is this bad?
//!
//! A server that has died without closing its connections (a machine that lost power, a firewall that forgot) never
//! answers, and TCP takes a quarter of an hour to notice. Until then every request that asks the cache hangs, though the
//! database could have answered all of them, and each holds its memory and its place in the queue.
//!
//! ## Example
//!
//! ```rust,ignore
//! // redis = "0.32"
//! let con = client.get_multiplexed_async_connection().await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! let config = AsyncConnectionConfig::new()
//!     .set_connection_timeout(Duration::from_secs(1))
//!     .set_response_timeout(Duration::from_millis(500));
//! let con = client.get_multiplexed_async_connection_with_config(&config).await?;
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - redis-rs: `AsyncConnectionConfig`, `ConnectionManagerConfig`; changelog of 1.0 ("default timeouts")

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::{Category, Context, Meta, Rule, docs, report};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{ConnectEvent, Endless, Opened};

const SOURCE: &str = include_str!("missing_timeout.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "missing-timeout",
    summary: "a connection waits without end",
    level: Level::Note,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct MissingTimeout;

impl Rule for MissingTimeout {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let file = |event: &ConnectEvent| context.workspace.file(event.place.file);
        let mut openings: Vec<(&Opened, Endless)> = Vec::new();
        for opened in context.inventory.connections.iter().filter(|opened| !opened.test) {
            let endless = opened.event.endless.filter(|endless| endless.connecting || endless.answering);
            openings.extend(endless.map(|endless| (opened, endless)));
        }
        openings.sort_by_key(|(opened, _)| (file(&opened.event).map(|file| &file.path), opened.event.place));
        let mut known: FxHashMap<_, usize> = FxHashMap::default();
        for (opened, endless) in openings {
            let event = &opened.event;
            let client = event.client.as_ref().map(|client| {
                (file(event).map(|file| file.package), client, &event.ty, endless.connecting, endless.answering)
            });
            match client.and_then(|client| match known.entry(client) {
                Entry::Occupied(first) => Some(*first.get()),
                Entry::Vacant(new) => {
                    new.insert(findings.len());
                    None
                }
            }) {
                Some(first) => findings[first].labels.push(report::label(event.place, "and here")),
                None => findings.push(describe(opened, endless)),
            }
        }
    }
}

fn describe(opened: &Opened, endless: Endless) -> Finding {
    let event = &opened.event;
    let mut finding = report::finding_at(&META, event.place, &opened.function, &event.spelled);
    let (what, label, setters) = told(endless);
    finding.message = format!("a `{}` waits without end for {what}", event.ty);
    label.clone_into(&mut finding.primary_label);
    let settings =
        if event.ty == "ConnectionManager" { "a `ConnectionManagerConfig`" } else { "an `AsyncConnectionConfig`" };
    finding.help = format!("open it with {settings} that has {setters}");
    finding
}

fn told(endless: Endless) -> (&'static str, &'static str, &'static str) {
    match endless {
        Endless { connecting: true, answering: true } => (
            "the server",
            "no timeout for the connection, none for an answer",
            "`set_connection_timeout` and `set_response_timeout`",
        ),
        Endless { connecting: true, .. } => {
            ("the connection", "no timeout for the connection", "`set_connection_timeout`")
        }
        _ => ("an answer", "no timeout for an answer", "`set_response_timeout`"),
    }
}
