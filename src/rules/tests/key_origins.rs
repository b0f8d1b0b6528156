//! `non-deterministic-key` and `unsanitised-key-input`: what the parts of a key are made of.

use crate::finding::Level;
use crate::inventory::{Operation, Purpose};
use crate::provenance::Provenance;
use crate::rules::testing::{World, op};
use crate::template::{Hole, Template};

const MADE: &str = "non-deterministic-key";
const SENT: &str = "unsanitised-key-input";

/// `shop:thing:{part}` with a text in the hole that comes from here, and `rest` behind it.
fn of(command: &str, origin: Provenance, rest: &str) -> Operation {
    let mut op = op(command).key("shop:thing");
    let mut template = Template::text("shop:thing:");
    let ty = Some("String".to_owned());
    template.push_hole(Hole { provenance: origin, ty, ..Hole::named("part") });
    template.push_text(rest);
    op.keys[0].template = Some(template);
    op
}

pub(super) fn worlds() -> Vec<World> {
    let made = [
        Provenance::TIME,
        Provenance::SEEDED,
        Provenance::UNORDERED,
        Provenance::HASHER,
        Provenance::DEBUG,
        Provenance::FLOAT,
    ];
    let made = made.into_iter().map(|origin| World::of([of("GET", origin, "")]));
    let random = World::of([of("GET", Provenance::RANDOM, "").purpose(Purpose::Cache)]);
    let sent = ["", ":all"].into_iter().map(|rest| World::of([of("SETEX", Provenance::REQUEST, rest).ttl_secs(60)]));
    made.chain([random]).chain(sent).collect()
}

#[test]
fn a_key_that_is_never_found_again_is_an_error_and_one_that_may_change_a_warning() {
    let level = |origin| World::of([of("GET", origin, "")]).one(MADE).level;
    assert_eq!(level(Provenance::TIME), Level::Error);
    assert_eq!(level(Provenance::SEEDED), Level::Error);
    assert_eq!(level(Provenance::UNORDERED), Level::Error);
    assert_eq!(level(Provenance::HASHER), Level::Warning);
    assert_eq!(level(Provenance::DEBUG), Level::Warning);
    assert_eq!(level(Provenance::FLOAT), Level::Warning);
}

#[test]
fn one_function_is_told_once_of_one_key() {
    World::of([of("GET", Provenance::HASHER, ""), of("SETEX", Provenance::HASHER, "")]).one(MADE);
}

#[test]
fn periods_counters_by_time_and_ids_that_are_handed_out_are_left_alone() {
    World::of([of("GET", Provenance::PERIOD, "")]).silent(MADE);
    World::of([of("GET", Provenance::TIME, ""), of("INCR", Provenance::TIME, "")]).silent(MADE);
    World::of([of("SETEX", Provenance::TIME, "")]).silent(MADE);
    World::of([of("SETEX", Provenance::RANDOM, "").purpose(Purpose::Session)]).silent(MADE);
    World::of([of("GET", Provenance::RANDOM, "")]).silent(MADE);
    World::of([of("GET", Provenance::DEBUG, "").purpose(Purpose::Lock)]).silent(MADE);
}

#[test]
fn a_requests_text_is_reported_where_it_stores_or_leads_to_another_key() {
    let finding = World::of([of("SETEX", Provenance::REQUEST, "")]).one(SENT);
    assert_eq!(finding.message, "`part` comes from the request as it is, and becomes part of `shop:thing:{part}`");
    World::of([of("GET", Provenance::REQUEST, ":all")]).one(SENT);
    let finding = World::of([of("GET", Provenance::REQUEST, ""), op("GET").key("shop:thing:{id}:all")]).one(SENT);
    assert_eq!(finding.primary_label, "a `:` in `part` leads to keys such as `shop:thing:{}:all`");
}

#[test]
fn operations_on_one_form_of_a_key_are_one_finding_at_the_one_that_stores() {
    let world = World::of([of("DEL", Provenance::REQUEST, ":all"), of("SETEX", Provenance::REQUEST, ":all")]);
    let finding = world.one(SENT);
    assert_eq!(finding.primary, world.inventory.operations[1].place);
    assert_eq!(finding.labels.len(), 1);
    assert_eq!(finding.labels[0].message, "`DEL` of the same key");
}

#[test]
fn all_parts_that_come_from_the_request_are_named() {
    let mut op = of("SETEX", Provenance::REQUEST, ":");
    if let Some(template) = &mut op.keys[0].template {
        let ty = Some("String".to_owned());
        template.push_hole(Hole { provenance: Provenance::REQUEST, ty, ..Hole::named("other") });
    }
    let finding = World::of([op]).one(SENT);
    assert_eq!(
        finding.message,
        "`part` and `other` come from the request as they are, and become parts of `shop:thing:{part}:{other}`"
    );
}

#[test]
fn reads_that_lead_nowhere_numbers_and_own_texts_are_left_alone() {
    World::of([of("GET", Provenance::REQUEST, "")]).silent(SENT);
    World::of([of("SETEX", Provenance::NONE, "")]).silent(SENT);
    let mut number = of("SETEX", Provenance::REQUEST, "");
    let mut template = Template::text("shop:thing:");
    let ty = Some("i64".to_owned());
    template.push_hole(Hole { provenance: Provenance::REQUEST, ty, ..Hole::named("id") });
    number.keys[0].template = Some(template);
    World::of([number]).silent(SENT);
}
