//! Edits into texts, and which of them go together.

use proptest::prelude::*;

use super::apply::{apply, choose, patched};
use super::site::number;
use crate::finding::{Edit, FileId, Fix, Place, Safety};
use crate::text::Span;

fn edit(start: usize, end: usize, text: &str) -> Edit {
    Edit { place: Place { file: FileId(0), span: Span::new(start, end) }, text: text.to_owned() }
}

fn fix(edits: Vec<Edit>) -> Fix {
    Fix { safety: Safety::Safe, message: "change something".to_owned(), edits }
}

/// The text after these fixes, and how many were refused.
fn after(text: &str, fixes: &[Fix]) -> (String, usize) {
    let applied = apply(&fixes.iter().collect::<Vec<_>>(), |_| text);
    (applied.texts.get(&FileId(0)).cloned().unwrap_or_else(|| text.to_owned()), applied.refused.len())
}

#[test]
fn fixes_that_touch_each_other_wait_for_the_next_round() {
    let fixes = [
        fix(vec![edit(0, 4, "a")]),
        fix(vec![edit(3, 5, "b")]),
        fix(vec![edit(6, 6, "c"), edit(2, 3, "d")]),
        fix(vec![edit(6, 6, "e")]),
        fix(vec![edit(4, 4, "f")]),
        fix(vec![edit(8, 9, "g"), edit(8, 10, "h")]),
        fix(Vec::new()),
    ];
    assert_eq!(choose(&fixes.iter().collect::<Vec<_>>()), [0, 3, 4]);
}

#[test]
fn a_fix_after_which_the_file_would_not_parse_is_left_out() {
    let text = "fn a() { b(1) }\nfn c() {}\n";
    let fixes = [fix(vec![edit(11, 11, "(")]), fix(vec![edit(19, 20, "d")])];
    assert_eq!(after(text, &fixes), ("fn a() { b(1) }\nfn d() {}\n".to_owned(), 1));
}

#[test]
fn byte_order_mark_and_line_ends_stay() {
    let text = "\u{feff}fn a() {}\r\n// é\r\nfn b() {}\r\n";
    let at = text.find("b()").unwrap();
    assert_eq!(after(text, &[fix(vec![edit(at, at + 1, "c")])]).0, text.replace("b()", "c()"));
}

#[test]
fn an_edit_within_a_character_or_outside_is_refused() {
    for (start, end) in [(4, 5), (0, 99), (99, 99)] {
        assert_eq!(after("// é\n", &[fix(vec![edit(start, end, "x")])]), ("// é\n".to_owned(), 1), "{start}..{end}");
    }
}

#[test]
fn numbers_are_written_as_people_write_them() {
    assert_eq!([5, 900, 3600, 86_400, 1_234_567].map(number), ["5", "900", "3600", "86_400", "1_234_567"]);
}

proptest! {
    #[test]
    fn the_order_of_edits_does_not_matter(
        text in "[a-zé€\\n ]{0,40}",
        places in proptest::collection::vec((0_usize..50, 0_usize..6, "[xyß]{0,3}"), 0..8),
        seed in any::<u64>(),
    ) {
        let fixes: Vec<Fix> =
            places.iter().map(|(start, length, new)| fix(vec![edit(*start, start + length, new)])).collect();
        let fixes: Vec<&Fix> = fixes.iter().collect();
        let chosen: Vec<&Edit> = choose(&fixes).into_iter().flat_map(|at| &fixes[at].edits).collect();
        let mut other = chosen.clone();
        // Any order will do; which one comes out of the seed.
        other.sort_by_key(|edit| u64::from(edit.place.span.start).wrapping_mul(seed | 1).rotate_left(17));
        let one = patched(&text, chosen.clone());
        prop_assert_eq!(&one, &patched(&text, other));
        // One after the other from the back gives the same: none moves the place of another.
        let mut back = chosen.clone();
        back.sort_by_key(|edit| std::cmp::Reverse(edit.place.span));
        let step = back.iter().try_fold(text.clone(), |text, edit| patched(&text, vec![edit]));
        prop_assert_eq!(&one, &step);
        // What is refused is refused for a place outside of the text or within a character, and for nothing else.
        let sound = |edit: &&Edit| text.get(edit.place.span.start as usize..edit.place.span.end as usize).is_some();
        prop_assert_eq!(one.is_some(), chosen.iter().all(sound));
    }
}
