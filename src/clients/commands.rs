//! The server's commands: `rules/clients/commands.toml`, read once.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::error::{RowPath, TableError};
use super::row::Line;
use super::{CommandEffect, CommandSpec, KeyPositions, OnTtl, Unit};
use crate::facts::Name;

/// All commands by name.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    by_name: FxHashMap<Name, CommandSpec>,
    /// First words of two-word names.
    groups: FxHashSet<Name>,
    /// Families of which nothing is told but the first part (`FT.`), with what they do.
    families: Vec<(Name, CommandSpec)>,
}

const TEXT: &str = include_str!("../../rules/clients/commands.toml");
const WITHOUT_KEYS: &str = "without_keys";
const ROLES: &[&str] = &[
    "key", "keys", "pairs", "triples", "dest", "n", "value", "field", "ttl", "path", "pattern", "cursor", "channel",
    "channels", "script",
];
const FACTS: &[&str] =
    &["on_ttl", "creates", "if_absent", "reads", "blocks", "bulk", "module", "own_retention", "zero_ttl"];

impl Commands {
    /// The embedded table.
    pub(crate) fn embedded() -> &'static Self {
        static TABLE: OnceLock<Commands> = OnceLock::new();
        // That the embedded table has no mistakes is a test's business; a row with one would only be missing here.
        TABLE.get_or_init(|| Self::parse(TEXT).0)
    }

    /// Reads a table; the rows with mistakes are left out and told.
    pub(crate) fn parse(text: &str) -> (Self, Vec<TableError>) {
        let mut table = Self::default();
        let mut errors = Vec::new();
        let root = RowPath(vec!["commands".to_owned()]);
        let sections: toml::Table = match text.parse() {
            Ok(sections) => sections,
            Err(error) => return (table, vec![root.error(error.to_string())]),
        };
        for (section, rows) in &sections {
            for (name, row) in rows.as_table().into_iter().flatten() {
                let at = root.join(section).join(name);
                let Some(row) = row.as_str() else {
                    errors.push(at.error("a command is described by one string"));
                    continue;
                };
                if section == WITHOUT_KEYS {
                    match name.parse() {
                        Ok(effect) => row.split_ascii_whitespace().for_each(|word| table.add_plain(word, effect)),
                        Err(()) => errors.push(at.error("is no effect")),
                    }
                    continue;
                }
                let command = section
                    .parse()
                    .map_err(|()| root.error(format!("`[{section}]` is no effect")))
                    .and_then(|effect| command(name, effect, row, &at));
                match command {
                    Ok(command) => table.add(command),
                    Err(error) => errors.push(error),
                }
            }
        }
        (table, errors)
    }

    /// The command with this name, in any case, with one space between its words.
    pub(crate) fn get(&self, name: &str) -> Option<&CommandSpec> {
        let upper = name.trim().to_ascii_uppercase();
        self.by_name.get(upper.as_str()).or_else(|| {
            self.families.iter().find(|(prefix, _)| upper.starts_with(prefix.as_str())).map(|(_, spec)| spec)
        })
    }

    /// The command that starts with these two words, and how many of them are its name.
    pub(crate) fn of_words(&self, first: &str, second: Option<&str>) -> Option<(&CommandSpec, usize)> {
        let upper = first.trim().to_ascii_uppercase();
        let both = second.filter(|_| self.groups.contains(upper.as_str())).map(|second| format!("{upper} {second}"));
        both.and_then(|both| self.get(&both)).map(|spec| (spec, 2)).or_else(|| self.get(&upper).map(|spec| (spec, 1)))
    }

    /// Whether the command's name has a second word, which is then its first argument.
    pub(crate) fn has_second_word(&self, first: &str) -> bool {
        self.groups.contains(first.trim().to_ascii_uppercase().as_str())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &CommandSpec> {
        self.by_name.values()
    }

    fn add(&mut self, command: CommandSpec) {
        if let Some((first, _)) = command.name.split_once(' ') {
            self.groups.insert(Name::new(first));
        }
        self.by_name.insert(command.name.clone(), command);
    }

    fn add_plain(&mut self, word: &str, effect: CommandEffect) {
        let spec = plain(word, effect);
        match word.strip_suffix('*') {
            Some(prefix) => self.families.push((Name::new(prefix), spec)),
            None => {
                // `MIGRATE` is told in full elsewhere, `OBJECT` only here.
                self.by_name.entry(spec.name.clone()).or_insert(spec);
            }
        }
    }
}

/// A command of which only the effect is known.
fn plain(name: &str, effect: CommandEffect) -> CommandSpec {
    CommandSpec {
        name: Name::new(name),
        effect,
        keys: Vec::new(),
        dest: None,
        value: None,
        field: None,
        ttl: None,
        ttl_words: Vec::new(),
        condition_words: Vec::new(),
        if_absent: false,
        pattern: None,
        channel: None,
        script: None,
        on_ttl: effect.usual_on_ttl(),
        creates: effect.usually_creates(),
        may_create: matches!(effect, CommandEffect::Script),
        reads: false,
        blocks: false,
        bulk: false,
        module: matches!(effect, CommandEffect::ModuleOther),
        own_retention: false,
        zero_ttl_is_none: false,
    }
}

fn command(name: &str, effect: CommandEffect, text: &str, row: &RowPath) -> Result<CommandSpec, TableError> {
    let line = Line::parse(text, false, row)?;
    line.check_roles(ROLES, row)?;
    let mut spec = plain(name, effect);
    let last = u8::try_from(line.arguments.len()).unwrap_or(u8::MAX);
    for (at, argument) in (0_u8..).zip(&line.arguments) {
        for (role, detail) in &argument.roles {
            let counted = line.all("n").any(|count| count.checked_add(1) == Some(at));
            match *role {
                "key" => spec.keys.push(KeyPositions::At(at)),
                "dest" => {
                    spec.keys.push(KeyPositions::At(at));
                    spec.dest = Some(at);
                }
                "keys" | "pairs" | "triples" => {
                    let step = step_of(role);
                    spec.keys.push(if counted {
                        KeyPositions::Counted { at: at - 1, step }
                    } else {
                        KeyPositions::Range { start: at, end: None, step, drop: last - at - 1 }
                    });
                    spec.value = (step > 1).then(|| at.saturating_add(step - 1)).or(spec.value);
                }
                "value" => spec.value = Some(at),
                "field" => spec.field = Some(at),
                "pattern" => spec.pattern = Some(at),
                "channel" | "channels" => spec.channel = Some(at),
                "script" => spec.script = Some(at),
                "ttl" => {
                    let unit = detail.and_then(Unit::from_word).ok_or_else(|| row.error("`ttl` needs a unit"))?;
                    spec.ttl = Some((at, unit));
                }
                _ => {}
            }
        }
    }
    options(&line, &mut spec, row)?;
    facts(&line, &mut spec, row)?;
    Ok(spec)
}

fn step_of(role: &str) -> u8 {
    match role {
        "pairs" => 2,
        "triples" => 3,
        _ => 1,
    }
}

fn options(line: &Line<'_>, spec: &mut CommandSpec, row: &RowPath) -> Result<(), TableError> {
    for &(word, detail) in &line.options {
        let name = Name::new(word);
        match detail {
            None => spec.condition_words.push(name),
            Some("key" | "dest") => spec.keys.push(KeyPositions::After(name)),
            Some("keys") => spec.keys.push(KeyPositions::AllAfter(name)),
            Some("half") => spec.keys.push(KeyPositions::HalfAfter(name)),
            Some(unit) => {
                let unit = Unit::from_word(unit).ok_or_else(|| row.error(format!("`{unit}` is no unit")))?;
                spec.ttl_words.push((name, unit));
            }
        }
    }
    Ok(())
}

fn facts(line: &Line<'_>, spec: &mut CommandSpec, row: &RowPath) -> Result<(), TableError> {
    for &(fact, detail) in &line.facts {
        match (fact, detail) {
            ("on_ttl", Some(word)) => {
                spec.on_ttl = word.parse::<OnTtl>().map_err(|()| row.error(format!("`{word}` is no `on_ttl`")))?;
            }
            ("creates", Some(word @ ("yes" | "no" | "maybe"))) => {
                spec.creates = word == "yes";
                spec.may_create = word == "maybe";
            }
            ("zero_ttl", Some("none")) => spec.zero_ttl_is_none = true,
            ("if_absent", None) => spec.if_absent = true,
            ("reads", None) => spec.reads = true,
            ("blocks", None) => spec.blocks = true,
            ("bulk", None) => spec.bulk = true,
            ("module", None) => spec.module = true,
            ("own_retention", None) => spec.own_retention = true,
            _ => return Err(Line::unknown_fact(fact, FACTS, row)),
        }
    }
    Ok(())
}
