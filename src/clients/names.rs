//! Method names that say little by themselves.

/// Method names of Redis clients that also occur in the standard library, in common crates or as ordinary words. A call
/// of one is taken for Redis only when the receiver is known to be a client. Sorted.
const COMMON: &[&str] = &[
    "acquire",
    "acquire_async",
    "acquire_no_guard",
    "append",
    "copy",
    "decr",
    "decr_by",
    "decrby",
    "del",
    "digest",
    "discard",
    "dump",
    "eval",
    "eval_readonly",
    "exec",
    "exists",
    "expire",
    "expire_at",
    "expire_time",
    "expireat",
    "extend",
    "get",
    "get_del",
    "get_int",
    "get_string",
    "getset",
    "incr",
    "incr_by",
    "incrby",
    "key_type",
    "keys",
    "lcs",
    "lcs_len",
    "lock",
    "move_",
    "multi",
    "persist",
    "publish",
    "rename",
    "rename_nx",
    "restore",
    "scan",
    "scan_match",
    "scan_options",
    "scan_page",
    "set",
    "set_multiple",
    "sort",
    "sort_readonly",
    "sort_ro",
    "strlen",
    "subscribe",
    "substr",
    "touch",
    "ttl",
    "type",
    "type_",
    "unlink",
    "unlock",
    "unsubscribe",
    "unwatch",
    "using",
    "watch",
];

/// Whether the name is one of them.
pub(crate) fn is_common(name: &str) -> bool {
    COMMON.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_as_the_search_needs_it() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn names_of_redis_alone_are_distinctive() {
        for name in ["set_ex", "pset_ex", "set_nx", "hset", "hget", "hgetall", "sadd", "zadd", "get_ex", "mset"] {
            assert!(!is_common(name), "{name}");
        }
        for name in ["get", "set", "del", "expire", "exists", "keys", "ttl", "publish", "subscribe", "scan"] {
            assert!(is_common(name), "{name}");
        }
    }
}
