//! For people: the code with labels in it, and the lines of the rule file that it breaks. The only place that knows
//! `miette`.

use std::collections::BTreeSet;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};

use super::{Places, Report, Spot, Style, confidence_word, level_word, uri};
use crate::finding::{Confidence, FileId, Label, Level, Place};
use crate::policy::PolicyError;
use crate::run::Judged;
use crate::text::Span;

/// Lines that are shown between two labels; what is further apart is shown by itself.
const MOST_LINES_BETWEEN: u32 = 25;

/// Bytes of the longest line that is shown. Longer ones are generated, and would fill the screen.
const LONGEST_LINE: usize = 400;

/// The findings, one after the other.
#[must_use]
pub fn findings(report: &Report<'_>, style: Style) -> String {
    let places = report.places();
    report.findings.iter().map(|judged| linked(report, judged, finding(places, judged, style), style) + "\n").collect()
}

/// The rule leads to its page, each place to its file.
fn linked(report: &Report<'_>, judged: &Judged, mut text: String, style: Style) -> String {
    if !style.links {
        return text;
    }
    let finding = &judged.finding;
    let rule = format!("[{}]", finding.rule);
    text = text.replacen(&rule, &format!("[{}]", style.link(&uri::page_of(finding.rule), finding.rule)), 1);
    let files: BTreeSet<FileId> = finding.labels.iter().map(|label| label.place.file).collect();
    for file in files.into_iter().chain([finding.primary.file]).collect::<BTreeSet<_>>() {
        let shown = format!("{}:", report.places().spot(Place { file, span: Span::default() }).path);
        let target = report.analysis.absolute(file).and_then(|path| uri::file(&path.to_string_lossy()));
        let start = text.match_indices(&shown).map(|(at, _)| at).find(|&at| begins_a_word(&text[..at]));
        let (Some(start), Some(target)) = (start, target) else { continue };
        let numbers = text[start + shown.len()..].find(|c: char| !c.is_ascii_digit() && c != ':');
        let end = numbers.map_or(text.len(), |length| start + shown.len() + length);
        text.replace_range(start..end, &style.link(&target, &text[start..end]));
    }
    text
}

/// Whether what follows this text is no part of a longer path: a bracket, or the code of a colour, stands before it.
fn begins_a_word(before: &str) -> bool {
    let code = before.rsplit_once("\u{1b}[").map_or("", |(_, code)| code);
    let is_color = code.strip_suffix('m').is_some_and(|code| code.chars().all(|c| c.is_ascii_digit() || c == ';'));
    before.ends_with('[') || is_color
}

/// Mistakes in rule files.
#[must_use]
pub fn policy_errors(errors: &[PolicyError], style: Style) -> String {
    let blocks = errors.iter().map(|error| {
        let labels = error.span.map(|span| (super::places::clamped(&error.text, span), String::new(), true));
        let at_file = error.span.is_none() && !error.path.is_empty() && !error.message.contains(&error.path);
        let message = if at_file { format!("{}: {}", error.path, error.message) } else { error.message.clone() };
        let block = Block {
            message,
            severity: Severity::Error,
            help: error.help.clone(),
            source: Source { path: &error.path, text: &error.text },
            labels: labels.into_iter().collect(),
        };
        block.render("error:", style) + "\n"
    });
    blocks.collect()
}

fn finding(places: Places<'_>, judged: &Judged, style: Style) -> String {
    let finding = &judged.finding;
    let spot = places.spot(finding.primary);
    let mut message = finding.message.clone();
    if finding.confidence == Confidence::Undetermined {
        message.push_str(&format!(" ({})", confidence_word(finding.confidence)));
    }
    if let Some(suppression) = &judged.suppression {
        message.push_str(&format!(" (suppressed: {})", suppression.reason));
    }
    let severity = match finding.level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note | Level::Off => Severity::Advice,
    };
    let mut labels = vec![(spot.span, finding.primary_label.clone(), true)];
    let (mut near, apart) = by_nearness(places, finding.primary, &finding.labels);
    labels.extend(near.drain(..).map(|label| (places.spot(label.place).span, label.message.clone(), false)));
    let mut blocks = vec![Block { message, severity, help: None, source: Source::of(&spot), labels }];
    for labels in &apart {
        let spots: Vec<(Spot<'_>, &Label)> = labels.iter().map(|label| (places.spot(label.place), *label)).collect();
        let (Some((first, _)), Some(label)) = (spots.first(), labels.first()) else { continue };
        let in_rules = places.is_rule_file(label.place.file);
        let message = if first.embedded {
            "the rules that come with cache-lint say"
        } else if in_rules {
            "the rule file says"
        } else {
            "see also"
        };
        blocks.push(Block {
            message: message.to_owned(),
            severity: Severity::Advice,
            help: None,
            source: Source::of(first),
            labels: spots.iter().map(|(spot, label)| (spot.span, label.message.clone(), false)).collect(),
        });
    }
    // The cure comes last, below everything that explains it.
    if let Some(last) = blocks.last_mut() {
        last.help = Some(finding.help.clone()).filter(|help| !help.is_empty());
    }
    let head = format!("{}[{}]:", level_word(finding.level), finding.rule);
    let icons = std::iter::once(head.as_str()).chain(std::iter::repeat("☞"));
    blocks.iter().zip(icons).map(|(block, icon)| block.render(icon, style)).collect()
}

/// The labels that are shown with the place of the finding, and the others: each group so near together in one file that
/// the lines between can be shown, in the order in which the finding names them.
fn by_nearness<'l>(places: Places<'_>, primary: Place, labels: &'l [Label]) -> (Vec<&'l Label>, Vec<Vec<&'l Label>>) {
    let line = |place: Place| places.spot(place).position.line;
    // By file the lines that belong together; the first group is the one of the finding itself.
    let mut all: Vec<(FileId, u32)> =
        labels.iter().map(|label| label.place).chain([primary]).map(|place| (place.file, line(place))).collect();
    all.sort_unstable();
    let mut groups: Vec<Vec<(FileId, u32)>> = Vec::new();
    for at in all {
        match groups
            .last_mut()
            .filter(|group| group.last().is_some_and(|last| last.0 == at.0 && at.1 - last.1 <= MOST_LINES_BETWEEN))
        {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let group_of = |place: Place| groups.iter().position(|group| group.contains(&(place.file, line(place))));
    let own = group_of(primary);
    let mut apart: Vec<(Option<usize>, Vec<&Label>)> = Vec::new();
    let mut near = Vec::new();
    for label in labels {
        let group = group_of(label.place);
        if group == own {
            near.push(label);
        } else if let Some((_, known)) = apart.iter_mut().find(|(known, _)| *known == group) {
            known.push(label);
        } else {
            apart.push((group, vec![label]));
        }
    }
    (near, apart.into_iter().map(|(_, labels)| labels).collect())
}

/// A message with labels in one file.
#[derive(Debug)]
struct Block<'a> {
    message: String,
    severity: Severity,
    help: Option<String>,
    source: Source<'a>,
    /// Where, what, and whether it is the main one.
    labels: Vec<(Span, String, bool)>,
}

impl Block<'_> {
    fn render(&self, icon: &str, style: Style) -> String {
        let mut theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        for character in [&mut theme.characters.error, &mut theme.characters.warning, &mut theme.characters.advice] {
            icon.clone_into(character);
        }
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(style.width)
            .with_links(false)
            .with_word_separator(textwrap::WordSeparator::AsciiSpace)
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
            .with_context_lines(1);
        let mut out = String::new();
        let result = if self.is_printable() {
            handler.render_report(&mut out, self)
        } else {
            handler.render_report(&mut out, &self.without_source())
        };
        // Places are clamped, so this fails for no text; the message is what must not be lost.
        if result.is_err() {
            out = format!("  {icon} {}\n", self.message);
        }
        out
    }

    /// There is a text, and its lines fit on a screen.
    fn is_printable(&self) -> bool {
        !self.source.text.is_empty()
            && self.labels.iter().all(|(span, _, _)| {
                let text = self.source.text.as_bytes();
                // The lines around are shown as well.
                let (start, end) = (span.start as usize, span.end as usize);
                let before = text.get(..start).unwrap_or_default();
                let after = text.get(end..).unwrap_or_default();
                let far = |lengths: &[usize]| lengths.iter().any(|&length| length > LONGEST_LINE);
                let above: Vec<usize> = before.rsplit(|&b| b == b'\n').take(2).map(<[u8]>::len).collect();
                let below: Vec<usize> = after.split(|&b| b == b'\n').take(2).map(<[u8]>::len).collect();
                !far(&above) && !far(&below)
            })
    }

    /// The same with the place in the message.
    fn without_source(&self) -> Self {
        let text = self.source.text;
        let at = self.labels.first().map_or(0, |(span, _, _)| span.start);
        let position = crate::text::LineIndex::new(text).position(text, at);
        let place = format!("{}:{}:{}", self.source.path, position.line, position.column);
        Self {
            message: if self.labels.is_empty() { self.message.clone() } else { format!("{} ({place})", self.message) },
            severity: self.severity,
            help: self.help.clone(),
            source: Source { path: "", text: "" },
            labels: Vec::new(),
        }
    }
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Block<'_> {}

impl Diagnostic for Block<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.source.text.is_empty()).then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let labels = self.labels.iter().map(|(span, message, primary)| {
            let range = SourceSpan::from(span.start as usize..span.end as usize);
            let message = Some(message.clone()).filter(|message| !message.is_empty());
            if *primary {
                LabeledSpan::new_primary_with_span(message, range)
            } else {
                LabeledSpan::new_with_span(message, range)
            }
        });
        (!self.labels.is_empty()).then(|| Box::new(labels) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// A text and its name, borrowed.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    fn of(spot: &Spot<'a>) -> Self {
        Self { path: spot.path, text: spot.text }
    }
}

impl SourceCode for Source<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.to_owned(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}
