use super::*;

/// Reads `[client.acme]` as a rule file would hold it.
fn declare(text: &str) -> (Catalogue, Vec<String>) {
    let mut table: DeclaredClient = toml::from_str(text).expect("the words are known");
    "acme".clone_into(&mut table.name);
    let (catalogue, errors) = Catalogue::with_declared(&[table]);
    (catalogue, errors.iter().map(ToString::to_string).collect())
}

/// The only mistake in a table.
fn mistake(text: &str) -> String {
    let (_, errors) = declare(&format!("crates = [\"acme-cache\"]\n{text}"));
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].clone()
}

#[test]
fn a_crate_of_ones_own_is_described_with_the_words_of_the_embedded_tables() {
    let (catalogue, errors) = declare(
        r#"
        crates = ["acme-cache"]
        reexports = { "acme_cache::redis" = "redis" }
        types = { "acme_cache::Cache" = "connection", "acme_cache::Ttl" = { kind = "ttl-value", variants = { Mins = "duration" } } }
        functions = { "acme_cache::forget" = "DEL key", "acme_cache::open" = "-> acme_cache::Cache" }

        [methods]
        put = ["SET key value ttl:s? @..1", "SET key value ttl:Ttl @2.0.."]
        "#,
    );
    assert!(errors.is_empty(), "{errors:?}");
    let acme = catalogue.client_named("acme").expect("declared");
    assert!(catalogue.relevant_packages().contains(&"acme-cache"));
    assert!(catalogue.mention_words().contains(&"acme_cache"));
    assert_eq!(catalogue.client_of_package("acme-cache"), Some(acme));
    assert!(catalogue.any_method("put"));
    assert_eq!(catalogue.type_spec("acme_cache::Cache").map(|spec| spec.kind), Some(TypeKind::Connection));
    assert_eq!(catalogue.canonical("acme_cache::redis::cmd").as_deref(), Some("redis::cmd"));
    assert_eq!(catalogue.maker("acme_cache::forget"), Some(Maker::Sends));
    assert_eq!(catalogue.function("acme_cache::forget", None, 1).map(|spec| spec.command.as_str()), Some("DEL"));

    let old = catalogue.method(acme, Some([1, 2, 0]), "put", 3).expect("declared");
    assert_eq!(old.ttl, Some((2, TtlArgument::Number(Unit::Seconds))));
    assert!(old.ttl_optional && !old.distinctive);
    assert_eq!(old.effect, CommandEffect::WriteMaybeTtl);
    let new = catalogue.method(acme, Some([2, 0, 0]), "put", 3).expect("declared");
    assert_eq!(new.ttl, Some((2, TtlArgument::Enum("acme_cache::Ttl".into()))));
}

#[test]
fn the_embedded_clients_are_still_there() {
    let (catalogue, _) = declare("crates = [\"acme-cache\"]");
    let redis = catalogue.client_named("redis").expect("embedded");
    assert!(catalogue.method(redis, None, "set_ex", 3).is_some());
    assert!(catalogue.type_spec("redis::Client").is_some());
}

#[test]
fn a_wrong_command_is_told_with_the_row_and_a_guess() {
    assert_eq!(
        mistake("methods = { put = \"SETX key value\" }"),
        "acme.methods.put: `SETX` is no Redis command; did you mean `SETEX`?"
    );
}

#[test]
fn a_missing_command_is_told() {
    assert_eq!(
        mistake("methods = { put = \"key value\" }"),
        "acme.methods.put: starts with the Redis command in capitals, for example \"SETEX key value ttl:s\", not with `key`"
    );
}

#[test]
fn a_wrong_role_is_told_with_a_guess() {
    assert_eq!(
        mistake("methods = { put = \"SET key vlaue\" }"),
        "acme.methods.put: `vlaue` is no role of an argument; did you mean `value`? (`_` stands for an argument of no interest)"
    );
}

#[test]
fn wrong_units_types_and_facts_are_told() {
    assert_eq!(
        mistake("methods = { put = \"SETEX key ttl value\" }"),
        "acme.methods.put: `ttl` needs a unit or a type, as in `ttl:s`"
    );
    assert_eq!(
        mistake("methods = { put = \"SETEX key ttl:durations value\" }"),
        "acme.methods.put: `durations` is neither a unit nor a type of kind `ttl-value` or `options` in this table; \
         did you mean `duration`?"
    );
    assert_eq!(
        mistake("methods = { put = \"SET key value; if_absnet\" }"),
        "acme.methods.put: `if_absnet` after `;` is not known; did you mean `if_absent`?"
    );
    assert_eq!(
        mistake("methods = { put = \"SET key value; effect=wirte\" }"),
        "acme.methods.put: `wirte` is no effect; did you mean `write`?"
    );
    assert_eq!(mistake("methods = { put = \"SET key value value\" }"), "acme.methods.put: `value` occurs twice");
    assert_eq!(
        mistake("methods = { put = \"SET key value NX\" }"),
        "acme.methods.put: `NX`: a method's row names arguments, not options of the command"
    );
}

#[test]
fn wrong_versions_are_told() {
    assert_eq!(mistake("methods = { put = \"SET key value @1.x..\" }"), "acme.methods.put: `1.x` is no version");
    assert_eq!(
        mistake("methods = { put = \"SET key value @2..1\" }"),
        "acme.methods.put: the range `2..1` ends before it starts"
    );
}

#[test]
fn wrong_functions_and_raw_forms_are_told() {
    assert_eq!(
        mistake("functions = { \"acme_cache::cmd\" = \"comand\" }"),
        "acme.functions.\"acme_cache::cmd\": `comand` is neither `-> some::Type`, a row such as \"SET key value\", nor a \
         known word; did you mean `command`?"
    );
    assert_eq!(mistake("raw = { run = \"_ arguments\" }"), "acme.raw.run: needs one of `ready`, `command` and `line`");
}

#[test]
fn a_path_in_a_foreign_crate_is_told() {
    assert_eq!(
        mistake("types = { \"other::Cache\" = \"connection\" }"),
        "acme.types.\"other::Cache\": `other` is not among this client's `crates`"
    );
}

#[test]
fn crates_are_needed_and_may_not_be_taken_already() {
    let (_, errors) = declare("methods = { put = \"SET key value\" }");
    assert_eq!(errors, ["acme: needs `crates`: the packages whose calls it describes"]);
    let (catalogue, errors) = declare("crates = [\"redis\"]");
    assert_eq!(errors, ["acme.crates: `redis` is described by the table `redis` already"]);
    assert_eq!(catalogue.canonical("redis::cmd").as_deref(), Some("redis::cmd"));
}

#[test]
fn a_wrong_row_does_not_take_the_others_with_it() {
    let (catalogue, errors) =
        declare("crates = [\"acme-cache\"]\nmethods = { put = \"NOPE key\", take = \"GETDEL key\" }");
    assert_eq!(errors.len(), 1);
    let acme = catalogue.client_named("acme").expect("declared");
    assert!(catalogue.method(acme, None, "take", 1).is_some());
}

#[test]
fn unknown_keys_are_refused() {
    let error = toml::from_str::<DeclaredClient>("crate = [\"acme-cache\"]").expect_err("`crate` is no key");
    assert!(error.to_string().contains("unknown field `crate`"), "{error}");
}

#[test]
fn the_schema_of_a_declared_client_can_be_made() {
    let schema = schemars::schema_for!(DeclaredClient);
    let text = serde_json::to_string(&schema).expect("serialises");
    for key in ["crates", "methods", "types", "raw", "functions", "brought_by"] {
        assert!(text.contains(&format!("\"{key}\"")), "{key}");
    }
}

proptest::proptest! {
    #[test]
    fn no_row_brings_the_reader_down(row in "[A-Za-z0-9 ;:@?+_|=.>-]{0,60}", many in 0_usize..400) {
        let rows = [row.clone(), format!("SET {row}"), format!("DEL {}", "_ ".repeat(many)), format!("SET key {row}; {row}")];
        let mut table = DeclaredClient { name: "acme".to_owned(), crates: vec!["acme".to_owned()], ..Default::default() };
        for (name, text) in ["a", "b", "c", "d"].into_iter().zip(&rows) {
            table.methods.insert(name.to_owned(), Rows::One(text.clone()));
            table.raw.insert(name.to_owned(), Rows::One(text.clone()));
            table.functions.insert(format!("acme::{name}"), text.clone());
        }
        let (catalogue, errors) = Catalogue::with_declared(&[table]);
        let acme = catalogue.client_named("acme").expect("declared");
        let read = catalogue.methods(acme).count();
        let told = errors.iter().filter(|error| error.row.0.get(1).is_some_and(|part| part == "methods")).count();
        proptest::prop_assert_eq!(read + told, rows.len());
    }
}
