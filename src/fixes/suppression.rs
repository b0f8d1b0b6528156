//! Suppression comments without effect: removed, or their list of rules shortened.
//!
//! Safe, since they suppress nothing. A rule whose name is nearly right was meant to be that one: this is unsafe, because
//! the comment takes a finding away from then on.

use super::site::{Site, safe, unsafe_};
use crate::finding::{Edit, Fix};
use crate::policy::nearest;
use crate::rules::{Category, REGISTRY};
use crate::source::DirectiveKind;
use crate::suppress::{FileDirectives, Placed, Reach};
use crate::text::Span;

pub(super) fn fix(site: &Site<'_>) -> Option<Fix> {
    let file = site.ground.directives.iter().find(|file| file.file == site.file())?;
    let at = site.finding.primary.span;
    let placed = file.placed.iter().find(|placed| placed.directive.span.contains(at))?;
    match site.finding.rule {
        "suppression-expired" => {
            // While the finding that it was for is there, somebody has to decide.
            return (!covers_a_finding(site, placed))
                .then_some(())
                .and_then(|()| comment(site, file, placed))
                .map(|edits| safe("remove the suppression, which has run out", edits));
        }
        "suppression-unknown-rule" => {
            let known = REGISTRY.iter().map(|rule| rule.meta());
            let known = known.filter(|meta| meta.category != Category::Run).map(|meta| meta.id);
            let name = at.of(site.text);
            let is_rule = REGISTRY.iter().any(|rule| rule.meta().id == name);
            if let Some(near) = nearest(name, known).filter(|_| !is_rule) {
                return Some(unsafe_(format!("name the rule `{near}`"), vec![site.edit(at, near)]));
            }
        }
        _ => {}
    }
    let rules = &placed.directive.rules;
    let edits = match rules.iter().position(|(_, span)| *span == at) {
        // A range is ended by the same list of rules.
        Some(nth) if rules.len() > 1 && placed.directive.kind != DirectiveKind::IgnoreStart => {
            vec![site.edit(entry(rules, nth)?, "")]
        }
        Some(_) if rules.len() > 1 => return None,
        _ => comment(site, file, placed)?,
    };
    Some(safe("remove what suppresses nothing", edits))
}

fn covers_a_finding(site: &Site<'_>, placed: &Placed) -> bool {
    let Reach::Span(reach) = placed.reach else { return true };
    let rules = &placed.directive.rules;
    site.all.iter().any(|finding| {
        finding.primary.file == site.file()
            && reach.contains(Span { end: finding.primary.span.start, ..finding.primary.span })
            && !placed.directive.span.contains(finding.primary.span)
            && (rules.is_empty() || rules.iter().any(|(name, _)| name == finding.rule || name == "all"))
    })
}

/// One name of a list with the comma that belongs to it.
fn entry(rules: &[(String, Span)], nth: usize) -> Option<Span> {
    let own = rules.get(nth)?.1;
    Some(match (rules.get(nth + 1), nth.checked_sub(1).and_then(|before| rules.get(before))) {
        (Some((_, next)), _) => Span { start: own.start, end: next.start },
        (None, Some((_, before))) => Span { start: before.end, end: own.end },
        (None, None) => own,
    })
}

/// The whole comment; for the start of a range, its end as well.
fn comment(site: &Site<'_>, file: &FileDirectives, placed: &Placed) -> Option<Vec<Edit>> {
    let mut edits = vec![site.edit(whole(site, placed)?, "")];
    if placed.directive.kind == DirectiveKind::IgnoreStart
        && let Reach::Span(reach) = placed.reach
    {
        let ends = |other: &&Placed| {
            other.directive.kind == DirectiveKind::IgnoreEnd
                && (other.directive.span.end..=other.directive.span.end + 2).contains(&reach.end)
        };
        edits.push(site.edit(whole(site, file.placed.iter().find(ends)?)?, ""));
    }
    Some(edits)
}

/// The comment with its line, or with the white space in front of it.
fn whole(site: &Site<'_>, placed: &Placed) -> Option<Span> {
    let span = placed.directive.span;
    let before = site.text.get(..span.start as usize)?;
    let space = before.len() - before.trim_end_matches([' ', '\t']).len();
    let start = span.start - u32::try_from(space).ok()?;
    if !placed.directive.own_line {
        return Some(Span { start, end: span.end });
    }
    let behind = site.text.get(span.end as usize..)?;
    let line = behind.find('\n').map_or(behind.len(), |at| at + 1);
    Some(Span { start, end: span.end + u32::try_from(line).ok()? })
}
