use super::*;
use crate::clients::commands::Commands;
use crate::clients::embedded::{TABLES, method_names};
use crate::clients::version::overlap;

fn all_methods() -> impl Iterator<Item = (&'static ClientSpec, &'static MethodSpec)> {
    let catalogue = Catalogue::embedded();
    catalogue.clients().iter().flat_map(|client| catalogue.methods(client.id).map(move |method| (client, method)))
}

#[test]
fn no_row_of_the_embedded_tables_has_a_mistake() {
    let (_, mut errors) = Commands::parse(include_str!("../../../rules/clients/commands.toml"));
    for (index, table) in (0_u16..).zip(&TABLES) {
        errors.extend(table.read(ClientId(index)).1);
    }
    errors.extend(Catalogue::with_declared(&[]).1);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// The clients' sources have redis 340, fred 243, rustis 359, glide 291 and simple_redis 52 shapes of methods. 29 of
/// redis and 4 of fred differ from their neighbours only in the number's type (`usize`, `u64`, `i64`), the trait or a
/// deprecation, none of which a table tells; they are one row with a wider range. Redis has 6 inherent methods more
/// (`PubSub::subscribe` and the like), which no trait declares.
#[test]
fn every_table_has_as_many_rows_as_its_client_has_methods() {
    let rows = |name: &str| Catalogue::embedded().methods(id(name)).count();
    assert_eq!(rows("redis"), 340 - 29 + 6);
    assert_eq!(rows("fred"), 243 - 4);
    assert_eq!(rows("rustis"), 359);
    assert_eq!(rows("valkey-glide"), 291);
    assert_eq!(rows("simple_redis"), 52);
    assert_eq!(rows("rslock"), 6);
    assert_eq!(rows("redlock"), 4);
}

#[test]
fn the_command_table_has_all_commands() {
    let commands: Vec<_> = Commands::embedded().iter().collect();
    let plain = |spec: &&CommandSpec| {
        matches!(spec.effect, CommandEffect::Admin | CommandEffect::Connection) && spec.keys.is_empty()
    };
    // 362 with a row of their own, of which 5 PUBSUB ones are counted as plain here, and 44 named in `without_keys`.
    assert_eq!(commands.len(), 362 + 44);
    assert_eq!(commands.iter().filter(|spec| plain(spec)).count(), 44 + 5);
}

#[test]
fn every_method_sends_a_command_that_exists() {
    let catalogue = Catalogue::embedded();
    for (client, method) in all_methods() {
        for name in std::iter::once(&method.command).chain(&method.alternative) {
            assert!(catalogue.command(name).is_some(), "{}: {} sends {name}", client.name, method.name);
        }
    }
}

#[test]
fn every_position_lies_within_the_arguments() {
    for (client, method) in all_methods() {
        let ttl = method.ttl.as_ref().map(|(at, _)| *at);
        let single = [
            ttl,
            method.dest,
            method.value,
            method.field,
            method.keep_ttl,
            method.condition,
            method.pattern,
            method.channel,
            method.script,
        ];
        for at in method.keys.iter().copied().chain(single.into_iter().flatten()) {
            assert!(at < method.args, "{} {}: position {at} of {}", client.name, method.name, method.args);
        }
    }
}

#[test]
fn a_write_has_a_key_and_a_ttl_command_has_a_ttl() {
    use CommandEffect::{Counter, Delete, Expire, Write, WriteMaybeTtl, WriteTtl};
    for (client, method) in all_methods() {
        let place = format!("{} {}", client.name, method.name);
        let on_lock = method.lock && method.keys.is_empty();
        if matches!(method.effect, Write | WriteTtl | WriteMaybeTtl | Counter | Expire | Delete) && !on_lock {
            assert!(!method.keys.is_empty(), "{place} has no key");
        }
        if matches!(method.effect, WriteTtl | WriteMaybeTtl | Expire) {
            assert!(method.ttl.is_some(), "{place} has no TTL");
        }
    }
}

#[test]
fn one_version_has_one_shape_per_number_of_arguments() {
    let catalogue = Catalogue::embedded();
    for (client, method) in all_methods() {
        let range = (method.since, method.until);
        let same = catalogue
            .methods_named(client.id, &method.name)
            .filter(|other| other.args == method.args && overlap(range, (other.since, other.until)));
        assert_eq!(same.count(), 1, "{} {}/{}", client.name, method.name, method.args);
    }
}

#[test]
fn ranges_of_versions_do_not_end_before_they_start() {
    for (client, method) in all_methods() {
        if let (Some(since), Some(until)) = (method.since, method.until) {
            assert!(since <= until, "{} {}", client.name, method.name);
        }
    }
}

#[test]
fn the_quick_list_of_method_names_is_that_of_the_tables() {
    let mut from_tables: Vec<&str> = all_methods().map(|(_, method)| method.name.as_str()).collect();
    from_tables.sort_unstable();
    from_tables.dedup();
    let mut quick: Vec<&str> = method_names().iter().copied().collect();
    quick.sort_unstable();
    assert_eq!(quick, from_tables);
}

#[test]
fn types_that_types_and_functions_name_are_described() {
    let catalogue = Catalogue::embedded();
    for (index, table) in (0_u16..).zip(&TABLES) {
        let (client, _) = table.read(ClientId(index));
        for spec in client.types.values() {
            let named = spec.yields.iter().chain(&spec.pooled).map(|(_, to)| to).chain(&spec.deref);
            for path in named.flat_map(|paths| paths.split(", ")) {
                assert!(catalogue.type_spec(path).is_some(), "{} names {path}", spec.path);
            }
        }
        for (function, maker) in &client.makers {
            if let Maker::Type(path) = maker {
                assert!(catalogue.type_spec(path).is_some(), "{function} makes {path}");
            }
        }
    }
}

#[test]
fn each_type_kind_has_what_it_is_for() {
    for (index, table) in (0_u16..).zip(&TABLES) {
        let (client, _) = table.read(ClientId(index));
        for spec in client.types.values() {
            let complete = match spec.kind {
                TypeKind::Guard | TypeKind::Manager => spec.deref.is_some(),
                TypeKind::Pool | TypeKind::GenericPool => !spec.yields.is_empty(),
                TypeKind::Batch => !spec.run_by.is_empty(),
                TypeKind::Options => {
                    !(spec.ttl_methods.is_empty() && spec.condition_methods.is_empty() && spec.timeout_by.is_empty())
                }
                TypeKind::TtlValue => !spec.variants.is_empty(),
                TypeKind::ConditionValue => !spec.words.is_empty(),
                _ => true,
            };
            assert!(complete, "{} is a {:?} in name only", spec.path, spec.kind);
        }
    }
}
