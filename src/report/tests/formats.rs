//! The formats for other programs: what each looks like, and the mistakes that other tools made in it.

use serde_json::Value;

use super::schemas::json_faults;
use super::{EVERYTHING, VIEW, with};
use crate::baseline::Entry;
use crate::finding::BaselineState;
use crate::report::testing::{analysis, findings};
use crate::report::{
    Report, Style, View, agent, checkstyle, github, gitlab, jsonl, junit, markdown, rdjson, rustc_json, sarif,
};

/// The log with one rule: all of them are as long as the documentation.
fn sarif_of(view: View) -> Value {
    let mut log: Value = serde_json::from_str(&with(view, |report| sarif::render(report, Some("caches")))).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap();
    assert_eq!(rules.len(), crate::rules::REGISTRY.len());
    let ids: Vec<Value> = rules.iter().map(|rule| rule["id"].clone()).collect();
    rules.retain(|rule| rule["id"] == "cache-lint/keys-command");
    for result in log["runs"][0]["results"].as_array_mut().unwrap() {
        let index = result.as_object_mut().unwrap().remove("ruleIndex").unwrap();
        assert_eq!(ids[usize::try_from(index.as_u64().unwrap()).unwrap()], result["ruleId"]);
    }
    log
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn agent_format() {
    insta::assert_snapshot!(with(EVERYTHING, agent::render));
}

#[test]
fn checkstyle_format() {
    insta::assert_snapshot!(with(EVERYTHING, checkstyle::render));
}

#[test]
fn github_format() {
    insta::assert_snapshot!(with(EVERYTHING, github::render));
}

#[test]
fn gitlab_format() {
    insta::assert_snapshot!(with(EVERYTHING, gitlab::render));
}

#[test]
fn jsonl_format() {
    insta::assert_snapshot!(with(View { statistics: true, ..EVERYTHING }, jsonl::render));
}

#[test]
fn junit_format() {
    insta::assert_snapshot!(with(EVERYTHING, junit::render));
}

#[test]
fn markdown_format() {
    insta::assert_snapshot!(with(EVERYTHING, |report| markdown::render(report, usize::MAX)));
}

#[test]
fn rdjson_format() {
    insta::assert_snapshot!(with(EVERYTHING, rdjson::render));
}

#[test]
fn rustc_json_format() {
    let text = with(EVERYTHING, |report| rustc_json::render(report, Style::PLAIN));
    let mut messages = lines(&text);
    let rendered: Vec<String> = messages
        .iter_mut()
        .filter_map(|message| Some(message["message"]["rendered"].take().as_str()?.to_owned()))
        .collect();
    // The long line of a generated file says nothing here.
    messages.retain(|message| message["message"]["code"]["code"] != "cache-lint::keys-command");
    insta::assert_snapshot!("rustc_json_rendered", rendered.concat());
    insta::assert_snapshot!("rustc_json_messages", serde_json::to_string_pretty(&messages).unwrap());
}

#[test]
fn sarif_format() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&sarif_of(EVERYTHING)).unwrap());
}

#[test]
fn json_lines_read_back_and_the_last_one_has_the_figures() {
    let text = with(EVERYTHING, jsonl::render);
    let read: Vec<jsonl::Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, with(EVERYTHING, |report| jsonl::lines(report).collect::<Vec<_>>()));
    assert!(matches!(read.last(), Some(jsonl::Line::Summary(last)) if last.summary.findings.errors == 2));
}

#[test]
fn what_is_clean_is_well_formed_as_well() {
    let (mut analysis, view) = (analysis(), VIEW);
    analysis.workspace.errors.clear();
    let report = Report::new(&analysis, &[], view);
    assert_eq!(gitlab::render(&report), "[]\n");
    assert_eq!(agent::render(&report), "");
    assert_eq!(rustc_json::render(&report, Style::PLAIN), "{\"reason\":\"build-finished\",\"success\":true}\n");
    assert!(junit::render(&report).contains("<testcase name=\"org.cache-lint\" classname=\"cache-lint\"/>"));
    assert!(checkstyle::render(&report).ends_with("<checkstyle version=\"8.0\"/>\n"));
    assert!(markdown::render(&report, usize::MAX).starts_with("### cache-lint: no findings\n\nlooked at"));
    assert!(sarif::render(&report, None).contains("\"results\": []"));
    assert!(!sarif::render(&report, None).contains("automationDetails"));
}

/// The version of the format is not that of the tool, places are 1-based and relative, and columns say what they count.
#[test]
fn sarif_makes_none_of_the_usual_mistakes() {
    let log = sarif_of(EVERYTHING);
    let run = &log["runs"][0];
    assert_eq!((log["version"].as_str(), run["columnKind"].as_str()), (Some("2.1.0"), Some("unicodeCodePoints")));
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), findings().len());
    for result in results {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains("://") && !uri.starts_with('/') && !uri.contains('\\'), "{uri}");
        assert!(place["region"]["startLine"].as_u64() >= Some(1) && place["region"]["startColumn"].as_u64() >= Some(1));
        assert!(place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64());
    }
}

/// GitHub shows no related location that the message does not link to.
#[test]
fn sarif_links_every_related_location() {
    let log = sarif_of(EVERYTHING);
    let mut links = 0;
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap();
        for related in result["relatedLocations"].as_array().into_iter().flatten() {
            assert!(text.contains(&format!("]({})", related["id"])), "{text}");
            links += 1;
        }
        // Code that looks like a link is none.
        assert_eq!(
            text.replace("\\](", "").matches("](").count(),
            result["relatedLocations"].as_array().map_or(0, Vec::len),
            "{text}"
        );
    }
    assert_eq!(links, 5);
}

#[test]
fn sarif_says_how_a_finding_stands_to_the_baseline() {
    let (analysis, mut findings) = (analysis(), findings());
    assert!(!sarif::render(&Report::new(&analysis, &findings, VIEW), None).contains("baselineState"));
    findings[0].baseline = Some(BaselineState::New);
    findings[2].baseline = Some(BaselineState::Unchanged);
    let report = Report::new(&analysis, &findings, View { known: true, ..VIEW });
    let log: Value = serde_json::from_str(&sarif::render(&report, None)).unwrap();
    let states: Vec<_> =
        log["runs"][0]["results"].as_array().unwrap().iter().map(|r| r["baselineState"].as_str()).collect();
    assert_eq!(states[..2], [Some("new"), Some("unchanged")]);

    // What is mended is told to readers who ask for what is known, and to nobody else: GitHub would open an alert.
    let mended = [Entry {
        path: "src/old.rs".to_owned(),
        rule: "missing-ttl".to_owned(),
        function: "shop::old".to_owned(),
        subject: "shop:old:{}".to_owned(),
        fingerprint: "f".repeat(32),
    }];
    let of = |view| sarif::render(&Report::new(&analysis, &findings, view).with_baseline(&mended), None);
    assert!(!of(VIEW).contains("\"absent\""));
    let log = of(View { known: true, ..VIEW });
    let faults = json_faults("tests/schemas/sarif-2.1.0.json", &log);
    assert!(faults.is_empty(), "{faults:#?}");
    let log: Value = serde_json::from_str(&log).unwrap();
    let absent = log["runs"][0]["results"].as_array().unwrap().last().unwrap();
    assert_eq!(absent["baselineState"], "absent");
    assert_eq!(absent["ruleId"], "cache-lint/missing-ttl");
    assert_eq!(absent["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "src/old.rs");
    assert_eq!(absent["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "shop::old");
    assert_eq!(absent["partialFingerprints"]["cacheLint/v1"], mended[0].fingerprint);
}

#[test]
fn formats_that_know_no_suppression_leave_the_suppressed_out() {
    for render in [github::render, gitlab::render, rdjson::render, checkstyle::render] {
        let text = with(EVERYTHING, render);
        assert!(text.contains("missing-ttl") && !text.contains("key-format"), "{text}");
    }
    assert!(with(EVERYTHING, junit::render).contains("<skipped message=\"suppressed: read by the old service\">"));
    assert!(!with(VIEW, junit::render).contains("skipped"));
}

/// Annotations over several lines with columns are dropped by GitHub.
#[test]
fn github_gets_columns_within_one_line_only() {
    let (analysis, mut findings) = (analysis(), findings());
    findings[0].finding.primary.span.end += 60;
    let text = github::render(&Report::new(&analysis, &findings, VIEW));
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("::error file=cache/src/lib.rs,line=5,endLine=6,title="), "{first}");
    assert!(text.lines().nth(1).unwrap().contains(",col="), "{text}");
}

#[test]
fn gitlab_s_fingerprints_differ() {
    let issues: Vec<Value> = serde_json::from_str(&with(EVERYTHING, gitlab::render)).unwrap();
    let prints: std::collections::HashSet<_> = issues.iter().map(|issue| issue["fingerprint"].as_str()).collect();
    assert_eq!(prints.len(), issues.len());
}

#[test]
fn a_table_stays_within_its_room() {
    let text = with(EVERYTHING, |report| markdown::render(report, 700));
    assert!(text.contains("more findings not shown.") && text.contains("| error | [missing-ttl]("), "{text}");
}

/// reviewdog's columns count bytes, and half a fix is none.
#[test]
fn rdjson_suggests_whole_fixes_in_bytes() {
    let result: Value = serde_json::from_str(&with(EVERYTHING, rdjson::render)).unwrap();
    let first = &result["diagnostics"][0];
    let suggestion = &first["suggestions"][0];
    assert_eq!(suggestion["text"], "set_ex(&key, serde_json::to_string(user)?, 900");
    assert_eq!(first["location"]["range"]["start"]["column"], 6);
    assert_eq!(first["related_locations"][0]["location"]["range"]["end"]["column"], 39);
    let keys = result["diagnostics"].as_array().unwrap().iter().find(|one| one["code"]["value"] == "keys-command");
    assert!(keys.unwrap().get("suggestions").is_none(), "the fix changes another file");
}

#[test]
fn formats_are_the_same_every_time() {
    let all = || with(EVERYTHING, |report| sarif::render(report, None) + &rustc_json::render(report, Style::PLAIN));
    assert_eq!(all(), all());
}
