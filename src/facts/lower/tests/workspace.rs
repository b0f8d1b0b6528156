//! Whole runs: many files, broken ones, and macros of other files.

use std::path::PathBuf;
use std::sync::Arc;

use super::show::{function_body, item};
use crate::facts::lower::lower_all;
use crate::finding::FileId;
use crate::source::{Content, Package, PackageId, SourceFile, Workspace};
use crate::text::LineIndex;

/// A workspace of one package for each list of texts, named `a`, `b`, ….
fn workspace(packages: &[&[&str]]) -> Workspace {
    let mut workspace = Workspace::default();
    for (id, (texts, name)) in packages.iter().zip('a'..).enumerate() {
        let package = PackageId(id as u32);
        workspace.packages.push(Package {
            id: package,
            name: name.to_string(),
            lib_name: name.to_string(),
            manifest: PathBuf::new(),
            root: PathBuf::new(),
            edition: 2024,
            dependencies: Vec::new(),
            targets: Vec::new(),
            relevant: true,
            open: false,
            supplies: false,
            version: None,
        });
        for text in *texts {
            let id = FileId(workspace.files.len() as u32);
            workspace.files.push(SourceFile {
                id,
                path: format!("{name}/{}.rs", id.0),
                absolute: PathBuf::new(),
                package,
                test: false,
                selected: true,
                content: Some(Content { text: Arc::from(*text), lines: Arc::new(LineIndex::new(text)) }),
            });
        }
    }
    workspace
}

/// Bodies of the last function of each file.
fn bodies(packages: &[&[&str]]) -> Vec<String> {
    let (facts, errors) = lower_all(&workspace(packages));
    assert_eq!(errors, []);
    facts.iter().flatten().filter_map(|facts| facts.items.last()).map(function_body).collect()
}

#[test]
fn a_broken_file_costs_that_file_only() {
    let texts = ["fn a() {}", "fn b( {}", "fn c() {}", "struct"];
    let (facts, errors) = lower_all(&workspace(&[&texts]));
    let shown: Vec<Option<String>> =
        facts.iter().map(|facts| facts.as_ref().map(|facts| item(&facts.items[0]))).collect();
    assert_eq!(shown, [Some("fn a<>() {…}".to_owned()), None, Some("fn c<>() {…}".to_owned()), None]);
    let places: Vec<_> = errors.iter().map(|error| (error.path.as_str(), error.file, error.offset)).collect();
    assert_eq!(places, [("a/1.rs", Some(FileId(1)), Some(4)), ("a/3.rs", Some(FileId(3)), Some(6))]);
    assert!(errors.iter().all(|error| error.message.starts_with("parse error: ")), "{errors:?}");
}

#[test]
fn a_file_without_content_has_no_facts_and_no_error() {
    let mut workspace = workspace(&[&["fn a() {}"]]);
    workspace.files[0].content = None;
    assert_eq!(lower_all(&workspace), (vec![None], vec![]));
}

#[test]
fn macros_reach_other_files_of_their_package_and_exported_ones_other_packages() {
    let definitions = "#[macro_export] macro_rules! put { ($c:expr) => { $c.set($crate::key(), helper!()) } }\n\
                       #[macro_export] macro_rules! helper { () => { 1 } }\n\
                       macro_rules! private { () => { 2 } }\n\
                       fn f() {}";
    let shown = bodies(&[&["fn g() { put!(con); private!() }", definitions], &["fn h() { put!(con); private!() }"]]);
    let expected = [
        "{ put!expanded{con.set(crate::key(), helper!expanded{1})}; private!expanded{2} }",
        "{}",
        "{ put!expanded{con.set(::a::key(), helper!expanded{1})}; private!list{} }",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_well_known_name_is_redefined_for_its_own_package_only() {
    let define = "#[macro_export] macro_rules! info { ($($t:tt)*) => { own($($t)*) } }\nfn f() {}";
    let call = "fn g() { info!(\"a\") }";
    let import = "use log::info; fn g() { info!(\"a\") }";
    let shown = bodies(&[&[call, define, import], &[call]]);
    assert_eq!(shown, ["{ info!expanded{own(\"a\")} }", "{}", "{ info!format{`a`} }", "{ info!format{`a`} }"]);
}

#[test]
fn statements_of_tests_are_kept_in_test_files_only() {
    let text = "fn f() { #[cfg(test)] a(); b() }";
    let mut workspace = workspace(&[&[text, text]]);
    workspace.files[1].test = true;
    let (facts, _) = lower_all(&workspace);
    let shown: Vec<String> = facts.iter().flatten().map(|facts| function_body(&facts.items[0])).collect();
    assert_eq!(shown, ["{ b() }", "{ a(); b() }"]);
}

/// Texts that make a deep tree, up to what the check of the nesting lets pass. Their facts are dropped on a thread with
/// the stack of a main thread; walking or cloning them takes more.
#[test]
fn deep_trees_are_lowered_and_dropped() {
    let chain = |link: &str, count: usize| format!("fn f() {{ a{} }}", link.repeat(count));
    let texts = [
        chain(".b()", 4_900),
        chain(" + b", 4_900),
        chain("?", 4_900),
        chain(".await", 4_900),
        chain(".b", 4_900),
        chain("[0]", 4_900),
        chain("()", 4_900),
        chain(" as u8", 4_900),
        format!("fn f() {{ if a {{}} {} }}", "else if a {} ".repeat(2_000)),
        format!("fn f() {{ a{} }}", ".b(|x| x)".repeat(2_400)),
        format!("fn f() {{ {} }}", "vec![".repeat(900) + &"]".repeat(900)),
        format!("fn f() {{ {} }}", "a(".repeat(900) + &")".repeat(900)),
        format!("fn f() {{ {} }}", "async { ".repeat(450) + &"}".repeat(450)),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let workspace = workspace(&[&texts]);
    let work = move || {
        let (facts, errors) = lower_all(&workspace);
        assert_eq!(errors, []);
        assert!(facts.iter().all(Option::is_some));
    };
    std::thread::Builder::new().stack_size(8 << 20).spawn(work).expect("a thread").join().expect("no panic");
}

#[test]
fn hostile_texts_are_refused_one_by_one() {
    let nested = |open: &str, close: &str| format!("fn f() {{ {}a{} }}", open.repeat(30_000), close.repeat(30_000));
    let texts = [
        nested("(", ")"),
        nested("vec![", "]"),
        nested("async { ", "}"),
        nested("!", ""),
        nested("|x| ", ""),
        nested("", ".b()"),
        nested("", " + a"),
        format!("type T = {}u8{};", "A<".repeat(30_000), ">".repeat(30_000)),
        format!("m!{{ {} }}", "[".repeat(30_000) + &"]".repeat(30_000)),
        "(".repeat(100_000),
        "fn good() {}".to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (facts, errors) = lower_all(&workspace(&[&texts]));
    assert_eq!(errors.len(), texts.len() - 1);
    assert!(errors.iter().all(|error| error.offset.is_some() && error.message.contains("levels deep")), "{errors:?}");
    assert!(facts.last().is_some_and(Option::is_some));
}

/// Macros can make a deep tree of a flat text.
#[test]
fn hostile_expansions_are_given_up() {
    let call = |rules: &str, args: &str| format!("macro_rules! m {{ {rules} }} fn f() {{ m!({args}) }}");
    let texts = [
        call("($($t:tt)*) => { a $(.$t())* }", &"b ".repeat(30_000)),
        call("($($t:tt)*) => { a $(+ $t)* }", &"b ".repeat(1_900)),
        call("($e:expr) => { m!(((((((((((((((($e)))))))))))))))) }", "a"),
        call("($e:expr) => { m!($e.a().a().a().a().a().a().a().a()) }", "a"),
        call("($t:ty) => { m!(A<A<A<A<A<A<A<A<$t>>>>>>>>) }", "u8"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (facts, errors) = lower_all(&workspace(&[&texts]));
    assert_eq!(errors, []);
    assert!(facts.iter().all(Option::is_some));
}
