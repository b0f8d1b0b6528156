//! Tells the tool from which commit it is built, where that is known: out of git in a release build of a checkout, out of
//! cargo's own note in a published package, or from whoever builds (`CACHE_LINT_COMMIT`, and `SOURCE_DATE_EPOCH` for the
//! date). A build for development knows none, so that a commit does not make everything be built again.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    for name in ["CACHE_LINT_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(root) = variable("CARGO_MANIFEST_DIR").map(PathBuf::from) else { return };
    let is_release = variable("PROFILE").is_some_and(|profile| profile == "release");
    let found = match variable("CACHE_LINT_COMMIT") {
        Some(commit) => Some((commit, None)),
        None if is_release => published(&root).map(|commit| (commit, None)).or_else(|| checked_out(&root)),
        None => None,
    };
    let Some((commit, date)) = found else { return };
    let short: String = commit.chars().filter(char::is_ascii_hexdigit).take(9).collect();
    // Who fixes the time of a build fixes its date as well.
    let date = variable("SOURCE_DATE_EPOCH").and_then(|seconds| day(&seconds)).or(date);
    let text = [Some(short), date].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let version = variable("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo::rustc-env=CACHE_LINT_VERSION={version} ({text})");
}

/// The commit that `cargo publish` has noted down.
fn published(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// The commit of a checkout, and its day. A package that lies inside of another's repository has none.
fn checked_out(root: &Path) -> Option<(String, Option<String>)> {
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    // `logs/HEAD` changes with every commit and every checkout; `HEAD` is there where no log is kept.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(root, &["rev-parse", "--git-path", name]).map(|path| root.join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let seconds = git(root, &["show", "--no-patch", "--format=%ct", "HEAD"]);
    Some((commit, seconds.and_then(|seconds| day(&seconds))))
}

fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// The day of a Unix time in UTC, `2027-03-01`.
fn day(seconds: &str) -> Option<String> {
    let mut left = seconds.trim().parse::<u64>().ok()? / 86_400;
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    Some(format!("{year:04}-{month:02}-{:02}", left + 1))
}
