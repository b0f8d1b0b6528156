//! `inventory --by-key`: one row for each key template.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::{ErrorReport, SCHEMA, Tool, errors};
use super::summary::counted;
use super::table::cut;
use super::ttl::{self, TtlReport};
use super::{Places, Style, Table};
use crate::inventory::{Effect, Operation, Ttl, TtlKind};
use crate::run::Analysis;
use crate::stores::same_table;
use crate::template::Template;

/// Columns that a key takes at most.
const KEY: usize = 56;
/// Columns that a list of functions takes at most.
const FUNCTIONS: usize = 36;

/// What `cache-lint inventory --by-key --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cache-lint inventory --by-key --format json")]
pub struct KeysReport {
    /// The version of this layout; 1.
    pub schema: u32,
    /// What wrote it.
    pub tool: Tool,
    /// Sorted by template.
    pub keys: Vec<KeyReport>,
    /// Operations with a key of which nothing is known.
    pub unknown: usize,
    /// What could not be read or understood.
    pub errors: Vec<ErrorReport>,
}

/// All that is done with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyReport {
    /// The template, as it is written most often.
    pub key: String,
    /// The class of the rule file that it belongs to.
    pub class: Option<String>,
    /// The commands, and how often each is sent.
    pub commands: BTreeMap<String, usize>,
    /// The TTLs that it is given.
    pub ttls: Vec<TtlReport>,
    /// The Rust types that are stored.
    pub value_types: Vec<String>,
    /// The tables that it holds copies of, or the remote call whose answer it holds: what a miss loads, and what the
    /// class declares.
    pub filled_from: Vec<String>,
    /// Where it is read.
    pub readers: Vec<SiteReport>,
    /// Where it is written.
    pub writers: Vec<SiteReport>,
    /// Where it is deleted.
    pub invalidators: Vec<SiteReport>,
    /// Where it gets or loses its expiry by a command of its own.
    pub expiries: Vec<SiteReport>,
    /// Everything else: channels, patterns, scripts.
    pub others: Vec<SiteReport>,
}

/// An operation on a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteReport {
    /// The Redis command in capitals.
    pub command: String,
    /// The enclosing function's path.
    pub function: String,
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
}

/// The operations on keys of one shape.
pub(super) struct Row<'a> {
    pub(super) key: &'a Template,
    operations: Vec<&'a Operation>,
}

/// A wrapper that is given its key decides nothing: its callers have the rows.
pub(super) fn rows(analysis: &Analysis) -> Vec<Row<'_>> {
    let mut shapes: BTreeMap<String, (BTreeMap<&Template, usize>, Vec<&Operation>)> = BTreeMap::new();
    for op in analysis.operations().filter(|op| !op.forwards_key) {
        let mut seen = BTreeSet::new();
        for key in op.templates() {
            let shape = key.shape();
            let (spellings, operations) = shapes.entry(shape.clone()).or_default();
            *spellings.entry(key).or_default() += 1;
            if seen.insert(shape) {
                operations.push(op);
            }
        }
    }
    let most = |(a, times): &(&Template, usize), (b, others): &(&Template, usize)| times.cmp(others).then(b.cmp(a));
    shapes
        .into_values()
        .filter_map(|(spellings, operations)| {
            let (key, _) = spellings.into_iter().max_by(most)?;
            Some(Row { key, operations })
        })
        .collect()
}

impl<'a> Row<'a> {
    pub(super) fn ttls(&self) -> Vec<&'a Ttl> {
        let mut seen = Vec::new();
        let mut ttls = Vec::new();
        for ttl in self.operations.iter().map(|op| &op.ttl).filter(|ttl| ttl.kind != TtlKind::NotApplicable) {
            let report = TtlReport::of(ttl);
            if !seen.contains(&report) {
                seen.push(report);
                ttls.push(ttl);
            }
        }
        ttls
    }

    fn value_types(&self) -> BTreeSet<&'a str> {
        self.operations.iter().filter_map(|op| op.value.ty.as_deref()).collect()
    }

    pub(super) fn commands(&self) -> BTreeMap<String, usize> {
        let mut commands = BTreeMap::new();
        for op in &self.operations {
            *commands.entry(op.command.clone()).or_default() += 1;
        }
        commands
    }

    fn with(&self, role: Role) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().copied().filter(move |op| Role::of(op.effect) == role)
    }
}

/// What an operation is to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Reader,
    Writer,
    Invalidator,
    Expiry,
    Other,
}

impl Role {
    fn of(effect: Effect) -> Self {
        match effect {
            Effect::Read | Effect::CollectionRead => Self::Reader,
            Effect::Write | Effect::Counter | Effect::CollectionWrite | Effect::Lock => Self::Writer,
            Effect::Delete | Effect::Flush => Self::Invalidator,
            Effect::Expire | Effect::Persist => Self::Expiry,
            Effect::Scan | Effect::Publish | Effect::Subscribe | Effect::Script | Effect::Other => Self::Other,
        }
    }
}

/// The keys as data.
#[must_use]
pub fn report(analysis: &Analysis) -> KeysReport {
    let places = Places::of(analysis);
    let site = |op: &Operation| {
        let spot = places.spot(op.place);
        SiteReport {
            command: op.command.clone(),
            function: op.function.clone(),
            path: spot.path.to_owned(),
            line: spot.position.line,
            column: spot.position.column,
        }
    };
    let keys = rows(analysis).into_iter().map(|row| {
        let sites = |role| row.with(role).map(site).collect();
        KeyReport {
            key: row.key.to_string(),
            class: analysis.policy.class_of(row.key).map(|class| class.name.clone()),
            commands: row.commands(),
            ttls: row.ttls().into_iter().map(TtlReport::of).collect(),
            value_types: row.value_types().into_iter().map(str::to_owned).collect(),
            filled_from: filled_from(analysis, row.key),
            readers: sites(Role::Reader),
            writers: sites(Role::Writer),
            invalidators: sites(Role::Invalidator),
            expiries: sites(Role::Expiry),
            others: sites(Role::Other),
        }
    });
    KeysReport {
        schema: SCHEMA,
        tool: Tool::this(),
        keys: keys.collect(),
        unknown: unknown(analysis),
        errors: errors(places, &analysis.workspace.errors),
    }
}

/// Sorted; a table that is found and declared under two spellings is named once, as found.
fn filled_from(analysis: &Analysis, key: &Template) -> Vec<String> {
    let origins = analysis.inventory.origins.get(&key.shape()).into_iter().flatten();
    let mut names: Vec<String> = Vec::new();
    let declared = analysis.policy.class_of(key).into_iter().flat_map(|class| &class.tables);
    let found = origins.flat_map(|origin| origin.names().into_iter().map(str::to_owned).collect::<Vec<_>>());
    for name in found.chain(declared.map(|table| table.value.clone())) {
        if !names.iter().any(|known| same_table(known, &name)) {
            names.push(name);
        }
    }
    names.sort();
    names
}

fn unknown(analysis: &Analysis) -> usize {
    analysis.operations().filter(|op| !op.keys.is_empty() && op.templates().next().is_none()).count()
}

/// The keys as a table.
#[must_use]
pub fn render(analysis: &Analysis, style: Style) -> String {
    let rows = rows(analysis);
    let mut table = Table::new(&[
        "KEY",
        "CLASS",
        "COMMANDS",
        "TTL",
        "VALUE",
        "FILLED FROM",
        "READ BY",
        "WRITTEN BY",
        "INVALIDATED BY",
    ]);
    for row in &rows {
        let times =
            |(command, count): (String, usize)| if count == 1 { command } else { format!("{command}×{count}") };
        let commands: Vec<String> = row.commands().into_iter().map(times).collect();
        let ttls: Vec<String> = row.ttls().into_iter().map(ttl::words).collect();
        table.row(vec![
            cut(&super::concise::one_line(&row.key.to_string()), KEY),
            analysis.policy.class_of(row.key).map(|class| class.name.clone()).unwrap_or_default(),
            commands.join(" "),
            ttls.join(", "),
            row.value_types().into_iter().collect::<Vec<_>>().join(", "),
            cut(&filled_from(analysis, row.key).join(", "), FUNCTIONS),
            functions(row.with(Role::Reader)),
            functions(row.with(Role::Writer)),
            functions(row.with(Role::Invalidator)),
        ]);
    }
    if table.is_empty() {
        return "no keys found\n".to_owned();
    }
    let mut out = format!("{}\n{}", table.render(style), style.bold(&counted(rows.len(), "key")));
    let unknown = unknown(analysis);
    if unknown > 0 {
        out.push_str(&style.dim(&format!(" (and {} whose key is not known)", counted(unknown, "operation"))));
    }
    out.push('\n');
    out
}

/// The functions by their last name, each once, as many as fit.
fn functions<'a>(operations: impl Iterator<Item = &'a Operation>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for op in operations {
        let name = op.function.rsplit("::").next().unwrap_or_default();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let mut out = String::new();
    for (at, name) in names.iter().enumerate() {
        if at > 0 && out.len() + name.len() > FUNCTIONS {
            out.push_str(&format!(" +{}", names.len() - at));
            break;
        }
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(&cut(name, FUNCTIONS));
    }
    out
}
