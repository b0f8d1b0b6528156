//! Names and patterns of channels: whether two may mean one, and whether one was meant to be the other.

/// Whether two channels or patterns may name one: `{}`, `*` and `?` stand for any text, `[…]` for a letter.
pub(super) fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (globs(one), globs(other));
    // `reach[j]`: what is read of `one` fits the first `j` letters of `other`.
    let mut reach: Vec<bool> = vec![false; other.len() + 1];
    reach[0] = true;
    let spread = |reach: &mut Vec<bool>| {
        for at in 0..other.len() {
            reach[at + 1] |= reach[at] && other[at].is_none();
        }
    };
    spread(&mut reach);
    for letter in one {
        let mut next = vec![false; other.len() + 1];
        for at in 0..=other.len() {
            if !reach[at] {
                continue;
            }
            match letter {
                None => next[at..].fill(true),
                Some(c) if at < other.len() && other[at].is_none_or(|theirs| theirs == c) => {
                    next[at + 1] = true;
                    next[at] |= other[at].is_none();
                }
                Some(_) => {}
            }
        }
        spread(&mut next);
        reach = next;
    }
    reach[other.len()]
}

/// Letters; `None` for any text.
fn globs(shape: &str) -> Vec<Option<char>> {
    let mut out = Vec::new();
    let mut rest = shape;
    while let Some(c) = rest.chars().next() {
        let (piece, taken) = match c {
            '{' if rest.starts_with("{}") => (None, 2),
            '*' | '?' => (None, 1),
            '[' => match rest.find(']') {
                Some(end) => (None, end + 1),
                None => (Some(c), 1),
            },
            _ => (Some(c), c.len_utf8()),
        };
        out.push(piece);
        rest = &rest[taken..];
    }
    out
}

/// Whether two channels differ in a few letters, or by a part in front or behind.
pub(super) fn is_near(one: &str, other: &str) -> bool {
    let longer = one.chars().count().max(other.chars().count());
    let within = |whole: &str, part: &str| part.len() >= 5 && (whole.ends_with(part) || whole.starts_with(part));
    strsim::osa_distance(one, other) * 4 <= longer || within(one, other) || within(other, one)
}

#[cfg(test)]
mod tests {
    use super::{is_near, meet};

    #[test]
    fn patterns_and_holes_stand_for_any_text() {
        for (one, other) in
            [("a:*", "a:b"), ("a:{}", "a:b:c"), ("{}:x", "y:{}"), ("a?c", "abc"), ("a[bc]d", "abd"), ("*", "x")]
        {
            assert!(meet(one, other) && meet(other, one), "{one} {other}");
        }
        for (one, other) in [("a:*", "b:c"), ("a", "ab"), ("cache:invalidate", "cache:invalidation")] {
            assert!(!meet(one, other) && !meet(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_or_a_prefix_is_near() {
        assert!(is_near("cache:invalidate", "cache:invalidation") && is_near("prod:cache:reload", "cache:reload"));
        assert!(!is_near("orders", "cache:reload"));
    }
}
