//! Runs git.

#[cfg(unix)]
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Why git could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// The program is missing.
    #[error("git cannot be run: {0}")]
    Program(String),
    /// There is no repository, or none with a work tree.
    #[error("there is no git repository around `{folder}`{}", if said.is_empty() { String::new() } else { format!(" ({said})") })]
    NoRepository {
        /// The folder.
        folder: String,
        /// What git says, where it is something else.
        said: String,
    },
    /// No commit has this name.
    #[error("git knows no commit `{0}`")]
    UnknownCommit(String),
    /// Nothing is committed yet.
    #[error("nothing is committed yet, so there is nothing since `{0}`")]
    NoCommits(String),
    /// Two histories.
    #[error("`{0}` and the last commit have no common ancestor")]
    NoCommonAncestor(String),
    /// A merge is under way.
    #[error("the index holds conflicts that are not resolved")]
    Unmerged,
    /// Anything else.
    #[error("`git {command}` failed: {said}")]
    Failed {
        /// The sub-command.
        command: String,
        /// What git says.
        said: String,
    },
    /// The copy of the index could not be made.
    #[error("the staged files could not be written to a temporary folder: {0}")]
    Copy(String),
}

/// A repository with a work tree.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    seen_by: SeenBy,
}

/// Whose repository it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeenBy {
    /// A person's, or a hook's: what git tells its hooks (their index, above all) holds.
    Hook,
    /// The one around the folder, whatever git tells its hooks of another one.
    Folder,
}

impl Repository {
    /// The repository around a folder.
    ///
    /// # Errors
    /// When git is not installed, or there is no work tree around the folder.
    pub fn around(folder: &Path) -> Result<Self, GitError> {
        Self::found(folder, SeenBy::Hook)
    }

    /// The repository around a folder, also where a hook of another one runs.
    ///
    /// # Errors
    /// When git is not installed, or there is no work tree around the folder.
    pub fn around_alone(folder: &Path) -> Result<Self, GitError> {
        Self::found(folder, SeenBy::Folder)
    }

    fn found(folder: &Path, seen_by: SeenBy) -> Result<Self, GitError> {
        let output = run(command(folder, seen_by, ["rev-parse", "--show-toplevel"]), b"")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let refused = |said: String| GitError::NoRepository { folder: folder.display().to_string(), said };
        if !output.status.success() {
            let usual = said.contains("not a git repository");
            return Err(refused(if usual { String::new() } else { one_line(&said) }));
        }
        let path = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        let root = path_of(path).canonicalize().map_err(|error| refused(error.to_string()))?;
        Ok(Self { root, seen_by })
    }

    /// The top of the work tree, without symbolic links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The last commit, or the empty tree where there is none.
    pub(super) fn head(&self) -> Result<String, GitError> {
        match self.commit("HEAD")? {
            Some(commit) => Ok(commit),
            None => self.id(["hash-object", "-t", "tree", "--stdin"]),
        }
    }

    /// Where a commit and the last one have parted.
    pub(super) fn parting(&self, name: &str) -> Result<String, GitError> {
        let head = self.commit("HEAD")?.ok_or_else(|| GitError::NoCommits(name.to_owned()))?;
        let other = self.commit(name)?.ok_or_else(|| GitError::UnknownCommit(name.to_owned()))?;
        let output = self.run(["merge-base", &other, &head], b"")?;
        match text(&output.stdout).lines().next() {
            Some(base) if output.status.success() => Ok(base.to_owned()),
            _ => Err(GitError::NoCommonAncestor(name.to_owned())),
        }
    }

    fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        // What begins like an option is none, and no commit either.
        if name.is_empty() || name.starts_with('-') {
            return Ok(None);
        }
        let output = self.run(["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")], b"")?;
        Ok(output.status.success().then(|| text(&output.stdout)))
    }

    fn id<const N: usize>(&self, args: [&str; N]) -> Result<String, GitError> {
        Ok(text(&self.answer(args, b"")?))
    }

    /// The difference between a tree and the work tree, or the index, without context.
    pub(super) fn diff(&self, base: &str, staged: bool) -> Result<Vec<u8>, GitError> {
        let mut args = vec![
            "-c",
            "core.quotePath=false",
            "-c",
            "diff.interHunkContext=0",
            "-c",
            "diff.suppressBlankEmpty=false",
            "diff",
            "--unified=0",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--find-renames",
            "--ignore-submodules=all",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--output-indicator-new=+",
            "--output-indicator-old=-",
        ];
        args.extend(staged.then_some("--cached"));
        args.extend([base, "--"]);
        self.answer(args, b"")
    }

    /// Files that git does not know and is not told to ignore.
    pub(super) fn untracked(&self) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.answer(["ls-files", "--others", "--exclude-standard", "-z"], b"")?;
        Ok(split(&listed).map(path_of).collect())
    }

    /// The files that differ from the last commit, those that git does not know included; relative to the root, sorted.
    ///
    /// # Errors
    /// When git refuses.
    pub fn changed_files(&self) -> Result<Vec<PathBuf>, GitError> {
        let head = self.head()?;
        let mut files = self.untracked()?;
        // What is staged is not committed, even where the work tree has gone back.
        for index in [None, Some("--cached")] {
            let args = ["diff", "--name-only", "--no-relative", "-z"].into_iter().chain(index).chain([&*head, "--"]);
            files.extend(split(&self.answer(args, b"")?).map(path_of));
        }
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file below the root in the last commit; `None` where it is in none, or is no text.
    #[must_use]
    pub fn committed(&self, file: &Path) -> Option<String> {
        let path = file.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/");
        String::from_utf8(self.answer(["show", &format!("HEAD:{path}")], b"").ok()?).ok()
    }

    /// What a sub-command prints.
    pub(super) fn answer<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str> + Clone,
        input: &[u8],
    ) -> Result<Vec<u8>, GitError> {
        let output = self.run(args.clone(), input)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        // `-c name=value` comes first.
        let mut words = args.into_iter().peekable();
        while words.next_if_eq(&"-c").is_some() {
            words.next();
        }
        let command = words.next().unwrap_or_default().to_owned();
        Err(GitError::Failed { command, said: one_line(&String::from_utf8_lossy(&output.stderr)) })
    }

    fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>, input: &[u8]) -> Result<Output, GitError> {
        run(command(&self.root, self.seen_by, args), input)
    }
}

fn command<'a>(folder: &Path, seen_by: SeenBy, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new("git");
    // Not `--git-dir`: the variables that a hook is given have to hold.
    command.arg("-C").arg(folder).args(args);
    if seen_by == SeenBy::Folder {
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
    }
    command
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIFF_OPTS")
        .env_remove("GIT_EXTERNAL_DIFF");
    // Files of large-file storage hold no code, and would be fetched.
    command.env("GIT_LFS_SKIP_SMUDGE", "1");
    command
}

fn run(mut command: Command, input: &[u8]) -> Result<Output, GitError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => GitError::Program("it is not installed, or not in PATH".to_owned()),
        _ => GitError::Program(error.to_string()),
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // Beside the reading, so that neither side waits for the other with a full pipe.
        scope.spawn(move || {
            // Git may end before it has read all; its answer tells.
            stdin.map(|mut stdin| stdin.write_all(input))
        });
        child.wait_with_output().map_err(failed)
    })
}

/// The parts of a list that NUL bytes end.
pub(super) fn split(listed: &[u8]) -> impl Iterator<Item = &[u8]> {
    listed.split(|&byte| byte == 0).filter(|part| !part.is_empty())
}

/// A path as git writes it.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// What git says, without its own prefix.
fn one_line(said: &str) -> String {
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line).to_owned()
}
