//! Write-Through without a fence: commit, then replace what is present and older.

use super::explorer::{holds, is_broken};
use super::world::{Bounds, Flaw, Mode};

fn two_writers() -> Bounds {
    Bounds::of(&[Mode::Light, Mode::Light], 2)
}

#[test]
fn of_two_writers_the_newer_stays() {
    holds("light, 2 writers, 2 readers, eviction, expiry", &two_writers());
    holds("light, 2 writers, all outcomes", &Bounds { outcomes: true, ..two_writers() });
    holds("light, 3 writers, 1 reader", &Bounds::of(&[Mode::Light; 3], 1));
    holds("light beside invalidation", &Bounds::of(&[Mode::Light, Mode::Invalidate], 2));
    holds("light beside a floor", &Bounds::of(&[Mode::Light, Mode::Floor], 2));
    // A floor of a deletion, and an invalidation that does not raise it.
    let deletions =
        Bounds { outcomes: true, evictions: 0, ..Bounds::of(&[Mode::Light, Mode::Light, Mode::Invalidate], 0) };
    holds("light with deletions beside invalidation", &deletions);
    holds("light without versions", &Bounds { versioned: false, ..two_writers() });
}

#[test]
fn with_an_outbox_the_death_of_a_writer_leaves_nothing_older() {
    let dying = Bounds { crash_after_commit: true, outbox: true, ..two_writers() };
    holds("light with an outbox, 2 writers, 2 readers, deaths anywhere", &dying);
    holds("light with an outbox, all outcomes", &Bounds { outcomes: true, readers: 1, ..dying.clone() });
    let fenced = Bounds { evictions: 0, ..Bounds::of(&[Mode::Light, Mode::Fenced], 1) };
    holds("light with an outbox beside fenced", &Bounds { crash_after_commit: true, outbox: true, ..fenced });
}

#[test]
fn what_it_does_not_promise_and_what_would_break_it() {
    is_broken("light, SetAfterCommit", &two_writers().with(Flaw::SetAfterCommit));
    is_broken("light, CompareAndSetEmpty", &two_writers().with(Flaw::CompareAndSetEmpty));
    // The gap that the fence or the outbox closes.
    is_broken("light, a writer dies after the commit", &Bounds { crash_after_commit: true, ..two_writers() });
}
