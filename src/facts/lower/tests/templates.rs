//! Format strings, held against `format!` itself.

use proptest::prelude::*;

use crate::facts::lower::template::{Argument, Piece, Template};

/// The template with every hole filled from two positional arguments and the names `name` and `x1`, specs left out.
fn render(template: &Template) -> Option<String> {
    let mut out = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Hole { argument: Argument::Position(index), .. } => out.push_str(["zero", "one"].get(*index)?),
            Piece::Hole { argument: Argument::Name(name, _), .. } => match name.as_str() {
                "name" => out.push('n'),
                "x1" => out.push('x'),
                _ => return None,
            },
        }
    }
    Some(out)
}

/// Each literal, and what `format!` makes of it.
macro_rules! rendered {
    ($($format:literal),* $(,)?) => {
        [$(($format, {
            #[allow(unused)]
            let text = format!($format, "zero", "one", name = "n", x1 = "x");
            text
        })),*]
    };
}

#[test]
fn agrees_with_the_compiler() {
    let cases = rendered![
        "{}{}{name}{x1}",
        "{0}{1}{0}{name}{x1}",
        "{}{0}{}{1}{x1}{name}",
        "{{}}{}{}{{{name}}}{x1}",
        "{name}{}{x1:}{}",
        "{1:}{:}{name}{x1}",
        "é{}🦀{}{name}{x1}",
        "{0:?<0}{1:{<0}{name:}<0}{x1}",
        "{0 }{1\n}{name }{x1: }",
        "{:<1}{:^2}{name:>1}{x1:01}",
        "}}{{{}{}{name}{x1}",
        "a\n{}\t{}{name}{x1}",
    ];
    for (format, expected) in cases {
        let template = Template::parse(format).unwrap_or_else(|| panic!("{format} is refused"));
        assert_eq!(render(&template).as_deref(), Some(expected.as_str()), "{format}");
    }
}

#[test]
fn specs_and_the_arguments_they_take() {
    let argument = |argument: &Argument| match argument {
        Argument::Position(index) => index.to_string(),
        Argument::Name(name, _) => name.clone(),
    };
    let parts = |format: &str| {
        let template = Template::parse(format).unwrap_or_else(|| panic!("{format} is refused"));
        let counts: Vec<String> = template.counts.iter().map(argument).collect();
        match template.pieces.into_iter().next() {
            Some(Piece::Hole { spec, argument: value }) => (spec, argument(&value), counts.join(" ")),
            other => panic!("no hole: {other:?}"),
        }
    };
    let cases = [
        ("{:?}", "?", "0", ""),
        ("{:#?}", "#?", "0", ""),
        ("{:08.3}", "08.3", "0", ""),
        ("{:>1$}", ">1$", "0", "1"),
        ("{:0$}", "0$", "0", "0"),
        ("{:00$}", "00$", "0", "0"),
        ("{:w$.p$}", "w$.p$", "0", "w p"),
        ("{:.*}", ".*", "1", "0"),
        ("{a:.*x}", ".*x", "a", "0"),
        ("{:-^+#010x?}", "-^+#010x?", "0", ""),
        ("{a:é^é$}", "é^é$", "a", "é"),
    ];
    for (format, expected, value, counts) in cases {
        assert_eq!(parts(format), (expected.to_owned(), value.to_owned(), counts.to_owned()), "{format}");
    }
}

#[test]
fn malformed_templates_are_refused() {
    for format in
        ["{", "}", "a}b", "{a", "{a b}", "{:d d}", "{-1}", "{0.1}", "{:.}}", "{é.ü}", "{99999999999999999999}"]
    {
        assert_eq!(Template::parse(format), None, "{format}");
    }
}

/// A piece of a template: how it is written, and what it renders to.
fn piece() -> impl Strategy<Value = (String, Option<String>, Option<usize>)> {
    let spec = prop::sample::select(vec!["", ":", ":?", ":>08", ":x", ":}^5", ":{<5", ":.3"]);
    let text = "[a-z:éü🦀 {}]{0,6}".prop_map(|text: String| {
        let written = text.replace('{', "{{").replace('}', "}}");
        (written, Some(text), None)
    });
    let explicit = (0..4usize, spec.clone()).prop_map(|(at, spec)| (format!("{{{at}{spec}}}"), None, Some(at)));
    let implicit = spec.prop_map(|spec| (format!("{{{spec}}}"), None, None));
    prop_oneof![text, explicit, implicit]
}

proptest! {
    /// Putting the pieces together again gives the text with its holes, in the order in which they were written.
    #[test]
    fn pieces_reassemble(parts in prop::collection::vec(piece(), 0..12)) {
        let written: String = parts.iter().map(|(written, ..)| written.as_str()).collect();
        let template = Template::parse(&written).expect("well formed");
        let mut next = 0;
        let expected: String = parts
            .iter()
            .map(|(_, text, at)| match (text, at) {
                (Some(text), _) => text.clone(),
                (None, Some(at)) => format!("<{at}>"),
                (None, None) => {
                    next += 1;
                    format!("<{}>", next - 1)
                }
            })
            .collect();
        let shown: String = template
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Hole { argument: Argument::Position(at), .. } => format!("<{at}>"),
                Piece::Hole { argument: Argument::Name(name, _), .. } => format!("<{name}>"),
            })
            .collect();
        prop_assert_eq!(shown, expected);
    }

    /// No text makes it panic.
    #[test]
    fn any_text_is_parsed_or_refused(text in "[{}:$.*0-9a-zé<>^?#\\-+ ]{0,20}") {
        let _ = Template::parse(&text);
    }
}
