//! Lua scripts: which commands they call.

use std::sync::LazyLock;

use regex::Regex;

use super::operation::{Ttl, TtlKind};

/// `redis.call('SET', …)`, `redis.pcall("get", …)`, `server.call('DEL', …)`.
static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:redis|server)\s*\.\s*p?call\s*\(\s*(?:'([A-Za-z.]+)'|"([A-Za-z.]+)")"#).ok());

/// The commands that a script calls, in capitals, in order of appearance; comments left out.
pub(super) fn commands(text: &str) -> Vec<String> {
    let Some(call) = CALL.as_ref() else { return Vec::new() };
    let code: String = text.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    call.captures_iter(&code)
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|name| name.as_str().to_ascii_uppercase())
        .collect()
}

/// `'EX'` and its kin as an argument of SET.
static EXPIRY_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?i)['"](?:EX|PX|EXAT|PXAT)['"]"#).ok());

static KEEPS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?i)['"]KEEPTTL['"]"#).ok());

/// Whether a script gives a TTL to what it writes: dynamic if it does, kept if each of its SETs keeps the one that is
/// there, not applicable if it writes nothing, else none.
pub(super) fn ttl(text: &str, commands: &[String]) -> Ttl {
    let expires = commands.iter().any(|name| {
        matches!(name.as_str(), "EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT" | "SETEX" | "PSETEX" | "GETEX")
    }) || EXPIRY_WORD.as_ref().is_some_and(|word| word.is_match(text));
    let writes = commands.iter().any(|name| {
        name.starts_with("SET")
            || name.starts_with("INCR")
            || name.starts_with("HSET")
            || name.ends_with("PUSH")
            || name.ends_with("ADD")
    });
    let kept = KEEPS.as_ref().map_or(0, |word| word.find_iter(text).count());
    let keeps = kept > 0 && kept >= commands.iter().filter(|name| *name == "SET").count();
    Ttl::of(match (expires, writes) {
        (true, _) => TtlKind::Dynamic,
        (false, true) if keeps => TtlKind::Keep,
        (false, true) => TtlKind::None,
        (false, false) => TtlKind::NotApplicable,
    })
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn calls_are_found_in_both_quotes_and_comments_are_not() {
        let lua =
            "-- redis.call('FLUSHALL')\nlocal n = redis.call(\"incr\", KEYS[1])\nredis.pcall( 'EXPIRE', KEYS[1], 60)";
        assert_eq!(commands(lua), ["INCR", "EXPIRE"]);
    }
}
