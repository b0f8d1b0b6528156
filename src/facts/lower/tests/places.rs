//! Spans are byte offsets into the text that was given, whatever stands in it.

use crate::facts::lower::{LowerOptions, ParseFailure, lower_file};
use crate::facts::{Expr, ExprKind, FormatPiece, Item, ItemKind, MacroBody, Stmt};

fn items(text: &str) -> Vec<Item> {
    lower_file(text, &LowerOptions::default()).expect("facts").items
}

fn failure(text: &str) -> ParseFailure {
    lower_file(text, &LowerOptions::default()).expect_err("a failure")
}

/// The value of the last function's body.
fn tail(text: &str) -> Expr {
    match items(text).pop().map(|item| item.kind) {
        Some(ItemKind::Function(function)) => match function.body.and_then(|mut body| body.stmts.pop()) {
            Some(Stmt::Expr { expr, .. }) => expr,
            other => panic!("no expression: {other:?}"),
        },
        other => panic!("no function: {other:?}"),
    }
}

/// A call of `set` with two arguments, found at the end of all these texts.
#[test]
fn offsets_hold_behind_what_is_not_one_byte_per_character() {
    let call = "con.set(\"ключ\", wert)";
    for before in [
        "",
        "\u{feff}",
        "#!/usr/bin/env run-cargo-script\n",
        "\u{feff}#!/usr/bin/env run\r\n",
        "#![allow(unused)]\n",
        "#! /* no shebang */ [allow(unused)]\n",
        "// größer 🦀\r\n/* é\r\n */\r\n",
        "const S: &str = \"a\r\nb é 🦀\r\n\"; ",
        "const S: &str = r#\"\r\n🦀\"#;\n/// größer\r\n",
    ] {
        let text = format!("{before}fn f() {{ /* ü */ {call} }}");
        let expr = tail(&text);
        assert_eq!(expr.span.of(&text), call, "{before:?}");
        let ExprKind::Method(method) = &expr.kind else { panic!("no method") };
        assert_eq!(method.name_span.of(&text), "set", "{before:?}");
        assert_eq!(method.receiver.span.of(&text), "con", "{before:?}");
        let args: Vec<&str> = method.args.iter().map(|arg| arg.span.of(&text)).collect();
        assert_eq!(args, ["\"ключ\"", "wert"], "{before:?}");
    }
}

#[test]
fn every_expression_covers_its_own_text() {
    for expr in [
        "(a + b)",
        "(a + b).c()",
        "a.b.await?",
        "a[0]",
        "&mut a",
        "-a",
        "a as Vec<u8>",
        "(a) + (b)",
        "a = b",
        "unsafe { a }",
        "async move { a }",
        "if a { b } else { c }",
        "match a { b => c }",
        "while a { b }",
        "for a in b { c }",
        "loop { a }",
        "return a",
        "move |a| a",
        "async |a| a",
        "S { a: b }",
        "a..b",
        "..=b",
        "(a, b)",
        "[a; 1]",
        "<A as B>::c::<D>",
        "::a::b",
        "m!(a)",
        "a::m![a]",
        "tokio::select! { a = b => c }",
        "yield a",
    ] {
        let text = format!("fn f() {{ let x = {expr}; }}");
        let Some(ItemKind::Function(function)) = items(&text).pop().map(|item| item.kind) else {
            panic!("no function")
        };
        let Some(Stmt::Let { init: Some(init), span, .. }) = function.body.and_then(|mut body| body.stmts.pop()) else {
            panic!("no let")
        };
        assert_eq!(init.span.of(&text), expr);
        assert_eq!(span.of(&text), format!("let x = {expr};"));
    }
}

#[test]
fn items_have_the_place_of_their_name_and_of_the_whole() {
    for (text, name) in [
        ("/// Doc.\n#[a] pub(crate) async fn b() {}", "b"),
        ("pub const unsafe extern \"C\" fn b() {}", "b"),
        ("unsafe impl<T> A for B<T> {}", "B<T>"),
        ("pub static mut A: u8 = 1;", "A"),
        ("struct A(u8);", "A"),
        ("struct A { b: u8 }", "A"),
        ("enum A { B }", "A"),
        ("pub mod a { }", "a"),
        ("pub mod a;", "a"),
        ("#[a] type A = B;", "A"),
        ("pub unsafe trait A {}", "A"),
        ("pub use a::{b, c as d};", "b, c as d"),
        ("extern crate a as b;", "b"),
    ] {
        let item = items(text).pop().expect("an item");
        assert_eq!(item.span.of(text), name);
        assert_eq!(item.full_span.of(text), text);
    }
}

#[test]
fn captured_names_are_found_inside_the_format_string() {
    let holes = |text: &str| -> Vec<String> {
        let ExprKind::Macro(call) = tail(text).kind else { panic!("no macro") };
        let MacroBody::Format { pieces, .. } = call.body else { panic!("no format string") };
        let spans = pieces.into_iter().filter_map(|piece| match piece {
            FormatPiece::Hole { value, .. } => Some(value.span.of(text).to_owned()),
            FormatPiece::Text(_) => None,
        });
        spans.collect()
    };
    assert_eq!(holes("fn f() { format!(\"é{id}:{ n :>5}:{}\", x.y) }"), ["id", "n", "x.y"]);
    assert_eq!(holes("fn f() { format!(r#\"é{id}\"#) }"), ["id"]);
    // Escapes move what stands behind them, so the whole literal is as near as it gets.
    assert_eq!(holes("fn f() { format!(\"\\n{id}\") }"), ["\"\\n{id}\""]);
    // A literal of a definition stands at the call.
    let text = "macro_rules! m { ($a:expr) => { format!(\"{id}{}\", $a) } }\nfn f() { format!(\"{}\", m!(b)) }";
    assert_eq!(holes(text), ["m!(b)"]);
}

#[test]
fn failures_say_where() {
    let at = |text: &str| (failure(text).offset as usize, failure(text).message);
    assert_eq!(at("fn é() { let = 1; }").0, "fn é() { let ".len());
    assert_eq!(at("\u{feff}fn f() { let = 1; }").0, "\u{feff}fn f() { let ".len());
    assert_eq!(at("fn f()").0, "fn f()".len());
    assert_eq!(at("fn f() {"), (7, "unbalanced brackets or an unfinished literal".to_owned()));
    assert_eq!(at("fn f() { \"abc }").0, 9);
    assert!(failure("fn").to_string().starts_with("parse error: "));
}

/// `proc_macro2` keeps every text that a thread parsed until it is told to forget.
#[test]
fn nothing_is_left_behind_on_the_thread() {
    for round in 0..3 {
        assert_eq!(tail("fn f() { a }").span.start, 9, "round {round}");
        assert!(lower_file("fn f(", &LowerOptions::default()).is_err());
    }
}
