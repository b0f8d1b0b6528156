use crate::inventory::{Encoding, OpId, Operation};
use crate::rules::testing::{World, op};

const RULE: &str = "key-collision";

fn write(key: &str, ty: &str) -> Operation {
    op("SETEX").key(key).ttl_secs(60).structured(ty, Encoding::Json)
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([write("user:{id}", "Profile"), write("user:{id}", "Account")])]
}

#[test]
fn the_rarer_type_is_named_once() {
    let key = "user:{id}";
    let finding = World::of([
        write(key, "Account"),
        write(key, "Profile"),
        write(key, "Profile"),
        write(key, "Account"),
        write(key, "Profile"),
    ])
    .one(RULE);
    assert_eq!(finding.message, "`user:{id}` holds `Account` here and `Profile` elsewhere");
    assert_eq!(finding.primary.span.start, 0);
    assert_eq!(finding.labels[0].place.span.start, 100);
}

#[test]
fn one_type_by_several_ways_is_one_type() {
    World::of(["Profile", "&Profile", "Arc<Profile>", "Option<Box<Profile>>"].map(|ty| write("user:{id}", ty)))
        .silent(RULE);
}

#[test]
fn what_is_not_known_is_not_judged() {
    World::of([write("user:{id}", "T"), write("user:{id}", "Profile")]).silent(RULE);
    World::of([write("cache:{key}", "Account"), write("cache:{key}", "Profile")]).silent(RULE);
    World::of([
        op("SETEX").key("user:{id}").ttl_secs(60).value(Some("String"), Encoding::Plain),
        write("user:{id}", "Profile"),
    ])
    .silent(RULE);
    World::of([write("user:{id}", "Account").call_of("cache::put", OpId(0)), write("user:v2:{id}", "Profile")])
        .silent(RULE);
}
