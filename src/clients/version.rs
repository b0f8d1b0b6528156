//! Crate versions and ranges of them, as the tables write them.

/// First and last version of a range, both inclusive.
pub(crate) type Range = (Option<[u32; 3]>, Option<[u32; 3]>);

/// Reads `0.23..1`, `..0.32`, `1.0..`, or `0.16` for all of 0.16. What the upper end leaves out is open: `..0.32`
/// takes in every 0.32.x.
pub(crate) fn parse_range(text: &str) -> Result<Range, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let since = if from.is_empty() { None } else { Some(parse_version(from, 0)?) };
    let until = if to.is_empty() { None } else { Some(parse_version(to, u32::MAX)?) };
    match (since, until) {
        (None, None) => Err(format!("`{text}` is no range of versions; write for example `0.23..1` or `1.0..`")),
        (Some(first), Some(last)) if first > last => Err(format!("the range `{text}` ends before it starts")),
        range => Ok(range),
    }
}

/// Reads `1`, `0.23` or `1.4.1`; parts that are missing become `fill`.
pub(crate) fn parse_version(text: &str, fill: u32) -> Result<[u32; 3], String> {
    let mut version = [fill; 3];
    let mut parts = text.split('.');
    for slot in &mut version {
        let Some(part) = parts.next() else { break };
        *slot = part.parse().map_err(|_| format!("`{text}` is no version"))?;
    }
    if parts.next().is_some() {
        return Err(format!("`{text}` has more than three parts"));
    }
    Ok(version)
}

/// Reads what a lock file or manifest says: `1.4.1`, `^0.27`, `2.0.0-rc.2`, `>=0.25, <0.28`. The first number counts.
pub(crate) fn loose_version(text: &str) -> Option<[u32; 3]> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let number = text[start..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut version = [0; 3];
    for (slot, part) in version.iter_mut().zip(number.split('.')) {
        *slot = part.parse().unwrap_or(0);
    }
    Some(version)
}

/// Whether `version` lies in the range.
pub(crate) fn contains((since, until): Range, version: [u32; 3]) -> bool {
    since.is_none_or(|first| first <= version) && until.is_none_or(|last| version <= last)
}

/// Whether two ranges have a version in common.
#[cfg(test)]
pub(crate) fn overlap(left: Range, right: Range) -> bool {
    let below = |since: Option<[u32; 3]>, until: Option<[u32; 3]>| match (since, until) {
        (Some(first), Some(last)) => first <= last,
        _ => true,
    };
    below(left.0, right.1) && below(right.0, left.1)
}
