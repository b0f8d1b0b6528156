use crate::inventory::{Effect, Operation};
use crate::rules::testing::{World, op};

const RULE: &str = "cross-slot-keys";

fn on_a_cluster(command: &str, keys: &[&str]) -> Operation {
    let base = Operation { command: command.to_owned(), cluster: true, ..op("SET").effect(Effect::Write) };
    keys.iter().fold(base, |op, key| op.key(key))
}

pub(super) fn worlds() -> Vec<World> {
    vec![
        World::of([on_a_cluster("RENAME", &["shop:cart:{guest}", "shop:order:{id}"])]),
        World::of([
            on_a_cluster("SET", &["shop:a:{id}"]).in_batch(1, Some(true)),
            on_a_cluster("SET", &["shop:b:{id}"]).in_batch(1, Some(true)),
        ]),
    ]
}

#[test]
fn keys_without_a_common_tag_are_reported() {
    let mut worlds = worlds();
    let finding = worlds.remove(0).one(RULE);
    assert_eq!(finding.message, "`RENAME` takes keys of several slots: `shop:cart:{guest}` and `shop:order:{id}`");
    let finding = worlds.remove(0).one(RULE);
    assert_eq!(finding.primary.span.start, 100);
}

#[test]
fn split_commands_single_servers_and_unknown_keys_are_left_alone() {
    World::of([on_a_cluster("DEL", &["shop:a:{id}", "shop:b:{id}"])]).silent(RULE);
    World::of([on_a_cluster("RENAME", &["{from}", "{to}"])]).silent(RULE);
    let single = Operation { cluster: false, ..on_a_cluster("RENAME", &["shop:a", "shop:b"]) };
    World::of([single]).silent(RULE);
    World::of([
        on_a_cluster("SET", &["shop:a:{id}"]).in_batch(1, Some(false)),
        on_a_cluster("SET", &["shop:b:{id}"]).in_batch(1, Some(false)),
    ])
    .silent(RULE);
}
