//! The rules about single commands: locks, KEYS, FLUSH, futures that are dropped.

use crate::finding::Level;
use crate::inventory::{Condition, OpId, Purpose, TtlKind, Via};
use crate::rules::testing::{World, op};

#[test]
fn a_lock_without_an_expiry_is_an_error() {
    let finding = World::of([op("SETNX").key("lock:{job}").purpose(Purpose::Lock)]).one("lock-without-ttl");
    assert_eq!(finding.level, Level::Error);
    assert_eq!(finding.message, "the lock `lock:{job}` is taken without an expiry");
    assert!(finding.help.contains("with_expiration(SetExpiry::PX(30_000))"), "{}", finding.help);
    let set = op("SET").key("lock:{job}").purpose(Purpose::Lock).condition(Condition::IfAbsent).via(Via::Command);
    let finding = World::of([set]).one("lock-without-ttl");
    assert_eq!(finding.help, "add `.arg(\"PX\").arg(30_000)` after the value, so that the lock ends with its holder");
}

#[test]
fn setnx_of_unknown_purpose_or_on_some_path_is_a_warning() {
    assert_eq!(World::of([op("SETNX").key("job:{id}")]).one("lock-without-ttl").level, Level::Warning);
    let maybe = op("SETNX").key("lock:{job}").purpose(Purpose::Lock).ttl(TtlKind::Maybe);
    assert_eq!(World::of([maybe]).one("lock-without-ttl").level, Level::Warning);
}

#[test]
fn a_lock_with_an_expiry_and_what_is_no_lock_are_left_alone() {
    let lock = || op("SETNX").key("lock:{job}").purpose(Purpose::Lock);
    World::of([
        lock().ttl(TtlKind::Constant(30_000)),
        lock().ttl(TtlKind::Dynamic),
        lock().ttl(TtlKind::Undetermined),
        // For `non-atomic-expiry`.
        lock().ttl(TtlKind::Separate(None)),
        // Renewing or releasing by SET XX.
        op("SET").key("lock:{job}").purpose(Purpose::Lock).condition(Condition::IfPresent),
        op("SETNX").key("user:{id}").purpose(Purpose::Cache),
        op("SETNX").key("nonce:{id}").purpose(Purpose::Token),
        lock().unsent(),
    ])
    .silent("lock-without-ttl");
}

#[test]
fn a_lock_helper_is_reported_once() {
    let world = World::of([
        op("SETNX").key_parameter("name").purpose(Purpose::Lock).function("app::lock"),
        op("SETNX").key("lock:{a}").purpose(Purpose::Lock).call_of("app::lock", OpId(0)),
        op("SETNX").key("lock:{b}").purpose(Purpose::Lock).call_of("app::lock", OpId(0)),
    ]);
    let finding = world.one("lock-without-ttl");
    assert_eq!((finding.primary.span.start, finding.labels.len()), (0, 2));
}

#[test]
fn keys_is_reported_where_it_is_sent() {
    let world = World::of([
        op("KEYS").key_parameter("pattern").function("app::find"),
        op("KEYS").key("session:*").call_of("app::find", OpId(0)),
        op("KEYS").key("session:*").in_test(),
    ]);
    let finding = world.one("keys-command");
    assert_eq!((finding.level, finding.primary.span.start), (Level::Error, 0));
    assert!(finding.help.contains("`con.scan_match::<_, String>(pattern)`"), "{}", finding.help);
    assert_eq!(World::of([op("EVAL").script(&["KEYS", "DEL"])]).check("keys-command").len(), 1);
    World::of([op("GET").key("keys:{id}"), op("EVAL").script(&["GET"])]).silent("keys-command");
}

#[test]
fn flush_is_reported_outside_tests() {
    let finding = World::of([op("FLUSHALL")]).one("flush-command");
    assert_eq!(finding.message, "`FLUSHALL` deletes every database of the server, whoever wrote it");
    assert_eq!(finding.discriminator, "FLUSHALL");
    assert_eq!(World::of([op("EVAL").script(&["FLUSHDB"])]).check("flush-command").len(), 1);
    World::of([op("FLUSHDB").in_test(), op("DEL").key("a:{id}")]).silent("flush-command");
    World::of([op("FLUSHDB"), op("FLUSHDB").call_of("app::clear", OpId(0))]).one("flush-command");
}

#[test]
fn a_dropped_future_is_reported_once_for_its_place() {
    let finding = World::of([op("DEL").key("user:{id}").unsent()]).one("dropped-future");
    assert_eq!(finding.message, "the future of `con.del(&key, …)` is dropped, so `DEL` is never sent");
    let mut world = World::of([op("GET").key("user:{id}").unsent(), op("SETEX").key("user:{id}").unsent()]);
    world.inventory.operations[1].place = world.inventory.operations[0].place;
    assert_eq!(world.check("dropped-future").len(), 1);
    World::of([op("DEL").key("user:{id}")]).silent("dropped-future");
}

#[test]
fn what_is_never_sent_breaks_no_other_rule() {
    World::of([op("KEYS").key("a:*").unsent()]).silent("keys-command");
    World::of([op("FLUSHALL").unsent()]).silent("flush-command");
}
