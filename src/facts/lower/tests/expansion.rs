//! `macro_rules!` of the project.

use super::show::{body, expr, items, lower};
use crate::facts::item::MacroDef;
use crate::facts::lower::{LowerOptions, lower_file};
use crate::facts::{Expr, ExprKind, ItemKind, MacroBody, Stmt};

/// What `call` stands for under one definition, without the wrapping call.
fn expanded(rules: &str, call: &str) -> String {
    let shown = body(&format!("macro_rules! m {{ {rules} }} x({call})"));
    let inner = shown.strip_prefix("x(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(&shown);
    inner.strip_prefix("m!expanded{").and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner).to_owned()
}

#[test]
fn fragments_and_repetitions() {
    let cases = [
        (
            "($c:expr, $k:expr, $v:expr) => { $c.set($k, $v).await? }",
            "m!(con, \"k\", a + b)",
            "con.set(\"k\", (a + b)).await?",
        ),
        ("($a:expr, $b:expr) => { $a * $b }", "m!(1 + 2, 3 + 4)", "((1 + 2) * (3 + 4))"),
        ("($a:expr) => { $a.get(k) }", "m!(*con)", "*con.get(k)"),
        ("($a:ident . $b:tt) => { $a.$b }", "m!(x.0)", "x.0"),
        ("($t:ty) => { $t::new() }", "m!(Vec<u8>)", "<Vec<u8>>::new()"),
        ("($t:ty) => { <$t>::new() }", "m!(a::B)", "<a::B>::new()"),
        ("($p:path) => { $p(1) }", "m!(a::b)", "a::b(1)"),
        ("($l:literal) => { f($l) }", "m!(-1)", "f(-1)"),
        ("($l:lifetime) => { $l: loop { break $l } }", "m!('a)", "loop { break }"),
        ("($b:block) => { async $b }", "m!({ a })", "async { a }"),
        ("($p:pat => $e:expr) => { match x { $p => $e } }", "m!(Some(1 | 2) => y)", "match x { Some((1 | 2)) => y }"),
        ("($($x:expr),* $(,)?) => { [$($x),*] }", "m!(a, f::<A, B>(|c, d| c), e,)", "[a, f<A, B>(|c, d| c), e]"),
        ("($($k:ident = $v:expr);+) => { ($($k.set($v),)+) }", "m!(a = 1; b = 2)", "(a.set(1), b.set(2))"),
        (
            "($($k:expr => [$($v:expr),*]),*) => { [$(($k, [$($v),*])),*] }",
            "m!(a => [1, 2], b => [])",
            "[(a, [1, 2]), (b, [])]",
        ),
        ("($a:expr $(, $b:expr)?) => { f($a $(, $b)?) }", "m!(1)", "f(1)"),
        ("($a:expr $(, $b:expr)?) => { f($a $(, $b)?) }", "m!(1, 2)", "f(1, 2)"),
        ("($c:expr, $($k:expr),*) => { [$($c.get($k)),*] }", "m!(con, a, b)", "[con.get(a), con.get(b)]"),
        ("(get $k:expr) => { a($k) }; (set $k:expr) => { b($k) }", "m!(set 1)", "b(1)"),
        ("(@inner $a:expr) => { $a }; ($a:expr) => { m!(@inner $a) }", "m!(x + 1)", "m!expanded{(x + 1)}"),
        ("($($t:tt)*) => { format!($($t)*) }", "m!(\"k:{}\", id)", "format!format{`k:<id>`}"),
        (
            "($f:literal $(, $a:expr)*) => { con.get(format!($f $(, $a)*)) }",
            "m!(\"k:{}\", id)",
            "con.get(format!format{`k:<id>`})",
        ),
        ("() => { a; b }", "{ m!() }", "{ m!expanded{{ a; b }} }"),
        ("($v:vis $n:ident) => { f($n) }", "m!(a)", "f(a)"),
        ("($a:expr) => {{ let b = $a; b }}", "{ m!(1) }", "{ m!expanded{{ let b = 1; b }} }"),
    ];
    for (rules, call, expected) in cases {
        assert_eq!(expanded(rules, call), expected, "{rules} / {call}");
    }
}

#[test]
fn statements_that_declare_take_the_place_of_the_call() {
    let shown = body("macro_rules! conn { ($c:ident) => { let mut $c = pool.get().await?; } } conn!(con); con.get(k)");
    assert_eq!(shown, "let con = pool.get().await?; con.get(k)");
    let shown = body("macro_rules! put { ($c:ident) => { $c.a(); $c.b(); } } put!(con);");
    assert_eq!(shown, "put!expanded{{ con.a(); con.b(); }};");
}

#[test]
fn items_and_members() {
    let text = "macro_rules! kv { ($($n:ident: $t:ty),*) => { $(pub struct $n($t); impl Key for $n { key!($n); })* } }\n\
                macro_rules! key { ($n:ident) => { fn key(&self) -> String { format!(\"{}:{}\", stringify!($n), self.0) } } }\n\
                kv!(User: u64, Order: Vec<u8>);\n\
                macro_rules! make { ($n:ident) => { macro_rules! $n { () => { fn made() {} } } $n!(); } }\n\
                make!(inner);";
    let facts = lower(text);
    let expected = [
        "struct User<> { 0: u64 }",
        "impl<> Key for User { fn key<>(self) -> String {…} }",
        "struct Order<> { 0: Vec<u8> }",
        "impl<> Key for Order { fn key<>(self) -> String {…} }",
        "fn made<>() {…}",
    ];
    assert_eq!(items(&facts.items), expected);
    let names: Vec<&str> = facts.macros.iter().map(|definition| definition.name.as_str()).collect();
    assert_eq!(names, ["kv", "key", "make"]);
    assert_eq!(facts.unresolved_macros, [""; 0]);
}

fn tail(text: &str) -> Expr {
    let facts = lower(text);
    let Some(ItemKind::Function(function)) = facts.items.into_iter().next_back().map(|item| item.kind) else {
        panic!("no function")
    };
    match function.body.and_then(|mut body| body.stmts.pop()) {
        Some(Stmt::Expr { expr, .. }) => expr,
        other => panic!("no expression: {other:?}"),
    }
}

#[test]
fn tokens_of_the_definition_stand_at_the_call_and_arguments_where_they_are() {
    let text = "macro_rules! put { ($c:expr, $k:expr) => { $c.set($k, 1) } }\nfn f() { let a = 1; put!(con, \"k\") }";
    let ExprKind::Macro(call) = tail(text).kind else { panic!("no macro") };
    assert_eq!(call.name_span.of(text), "put");
    let MacroBody::Expanded(Expr { kind: ExprKind::Method(set), .. }) = call.body else { panic!("no method") };
    assert_eq!(set.name_span, call.name_span);
    assert_eq!(set.receiver.span.of(text), "con");
    assert_eq!(set.args[0].span.of(text), "\"k\"");
    assert_eq!(set.args[1].span, call.name_span);
}

#[test]
fn definitions_of_other_files_are_used_after_those_of_the_file() {
    let given = [
        MacroDef { name: "m".into(), rules: "($a:expr) => { given($a) }".into(), exported: true },
        MacroDef { name: "info".into(), rules: "($($t:tt)*) => { own_info($($t)*) }".into(), exported: false },
    ];
    let options = LowerOptions { macros: &given, drop_tests: false };
    let shown = |text: &str| {
        let facts = lower_file(text, &options).expect("facts");
        super::show::function_body(facts.items.last().expect("an item"))
    };
    assert_eq!(shown("fn f() { m!(1) }"), "{ m!expanded{given(1)} }");
    assert_eq!(shown("fn f() { crate::m!(1) }"), "{ crate::m!expanded{given(1)} }");
    assert_eq!(shown("macro_rules! m { ($a:expr) => { own($a) } } fn f() { m!(1) }"), "{ m!expanded{own(1)} }");
    // A well-known name is the project's own, unless it is said to be that of another crate.
    assert_eq!(shown("fn f() { info!(1) }"), "{ info!expanded{own_info(1)} }");
    assert_eq!(shown("fn f() { tracing::info!(\"a\") }"), "{ tracing::info!format{`a`} }");
    assert_eq!(shown("use tracing::{debug, info}; fn f() { info!(\"a\") }"), "{ info!format{`a`} }");
}

#[test]
fn definitions_are_recorded_as_written() {
    let facts =
        lower("#[macro_export]\nmacro_rules! é { ($a:expr) => { /* ü */ $a } }\nfn f() { macro_rules! b(() => {}); }");
    let shown: Vec<_> = facts.macros.iter().map(|it| (it.name.as_str(), it.rules.trim(), it.exported)).collect();
    assert_eq!(shown, [("é", "($a:expr) => { /* ü */ $a }", true), ("b", "() => {}", false)]);
}

#[test]
fn a_call_that_no_rule_matches_keeps_its_arguments() {
    assert_eq!(body("macro_rules! m { (a) => { b } } x(m!(con.get(k)))"), "x(m!list{con.get(k)})");
}

#[test]
fn expansion_without_end_comes_to_an_end() {
    for rules in [
        "() => { m!() }",
        "() => { m!(); m!() }",
        "($($t:tt)*) => { m!($($t)* $($t)* a) }",
        "($e:expr) => { m!(($e) + 1) }",
        "($($t:tt)*) => { m!([$($t)*][$($t)*]) }",
        "() => { $(a)* }",
    ] {
        let shown = body(&format!("macro_rules! m {{ {rules} }} x(m!(1)); x(m!())"));
        assert!(shown.contains("m!"), "{rules}");
    }
}

#[test]
fn limits_hold_for_what_one_call_makes() {
    let many = "a ".repeat(3_000);
    let text = format!("macro_rules! m {{ ($($t:tt)*) => {{ f($($t.b().)* c) }} }} fn f() {{ m!({many}) }}");
    let ExprKind::Macro(call) = tail(&text).kind else { panic!("no macro") };
    assert!(matches!(call.body, MacroBody::Opaque(_)), "{}", expr(&tail(&text)).len());
}
