use super::*;

const SECONDS: TtlArgument = TtlArgument::Number(Unit::Seconds);

#[test]
fn set_ex_of_redis_takes_key_value_seconds_in_every_version() {
    for version in [Some([0, 23, 0]), Some([0, 24, 0]), Some([1, 8, 1]), None] {
        let spec = method("redis", version, "set_ex", 3);
        assert_eq!((spec.command.as_str(), spec.effect), ("SETEX", CommandEffect::WriteTtl));
        assert_eq!((spec.keys.as_slice(), spec.value), ([0].as_slice(), Some(1)));
        assert_eq!(spec.ttl, Some((2, SECONDS)));
        assert_eq!((spec.on_ttl, spec.creates), (OnTtl::Replaces, true));
        assert!(spec.distinctive && !spec.ttl_optional);
    }
}

#[test]
fn set_of_redis_has_no_ttl_and_clears_one() {
    let spec = method("redis", None, "set", 2);
    assert_eq!((spec.effect, spec.on_ttl, spec.ttl.clone()), (CommandEffect::Write, OnTtl::Clears, None));
    assert!(!spec.distinctive);
}

#[test]
fn set_options_of_redis_may_carry_a_ttl() {
    let spec = method("redis", Some([0, 25, 4]), "set_options", 3);
    assert_eq!(spec.ttl, Some((2, TtlArgument::Options("redis::SetOptions".into()))));
    assert_eq!((spec.effect, spec.on_ttl), (CommandEffect::WriteMaybeTtl, OnTtl::Option));

    let options = Catalogue::embedded().type_spec("redis::SetOptions").expect("described");
    let expiry = TtlArgument::Enum("redis::SetExpiry".into());
    assert_eq!(options.ttl_methods, [("with_expiration".into(), expiry)]);
    assert!(options.condition_methods.contains(&"conditional_set".into()));
}

#[test]
fn get_of_old_redis_sends_mget_for_several_keys() {
    for (version, other) in
        [([0, 25, 0], Some("MGET")), ([0, 32, 9], Some("MGET")), ([1, 0, 0], None), ([2, 0, 0], None)]
    {
        let spec = method("redis", Some(version), "get", 1);
        assert_eq!((spec.command.as_str(), spec.alternative.as_deref()), ("GET", other), "{version:?}");
    }
}

#[test]
fn a_pool_is_not_mistaken_for_a_connection_by_its_get() {
    assert_eq!(Catalogue::embedded().method(id("redis"), None, "get", 0), None);
}

#[test]
fn a_shape_of_another_version_serves_where_the_own_one_does_not_fit() {
    // 0.20 had `lpop(key)`, 0.21 made it `lpop(key, count)`.
    assert_eq!(method("redis", Some([0, 20, 0]), "lpop", 1).args, 1);
    assert_eq!(method("redis", Some([0, 20, 0]), "lpop", 2).args, 2);
    assert_eq!(method("redis", None, "lpop", 2).since, Some([0, 21, 0]));
}

#[test]
fn set_of_fred_has_an_optional_enum_as_third_argument() {
    let spec = method("fred", None, "set", 5);
    assert_eq!(spec.ttl, Some((2, TtlArgument::Enum("fred::types::Expiration".into()))));
    assert!(spec.ttl_optional);
    assert_eq!((spec.condition, spec.value), (Some(3), Some(1)));
    assert_eq!((spec.effect, spec.on_ttl), (CommandEffect::WriteMaybeTtl, OnTtl::Option));
    assert_eq!(Catalogue::embedded().method(id("fred"), None, "set", 2), None);
}

#[test]
fn expire_of_fred_gained_an_argument_in_10() {
    assert_eq!(method("fred", Some([9, 4, 0]), "expire", 2).condition, None);
    assert_eq!(method("fred", Some([10, 0, 0]), "expire", 3).condition, Some(2));
}

#[test]
fn setex_of_rustis_has_the_order_of_the_wire() {
    let spec = method("rustis", Some([0, 20, 0]), "setex", 3);
    assert_eq!((spec.ttl.clone(), spec.value), (Some((1, SECONDS)), Some(2)));
    let simple = method("simple_redis", None, "setex", 3);
    assert_eq!((simple.ttl.clone(), simple.value), (Some((2, SECONDS)), Some(1)));
}

#[test]
fn set_with_options_of_rustis_lost_its_keep_ttl() {
    assert_eq!(method("rustis", Some([0, 13, 0]), "set_with_options", 5).keep_ttl, Some(4));
    let new = method("rustis", Some([0, 27, 2]), "set_with_options", 4);
    assert_eq!((new.keep_ttl, new.condition, new.ttl_optional), (None, Some(2), true));
}

#[test]
fn mset_is_a_list_of_pairs_and_del_takes_several_keys() {
    let mset = method("redis", None, "mset", 1);
    assert!(mset.pairs && mset.many);
    assert_eq!((mset.keys.as_slice(), mset.value), ([0].as_slice(), Some(0)));
    let del = method("redis", None, "del", 1);
    assert!(del.many && !del.pairs);
}

#[test]
fn the_written_key_of_two_is_known() {
    assert_eq!(method("redis", None, "rename", 2).dest, Some(1));
    assert_eq!(method("redis", None, "sunionstore", 2).dest, Some(0));
    let sort = method("rustis", None, "sort_and_store", 3);
    assert_eq!((sort.dest, sort.effect, sort.on_ttl), (Some(2), CommandEffect::Store, OnTtl::Clears));
}

#[test]
fn set_nx_is_conditional_by_its_name() {
    assert!(method("redis", None, "set_nx", 2).if_absent);
    assert!(!method("redis", None, "set", 2).if_absent);
}

#[test]
fn locks_are_told_from_other_writes_and_have_units_of_their_own() {
    let lock = method("rslock", None, "lock", 2);
    assert!(lock.lock && lock.if_absent && !lock.distinctive);
    assert_eq!(lock.ttl, Some((1, TtlArgument::Number(Unit::Duration))));
    assert_eq!(method("redlock", None, "lock", 2).ttl, Some((1, TtlArgument::Number(Unit::Milliseconds))));
}

#[test]
fn commands_are_found_in_any_case_and_with_two_words() {
    let catalogue = Catalogue::embedded();
    assert_eq!(catalogue.command("setex").expect("known").ttl, Some((1, Unit::Seconds)));
    let (object, words) = catalogue.command_of_words("object", Some("Encoding")).expect("known");
    assert_eq!((object.name.as_str(), words), ("OBJECT ENCODING", 2));
    let (config, words) = catalogue.command_of_words("CONFIG", Some("SET")).expect("known");
    assert_eq!((config.effect, words), (CommandEffect::Admin, 1));
    let (get, words) = catalogue.command_of_words("GET", Some("key")).expect("known");
    assert_eq!((get.name.as_str(), words), ("GET", 1));
    assert_eq!(catalogue.command("FT.SEARCH").expect("a family").effect, CommandEffect::ModuleOther);
    assert!(catalogue.has_second_word("xgroup") && !catalogue.has_second_word("GET"));
    assert_eq!(catalogue.command("NONSENSE"), None);
}

#[test]
fn set_on_the_server_clears_a_ttl_unless_told_otherwise() {
    let set = Catalogue::embedded().command("SET").expect("known");
    assert_eq!(set.on_ttl, OnTtl::Clears);
    assert!(set.ttl_words.contains(&("KEEPTTL".into(), Unit::Keep)));
    assert!(set.condition_words.contains(&"NX".into()));
}

#[test]
fn keys_of_commands_stand_where_the_server_reads_them() {
    use KeyPositions::{After, At, Counted, HalfAfter, Range};
    let keys = |name: &str| Catalogue::embedded().command(name).expect("known").keys.clone();
    assert_eq!(keys("GET"), [At(0)]);
    assert_eq!(keys("DEL"), [Range { start: 0, end: None, step: 1, drop: 0 }]);
    assert_eq!(keys("MSET"), [Range { start: 0, end: None, step: 2, drop: 0 }]);
    assert_eq!(keys("BLPOP"), [Range { start: 0, end: None, step: 1, drop: 1 }]);
    assert_eq!(keys("EVAL"), [Counted { at: 1, step: 1 }]);
    assert_eq!(keys("MSETEX"), [Counted { at: 0, step: 2 }]);
    assert_eq!(keys("ZUNIONSTORE"), [At(0), Counted { at: 1, step: 1 }]);
    assert_eq!(keys("BITOP"), [At(1), Range { start: 2, end: None, step: 1, drop: 0 }]);
    assert_eq!(keys("XREAD"), [HalfAfter("STREAMS".into())]);
    assert_eq!(keys("SORT"), [At(0), After("STORE".into())]);
    assert_eq!(keys("PUBLISH"), []);
}

#[test]
fn commands_in_parts_are_data() {
    let catalogue = Catalogue::embedded();
    let raw = |client: &str, name: &str, args: usize| catalogue.raw(id(client), name, args).expect("a raw form");
    assert_eq!(raw("redis", "req_packed_command", 1).ready, Some(0));
    let start = raw("redis", "cmd", 1);
    assert!(start.starts && start.command == Some(0));
    let custom = raw("fred", "custom", 2);
    assert_eq!((custom.ready, custom.arguments), (Some(0), Some(1)));
    assert_eq!(raw("rustis", "send", 2).ready, Some(0));
    assert_eq!(raw("valkey-glide", "custom_command", 1).line, Some(0));
    assert_eq!(raw("redis-async", "send", 1).line, Some(0));
    let run = raw("simple_redis", "run_command", 2);
    assert_eq!((run.command, run.arguments), (Some(0), Some(1)));
    assert_eq!(catalogue.raw(id("redis"), "req_packed_command", 2), None);
}

#[test]
fn attributes_of_cached_change_with_its_version() {
    let catalogue = Catalogue::embedded();
    let old = catalogue.attribute("cached::proc_macro::io_cached", Some([0, 53, 1])).expect("described");
    assert_eq!(old.ttl, [("time".into(), Unit::Seconds)]);
    assert_eq!(old.default_prefix.as_deref(), Some("cached::proc_macro::io_cached::{fn}"));
    let path = "cached::macros::concurrent_cached";
    assert_eq!(catalogue.attribute(path, Some([2, 0, 0])).expect("described").ttl, [("ttl".into(), Unit::Seconds)]);
    let new = catalogue.attribute(path, None).expect("described");
    assert!(new.ttl.contains(&("ttl_millis".into(), Unit::Milliseconds)));
    assert_eq!((new.redis_when.as_slice(), new.single_flight), (["redis".into()].as_slice(), false));
    let memory = catalogue.attribute("cached::macros::once", None).expect("described");
    assert!(memory.redis_when.is_empty() && memory.redis_types.is_empty());
}

#[test]
fn stores_of_cached_change_with_its_version() {
    let store = |version| Catalogue::embedded().store("cached::RedisCache", Some(version)).expect("described");
    assert_eq!(store([0, 42, 0]).makers[0].ttl, Some((1, Unit::Seconds)));
    assert_eq!(store([0, 59, 0]).makers[0].ttl, Some((1, Unit::Duration)));
    assert_eq!(store([0, 59, 0]).default_namespace.as_deref(), Some("cached-redis-store:"));
    assert_eq!(store([4, 1, 0]).makers[0].ttl, None);
    assert!(Catalogue::embedded().store("hitbox_redis::RedisBackend", None).expect("described").ttl_elsewhere);
}

#[test]
fn a_wrapper_brings_the_redis_of_its_release_series() {
    let version = |package: &str, own| Catalogue::embedded().wrapper_redis_version(package, own);
    assert_eq!(version("deadpool-redis", [0, 14, 0]), Some([0, 24, 0]));
    assert_eq!(version("deadpool-redis", [0, 22, 1]), Some([0, 32, 0]));
    assert_eq!(version("deadpool-redis", [0, 30, 0]), Some([1, 6, 0]));
    assert_eq!(version("bb8-redis", [0, 19, 0]), Some([0, 27, 0]));
    assert_eq!(version("cached", [2, 1, 0]), Some([1, 0, 0]));
    assert_eq!(version("serde", [1, 0, 0]), None);
}

#[test]
fn the_version_of_a_client_is_its_own_or_what_a_wrapper_brings() {
    let of = |package: &str, version: &str| Catalogue::embedded().version_of(id("redis"), package, version);
    assert_eq!(of("redis", "2.0.0-rc.2"), Some([2, 0, 0]));
    assert_eq!(of("redis", "^0.27"), Some([0, 27, 0]));
    assert_eq!(of("bb8-redis", "0.17.0"), Some([0, 27, 0]));
    assert_eq!(of("redis-test", "0.7.0"), None, "its own numbers say nothing of redis");
    assert_eq!(of("cached", "2.1.0"), None, "it hands out no connection");
}
