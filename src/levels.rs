//! Which rules run, and at which level their findings are reported.
//!
//! The default of a rule gives way to the rule file's `[levels]`, and that to the command line, where of several flags the
//! last that names the rule wins. A level that is stated so is that of the rule at its full strength: what the rule itself
//! judged to be weaker than its default stays weaker.

use crate::finding::Level;
use crate::policy::{Policy, nearest};
use crate::rules::{Category, Meta, REGISTRY, find};

/// What a level flag or a selection names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// `all`.
    All,
    /// A category, for example `correctness`.
    Category(Category),
    /// A rule, by its id.
    Rule(&'static str),
}

impl Selector {
    /// Reads `all`, a category or the id of a rule.
    ///
    /// # Errors
    /// A sentence with the nearest known name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(category) = Category::ALL.into_iter().find(|category| category.word() == text) {
            return Ok(Self::Category(category));
        }
        if let Some(rule) = find(text) {
            return Ok(Self::Rule(rule.meta().id));
        }
        let known = names().chain(["all"]).chain(Category::ALL.map(Category::word));
        Err(unknown("rule or category", text, known))
    }

    /// Whether it names this rule.
    #[must_use]
    pub fn covers(self, meta: &Meta) -> bool {
        match self {
            Self::All => true,
            Self::Category(category) => category == meta.category,
            Self::Rule(id) => id == meta.id,
        }
    }
}

/// The ids of all rules, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|rule| rule.meta().id)
}

/// "there is no … `x`", with the nearest name that there is.
pub(crate) fn unknown<'a>(kind: &str, text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(text, known) {
        Some(near) => format!("there is no {kind} `{text}`; did you mean `{near}`?"),
        None => format!("there is no {kind} `{text}`; `cache-lint rules` lists them"),
    }
}

/// What the rule file and the command line say of levels.
#[derive(Debug, Clone, Copy)]
pub struct Levels<'a> {
    /// The rule file.
    pub policy: &'a Policy,
    /// `-A`, `-W` and `-D`, in the order in which they stand.
    pub overrides: &'a [(Selector, Level)],
    /// `--only`: when not empty, no other rule runs.
    pub only: &'a [Selector],
    /// `--skip`.
    pub skip: &'a [Selector],
}

impl Levels<'_> {
    /// The level of a finding that the rule itself judged to be `judged`.
    #[must_use]
    pub fn level(&self, meta: &Meta, judged: Level) -> Level {
        match self.stated(meta) {
            None => judged,
            Some(Level::Off) => Level::Off,
            Some(level) if judged >= meta.level => level,
            Some(level) => judged.min(level),
        }
    }

    /// The level that somebody gives to the rule.
    fn stated(&self, meta: &Meta) -> Option<Level> {
        if let Some((_, level)) = self.overrides.iter().rev().find(|(selector, _)| selector.covers(meta)) {
            return Some(*level);
        }
        if let Some(level) = self.policy.stated_level(meta.id, meta.category.word()) {
            return Some(level.value);
        }
        // Who asks for one rule by its name wants to see it, although it is off unless asked for.
        let asked_for = meta.level == Level::Off && self.only.contains(&Selector::Rule(meta.id));
        asked_for.then_some(Level::Warning)
    }

    /// Whether the rule runs at all.
    #[must_use]
    pub fn runs(&self, meta: &Meta) -> bool {
        let selected = self.only.is_empty() || self.only.iter().any(|selector| selector.covers(meta));
        let skipped = self.skip.iter().any(|selector| selector.covers(meta));
        selected && !skipped && self.level(meta, meta.level) != Level::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FileId, Place};
    use crate::policy::Located;
    use crate::text::Span;

    fn meta(id: &str) -> &'static Meta {
        find(id).unwrap().meta()
    }

    fn policy(levels: &[(&str, Level)]) -> Policy {
        let place = Some(Place { file: FileId(u32::MAX), span: Span::default() });
        let mut policy = Policy::default();
        for (name, value) in levels {
            policy.levels.insert((*name).to_owned(), Located { value: *value, place });
        }
        policy
    }

    fn levels<'a>(policy: &'a Policy, overrides: &'a [(Selector, Level)]) -> Levels<'a> {
        Levels { policy, overrides, only: &[], skip: &[] }
    }

    #[test]
    fn a_rule_s_own_judgement_stands_where_nobody_says_otherwise() {
        let policy = policy(&[]);
        assert_eq!(levels(&policy, &[]).level(meta("missing-ttl"), Level::Note), Level::Note);
    }

    #[test]
    fn the_rule_file_goes_before_the_default_and_the_command_line_before_both() {
        let policy = policy(&[("missing-ttl", Level::Warning)]);
        assert_eq!(levels(&policy, &[]).level(meta("missing-ttl"), Level::Error), Level::Warning);
        let flags = [(Selector::Rule("missing-ttl"), Level::Off)];
        assert_eq!(levels(&policy, &flags).level(meta("missing-ttl"), Level::Error), Level::Off);
    }

    #[test]
    fn what_a_rule_judged_weaker_stays_weaker() {
        let policy = policy(&[]);
        let level = |to, judged| levels(&policy, &[(Selector::All, to)]).level(meta("missing-ttl"), judged);
        assert_eq!(meta("missing-ttl").level, Level::Error);
        assert_eq!(level(Level::Error, Level::Note), Level::Note);
        assert_eq!(level(Level::Note, Level::Warning), Level::Note);
        assert_eq!(level(Level::Off, Level::Note), Level::Off);
    }

    #[test]
    fn what_a_rule_judged_stronger_goes_along() {
        let policy = policy(&[("stampede-prone-miss", Level::Note)]);
        assert_eq!(levels(&policy, &[]).level(meta("stampede-prone-miss"), Level::Error), Level::Note);
    }

    #[test]
    fn the_later_flag_wins_whatever_it_names() {
        let policy = policy(&[]);
        let all_off_but_one = [(Selector::All, Level::Off), (Selector::Rule("key-format"), Level::Error)];
        assert_eq!(levels(&policy, &all_off_but_one).level(meta("key-format"), Level::Warning), Level::Error);
        assert!(!levels(&policy, &all_off_but_one).runs(meta("missing-ttl")));
        let off_after_all = [(Selector::Rule("key-format"), Level::Error), (Selector::All, Level::Off)];
        assert!(!levels(&policy, &off_after_all).runs(meta("key-format")));
        let category = [(Selector::Category(meta("key-format").category), Level::Note)];
        assert_eq!(levels(&policy, &category).level(meta("key-format"), Level::Warning), Level::Note);
    }

    #[test]
    fn a_selection_says_which_rules_run_and_leaves_their_levels_alone() {
        let policy = policy(&[]);
        let selected = Levels { only: &[Selector::Rule("missing-ttl")], ..levels(&policy, &[]) };
        assert!(selected.runs(meta("missing-ttl")) && !selected.runs(meta("key-format")));
        let skipped = Levels { skip: &[Selector::Rule("missing-ttl")], ..levels(&policy, &[]) };
        assert!(!skipped.runs(meta("missing-ttl")) && skipped.runs(meta("key-format")));
        assert_eq!(selected.level(meta("missing-ttl"), Level::Warning), Level::Warning);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        assert_eq!(Selector::parse("all"), Ok(Selector::All));
        assert_eq!(Selector::parse("cost"), Ok(Selector::Category(Category::Cost)));
        assert_eq!(Selector::parse("missing-ttl"), Ok(Selector::Rule("missing-ttl")));
        let error = Selector::parse("mising-ttl").unwrap_err();
        assert_eq!(error, "there is no rule or category `mising-ttl`; did you mean `missing-ttl`?");
        assert!(Selector::parse("frobnicate").unwrap_err().contains("cache-lint rules"));
    }
}
