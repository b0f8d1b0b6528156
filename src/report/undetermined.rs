//! What could not be resolved, by cause: the cause that hides most comes first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Places, Report, Style, counted};
use crate::inventory::{Fact, Undetermined};
use crate::loss::Cause;
use crate::run::Analysis;

/// Facts that are shown of one cause; with `--verbose` all are.
const MOST_SHOWN: usize = 5;

/// Why something could not be resolved, and what it hides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndeterminedReport {
    /// `other-crate`, `field`, `constant`, `function`, `no-implementation`, `outside`, `macro`, `recursion`, `too-deep`,
    /// `too-many`, `caller` or `run-time`.
    pub kind: String,
    /// One sentence.
    pub reason: String,
    /// The file in which the value was lost, relative to the working directory, with `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// A line for `[values]` of the rule file, with a value to be replaced; absent where no declaration helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declare: Option<String>,
    /// What could not be resolved for this reason, by path and place.
    pub facts: Vec<FactReport>,
}

/// A part of an operation, or a database statement, that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactReport {
    /// `key`, `key-front` (what the key begins with), `ttl`, `value-type`, `command`, `script` or `statement` (the text of
    /// a database statement).
    pub fact: String,
    /// Relative to the working directory, with `/`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// The enclosing function's path; empty outside of functions.
    pub function: String,
    /// The Redis command; absent for a database statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The key with its holes, or the expression as written; may be empty.
    pub shown: String,
}

/// A cause with all that it hides.
struct Group<'a> {
    cause: &'a Cause,
    facts: Vec<&'a Undetermined>,
}

/// What was asked for and could not be resolved.
fn wanted(analysis: &Analysis) -> impl Iterator<Item = &Undetermined> {
    analysis.inventory.undetermined.iter().filter(|found| {
        let file = analysis.workspace.file(found.place.file);
        let test = match found.operation {
            Some(id) => analysis.inventory.operation(id).test,
            None => file.is_some_and(|file| file.test),
        };
        (analysis.tests || !test) && file.is_some_and(|file| file.selected)
    })
}

fn groups(analysis: &Analysis) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for found in wanted(analysis) {
        let same = |group: &&mut Group<'_>| {
            group.cause.declare == found.cause.declare && group.cause.reason == found.cause.reason
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.facts.push(found),
            None => groups.push(Group { cause: &found.cause, facts: vec![found] }),
        }
    }
    // What a declaration resolves goes before what none does.
    groups.sort_by_key(|group| (group.cause.declare.is_none(), std::cmp::Reverse(group.facts.len())));
    groups
}

/// The causes as data.
#[must_use]
pub fn report(analysis: &Analysis) -> Vec<UndeterminedReport> {
    let places = Places::of(analysis);
    let fact = |found: &Undetermined| {
        let spot = places.spot(found.place);
        FactReport {
            fact: found.fact.word().to_owned(),
            path: spot.path.to_owned(),
            line: spot.position.line,
            column: spot.position.column,
            function: found.function.clone(),
            command: found.operation.map(|id| analysis.inventory.operation(id).command.clone()),
            shown: found.shown.clone(),
        }
    };
    let group = |group: Group<'_>| {
        let spot = group.cause.place.map(|place| places.spot(place)).filter(|spot| !spot.path.is_empty());
        UndeterminedReport {
            kind: group.cause.kind.word().to_owned(),
            reason: group.cause.reason.clone(),
            path: spot.map(|spot| spot.path.to_owned()),
            line: spot.map(|spot| spot.position.line),
            declare: declaration(&group),
            facts: group.facts.into_iter().map(fact).collect(),
        }
    };
    groups(analysis).into_iter().map(group).collect()
}

/// The section for people; empty where everything is resolved.
#[must_use]
pub fn render(report: &Report<'_>, style: Style) -> String {
    let analysis = report.analysis;
    let groups = groups(analysis);
    let facts: usize = groups.iter().map(|group| group.facts.len()).sum();
    if facts == 0 {
        return style.bold("everything is resolved") + "\n";
    }
    let what =
        if facts == 1 { "1 fact could not be resolved" } else { &format!("{facts} facts could not be resolved") };
    let mut out = format!("{}, for {}\n", style.bold(what), counted(groups.len(), "reason"));
    let places = Places::of(analysis);
    for group in &groups {
        let at = group.cause.place.map(|place| places.spot(place)).filter(|spot| !spot.path.is_empty());
        let at = at.map_or_else(String::new, |spot| format!(" ({}:{})", spot.path, spot.position.line));
        out.push_str(&format!("\n{:>4}  {}{}\n", group.facts.len(), group.cause.reason, style.dim(&at)));
        let most = if report.view.help { usize::MAX } else { MOST_SHOWN };
        for found in group.facts.iter().take(most) {
            let spot = places.spot(found.place);
            let place = format!("{}:{}:{}", spot.path, spot.position.line, spot.position.column);
            out.push_str(&format!("      {place}: {}\n", sentence(analysis, found)));
        }
        if group.facts.len() > most {
            out.push_str(&style.dim(&format!("      … and {} more (all with --verbose)\n", group.facts.len() - most)));
        }
        if let Some(line) = declaration(group) {
            out.push_str(&format!("      declare under [values]: {}\n", style.code(&line)));
        }
    }
    out
}

/// A line for each fact.
#[must_use]
pub fn concise(report: &Report<'_>) -> String {
    let analysis = report.analysis;
    let places = Places::of(analysis);
    let mut out = String::new();
    for group in groups(analysis) {
        let help = declaration(&group).map_or_else(String::new, |line| format!("; declare under [values]: {line}"));
        for found in &group.facts {
            let spot = places.spot(found.place);
            let place = format!("{}:{}:{}", spot.path, spot.position.line, spot.position.column);
            let what = sentence(analysis, found);
            out.push_str(&format!(
                "{place}: undetermined[{}] {what}: {}{help}\n",
                found.fact.word(),
                found.cause.reason
            ));
        }
    }
    out
}

/// "the TTL of SETEX `user:{id}`, `self.ttl`".
fn sentence(analysis: &Analysis, found: &Undetermined) -> String {
    let what = match found.fact {
        Fact::Key => "the key of",
        Fact::KeyFront => "what the key begins with, of",
        Fact::Ttl => "the TTL of",
        Fact::Value => "the type of the value of",
        Fact::Command => "the name of the command",
        Fact::Script => "the text of the script of",
        Fact::Statement => return "the text of a database statement".to_owned(),
    };
    let op = found.operation.map(|id| analysis.inventory.operation(id));
    let command = op.map_or("", |op| op.command.as_str());
    let key = match (found.fact, op.and_then(|op| op.template())) {
        (Fact::Ttl | Fact::Value, Some(key)) => format!(" `{key}`"),
        _ => String::new(),
    };
    let shown = if found.shown.is_empty() { String::new() } else { format!(", `{}`", found.shown) };
    format!("{what} {command}{key}{shown}")
}

/// The line for `[values]`.
fn declaration(group: &Group<'_>) -> Option<String> {
    let path = group.cause.declare.as_ref()?;
    let example = match group.facts.first()?.fact {
        Fact::Ttl => "15m",
        Fact::KeyFront => "shop",
        Fact::Statement => "SELECT name FROM users WHERE id = {id}",
        Fact::Key | Fact::Value | Fact::Command | Fact::Script => "user:v1:{id}",
    };
    Some(format!("\"{path}\" = \"{example}\"  # for example"))
}
