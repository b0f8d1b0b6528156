//! Cuts a section into what can be read on its own.

use crate::section::find;

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A row of a table with a column of TTLs and one of keys: the names of the columns, the cells.
    Classes(Vec<String>, Vec<String>),
    /// A sentence or clause, and what stands before it: the heading, or the first cell of its row.
    Sentence(String, String),
}

/// The part of a document that is about caching.
pub(super) fn section(document: &str) -> &str {
    if let Some(range) = find(document) {
        return &document[range];
    }
    let mut start = None;
    let mut at = 0;
    for line in document.split_inclusive('\n') {
        let level = heading(line);
        match (start, level) {
            (None, Some((level, title))) if title.to_lowercase().contains("cach") => start = Some((at, level)),
            (Some((from, outer)), Some((level, _))) if level <= outer => return &document[from..at],
            _ => {}
        }
        at += line.len();
    }
    start.map_or(document, |(from, _)| &document[from..])
}

/// The level and the text of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, title.trim()))
}

pub(super) fn parts(section: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut label = String::new();
    let mut columns: Option<Vec<String>> = None;
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in section.lines().chain([""]) {
        let trimmed = line.trim();
        let is_row = trimmed.starts_with('|');
        let item = ["- ", "* ", "+ "].iter().find_map(|mark| trimmed.strip_prefix(mark)).or_else(|| numbered(trimmed));
        if trimmed.starts_with("```") {
            in_code = !in_code;
        }
        let ends = trimmed.is_empty() || is_row || item.is_some() || heading(line).is_some();
        if ends && !paragraph.is_empty() {
            sentences(&label, &std::mem::take(&mut paragraph), &mut parts);
        }
        if !is_row {
            columns = None;
        }
        if trimmed.is_empty() || trimmed.starts_with("```") || (trimmed.starts_with("<!--") && trimmed.ends_with("-->"))
        {
        } else if let Some((_, title)) = heading(line) {
            label = title.to_owned();
        } else if is_row {
            let cells = cells(trimmed);
            match &columns {
                None => columns = Some(cells),
                Some(_)
                    if cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':'))) => {}
                Some(columns) => row(columns, cells, &mut parts),
            }
        } else if let Some(item) = item {
            paragraph = item.to_owned();
        } else if in_code {
            parts.push(Part::Sentence(label.clone(), format!("`{trimmed}`")));
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(trimmed);
        }
    }
    parts
}

/// `1. text`.
fn numbered(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| line[digits..].strip_prefix(". "))?
}

/// The cells of a row; a bar behind a backslash belongs to its cell.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').filter(|rest| !rest.ends_with('\\')).unwrap_or(inner);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            '|' if !escaped => cells.push(String::new()),
            _ => {
                if let Some(cell) = cells.last_mut() {
                    if c == '|' {
                        cell.pop();
                    }
                    cell.push(c);
                }
            }
        }
        escaped = c == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn row(columns: &[String], cells: Vec<String>, parts: &mut Vec<Part>) {
    let names: Vec<String> = columns.iter().map(|name| name.to_lowercase()).collect();
    let has = |word: &str| names.iter().any(|name| name.contains(word));
    if has("ttl") && has("key") && cells.len() == columns.len() {
        parts.push(Part::Classes(names, cells));
        return;
    }
    let Some((first, rest)) = cells.split_first() else { return };
    match rest {
        [] => sentences("", first, parts),
        // `sessions | 15 minutes`: the first cell is what the second is about.
        [only] if crate::section::import::phrases::is_duration(only) => {
            parts.push(Part::Sentence(first.clone(), format!("{first}: {only}")));
        }
        _ => rest.iter().for_each(|cell| sentences(first, cell, parts)),
    }
}

/// Cuts at semicolons and at full stops, outside of code and brackets.
fn sentences(label: &str, text: &str, parts: &mut Vec<Part>) {
    let mut current = String::new();
    let mut in_code = false;
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    let mut flush = |current: &mut String| {
        let sentence = std::mem::take(current).trim().to_owned();
        if sentence.chars().any(char::is_alphanumeric) {
            parts.push(Part::Sentence(label.to_owned(), sentence));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '`' => in_code = !in_code,
            '(' if !in_code => depth += 1,
            ')' if !in_code => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = match c {
            ';' => true,
            '.' | '!' => chars.peek().is_none_or(|next| next.is_whitespace()),
            _ => false,
        };
        if ends && !in_code && depth == 0 {
            flush(&mut current);
        } else {
            current.push(c);
        }
    }
    flush(&mut current);
}
