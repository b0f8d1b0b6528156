//! JUnit XML: a suite for each file, a test for each finding. An error or a warning is a failed test, a note one that
//! passes and says something, and a suppressed finding one that is skipped.

use std::collections::HashMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::concise::one_line;
use super::{Places, Report, level_word, xml};
use crate::finding::Level;
use crate::run::Judged;

/// What the names of all tests begin with.
const PREFIX: &str = "org.cache-lint";

/// The findings as tests; one test that passes where there are none, because an empty report is taken for a missing one.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    let suites: Vec<&[&Judged]> =
        report.findings.chunk_by(|a, b| a.finding.primary.file == b.finding.primary.file).collect();
    let (tests, failures) = (report.findings.len().max(1), failures(&report.findings));
    xml::document(|writer| {
        let root = counted(writer, "testsuites", "cache-lint", tests, failures);
        root.write_inner_content(|writer| {
            if suites.is_empty() {
                let suite = counted(writer, "testsuite", "cache-lint", 1, 0);
                suite.write_inner_content(|writer| {
                    let test = writer.create_element("testcase").with_attribute(("name", PREFIX));
                    test.with_attribute(("classname", "cache-lint")).write_empty().map(|_| ())
                })?;
            }
            for findings in suites {
                suite(writer, places, findings)?;
            }
            Ok(())
        })
        .map(|_| ())
    })
}

fn suite(writer: &mut Writer<Vec<u8>>, places: Places<'_>, findings: &[&Judged]) -> io::Result<()> {
    let path = findings.first().map_or("", |first| places.spot(first.finding.primary).path);
    let suite = counted(writer, "testsuite", path, findings.len(), failures(findings));
    let mut seen: HashMap<&str, usize> = HashMap::new();
    suite.write_inner_content(|writer| {
        for judged in findings {
            // Readers take tests of the same name for one; a line in the name would make each a new one after every change.
            let count = seen.entry(judged.finding.rule).and_modify(|count| *count += 1).or_insert(1);
            let number = if *count == 1 { String::new() } else { format!(" ({count})") };
            let name = format!("{PREFIX}.{}{number}", judged.finding.rule);
            let test = writer
                .create_element("testcase")
                .with_attribute(("name", name.as_str()))
                .with_attribute(("classname", path));
            test.write_inner_content(|writer| outcome(writer, places, judged))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn outcome(writer: &mut Writer<Vec<u8>>, places: Places<'_>, judged: &Judged) -> io::Result<()> {
    let finding = &judged.finding;
    let message = one_line(&finding.message);
    if let Some(suppression) = &judged.suppression {
        let reason = format!("suppressed: {}", one_line(&suppression.reason));
        let skipped = writer.create_element("skipped").with_attribute(("message", reason.as_str()));
        return skipped.write_text_content(BytesText::new(&message)).map(|_| ());
    }
    let spot = places.spot(finding.primary);
    let mut text = format!("{}:{}:{}: {message}", spot.path, spot.position.line, spot.position.column);
    if !finding.help.is_empty() {
        text.push_str(&format!("\nhelp: {}", one_line(&finding.help)));
    }
    if !is_failure(judged) {
        return writer.create_element("system-out").write_text_content(BytesText::new(&text)).map(|_| ());
    }
    let failure = writer.create_element("failure").with_attribute(("type", level_word(finding.level)));
    failure.with_attribute(("message", message.as_str())).write_text_content(BytesText::new(&text)).map(|_| ())
}

fn is_failure(judged: &Judged) -> bool {
    judged.suppression.is_none() && judged.finding.level >= Level::Warning
}

fn failures(findings: &[&Judged]) -> usize {
    findings.iter().filter(|judged| is_failure(judged)).count()
}

fn counted<'a>(
    writer: &'a mut Writer<Vec<u8>>,
    element: &'static str,
    name: &str,
    tests: usize,
    failures: usize,
) -> quick_xml::writer::ElementWriter<'a, Vec<u8>> {
    writer
        .create_element(element)
        .with_attribute(("name", name))
        .with_attribute(("tests", tests.to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .with_attribute(("errors", "0"))
}
