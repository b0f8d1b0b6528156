//! ## What it does
//!
//! Reports a command of an asynchronous client whose future is dropped without being awaited or spawned, for example
//! by `let _ =`.
//!
//! ## Why is this bad?
//!
//! A future does nothing until it is polled: the command is never sent. An invalidation written like this never
//! invalidates, a write never writes, and there is neither an error nor, thanks to `let _`, a warning of the compiler.
//!
//! ## Example
//!
//! ```rust,ignore
//! let _ = con.del::<_, ()>(&key);
//! ```
//!
//! ## Use instead
//!
//! ```rust,ignore
//! con.del::<_, ()>(&key).await?;
//! ```
//!
//! or, where nobody should wait for it and its failure is counted elsewhere:
//!
//! ```rust,ignore
//! tokio::spawn(async move { con.del::<_, ()>(&key).await });
//! ```
//!
//! ## Options
//!
//! None.
//!
//! ## References
//!
//! - The Rust standard library: `std::future::Future` ("futures are inert")
//! - Clippy: `let_underscore_future`

use super::{Category, Context, Meta, Rule, code, docs};
use super::{cure, report};
use crate::finding::{Confidence, Finding, Level};

const SOURCE: &str = include_str!("dropped_future.rs");
const DOCS: [u8; docs::size(SOURCE)] = docs::extract(SOURCE);

const META: Meta = Meta {
    id: "dropped-future",
    summary: "a command is built but never sent, because its future is dropped",
    level: Level::Error,
    category: Category::Correctness,
    confidence: Confidence::Certain,
    since: "0.1.0",
    docs: docs::text(&DOCS),
};

pub(super) struct DroppedFuture;

impl Rule for DroppedFuture {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn check(&self, context: Context<'_>, findings: &mut Vec<Finding>) {
        for op in context.inventory.operations.iter().filter(|op| !op.sent) {
            // The call of a wrapper that reads and writes is two operations at one place, and one dropped future.
            if findings.last().is_some_and(|last| last.rule == META.id && last.primary == op.place) {
                continue;
            }
            let call = cure::call(context, op);
            let mut finding = report::finding(&META, op);
            finding.message = format!("the future of {} is dropped, so `{}` is never sent", code(&call), op.command);
            "never awaited".clone_into(&mut finding.primary_label);
            finding.help = format!("add `.await` and handle the result of {}, or spawn it", code(&call));
            finding.discriminator = format!("{} {}", op.command, report::subject(op));
            findings.push(finding);
        }
    }
}
