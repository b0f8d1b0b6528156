//! How much was looked at, and what came of it.

use serde::Serialize;

/// Numbers of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// `.rs` files that belong to the run.
    pub files: usize,
    /// Of these, files that were parsed because they can matter.
    pub parsed: usize,
    /// Packages.
    pub packages: usize,
    /// Operations found in what was asked for.
    pub operations: usize,
    /// Operations of which key, TTL or command could not be resolved.
    pub undetermined: usize,
    /// Findings shown as errors.
    pub errors: usize,
    /// Findings shown as warnings.
    pub warnings: usize,
    /// Findings shown as notes.
    pub notes: usize,
    /// Findings that a comment or an exception of the rule file takes away.
    pub suppressed: usize,
    /// Files that could not be read or parsed.
    pub unreadable: usize,
}

impl Summary {
    /// One or two lines for people.
    #[must_use]
    pub fn line(&self) -> String {
        let findings = match self.errors + self.warnings + self.notes {
            0 => "no findings".to_owned(),
            _ => {
                let parts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
                parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect::<Vec<_>>().join(", ")
            }
        };
        let mut out = format!(
            "{findings} · {} in {} ({} parsed) of {}",
            count(self.operations, "Redis operation"),
            count(self.files, "file"),
            self.parsed,
            count(self.packages, "package"),
        );
        for (n, word) in
            [(self.undetermined, "undetermined"), (self.suppressed, "suppressed"), (self.unreadable, "not readable")]
        {
            if n > 0 {
                out.push_str(&format!(" · {n} {word}"));
            }
        }
        out
    }
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn one_is_no_plural_and_zeros_are_left_out() {
        let summary = Summary { files: 1, parsed: 1, packages: 1, operations: 2, errors: 1, ..Summary::default() };
        assert_eq!(summary.line(), "1 error · 2 Redis operations in 1 file (1 parsed) of 1 package");
        assert!(Summary::default().line().starts_with("no findings"));
    }
}
