//! All shapes of deep code, at the limits and beyond them.

use super::*;

/// A shape of code, `n` levels deep.
type Shape = (&'static str, fn(usize) -> String);

fn body(expression: &str) -> String {
    format!("fn f() {{ x = {expression}; }}")
}

fn nest(open: &str, inner: &str, close: &str, n: usize) -> String {
    format!("{}{inner}{}", open.repeat(n), close.repeat(n))
}

fn chain(first: &str, link: &str, n: usize) -> String {
    format!("{first}{}", link.repeat(n))
}

/// Every way of nesting that `syn` or a walk over its tree recurses on.
const SHAPES: &[Shape] = &[
    ("parentheses", |n| body(&nest("(", "1", ")", n))),
    ("arrays", |n| body(&nest("[", "1", "]", n))),
    ("tuples", |n| body(&nest("(1,", "1", ")", n))),
    ("calls", |n| body(&nest("f(", "1", ")", n))),
    ("blocks", |n| body(&nest("{", "1", "}", n))),
    ("statements in blocks", |n| body(&nest("{ f(); {", "1", "}; }", n / 2))),
    ("struct literals", |n| body(&nest("S { a: ", "1", "}", n))),
    ("functions", |n| nest("fn f() {", "", "}", n)),
    ("modules", |n| nest("mod a {", "", "}", n)),
    ("impls in functions", |n| nest("impl A { fn f() {", "", "}}", n / 2)),
    ("ifs", |n| format!("fn f() {{ {} }}", nest("if a {", "", "}", n))),
    ("matches", |n| body(&nest("match a { _ => ", "1", "}", n))),
    ("match guards", |n| body(&nest("match a { _ if ", "1", "=> 1}", n))),
    ("loops", |n| body(&nest("loop { while a {", "", "} }", n / 2))),
    ("async blocks", |n| body(&nest("async {", "1", "}", n))),
    ("closures with blocks", |n| body(&nest("|a| {", "1", "}", n))),
    ("closures with blocks as arguments", |n| body(&nest("f(|a| {", "1", "})", n / 2))),
    ("closures", |n| body(&nest("|a| ", "1", "", n))),
    ("closures of two parameters", |n| body(&nest("|a, b| ", "1", "", n))),
    ("closures over lifetimes", |n| body(&nest("for<'a, 'b> |a, b| ", "1", "", n))),
    ("closures without parameters", |n| body(&nest("|| ", "1", "", n))),
    ("moving closures", |n| body(&nest("move || ", "1", "", n))),
    ("not", |n| body(&nest("!", "1", "", n))),
    ("minus", |n| body(&nest("-", "1", "", n))),
    ("references", |n| body(&nest("&", "1", "", n))),
    ("joined references", |n| body(&nest("&&", "1", "", n / 2))),
    ("mutable references", |n| body(&nest("&mut ", "1", "", n))),
    ("raw references", |n| body(&nest("&raw const ", "a", "", n))),
    ("dereferences", |n| body(&nest("*", "1", "", n))),
    ("operators with attributes", |n| body(&nest("#[a] !", "1", "", n))),
    ("returns", |n| body(&nest("return ", "1", "", n))),
    ("breaks", |n| body(&nest("break 'a ", "1", "", n))),
    ("yields", |n| body(&nest("yield ", "1", "", n))),
    ("ranges", |n| body(&nest(".. ", "1", "", n))),
    ("conditions of ifs", |n| format!("fn f() {{ {} }}", nest("if ", "a", " {}", n))),
    ("conditions of whiles", |n| format!("fn f() {{ {} }}", nest("while ", "a", " {}", n))),
    ("scrutinees", |n| format!("fn f() {{ {} }}", nest("match ", "a", " {}", n))),
    ("iterators", |n| format!("fn f() {{ {} }}", nest("for a in ", "a", " {}", n))),
    ("let conditions", |n| format!("fn f() {{ {} }}", nest("if let a = ", "a", " {}", n))),
    ("assignments", |n| body(&chain("a", " = a", n))),
    ("added assignments", |n| body(&chain("a", " += a", n))),
    ("shifted assignments", |n| body(&chain("a", " >>= a", n))),
    ("left-shifted assignments", |n| body(&chain("a()", " <<= a()", n))),
    ("sums", |n| body(&chain("1", " + 1", n))),
    ("disjunctions", |n| body(&chain("a", " || a", n))),
    ("mixed precedences", |n| body(&nest("a || b && c == d | e ^ f & g << h + i * (", "1", ")", n / 13))),
    ("method calls", |n| body(&chain("a", ".b()", n))),
    ("method calls with arguments", |n| body(&chain("a", ".b(1, 2)", n))),
    ("fields", |n| body(&chain("a", ".b", n))),
    ("awaits", |n| body(&chain("a", ".await", n))),
    ("questions", |n| body(&chain("a", "?", n))),
    ("indices", |n| body(&chain("a", "[0]", n))),
    ("calls of calls", |n| body(&chain("a", "()", n))),
    ("casts", |n| body(&chain("1", " as u8", n))),
    ("else ifs", |n| format!("fn f() {{ {} }}", chain("if a {}", " else if a {}", n))),
    ("generic types", |n| format!("type A = {};", nest("B<", "u8", ">", n))),
    ("generic types of two", |n| format!("type A = {};", nest("B<u8, ", "u8", ">", n))),
    ("generic types of two with function types", |n| {
        format!("type A = {};", nest("B<fn() -> u8, fn() -> ", "u8", ">", n / 3))
    }),
    ("qualified types", |n| format!("type A = {};", nest("<", "u8", " as A>::B", n))),
    ("turbofish", |n| body(&nest("a::<B<", "u8", ">>", n / 2))),
    ("casts to generic types", |n| body(&format!("1 as {}", nest("B<", "u8", ">", n)))),
    ("reference types", |n| format!("type A = {};", nest("&", "u8", "", n))),
    ("pointer types", |n| format!("type A = {};", nest("*const ", "u8", "", n))),
    ("function types", |n| format!("type A = {};", nest("fn() -> ", "u8", "", n))),
    ("trait types", |n| format!("type A = {};", nest("impl Fn() -> ", "u8", "", n))),
    ("tuple types", |n| format!("type A = {};", nest("(", "u8", ",)", n))),
    ("array types", |n| format!("type A = {};", nest("[", "u8", "; 1]", n))),
    ("lengths of array types", |n| format!("type A = {};", nest("[u8; ", "1", "]", n))),
    ("reference patterns", |n| format!("fn f({}: u8) {{}}", nest("&", "a", "", n))),
    ("tuple patterns", |n| format!("fn f({}: u8) {{}}", nest("(", "a", ",)", n))),
    ("bound patterns", |n| format!("fn f() {{ match a {{ {} => 1 }} }}", nest("a @ ", "b", "", n))),
    ("alternatives", |n| format!("fn f() {{ match a {{ {} => 1 }} }}", chain("1", " | 1", n))),
    ("use paths", |n| format!("use {};", chain("a", "::a", n))),
    ("use groups", |n| format!("use {};", nest("a::{", "b", "}", n))),
    ("token trees of a macro", |n| format!("m! {{ {} }}", nest("(", "", ")", n))),
    ("token trees of an attribute", |n| format!("#[a{}] fn f() {{}}", nest("(", "", ")", n))),
    ("token trees of macro rules", |n| format!("macro_rules! m {{ () => {{ {} }} }}", nest("[", "", "]", n))),
];

/// Parses, clones and drops on a thread with the stated stack. An overflow ends the test process.
fn survives(text: String) -> bool {
    let work = move || {
        // Cloning walks the whole tree.
        syn::parse_file(&text).map(|file| drop(file.clone())).is_ok()
    };
    std::thread::Builder::new().stack_size(PARSE_STACK).spawn(work).unwrap().join().unwrap()
}

/// The deepest version of a shape that passes.
fn deepest(shape: fn(usize) -> String) -> usize {
    let (mut passes, mut fails) = (1, 2 * MAX_LEVELS as usize);
    while fails - passes > 1 {
        let middle = usize::midpoint(passes, fails);
        if check_depth(&shape(middle)).is_ok() { passes = middle } else { fails = middle }
    }
    passes
}

#[test]
fn all_shapes_are_refused_at_a_hundred_thousand_levels() {
    for (name, shape) in SHAPES {
        let error = check_depth(&shape(100_000)).expect_err(name);
        assert!(error.limit == MAX_LEVELS || error.limit == MAX_BRACKETS, "{name}: {error}");
    }
}

#[test]
fn all_shapes_pass_at_three_hundred_levels() {
    for (name, shape) in SHAPES {
        assert_eq!(check_depth(&shape(300)), Ok(()), "{name}");
    }
}

#[test]
fn long_tables_and_lists_are_not_deep() {
    let texts = [
        body(&format!(
            "[{}]",
            "-1, 0x2f, 3.5, \"a\", &[b'x', 7], (1, Some(2)), S { a: 1, ..b }, f(|a, b| a + b),".repeat(20_000)
        )),
        format!("const A: &[u32] = &[{}];", "1 << 3, A << 4, x.y < 3, ".repeat(1_000)),
        "pub fn f<T: A<B>>(a: &'a mut T) -> Vec<Vec<u8>> { a.b()?.c(|d| -d) }\n".repeat(20_000),
        format!("fn f() {{ {} }}", "if a < b { return; } match c { A::B => {} C { .. } => {} }".repeat(20_000)),
        format!("fn f() {{ match a {{ {} }} }}", "A | B if a < b && c => d >> 2, 'a'..='z' => |a| !a,".repeat(20_000)),
        format!("enum E {{ {} }}", "A = 1 << 3, B(Vec<u8>), C { a: &'static str },".repeat(20_000)),
        "#[a(b = \"c\")] #[d] use a::{b, c::*}; mod d; struct S<T>(T) where T: A;".repeat(20_000),
        "impl<T> A<T> for B { type C = D; const E: u8 = 1; fn f(); }".repeat(20_000),
        body(&chain("cmd(\"MSET\")", ".arg(\"a\")", 4_500)),
        body(&chain("a == 1", " || !b.c(\"d\")", 4_500)),
    ];
    for text in texts {
        assert_eq!(check_depth(&text), Ok(()), "{}", &text[..80]);
    }
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let text = format!("fn f() {{ g(\"{0}\", r#\"{0}\"#); /* {0} */ }} // {0}", "(".repeat(5_000));
    assert_eq!(check_depth(&text), Ok(()));
}

#[test]
fn the_error_names_the_place_and_the_limit() {
    let error = check_depth(&"(".repeat(5_000)).unwrap_err();
    assert_eq!(error, DepthError { offset: 1_000, what: "brackets are nested", limit: 1_000 });
    assert_eq!(error.to_string(), "brackets are nested more than 1000 levels deep; the file is not analysed");
}

#[test]
fn unbalanced_and_unfinished_text_is_no_problem() {
    for text in ["", "}}}}", "((((", "<<<<", ">>>>", "fn f() { a.", "| | |", "'", "\"", "/*", "\u{feff}"] {
        assert_eq!(check_depth(text), Ok(()), "{text}");
    }
}

#[test]
fn what_just_passes_is_parsed_walked_and_dropped_without_an_overflow() {
    for (name, shape) in SHAPES {
        let n = deepest(*shape);
        assert!(n < 2 * MAX_LEVELS as usize - 1, "{name} is never refused");
        assert!(survives(shape(n)), "{name} does not parse at {n}");
    }
}
