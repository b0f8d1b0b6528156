//! The cache on disk changes how long a run takes, never what it finds.
#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str =
    "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nredis = \"1\"\n";

fn put(name: &str) -> String {
    format!(
        "pub fn put_{name}(con: &mut redis::Connection, id: u64) -> redis::RedisResult<()> {{\n    \
         redis::Commands::set(con, format!(\"shop:{name}:{{id}}\"), 1)\n}}\n"
    )
}

/// A project, and a cache of its own.
struct Project {
    tree: tempfile::TempDir,
    cache: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { tree: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() };
        project.write("Cargo.toml", MANIFEST);
        project.write("src/lib.rs", &(String::from("mod more;\n") + &put("user")));
        project.write("src/more.rs", &put("order"));
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.tree.path().join(path)).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.cache.path().join("entries")
    }

    /// Standard output, and whether it is the result of an earlier run.
    fn run(&self, args: &str) -> (String, bool) {
        let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
            .current_dir(self.tree.path())
            .args(["check", "--verbose", "--format", "json"])
            .args(args.split_whitespace())
            .env("CACHE_LINT_CACHE_DIR", self.folder())
            .env("SOURCE_DATE_EPOCH", "1781481600")
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code().unwrap() < 2, "{err}");
        (String::from_utf8(output.stdout).unwrap(), err.contains("nothing has changed since an earlier run"))
    }

    /// The result with the cache is that without; whether it came out of it.
    #[track_caller]
    fn hits(&self, args: &str) -> bool {
        let (cached, hit) = self.run(args);
        let (plain, _) = self.run(&format!("--no-cache {args}"));
        assert_eq!(cached, plain);
        hit
    }

    fn entries(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.folder()).into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut entries: Vec<PathBuf> = listed.filter(|path| path.extension().is_some_and(|e| e == "entry")).collect();
        entries.sort();
        entries
    }
}

#[test]
fn a_run_is_repeated_until_something_changes() {
    let project = Project::new();
    assert!(!project.hits(""));
    assert!(project.hits(""));
    // What is not part of the run does not matter, nor does a file that is written again as it was.
    project.write("README.md", "x");
    project.write("src/more.rs", &put("order"));
    assert!(project.hits(""));
    // Contents, new files and folders, manifests, rule files, ignore files, and the reverse of all that.
    type Step = (&'static str, Option<&'static str>);
    let changes: [&[Step]; 8] = [
        &[("src/more.rs", Some("\npub fn nothing() {}\n"))],
        &[("src/lib.rs", Some("mod more;\nmod third;\n")), ("src/third.rs", Some("// empty\n"))],
        &[("other/Cargo.toml", Some(MANIFEST)), ("other/src/lib.rs", Some("pub fn other() {}\n"))],
        &[("Cargo.toml", Some("[package]\nname = \"shop\"\n"))],
        &[("cache-lint.toml", Some("version = 1\n[levels]\nmissing-ttl = \"off\"\n"))],
        &[(".gitignore", Some("other/\n"))],
        &[("src/more.rs", None)],
        &[(".gitignore", None)],
    ];
    for steps in changes {
        for (path, text) in steps {
            match text {
                Some(text) => project.write(path, text),
                None => project.remove(path),
            }
        }
        assert!(!project.hits(""), "{steps:?}");
        assert!(project.hits(""), "{steps:?}");
    }
}

#[test]
fn options_and_days_have_results_of_their_own() {
    let project = Project::new();
    for args in
        ["", "--only missing-ttl", "--skip missing-ttl", "-W missing-ttl", "--no-ignores", "--tests", "src/more.rs"]
    {
        assert!(!project.hits(args), "{args}");
        assert!(project.hits(args), "{args}");
    }
    // How it is shown is no part of what is found.
    assert!(project.hits("--min-severity error --statistics"));
    assert!(!project.run("--no-cache").1);
}

#[test]
fn a_file_that_code_includes_is_part_of_the_run() {
    let project = Project::new();
    let source = "pub fn run(con: &mut redis::Connection) -> redis::RedisResult<()> {\n    \
                  redis::Script::new(include_str!(\"put.lua\")).key(\"shop:user:1\").invoke(con)\n}\n";
    project.write("src/lib.rs", source);
    assert!(!project.hits(""));
    project.write("src/put.lua", "redis.call('SET', KEYS[1], 1)");
    assert!(!project.hits(""));
    assert!(project.hits(""));
    project.write("src/put.lua", "redis.call('SET', KEYS[1], 1, 'EX', 9)");
    assert!(!project.hits(""));
}

/// What happens to an entry, of which this is the path and these are the bytes.
type Damage = Box<dyn Fn(&Path, &[u8])>;

/// Cut, flipped, emptied, swapped, of another program: every kind of damage costs time and nothing else.
#[test]
fn a_damaged_cache_changes_no_finding() {
    let project = Project::new();
    let (whole, _) = project.run("");
    project.run("--only missing-ttl");
    let entries = project.entries();
    assert!(entries.len() >= 3, "{entries:?}");
    let texts: Vec<Vec<u8>> = entries.iter().map(|path| fs::read(path).unwrap()).collect();
    let restore = || entries.iter().zip(&texts).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    let mut damages: Vec<Damage> = vec![
        Box::new(|path, _| fs::write(path, b"").unwrap()),
        Box::new(|path, _| fs::write(path, b"not ours").unwrap()),
        Box::new(|path, bytes| fs::write(path, &bytes[..bytes.len() / 2]).unwrap()),
        Box::new(|path, bytes| fs::write(path, [bytes, b"more"].concat()).unwrap()),
        Box::new(|path, bytes| fs::write(path, vec![0; bytes.len()]).unwrap()),
    ];
    for at in [0, 7, 8, 39, 40, 41, 60] {
        damages.push(Box::new(move |path, bytes| {
            let mut bytes = bytes.to_vec();
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= 0x40;
            fs::write(path, bytes).unwrap();
        }));
    }
    for damage in &damages {
        entries.iter().zip(&texts).for_each(|(path, bytes)| damage(path, bytes));
        assert_eq!(project.run("").0, whole);
        restore();
    }
    // Each under the name of the next.
    entries.iter().cycle().skip(1).zip(&texts).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    assert_eq!(project.run("").0, whole);
    // A folder in place of an entry, and one that cannot be written to.
    restore();
    fs::remove_dir_all(project.folder()).unwrap();
    fs::write(project.folder(), "a file").unwrap();
    assert_eq!(project.run("").0, whole);
}

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let project = Project::new();
    let (whole, _) = project.run("--no-cache");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..4).for_each(|_| assert_eq!(project.run("").0, whole)));
        }
    });
    assert!(project.hits(""));
    let left = fs::read_dir(project.folder()).unwrap().flatten();
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("new-")));
}

#[test]
fn clean_removes_what_is_ours() {
    let project = Project::new();
    project.run("");
    fs::write(project.folder().join("mine.txt"), "x").unwrap();
    let clean = |args: &[&str]| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_cache-lint"));
        let output = tool.arg("clean").args(args).arg("--cache-dir").arg(project.folder()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(clean(&[]).starts_with("removed 2 entries from `"));
    assert_eq!(fs::read_dir(project.folder()).unwrap().count(), 1);
    fs::remove_file(project.folder().join("mine.txt")).unwrap();
    project.run("");
    clean(&[]);
    assert!(!project.folder().exists());
    assert!(clean(&[]).starts_with("removed 0 entries"));
}
