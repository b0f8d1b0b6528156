use crate::finding::{Confidence, Level};
use crate::inventory::{Encoding, OpId, Operation, Purpose, ValueUse};
use crate::rules::testing::{World, op};

const RULE: &str = "unversioned-key";

#[test]
fn a_serialised_struct_without_a_version_is_flagged_once_for_its_key() {
    let write =
        |key| op("SETEX").key(key).structured("UserProfile", Encoding::Json).purpose(Purpose::Cache).ttl_secs(900);
    let finding = World::of([write("user:profile:{id}"), write("user:profile:{profile.id}")]).one(RULE);
    assert_eq!((finding.level, finding.confidence), (Level::Warning, Confidence::Certain));
    assert_eq!(finding.message, "the key `user:profile:{id}` holds `UserProfile` as JSON but carries no version");
    assert_eq!(finding.labels.iter().filter(|label| label.message == "written here as well").count(), 1);
    assert_eq!(finding.discriminator, "user:profile:{}");
}

#[test]
fn every_struct_format_counts_but_protobuf() {
    let write = |encoding| op("SETEX").key("user:profile:{id}").structured("User", encoding).purpose(Purpose::Session);
    for encoding in [Encoding::MessagePack, Encoding::Bincode, Encoding::Cbor, Encoding::Postcard, Encoding::Other] {
        World::of([write(encoding)]).one(RULE);
    }
    for encoding in [Encoding::Protobuf, Encoding::Plain, Encoding::Unknown] {
        World::of([write(encoding)]).silent(RULE);
    }
}

#[test]
fn json_of_an_unknown_type_counts_in_a_cache() {
    for ty in [None, Some("serde_json::Value"), Some("Vec<_>"), Some("T")] {
        let finding =
            World::of([op("SETEX").key("ai:career:{id}").value(ty, Encoding::Json).purpose(Purpose::Cache)]).one(RULE);
        assert_eq!(finding.confidence, Confidence::Likely);
    }
    World::of([op("SETEX").key("thing:part:{id}").value(None, Encoding::Json)]).silent(RULE);
}

#[test]
fn scalars_and_containers_of_them_need_no_version() {
    for ty in
        ["i64", "String", "&str", "Option<u32>", "Vec<i64>", "HashMap<String, f64>", "&[Uuid]", "chrono::DateTime<Utc>"]
    {
        World::of([op("SETEX").key("user:ids:{id}").value(Some(ty), Encoding::Json).purpose(Purpose::Cache)])
            .silent(RULE);
    }
    World::of([op("SETEX").key("user:x:{id}").value(Some("Vec<User>"), Encoding::Json).purpose(Purpose::Cache)])
        .one(RULE);
}

#[test]
fn only_copies_need_a_version() {
    for purpose in [Purpose::Token, Purpose::Lock, Purpose::Counter, Purpose::Queue, Purpose::State, Purpose::Index] {
        World::of([op("SETEX").key("sso:state:{id}").structured("State", Encoding::Json).purpose(purpose)])
            .silent(RULE);
    }
    // A known purpose of the same key speaks for an unknown one.
    World::of([
        op("SETEX").key("sso:state:{id}").structured("State", Encoding::Json),
        op("GET").key("sso:state:{id}").purpose(Purpose::Token),
    ])
    .silent(RULE);
}

#[test]
fn a_version_segment_is_enough() {
    World::of([op("SETEX").key("user:v2:profile:{id}").structured("User", Encoding::Json).purpose(Purpose::Cache)])
        .silent(RULE);
}

#[test]
fn a_version_by_constant_or_in_the_value_is_enough() {
    let mut by_constant = op("SETEX").key("user:profile:").structured("User", Encoding::Json).purpose(Purpose::Cache);
    by_constant.keys[0].template = by_constant.keys[0].template.take().map(|mut key| {
        key.push_hole(crate::template::Hole { version: true, ..crate::template::Hole::named("SCHEMA_VERSION") });
        key
    });
    World::of([by_constant]).silent(RULE);
    let mut envelope = op("SETEX").key("user:profile:{id}").purpose(Purpose::Cache);
    envelope.value = ValueUse {
        ty: Some("Envelope".to_owned()),
        encoding: Encoding::Json,
        structured: true,
        versioned: true,
        ..ValueUse::default()
    };
    World::of([envelope]).silent(RULE);
}

#[test]
fn definitions_with_the_callers_key_and_reads_are_not_judged() {
    World::of([
        op("SETEX").key_parameter("key").structured("T", Encoding::Json).purpose(Purpose::Cache),
        op("GET").key("user:profile:{id}").structured("User", Encoding::Json).purpose(Purpose::Cache),
        op("SETEX").key("user:profile:{id}").structured("User", Encoding::Json).purpose(Purpose::Cache).unsent(),
    ])
    .silent(RULE);
}

#[test]
fn a_wrapper_that_names_the_key_is_judged_inside_and_one_that_is_given_it_at_the_call() {
    let json = |operation: Operation| operation.structured("T", Encoding::Json).purpose(Purpose::Cache);
    // The wrapper names the key, whatever entity it is given.
    let world = World::of([
        json(op("SETEX").key("kitchen:{*entity}:{*id}")),
        json(op("SETEX").key("kitchen:drink:{id}")).call_of("app::put", OpId(0)),
    ]);
    assert_eq!(world.one(RULE).primary.span.start, 0);
    // The wrapper puts a prefix before its caller's key, in which a version may stand.
    let world = World::of([
        json(op("SETEX").key("cache:{*key}")),
        json(op("SETEX").key("cache:user:{id}")).call_of("app::put", OpId(0)),
    ]);
    assert_eq!(world.one(RULE).primary.span.start, 100);
    // The wrapper is given the whole key.
    let world = World::of([
        json(op("SETEX").key_parameter("key")),
        json(op("SETEX").key("kitchen:drink:{id}")).call_of("app::put", OpId(0)),
    ]);
    assert_eq!(world.one(RULE).primary.span.start, 100);
}
