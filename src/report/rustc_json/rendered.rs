//! A finding as rustc would print it, for readers that show the text and not its parts.

use annotate_snippets::renderer::{DecorStyle, Renderer};
use annotate_snippets::{AnnotationKind, Level as Title, Snippet};

use crate::finding::{FileId, Finding, Level, Place};
use crate::report::{Places, Style};

/// A place, what is said there, and whether it is the finding's own.
type Labelled<'a> = (Place, &'a str, bool);

pub(super) fn render(places: Places<'_>, finding: &Finding, style: Style) -> String {
    let title = match finding.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note | Level::Off => Title::NOTE,
    };
    // Of the places of one file a single snippet is made; the file of the finding comes first.
    let mut files: Vec<(FileId, Vec<Labelled<'_>>)> =
        vec![(finding.primary.file, vec![(finding.primary, &finding.primary_label, true)])];
    for label in &finding.labels {
        let place = (label.place, label.message.as_str(), false);
        match files.iter_mut().find(|(file, _)| *file == label.place.file) {
            Some((_, places)) => places.push(place),
            None => files.push((label.place.file, vec![place])),
        }
    }
    let snippets = files.iter().filter_map(|(_, labels)| {
        let first = places.spot(labels.first()?.0);
        let annotations = labels.iter().map(|(place, label, primary)| {
            let span = places.spot(*place).span;
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(span.start as usize..span.end as usize).label(Some(*label).filter(|label| !label.is_empty()))
        });
        Some(Snippet::source(first.text).path(first.path).annotations(annotations))
    });
    let mut group = title.primary_title(finding.message.as_str()).elements(snippets);
    if !finding.help.is_empty() {
        group = group.element(Title::HELP.message(finding.help.as_str()));
    }
    let name = format!("`{}::{}`, see `cache-lint explain {1}`", env!("CARGO_PKG_NAME"), finding.rule);
    let groups = [group.element(Title::NOTE.message(name))];
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(style.width).render(&groups) + "\n\n"
}
