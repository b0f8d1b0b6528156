//! Paths as people see them, and as maps want them.

use std::path::{Component, Path, PathBuf};

/// The absolute path without `.` and `..`. Symbolic links stay as they are written, so that what people named is what
/// they are shown.
#[must_use]
pub(super) fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    normalize(&cwd.join(path))
}

/// The path without `.` and `..`, by its words alone.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    out.push(component);
                }
            }
            _ => out.push(component),
        }
    }
    out
}

/// `path` relative to `cwd`, with `/`; `.` for `cwd` itself, absolute where the two share no root.
#[must_use]
pub fn display(cwd: &Path, path: &Path) -> String {
    let ours: Vec<_> = cwd.components().collect();
    let theirs: Vec<_> = path.components().collect();
    let shared = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        let shown = path.to_string_lossy();
        return if cfg!(windows) { shown.replace('\\', "/") } else { shown.into_owned() };
    }
    let up = std::iter::repeat_n("..".into(), ours.len() - shared);
    let down = theirs[shared..].iter().map(|component| component.as_os_str().to_string_lossy());
    let parts: Vec<_> = up.chain(down).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// The existing path that is most like `path`, which does not exist: each wrong part is replaced by the nearest name
/// in its folder. `None` when nothing is near.
#[allow(clippy::disallowed_methods, reason = "for a message only, and the run ends with it")]
#[must_use]
pub(super) fn nearest_existing(path: &Path) -> Option<PathBuf> {
    let missing = path.ancestors().take_while(|part| !part.exists()).last()?;
    let folder = missing.parent()?;
    let wanted = missing.file_name()?.to_string_lossy();
    let near = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| (strsim::damerau_levenshtein(&entry.file_name().to_string_lossy(), &wanted), entry.path()))
        .min()
        .filter(|(distance, _)| *distance * 2 <= wanted.chars().count())
        .map(|(_, found)| found)?;
    let rest = path.strip_prefix(missing).ok()?;
    if rest.as_os_str().is_empty() {
        return Some(near);
    }
    let whole = near.join(rest);
    if whole.exists() { Some(whole) } else { nearest_existing(&whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_relative_to_the_working_directory() {
        let cwd = Path::new("/home/me/project");
        assert_eq!(display(cwd, Path::new("/home/me/project/src/lib.rs")), "src/lib.rs");
        assert_eq!(display(cwd, Path::new("/home/me/other/lib.rs")), "../other/lib.rs");
        assert_eq!(display(cwd, cwd), ".");
        assert_eq!(absolute(cwd, Path::new("./src/../lib.rs")), Path::new("/home/me/project/lib.rs"));
    }

    #[test]
    fn the_nearest_name_is_found_in_every_part() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("crates/cache")).unwrap();
        std::fs::write(dir.path().join("crates/cache/lib.rs"), "").unwrap();
        let near = |path: &str| nearest_existing(&dir.path().join(path));
        assert_eq!(near("crate/cahce/lib.rs"), Some(dir.path().join("crates/cache/lib.rs")));
        assert_eq!(near("crates/cache/libs.rs"), Some(dir.path().join("crates/cache/lib.rs")));
        assert_eq!(near("frontend"), None);
    }
}
