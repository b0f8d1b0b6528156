//! A package on redis-rs in a git repository, with the tool run in it. For tests that look at what it prints; those that
//! do as a team does take `tests/repository`.
#![allow(dead_code, reason = "every test uses what it needs")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const MANIFEST: &str =
    "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nredis = \"1\"\n";

/// A function that writes a key of this name without TTL.
pub(crate) fn put(name: &str) -> String {
    format!(
        "pub fn put_{name}(con: &mut redis::Connection, id: u64) -> redis::RedisResult<()> {{\n    \
         redis::Commands::set(con, format!(\"shop:{name}:{{id}}\"), 1)\n}}\n"
    )
}

pub(crate) struct Project(tempfile::TempDir);

impl Project {
    /// With this as `src/lib.rs`, and one commit.
    pub(crate) fn new(source: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.git("init --quiet --initial-branch=main");
        project.write("Cargo.toml", MANIFEST);
        project.write("src/lib.rs", source);
        project.git("add --all");
        project.git("commit --quiet --message=x");
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Git, with the settings that a commit needs.
    pub(crate) fn git_command(&self) -> Command {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false"];
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(identity);
        command
    }

    pub(crate) fn git(&self, args: &str) {
        let output = self.git_command().args(args.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs the tool: exit code, standard output, standard error.
    pub(crate) fn run(&self, folder: &str, args: &str) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_cache-lint"))
            .current_dir(self.path().join(folder))
            .args(args.split_whitespace())
            .env("NO_COLOR", "1")
            .env("CACHE_LINT_FORMAT", "graphical")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    pub(crate) fn json(&self, folder: &str, args: &str) -> Value {
        let (_, out, err) = self.run(folder, &format!("{args} --format json"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
    }
}
