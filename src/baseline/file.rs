//! The file of a baseline: JSON with an entry a line, sorted, so that a review shows what came and what went.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Baseline, Entry};
use crate::text::{LineIndex, Span};

/// The name that a baseline has unless told otherwise.
pub const FILE_NAME: &str = "cache-lint-baseline.json";

/// The version of the layout.
const VERSION: u32 = 1;

/// Why a baseline cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// There is no such file.
    #[error("there is no baseline `{path}`")]
    Missing {
        /// As shown.
        path: String,
    },
    /// It could not be read or written.
    #[error("the baseline `{path}` could not be {action}: {cause}")]
    Io {
        /// As shown.
        path: String,
        /// `read` or `written`.
        action: &'static str,
        /// What the system says.
        cause: String,
    },
    /// It is no baseline.
    #[error("this is no baseline: {cause}")]
    Malformed {
        /// As shown.
        path: String,
        /// The text.
        text: String,
        /// Where it ceases to be one.
        span: Span,
        /// What is wrong there; lower-case start, no final full stop.
        cause: String,
    },
}

/// The layout.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    version: u32,
    findings: Vec<Entry>,
}

impl Baseline {
    /// Reads the file; `shown` is what messages call it.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it is no baseline of this version.
    pub fn read(path: &Path, shown: &str) -> Result<Self, BaselineError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, shown),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(BaselineError::Missing { path: shown.to_owned() })
            }
            Err(error) => Err(BaselineError::Io { path: shown.to_owned(), action: "read", cause: error.to_string() }),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no baseline of this version.
    pub fn parse(text: &str, shown: &str) -> Result<Self, BaselineError> {
        let malformed =
            |span, cause| BaselineError::Malformed { path: shown.to_owned(), text: text.to_owned(), span, cause };
        let layout: Layout = serde_json::from_str(text).map_err(|error| {
            let at = offset(text, error.line(), error.column());
            malformed(Span::new(at, at + 1), reason(&error))
        })?;
        if layout.version != VERSION {
            let at = text.find("\"version\"").unwrap_or(0);
            let cause = format!("its version is {}, and this release reads version {VERSION}", layout.version);
            return Err(malformed(Span::new(at, at + "\"version\"".len()), cause));
        }
        Ok(layout.findings.into_iter().collect())
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts and numbers, as here, cannot fail.
        let lines = self.entries.iter().map(|entry| serde_json::to_string(entry).unwrap_or_default());
        let lines: Vec<String> = lines.map(|line| format!("    {line}")).collect();
        let body = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": [{body}]\n}}\n")
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// When the folder is not there or may not be written.
    pub fn write(&self, path: &Path, shown: &str) -> Result<(), BaselineError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(self.text().as_bytes())?;
            readable_by_all(file.as_file())?;
            file.persist(path).map_err(|error| error.error)?;
            Ok::<(), std::io::Error>(())
        };
        write().map_err(|error| BaselineError::Io {
            path: shown.to_owned(),
            action: "written",
            cause: error.to_string(),
        })
    }
}

/// Temporary files belong to their owner alone; this one is going to be committed.
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

/// The byte at a 1-based line and column (in bytes).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line = LineIndex::new(text).line_span(text, u32::try_from(line).unwrap_or(u32::MAX));
    (line.start as usize + column.saturating_sub(1)).min(text.len())
}

/// What is wrong, without the place, which is shown.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(cut) => text[..cut].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn the_text_has_an_entry_a_line_and_is_sorted() {
        let baseline: Baseline = [entry("b.rs", "2"), entry("a.rs", "1")].into_iter().collect();
        insta::assert_snapshot!(baseline.text(), @r#"
        {
          "version": 1,
          "findings": [
            {"path":"a.rs","rule":"missing-ttl","function":"app::put","subject":"user:{}","fingerprint":"1"},
            {"path":"b.rs","rule":"missing-ttl","function":"app::put","subject":"user:{}","fingerprint":"2"}
          ]
        }
        "#);
        assert_eq!(Baseline::parse(&baseline.text(), ""), Ok(baseline));
        assert_eq!(Baseline::parse(&Baseline::default().text(), ""), Ok(Baseline::default()));
    }

    #[test]
    fn what_is_no_baseline_is_told_with_its_place() {
        let error = |text: &str| match Baseline::parse(text, "b.json") {
            Err(BaselineError::Malformed { cause, span, .. }) => format!("{}: {cause}", span.start),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            error("{\"version\": 2, \"findings\": []}"),
            "1: its version is 2, and this release reads version 1"
        );
        assert_eq!(error(""), "0: EOF while parsing a value");
        assert!(error("{\"version\": 1,\n \"findings\": [\n{\"path\": 3}]}").contains(": invalid type: integer `3`"));
    }

    #[test]
    fn a_file_is_written_whole_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        assert_eq!(Baseline::read(&path, "x"), Err(BaselineError::Missing { path: "x".to_owned() }));
        let baseline: Baseline = [entry("ä b.rs", "1")].into_iter().collect();
        baseline.write(&path, "x").unwrap();
        assert_eq!(Baseline::read(&path, "x"), Ok(baseline.clone()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let nowhere = baseline.write(&dir.path().join("no/such.json"), "no/such.json").unwrap_err();
        assert!(nowhere.to_string().starts_with("the baseline `no/such.json` could not be written: "), "{nowhere}");
    }
}
