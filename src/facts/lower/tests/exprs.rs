//! Expressions, statements and patterns.

use super::show::body;

/// Each form as it is written, and as it is understood.
#[test]
fn every_form_of_expression() {
    let cases = [
        ("(a)", "a"),
        ("a::b::<T>::c", "a::b<T>::c"),
        ("::a::b", "::a::b"),
        ("<T>::new", "<T>::new"),
        ("<T as ::x::Trait>::NAME", "<T as ::x::Trait>::NAME"),
        ("f(a, b,)", "f(a, b)"),
        ("con.set::<_, &str, ()>(key, value)", "con.set::<_, &str, ()>(key, value)"),
        ("self.pool.0.1", "self.pool.0.1"),
        ("a[0][i]", "a[0][i]"),
        ("&mut *a", "&*a"),
        ("&raw const a", "&a"),
        ("!a && -b < c", "(!a && (-b < c))"),
        ("a as u64 + 1", "((a as u64) + 1)"),
        ("a = b", "(a = b)"),
        ("a += b", "(a += b)"),
        ("_ = b", "(<unknown> = b)"),
        ("con.get(k).await?", "con.get(k).await?"),
        ("unsafe { a }", "{ a }"),
        ("const { a }", "{ a }"),
        ("async move { a.await }", "async { a.await }"),
        ("if a { b } else if c { d } else { e }", "if a { b } else if c { d } else { e }"),
        ("if let Some(a) = b && c { d }", "if (let Some(a) = b && c) { d }"),
        ("match a { 1 | 2 if b => c, _ => {} }", "match a { (1 | 2) if b => c, _ => {} }"),
        ("'l: while let Some(a) = b { continue 'l; }", "while let Some(a) = b { continue; }"),
        ("for (i, a) in b.iter() { break; }", "for (i, a) in b.iter() { break; }"),
        ("'l: loop { break 'l a; }", "loop { break a; }"),
        ("move |a, &b: &u8| a + b", "|a, b: &u8| (a + b)"),
        ("async move |a| a.await", "async |a| a.await"),
        ("|| -> u8 { 1 }", "|| { 1 }"),
        ("return a", "return a"),
        ("return", "return"),
        ("()", "()"),
        ("(a,)", "(a)"),
        ("[a, b]", "[a, b]"),
        ("[0u8; 16]", "[0; 16]"),
        ("P { a: 1, b, 0: c, ..d }", "P { a: 1, b: b, 0: c, ..d }"),
        ("a..=b", "(a..b)"),
        ("..", "(..)"),
        ("yield a", "<unknown>"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn literals_lose_what_is_only_spelling() {
    let cases = [
        (r#""a\n\u{e9}""#, r#""a\né""#),
        (r###"r#"a"b"#"###, r#""a\"b""#),
        (r#"c"a""#, r#""a""#),
        (r#"b"a""#, r#"b"a""#),
        (r#"b"\xff""#, "<unknown>"),
        ("b'a'", "97"),
        ("'é'", "'é'"),
        ("1_000u64", "1000"),
        ("0xff", "255"),
        ("0b1_1", "3"),
        ("170141183460469231731687303715884105728u128", "<unknown>"),
        ("1_0.5f32", "10.5"),
        ("2e3", "2e3"),
        ("true", "true"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn every_form_of_pattern() {
    let cases = [
        ("_", "_"),
        ("ref mut a", "a"),
        ("a @ Some(_)", "a @ Some(_)"),
        ("&(a)", "a"),
        ("None", "None"),
        ("a::NONE", "a::NONE"),
        ("-1", "-1"),
        ("\"a\"", "\"a\""),
        ("1..=9", "<range>"),
        ("Ok(Some(a))", "Ok(Some(a))"),
        ("P { a, b: c, 0: d, .. }", "P { a: a, b: c, 0: d }"),
        ("(a, .., b)", "(a, .., b)"),
        ("[a, rest @ ..]", "[a, rest @ ..]"),
        ("| a | b", "(a | b)"),
        ("m!()", "<unknown>"),
    ];
    for (written, expected) in cases {
        let shown = body(&format!("match x {{ {written} => y }}"));
        assert_eq!(shown, format!("match x {{ {expected} => y }}"), "{written}");
    }
}

#[test]
fn statements() {
    let cases = [
        ("let a: u8 = 1;", "let a: u8 = 1;"),
        ("let a;", "let a;"),
        ("let Some(a) = b else { return };", "let Some(a) = b else { return };"),
        ("a; b", "a; b"),
        ("if a { b } c", "if a { b } c"),
        ("use redis::AsyncCommands as _; a", "use redis::AsyncCommands as _ a"),
        ("fn inner() {} inner()", "fn inner<>() {…} inner()"),
        ("const TTL: u64 = 60; TTL", "const TTL: u64 = 60; TTL"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}
