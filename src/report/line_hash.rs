//! `primaryLocationLineHash`: how GitHub recognises an alert whose line has moved. GitHub's upload action computes the same
//! number where a report leaves it out, and warns where a given one differs.

use std::collections::HashMap;

/// Characters that a hash covers, counted from the start of the line; blanks do not count.
const WINDOW: usize = 100;
/// The base of the polynomial.
const BASE: u64 = 37;
/// Stands after the last character of the text. What would lie behind it counts as 0.
const END: u16 = u16::MAX;

/// The hash of every line, the first line first: hexadecimal digits, a colon, and the how-manieth line of the text this is
/// with that hash. Characters are UTF-16 code units, and a lone carriage return ends a line as well.
#[must_use]
pub(super) fn line_hashes(text: &str) -> Vec<String> {
    let (units, starts) = significant(text);
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let hashes = starts.into_iter().map(|start| {
        let window = (start..start + WINDOW).map(|at| units.get(at).copied().unwrap_or(0));
        let hash = window.fold(0_u64, |hash, unit| hash.wrapping_mul(BASE).wrapping_add(u64::from(unit)));
        let count = seen.entry(hash).and_modify(|count| *count += 1).or_insert(1);
        format!("{hash:x}:{count}")
    });
    hashes.collect()
}

/// The text without blanks, its line ends made alike, its end marked; and where in that each line begins.
fn significant(text: &str) -> (Vec<u16>, Vec<usize>) {
    let [lf, cr, space, tab] = [b'\n', b'\r', b' ', b'\t'].map(u16::from);
    let mut units = Vec::with_capacity(text.len() + 1);
    let mut starts = Vec::new();
    let mut before = lf;
    for unit in text.encode_utf16().chain([END]) {
        let second_half = std::mem::replace(&mut before, unit) == cr && unit == lf;
        if unit == space || unit == tab || second_half {
            continue;
        }
        if units.last().is_none_or(|&last| last == lf) {
            starts.push(units.len());
        }
        units.push(if unit == cr { lf } else { unit });
    }
    (units, starts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, written down another way: c₀·37⁹⁹ + c₁·37⁹⁸ + … + c₉₉, modulo 2⁶⁴.
    fn by_definition(text: &str) -> Vec<String> {
        const MODULUS: u128 = 1 << 64;
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace([' ', '\t'], "");
        let lines: Vec<&str> = text.split('\n').collect();
        let mut hashes: Vec<String> = Vec::new();
        for at in 0..lines.len() {
            let rest: Vec<u16> = lines[at..].join("\n").encode_utf16().chain([65535]).collect();
            let mut sum = 0_u128;
            let mut power = 1_u128;
            for position in (0..100).rev() {
                sum = (sum + power * u128::from(rest.get(position).copied().unwrap_or(0))) % MODULUS;
                power = power * 37 % MODULUS;
            }
            let hash = format!("{sum:x}:");
            let earlier = hashes.iter().filter(|known| known.starts_with(&hash)).count();
            hashes.push(format!("{hash}{}", earlier + 1));
        }
        hashes
    }

    /// Values that GitHub's own tests of its upload action expect.
    #[test]
    fn hashes_are_those_that_github_publishes() {
        assert_eq!(line_hashes(""), ["c129715d7a2bc9a3:1"]);
        let short = ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(line_hashes(" a\nb\n  \t\tc\n d"), short);
        let ended = [
            "e9496ae3ebfced30:1",
            "fb7c023a8b9ccb3f:1",
            "ce8ba1a563dcdaca:1",
            "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1",
            "c8e28b0b4002a3a0:1",
            "c129715d7a2bc9a3:1",
        ];
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(line_hashes(text), ended, "{text:?}");
        }
        let repeated = line_hashes(&"Lorem ipsum dolor sit amet.\n".repeat(10));
        assert_eq!(&repeated[4..7], ["a7f2ff13bc495cf2:5", "a7f2ff13bc495cf2:6", "a7f2ff1481e87703:1"]);
    }

    #[test]
    fn a_line_that_moves_keeps_its_hash() {
        let before = line_hashes("fn a() {}\nfn b() {}\n");
        let after = line_hashes("// new\n\nfn a() {}\n\tfn b() {}\n");
        assert_eq!(before[..2], after[2..4]);
    }

    proptest! {
        #[test]
        fn hashes_are_those_of_the_definition(text in "[ab \t\r\n]{0,260}") {
            prop_assert_eq!(line_hashes(&text), by_definition(&text));
        }

        #[test]
        fn any_text_has_them(text in "\\PC{0,40}(\n\\PC{0,40}){0,6}") {
            prop_assert_eq!(line_hashes(&text), by_definition(&text));
        }
    }
}
