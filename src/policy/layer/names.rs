//! The keys that each table of a rule file knows.

pub(in crate::policy) const TOP: &[&str] = &[
    "version",
    "extends",
    "baseline",
    "default",
    "keys",
    "ttl",
    "class",
    "levels",
    "exceptions",
    "loads",
    "guards",
    "channels",
    "secrets",
    "metrics",
    "suppressions",
    "paths",
    "undetermined",
    "client",
    "store",
    "values",
];
pub(in crate::policy) const KEYS: &[&str] =
    &["format", "separator", "version-segment", "service", "exceptions", "extend-exceptions"];
pub(in crate::policy) const KEY_EXCEPTION: &[&str] = &["keys", "reason"];
pub(in crate::policy) const TTL: &[&str] = &["required", "jitter", "min", "max"];
pub(in crate::policy) const CLASS: &[&str] = &[
    "keys",
    "extend-keys",
    "tables",
    "extend-tables",
    "ttl",
    "jitter",
    "pattern",
    "store",
    "hot",
    "only-patterns",
    "reason",
];
pub(in crate::policy) const CLASS_TTL: &[&str] = &["min", "max"];
pub(in crate::policy) const EXCEPTION: &[&str] = &["rule", "rules", "keys", "paths", "functions", "reason", "until"];
pub(in crate::policy) const LOADS: &[&str] = &["cheap", "extend-cheap"];
pub(in crate::policy) const GUARDS: &[&str] = &["functions", "extend-functions"];
pub(in crate::policy) const CHANNELS: &[&str] = &["external", "extend-external"];
pub(in crate::policy) const SECRETS: &[&str] = &["types", "extend-types", "fields", "extend-fields", "max-ttl"];
pub(in crate::policy) const METRICS: &[&str] = &["logs"];
pub(in crate::policy) const SUPPRESSIONS: &[&str] = &["require-until"];
pub(in crate::policy) const PATHS: &[&str] = &["exclude", "extend-exclude", "tests"];
pub(in crate::policy) const UNDETERMINED: &[&str] = &["report"];
