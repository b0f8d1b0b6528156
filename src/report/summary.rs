//! How much was looked at, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Style;
use crate::finding::{Level, Safety};
use crate::run::{Analysis, Extent, Judged};

/// The figures of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Files that were analysed.
    pub files: usize,
    /// Files that were named or found, but cannot matter: their package uses no client, or they hold tests.
    pub files_skipped: usize,
    /// Packages that these files belong to.
    pub packages: usize,
    /// Redis operations.
    pub operations: usize,
    /// Operations of which a key or the TTL could not be resolved.
    pub undetermined: usize,
    /// Findings by level.
    pub findings: Counts,
    /// Findings that `--fix` has mended; they are not among the others.
    #[serde(default)]
    pub fixed: usize,
    /// Findings that `--fix` would mend.
    #[serde(default)]
    pub fixable: usize,
    /// Findings that `--fix --unsafe-fixes` would mend beside these.
    #[serde(default)]
    pub fixable_unsafe: usize,
    /// Findings that comments or exceptions took away.
    pub suppressed: usize,
    /// Findings below `--min-severity` or `--min-confidence`.
    pub hidden: usize,
    /// Files and folders that could not be read or understood.
    pub unreadable: usize,
    /// With a baseline: how the findings stand to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineCounts>,
    /// With `--changed`, `--since` or `--staged`: findings that lie outside of what was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<usize>,
}

/// How findings stand to a baseline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineCounts {
    /// Findings that it does not hold.
    pub new: usize,
    /// Findings that it holds.
    pub known: usize,
    /// Entries that were not found again.
    pub fixed: usize,
}

/// Findings by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Counts {
    /// Counts the levels.
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a &'a Judged>) -> Self {
        let mut counts = Self::default();
        for judged in findings {
            match judged.finding.level {
                Level::Error => counts.errors += 1,
                Level::Warning => counts.warnings += 1,
                Level::Note => counts.notes += 1,
                Level::Off => {}
            }
        }
        counts
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> usize {
        self.errors + self.warnings + self.notes
    }
}

impl Summary {
    pub(super) fn of(analysis: &Analysis, counted: &[&Judged], suppressed: usize, hidden: usize) -> Self {
        let Extent { files, files_skipped, packages, operations, undetermined } = analysis.extent;
        Self {
            files,
            files_skipped,
            packages,
            operations,
            undetermined,
            findings: Counts::of(counted),
            fixed: 0,
            fixable: with_fix(counted, Safety::Safe),
            fixable_unsafe: with_fix(counted, Safety::Unsafe),
            suppressed,
            hidden,
            unreadable: analysis.workspace.errors.len(),
            baseline: None,
            outside: None,
        }
    }

    /// Two lines for people: what came of it, and how much was looked at.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        let Counts { errors, warnings, notes } = self.findings;
        let mut parts = Vec::new();
        for (count, word, level) in
            [(errors, "error", Level::Error), (warnings, "warning", Level::Warning), (notes, "note", Level::Note)]
        {
            if count > 0 {
                parts.push(style.level(level, &counted(count, word)));
            }
        }
        let mut out = if parts.is_empty() { style.bold("no findings") } else { parts.join(", ") };
        let mut asides = Vec::new();
        if self.fixed > 0 {
            asides.push(format!("{} fixed", self.fixed));
        }
        if self.suppressed > 0 {
            asides.push(format!("{} suppressed", self.suppressed));
        }
        if self.hidden > 0 {
            asides.push(format!("{} hidden", self.hidden));
        }
        if !asides.is_empty() {
            out.push_str(&style.dim(&format!(" ({})", asides.join(", "))));
        }
        out.push('\n');
        out.push_str(&self.remedy());
        if let Some(BaselineCounts { new, known, fixed }) = self.baseline {
            out.push_str(&style.dim(&format!("baseline: {new} new, {known} known, {fixed} fixed")));
            out.push('\n');
        }
        if let Some(outside) = self.outside {
            let lie = if outside == 1 { "lies" } else { "lie" };
            let text = format!("{} {lie} outside of what was changed", counted(outside, "more finding"));
            out.push_str(&style.dim(&text));
            out.push('\n');
        }
        out.push_str(&style.dim(&self.extent()));
        out.push('\n');
        out
    }

    /// "`--fix` mends 3 of them, and `--fix --unsafe-fixes` 2 more".
    fn remedy(&self) -> String {
        match (self.fixable, self.fixable_unsafe) {
            (0, 0) => String::new(),
            (safe, 0) => format!("`--fix` mends {safe} of them\n"),
            (0, more) => format!("`--fix --unsafe-fixes` mends {more} of them\n"),
            (safe, more) => format!("`--fix` mends {safe} of them, `--fix --unsafe-fixes` {more} more\n"),
        }
    }

    /// "looked at 42 operations (3 not fully resolved) in 120 files of 4 packages; 300 files were skipped …".
    fn extent(&self) -> String {
        let mut out = match self.operations {
            0 => "found no Redis operation".to_owned(),
            count => format!("looked at {}", counted(count, "Redis operation")),
        };
        if self.undetermined > 0 {
            out.push_str(&format!(" ({} not fully resolved)", self.undetermined));
        }
        out.push_str(&format!(" in {} of {}", counted(self.files, "file"), counted(self.packages, "package")));
        if self.unreadable > 0 {
            out.push_str(&format!("; {} could not be read", self.unreadable));
        }
        if self.files_skipped > 0 {
            let were = if self.files_skipped == 1 { "was" } else { "were" };
            let skipped = counted(self.files_skipped, "file");
            out.push_str(&format!("; {skipped} {were} skipped (no Redis client in the package, or tests)"));
        }
        out
    }
}

/// How many of them have a fix of this safety.
fn with_fix(counted: &[&Judged], safety: Safety) -> usize {
    counted.iter().filter(|judged| judged.finding.fix.as_ref().is_some_and(|fix| fix.safety == safety)).count()
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
