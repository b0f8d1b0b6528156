//! Functions that run once, when the program or a part of it starts.

use rustc_hash::{FxHashMap, FxHashSet};

use super::flow;
use crate::inventory::{Event, Inventory};

/// Who calls whom, in what is known.
pub(super) struct Startup<'a>(FxHashMap<&'a str, FxHashSet<&'a str>>);

impl<'a> Startup<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut callers: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
        for function in &inventory.functions {
            flow::each(&function.events, &mut |event| {
                if let Event::Call { function: callee, .. } = event
                    && !callee.is_empty()
                    && *callee != function.function
                {
                    callers.entry(callee).or_default().insert(&function.function);
                }
            });
        }
        Self(callers)
    }

    /// By its name, or because only such functions call it.
    pub(super) fn has(&self, function: &'a str) -> bool {
        self.reaches(function, &mut Vec::new())
    }

    fn reaches(&self, function: &'a str, below: &mut Vec<&'a str>) -> bool {
        if begins(function) {
            return true;
        }
        let Some(own) = self.0.get(function).filter(|_| !below.contains(&function)) else { return false };
        below.push(function);
        let all = own.iter().all(|caller| below.contains(caller) || self.reaches(caller, below));
        below.pop();
        all
    }
}

/// Functions that run once.
const NAMES: [&str; 11] =
    ["main", "new", "try_new", "default", "run", "serve", "start", "open", "launch", "bootstrap", "create"];

fn begins(function: &str) -> bool {
    let name = function.rsplit("::").next().unwrap_or(function);
    let words: Vec<&str> = name.split('_').collect();
    // An extractor of a web framework runs for each request.
    if words.starts_with(&["from", "request"]) {
        return false;
    }
    NAMES.contains(&name)
        || matches!(
            words.first(),
            Some(&("new" | "build" | "connect" | "init" | "setup" | "from" | "with" | "migrate"))
        )
        || words
            .iter()
            .any(|word| matches!(*word, "pool" | "connection" | "health" | "healthcheck" | "ping" | "ready" | "worker"))
}
