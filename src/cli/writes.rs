//! Files that a command is about to write: shown first, asked about where somebody can answer, then written.

use std::io::{BufRead, IsTerminal as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::args::WriteArgs;
use super::failure::Failure;
use super::format::ColorChoice;
use super::terminal;
use crate::report::{Style, counted};

/// A file as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Relative to the working directory.
    pub(super) path: PathBuf,
    /// Its text now; `None` when there is no such file.
    pub(super) before: Option<String>,
    pub(super) after: String,
}

impl Change {
    /// What `make` makes of the text of the file, or of none.
    pub(super) fn of(
        path: impl Into<PathBuf>,
        make: impl FnOnce(Option<&str>) -> Result<String, Failure>,
    ) -> Result<Self, Failure> {
        let path = path.into();
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::other(format!("cannot read `{}`: {error}", shown(&path)), "")),
        };
        let after = make(before.as_deref())?;
        Ok(Self { path, before, after })
    }

    fn is_needed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    /// The whole of a new file, the difference to one that is there.
    fn text(&self, style: Style) -> String {
        let path = shown(&self.path);
        let Some(before) = &self.before else {
            return format!("{}\n{}\n", style.bold(&format!("new file {path}")), style.dim(self.after.trim_end()));
        };
        let diff = TextDiff::from_lines(before.as_str(), &self.after);
        let hunks = diff.unified_diff().context_radius(3).header(&path, &path).to_string();
        format!("{}\n{hunks}", style.bold(&format!("changed file {path}")))
    }

    fn write(&self) -> Result<(), Failure> {
        let fail = |error| Failure::other(format!("cannot write `{}`: {error}", shown(&self.path)), "");
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        std::fs::write(&self.path, &self.after).map_err(fail)
    }
}

/// Shows the changes, asks, and writes them. What is there already as it should be is only named. With `force` nobody
/// is asked.
pub(super) fn apply(changes: &[Change], args: &WriteArgs, force: bool) -> Result<(), Failure> {
    let style = terminal::of_stdout(ColorChoice::Auto);
    let mut text = String::new();
    for change in changes {
        text.push_str(&if change.is_needed() {
            change.text(style)
        } else {
            format!("`{}` is as it should be\n", shown(&change.path))
        });
    }
    terminal::print(&text, style)?;
    let needed: Vec<&Change> = changes.iter().filter(|change| change.is_needed()).collect();
    if needed.is_empty() {
        return Ok(());
    }
    if args.dry_run {
        return terminal::print(&format!("nothing was written ({})\n", style.bold("--dry-run")), style);
    }
    if !(args.yes || force) {
        let stdin = std::io::stdin();
        let asked = stdin.is_terminal().then(|| stdin.lock());
        consent(&needed, asked, style)?;
    }
    for change in &needed {
        change.write()?;
    }
    let names: Vec<String> = needed.iter().map(|change| format!("`{}`", shown(&change.path))).collect();
    terminal::print(&style.bold(&format!("wrote {}\n", names.join(", "))), style)
}

/// Asks whoever sits at the terminal (`asked`). Without one, new files are written, because that is what was called for;
/// files that are there are only changed with `--yes`.
fn consent(needed: &[&Change], asked: Option<impl BufRead>, style: Style) -> Result<(), Failure> {
    if let Some(mut asked) = asked {
        terminal::complain(&format!("write {}? [y/N] ", counted(needed.len(), "file")), style);
        let mut answer = String::new();
        let read = asked.read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        return Err(Failure::other("nothing was written", ""));
    }
    match needed.iter().find(|change| change.before.is_some()) {
        None => Ok(()),
        Some(change) => {
            let message =
                format!("`{}` is there already, and nobody can be asked; nothing was written", { shown(&change.path) });
            Err(Failure::other(message, "`--yes` writes what was shown"))
        }
    }
}

/// With `/`.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(before: Option<&str>, answer: Option<&str>) -> bool {
        let before = before.map(str::to_owned);
        let change = Change { path: "cache-lint.toml".into(), before, after: "version = 1\n".to_owned() };
        consent(&[&change], answer.map(str::as_bytes), Style::PLAIN).is_ok()
    }

    #[test]
    fn who_sits_at_the_terminal_has_to_say_yes() {
        for (answer, is_yes) in [
            ("y\n", true),
            ("YES\r\n", true),
            (" yes ", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yep\n", false),
        ] {
            assert_eq!(allowed(None, Some(answer)), is_yes, "{answer:?}");
            assert_eq!(allowed(Some("version = 1"), Some(answer)), is_yes, "{answer:?}");
        }
    }

    #[test]
    fn without_a_terminal_only_new_files_are_written() {
        assert!(allowed(None, None));
        assert!(!allowed(Some("version = 1"), None));
    }
}
