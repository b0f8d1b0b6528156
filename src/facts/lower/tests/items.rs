//! Items, types, `use` trees and attributes.

use super::show::{expr, item, items, lower, ty};
use crate::facts::lower::{LowerOptions, lower_file};
use crate::facts::{ItemKind, Visibility};

fn shown(text: &str) -> Vec<String> {
    items(&lower(text).items)
}

#[test]
fn use_trees_are_flattened() {
    let text = "use a::{self, b::{c as d, e::*}, f as _, r#type};\nuse ::g::h;\nuse self::i;\nuse {j, k::l};";
    let expected = [
        "use a as a; use a::b::c as d; use a::b::e::*; use a::f as _; use a::type as type",
        "use ::g::h as h",
        "use self::i as i",
        "use j as j; use k::l as l",
    ];
    assert_eq!(shown(text), expected);
}

#[test]
fn use_leaves_have_their_own_places() {
    let text = "use a::{b::c as d, e::*, f};";
    let facts = lower(text);
    let ItemKind::Use(leaves) = &facts.items[0].kind else { panic!("no use") };
    let places: Vec<&str> = leaves.iter().map(|leaf| leaf.span.of(text)).collect();
    assert_eq!(places, ["c as d", "*", "f"]);
}

#[test]
fn crates_and_modules() {
    let text = "extern crate redis as r;\nextern crate alloc;\nmod a;\n#[path = \"x/y.rs\"]\nmod b;\nmod c { mod d { fn e() {} } }";
    let expected = [
        "extern crate redis as r",
        "extern crate alloc as alloc",
        "mod a at None",
        "mod b at Some(\"x/y.rs\")",
        "mod c { mod d { fn e<>() {…} } }",
    ];
    assert_eq!(shown(text), expected);
}

#[test]
fn data_types() {
    let text = "struct A;\nstruct B(u8, pub Vec<B>);\nstruct C<'a, T: Clone + 'a = u8, const N: usize> where T: Send { t: &'a T }\n\
                union D { a: u8 }\nenum E<T> { F, G(T), H { i: u8 } = 3 }\ntype I<T> = Result<T, Error>;";
    let expected = [
        "struct A<> {  }",
        "struct B<> { 0: u8, 1: Vec<B> }",
        "struct C<T: Clone = u8 where T: Send> { t: &T }",
        "struct D<> { a: u8 }",
        "enum E<T> { F {  }, G { 0: T }, H { i: u8 } }",
        "type I<T> = Result<T, Error>;",
    ];
    assert_eq!(shown(text), expected);
}

#[test]
fn every_form_of_type() {
    let cases = [
        ("&'a mut T", "&T"),
        ("*const T", "&T"),
        ("(A, B)", "(A, B)"),
        ("[u8; 4]", "[u8]"),
        ("[u8]", "[u8]"),
        ("Box<dyn A + Send + 'static>", "Box<dyn A + Send>"),
        ("impl Iterator<Item = u8> + ?Sized", "impl Iterator<Item = u8>"),
        ("impl Iterator<Item: Send>", "impl Iterator<Item = impl Send>"),
        ("Box<dyn Fn(A) -> B>", "Box<dyn Fn<A, Output = B>>"),
        ("Box<dyn FnOnce(A)>", "Box<dyn FnOnce<A, Output = ()>>"),
        ("fn(A, B) -> C", "fn(A, B) -> C"),
        ("<T as Tr>::Out", "<T as Tr>::Out"),
        ("A<'a, T, 3>", "A<T>"),
        ("!", "!"),
        ("_", "_"),
        ("m!()", "<unknown>"),
    ];
    for (written, expected) in cases {
        let facts = lower(&format!("type X = {written};"));
        let ItemKind::Alias { ty: target, .. } = &facts.items[0].kind else { panic!("no alias") };
        assert_eq!(ty(target), expected, "{written}");
    }
}

#[test]
fn functions_traits_and_impls() {
    let text = "pub async fn f<C: AsyncCommands>(con: &mut C, (a, b): (u8, u8)) -> R where C: Send {}\n\
                trait Cache: Send + 'static { const N: u8 = 1; type E: Error; type D = u8; fn get(&self); fn put(self: Arc<Self>) {} }\n\
                impl<T> Cache for Redis<T> { const N: u8 = 2; type E = X; fn get(&self) {} }\n\
                impl Redis<u8> { fn new() -> Self {} }\n\
                impl !Send for Redis<u8> {}\n\
                extern \"C\" { fn c(a: u8); static S: u8; }";
    let expected = [
        "async fn f<C: AsyncCommands where C: Send>(con: &C, (a, b): (u8, u8)) -> R {…}",
        "trait Cache<>: Send { type E = impl Error; type D = u8; const N: u8 = 1; fn get<>(self); fn put<>(self) {…} }",
        "impl<T> Cache for Redis<T> { type E = X; const N: u8 = 2; fn get<>(self) {…} }",
        "impl<> Redis<u8> { fn new<>() -> Self {…} }",
        "fn c<>(a: u8);",
        "static S: u8;",
    ];
    assert_eq!(shown(text), expected);
}

#[test]
fn constants_of_all_kinds() {
    let text = "const A: u64 = 60 * 60;\nstatic B: OnceLock<Pool> = OnceLock::new();\n\
                lazy_static! { /// doc\n pub static ref C: Client = open(); static ref D: u8 = 1; }\n\
                thread_local! { static E: Cell<u8> = const { Cell::new(1) } }\n\
                lazy_static::lazy_static! { static ref F: u8 = 2; }";
    let expected = [
        "const A: u64 = (60 * 60);",
        "static B: OnceLock<Pool> = OnceLock::new();",
        "static C: Client = open();",
        "static D: u8 = 1;",
        "static E: Cell<u8> = { Cell::new(1) };",
        "static F: u8 = 2;",
    ];
    assert_eq!(shown(text), expected);
    assert_eq!(lower(text).items[2].visibility, Visibility::Public);
}

#[test]
fn cfg_if_declares_the_items_of_all_branches() {
    let text = "cfg_if::cfg_if! { if #[cfg(feature = \"cluster\")] { type Con = A; } \
                else if #[cfg(test)] { type Con = B; } else { type Con = C; } }";
    let facts = lower(text);
    assert_eq!(items(&facts.items), ["type Con<> = A;", "type Con<> = B;", "type Con<> = C;"]);
    let tests: Vec<bool> = facts.items.iter().map(|item| item.attributes.cfg_test).collect();
    assert_eq!(tests, [false, true, false]);
}

#[test]
fn macros_around_items_are_looked_into_and_others_are_passed_over() {
    let text = "pin_project! { pub struct A { #[pin] b: u8 } }\nbitflags! { struct F: u8 { const A = 1; } }";
    let facts = lower(text);
    assert_eq!(items(&facts.items), ["struct A<> { b: u8 }"]);
    assert_eq!(facts.unresolved_macros, ["bitflags", "pin_project"]);
}

#[test]
fn what_is_test_code() {
    let cases = [
        ("#[cfg(test)]", true, false),
        ("#[cfg(all(unix, test))]", true, false),
        ("#[cfg(any(all(test, unix), test))]", true, false),
        ("#[cfg(any(test, feature = \"mock\"))]", false, false),
        ("#[cfg(not(test))]", false, false),
        ("#[cfg(feature = \"test\")]", false, false),
        ("#[cfg_attr(test, derive(Debug))]", false, false),
        ("#[test]", false, true),
        ("#[tokio::test(flavor = \"multi_thread\")]", false, true),
        ("#[rstest]", false, true),
        ("#[bench]", false, true),
        ("#[instrument]", false, false),
    ];
    for (attribute, cfg_test, is_test) in cases {
        let facts = lower(&format!("{attribute} fn f() {{}}"));
        let attributes = &facts.items[0].attributes;
        assert_eq!((attributes.cfg_test, attributes.is_test), (cfg_test, is_test), "{attribute}");
    }
    assert!(lower("#![cfg(test)]\nfn f() {}").attributes.cfg_test);
    assert!(lower("mod t { #![cfg(test)] }").items[0].attributes.cfg_test);
}

#[test]
fn test_code_inside_bodies_is_dropped_when_asked() {
    let text = "struct S { #[cfg(test)] a: u8, b: u8 }\n\
                fn f(#[cfg(test)] a: u8, b: u8) { #[cfg(test)] let c = 1; #[cfg(test)] d(); #[cfg(test)] e = 2; \
                match b { #[cfg(test)] 1 => x, _ => y }; #[cfg(test)] use z; #[cfg(test)] m!(); S { #[cfg(test)] a: 1, b } }";
    let options = LowerOptions { drop_tests: true, ..LowerOptions::default() };
    let facts = lower_file(text, &options).expect("facts");
    assert_eq!(item(&facts.items[0]), "struct S<> { b: u8 }");
    assert_eq!(item(&facts.items[1]), "fn f<>(b: u8) {…}");
    assert_eq!(super::show::function_body(&facts.items[1]), "{ match b { _ => y }; S { b: b } }");
    assert!(super::show::function_body(&lower(text).items[1]).contains("d()"));
}

#[test]
fn attributes_with_their_arguments() {
    let text = r###"#[derive(Clone, serde::Serialize)]
#[cfg_attr(feature = "x", derive(Debug), serde(rename_all = "camelCase"))]
#[io_cached(map_error = r##"|e| E(e)"##, redis = true, time = 60, create = { Redis::new("p", 60).build() }, ty = Cache<u8>)]
#[serde(rename(serialize = "s"), default, with = "a::b")]
#[route("/x")]
#[allow(clippy::all)]
/// Documentation.
struct S;"###;
    let facts = lower(text);
    let attributes = &facts.items[0].attributes;
    assert_eq!(attributes.derives, ["Clone", "Serialize", "Debug"]);
    let others: Vec<String> = attributes
        .others
        .iter()
        .map(|attribute| {
            let args: Vec<String> = attribute
                .args
                .iter()
                .map(|arg| format!("{}={}", arg.name, arg.value.as_ref().map_or_else(|| "-".to_owned(), expr)))
                .collect();
            format!("{}: {}", attribute.path, args.join(" | "))
        })
        .collect();
    let expected = [
        "serde: rename_all=\"camelCase\"",
        "io_cached: map_error=\"|e| E(e)\" | redis=true | time=60 | create={ Redis::new(\"p\", 60).build() } | ty=<unknown>",
        "serde: rename=rename((serialize = \"s\")) | default=- | with=\"a::b\"",
        "route: =\"/x\"",
        "allow: clippy::all=-",
    ];
    assert_eq!(others, expected);
    let cached = &attributes.others[1];
    assert_eq!(cached.span.of(text), "io_cached");
    assert_eq!(cached.args[2].span.of(text), "time = 60");
}
