//! A row of the table of classes.

use super::phrases::{self, code_spans};
use super::rules::{ClassRules, Rules};
use crate::policy::quantity;

/// Reads a row; false when it says nothing that can be a class.
pub(super) fn read(columns: &[String], cells: &[String], rules: &mut Rules) -> bool {
    let cell = |word: &str| {
        let at = columns.iter().position(|name| name.contains(word))?;
        cells.get(at).map(String::as_str)
    };
    let (Some(data), Some(keys), Some(ttl)) = (cells.first(), cell("key"), cell("ttl")) else { return false };
    let spans = code_spans(keys);
    let name = match code_spans(data).first() {
        Some(name) => (*name).to_owned(),
        None => phrases::slug(data),
    };
    let keys: Vec<String> = if spans.is_empty() {
        keys.split(',').map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect()
    } else {
        spans.into_iter().map(str::to_owned).collect()
    };
    if name.is_empty() || keys.is_empty() {
        return false;
    }
    let mut class = ClassRules { name, keys, ..ClassRules::default() };
    let (ttl, jitter) = split_jitter(ttl);
    class.jitter = jitter;
    if let Some(reason) = ttl.strip_prefix("none:") {
        class.reason = Some(reason.trim().to_owned());
        class.store = true;
    } else if ttl != "-" && !read_ttl(ttl, &mut class) {
        return false;
    }
    for word in cell("pattern").into_iter().flat_map(|cell| cell.split(',')) {
        match word.trim().to_lowercase().as_str() {
            "-" | "" => {}
            "store" => class.store = true,
            "hot" => class.hot = true,
            word => match phrases::pattern(word) {
                Some(pattern) => class.pattern = Some(pattern),
                None => return false,
            },
        }
    }
    rules.whole_table = true;
    rules.classes.push(class);
    true
}

/// `15m`, `15m, at least 5m`, `15 minutes`.
fn read_ttl(text: &str, class: &mut ClassRules) -> bool {
    let (longest, shortest) = match text.split_once(", at least ") {
        Some((longest, shortest)) => (longest, Some(shortest)),
        None => (text, None),
    };
    let duration = |text: &str| quantity::duration(text.trim()).ok().or_else(|| phrases::only_duration(text));
    let Some(longest) = duration(longest) else { return false };
    class.ttl = Some(longest);
    if let Some(shortest) = shortest {
        class.least = duration(shortest);
        return class.least.is_some();
    }
    true
}

fn split_jitter(text: &str) -> (&str, Option<u8>) {
    let found = text.rsplit_once(", jitter ").and_then(|(front, share)| Some((front, quantity::percent(share).ok()?)));
    found.map_or((text, None), |(front, share)| (front, Some(share)))
}
