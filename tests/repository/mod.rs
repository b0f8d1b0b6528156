//! A git repository in a temporary folder, with the tool run in it as its users would.
#![allow(dead_code, reason = "every test uses what it needs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

/// What a command has said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything, for messages.
    pub(crate) fn all(&self) -> String {
        format!("exit code {:?}\n{}{}", self.code, self.stdout, self.stderr)
    }
}

impl Repository {
    /// Empty, with no commit.
    pub(crate) fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["config", "user.email", "team@example.com"]);
        repository.git(&["config", "user.name", "Team"]);
        repository.git(&["config", "commit.gpgsign", "false"]);
        repository.git(&["config", "core.autocrlf", "false"]);
        repository
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Replaces text that is there once.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}");
        self.write(path, &text.replace(from, to));
    }

    /// Copies a file or folder of this repository's sources.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
        if from.is_file() {
            return self.write(to, &std::fs::read_to_string(from).unwrap());
        }
        for entry in walkdir::WalkDir::new(&from).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
            let path = Path::new(to).join(entry.path().strip_prefix(&from).unwrap());
            self.write(path.to_str().unwrap(), &std::fs::read_to_string(entry.path()).unwrap());
        }
    }

    pub(crate) fn git(&self, args: &[&str]) -> Said {
        let said = Said::of(self.command("git").args(args).output().unwrap());
        assert_eq!(said.code, Some(0), "git {args:?}: {}", said.all());
        said
    }

    /// Stages everything and commits it past all hooks.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--no-verify", "--message", "a step"]);
    }

    /// Runs the tool.
    pub(crate) fn lint(&self, args: &[&str]) -> Said {
        self.lint_with(args, "")
    }

    /// Runs the tool on a text from standard input.
    pub(crate) fn lint_with(&self, args: &[&str], stdin: &str) -> Said {
        use std::io::Write as _;
        let mut child = self
            .command(env!("CARGO_BIN_EXE_cache-lint"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A tool that reads nothing may have closed it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        Said::of(child.wait_with_output().unwrap())
    }

    /// A command in the root, without what the test's own surroundings would tell it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env("NO_COLOR", "1").env("XDG_CACHE_HOME", self.root().join(".git/caches"));
        let unset = ["CLAUDE_PROJECT_DIR", "CLAUDECODE", "GITHUB_ACTIONS", "CACHE_LINT_CONFIG", "CACHE_LINT_FORMAT"];
        for name in unset.into_iter().chain(["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"]) {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command
    }
}
