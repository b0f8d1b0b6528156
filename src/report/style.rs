//! Colours, and how wide a line may be.

use anstyle::{AnsiColor, Effects, Style as Ansi};

use crate::finding::Level;

/// How text for people looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
    /// With links (OSC 8), which are text to terminals that do not know them.
    pub links: bool,
    /// Columns of a line.
    pub width: usize,
}

impl Style {
    /// Without colours, as in files.
    pub const PLAIN: Self = Self { color: false, links: false, width: 100 };

    /// Bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint(text, Ansi::new().effects(Effects::BOLD))
    }

    /// Pale, for what matters less.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.paint(text, Ansi::new().effects(Effects::DIMMED))
    }

    /// Code.
    #[must_use]
    pub fn code(self, text: &str) -> String {
        self.paint(text, AnsiColor::Cyan.on_default())
    }

    /// A text that leads somewhere.
    #[must_use]
    pub fn link(self, uri: &str, text: &str) -> String {
        if self.links { format!("\u{1b}]8;;{uri}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\") } else { text.to_owned() }
    }

    /// In the colour of a level.
    #[must_use]
    pub fn level(self, level: Level, text: &str) -> String {
        let color = match level {
            Level::Error => AnsiColor::Red,
            Level::Warning => AnsiColor::Yellow,
            Level::Note | Level::Off => AnsiColor::Cyan,
        };
        self.paint(text, color.on_default().effects(Effects::BOLD))
    }

    fn paint(self, text: &str, style: Ansi) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
