//! What was understood, and how it reads as a rule file.

use std::fmt::Write as _;

use crate::policy::quantity;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) format: Option<String>,
    pub(super) separator: Option<char>,
    pub(super) service: Option<String>,
    /// `v{n}`.
    pub(super) version: Option<String>,
    pub(super) exceptions: Vec<(String, String)>,
    pub(super) required: Option<bool>,
    pub(super) jitter: Option<u8>,
    pub(super) min: Option<i128>,
    pub(super) max: Option<i128>,
    pub(super) classes: Vec<ClassRules>,
    /// `false`: hits and misses have to be counted.
    pub(super) logs_count: Option<bool>,
    /// Every class stands in a table, so that those of the tool do not hold beside them.
    pub(super) whole_table: bool,
    /// What was said that rules of the tool see to without being told.
    pub(super) seen_to: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ClassRules {
    pub(super) name: String,
    /// Empty where a class of this name comes with the tool, whose keys hold.
    pub(super) keys: Vec<String>,
    /// The keys were guessed from the name.
    pub(super) guessed: bool,
    pub(super) least: Option<i128>,
    pub(super) ttl: Option<i128>,
    pub(super) jitter: Option<u8>,
    pub(super) pattern: Option<&'static str>,
    pub(super) store: bool,
    pub(super) hot: bool,
    pub(super) reason: Option<String>,
}

impl Rules {
    /// The class of this name, made where it is missing.
    pub(super) fn class(&mut self, name: &str, keys: &[String]) -> &mut ClassRules {
        let at = self.classes.iter().position(|class| class.name == name).unwrap_or_else(|| {
            let guessed = !keys.is_empty();
            self.classes.push(ClassRules {
                name: name.to_owned(),
                keys: keys.to_vec(),
                guessed,
                ..ClassRules::default()
            });
            self.classes.len() - 1
        });
        &mut self.classes[at]
    }

    pub(super) fn see_to(&mut self, what: &'static str, rule: &'static str) {
        if !self.seen_to.contains(&(what, rule)) {
            self.seen_to.push((what, rule));
        }
    }

    /// As a rule file, with what was not understood in comments.
    pub(super) fn text(&self, left: &[String]) -> String {
        let mut out = format!(
            "{}\n# Read from a section of Markdown by `cache-lint rules-md --import`.\nversion = 1\n",
            crate::policy::TEMPLATE.lines().next().unwrap_or_default()
        );
        if self.whole_table {
            out.push_str("default = false                       # the section lists all classes\n");
        }
        self.keys(&mut out);
        self.ttl(&mut out);
        for class in &self.classes {
            class.text(&mut out);
        }
        if let Some(logs) = self.logs_count {
            let _ = writeln!(out, "\n[metrics]\nlogs = {logs}");
        }
        if !self.seen_to.is_empty() {
            out.push_str("\n# Said as well, and seen to by rules that are on without being told:\n");
            for (what, rule) in &self.seen_to {
                let _ = writeln!(out, "#     {what}: {rule}");
            }
        }
        if !left.is_empty() {
            out.push_str("\n# Not understood:\n");
            for line in left {
                let _ = writeln!(out, "#     {}", line.replace(char::is_control, " "));
            }
        }
        out
    }

    fn keys(&self, out: &mut String) {
        let stated = [self.format.is_some(), self.version.is_some(), self.service.is_some(), self.separator.is_some()];
        if !stated.contains(&true) && self.exceptions.is_empty() {
            return;
        }
        out.push_str("\n[keys]\n");
        text_line(out, "format", self.format.as_deref());
        text_line(out, "separator", self.separator.map(String::from).as_deref());
        text_line(out, "version-segment", self.version.as_deref());
        text_line(out, "service", self.service.as_deref());
        if !self.exceptions.is_empty() {
            out.push_str("exceptions = [\n");
            for (keys, reason) in &self.exceptions {
                let _ = writeln!(out, "    {{ keys = {}, reason = {} }},", quoted(keys), quoted(reason));
            }
            out.push_str("]\n");
        }
    }

    fn ttl(&self, out: &mut String) {
        if self.required.is_none() && self.jitter.is_none() && self.min.is_none() && self.max.is_none() {
            return;
        }
        out.push_str("\n[ttl]\n");
        if let Some(required) = self.required {
            let _ = writeln!(out, "required = {required}");
        }
        text_line(out, "jitter", self.jitter.map(|share| format!("{share}%")).as_deref());
        text_line(out, "min", self.min.map(quantity::show).as_deref());
        text_line(out, "max", self.max.map(quantity::show).as_deref());
    }
}

impl ClassRules {
    fn text(&self, out: &mut String) {
        let bare = self.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let name = if bare { self.name.clone() } else { quoted(&self.name) };
        let _ = writeln!(out, "\n[class.{name}]");
        if !self.keys.is_empty() {
            let keys: Vec<String> = self.keys.iter().map(|key| quoted(key)).collect();
            let remark = if self.guessed { "   # guessed from the name" } else { "" };
            let _ = writeln!(out, "keys = [{}]{remark}", keys.join(", "));
        }
        match (self.least, self.ttl) {
            (Some(least), Some(most)) => {
                let (least, most) = (quantity::show(least), quantity::show(most));
                let _ = writeln!(out, "ttl = {{ min = {}, max = {} }}", quoted(&least), quoted(&most));
            }
            (_, ttl) => text_line(out, "ttl", ttl.map(quantity::show).as_deref()),
        }
        text_line(out, "jitter", self.jitter.map(|share| format!("{share}%")).as_deref());
        text_line(out, "pattern", self.pattern);
        for (name, is_set) in [("store", self.store), ("hot", self.hot)] {
            if is_set {
                let _ = writeln!(out, "{name} = true");
            }
        }
        text_line(out, "reason", self.reason.as_deref());
    }
}

fn text_line(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name} = {}", quoted(value));
    }
}

/// A TOML string. JSON's escapes are among those of TOML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
