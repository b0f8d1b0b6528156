//! Input that no compiler would take, or only a machine would write: each file gets a diagnostic or is read, none ends
//! the run, and what stands beside it is still linted.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const DEEP: usize = 100_000;

/// A package with one plain fault, and `hostile` beside it. Gives the JSON of `check`.
fn check_beside(hostile: &[(&str, Vec<u8>)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("src")).unwrap();
    fs::write(
        root.join("Cargo.toml"),
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nredis = \"1\"\n\n[workspace]\n",
    )
    .unwrap();
    let mut lib = String::from("pub mod plain;\n");
    for (name, bytes) in hostile {
        fs::write(root.join("src").join(format!("{name}.rs")), bytes).unwrap();
        lib.push_str(&format!("pub mod {name};\n"));
    }
    fs::write(root.join("src/lib.rs"), lib).unwrap();
    let plain = "use redis::Commands;\npub fn wipe(con: &mut redis::Connection) -> redis::RedisResult<()> {\n    \
                 let _: Vec<String> = con.keys(\"*\")?;\n    Ok(())\n}\n";
    fs::write(root.join("src/plain.rs"), plain).unwrap();
    run(root)
}

fn run(root: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
        .args(["check", "--format", "json", "--isolated"])
        .current_dir(root)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules: Vec<&str> = json["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.contains(&"keys-command"), "the file beside is not linted: {rules:?}");
    json
}

/// Which files have a diagnostic of their own.
fn refused(json: &Value) -> Vec<String> {
    let errors = json["errors"].as_array().unwrap();
    errors.iter().filter_map(|error| error["path"].as_str()).map(str::to_owned).collect()
}

fn function(body: &str) -> Vec<u8> {
    format!("pub fn f() {{ let _ = {body}; }}\n").into_bytes()
}

#[test]
fn a_hundred_thousand_levels_are_refused_with_a_diagnostic() {
    let json = check_beside(&[
        ("parens", function(&format!("{}1{}", "(".repeat(DEEP), ")".repeat(DEEP)))),
        ("arrays", function(&format!("{}1{}", "[".repeat(DEEP), "]".repeat(DEEP)))),
        ("unary", function(&format!("{}1", "-".repeat(DEEP)))),
        ("nots", function(&format!("{}true", "!".repeat(DEEP)))),
        ("blocks", function(&format!("{}1{}", "{".repeat(DEEP), "}".repeat(DEEP)))),
        ("generics", format!("pub type T = {}u8{};\n", "Vec<".repeat(DEEP), ">".repeat(DEEP)).into_bytes()),
        ("closures", function(&format!("{}1", "|| ".repeat(DEEP)))),
    ]);
    let refused = refused(&json);
    for name in ["parens", "arrays", "unary", "nots", "blocks", "generics", "closures"] {
        assert!(refused.contains(&format!("src/{name}.rs")), "{name} is not among {refused:?}");
    }
}

#[test]
fn long_flat_chains_are_read_or_refused_but_end_nothing() {
    let json = check_beside(&[
        ("terms", function(&vec!["1"; DEEP].join(" + "))),
        ("methods", function(&format!("x{}", ".a()".repeat(DEEP)))),
        ("tries", function(&format!("x{}", "?".repeat(DEEP)))),
        ("indices", function(&format!("x{}", "[0]".repeat(DEEP)))),
        ("elses", format!("pub fn f(x: u8) {{ if x == 0 {{}} {} }}\n", "else if x == 1 {} ".repeat(DEEP)).into_bytes()),
    ]);
    for error in json["errors"].as_array().unwrap() {
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[test]
fn tables_of_ten_megabytes_are_read() {
    let numbers = format!("pub static T: &[u32] = &[{}];\n", "123456, ".repeat(1_300_000));
    let json = check_beside(&[("table", numbers.into_bytes())]);
    assert_eq!(refused(&json), Vec::<String>::new());
}

#[test]
fn what_is_no_text_or_no_rust_gets_a_diagnostic() {
    let json = check_beside(&[
        ("latin", b"pub const A: &str = \"\xff\xfe\";\n".to_vec()),
        ("unfinished", b"pub fn f() { let x = \n".to_vec()),
        ("unclosed", b"pub const A: &str = \"never ends\n".to_vec()),
        ("zero", b"pub fn f() {}\0\n".to_vec()),
    ]);
    let refused = refused(&json);
    for name in ["latin", "unfinished", "unclosed", "zero"] {
        assert!(refused.contains(&format!("src/{name}.rs")), "{name} is not among {refused:?}");
    }
}

#[test]
fn a_byte_order_mark_and_carriage_returns_do_not_move_a_finding() {
    let text = "\u{feff}use redis::Commands;\r\n/// Länge über alles.\r\npub fn f(c: &mut redis::Connection) -> \
                redis::RedisResult<()> {\r\n    c.flushdb()\r\n}\r\n";
    let json = check_beside(&[("marked", text.as_bytes().to_vec())]);
    let finding = json["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "flush-command").unwrap();
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(4), Some(7)), "{finding}");
    let range: Vec<usize> =
        finding["byte_range"].as_array().unwrap().iter().filter_map(|n| usize::try_from(n.as_u64()?).ok()).collect();
    assert_eq!(&text[range[0]..range[1]], "flushdb");
}

#[cfg(unix)]
#[test]
fn links_that_go_in_circles_end() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("src/inner")).unwrap();
    fs::write(root.join("Cargo.toml"), "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[dependencies]\nredis = \"1\"\n")
        .unwrap();
    let plain = "use redis::Commands;\npub fn k(c: &mut redis::Connection) -> redis::RedisResult<Vec<String>> { c.keys(\"*\") }\n";
    fs::write(root.join("src/lib.rs"), plain).unwrap();
    std::os::unix::fs::symlink(root, root.join("src/inner/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", root.join("src/gone.rs")).unwrap();
    run(root);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("Cargo.toml"), "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[dependencies]\nredis = \"1\"\n")
        .unwrap();
    let plain = "use redis::Commands;\npub fn k(c: &mut redis::Connection) -> redis::RedisResult<Vec<String>> { c.keys(\"*\") }\n";
    fs::write(root.join("src/lib.rs"), plain).unwrap();
    let secret = root.join("src/secret.rs");
    fs::write(&secret, "pub fn f() {}\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let json = run(root);
    // Root reads everything.
    if fs::read(&secret).is_err() {
        assert_eq!(refused(&json), ["src/secret.rs"]);
    }
}

/// Every module brings in all others by glob, as facades and preludes do; each name is asked for in all of them.
#[test]
fn globs_in_circles_are_walked_once() {
    let modules = 40;
    let mut hostile = Vec::new();
    for at in 0..modules {
        let mut text = String::new();
        for other in (0..modules).filter(|other| *other != at) {
            text.push_str(&format!(
                "pub use super::circle{other}::inner{other}::*;\npub use crate::circle{other}::*;\n"
            ));
        }
        // Names that all pass on to each other and nobody has.
        for name in ["Missing", "missing", "Absent"] {
            text.push_str(&format!("pub use crate::circle{}::{name};\n", (at + 7) % modules));
        }
        text.push_str(&format!(
            "pub mod named{at} {{ pub use super::super::circle{}::{{self, *}}; pub use super::Missing; }}\n",
            (at + 3) % modules
        ));
        text.push_str(&format!("pub mod inner{at} {{ pub use super::super::*; pub struct Inner{at}; }}\n"));
        text.push_str(&format!(
            "pub fn call(_: NoSuchType, _: Missing, _: Absent, _: Inner{}) {{ no_such_function(nothing); }}\n",
            modules - 1 - at
        ));
        hostile.push((format!("circle{at}"), text.into_bytes()));
    }
    let hostile: Vec<(&str, Vec<u8>)> = hostile.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let json = check_beside(&hostile);
    assert!(refused(&json).is_empty(), "{:?}", refused(&json));
}

#[test]
fn what_is_defined_by_itself_is_unknown() {
    let circles: &[(&str, &str)] = &[
        (
            "associated",
            "struct A; struct B;\n\
             impl Visitor for A { type Value = <Self as serde::Visitor>::Value; fn get(&self) -> Self::Value { todo!() } }\n\
             impl Access for A { type Value = <B as Visitor>::Value; }\n\
             impl Visitor for B { type Value = <A as Visitor>::Value; fn get(&self) -> <A as Visitor>::Value { todo!() } }\n\
             impl Other for B { type Value = <A as Access>::Value; }\n\
             impl Iterator for A { type Item = <Self as Iterator>::Item; }\n\
             impl<I: Iterator<Item = <Self as Deep>::Item>> Deep for B { type Item = I::Item; }\n",
        ),
        ("alias", "type A = B; type B = Vec<A>; type C<T> = C<Option<T>>; pub fn f(a: A, c: C<A>) -> A { a.get(c) }\n"),
        ("bound", "trait A: B {} trait B: A {} pub fn f<T: A>(t: T) -> impl B { t.get(1) }\n"),
        (
            "deref",
            "use std::ops::Deref; struct A(B); struct B(Box<A>);\n\
             impl Deref for A { type Target = B; fn deref(&self) -> &B { &self.0 } }\n\
             impl Deref for B { type Target = A; fn deref(&self) -> &A { &self.0 } }\n\
             pub fn f(a: A) { a.get(\"x\"); a.0.set(\"x\", 1); }\n",
        ),
        (
            "field",
            "pub struct A { a: Box<A>, b: Option<B> } pub struct B { a: Vec<A> } pub fn f(a: A) { a.a.a.b.unwrap().get(1); }\n",
        ),
        ("constant", "const A: u64 = B; const B: u64 = A + 1; static S: &str = S; pub fn f() -> u64 { A + B }\n"),
        (
            "call",
            "use redis::Commands; pub fn a(c: &mut redis::Connection, n: u64) { b(c, n + 1) } pub fn b(c: &mut redis::Connection, n: u64) { let _: () = c.set_ex(format!(\"a:{n}\"), 1, n).unwrap(); a(c, n * 2); a(c, n + 3) }\n",
        ),
        ("import", "pub use self::b::X; pub mod b { pub use super::X; } pub fn f() { X.get(1); X::get(2) }\n"),
        (
            "macros",
            "macro_rules! a { ($x:expr) => { b!($x + 1) } } macro_rules! b { ($x:expr) => { a!($x + 1) } } pub fn f() { a!(1); }\n",
        ),
    ];
    let hostile: Vec<(&str, Vec<u8>)> = circles.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect();
    let json = check_beside(&hostile);
    assert!(refused(&json).is_empty(), "{:?}", refused(&json));
}
