use crate::inventory::{Encoding, Operation, Purpose};
use crate::rules::testing::{World, op};

const RULE: &str = "cached-failure";

fn set(ty: &str, seconds: i128) -> Operation {
    op("SETEX").key("shop:v1:score:{id}").structured(ty, Encoding::Json).ttl_secs(seconds).purpose(Purpose::Cache)
}

fn replaced() -> Operation {
    let mut set = set("Score", 900);
    set.value.replaced = true;
    set
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([replaced()]), World::of([set("Option<Score>", 900)])]
}

#[test]
fn the_default_of_a_failed_serialisation_is_no_answer() {
    let finding = World::of([replaced()]).one(RULE);
    assert_eq!(finding.message, "what is stored under `shop:v1:score:{id}` may be the default of a failure");
}

#[test]
fn an_option_is_stored_also_when_there_is_no_row() {
    let finding = World::of([set("Option<Score>", 900)]).one(RULE);
    assert_eq!(finding.message, "`Option<Score>` is stored under `shop:v1:score:{id}`, also when it is `None`");
}

#[test]
fn rows_short_ttls_two_ttls_and_state_are_fine() {
    World::of([set("Score", 900)]).silent(RULE);
    World::of([set("Option<Score>", 30)]).silent(RULE);
    World::of([set("Option<Score>", 900), set("Score", 30)]).silent(RULE);
    World::of([set("Option<Score>", 900).purpose(Purpose::State)]).silent(RULE);
}
