//! Reads `git diff --unified=0`: which lines of the new side are not those of the old one.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use super::Lines;
use super::git::path_of;

/// The changed lines by path. Files that are gone, binary, or the same under another name have none.
pub(super) fn parse(diff: &[u8]) -> FxHashMap<PathBuf, Lines> {
    let mut files: FxHashMap<PathBuf, Lines> = FxHashMap::default();
    let mut path: Option<PathBuf> = None;
    // Lines of the hunk that follow: what they hold looks like anything, also like a header.
    let mut body = 0_u64;
    for line in diff.split(|&byte| byte == b'\n') {
        if body > 0 {
            // "\ No newline at end of file" belongs to the line before.
            if !line.starts_with(b"\\") {
                body -= 1;
            }
        } else if line.starts_with(b"diff --git ") {
            path = None;
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            path = new_side(name);
        } else if let Some(hunk) = line.strip_prefix(b"@@ -").and_then(hunk) {
            body = hunk.body;
            if let Some(path) = &path {
                let lines = files.entry(path.clone()).or_insert_with(|| Lines::Ranges(Vec::new()));
                if let Lines::Ranges(ranges) = lines {
                    ranges.push(hunk.lines);
                }
            }
        }
    }
    files
}

/// The path behind `+++ `.
fn new_side(name: &[u8]) -> Option<PathBuf> {
    let unquoted;
    let name = match name.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")) {
        Some(inner) => {
            unquoted = unquote(inner);
            unquoted.as_slice()
        }
        // A tab marks the end of names with spaces.
        None => name.strip_suffix(b"\t").unwrap_or(name),
    };
    // What is gone is `/dev/null`.
    name.strip_prefix(b"b/").map(path_of)
}

/// Undoes the quoting of C strings.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'a') => out.push(0x07),
            Some(b'b') => out.push(0x08),
            Some(b't') => out.push(b'\t'),
            Some(b'n') => out.push(b'\n'),
            Some(b'v') => out.push(0x0b),
            Some(b'f') => out.push(0x0c),
            Some(b'r') => out.push(b'\r'),
            Some(digit @ b'0'..=b'3') => {
                let digits = [Some(digit), rest.next(), rest.next()];
                let value = digits
                    .into_iter()
                    .flatten()
                    .fold(0_u32, |value, digit| value * 8 + u32::from(digit.saturating_sub(b'0').min(7)));
                out.push(u8::try_from(value).unwrap_or(b'?'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

struct Hunk {
    /// Changed lines of the new side.
    lines: RangeInclusive<u32>,
    /// How many lines of old and new text follow.
    body: u64,
}

/// `12,3 +14,2 @@ …`, after its `@@ -`.
fn hunk(text: &[u8]) -> Option<Hunk> {
    let text = std::str::from_utf8(text.split(|&byte| byte == b'@').next()?).ok()?;
    let (old, new) = text.trim_end().split_once(" +")?;
    let ((_, old), (start, new)) = (counted(old)?, counted(new)?);
    // Nothing on the new side: it was deleted between this line and the next.
    let last = if new == 0 { start + 1 } else { start + new - 1 };
    let clamp = |line: u64| u32::try_from(line).unwrap_or(u32::MAX);
    Some(Hunk { lines: clamp(start.max(1))..=clamp(last), body: old + new })
}

/// `14,2`, or `14` for one line.
fn counted(text: &str) -> Option<(u64, u64)> {
    match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(diff: &str) -> Vec<String> {
        let mut files: Vec<String> =
            parse(diff.as_bytes()).into_iter().map(|(path, lines)| format!("{} {lines:?}", path.display())).collect();
        files.sort();
        files
    }

    #[test]
    fn hunks_give_the_lines_of_the_new_side() {
        let diff = "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n\
                    @@ -1 +1,2 @@ fn f() {\n-x\n+y\n+z\n@@ -10,2 +11,0 @@\n-a\n-b\n@@ -1,2 +0,0 @@\n-a\n-b\n";
        assert_eq!(shown(diff), ["a.rs Ranges([1..=2, 11..=12, 1..=1])"]);
    }

    #[test]
    fn what_is_added_is_not_taken_for_a_header() {
        let diff = "diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n@@ -0,0 +1,3 @@\n+++ b/evil.rs\n\
                    +@@ -1 +9 @@\n+diff --git a/x b/x\n\\ No newline at end of file\ndiff --git a/c.rs b/c.rs\n\
                    --- a/c.rs\n+++ b/c.rs\n@@ -3 +3 @@\n-a\n+b\n";
        assert_eq!(shown(diff), ["a.rs Ranges([1..=3])", "c.rs Ranges([3..=3])"]);
    }

    #[test]
    fn names_are_read_however_they_are_written() {
        let diff = "diff --git a/a b.rs b/a b.rs\n--- a/a b.rs\t\n+++ b/a b.rs\t\n@@ -1 +1 @@\n-a\n+b\n\
                    diff --git \"a/\\303\\244\\t.rs\" \"b/\\303\\244\\t.rs\"\n--- /dev/null\n\
                    +++ \"b/\\303\\244\\t.rs\"\n@@ -0,0 +1 @@\n+b\n\
                    diff --git a/gone.rs b/gone.rs\n--- a/gone.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n\
                    diff --git a/pic b/pic\nBinary files a/pic and b/pic differ\n";
        assert_eq!(shown(diff), ["a b.rs Ranges([1..=1])", "ä\t.rs Ranges([1..=1])"]);
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read(diff in proptest::collection::vec(
            proptest::sample::select(vec!["+++ b/x", "@@ -1 +1 @@", "@@ -1,9 +", "+++ \"b/\\3", "diff --git ", "+", "\\"]), 0..20,
        )) {
            parse(diff.join("\n").as_bytes());
        }
    }
}
