//! ## What it does
//!
//! Reports a channel to which something is published and nothing subscribes, or the reverse, over all packages of the
//! workspace; one finding for each channel. Patterns of `PSUBSCRIBE` count, and so does a channel that is put together
//! at run time, as far as its text is known. Where another channel differs in a few letters only, it is named.
//!
//! Silent while a subscription (or publication) of which the channel cannot be told might be the other end, and for
//! channels of the server itself (`__keyspace@0__:…`, `__redis__:invalidate`).
//!
//! ## Why is this bad?
//!
//! Redis does not tell: PUBLISH to a channel without subscribers succeeds and the message is gone. If it was an
//! invalidation, every other server goes on answering from its own copy until the TTL has passed, and nobody sees an
//! error. It happens when one side is renamed, or gets the prefix of an environment that the other does not have.
//!
//! ## Example
//!
//! ```rust,ignore
//! con.publish("cache:invalidate", &key).await?;
//! // another file
//! pubsub.subscribe("cache:invalidation").await?;
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! const INVALIDATION: &str = "cache:invalidation";
//!
//! con.publish(INVALIDATION, &key).await?;
//! pubsub.subscribe(INVALIDATION).await?;
//! ```
//!
//! With `cache-patterns` there is no channel to agree on: `RedisBus` has both ends.
//!
//! ## Options
//!
//! - `[channels] external` names channels whose other end is another program.
//!
//! ## References
//!
//! - Redis documentation: "Pub/Sub", PUBLISH (the reply is the number of receivers)

use super::channels::{is_near, meet};
use super::copies::in_one_program;
use super::report::{self, label};
use super::usage::Usage;
use super::{Category, Context, Meta, Rule, code, docs};
use crate::finding::{Confidence, Finding, Level};
use crate::inventory::{Effect, Operation};

const SOURCE: &str = include_str!("channel_mismatch.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "channel-mismatch",
    summary: "a channel has only one end: nothing subscribes to it, or nothing is published",
    level: Level::Warning,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct ChannelMismatch;

impl Rule for ChannelMismatch {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        let usage = Usage::new(context.inventory);
        let publishers = End::of(context, &usage, Effect::Publish);
        let subscribers = End::of(context, &usage, Effect::Subscribe);
        one_sided(context, &publishers, &subscribers, findings);
        one_sided(context, &subscribers, &publishers, findings);
    }
}

/// All publications, or all subscriptions.
struct End<'a> {
    known: Vec<&'a Operation>,
    /// Those of which the channel is not known.
    open: Vec<&'a Operation>,
    /// A script may send to any channel.
    scripts: Vec<&'a Operation>,
}

impl<'a> End<'a> {
    fn of(context: Context<'a>, usage: &Usage<'a>, effect: Effect) -> Self {
        let mut end = Self { known: Vec::new(), open: Vec::new(), scripts: Vec::new() };
        for op in context.inventory.operations.iter().filter(|op| op.sent && !op.test) {
            // A script publishes what its arguments say.
            let by_script =
                effect == Effect::Publish && op.script_commands.iter().any(|name| name.ends_with("PUBLISH"));
            if by_script {
                end.scripts.push(op);
            }
            if op.effect != effect {
                continue;
            }
            if op.forwards_key {
                // The channel is chosen by the callers; where none is in sight, by anybody.
                if usage.calls_of(op.id).is_empty() {
                    end.open.push(op);
                }
            } else if op.keys.is_empty() || op.keys.iter().any(|key| !key.template.as_ref().is_some_and(is_known)) {
                end.open.push(op);
            } else {
                end.known.push(op);
            }
        }
        end
    }
}

fn is_known(channel: &crate::template::Template) -> bool {
    channel.has_literal()
}

fn one_sided(context: Context<'_>, end: &End<'_>, other: &End<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<String> = Vec::new();
    for op in &end.known {
        for channel in op.templates() {
            let shape = channel.shape();
            let answered = other.known.iter().flat_map(|op| op.templates()).any(|theirs| meet(&theirs.shape(), &shape));
            if answered
                || told.contains(&shape)
                || shape.starts_with("__")
                || context.policy.is_external_channel(channel)
            {
                continue;
            }
            told.push(shape.clone());
            let near = other
                .known
                .iter()
                .filter_map(|theirs| {
                    Some((*theirs, theirs.templates().find(|theirs| is_near(&theirs.shape(), &shape))?))
                })
                .next();
            let mut finding = report::finding(&META, op);
            finding.discriminator = shape;
            // In the same program it may well be the other end; in another, who knows.
            let mut unknown = other.open.iter().chain(&other.scripts).peekable();
            if unknown.peek().is_some() {
                if unknown.any(|theirs| in_one_program(context.workspace, op.place, theirs.place)) {
                    continue;
                }
                finding.confidence = finding.confidence.min(Confidence::Likely);
            }
            let name = code(&channel.to_string()).into_owned();
            let (done, missing, verb) = match op.effect {
                Effect::Publish => ("published to", "nothing subscribes to it", "subscribes"),
                _ => ("subscribed to", "nothing is published there", "publishes"),
            };
            finding.message = format!("{name} is {done}, but {missing}");
            "the other end is not in this workspace".clone_into(&mut finding.primary_label);
            match near {
                Some((theirs, template)) => {
                    let near = code(&template.to_string()).into_owned();
                    finding.help = format!("call both ends {name} or {near}, best by one constant");
                    finding.labels.push(label(theirs.place, format!("this end is called {near}")));
                }
                None => {
                    finding.confidence = finding.confidence.min(Confidence::Likely);
                    finding.help = format!(
                        "add it to `external` under `[channels]` if another program {verb}, else mend the other end"
                    );
                }
            }
            let same = end
                .known
                .iter()
                .copied()
                .filter(|other| other.templates().any(|theirs| theirs.shape() == channel.shape()));
            finding.labels.extend(report::sites(op, same, |_| "here as well".to_owned()));
            findings.push(finding);
        }
    }
}
