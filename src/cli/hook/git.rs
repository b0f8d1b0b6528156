//! What git knows of the files of a session.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The text of a file in the last commit; `None` where there is none.
pub(super) fn committed(file: &Path) -> Option<String> {
    let (folder, name) = (file.parent()?, file.file_name()?.to_str()?);
    String::from_utf8(git(folder, &["show", &format!("HEAD:./{name}")])?).ok()
}

/// The files that differ from the last commit, new ones included, absolute; those that are gone are among them.
/// Nothing where there is no git.
pub(super) fn changed(folder: &Path) -> Vec<PathBuf> {
    let Some(top) = git(folder, &["rev-parse", "--show-toplevel"]).and_then(|top| String::from_utf8(top).ok()) else {
        return Vec::new();
    };
    let top = Path::new(top.trim_end_matches(['\n', '\r']));
    let tracked = git(top, &["diff", "--name-only", "-z", "HEAD", "--"])
        // Before the first commit all is new.
        .or_else(|| git(top, &["ls-files", "-z", "--cached"]));
    let new = git(top, &["ls-files", "-z", "--others", "--exclude-standard"]);
    let names = [tracked, new].into_iter().flatten().collect::<Vec<_>>().concat();
    let mut files: Vec<PathBuf> = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .filter_map(|name| top.join(std::str::from_utf8(name).ok()?).canonicalize().ok())
        .collect();
    files.sort();
    files.dedup();
    files
}

fn git(folder: &Path, args: &[&str]) -> Option<Vec<u8>> {
    // A hook of git itself may have set these; they would name another repository.
    let unset = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];
    let mut command = Command::new("git");
    unset.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command.arg("-C").arg(folder).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then_some(output.stdout)
}
