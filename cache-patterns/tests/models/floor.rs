//! Invalidation that leaves the least version, for sources that are read from lagging replicas.

use super::explorer::{holds, is_broken};
use super::world::{Bounds, Mode};

fn lagging(writers: &[Mode], readers: usize) -> Bounds {
    Bounds { lag: true, evictions: 0, ticks: 2, ..Bounds::of(writers, readers) }
}

#[test]
fn a_lagging_replica_puts_nothing_older_back() {
    holds("floor, 1 writer, 3 readers, lag", &lagging(&[Mode::Floor], 3));
    holds("floor, 2 writers, 2 readers, lag", &lagging(&[Mode::Floor, Mode::Floor], 2));
    holds("floor with renewal", &Bounds { renew: true, ..lagging(&[Mode::Floor], 2) });
}

#[test]
fn without_the_floor_or_without_versions_it_does() {
    is_broken("no floor, lag", &lagging(&[Mode::Invalidate], 1));
    is_broken("floor, rows without versions", &Bounds { evictions: 1, ..lagging(&[Mode::Floor], 1) });
}
