//! The report for people: `miette`, with labels in the code, and in the rule file where a line of it is broken.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use super::{Report, Reported, level_word};
use crate::finding::{FileId, Level, Place};

/// Widest line.
const WIDTH: usize = 120;

/// How it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With colour.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// Renders the findings that are shown, one after the other.
#[must_use]
pub fn render(report: &Report<'_>, style: Style) -> String {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.clamp(40, WIDTH))
        .with_links(false)
        .with_context_lines(1);
    let mut out = String::new();
    for reported in report.shown() {
        let diagnostic = Shown::new(report, reported);
        // A rendering that fails must not swallow the finding.
        if handler.render_report(&mut out, &diagnostic).is_err() {
            let spot = report.spot(reported.finding.primary);
            out.push_str(&format!("{}:{}: {}\n", spot.path, spot.start.line, reported.finding.message));
        }
        out.push('\n');
    }
    // Files of the run that could not be parsed are findings; what is left are folders, manifests and the like.
    for error in report.errors.iter().filter(|error| error.file.is_none()) {
        let place = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
        out.push_str(&format!("not checked: {place}{}\n", error.message));
    }
    out
}

/// A finding as `miette` takes it. Places in other files are related diagnostics of their own.
#[derive(Debug)]
struct Shown {
    title: String,
    code: String,
    level: Level,
    help: String,
    labels: Vec<LabeledSpan>,
    source: Option<NamedSource<Arc<str>>>,
    related: Vec<Shown>,
}

impl Shown {
    fn new(report: &Report<'_>, reported: &Reported) -> Self {
        let finding = &reported.finding;
        let file = finding.primary.file;
        let own = source(report, file);
        let text = own.as_ref().map_or("", |(_, text)| text);
        let span = |place: Place| clamp(text, place.span.start as usize, place.span.end as usize);
        let label = Some(finding.primary_label.clone()).filter(|label| !label.is_empty());
        let mut labels = vec![LabeledSpan::new_primary_with_span(label, span(finding.primary))];
        let mut related: Vec<(FileId, Vec<(Place, String)>)> = Vec::new();
        for other in &finding.labels {
            if other.place.file == file {
                labels.push(LabeledSpan::new_with_span(Some(other.message.clone()), span(other.place)));
            } else {
                match related.iter_mut().find(|(file, _)| *file == other.place.file) {
                    Some((_, places)) => places.push((other.place, other.message.clone())),
                    None => related.push((other.place.file, vec![(other.place, other.message.clone())])),
                }
            }
        }
        let related = related.into_iter().filter_map(|(file, places)| Self::related(report, file, places)).collect();
        Self {
            title: finding.message.clone(),
            code: finding.rule.to_owned(),
            level: finding.level,
            help: finding.help.clone(),
            labels,
            source: own.map(|(name, text)| NamedSource::new(name, text)),
            related,
        }
    }

    fn related(report: &Report<'_>, file: FileId, places: Vec<(Place, String)>) -> Option<Self> {
        let (name, text) = source(report, file)?;
        let labels = places
            .iter()
            .map(|(place, message)| {
                let at = clamp(&text, place.span.start as usize, place.span.end as usize);
                LabeledSpan::new_with_span(Some(message.clone()), at)
            })
            .collect();
        Some(Self {
            title: format!("see {name}"),
            code: String::new(),
            level: Level::Note,
            help: String::new(),
            labels,
            source: Some(NamedSource::new(name, text)),
            related: Vec::new(),
        })
    }
}

/// A source or rule file's name and text.
fn source(report: &Report<'_>, file: FileId) -> Option<(String, Arc<str>)> {
    if let Some(source) = report.workspace.file(file) {
        return source.content.as_ref().map(|content| (source.path.clone(), content.text.clone()));
    }
    let source = report.policy.source(file)?;
    Some((source.path.clone(), source.text.as_str().into()))
}

/// A range inside the text, on character boundaries: one outside would fail the rendering.
fn clamp(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(start), floor(end));
    start..end.max(start)
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(format!("{}[{}]", level_word(self.level), self.code)) as _)
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note | Level::Off => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| Box::new(self.related.iter().map(|shown| shown as &dyn Diagnostic)) as _)
    }
}
