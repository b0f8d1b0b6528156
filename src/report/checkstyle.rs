//! XML of Checkstyle, which many a CI system reads.

use super::concise::one_line;
use super::{Report, xml};
use crate::finding::Level;
use crate::run::Judged;

/// The version of Checkstyle whose format this is.
const VERSION: &str = "8.0";

/// The findings by file; a suppressed one is none.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let places = report.places();
    let findings: Vec<&Judged> = report.unsuppressed().collect();
    xml::document(|writer| {
        let root = writer.create_element("checkstyle").with_attribute(("version", VERSION));
        if findings.is_empty() {
            return root.write_empty().map(|_| ());
        }
        root.write_inner_content(|writer| {
            for of_file in findings.chunk_by(|a, b| a.finding.primary.file == b.finding.primary.file) {
                let path = of_file.first().map_or("", |first| places.spot(first.finding.primary).path);
                let file = writer.create_element("file").with_attribute(("name", path));
                file.write_inner_content(|writer| {
                    for Judged { finding, .. } in of_file {
                        let spot = places.spot(finding.primary);
                        let severity = match finding.level {
                            Level::Error => "error",
                            Level::Warning => "warning",
                            Level::Note | Level::Off => "info",
                        };
                        let mut message = one_line(&finding.message);
                        if !finding.help.is_empty() {
                            message.push_str(&format!("; help: {}", one_line(&finding.help)));
                        }
                        writer
                            .create_element("error")
                            .with_attribute(("line", spot.position.line.to_string().as_str()))
                            .with_attribute(("column", spot.position.column.to_string().as_str()))
                            .with_attribute(("severity", severity))
                            .with_attribute(("message", message.as_str()))
                            .with_attribute(("source", format!("cache-lint.{}", finding.rule).as_str()))
                            .write_empty()?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
        .map(|_| ())
    })
}
