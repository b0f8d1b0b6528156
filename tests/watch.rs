//! `--watch` with a real process on a temporary tree.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const MANIFEST: &str =
    "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nredis = \"1\"\n";
/// Long enough for the slowest machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

fn put(name: &str) -> String {
    format!(
        "pub fn put_{name}(con: &mut redis::Connection, id: u64) -> redis::RedisResult<()> {{\n    \
         redis::Commands::set(con, format!(\"shop:{name}:{{id}}\"), 1)\n}}\n"
    )
}

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(tree: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
            .current_dir(tree)
            .args(["check", "--watch", "--only", "missing-ttl,parse-error", "--format", "concise"])
            .args(args)
            .env("CACHE_LINT_CACHE_DIR", tree.join(".cache"))
            .env("NO_COLOR", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        for stream in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    // The test may have ended.
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// The lines of the next run, sorted: two streams have no order.
    fn run(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error} after {lines:?}"));
            if line.starts_with("watching for changes") {
                // What the other stream still holds.
                while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(200)) {
                    lines.push(line);
                }
                lines.sort();
                return lines;
            }
            lines.push(line);
        }
    }

    fn is_quiet(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(1500)).is_err()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has(lines: &[String], part: &str) -> bool {
    lines.iter().any(|line| line.contains(part))
}

#[test]
fn a_change_is_followed_by_a_run() {
    let tree = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", MANIFEST);
    write("src/lib.rs", &put("user"));
    write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    for cache in [&["--no-cache"][..], &[][..]] {
        let watching = Watching::start(tree.path(), cache);
        let first = watching.run();
        assert!(has(&first, "shop:user:") && !has(&first, "shop:order:"), "{first:?}");
        // Builds, notes and the cache set nothing off.
        write("target/debug/out.rs", "fn f() {}");
        write("notes.txt", "x");
        assert!(watching.is_quiet());
        write("src/lib.rs", &(put("user") + &put("order")));
        let second = watching.run();
        assert!(has(&second, "shop:order:"), "{second:?}");
        // A folder that was not there before.
        write("src/more/deep.rs", &put("cart"));
        write("src/lib.rs", &(String::from("mod more { mod deep; }\n") + &put("user")));
        let mut third = watching.run();
        if !has(&third, "shop:cart:") || has(&third, "shop:order:") {
            third = watching.run();
        }
        assert!(has(&third, "shop:cart:") && !has(&third, "shop:order:"), "{third:?}");
        // A mistake ends nothing.
        write("cache-lint.toml", "versoin = 1\n");
        let broken = watching.run();
        assert!(has(&broken, "unknown key `versoin`"), "{broken:?}");
        write("cache-lint.toml", "version = 1\n[levels]\nmissing-ttl = \"off\"\n");
        let mended = watching.run();
        assert!(!has(&mended, "[missing-ttl]") && has(&mended, "no findings"), "{mended:?}");
        fs::remove_file(tree.path().join("cache-lint.toml")).unwrap();
        let last = watching.run();
        assert!(has(&last, "shop:user:"), "{last:?}");
        fs::remove_dir_all(tree.path().join("src/more")).unwrap();
        drop(watching);
        write("src/lib.rs", &put("user"));
    }
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    for args in [&["--staged"][..], &["--fix"], &["-"]] {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_cache-lint"));
        let output =
            tool.current_dir(tree.path()).args(["check", "-w"]).args(args).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
