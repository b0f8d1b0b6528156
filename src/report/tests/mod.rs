//! Every format over the same run.

mod consumers;
mod formats;
mod schemas;

use super::testing::{analysis, findings};
use super::{
    Report, Style, View, by_key, concise, graphical, inventory_json, inventory_table, json, jsonl, statistics,
};
use crate::finding::{Confidence, Level};
use crate::policy::PolicyError;
use crate::text::Span;

const VIEW: View = View {
    min_level: Level::Note,
    min_confidence: Confidence::Likely,
    suppressed: false,
    known: false,
    changed_only: false,
    quiet: false,
    help: false,
    undetermined: false,
    statistics: false,
};
const NARROW: Style = Style { width: 90, ..Style::PLAIN };
const EVERYTHING: View = View { min_confidence: Confidence::Undetermined, suppressed: true, ..VIEW };

fn with<T>(view: View, use_it: impl FnOnce(&Report<'_>) -> T) -> T {
    let (analysis, findings) = (analysis(), findings());
    use_it(&Report::new(&analysis, &findings, view))
}

#[test]
fn graphical() {
    insta::assert_snapshot!(with(EVERYTHING, |report| graphical::findings(report, NARROW)));
}

#[test]
fn graphical_in_colour_differs_in_colour_only() {
    let plain = with(EVERYTHING, |report| graphical::findings(report, NARROW));
    let colored = with(EVERYTHING, |report| graphical::findings(report, Style { color: true, ..NARROW }));
    assert!(colored.contains("\u{1b}[") && !plain.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

/// The rule leads to its page and the place to its file; the text is the same.
#[test]
fn graphical_with_links_differs_in_links_only() {
    let style = Style { color: true, links: true, ..NARROW };
    let text = with(EVERYTHING, |report| graphical::findings(report, style));
    let page = concat!("\u{1b}]8;;", env!("CARGO_PKG_REPOSITORY"), "/blob/v", env!("CARGO_PKG_VERSION"));
    assert!(
        text.contains(&format!("{page}/docs/rules/missing-ttl.md\u{1b}\\missing-ttl\u{1b}]8;;\u{1b}\\")),
        "{text:?}"
    );
    for place in ["cache/src/lib.rs", "src/profile.rs", "cache-lint.toml"] {
        assert!(text.contains(&format!("\u{1b}]8;;file:///shop/{place}\u{1b}\\{place}:")), "{text:?}");
    }
    let plain = with(EVERYTHING, |report| graphical::findings(report, NARROW));
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), plain);
}

#[test]
fn concise() {
    insta::assert_snapshot!(with(EVERYTHING, concise::findings));
}

#[test]
fn json() {
    insta::assert_snapshot!(with(View { statistics: true, ..EVERYTHING }, json::render));
}

#[test]
fn json_leaves_out_what_is_hidden_or_suppressed() {
    let report = with(VIEW, json::report);
    let rules: Vec<_> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let shown = ["missing-ttl", "parse-error", "keys-command", "stampede-prone-miss", "unused-policy-entry"];
    assert_eq!(rules, shown);
    assert_eq!((report.summary.suppressed, report.summary.hidden), (1, 1));
    assert_eq!(report.statistics, None);
}

#[test]
fn json_reads_back_as_what_the_schema_says() {
    let text = with(View { statistics: true, ..EVERYTHING }, json::render);
    let read: json::CheckReport = serde_json::from_str(&text).unwrap();
    assert_eq!(json::pretty(&read), text);
    let text = json::pretty(&inventory_json::report(&analysis()));
    let read: inventory_json::InventoryReport = serde_json::from_str(&text).unwrap();
    assert_eq!(json::pretty(&read), text);
    let text = json::pretty(&by_key::report(&analysis()));
    let read: by_key::KeysReport = serde_json::from_str(&text).unwrap();
    assert_eq!(json::pretty(&read), text);
}

#[test]
fn published_schemas_are_those_of_the_types() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let schemas = [
        ("check.v1.json", schemars::schema_for!(json::CheckReport)),
        ("check-line.v1.json", schemars::schema_for!(jsonl::Line)),
        ("inventory.v1.json", schemars::schema_for!(inventory_json::InventoryReport)),
        ("keys.v1.json", schemars::schema_for!(by_key::KeysReport)),
        ("schema.v1.json", schemars::schema_for!(super::schema::SchemaReport)),
    ];
    for (name, schema) in schemas {
        let text = json::pretty(&schema);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), &text).unwrap();
        }
        let published = std::fs::read_to_string(folder.join(name)).unwrap_or_default().replace("\r\n", "\n");
        assert!(published == text, "docs/schema/{name} is stale; run `UPDATE_DOCS=1 cargo test published_schemas`");
    }
}

#[test]
fn inventory_table() {
    insta::assert_snapshot!(inventory_table::render(&analysis(), Style::PLAIN));
}

#[test]
fn inventory_concise() {
    insta::assert_snapshot!(concise::operations(&analysis()));
}

#[test]
fn inventory_json() {
    insta::assert_snapshot!(json::pretty(&inventory_json::report(&analysis())));
}

#[test]
fn keys_table() {
    insta::assert_snapshot!(by_key::render(&analysis(), Style::PLAIN));
}

#[test]
fn keys_json() {
    insta::assert_snapshot!(json::pretty(&by_key::report(&analysis())));
}

#[test]
fn statistics() {
    insta::assert_snapshot!(with(EVERYTHING, |report| statistics::render(report, Style::PLAIN)));
}

#[test]
fn summary() {
    insta::assert_snapshot!(with(VIEW, |report| report.summary.text(Style::PLAIN)));
    let nothing = super::Summary { files: 1, packages: 1, ..super::Summary::default() };
    assert_eq!(nothing.text(Style::PLAIN), "no findings\nfound no Redis operation in 1 file of 1 package\n");
}

#[test]
fn the_cure_can_stand_below_a_line() {
    let text = with(View { help: true, ..VIEW }, concise::findings);
    assert!(text.lines().nth(1).unwrap().starts_with("  help: pass a TTL of at most 15 minutes"), "{text}");
    assert_eq!(text.lines().count(), 2 * with(VIEW, |report| report.findings.len()));
}

#[test]
fn a_minimum_hides_from_the_counts_as_well() {
    with(View { min_level: Level::Error, ..VIEW }, |report| {
        assert_eq!((report.summary.findings.errors, report.summary.findings.warnings), (2, 0));
    });
}

#[test]
fn an_inventory_of_test_code_is_shown_on_demand() {
    let mut analysis = analysis();
    analysis.inventory.operations[0].test = true;
    assert_eq!(inventory_json::report(&analysis).operations.len(), 5);
    analysis.tests = true;
    assert_eq!(inventory_json::report(&analysis).operations.len(), 6);
    analysis.workspace.files[0].selected = false;
    assert_eq!(inventory_json::report(&analysis).operations.len(), 4);
}

#[test]
fn mistakes_in_a_rule_file_are_shown_together_with_their_places() {
    let error = |span, message: &str, help: Option<&str>| PolicyError {
        path: "cache-lint.toml".to_owned(),
        text: std::sync::Arc::from("version = 1\n[kyes]\nformat = 3\n"),
        span,
        message: message.to_owned(),
        help: help.map(str::to_owned),
    };
    let errors = [
        error(Some(Span::new(13, 17)), "there is no table `kyes`", Some("did you mean `keys`?")),
        error(Some(Span::new(28, 29)), "`format` is a text", None),
        PolicyError {
            path: "none.toml".to_owned(),
            text: std::sync::Arc::from(""),
            ..error(None, "cannot be read", None)
        },
    ];
    insta::assert_snapshot!("policy_errors_graphical", graphical::policy_errors(&errors, Style::PLAIN));
    insta::assert_snapshot!("policy_errors_concise", concise::policy_errors(&errors));
}
