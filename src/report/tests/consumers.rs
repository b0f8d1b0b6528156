//! What cargo's own readers make of the rustc format.

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Applicability, Diagnostic, DiagnosticLevel};

use super::{EVERYTHING, with};
use crate::report::{Style, rustc_json};

fn messages(style: Style) -> Vec<Message> {
    let text = with(EVERYTHING, |report| rustc_json::render(report, style));
    Message::parse_stream(text.as_bytes()).map(Result::unwrap).collect()
}

fn diagnostics(style: Style) -> Vec<(String, cargo_metadata::Target, Diagnostic)> {
    let messages = messages(style).into_iter().filter_map(|message| match message {
        Message::CompilerMessage(message) => Some((message.package_id.repr, message.target, message.message)),
        _ => None,
    });
    messages.collect()
}

#[test]
fn cargo_metadata_reads_every_line() {
    let messages = messages(Style::PLAIN);
    let text = messages.iter().filter(|message| matches!(message, Message::TextLine(_))).count();
    assert_eq!(text, 0, "a line that cargo_metadata does not know");
    assert!(matches!(messages.last(), Some(Message::BuildFinished(finished)) if !finished.success));
    assert_eq!(messages.len(), 7);
}

#[test]
fn a_finding_is_a_diagnostic_with_its_package_and_places() {
    let all = diagnostics(Style::PLAIN);
    let (package, target, missing) = &all[0];
    assert_eq!(package, "path+file:///shop#shop_cache@0.0.0");
    assert_eq!((target.name.as_str(), target.is_lib()), ("shop_cache", true));
    assert_eq!(missing.code.as_ref().unwrap().code, "cache-lint::missing-ttl");
    assert_eq!(missing.level, DiagnosticLevel::Error);
    let primary = missing.spans.iter().find(|span| span.is_primary).unwrap();
    assert_eq!((primary.file_name.as_str(), primary.line_start, primary.column_start), ("cache/src/lib.rs", 5, 6));
    let [line] = primary.text.as_slice() else { panic!("{:?}", primary.text) };
    let marked: String =
        line.text.chars().skip(line.highlight_start - 1).take(line.highlight_end - line.highlight_start).collect();
    assert_eq!(marked, "set");
    let files: Vec<_> = missing.spans.iter().map(|span| span.file_name.as_str()).collect();
    assert_eq!(files, ["cache/src/lib.rs", "cache/src/lib.rs", "src/profile.rs", "cache-lint.toml"]);
}

/// Editors offer what has a replacement, and apply unseen what is machine-applicable.
#[test]
fn a_fix_is_a_suggestion() {
    let all = diagnostics(Style::PLAIN);
    let suggestion = |rule: &str| {
        let code = format!("cache-lint::{rule}");
        let found = all.iter().find(|(_, _, one)| one.code.as_ref().unwrap().code == code).unwrap();
        let spans = found.2.children.iter().flat_map(|child| &child.spans);
        spans
            .map(|span| (span.suggested_replacement.clone().unwrap(), span.suggestion_applicability.clone().unwrap()))
            .collect::<Vec<_>>()
    };
    let texts = |edits: &[(String, Applicability)]| edits.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
    let safe = suggestion("missing-ttl");
    assert_eq!(texts(&safe), ["set_ex", ", 900"]);
    assert!(safe.iter().all(|(_, one)| *one == Applicability::MachineApplicable));
    assert!(suggestion("keys-command").iter().all(|(_, one)| *one == Applicability::MaybeIncorrect));
    assert!(suggestion("stampede-prone-miss").is_empty());
}

/// Readers that show the text alone know it by rustc's form.
#[test]
fn the_text_reads_like_rustc_s() {
    let text = |style| diagnostics(style)[0].2.rendered.clone().unwrap();
    let plain = text(Style::PLAIN);
    assert!(plain.starts_with("error: `SET 用户"), "{plain}");
    assert!(plain.contains("\n --> cache/src/lib.rs:5:6\n"), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    let colored = text(Style { color: true, ..Style::PLAIN });
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
    assert_ne!(colored, plain);
}
