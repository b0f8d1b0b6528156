//! The rules that are off until the rule file switches them on or says what they look for: `orphan-key`,
//! `duplicate-template`, `bypassed-pattern`, `sensitive-value`.

use crate::inventory::{Encoding, Operation, Purpose};
use crate::policy::{Policy, Vocabulary};
use crate::rules::testing::{World, op, place};

fn under(text: &str, ops: impl IntoIterator<Item = Operation>) -> World {
    let mut world = World::of(ops);
    let vocabulary = Vocabulary { rules: &[], categories: &[] };
    world.policy = Policy::parse("cache-lint.toml", text, &vocabulary).unwrap();
    world
}

fn spelled(mut op: Operation, at: u32) -> Operation {
    op.keys[0].spelled = Some(place(at));
    op
}

fn stored(fields: &[&str]) -> Operation {
    let mut op = op("SETEX").key("shop:user:{id}").ttl_secs(900).structured("User", Encoding::Json);
    op.value.fields = fields.iter().map(|&field| field.to_owned()).collect();
    op
}

const PATTERNS: &str = "version = 1\n[class.user]\nkeys = [\"*:user:**\"]\nttl = \"15m\"\nonly-patterns = true\n";
const SECRETS: &str =
    "version = 1\n[secrets]\ntypes = [\"Login\"]\nfields = [\"password*\", \"*_token\"]\nmax-ttl = \"1m\"\n";

pub(super) fn worlds() -> Vec<World> {
    vec![
        World::of([op("SETEX").key("shop:tips:{id}")]),
        World::of([op("GET").key("shop:tips:{id}")]),
        World::of([spelled(op("GET").key("shop:tips:{id}"), 7), spelled(op("SETEX").key("shop:tips:{user}"), 9)]),
        under(PATTERNS, [op("GET").key("shop:user:{id}"), op("DEL").key("shop:user:{id}"), stored(&[])]),
        under(SECRETS, [stored(&["password_hash"])]),
        under(SECRETS, [op("SETEX").key("shop:login:{id}").structured("Vec<Login>", Encoding::Json)]),
    ]
}

#[test]
fn a_key_with_one_half_is_an_orphan_unless_its_reply_or_another_template_is_the_other() {
    const RULE: &str = "orphan-key";
    let finding = World::of([op("SETEX").key("shop:tips:{id}"), op("DEL").key("shop:tips:{id}")]).one(RULE);
    assert_eq!(finding.message, "`shop:tips:{id}` is written and never read");
    World::of([op("SETEX").key("shop:tips:{id}"), op("GET").key("shop:tips:{user}")]).silent(RULE);
    World::of([op("SETEX").key("shop:sales:{period}"), op("GET").key("shop:sales:today")]).silent(RULE);
    World::of([op("INCR").key("shop:tries:{id}")]).silent(RULE);
    World::of([op("SETEX").key("shop:lock:{id}").purpose(Purpose::Lock)]).silent(RULE);
}

#[test]
fn a_key_that_is_put_together_twice_is_reported_at_the_second_place() {
    const RULE: &str = "duplicate-template";
    let finding =
        World::of([spelled(op("GET").key("shop:tips:{id}"), 7), spelled(op("SETEX").key("shop:tips:{id}"), 9)])
            .one(RULE);
    assert_eq!(finding.primary.span.start, 9);
    World::of([spelled(op("GET").key("shop:tips:{id}"), 7), spelled(op("DEL").key("shop:tips:{id}"), 7)]).silent(RULE);
    World::of([op("GET").key("shop:tips:{id}"), op("DEL").key("shop:tips:{id}")]).silent(RULE);
}

#[test]
fn a_class_of_patterns_takes_no_command_of_a_client() {
    const RULE: &str = "bypassed-pattern";
    let finding = under(PATTERNS, [op("DEL").key("shop:user:{id}")]).one(RULE);
    assert_eq!(finding.message, "`DEL` goes around `cache-patterns`, to which keys of class `user` belong");
    under(PATTERNS, [op("DEL").key("shop:user:{id}").client("cache-patterns")]).silent(RULE);
    under(PATTERNS, [op("DEL").key("shop:order:{id}"), op("PUBLISH").key("shop:user:changed")]).silent(RULE);
    World::of([op("DEL").key("shop:user:{id}")]).silent(RULE);
}

#[test]
fn a_secret_is_told_by_type_or_field_and_may_live_for_a_moment() {
    const RULE: &str = "sensitive-value";
    let finding = under(SECRETS, [stored(&["name", "password_hash"])]).one(RULE);
    assert_eq!(finding.message, "`User` is stored with its secret field `password_hash` under `shop:user:{id}`");
    under(SECRETS, [stored(&["access_token"])]).one(RULE);
    under(SECRETS, [stored(&["name", "tokens_left", "old_password"])]).silent(RULE);
    under(SECRETS, [stored(&["password_hash"]).ttl_secs(30)]).silent(RULE);
}
