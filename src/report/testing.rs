//! One shared run for the tests of all formats: made by hand, with everything that is hard to show.

use std::path::PathBuf;
use std::sync::Arc;

use crate::finding::{Confidence, Edit, FileId, Finding, Fix, Label, Level, Place, Safety};
use crate::inventory::{
    CollectionUse, Condition, Effect, Encoding, Inventory, KeyUse, OpId, Operation, Purpose, RunsOn, Ttl, TtlKind,
    ValueUse, Via, WrapperUse,
};
use crate::policy::{Policy, PolicySource};
use crate::run::{Analysis, Extent, Judged};
use crate::source::{Content, Package, PackageId, SourceError, SourceFile, Workspace};
use crate::suppress::Suppression;
use crate::template::{Hole, Template};
use crate::text::{LineIndex, Span};

pub(crate) const CACHE: &str = "use redis::AsyncCommands;\n\npub async fn put(con: &mut Con, user: &User) -> Result<()> {\n\tlet key = format!(\"用户:profile:{}\", user.id);\n\tcon.set(&key, serde_json::to_string(user)?).await?;\n\tcon.incr(\"hits\", 1).await\n}\n";
pub(crate) const READ: &str = "pub async fn profile(con: &mut Con, id: i64) -> Option<User> {\n    let found = con.get(format!(\"用户:profile:{id}\")).await;\n    found\n}\n";
pub(crate) const RULES: &str = "version = 1\n\n[class.profile]\nkeys = [\"*:profile:**\"]\nttl = \"15m\"\n";

/// The place of the `nth` (from 0) `needle` in a file.
pub(crate) fn at(file: u32, text: &str, needle: &str, nth: usize) -> Place {
    let (start, _) = text.match_indices(needle).nth(nth).unwrap();
    Place { file: FileId(file), span: Span::new(start, start + needle.len()) }
}

fn file(id: u32, path: &str, package: u32, text: Option<&str>) -> SourceFile {
    SourceFile {
        id: FileId(id),
        path: path.to_owned(),
        absolute: PathBuf::from("/shop").join(path),
        package: PackageId(package),
        test: false,
        selected: true,
        content: text.map(|text| Content { text: Arc::from(text), lines: Arc::new(LineIndex::new(text)) }),
    }
}

fn package(id: u32, name: &str) -> Package {
    Package {
        id: PackageId(id),
        name: name.to_owned(),
        lib_name: name.to_owned(),
        version: None,
        manifest: PathBuf::from("/shop/Cargo.toml"),
        root: PathBuf::from("/shop"),
        edition: 2024,
        dependencies: Vec::new(),
        targets: Vec::new(),
        relevant: true,
        open: false,
        supplies: false,
    }
}

fn operation(id: u32, place: Place, function: &str, command: &str, effect: Effect, key: Option<Template>) -> Operation {
    Operation {
        id: OpId(id),
        place,
        call: place.span,
        function: function.to_owned(),
        client: "redis".to_owned(),
        command: command.to_owned(),
        alternative: None,
        effect,
        via: Via::Method,
        keys: vec![KeyUse {
            template: key,
            span: None,
            written: "&key".to_owned(),
            spelled: None,
            many: false,
            lost: Default::default(),
        }],
        ttl: Ttl::not_applicable(),
        value: ValueUse::default(),
        condition: Condition::Always,
        purpose: Purpose::Cache,
        confidence: Confidence::Certain,
        test: false,
        batch: None,
        wrapper: None,
        forwards_key: false,
        forwards_ttl: false,
        sent: true,
        receiver: "con".to_owned(),
        spelled: command.to_lowercase(),
        script_commands: Vec::new(),
        unresolved: Vec::new(),
        blocking: false,
        runs_on: RunsOn::Task,
        awaited: true,
        cluster: false,
        after_commit: false,
        collection: CollectionUse::default(),
    }
}

fn profile(hole: &str) -> Template {
    let mut key = Template::text("用户:profile:");
    key.push_hole(Hole::named(hole));
    key
}

/// The run: two packages, five files of which one does not parse and one was not read, six operations.
pub(crate) fn analysis() -> Analysis {
    let broken = "fn broken( {";
    let minified = format!("const A: &str = \"{}\"; fn f() {{ con.keys(\"*\") }}", "x".repeat(600));
    let workspace = Workspace {
        packages: vec![package(0, "shop"), package(1, "shop_cache")],
        files: vec![
            file(0, "cache/src/lib.rs", 1, Some(CACHE)),
            file(1, "src/broken.rs", 0, Some(broken)),
            file(2, "src/generated.rs", 0, Some(&minified)),
            file(3, "src/profile.rs", 0, Some(READ)),
            file(4, "tests/all.rs", 0, None),
        ],
        errors: vec![
            SourceError {
                path: "src/broken.rs".to_owned(),
                file: Some(FileId(1)),
                offset: Some(11),
                message: "parse error: expected a pattern".to_owned(),
            },
            SourceError {
                path: "vendor".to_owned(),
                file: None,
                offset: None,
                message: "could not be read (permission denied); it is left out".to_owned(),
            },
        ],
    };
    let set = Operation {
        ttl: Ttl::of(TtlKind::None),
        value: ValueUse { ty: Some("User".to_owned()), encoding: Encoding::Json, ..ValueUse::default() },
        ..operation(0, at(0, CACHE, "set", 0), "shop_cache::put", "SET", Effect::Write, Some(profile("user.id")))
    };
    let incr = Operation {
        ttl: Ttl::of(TtlKind::Undetermined),
        purpose: Purpose::Counter,
        ..operation(
            1,
            at(0, CACHE, "incr", 0),
            "shop_cache::put",
            "INCR",
            Effect::Counter,
            Some(Template::text("hits")),
        )
    };
    let keys = Operation {
        purpose: Purpose::Unknown,
        ..operation(2, at(2, &minified, "keys", 0), "shop::f", "KEYS", Effect::Scan, Some(Template::text("*")))
    };
    let get = operation(3, at(3, READ, "get", 0), "shop::profile", "GET", Effect::Read, Some(profile("id")));
    let wrapper =
        WrapperUse { function: "shop_cache::Cache::put".to_owned(), definition: OpId(0), other_package: true };
    let call = Operation {
        via: Via::Wrapper,
        wrapper: Some(wrapper),
        ttl: Ttl::of(TtlKind::Constant(900_000)),
        value: ValueUse { ty: Some("User".to_owned()), ..ValueUse::default() },
        ..operation(4, at(3, READ, "found", 0), "shop::profile", "SETEX", Effect::Write, Some(profile("id")))
    };
    let del = Operation {
        confidence: Confidence::Likely,
        ..operation(5, at(3, READ, "found", 1), "shop::profile", "DEL", Effect::Delete, None)
    };
    let inventory =
        Inventory { operations: vec![set, incr, keys, get, call, del], functions: Vec::new(), ..Inventory::default() };
    let mut policy = Policy::default();
    let rules = PolicySource {
        file: FileId(u32::MAX - 1),
        path: "cache-lint.toml".to_owned(),
        text: RULES.to_owned(),
        embedded: false,
    };
    policy.sources.insert(0, rules);
    Analysis {
        workspace,
        inventory,
        locks: Vec::new(),
        policy,
        catalogue: crate::clients::Catalogue::default(),
        directives: Vec::new(),
        cwd: PathBuf::from("/shop"),
        tests: false,
        extent: Extent::default(),
    }
    .measured()
}

/// Nothing, just behind a place.
fn after(place: Place) -> Place {
    Place { span: Span { start: place.span.end, end: place.span.end }, ..place }
}

fn judged(finding: Finding, suppression: Option<Suppression>) -> Judged {
    let fingerprint = format!("{:032x}", finding.primary.span.start);
    Judged { finding, suppression, fingerprint, baseline: None, outside: false }
}

fn base(rule: &'static str, level: Level, primary: Place, message: &str) -> Finding {
    Finding {
        rule,
        level,
        confidence: Confidence::Certain,
        message: message.to_owned(),
        help: "mend it".to_owned(),
        primary,
        primary_label: String::new(),
        function: String::new(),
        labels: Vec::new(),
        flow: Vec::new(),
        discriminator: "x".to_owned(),
        fix: None,
    }
}

/// The findings: labels in the same file, another file and the rule file; tabs and wide characters; a long line; one that
/// is suppressed, one that is undetermined; a safe fix of several edits, an unsafe one that changes another file; steps.
pub(crate) fn findings() -> Vec<Judged> {
    let label = |place, message: &str| Label { place, message: message.to_owned() };
    let missing = Finding {
        help: "pass a TTL of at most 15 minutes: `con.set_ex(&key, value, 900)`".to_owned(),
        primary_label: "never expires".to_owned(),
        function: "shop_cache::put".to_owned(),
        labels: vec![
            label(at(0, CACHE, "\"用户:profile:{}\"", 0), "the key is made here"),
            label(at(3, READ, "get", 0), "read here"),
            label(at(u32::MAX - 1, RULES, "ttl = \"15m\"", 0), "class `profile` allows 15 minutes"),
        ],
        fix: Some(Fix {
            safety: Safety::Safe,
            message: "pass the TTL of class `profile`".to_owned(),
            edits: vec![
                Edit { place: at(0, CACHE, "set", 0), text: "set_ex".to_owned() },
                Edit { place: after(at(0, CACHE, "(user)?", 0)), text: ", 900".to_owned() },
            ],
        }),
        ..base(
            "missing-ttl",
            Level::Error,
            at(0, CACHE, "set", 0),
            "`SET 用户:profile:{user.id}` stores `User` without a TTL",
        )
    };
    let counter = Finding {
        confidence: Confidence::Undetermined,
        primary_label: "may never expire".to_owned(),
        ..base(
            "counter-without-ttl",
            Level::Warning,
            at(0, CACHE, "incr", 0),
            "the TTL of `hits` could not be resolved",
        )
    };
    let parse = Finding {
        primary_label: "reading ended here".to_owned(),
        ..base(
            "parse-error",
            Level::Warning,
            Place { file: FileId(1), span: Span::new(11, 12) },
            "this file was not checked: expected a pattern",
        )
    };
    let analysis = analysis();
    let keys = Finding {
        primary_label: "blocks the server".to_owned(),
        fix: Some(Fix {
            safety: Safety::Unsafe,
            message: "read the keys from an index".to_owned(),
            edits: vec![
                Edit { place: analysis.inventory.operations[2].place, text: "smembers".to_owned() },
                Edit { place: at(3, READ, "found", 1), text: "index".to_owned() },
            ],
        }),
        ..base("keys-command", Level::Error, analysis.inventory.operations[2].place, "`KEYS` walks the whole keyspace")
    };
    let format = base("key-format", Level::Note, at(3, READ, "get", 0), "`用户:profile:{id}` has no version");
    let steps = [
        label(at(3, READ, "get", 0), "read here, and missed"),
        label(at(0, CACHE, "to_string", 0), "loaded here"),
        label(at(0, CACHE, "set", 0), "stored here"),
    ];
    let stampede = Finding {
        function: "shop::profile".to_owned(),
        labels: steps[1..].to_vec(),
        flow: steps.to_vec(),
        ..base(
            "stampede-prone-miss",
            Level::Warning,
            at(3, READ, "get", 0),
            "every caller that misses `用户:profile:{id}` runs `User::[load](db)`",
        )
    };
    let unused = Finding {
        primary_label: "matches nothing".to_owned(),
        ..base(
            "unused-policy-entry",
            Level::Warning,
            at(u32::MAX - 1, RULES, "[class.profile]", 0),
            "class `profile` matches no key of the code",
        )
    };
    let comment =
        Suppression { reason: "read by the old service".to_owned(), place: Some(at(3, READ, "pub async", 0)) };
    vec![
        judged(missing, None),
        judged(counter, None),
        judged(parse, None),
        judged(keys, None),
        judged(format, Some(comment)),
        judged(stampede, None),
        judged(unused, None),
    ]
}
