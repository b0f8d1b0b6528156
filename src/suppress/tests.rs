//! What comments take away, and what is said about them.

use std::sync::Arc;

use super::{FileDirectives, Settings, Suppression, apply, collect};
use crate::facts::lower::{LowerOptions, lower_file};
use crate::finding::{Confidence, FileId, Finding, Level, Place};
use crate::rules::Meta;
use crate::source::Content;
use crate::text::{LineIndex, Span};

const TODAY: &str = "2026-06-15";

struct Case {
    text: String,
    findings: Vec<Finding>,
    settings: (bool, bool, bool),
    ran: fn(&Meta) -> bool,
}

/// A source in which every `set()` has a finding of `missing-ttl` and every `get()` one of `key-format`.
fn source(text: &str) -> Case {
    let mut findings = Vec::new();
    for (word, rule) in [("set()", "missing-ttl"), ("get()", "key-format")] {
        findings.extend(text.match_indices(word).map(|(at, _)| Finding {
            rule,
            level: Level::Error,
            confidence: Confidence::Certain,
            message: String::new(),
            help: String::new(),
            primary: Place { file: FileId(0), span: Span::new(at, at + 3) },
            primary_label: String::new(),
            function: String::new(),
            labels: Vec::new(),
            flow: Vec::new(),
            discriminator: String::new(),
            fix: None,
        }));
    }
    findings.sort_by_key(|finding| finding.primary);
    Case { text: text.to_owned(), findings, settings: (false, false, false), ran: |_| true }
}

impl Case {
    fn directives(&self) -> Option<FileDirectives> {
        let content = Content { text: Arc::from(self.text.as_str()), lines: Arc::new(LineIndex::new(&self.text)) };
        let facts = lower_file(&self.text, &LowerOptions::default()).ok();
        collect(FileId(0), &content, facts.as_ref())
    }

    fn apply(&self) -> (Vec<Option<Suppression>>, Vec<Finding>) {
        let files: Vec<FileDirectives> = self.directives().into_iter().collect();
        let (ignored, require_until, tests) = self.settings;
        apply(&self.findings, &files, &Settings { today: TODAY, ignored, require_until, tests, ran: &self.ran })
    }

    /// The lines (from 1) of findings that stay.
    fn left(&self) -> Vec<u32> {
        let lines = LineIndex::new(&self.text);
        let (marks, _) = self.apply();
        let left = self.findings.iter().zip(marks).filter(|(_, mark)| mark.is_none());
        left.map(|(finding, _)| lines.position(&self.text, finding.primary.span.start).line).collect()
    }

    /// What is said about comments: rule and the text that is pointed at.
    fn said(&self) -> Vec<(&'static str, String)> {
        let (_, said) = self.apply();
        said.iter().map(|finding| (finding.rule, finding.primary.span.of(&self.text).to_owned())).collect()
    }

    fn rules(&self) -> Vec<&'static str> {
        self.said().into_iter().map(|(rule, _)| rule).collect()
    }
}

#[test]
fn a_comment_at_the_end_of_a_line_is_for_that_line() {
    let case = source("fn f() {\n set(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n set();\n}");
    assert_eq!(case.left(), [3]);
    assert_eq!(case.rules(), [""; 0]);
    let (marks, _) = case.apply();
    assert_eq!(marks[0].as_ref().unwrap().reason, "the importer deletes it");
}

#[test]
fn a_comment_on_its_own_line_is_for_the_next_statement_however_long() {
    let case = source(
        "fn f() {\n // cache-lint: ignore[missing-ttl] -- the importer deletes it\n let a = b\n  .c()\n  .set();\n set();\n}",
    );
    assert_eq!(case.left(), [6]);
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn a_comment_above_an_item_is_for_the_whole_item() {
    for item in [
        "fn f() {\n set();\n}",
        "#[inline]\nfn f() { set() }",
        "/// Documented.\n#[cfg(feature = \"]\")]\nfn f() {\n set()\n}",
        "impl A {\n fn f() { set() }\n}",
        "mod a {\n fn f() { set() }\n}",
    ] {
        let text = format!("// cache-lint: ignore[missing-ttl] -- the importer deletes it\n{item}\nfn g() {{ set() }}");
        let case = source(&text);
        assert_eq!(case.left(), [u32::try_from(text.lines().count()).unwrap()], "{text}");
        assert_eq!(case.rules(), [""; 0], "{text}");
    }
}

#[test]
fn other_comments_and_attributes_may_stand_between() {
    let case = source(
        "fn f() {\n // cache-lint: ignore[missing-ttl] -- the importer deletes it\n // More.\n\n /* And /* more */. */\n #[allow(unused)]\n set();\n set();\n}",
    );
    assert_eq!(case.left(), [8]);
}

#[test]
fn a_comment_inside_a_chain_of_calls_is_for_the_line_below() {
    let case = source(
        "fn f() {\n con\n  // cache-lint: ignore[missing-ttl] -- the importer deletes it\n  .set()\n  .await;\n set();\n}",
    );
    assert_eq!(case.left(), [6]);
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn a_comment_above_an_arm_is_for_the_arm() {
    let case = source(
        "fn f() {\n match a {\n  // cache-lint: ignore[missing-ttl] -- the importer deletes it\n  A => {\n   set()\n  }\n  B => set(),\n }\n}",
    );
    assert_eq!(case.left(), [7]);
}

#[test]
fn a_comment_for_the_file_stands_above_all_code() {
    let case = source(
        "//! Docs.\n// cache-lint: ignore-file[missing-ttl] -- all of it is imported\n#![allow(x)]\nfn f() { set() }\nfn g() { set(); get() }",
    );
    assert_eq!(case.left(), [5]);
    assert_eq!(case.rules(), [""; 0]);
    let below = source("fn f() { set() }\n// cache-lint: ignore-file[missing-ttl] -- all of it is imported\n");
    assert_eq!((below.left(), below.rules()), (vec![1], vec!["suppression-misplaced"]));
}

#[test]
fn a_range_goes_from_start_to_end() {
    let case = source(
        "fn f() {\n set();\n // cache-lint: ignore-start[missing-ttl] -- the importer deletes these\n set();\n set();\n // cache-lint: ignore-end\n set();\n}",
    );
    assert_eq!(case.left(), [2, 7]);
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn an_end_that_names_rules_ends_the_start_that_names_the_same() {
    let text = "fn f() {\n // cache-lint: ignore-start[missing-ttl] -- the importer deletes these\n // cache-lint: ignore-start[key-format] -- the old service reads these\n set();\n // cache-lint: ignore-end[missing-ttl]\n get();\n set();\n // cache-lint: ignore-end[key-format]\n get();\n}";
    let case = source(text);
    assert_eq!(case.left(), [7, 9]);
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn a_range_without_its_other_end_suppresses_nothing() {
    let start = source("fn f() {\n // cache-lint: ignore-start[missing-ttl] -- the importer deletes these\n set();\n}");
    assert_eq!((start.left(), start.rules()), (vec![3], vec!["suppression-unmatched-range"]));
    let end = source("fn f() {\n set();\n // cache-lint: ignore-end\n}");
    assert_eq!((end.left(), end.rules()), (vec![2], vec!["suppression-unmatched-range"]));
}

#[test]
fn only_the_rules_that_are_named_are_suppressed() {
    let case = source("fn f() {\n get(); set(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}");
    let (marks, _) = case.apply();
    assert_eq!(marks.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_blanket_works_and_is_reported() {
    for form in ["ignore", "ignore[all]"] {
        let case = source(&format!("fn f() {{\n get(); set(); // cache-lint: {form} -- the importer deletes it\n}}"));
        assert_eq!((case.left(), case.rules()), (vec![], vec!["suppression-blanket"]), "{form}");
    }
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest() {
    let case = source("fn f() {\n set(); // cache-lint: ignore[mising-ttl] -- the importer deletes it\n}");
    assert_eq!(case.left(), [2]);
    assert_eq!(case.said(), [("suppression-unknown-rule", "mising-ttl".to_owned())]);
    assert!(case.apply().1[0].message.contains("did you mean `missing-ttl`?"));
}

#[test]
fn rules_about_the_run_cannot_be_suppressed() {
    let case = source(
        "// cache-lint: ignore-file[suppression-unused] -- we keep them for later\nfn f() {\n get(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}",
    );
    assert_eq!(case.rules(), ["suppression-unknown-rule", "suppression-unused"]);
}

#[test]
fn a_reason_has_three_words_and_is_no_excuse() {
    for (reason, fine) in [
        ("", false),
        (" -- ", false),
        (" -- known", false),
        (" -- it is", false),
        (" -- TODO: remove this some day", false),
        (" -- FIXME later on please", false),
        (" -- temp fix for now", false),
        (" -- temporary table, dropped nightly", true),
        (" -- the importer deletes it", true),
    ] {
        let case = source(&format!("fn f() {{\n set(); // cache-lint: ignore[missing-ttl]{reason}\n}}"));
        assert_eq!(case.left(), [0; 0], "{reason:?}");
        let expected: &[&str] = if fine { &[] } else { &["suppression-no-reason"] };
        assert_eq!(case.rules(), expected, "{reason:?}");
    }
}

#[test]
fn a_last_day_can_be_demanded() {
    let mut case = source("fn f() {\n set(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}");
    case.settings.1 = true;
    assert_eq!(case.rules(), ["suppression-no-reason"]);
}

#[test]
fn a_suppression_holds_up_to_its_last_day() {
    let until = |day: &str| {
        source(&format!(
            "fn f() {{\n set(); // cache-lint: ignore[missing-ttl] until={day} -- the importer deletes it\n}}"
        ))
    };
    assert_eq!((until(TODAY).left(), until(TODAY).rules()), (vec![], vec![]));
    assert_eq!((until("2026-06-14").left(), until("2026-06-14").rules()), (vec![2], vec!["suppression-expired"]));
    assert_eq!((until("soon").left(), until("soon").rules()), (vec![2], vec!["suppression-malformed"]));
}

#[test]
fn what_cannot_be_read_suppresses_nothing() {
    let case = source("fn f() {\n set(); // cache-lint: ignroe[missing-ttl] -- the importer deletes it\n}");
    assert_eq!((case.left(), case.rules()), (vec![2], vec!["suppression-malformed"]));
}

#[test]
fn nothing_follows_at_the_end_of_a_block() {
    for text in [
        "fn f() {\n set();\n // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}",
        "fn f() {\n set();\n}\n// cache-lint: ignore[missing-ttl] -- the importer deletes it\n",
    ] {
        let case = source(text);
        assert_eq!((case.left(), case.rules()), (vec![2], vec!["suppression-misplaced"]), "{text}");
    }
}

#[test]
fn a_suppression_without_finding_is_reported_where_its_rule_ran() {
    let text = "fn f() {\n // cache-lint: ignore[missing-ttl, key-format] -- the importer deletes it\n set();\n}";
    let mut case = source(text);
    assert_eq!(case.said(), [("suppression-unused", "key-format".to_owned())]);
    case.ran = |meta| meta.id != "key-format";
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn a_suppression_in_test_code_is_not_called_unused_when_tests_are_left_out() {
    let text = "#[cfg(test)]\nmod tests {\n fn f() {\n  other(); // cache-lint: ignore[missing-ttl] -- no matter in tests\n }\n}";
    let mut case = source(text);
    assert_eq!(case.rules(), [""; 0]);
    case.settings.2 = true;
    assert_eq!(case.rules(), ["suppression-unused"]);
}

#[test]
fn a_suppression_in_a_file_that_does_not_parse_is_not_called_unused() {
    let case = source("fn f( {\n other(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}");
    assert_eq!(case.rules(), [""; 0]);
}

#[test]
fn the_second_of_two_is_reported() {
    for text in [
        "// cache-lint: ignore-file[missing-ttl] -- all of it is imported\nfn f() {\n set(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}",
        "fn f() {\n set(); // cache-lint: ignore[missing-ttl, missing-ttl] -- the importer deletes it\n}",
    ] {
        let case = source(text);
        assert_eq!((case.left(), case.rules()), (vec![], vec!["suppression-duplicate"]), "{text}");
    }
}

#[test]
fn ignored_comments_take_nothing_away_and_are_judged_as_before() {
    let mut case = source("fn f() {\n set(); // cache-lint: ignore[missing-ttl] -- the importer deletes it\n}");
    case.settings.0 = true;
    assert_eq!((case.left(), case.rules()), (vec![2], vec![]));
}

#[test]
fn a_marker_in_a_string_is_no_comment() {
    let case = source("fn f() {\n set(\"// cache-lint: ignore[missing-ttl] -- no comment at all\");\n set();\n}");
    assert!(case.directives().is_none());
}

#[test]
fn every_finding_about_a_comment_has_a_discriminator_and_reads_alike() {
    let case = source(
        "// cache-lint: ignroe\n// cache-lint: ignore-start\n// cache-lint: ignore-end[a]\nfn f() {\n set(); // cache-lint: ignore[x] until=2000-01-01\n // cache-lint: ignore[key-format]\n}\n",
    );
    let (_, said) = case.apply();
    assert!(said.len() >= 6, "{said:#?}");
    for finding in said {
        assert!(!finding.discriminator.is_empty());
        assert!(finding.message.contains('`') || finding.message.starts_with("this"), "{}", finding.message);
        assert!(!finding.message.ends_with('.') && !finding.help.ends_with('.'));
        assert_eq!(finding.message.matches('`').count() % 2, 0, "{}", finding.message);
        assert!(!finding.primary_label.is_empty() && !finding.help.is_empty());
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(
        parts in proptest::collection::vec("// cache-lint: ignore(-file|-start|-end)?(\\[[a-z, -]{0,14}\\])?( -- [a-z é]{0,20})?|[{}()#\\[\\]\n\"'/*]{1,3}|fn f|set\\(\\)|\\PC{0,4}", 0..24),
    ) {
        let case = source(&parts.join("\n"));
        let (marks, said) = case.apply();
        proptest::prop_assert_eq!(marks.len(), case.findings.len());
        for finding in said {
            proptest::prop_assert!(finding.primary.span.end as usize <= case.text.len());
        }
    }
}
