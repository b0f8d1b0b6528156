//! Macro calls of well-known families, and of unknown ones.

use super::show::{body, lower};

#[test]
fn format_family() {
    let cases = [
        (r#"format!("user:{id}")"#, "format!format{`user:<id>`}"),
        (r#"format!("user:{}:v{}", id, VERSION)"#, "format!format{`user:<id>:v<VERSION>`}"),
        (r#"format!("{0}{}{1}{}{0}", a, b)"#, "format!format{`<a><a><b><b><a>`}"),
        (r#"format!("{a}{b}", a = x.y())"#, "format!format{`<x.y()><b>`}"),
        (r#"format!("{r#type}", r#type = x)"#, "format!format{`<x>`}"),
        (r#"format!("{r#type}")"#, "format!format{`<type>`}"),
        (r#"format!("{{user:{id}}}:profile")"#, "format!format{`{user:<id>}:profile`}"),
        (r#"format!("{:>08}{:?}{x:#x}", a, b)"#, "format!format{`<a :>08><b :?><x :#x>`}"),
        (r#"format!("{:>1$}{:.*}{:w$.p$}", a, 7, b, c, w = 1)"#, "format!format{`<a :>1$><b :.*><c :w$.p$>`}"),
        (r#"format!("{ }{ 0 :? }", a)"#, "format!format{`<a><a :?>`}"),
        (r#"format!("{:}<5}", a)"#, "format!format{`<a :}<5>`}"),
        (r#"format!(concat!("a:", "{}", 1, true), b)"#, "format!format{`a:<b>1true`}"),
        (r##"format!(r"a\{}", b)"##, r"format!format{`a\<b>`}"),
        (r#"std::format!("{}", a)"#, "std::format!format{`<a>`}"),
        (r#"write!(key, "u:{id}")?"#, "write!format{to key, `u:<id>`}?"),
        (r#"writeln!(key)"#, "writeln!format{to key, ``}"),
        (r#"println!()"#, "println!format{``}"),
        (r#"panic!(message)"#, "panic!format{`<message>`}"),
        (r#"bail!(Error::Gone(id))"#, "bail!format{`<Error::Gone(id)>`}"),
        (r#"ensure!(a == b, "no {}", c)"#, "ensure!format{to (a == b), `no <c>`}"),
        (r#"assert!(con.exists(k)?)"#, "assert!format{to con.exists(k)?, ``}"),
        // More holes than arguments: no format string, but arguments all the same.
        (r#"format!("{}{}", a)"#, r#"format!list{"{}{}", a}"#),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn log_family() {
    let cases = [
        (r#"info!("hit {key}")"#, "info!format{`hit <key>`}"),
        (r#"log::debug!(target: "cache", "miss {}", key)"#, r#"log::debug!format{extra "cache", `miss <key>`}"#),
        (
            r#"tracing::warn!(user.id = %id, ?err, ttl, "late {}", n)"#,
            "tracing::warn!format{extra id, extra err, extra ttl, `late <n>`}",
        ),
        (r#"error!(error = ?e)"#, "error!format{extra e, ``}"),
        (
            r#"info!(monotonic_counter.hits = 1, cache.key = k, "hit")"#,
            "info!format{extra (monotonic_counter.hits = 1), extra k, `hit`}",
        ),
        (r#"info!(key:? = k, other = 2; "text {}", a)"#, "info!format{extra k, extra 2, `text <a>`}"),
        (r#"trace!({ a = 1, b = con.get(k) }, "text")"#, "trace!format{extra 1, extra con.get(k), `text`}"),
        (r#"log!(Level::Info, "{a}", a = b)"#, "log!format{extra Level::Info, `<b>`}"),
        (r#"info_span!("load", key = %k, ?id)"#, "info_span!format{extra k, extra id, `load`}"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn lists() {
    let cases = [
        ("vec![a, b.c(),]", "vec!list{a, b.c()}"),
        ("vec![0; n]", "vec!list{[0; n]}"),
        ("assert_eq!(con.get(k)?, 1, \"why\")", "assert_eq!list{con.get(k)?, 1, \"why\"}"),
        ("matches!(con.get(k), Ok(Some(_)) if x)", "matches!list{con.get(k)}"),
        ("tokio::try_join!(a.get(k), b.get(j))?", "tokio::try_join!list{a.get(k), b.get(j)}?"),
        ("resp_array![\"SET\", k, v]", "resp_array!list{\"SET\", k, v}"),
        ("sqlx::query!(\"UPDATE t SET a = ?\", a)", "sqlx::query!list{\"UPDATE t SET a = ?\", a}"),
        ("counter!(\"hits\", \"kind\" => kind)", "counter!list{\"hits\", \"kind\", kind}"),
        ("hashmap!{ a => b, c => d }", "hashmap!list{a, b, c, d}"),
        ("include_str!(\"x.lua\")", "include_str!list{\"x.lua\"}"),
        ("stringify!(con.get(k))", "stringify!list{\"con . get (k)\"}"),
        ("unknown!(a, b; c)", "unknown!list{a, b, c}"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn what_can_be_saved_of_other_tokens() {
    let cases = [
        (
            r#"json!({"a": con.get(k), b: [1, {"c": null}], ("d"): x::y, "e": { "f": g } })"#,
            "json!opaque{con.get(k), 1, x::y, g}",
        ),
        ("json!(value)", "json!opaque{value}"),
        ("retry!({ let a = con.get(k).await?; a })", "retry!list{{ let a = con.get(k).await?; a }}"),
        ("retry! { let a = con.get(k).await?; a }", "retry!opaque{{ let a = con.get(k).await?; a }}"),
        ("stream! { yield 1; con.get(k).await; }", "stream!opaque{{ <unknown>; con.get(k).await; }}"),
        ("odd!(a => b of c, con.get(k))", "odd!opaque{a, con.get(k)}"),
        ("quote! { con.get(k) }", "quote!opaque{}"),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn select_is_a_match_over_futures() {
    let cases = [
        (
            "tokio::select! { biased; Ok(r) = con.get(k), if ready => r, _ = stop.recv() => { return }, else => x }",
            "match () { Ok(r) <- con.get(k) if ready => r, _ <- stop.recv() => { return }, _ => x }",
        ),
        (
            "futures::select! { a = f => { b } c = g => d, complete => break }",
            "match () { a <- f => { b }, c <- g => d, _ => break }",
        ),
        (
            "select! { recv(r) -> msg => a(msg), default(t) => b }",
            "match () { msg <- recv(r) => a(msg), _ <- default(t) => b }",
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(body(written), expected, "{written}");
    }
}

#[test]
fn cfg_if_among_statements_is_a_branch() {
    let written = "cfg_if! { if #[cfg(unix)] { a(); } else { b(); } } c";
    assert_eq!(body(written), "if <unknown> { a(); } else { b(); }; c");
}

#[test]
fn only_names_that_nobody_knows_are_unresolved() {
    let facts = lower("macro_rules! own { () => { 1 } } fn f() { own!(); vec![]; zzz!(); a::yyy!(b); }");
    assert_eq!(facts.unresolved_macros, ["yyy", "zzz"]);
}
