//! Reads rules that people have written for people into a rule file: as far as they are understood. Everything else is
//! handed back, so that nothing is lost.
//!
//! | module | does |
//! |---|---|
//! | `markdown` | cuts the section into headings, table rows and sentences |
//! | `phrases` | what a sentence says: durations, formats, patterns, kinds of data |
//! | `table` | the table of classes that `render` writes |
//! | `rules` | what was understood, and how it reads as a rule file |

mod markdown;
mod phrases;
mod rules;
mod table;

use markdown::Part;
use rules::Rules;

/// What became of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The rule file.
    pub text: String,
    /// What was not understood, as it stands.
    pub left: Vec<String>,
    /// Something was understood.
    pub any: bool,
}

/// Reads the section on caching of a document: the one between our markers, else the one whose heading speaks of caches,
/// else all of it.
#[must_use]
pub fn import(document: &str) -> Imported {
    let mut rules = Rules::default();
    let mut left = Vec::new();
    for part in markdown::parts(markdown::section(document)) {
        match part {
            Part::Classes(columns, row) => {
                if !table::read(&columns, &row, &mut rules) {
                    left.push(row.join(" | "));
                }
            }
            Part::Sentence(label, text) => {
                if !phrases::read(&label, &text, &mut rules) {
                    left.push(text);
                }
            }
        }
    }
    let any = rules != Rules::default();
    Imported { text: rules.text(&left), left, any }
}
