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
