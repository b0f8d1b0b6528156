//! What changes a fingerprint, and what does not.

use std::collections::BTreeMap;

use super::*;

fn shape(source: &str) -> Shape {
    ordered(source, Order::Free)
}

fn ordered(source: &str, order: Order) -> Shape {
    Shape::of(&syn::parse_str(source).unwrap_or_else(|error| panic!("{source}: {error}")), order)
}

fn same(one: &str, other: &str) {
    assert_eq!(shape(one).fingerprint(), shape(other).fingerprint(), "{one}\n{other}");
}

fn differ(one: &str, other: &str) {
    assert_ne!(shape(one).fingerprint(), shape(other).fingerprint(), "{one}\n{other}");
}

#[test]
fn fingerprints_do_not_change_between_releases() {
    let pinned = [
        ("struct A { id: i64, name: String }", PINS[0]),
        ("struct A(u64, Vec<Option<String>>);", PINS[1]),
        ("#[serde(tag = \"kind\")] enum A { One, Two { at: u8 }, Three(B) }", PINS[2]),
        ("struct A;", PINS[3]),
    ];
    let found: Vec<u32> = pinned.iter().map(|(source, _)| shape(source).fingerprint()).collect();
    assert_eq!(found, PINS);
}

const PINS: [u32; 4] = [922_572_032, 2_458_771_870, 3_085_225_506, 2_579_657_500];

#[test]
fn what_is_stored_otherwise_has_another_fingerprint() {
    let base = "struct A { id: i64, name: String }";
    for changed in [
        "struct A { id: i64 }",
        "struct A { id: i64, name: String, at: u64 }",
        "struct A { id: i64, title: String }",
        "struct A { id: i32, name: String }",
        "struct A { id: i64, name: Option<String> }",
        "struct A { id: i64, #[serde(default)] name: String }",
        "struct A { id: i64, #[serde(with = \"x\")] name: String }",
        "struct A { id: i64, #[serde(flatten)] name: String }",
        "struct A { id: i64, #[serde(skip)] name: String }",
        "struct A { id: i64, #[serde(skip_serializing)] name: String }",
        "struct A { id: i64, #[serde(rename = \"n\")] name: String }",
        "struct A { id: i64, #[serde(from_the_future)] name: String }",
        "#[serde(rename_all = \"UPPERCASE\")] struct A { id: i64, name: String }",
        "#[serde(transparent)] struct A { id: i64, name: String }",
        "#[serde(from = \"B\")] struct A { id: i64, name: String }",
        "struct A(i64, String);",
        "enum A { id(i64), name(String) }",
        "struct A<T> { id: i64, name: String }",
    ] {
        differ(base, changed);
    }
}

#[test]
fn what_is_stored_alike_has_the_same_fingerprint() {
    let base = "struct A { id: i64, name: String }";
    for alike in [
        "/// Documented.\n#[derive(Debug)] pub struct A { pub id: i64,\n  /// The name.\n  pub(crate) name: String, }",
        "struct B { id: i64, name: String }",
        "struct A { name: String, id: i64 }",
        "struct A { id: i64, #[serde(rename = \"name\")] title: String }",
        "struct A { id: i64, name: String, #[serde(skip)] seen: bool }",
        "struct A { id: i64, #[serde(alias = \"title\")] name: String }",
        "#[serde(deny_unknown_fields)] struct A { id: i64, name: String }",
        "#[serde(rename_all = \"snake_case\")] struct A { id: i64, name: String }",
    ] {
        same(base, alike);
    }
    same("struct A { r#type: u8 }", "struct A { #[serde(rename = \"type\")] kind: u8 }");
    same("struct A { m: Map<K, V,> }", "struct A { m : Map < K ,V > }");
    differ("struct A { t: (u8,) }", "struct A { t: (u8) }");
}

#[test]
fn order_counts_for_a_codec_that_reads_by_position() {
    let (one, other) = ("struct A { id: i64, name: String }", "struct A { name: String, id: i64 }");
    assert_ne!(ordered(one, Order::Counts).fingerprint(), ordered(other, Order::Counts).fingerprint());
    assert_ne!(ordered(one, Order::Counts).fingerprint(), ordered(one, Order::Free).fingerprint());
}

#[test]
fn order_counts_in_tuples_and_in_untagged_enums() {
    differ("struct A(i64, String);", "struct A(String, i64);");
    differ("#[serde(untagged)] enum A { X(u8), Y(u16) }", "#[serde(untagged)] enum A { Y(u16), X(u8) }");
    same("enum A { X(u8), Y(u16) }", "enum A { Y(u16), X(u8) }");
}

#[test]
fn names_follow_serde() {
    let fields = |rule: &str| shape(&format!("#[serde(rename_all = \"{rule}\")] struct A {{ user_id: i64 }}")).lines();
    for (rule, name) in [
        ("lowercase", "user_id"),
        ("UPPERCASE", "USER_ID"),
        ("PascalCase", "UserId"),
        ("camelCase", "userId"),
        ("snake_case", "user_id"),
        ("SCREAMING_SNAKE_CASE", "USER_ID"),
        ("kebab-case", "user-id"),
        ("SCREAMING-KEBAB-CASE", "USER-ID"),
    ] {
        assert_eq!(fields(rule), [format!("{name}: i64")], "{rule}");
    }
    let variants = |rule: &str| shape(&format!("#[serde(rename_all = \"{rule}\")] enum A {{ NotFound }}")).lines();
    for (rule, name) in [
        ("lowercase", "notfound"),
        ("UPPERCASE", "NOTFOUND"),
        ("PascalCase", "NotFound"),
        ("camelCase", "notFound"),
        ("snake_case", "not_found"),
        ("SCREAMING_SNAKE_CASE", "NOT_FOUND"),
        ("kebab-case", "not-found"),
        ("SCREAMING-KEBAB-CASE", "NOT-FOUND"),
    ] {
        assert_eq!(variants(rule), [name], "{rule}");
    }
}

#[test]
fn enums_show_their_variants_and_fields() {
    let shape = shape(
        "#[serde(tag = \"t\", rename_all = \"snake_case\", rename_all_fields = \"camelCase\")]
         enum A { None, #[serde(skip)] Gone(u8), NotFound { at_time: u64 }, #[serde(rename = \"p\")] Pair(u8, &'static str) }",
    );
    assert_eq!(
        shape.lines(),
        ["#[tag=\"t\"]", "none", "not_found {}", "not_found.atTime: u64", "p()", "p.0: u8", "p.1: &'static str"]
    );
}

#[test]
fn names_for_writing_and_reading_may_differ() {
    let split = shape("struct A { #[serde(rename(serialize = \"w\", deserialize = \"r\"), alias = \"w\")] x: u8 }");
    assert_eq!(split.lines(), ["w/r: u8 #[alias=\"w\"]"]);
}

struct Files(BTreeMap<&'static str, Shape>);

impl Resolver for Files {
    type Place = String;

    fn find(&self, _: &String, path: &str) -> Option<(String, Shape)> {
        Some((path.to_owned(), self.0.get(path.rsplit("::").next()?)?.clone()))
    }
}

fn files(sources: &[(&'static str, &str)]) -> Files {
    Files(sources.iter().map(|(name, source)| (*name, shape(source))).collect())
}

#[test]
fn a_nested_type_changes_what_holds_it() {
    let order = shape("struct Order<T> { lines: Vec<model::Line>, by: HashMap<Uuid, T>, up: Option<Box<Order>> }");
    assert_eq!(order.paths(), ["Box", "HashMap", "Option", "Order", "Uuid", "Vec", "model::Line"]);
    let place = "Order".to_owned();
    let with = |files: &Files| order.fingerprint_with(&place, files);

    let before = files(&[("Line", "struct Line { sku: Sku }"), ("Sku", "struct Sku(String);")]);
    let after = files(&[("Line", "struct Line { sku: Sku }"), ("Sku", "struct Sku(u64);")]);
    assert_ne!(with(&before), with(&after));
    assert_eq!(order.reached(&place, &before).len(), 2);
    // What nothing reaches does not count, and where nothing is found the shape stands alone.
    assert_eq!(
        with(&before),
        with(&files(&[("Line", "struct Line { sku: Sku }"), ("Sku", "struct Sku(String);"), ("X", "struct X;")]))
    );
    assert_eq!(with(&files(&[])), order.fingerprint());
}

#[test]
fn types_that_hold_each_other_come_to_an_end() {
    let tree = files(&[("A", "struct A { b: Box<B> }"), ("B", "enum B { Leaf, Node(Box<A>, Box<B>) }")]);
    let root = shape("struct A { b: Box<B> }");
    assert_eq!(root.reached(&"A".to_owned(), &tree).len(), 1);
}

#[test]
fn an_alias_and_a_conversion_lead_to_what_is_stored() {
    let alias = Shape::of_alias(&syn::parse_str("type Lines = Vec<model::Line>;").unwrap_or_else(|e| panic!("{e}")));
    assert_eq!((alias.name.as_str(), alias.paths()), ("Lines", vec!["Vec".to_owned(), "model::Line".to_owned()]));
    let converted = shape("#[serde(from = \"Stored\", into = \"v1::Stored\", tag = \"kind\")] struct A { id: u8 }");
    assert_eq!(converted.paths(), ["Stored", "u8", "v1::Stored"]);
}
