use crate::finding::Confidence;
use crate::inventory::operation::TtlUnit::{Milliseconds, Seconds, UnixMilliseconds, UnixSeconds};
use crate::inventory::{OpId, Operation, Purpose, TtlKind};
use crate::rules::testing::{World, op};

const RULE: &str = "ttl-unit-mismatch";

fn set_ex() -> Operation {
    op("SETEX").key("user:{id}").unit(Seconds).ttl(TtlKind::Dynamic)
}

#[test]
fn the_unit_of_the_value_must_be_that_of_the_call() {
    let finding = World::of([set_ex().source_unit(Milliseconds).ttl_written("ttl.as_millis() as u64")]).one(RULE);
    assert_eq!(finding.message, "`SETEX` takes seconds, but `ttl.as_millis() as u64` is milliseconds");
    assert_eq!(finding.help, "give the seconds, for example by `as_secs()`");
    assert_eq!(finding.confidence, Confidence::Certain);

    World::of([op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Dynamic).source_unit(Seconds)]).one(RULE);
    World::of([op("EXPIREAT").key("user:{id}").unit(UnixSeconds).ttl(TtlKind::Dynamic).source_unit(Milliseconds)])
        .one(RULE);
    World::of([set_ex().source_unit(UnixSeconds)]).one(RULE);
    World::of([op("EXPIREAT").key("u:{id}").unit(UnixSeconds).source_unit(UnixMilliseconds)]).one(RULE);
}

#[test]
fn the_right_unit_or_none_known_is_not_flagged() {
    World::of([
        set_ex().source_unit(Seconds),
        set_ex(),
        set_ex().ttl_written("ttl"),
        op("EXPIREAT").key("user:{id}").unit(UnixSeconds).source_unit(UnixSeconds),
        // `now.as_secs() + 600`.
        op("EXPIREAT").key("user:{id}").unit(UnixSeconds).ttl(TtlKind::Dynamic).source_unit(Seconds),
    ])
    .silent(RULE);
}

#[test]
fn a_name_may_tell_the_unit() {
    let likely = |written| {
        let finding = World::of([set_ex().ttl_written(written)]).one(RULE);
        assert_eq!(finding.confidence, Confidence::Likely, "{written}");
    };
    likely("TTL_MS");
    likely("self.config.ttl_millis as u64");
    World::of([
        set_ex().ttl_written("TTL_MS / 1000"),
        set_ex().ttl_written("ttl_secs"),
        set_ex().ttl_written("to_seconds(TTL_MS)"),
        set_ex().ttl_written("TTLS"),
        op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Dynamic).ttl_written("ttl_secs * 1000"),
        op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Dynamic).ttl_written("items"),
    ])
    .silent(RULE);
    World::of([op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Dynamic).ttl_written("ttl_secs")])
        .one(RULE);
}

#[test]
fn implausible_numbers_are_likely_slips() {
    let message = |operation: Operation| {
        let finding = World::of([operation]).one(RULE);
        assert_eq!(finding.confidence, Confidence::Likely);
        finding.message
    };
    assert_eq!(message(set_ex().ttl_secs(3_600_000_000)), "`SETEX` takes seconds: this TTL is 114 years");
    let px = |ms| op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Constant(ms));
    assert_eq!(message(px(60)), "`PSETEX` takes milliseconds: this TTL is 60ms");
    let at = |unit, ms| op("EXPIREAT").key("user:{id}").unit(unit).ttl(TtlKind::Constant(ms));
    assert_eq!(
        message(at(UnixSeconds, 3_600_000)),
        "`EXPIREAT` takes a Unix time in seconds, and this one is long past: the key is deleted at once"
    );
    // Milliseconds of 2023 given as seconds.
    message(at(UnixSeconds, 1_700_000_000_000_000));
    // Seconds of 2023 given as milliseconds.
    message(at(UnixMilliseconds, 1_700_000_000));
}

#[test]
fn plausible_numbers_are_not_flagged() {
    let px = |ms| op("PSETEX").key("user:{id}").unit(Milliseconds).ttl(TtlKind::Constant(ms));
    World::of([
        set_ex().ttl_secs(86_400 * 365),
        set_ex().ttl_secs(1),
        px(1_000),
        px(60_000),
        px(250).purpose(Purpose::Lock),
        op("EXPIREAT").key("user:{id}").unit(UnixSeconds).ttl(TtlKind::Constant(1_900_000_000_000)),
        op("EXPIREAT").key("user:{id}").unit(UnixMilliseconds).ttl(TtlKind::Constant(1_900_000_000_000)),
        set_ex().ttl(TtlKind::Separate(Some(1))),
    ])
    .silent(RULE);
}

#[test]
fn less_than_a_second_in_whole_seconds_is_zero() {
    let world = World::of([set_ex().ttl_secs(0).source_unit(Seconds).ttl_written("GRACE.as_secs()")]);
    let finding = world.one(RULE);
    assert_eq!(finding.message, "`GRACE.as_secs()` is 0, because the duration is shorter than a second");
    assert_eq!(finding.confidence, Confidence::Certain);
    // A zero that was written is for `ttl-policy`.
    World::of([set_ex().ttl_secs(0)]).silent(RULE);
}

#[test]
fn a_slip_inside_a_wrapper_is_reported_there_only() {
    let inner = op("SETEX").key_parameter("key").unit(Seconds).source_unit(Milliseconds).ttl(TtlKind::Dynamic);
    let outer = set_ex().source_unit(Milliseconds).call_of("app::put", OpId(0));
    assert_eq!(World::of([inner, outer]).one(RULE).primary.span.start, 0);
}
