use super::*;

fn canonical(path: &str) -> Option<String> {
    Catalogue::embedded().canonical(path).map(std::borrow::Cow::into_owned)
}

#[test]
fn a_path_of_the_client_itself_stays() {
    for path in ["redis::aio::MultiplexedConnection", "redis::AsyncCommands", "redis::cmd", "redis::Client::open"] {
        assert_eq!(canonical(path).as_deref(), Some(path));
        assert!(matches!(Catalogue::embedded().canonical(path), Some(std::borrow::Cow::Borrowed(_))), "{path}");
    }
}

#[test]
fn other_ways_to_the_same_thing_lead_to_one_path() {
    for (path, expected) in [
        ("deadpool_redis::redis::aio::MultiplexedConnection", "redis::aio::MultiplexedConnection"),
        ("deadpool_redis::redis::cmd", "redis::cmd"),
        ("deadpool_redis::redis", "redis"),
        ("bb8_redis::bb8::Pool", "bb8::Pool"),
        ("bb8_redis::redis::AsyncCommands", "redis::AsyncCommands"),
        ("r2d2_redis::r2d2::Pool::builder", "r2d2::Pool::builder"),
        ("rustis::bb8::Pool", "bb8::Pool"),
        ("redis::aio::connection_manager::ConnectionManager", "redis::aio::ConnectionManager"),
        ("fred::prelude::RedisClient", "fred::clients::Client"),
        ("fred::prelude::Client", "fred::clients::Client"),
        ("fred::prelude::RedisClient::new", "fred::clients::Client::new"),
        ("fred::clients::RedisPool", "fred::clients::Pool"),
        ("fred::prelude::Expiration", "fred::types::Expiration"),
        ("fred::prelude::Expiration::EX", "fred::types::Expiration::EX"),
        ("rustis::prelude::Client::connect", "rustis::client::Client::connect"),
        ("simple_redis::Client", "simple_redis::client::Client"),
        ("cached::stores::AsyncRedisCache", "cached::AsyncRedisCache"),
        ("mobc_redis::mobc::PooledConnection", "mobc::Connection"),
    ] {
        assert_eq!(canonical(path).as_deref(), Some(expected), "{path}");
    }
}

#[test]
fn a_name_that_two_modules_have_is_not_guessed() {
    let path = "redis::somewhere::ClusterConnection";
    assert_eq!(canonical(path).as_deref(), Some(path));
    assert_eq!(canonical("redis::Client::Connection").as_deref(), Some("redis::Client::Connection"));
}

#[test]
fn other_crates_have_no_canonical_path() {
    assert_eq!(canonical("serde::Serialize"), None);
    assert_eq!(canonical("redis_like::Client"), None);
    assert_eq!(canonical(""), None);
}

#[test]
fn functions_say_what_they_make() {
    let maker = |path: &str| Catalogue::embedded().maker(path);
    assert_eq!(maker("redis::cmd"), Some(Maker::Command));
    assert_eq!(maker("redis::Cmd::new"), Some(Maker::EmptyCommand));
    assert_eq!(maker("redis::Cmd::set_ex"), Some(Maker::Method));
    assert_eq!(maker("redis::Cmd::nonsense"), None);
    assert_eq!(maker("redis::pipe"), Some(Maker::Type("redis::Pipeline".into())));
    assert_eq!(maker("redis::Client::open"), Some(Maker::Type("redis::Client".into())));
    assert_eq!(maker("redis::SetOptions::default"), Some(Maker::Type("redis::SetOptions".into())));
    assert_eq!(maker("redis::Script::new"), Some(Maker::Script));
    assert_eq!(maker("redis::aio::transaction_async"), Some(Maker::Transaction));
    assert_eq!(maker("fred::cmd!"), Some(Maker::Command));
    assert_eq!(maker("redis_async::resp_array!"), Some(Maker::Line));
    assert_eq!(maker("bb8::Pool::builder"), Some(Maker::Type("bb8::Pool".into())));
    let built = Catalogue::embedded().function("redis::Cmd::set_ex", Some([0, 27, 0]), 3).expect("a constructor");
    assert_eq!(built.command, "SETEX");
}

#[test]
fn pools_hand_out_what_their_manager_makes() {
    let pooled = |pool: &str, manager: &str| Catalogue::embedded().pooled(pool, manager).map(|path| path.as_str());
    let multiplexed = Some("redis::aio::MultiplexedConnection");
    assert_eq!(pooled("bb8::Pool", "bb8_redis::RedisConnectionManager"), multiplexed);
    assert_eq!(pooled("bb8::Pool", "redis::Client"), multiplexed);
    assert_eq!(pooled("r2d2::Pool", "redis::Client"), Some("redis::Connection"));
    assert_eq!(pooled("r2d2::Pool", "r2d2_redis::RedisConnectionManager"), Some("redis::Connection"));
    assert_eq!(pooled("bb8::Pool", "rustis::client::PooledClientManager"), Some("rustis::client::Client"));
    assert_eq!(pooled("mobc::Pool", "redis::Connection"), None);
}

#[test]
fn traits_and_preludes_are_known() {
    let catalogue = Catalogue::embedded();
    let commands = catalogue.trait_spec("redis::Commands").expect("described");
    assert_eq!((commands.sync, commands.bound_only), (Some(true), false));
    let bound = catalogue.trait_spec("redis::aio::ConnectionLike").expect("described");
    assert_eq!((bound.sync, bound.bound_only), (Some(false), true));
    assert_eq!(catalogue.prelude("fred::prelude"), Some(id("fred")));
    assert_eq!(catalogue.prelude("deadpool_redis::redis"), Some(id("redis")));
    assert_eq!(catalogue.prelude("redis::aio"), None);
}

#[test]
fn packages_lead_to_their_client() {
    let catalogue = Catalogue::embedded();
    let packages = catalogue.relevant_packages();
    for package in ["redis", "fred", "rustis", "valkey-glide", "deadpool-redis", "bb8-redis", "rslock", "cached"] {
        assert!(packages.contains(&package), "{package}");
    }
    assert!(!packages.contains(&"bb8"), "a pool alone is no sign of Redis");
    assert_eq!(catalogue.client_of_package("mobc-redis"), Some(id("redis")));
    assert_eq!(catalogue.lib_name("valkey-glide"), Some("glide"));
    assert!(catalogue.mention_words().iter().all(|word| *word == word.to_lowercase()));
}

#[test]
fn method_names_of_any_client_are_known_without_reading_tables() {
    let catalogue = Catalogue::embedded();
    assert!(catalogue.any_method("set_ex") && catalogue.any_method("hincrbyfloat") && catalogue.any_method("get"));
    assert!(!catalogue.any_method("insert") && !catalogue.any_method("kind"));
}

#[test]
fn methods_of_no_interest_are_told_from_unknown_ones() {
    let catalogue = Catalogue::embedded();
    assert!(catalogue.other_method(id("redis"), "acl_list"));
    assert!(!catalogue.other_method(id("redis"), "get"));
    assert!(!catalogue.other_method(id("redis"), "nonsense"));
}
