use crate::rules::testing::World;

const RULE: &str = "key-format";

#[test]
fn an_empty_run_has_no_keys() {
    World::default().silent(RULE);
}
