//! ## What it does
//!
//! Reports a loop over the messages of a subscription that ends on one bad message or on a lost connection: the error of
//! a message leaves the loop (`?`), a call in it panics (`unwrap`, `expect`), or the stream ends and nothing subscribes
//! again. Once for each loop, at the first place where it ends.
//!
//! A loop around it that subscribes again, in the same function or in a caller, makes up for errors and lost connections,
//! though not for a panic. Silent for clients that connect again by themselves (fred, rustis) as far as the connection is
//! concerned, and for locks that are unwrapped.
//!
//! ## Why is this bad?
//!
//! From then on the server hears of no invalidation at all, and nothing tells: it answers from its own copies, which are
//! as old as the moment at which one message could not be read, or at which Redis was restarted. One publisher with a new
//! version of the format is enough to stop every subscriber at once.
//!
//! ## Example
//!
//! ```rust,ignore
//! let mut messages = pubsub.on_message();
//! while let Some(message) = messages.next().await {
//!     let invalidation: Invalidation = serde_json::from_str(&message.get_payload::<String>()?)?;
//!     local.remove(&invalidation.key);
//! }
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! loop {
//!     if let Err(error) = follow(&client, &local).await {
//!         warn!(%error, "the subscription is lost");
//!     }
//!     // What was said meanwhile is lost: copies made before it are no longer to be trusted.
//!     local.clear();
//!     tokio::time::sleep(Duration::from_secs(1)).await;
//! }
//!
//! // in `follow`, which connects, subscribes and reads until the stream ends
//! let Ok(invalidation) = serde_json::from_str::<Invalidation>(&payload) else {
//!     warn!(payload, "not an invalidation");
//!     continue;
//! };
//! ```
//!
//! `RedisBus` of `cache-patterns` connects again, passes over what it cannot read, and drops the copies of which it may
//! have missed a change.
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - Redis documentation: "Pub/Sub" (delivery is at most once)

use std::collections::BTreeMap;

use super::report::label;
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level, Place};
use crate::inventory::{Event, ExitKind, MessageStep};

const SOURCE: &str = include_str!("unguarded_subscriber.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "unguarded-subscriber",
    summary: "a subscriber's loop ends on one bad message or on a lost connection",
    level: Level::Warning,
    category: Category::Resilience,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

/// Other ends of the loop that are named in a finding.
const NAMED: usize = 4;

pub(super) struct UnguardedSubscriber;

impl Rule for UnguardedSubscriber {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let mut loops: BTreeMap<Place, Subscriber> = BTreeMap::new();
        for function in context.inventory.functions.iter().filter(|function| !function.test) {
            let at = Position { around: 0, own: true, function: &function.function };
            search(&function.events, at, &mut loops);
        }
        findings.extend(loops.into_iter().filter_map(|(place, subscriber)| describe(place, &subscriber)));
    }
}

/// A loop over messages, by the place where it waits for the next.
#[derive(Debug, Default)]
struct Subscriber {
    function: String,
    /// Some way to it leads through a loop around it.
    supervised: bool,
    /// Its stream ends with the connection.
    breaks_off: bool,
    /// Where errors leave it, with what fails.
    errors: Vec<(Place, String)>,
    /// Where it panics.
    panics: Vec<(Place, String)>,
    /// It ends by itself: the stream has ended, or a condition holds.
    ends: bool,
}

#[derive(Clone, Copy)]
struct Position<'a> {
    /// Loops around.
    around: usize,
    /// In the function's own text.
    own: bool,
    function: &'a str,
}

/// Finds the loops that wait for messages, seen from one function.
fn search(events: &[Event], at: Position<'_>, loops: &mut BTreeMap<Place, Subscriber>) {
    for event in events {
        match event {
            Event::Loop(body) => {
                let mut seen = Seen::default();
                scan(body, true, &mut seen);
                if let Some((place, reconnects)) = seen.awaits {
                    let known = loops.entry(place).or_default();
                    known.supervised |= at.around > 0;
                    if at.own || known.function.is_empty() {
                        at.function.clone_into(&mut known.function);
                        known.breaks_off = !reconnects;
                        known.ends |= seen.ends;
                        merge(&mut known.errors, seen.errors);
                        merge(&mut known.panics, seen.panics);
                    }
                }
                search(body, Position { around: at.around + 1, ..at }, loops);
            }
            Event::Branch(arms) => arms.iter().for_each(|arm| search(arm, at, loops)),
            Event::Call { function, events, .. } => {
                let inside = if function.is_empty() { at } else { Position { own: false, function, ..at } };
                search(events, inside, loops);
            }
            Event::Spawn(events) => search(events, at, loops),
            _ => {}
        }
    }
}

fn merge(known: &mut Vec<(Place, String)>, more: Vec<(Place, String)>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}

/// What happens in one pass of a loop, loops inside it left out.
#[derive(Debug, Default, Clone)]
struct Seen {
    awaits: Option<(Place, bool)>,
    errors: Vec<(Place, String)>,
    panics: Vec<(Place, String)>,
    ends: bool,
}

/// `own`: in the text of the function that has the loop, where `?` leaves the loop.
fn scan(events: &[Event], own: bool, seen: &mut Seen) {
    for event in events {
        match event {
            Event::Message { step, place, name } => match step {
                MessageStep::Awaited { reconnects } => {
                    seen.awaits.get_or_insert((*place, *reconnects));
                }
                MessageStep::Fails if own => seen.errors.push((*place, name.clone())),
                MessageStep::Panics => seen.panics.push((*place, name.clone())),
                MessageStep::Fails => {}
            },
            Event::Leave(ExitKind::Break | ExitKind::Return | ExitKind::Error) if own && seen.awaits.is_some() => {
                seen.ends = true
            }
            Event::Branch(arms) => {
                // In `select!`, an arm that was not woken by a message ends the loop for reasons of its own.
                let before = seen.clone();
                for arm in arms {
                    let mut inside = before.clone();
                    scan(arm, own, &mut inside);
                    seen.awaits = seen.awaits.or(inside.awaits);
                    seen.ends |= inside.ends;
                    merge(&mut seen.errors, inside.errors);
                    merge(&mut seen.panics, inside.panics);
                }
            }
            Event::Call { function, events, .. } => scan(events, own && function.is_empty(), seen),
            _ => {}
        }
    }
}

fn describe(place: Place, subscriber: &Subscriber) -> Option<Finding> {
    let leaves = !subscriber.supervised;
    let errors = subscriber.errors.iter().filter(|_| leaves);
    let mut ends: Vec<(Place, String)> = errors
        .map(|(place, name)| (*place, format!("an error of {} leaves the loop", code(name))))
        .chain(subscriber.panics.iter().map(|(place, name)| (*place, format!("{} panics here", code(name)))))
        .collect();
    ends.sort_by_key(|(place, _)| *place);
    let lost = leaves && subscriber.breaks_off && subscriber.ends;
    if lost && !ends.iter().any(|(end, _)| *end == place) {
        ends.push((place, "ends with the connection, and nothing subscribes again".to_owned()));
    }
    let (primary, first) = ends.first().cloned()?;
    let by_message = primary != place;
    let rest = ends.into_iter().skip(1).take(NAMED).map(|(place, text)| label(place, text));
    let (message, help) = if by_message {
        (
            format!("one bad message ends the subscriber in {}", code(&subscriber.function)),
            "treat a message that cannot be read as nothing to do: log it and go on with the next",
        )
    } else {
        (
            format!("a lost connection ends the subscriber in {}", code(&subscriber.function)),
            "wrap it in a loop that connects and subscribes again, and drop the copies of which a change may be missed",
        )
    };
    Some(Finding {
        rule: META.id,
        level: META.level,
        confidence: META.confidence,
        message,
        help: format!("{help}; `RedisBus` of `cache-patterns` does so"),
        primary,
        primary_label: first,
        function: subscriber.function.clone(),
        labels: rest.collect(),
        flow: Vec::new(),
        discriminator: subscriber.function.clone(),
        fix: None,
    })
}
