//! Cache-Aside: a lease per load, and invalidation after the commit.

use super::explorer::{holds, is_broken};
use super::world::{Bounds, Flaw, Mode};

fn cache_aside() -> Bounds {
    // Without versions: the lease alone has to do.
    Bounds { versioned: false, ..Bounds::of(&[Mode::Invalidate, Mode::Invalidate], 3) }
}

#[test]
fn nothing_older_is_stored_after_an_invalidation() {
    holds("lease, 2 writers, 3 readers, eviction, expiry", &cache_aside());
    holds("lease with versions", &Bounds { versioned: true, readers: 2, ..cache_aside() });
    holds("lease with renewal", &Bounds { renew: true, readers: 2, ..cache_aside() });
}

#[test]
fn each_condition_is_needed() {
    for flaw in [
        Flaw::FillWithoutLease,
        Flaw::ReadBeforeLease,
        Flaw::TokenOfProcess,
        Flaw::DeleteBeforeCommit,
        Flaw::SetAfterCommit,
    ] {
        is_broken(&format!("lease, {flaw:?}"), &cache_aside().with(flaw));
    }
    let dying = Bounds { crash_after_commit: true, readers: 2, ..cache_aside() };
    is_broken("lease, a writer dies between commit and invalidation", &dying);
    is_broken("lease, DeleteTwice", &dying.clone().with(Flaw::DeleteTwice));
    is_broken("lease, a lagging replica", &Bounds { lag: true, ..cache_aside() });
}
