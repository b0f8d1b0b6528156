//! Against real repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Changes, Extent, GitError, Lines, Repository, Snapshot};

struct Repo(tempfile::TempDir);

impl Repo {
    fn new() -> Self {
        let repo = Self(tempfile::tempdir().unwrap());
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, args: &[&str]) {
        git(self.path(), args);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    }

    fn changes(&self, extent: Extent) -> Result<Vec<String>, GitError> {
        changes(self.path(), extent)
    }
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false"];
    let output = Command::new("git").arg("-C").arg(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `path 1-2 5-5`, or `path all`; sorted.
fn changes(folder: &Path, extent: Extent) -> Result<Vec<String>, GitError> {
    let changes = Changes::of(&Repository::around(folder)?, &extent)?;
    let mut out: Vec<String> = changes
        .files
        .iter()
        .map(|(path, lines)| match lines {
            Lines::All => format!("{} all", path.display()),
            Lines::Ranges(ranges) => {
                let ranges: Vec<String> = ranges.iter().map(|r| format!("{}-{}", r.start(), r.end())).collect();
                format!("{} {}", path.display(), ranges.join(" "))
            }
        })
        .collect();
    out.sort();
    Ok(out)
}

#[test]
fn the_work_tree_is_compared_with_the_last_commit() {
    let repo = Repo::new();
    for name in ["edited.rs", "staged.rs", "both.rs", "gone.rs", "old.rs", "a b.rs", "ä.rs"] {
        repo.write(name, "1\n2\n3\n4\n5\n6\n7\n8\n");
    }
    repo.write(".gitignore", "ignored.rs\n");
    repo.commit();
    assert_eq!(repo.changes(Extent::WorkTree).unwrap(), [""; 0]);
    repo.write("edited.rs", "1\n2\nx\n4\n5\n7\n8\n");
    repo.write("staged.rs", "0\n1\n2\n3\n4\n5\n6\n7\n8\n");
    repo.write("both.rs", "x\n2\n3\n4\n5\n6\n7\n8\n");
    repo.git(&["add", "staged.rs", "both.rs"]);
    repo.write("both.rs", "x\n2\n3\n4\n5\n6\n7\ny\n");
    repo.git(&["rm", "--quiet", "gone.rs"]);
    repo.git(&["mv", "old.rs", "renamed.rs"]);
    repo.write("renamed.rs", "1\n2\n3\n4\n5\n6\n7\nx\n");
    repo.write("a b.rs", "x\n2\n3\n4\n5\n6\n7\n8");
    repo.write("ä.rs", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    repo.write("new folder/ü.rs", "1\n");
    repo.write("ignored.rs", "1\n");
    let all = [
        "a b.rs 1-1 8-8",
        "both.rs 1-1 8-8",
        "edited.rs 3-3 5-6",
        "new folder/ü.rs all",
        "renamed.rs 8-8",
        "staged.rs 1-1",
        "ä.rs 9-9",
    ];
    assert_eq!(repo.changes(Extent::WorkTree).unwrap(), all);
    assert_eq!(changes(&repo.path().join("new folder"), Extent::WorkTree).unwrap(), all);
    assert_eq!(repo.changes(Extent::Staged).unwrap(), ["both.rs 1-1", "staged.rs 1-1"]);
}

/// What a user has configured for their own eyes changes nothing.
#[test]
fn configuration_does_not_matter() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n2\n3\n");
    repo.write(".gitattributes", "*.rs diff=upper\n");
    repo.commit();
    repo.write("a.rs", "1\nx\n3\n");
    for (name, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "9"),
        ("diff.interHunkContext", "9"),
        ("diff.external", "false"),
        ("diff.upper.textconv", "false"),
        ("diff.relative", "true"),
        ("diff.renames", "false"),
        ("color.ui", "always"),
        ("core.quotePath", "true"),
        ("core.pager", "false"),
    ] {
        repo.git(&["config", name, value]);
    }
    assert_eq!(repo.changes(Extent::WorkTree).unwrap(), ["a.rs 2-2"]);
}

#[test]
fn a_repository_without_commits_is_all_new() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n2\n");
    repo.write("b.rs", "1\n");
    repo.git(&["add", "a.rs"]);
    assert_eq!(repo.changes(Extent::WorkTree).unwrap(), ["a.rs 1-2", "b.rs all"]);
    assert_eq!(repo.changes(Extent::Staged).unwrap(), ["a.rs 1-2"]);
    assert_eq!(repo.changes(Extent::Since("main".into())), Err(GitError::NoCommits("main".into())));
}

#[test]
fn a_branch_is_compared_with_where_it_began() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n2\n3\n4\n");
    repo.commit();
    repo.git(&["switch", "--quiet", "--create", "topic"]);
    repo.write("a.rs", "1\n2\n3\nmine\n");
    repo.commit();
    repo.git(&["switch", "--quiet", "main"]);
    repo.write("a.rs", "theirs\n2\n3\n4\n");
    repo.write("theirs.rs", "1\n");
    repo.commit();
    repo.git(&["switch", "--quiet", "topic"]);
    repo.write("b.rs", "1\n");
    assert_eq!(repo.changes(Extent::Since("main".into())).unwrap(), ["a.rs 4-4", "b.rs all"]);
    for name in ["nowhere", "", "--all"] {
        assert_eq!(repo.changes(Extent::Since(name.into())), Err(GitError::UnknownCommit(name.into())));
    }
    repo.git(&["switch", "--quiet", "--orphan", "other"]);
    repo.commit();
    assert_eq!(repo.changes(Extent::Since("main".into())), Err(GitError::NoCommonAncestor("main".into())));
}

#[test]
fn a_linked_work_tree_is_a_repository_of_its_own() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n");
    repo.commit();
    let other = tempfile::tempdir().unwrap();
    let linked = other.path().join("linked tree");
    repo.git(&["worktree", "add", "--quiet", "-b", "linked", linked.to_str().unwrap()]);
    fs::write(linked.join("a.rs"), "x\n").unwrap();
    git(&linked, &["add", "a.rs"]);
    assert_eq!(changes(&linked, Extent::Staged).unwrap(), ["a.rs 1-1"]);
    assert_eq!(repo.changes(Extent::WorkTree).unwrap(), [""; 0]);
    let snapshot = Snapshot::of_index(&Repository::around(&linked).unwrap()).unwrap();
    assert_eq!(fs::read_to_string(snapshot.root().join("a.rs")).unwrap(), "x\n");
}

#[test]
fn without_a_repository_there_are_no_changes() {
    let dir = tempfile::tempdir().unwrap();
    let error = changes(dir.path(), Extent::WorkTree).unwrap_err();
    assert!(matches!(error, GitError::NoRepository { ref said, .. } if said.is_empty()), "{error:?}");
}

#[test]
fn touching_is_by_lines() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n2\n3\n4\n5\n");
    repo.commit();
    repo.write("a.rs", "1\n2\nx\n4\n5\n");
    let changes = Changes::of(&Repository::around(repo.path()).unwrap(), &Extent::WorkTree).unwrap();
    let touches = |lines| changes.touches(&repo.path().join("a.rs"), lines);
    assert!(touches(3..=3) && touches(1..=3) && touches(3..=9));
    assert!(!touches(1..=2) && !touches(4..=4));
    assert!(!changes.touches(&repo.path().join("b.rs"), 1..=9));
    assert!(!changes.touches(Path::new("/elsewhere/a.rs"), 1..=9));
}

/// The copy holds what is staged: not what is only in the work tree, and what is gone from it all the same.
#[test]
fn a_snapshot_is_the_index() {
    let repo = Repo::new();
    for path in ["src/lib.rs", "src/deleted.rs", "src/sub folder/ä.rs", "Cargo.toml", ".gitignore", "logo.png"] {
        repo.write(path, "committed\n");
    }
    repo.commit();
    repo.write("src/lib.rs", "staged\n");
    repo.git(&["add", "src/lib.rs"]);
    repo.write("src/lib.rs", "unstaged\n");
    repo.write("src/new.rs", "unstaged\n");
    repo.write("src/added.rs", "staged\n");
    repo.git(&["add", "src/added.rs"]);
    fs::remove_file(repo.path().join("src/deleted.rs")).unwrap();
    repo.git(&["rm", "--quiet", "--cached", "Cargo.toml"]);

    let before = fs::read(repo.path().join(".git/index")).unwrap();
    let snapshot = Snapshot::of_index(&Repository::around(&repo.path().join("src")).unwrap()).unwrap();
    let read = |path: &str| fs::read_to_string(snapshot.path(&repo.path().join(path))).ok();
    assert_eq!(read("src/lib.rs").as_deref(), Some("staged\n"));
    assert_eq!(read("src/added.rs").as_deref(), Some("staged\n"));
    assert_eq!(read("src/deleted.rs").as_deref(), Some("committed\n"));
    assert_eq!(read("src/sub folder/ä.rs").as_deref(), Some("committed\n"));
    assert_eq!(read(".gitignore").as_deref(), Some("committed\n"));
    assert_eq!((read("src/new.rs"), read("Cargo.toml"), read("logo.png")), (None, None, None));
    assert_eq!(fs::read(repo.path().join(".git/index")).unwrap(), before);

    let root = snapshot.root().to_path_buf();
    assert_eq!(snapshot.original(&root.join("src/lib.rs")), repo.path().canonicalize().unwrap().join("src/lib.rs"));
    assert_eq!(snapshot.path(Path::new("/elsewhere/a.rs")), Path::new("/elsewhere/a.rs"));
    drop(snapshot);
    assert!(!root.exists());
}

#[test]
fn conflicts_have_to_be_resolved_first() {
    let repo = Repo::new();
    repo.write("a.rs", "1\n");
    repo.commit();
    repo.git(&["switch", "--quiet", "--create", "topic"]);
    repo.write("a.rs", "mine\n");
    repo.commit();
    repo.git(&["switch", "--quiet", "main"]);
    repo.write("a.rs", "theirs\n");
    repo.commit();
    let merge = Command::new("git").arg("-C").arg(repo.path()).args(["merge", "--quiet", "topic"]).output().unwrap();
    assert!(!merge.status.success());
    let snapshot = Snapshot::of_index(&Repository::around(repo.path()).unwrap());
    assert_eq!(snapshot.unwrap_err(), GitError::Unmerged);
}
