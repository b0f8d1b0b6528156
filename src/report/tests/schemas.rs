//! Output against the schemas of `tests/schemas`, and the schemas against output that is wrong.

use std::path::Path;

use serde_json::Value;

use super::{EVERYTHING, VIEW, with};
use crate::report::testing::analysis;
use crate::report::{Report, View, checkstyle, gitlab, json, jsonl, junit, rdjson, sarif};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What a JSON schema has against a text.
pub(super) fn json_faults(schema: &str, text: &str) -> Vec<String> {
    // The pattern of `run.language` in the published schema of SARIF has a bracket that not every reader of patterns takes.
    let schema = read(schema).replace("{2}]?$", "{2}\\\\]?$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

/// What an XML schema has against a text.
fn xml_faults(schema: &str, text: &str) -> Vec<String> {
    let schema = read(schema);
    let schema = uppsala::parse(&schema).unwrap();
    let validator = uppsala::XsdValidator::from_schema(&schema).unwrap();
    validator.validate(&uppsala::parse(text).unwrap()).iter().map(ToString::to_string).collect()
}

/// Holds a format against a schema with everything shown, with the usual, and with nothing found; and the schema against
/// the format's output in which `right` is replaced by `wrong`.
fn assert_valid(
    faults: impl Fn(&str, &str) -> Vec<String>,
    schema: &str,
    render: impl Fn(&Report<'_>) -> String,
    [right, wrong]: [&str; 2],
) {
    let clean = analysis();
    let texts = [with(EVERYTHING, &render), with(VIEW, &render), render(&Report::new(&clean, &[], VIEW))];
    for text in &texts {
        assert_eq!(faults(schema, text), Vec::<String>::new(), "{text}");
    }
    assert!(texts[0].contains(right), "{}", texts[0]);
    assert!(!faults(schema, &texts[0].replacen(right, wrong, 1)).is_empty(), "{schema} takes {wrong}");
}

#[test]
fn sarif_is_valid() {
    let schema = "tests/schemas/sarif-2.1.0.json";
    let render = |report: &Report<'_>| sarif::render(report, Some("caches"));
    assert_valid(json_faults, schema, render, ["\"startLine\": 5", "\"startLine\": 0"]);
    assert_valid(json_faults, schema, render, ["\"version\": \"2.1.0\"", "\"version\": \"0.1.0\""]);
    assert_valid(json_faults, schema, render, ["\"semanticVersion\"", "\"semVersion\""]);
}

#[test]
fn gitlab_is_valid() {
    let schema = "tests/schemas/gitlab-code-quality.json";
    assert_valid(json_faults, schema, gitlab::render, ["\"major\"", "\"error\""]);
    assert_valid(json_faults, schema, gitlab::render, ["\"begin\"", "\"start\""]);
    assert_valid(json_faults, schema, gitlab::render, ["\"path\": \"", "\"path\": \"./"]);
}

#[test]
fn rdjson_is_valid() {
    let schema = "tests/schemas/rdjson.json";
    assert_valid(json_faults, schema, rdjson::render, ["\"severity\": \"ERROR\"", "\"severity\": \"error\""]);
    assert_valid(json_faults, schema, rdjson::render, ["\"suggestions\"", "\"fixes\""]);
}

#[test]
fn junit_is_valid() {
    let schema = "tests/schemas/junit-10.xsd";
    assert_valid(xml_faults, schema, junit::render, ["classname=", "line=\"5\" classname="]);
    assert_valid(xml_faults, schema, junit::render, [" tests=", " number="]);
}

#[test]
fn checkstyle_is_valid() {
    let schema = "tests/schemas/checkstyle.xsd";
    assert_valid(xml_faults, schema, checkstyle::render, ["severity=\"error\"", "severity=\"fatal\""]);
    assert_valid(xml_faults, schema, checkstyle::render, ["line=\"5\"", "line=\"0\""]);
}

#[test]
fn json_is_valid() {
    let all = View { statistics: true, ..EVERYTHING };
    let schema = "docs/schema/check.v1.json";
    assert_valid(json_faults, schema, json::render, ["\"summary\"", "\"figures\""]);
    assert_eq!(json_faults(schema, &with(all, json::render)), Vec::<String>::new());
    for line in with(all, jsonl::render).lines() {
        assert_eq!(json_faults("docs/schema/check-line.v1.json", line), Vec::<String>::new(), "{line}");
    }
    assert!(!json_faults("docs/schema/check-line.v1.json", r#"{"type": "finding", "rule": "missing-ttl"}"#).is_empty());
}
