//! Write-Through with a fence from before the transaction until the store knows.

use super::explorer::{holds, is_broken};
use super::world::{Bounds, Flaw, Mode};

fn fenced(writers: usize, readers: usize) -> Bounds {
    Bounds { crash_after_commit: true, evictions: 0, ..Bounds::of(&vec![Mode::Fenced; writers], readers) }
}

#[test]
fn no_death_of_a_writer_leaves_an_older_row() {
    holds("fenced, 2 writers, 2 readers, deaths anywhere", &Bounds { ticks: 2, ..fenced(2, 2) });
    holds("fenced, 3 writers, 1 reader, deaths anywhere", &fenced(3, 1));
    holds("fenced, 2 writers, all outcomes", &Bounds { outcomes: true, ..fenced(2, 1) });
}

#[test]
fn it_bears_other_writers_beside_it() {
    let beside = |mode| Bounds { crash_after_commit: false, ..Bounds::of(&[Mode::Fenced, Mode::Fenced, mode], 1) };
    holds("fenced beside invalidation", &beside(Mode::Invalidate));
    holds("fenced beside a floor", &beside(Mode::Floor));
    holds("fenced beside light", &beside(Mode::Light));
    // An evicted fence is no fence, which matters only when its writer dies.
    holds("fenced, evicted, nobody dies", &Bounds { crash_after_commit: false, evictions: 1, ..fenced(2, 2) });
}

#[test]
fn each_condition_is_needed() {
    for flaw in [Flaw::SharedFence, Flaw::LastLeavesOwn, Flaw::TransactionOutlastsFence] {
        is_broken(&format!("fenced, {flaw:?}"), &fenced(2, 2).with(flaw));
    }
    is_broken("fenced, an evicted fence and a writer that dies", &Bounds { evictions: 1, ..fenced(1, 1) });
}
