use crate::inventory::{Event, Operation, RunsOn};
use crate::rules::testing::{World, call, op, sent};

const RULE: &str = "blocking-client-in-async";

fn get(runs_on: RunsOn) -> Operation {
    let mut op = op("GET").key("shop:v1:thing:{id}").function("app::read");
    op.blocking = true;
    op.runs_on = runs_on;
    op
}

fn synchronous(mut world: World) -> World {
    for function in &mut world.inventory.functions {
        function.is_async = function.function == "app::handler";
    }
    world
}

pub(super) fn worlds() -> Vec<World> {
    vec![World::of([get(RunsOn::Task)]).function("app::read", vec![sent(0)]), through_a_function(RunsOn::Caller)]
}

fn through_a_function(runs_on: RunsOn) -> World {
    let world = World::of([get(runs_on)])
        .function("app::read", vec![sent(0)])
        .function("app::handler", vec![call("app::read", vec![sent(0)])]);
    synchronous(world)
}

#[test]
fn a_blocking_command_in_a_task_is_reported_once_for_its_function() {
    let finding =
        World::of([get(RunsOn::Task), get(RunsOn::Task)]).function("app::read", vec![sent(0), sent(1)]).one(RULE);
    assert_eq!(finding.message, "`GET` blocks in asynchronous code");
    assert_eq!(finding.labels.len(), 1);
}

#[test]
fn the_call_of_a_synchronous_function_is_reported_at_the_call() {
    let finding = through_a_function(RunsOn::Caller).one(RULE);
    assert_eq!(finding.primary.span.start, 42_000);
    assert_eq!(finding.function, "app::handler");
    assert_eq!(finding.message, "a call in asynchronous code runs the blocking `GET` of `app::read`");
}

#[test]
fn what_runs_on_a_thread_of_its_own_is_left_alone() {
    World::of([get(RunsOn::Own)]).function("app::read", vec![sent(0)]).silent(RULE);
    World::of([get(RunsOn::Caller)]).function("app::read", vec![sent(0)]).silent(RULE);
    through_a_function(RunsOn::Own).silent(RULE);
}

#[test]
fn asynchronous_clients_main_and_uncertain_calls_are_left_alone() {
    let mut other = get(RunsOn::Task);
    other.blocking = false;
    World::of([other]).function("app::read", vec![sent(0)]).silent(RULE);
    World::of([get(RunsOn::Task)]).function("app::main", vec![sent(0)]).silent(RULE);
    let mut world = through_a_function(RunsOn::Caller);
    for function in &mut world.inventory.functions {
        for event in &mut function.events {
            if let Event::Call { certain, .. } = event {
                *certain = false;
            }
        }
    }
    world.silent(RULE);
}
