//! The rule file as a whole.

mod declared;
mod discovery;
mod judging;
mod layers;
mod mistakes;

use super::{Policy, PolicyError, Vocabulary};
use crate::template::{Hole, Template};

const VOCABULARY: Vocabulary<'static> = Vocabulary {
    rules: &["missing-ttl", "key-format", "unversioned-key", "stampede-prone-miss"],
    categories: &["policy", "correctness"],
};

/// A rule file that has no mistakes.
fn policy(text: &str) -> Policy {
    Policy::parse("cache-lint.toml", text, &VOCABULARY).unwrap_or_else(|errors| panic!("{}", shown(&errors)))
}

/// The mistakes of a rule file, as [`shown`].
fn mistakes(text: &str) -> String {
    shown(&Policy::parse("cache-lint.toml", text, &VOCABULARY).err().unwrap_or_default())
}

/// One line for each mistake: place, the text there, message and help.
fn shown(errors: &[PolicyError]) -> String {
    let mut out = String::new();
    for error in errors {
        match (error.span, error.position()) {
            (Some(span), Some(at)) => {
                let text = span.of(&error.text).lines().next().unwrap_or_default();
                out.push_str(&format!("{}:{}:{} `{text}`\n", error.path, at.line, at.column));
            }
            _ => out.push_str(&format!("{}\n", error.path)),
        }
        out.push_str(&format!("    {}\n", error.message));
        if let Some(help) = &error.help {
            out.push_str(&format!("    → {help}\n"));
        }
    }
    out
}

/// `user:<id>` as a template.
fn template(text: &str) -> Template {
    let mut out = Template::default();
    for (at, part) in text.split(['<', '>']).enumerate() {
        if at % 2 == 0 { out.push_text(part) } else { out.push_hole(Hole::named(part)) }
    }
    out
}

/// The name of the class of a key.
fn class<'p>(policy: &'p Policy, key: &str) -> &'p str {
    policy.class_of(&template(key)).map_or("", |class| &class.name)
}

/// The rows of `cache-lint config` whose key begins with `front`.
fn values(policy: &Policy, front: &str) -> Vec<String> {
    let rows = policy.values().into_iter().filter(|(key, ..)| key.starts_with(front));
    rows.map(|(key, value, origin)| format!("{key} = {value} # {origin}")).collect()
}
