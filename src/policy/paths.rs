//! Globs of files in a rule file: the syntax of .gitignore, relative to the rule file's folder.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::Mistake;

/// A glob of files.
#[derive(Debug, Clone)]
pub struct PathGlob {
    text: String,
    folder: PathBuf,
    matcher: Gitignore,
}

impl PathGlob {
    /// Reads a glob that is relative to `folder`.
    pub(super) fn new(text: &str, folder: &Path) -> Result<Self, Mistake> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', '!']) {
            let help = "write for example `src/generated/**`";
            return Err(Mistake::with_help(format!("`{text}` is no glob of files"), help));
        }
        // .gitignore takes an unclosed bracket as text; in a rule file it is more likely a slip.
        if let Err(error) = globset::Glob::new(trimmed) {
            return Err(Mistake::from(format!("`{text}` is no glob of files: {}", error.kind())));
        }
        let mut builder = GitignoreBuilder::new(folder);
        let built = builder.add_line(None, trimmed).map(|_| ()).and_then(|()| builder.build());
        match built {
            Ok(matcher) => Ok(Self { text: trimmed.to_owned(), folder: folder.to_path_buf(), matcher }),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.rsplit(": ").next().unwrap_or(&reason).to_owned();
                Err(Mistake::from(format!("`{text}` is no glob of files: {reason}")))
            }
        }
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the file, or a folder in which it lies, is meant. `path` is absolute, or relative to the working
    /// directory.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        match absolute.strip_prefix(&self.folder) {
            Ok(inside) if !inside.as_os_str().is_empty() => {
                self.matcher.matched_path_or_any_parents(inside, false).is_ignore()
            }
            _ => false,
        }
    }

    /// The same glob for a walk that begins in `cwd`: relative to `cwd`, or `None` when it can mean nothing there.
    #[must_use]
    pub fn relative_to(&self, cwd: &Path) -> Option<String> {
        let body = self.text.trim_end_matches('/');
        // Without a slash inside, a glob holds at any depth.
        if !body.contains('/') {
            return Some(self.text.clone());
        }
        if let Ok(below) = self.folder.strip_prefix(cwd) {
            let front: String = below.iter().map(|part| format!("/{}", escaped(&part.to_string_lossy()))).collect();
            return Some(format!("{front}/{}", self.text.trim_start_matches('/')));
        }
        let mut globs = self.text.trim_start_matches('/').split('/').peekable();
        for part in cwd.strip_prefix(&self.folder).ok()?.iter() {
            match globs.peek() {
                Some(&"**") => break,
                Some(glob) if globset::Glob::new(glob).ok()?.compile_matcher().is_match(part) => globs.next(),
                _ => return None,
            };
        }
        let rest = globs.collect::<Vec<_>>().join("/");
        Some(if rest.is_empty() { "/**".to_owned() } else { format!("/{rest}") })
    }
}

fn escaped(name: &str) -> String {
    name.chars().flat_map(|c| "*?[]!#\\{}".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> PathGlob {
        PathGlob::new(text, Path::new("/repo")).unwrap()
    }

    #[test]
    fn a_glob_means_files_and_what_lies_below_folders() {
        for (text, path) in [
            ("src/migrate/**", "/repo/src/migrate/old/run.rs"),
            ("src/migrate", "/repo/src/migrate/old/run.rs"),
            ("src/migrate/", "/repo/src/migrate/run.rs"),
            ("generated.rs", "/repo/a/b/generated.rs"),
            ("*_gen.rs", "/repo/a/x_gen.rs"),
            ("/build.rs", "/repo/build.rs"),
        ] {
            assert!(glob(text).matches(Path::new(path)), "{text} {path}");
        }
        for (text, path) in [
            ("/build.rs", "/repo/a/build.rs"),
            ("src/migrate/**", "/repo/tests/src/migrate/run.rs"),
            ("generated.rs", "/elsewhere/generated.rs"),
        ] {
            assert!(!glob(text).matches(Path::new(path)), "{text} {path}");
        }
    }

    #[test]
    fn a_walk_from_another_folder_gets_globs_of_its_own() {
        let from = |text: &str, cwd: &str| glob(text).relative_to(Path::new(cwd));
        assert_eq!(from("src/gen/**", "/repo").as_deref(), Some("/src/gen/**"));
        assert_eq!(from("gen.rs", "/repo/crates/a").as_deref(), Some("gen.rs"));
        assert_eq!(from("crates/*/gen/**", "/repo/crates/a").as_deref(), Some("/gen/**"));
        assert_eq!(from("**/gen/**", "/repo/crates/a").as_deref(), Some("/**/gen/**"));
        assert_eq!(from("crates/a", "/repo/crates/a").as_deref(), Some("/**"));
        assert_eq!(from("crates/b/gen/**", "/repo/crates/a"), None);
        assert_eq!(from("src/gen/**", "/").as_deref(), Some("/repo/src/gen/**"));
        assert_eq!(from("src/gen/**", "/elsewhere"), None);
    }

    #[test]
    fn what_is_no_glob_is_told() {
        for text in ["", " ", "# comment", "!keep.rs", "src/[a", "src/{a"] {
            assert!(PathGlob::new(text, Path::new("/repo")).is_err(), "{text}");
        }
    }
}
