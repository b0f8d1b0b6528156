//! What every store has to do. One suite for memory, Redis, Sentinel and Cluster; a store of your own is right when it
//! passes.

use std::time::Duration;

use bytes::Bytes;

use crate::envelope::{Header, Kind, fence_records};
use crate::slot::{Acquired, Filled, Invalidation, Settled, Settlement, Want};
use crate::store::{Store, Token};

const LEASE: Duration = Duration::from_secs(5);
const LIFE: Duration = Duration::from_secs(60);

/// Runs every case on keys of its own, and panics at the first difference.
///
/// # Panics
/// When the store does something else than it should.
#[expect(clippy::expect_used, reason = "a test suite")]
pub async fn conformance(store: &dyn Store) {
    let suite = Suite { store, run: fastrand::u64(..) };
    suite.an_empty_slot_is_leased_once().await;
    suite.only_the_holder_fills().await;
    suite.an_invalidation_voids_the_lease().await;
    suite.a_lease_ends_by_itself_and_its_old_holder_is_refused().await;
    suite.a_fresh_value_is_returned_instead_of_a_lease().await;
    suite.a_refresh_keeps_the_value().await;
    suite.another_shape_is_no_answer().await;
    suite.a_least_version_is_kept_over_leases().await;
    suite.a_floor_takes_no_row_from_a_writer().await;
    suite.a_soft_invalidation_keeps_the_payload().await;
    suite.a_newer_version_replaces_an_older_one_and_not_the_reverse().await;
    suite.nothing_is_written_into_an_empty_slot_without_a_fence().await;
    suite.a_fence_voids_leases_and_stores_what_was_committed().await;
    suite.of_two_fenced_writers_the_last_stores_the_newest_or_nothing().await;
    suite.an_invalidation_under_a_fence_keeps_the_writers_value_out().await;
    suite.an_unknown_outcome_leaves_the_fence().await;
    suite.an_unknown_outcome_without_a_fence_keeps_the_values_of_others_out().await;
    suite.a_deletion_refuses_older_versions().await;
    suite.versions_over_53_bits_are_compared_exactly().await;
    suite.foreign_bytes_are_an_empty_slot().await;
    suite.many_are_read_in_their_order().await;
    suite.entries_expire().await;
    let info = store.info().await.expect("the store says who it is");
    assert!(!info.identities.is_empty(), "a store has at least one node");
}

struct Suite<'a> {
    store: &'a dyn Store,
    run: u64,
}

fn value(text: &str, version: u64, soft_deadline: u64) -> Bytes {
    let header = Header { version, soft_deadline, fingerprint: 7, ..Header::new(Kind::Value) };
    header.with_payload(text.as_bytes()).into()
}

fn want() -> Want {
    Want { fingerprint: 7, ..Want::default() }
}

#[expect(clippy::expect_used, reason = "a test suite")]
impl Suite<'_> {
    fn key(&self, case: &str) -> String {
        format!("conformance:{:x}:{case}", self.run)
    }

    fn fresh(&self, text: &str, version: u64) -> Bytes {
        value(text, version, self.store.now() + 30_000)
    }

    fn stale(&self, text: &str, version: u64) -> Bytes {
        value(text, version, self.store.now().saturating_sub(1_000))
    }

    async fn acquire(&self, key: &str, token: Token, want: Want) -> Acquired {
        self.store.acquire(key, token, LEASE, want).await.expect("acquire")
    }

    async fn granted(&self, key: &str) -> Token {
        let token = Token::new();
        let answer = self.acquire(key, token, want()).await;
        assert!(matches!(answer, Acquired::Granted { .. }), "the lease of {key} is free, got {answer:?}");
        token
    }

    async fn fill(&self, key: &str, token: Token, bytes: Bytes) -> Filled {
        self.store.fill(key, token, bytes, LIFE).await.expect("fill")
    }

    async fn put(&self, key: &str, bytes: Bytes) {
        let token = self.granted(key).await;
        assert_eq!(self.fill(key, token, bytes).await, Filled::Stored, "the first fill of {key}");
    }

    async fn invalidate(&self, key: &str, how: Invalidation) {
        self.store.invalidate(key, how, None).await.expect("invalidate");
    }

    async fn settle(&self, key: &str, token: Option<Token>, how: Settlement) -> Settled {
        self.store.settle(key, token, how).await.expect("settle")
    }

    async fn header(&self, key: &str) -> Option<(Header, Vec<u8>)> {
        let bytes = self.store.get(key).await.expect("get")?;
        let (header, payload) = Header::decode(&bytes).expect("the slot holds our bytes");
        Some((header, payload.to_vec()))
    }

    async fn payload(&self, key: &str) -> Option<String> {
        let (header, payload) = self.header(key).await?;
        header.kind.is_answer().then(|| String::from_utf8_lossy(&payload).into_owned())
    }

    fn committed(&self, text: &str, version: u64) -> Settlement {
        Settlement::Value { bytes: self.fresh(text, version), ttl: LIFE }
    }

    async fn an_empty_slot_is_leased_once(&self) {
        let key = self.key("lease");
        let token = self.granted(&key).await;
        let second = self.acquire(&key, Token::new(), want()).await;
        let Acquired::Busy { remaining, stale: None } = second else { panic!("leased already, got {second:?}") };
        assert!(remaining > Duration::ZERO && remaining <= LEASE, "what is left of the lease: {remaining:?}");
        self.store.release(&key, token).await.expect("release");
        self.granted(&key).await;
    }

    async fn only_the_holder_fills(&self) {
        let key = self.key("holder");
        let token = self.granted(&key).await;
        assert_eq!(self.fill(&key, Token::new(), self.fresh("other", 0)).await, Filled::Lost);
        assert_eq!(self.fill(&key, token, self.fresh("mine", 0)).await, Filled::Stored);
        assert_eq!(self.payload(&key).await.as_deref(), Some("mine"));
        assert_eq!(self.fill(&key, token, self.fresh("again", 0)).await, Filled::Lost, "a token fills once");
    }

    async fn an_invalidation_voids_the_lease(&self) {
        let key = self.key("void");
        let old = self.granted(&key).await;
        self.invalidate(&key, Invalidation::Hard).await;
        let new = self.granted(&key).await;
        assert_eq!(self.fill(&key, old, self.fresh("old", 0)).await, Filled::Lost);
        assert_eq!(self.fill(&key, new, self.fresh("new", 0)).await, Filled::Stored);
        assert_eq!(self.payload(&key).await.as_deref(), Some("new"));
    }

    async fn a_lease_ends_by_itself_and_its_old_holder_is_refused(&self) {
        let key = self.key("expiry");
        let (old, short) = (Token::new(), Duration::from_millis(40));
        self.store.acquire(&key, old, short, want()).await.expect("acquire");
        assert!(self.store.renew(&key, old, short).await.expect("renew"), "it is still ours");
        tokio::time::sleep(short * 2).await;
        let new = self.granted(&key).await;
        assert!(!self.store.renew(&key, old, short).await.expect("renew"), "it was taken over");
        assert_eq!(self.fill(&key, old, self.fresh("old", 0)).await, Filled::Lost);
        assert_eq!(self.fill(&key, new, self.fresh("new", 0)).await, Filled::Stored);
    }

    async fn a_fresh_value_is_returned_instead_of_a_lease(&self) {
        let key = self.key("fresh");
        self.put(&key, self.fresh("value", 3)).await;
        let answer = self.acquire(&key, Token::new(), want()).await;
        assert!(matches!(answer, Acquired::Fresh(_)), "got {answer:?}");
        let newer = Want { at_least: 4, ..want() };
        let answer = self.acquire(&key, Token::new(), newer).await;
        assert!(matches!(answer, Acquired::Granted { stale: Some(_) }), "too old for this reader, got {answer:?}");
    }

    async fn a_refresh_keeps_the_value(&self) {
        let key = self.key("refresh");
        self.put(&key, self.stale("value", 0)).await;
        let token = self.granted(&key).await;
        assert_eq!(self.payload(&key).await.as_deref(), Some("value"), "readers go on reading it");
        let busy = self.acquire(&key, Token::new(), want()).await;
        assert!(matches!(busy, Acquired::Busy { stale: Some(_), .. }), "got {busy:?}");
        self.store.release(&key, token).await.expect("release");
        assert_eq!(self.payload(&key).await.as_deref(), Some("value"));
        let token = self.granted(&key).await;
        assert_eq!(self.fill(&key, token, self.fresh("newer", 0)).await, Filled::Stored);
        let forced = Want { refresh: true, ..want() };
        let answer = self.acquire(&key, Token::new(), forced).await;
        assert!(matches!(answer, Acquired::Granted { stale: Some(_) }), "a refresh was asked for, got {answer:?}");
    }

    async fn another_shape_is_no_answer(&self) {
        let key = self.key("shape");
        self.put(&key, self.fresh("value", 0)).await;
        let other = Want { fingerprint: 8, ..Want::default() };
        let answer = self.acquire(&key, Token::new(), other).await;
        assert!(matches!(answer, Acquired::Granted { .. }), "got {answer:?}");
    }

    async fn a_least_version_is_kept_over_leases(&self) {
        let key = self.key("floor");
        let floor = Invalidation::Floor { version: 5, keep: LIFE };
        self.invalidate(&key, floor).await;
        let token = self.granted(&key).await;
        assert_eq!(self.fill(&key, token, self.fresh("lagging", 4)).await, Filled::Older);
        self.store.release(&key, token).await.expect("release");
        self.invalidate(&key, Invalidation::Hard).await;
        let token = self.granted(&key).await;
        assert_eq!(self.fill(&key, token, self.fresh("unknown", 0)).await, Filled::Older);
        assert_eq!(self.fill(&key, token, self.fresh("current", 5)).await, Filled::Stored);
    }

    async fn a_floor_takes_no_row_from_a_writer(&self) {
        let key = self.key("floor-writer");
        self.invalidate(&key, Invalidation::Floor { version: 2, keep: LIFE }).await;
        // Version 4 was committed; its invalidation does not raise the floor.
        self.invalidate(&key, Invalidation::Hard).await;
        assert_eq!(self.settle(&key, None, self.committed("three", 3)).await, Settled::Absent);
        assert_eq!(self.payload(&key).await, None);
    }

    async fn a_soft_invalidation_keeps_the_payload(&self) {
        let key = self.key("soft");
        self.put(&key, self.fresh("value", 0)).await;
        self.invalidate(&key, Invalidation::Soft).await;
        let (header, payload) = self.header(&key).await.expect("it is still there");
        assert_eq!((header.kind, payload.as_slice()), (Kind::SoftInvalid, b"value".as_slice()));
        let token = Token::new();
        let answer = self.acquire(&key, token, want()).await;
        assert!(matches!(answer, Acquired::Granted { stale: Some(_) }), "got {answer:?}");
        self.invalidate(&key, Invalidation::Soft).await;
        assert_eq!(self.fill(&key, token, self.fresh("old", 0)).await, Filled::Lost, "invalidated meanwhile");
    }

    async fn a_newer_version_replaces_an_older_one_and_not_the_reverse(&self) {
        let key = self.key("versions");
        self.put(&key, self.fresh("two", 2)).await;
        assert_eq!(self.settle(&key, None, self.committed("one", 1)).await, Settled::Kept);
        assert_eq!(self.settle(&key, None, self.committed("three", 3)).await, Settled::Stored);
        assert_eq!(self.settle(&key, None, self.committed("two", 2)).await, Settled::Kept);
        assert_eq!(self.payload(&key).await.as_deref(), Some("three"));
        assert_eq!(self.settle(&key, None, Settlement::Abandoned).await, Settled::Kept);
        assert_eq!(self.settle(&key, None, Settlement::Unknown).await, Settled::Absent);
        assert_eq!(self.payload(&key).await, None, "nobody knows what was committed");
    }

    async fn nothing_is_written_into_an_empty_slot_without_a_fence(&self) {
        let key = self.key("absent");
        assert_eq!(self.settle(&key, None, self.committed("one", 1)).await, Settled::Absent);
        assert_eq!(self.header(&key).await, None, "a newer writer may have found it empty too");
        let token = self.granted(&key).await;
        assert_eq!(self.settle(&key, None, self.committed("one", 1)).await, Settled::Absent);
        assert_eq!(self.fill(&key, token, self.fresh("older", 0)).await, Filled::Lost, "read before the commit");
    }

    async fn a_fence_voids_leases_and_stores_what_was_committed(&self) {
        let key = self.key("fence");
        let reader = self.granted(&key).await;
        let writer = Token::new();
        self.store.fence(&key, writer, LEASE).await.expect("fence");
        assert_eq!(self.fill(&key, reader, self.fresh("old", 1)).await, Filled::Lost);
        let answer = self.acquire(&key, Token::new(), want()).await;
        assert!(matches!(answer, Acquired::Fenced { .. }), "got {answer:?}");
        assert_eq!(self.settle(&key, Some(writer), self.committed("new", 2)).await, Settled::Stored);
        assert_eq!(self.payload(&key).await.as_deref(), Some("new"));
    }

    async fn of_two_fenced_writers_the_last_stores_the_newest_or_nothing(&self) {
        let key = self.key("fences");
        let (one, two) = (Token::new(), Token::new());
        for (last_version, expected) in [(3, Settled::Stored), (1, Settled::Absent)] {
            self.store.fence(&key, one, LEASE).await.expect("fence");
            self.store.fence(&key, two, LEASE).await.expect("fence");
            assert_eq!(self.settle(&key, Some(one), self.committed("first", 2)).await, Settled::Absent);
            assert_eq!(self.settle(&key, Some(two), self.committed("last", last_version)).await, expected);
            self.invalidate(&key, Invalidation::Hard).await;
            let _ = self.settle(&key, None, Settlement::Unknown).await;
        }
        self.store.fence(&key, one, LEASE).await.expect("fence");
        assert_eq!(self.settle(&key, Some(one), Settlement::Abandoned).await, Settled::Absent);
        assert_eq!(self.payload(&key).await, None);
    }

    async fn an_invalidation_under_a_fence_keeps_the_writers_value_out(&self) {
        let key = self.key("tainted");
        let writer = Token::new();
        self.store.fence(&key, writer, LEASE).await.expect("fence");
        self.invalidate(&key, Invalidation::Hard).await;
        assert_eq!(self.settle(&key, Some(writer), self.committed("maybe old", 9)).await, Settled::Absent);
        assert_eq!(self.payload(&key).await, None);
    }

    /// Of a fence that has ended, or of a program that puts none up.
    async fn an_unknown_outcome_without_a_fence_keeps_the_values_of_others_out(&self) {
        for token in [None, Some(Token::new())] {
            let (key, writer) = (self.key("unfenced"), Token::new());
            let _ = self.store.invalidate(&key, Invalidation::Hard, None).await.expect("invalidate");
            self.store.fence(&key, writer, LEASE).await.expect("fence");
            let answer = self.store.settle(&key, token, Settlement::Unknown).await.expect("settle");
            assert_eq!(answer, Settled::Absent);
            let committed = Settlement::Value { bytes: value("perhaps older", 1, u64::MAX), ttl: LIFE };
            let answer = self.store.settle(&key, Some(writer), committed).await.expect("settle");
            assert_eq!(answer, Settled::Absent, "the other writer may have committed a newer row");
        }
    }

    async fn an_unknown_outcome_leaves_the_fence(&self) {
        let key = self.key("unknown");
        let writer = Token::new();
        self.store.fence(&key, writer, LEASE).await.expect("fence");
        assert_eq!(self.settle(&key, Some(writer), Settlement::Unknown).await, Settled::Absent);
        let (header, payload) = self.header(&key).await.expect("the fence stands");
        assert_eq!(header.kind, Kind::Fence);
        assert_eq!(fence_records(&payload).len(), 1);
    }

    async fn a_deletion_refuses_older_versions(&self) {
        let key = self.key("deleted");
        self.put(&key, self.fresh("two", 2)).await;
        let deleted = Settlement::Deleted { version: 3, keep: LIFE };
        assert_eq!(self.settle(&key, None, deleted).await, Settled::Absent);
        let token = self.granted(&key).await;
        assert_eq!(self.fill(&key, token, self.fresh("two", 2)).await, Filled::Older);
    }

    async fn versions_over_53_bits_are_compared_exactly(&self) {
        let key = self.key("wide");
        let big = (1 << 60) + 1;
        self.put(&key, self.fresh("big", big)).await;
        assert_eq!(self.settle(&key, None, self.committed("smaller", big - 1)).await, Settled::Kept);
        assert_eq!(self.settle(&key, None, self.committed("bigger", big + 1)).await, Settled::Stored);
        assert_eq!(self.settle(&key, None, self.committed("biggest", u64::MAX)).await, Settled::Stored);
    }

    async fn foreign_bytes_are_an_empty_slot(&self) {
        let key = self.key("foreign");
        // A settled value whose bytes have no header of ours: the way in which foreign bytes get there in a test.
        self.put(&key, self.fresh("value", 1)).await;
        let foreign = Settlement::Value { bytes: Bytes::from_static(b"C1 but not ours"), ttl: LIFE };
        assert_eq!(self.settle(&key, None, foreign).await, Settled::Absent, "no version, so nothing is stored");
        self.granted(&key).await;
    }

    async fn many_are_read_in_their_order(&self) {
        let keys: Vec<String> = (0..5).map(|n| self.key(&format!("many{n}"))).collect();
        let asked: Vec<(String, Token)> = keys.iter().step_by(2).map(|key| (key.clone(), Token::new())).collect();
        let answers = self.store.acquire_many(&asked, LEASE, want()).await.expect("acquire many");
        assert!(answers.iter().all(|answer| matches!(answer, Acquired::Granted { .. })), "got {answers:?}");
        let fills =
            asked.iter().map(|(key, token)| (key.clone(), *token, self.fresh(key, 0), LIFE)).collect::<Vec<_>>();
        let filled = self.store.fill_many(fills).await.expect("fill many");
        assert_eq!(filled, vec![Filled::Stored; 3]);
        let slots = self.store.get_many(&keys).await.expect("get many");
        let found: Vec<bool> = slots.iter().map(Option::is_some).collect();
        assert_eq!(found, [true, false, true, false, true]);
        for (key, slot) in keys.iter().zip(&slots).step_by(2) {
            let payload = slot.as_ref().and_then(|bytes| Header::decode(bytes)).map(|(_, payload)| payload);
            assert_eq!(payload, Some(key.as_bytes()));
        }
        assert_eq!(self.store.get_many(&[]).await.expect("get none"), Vec::<Option<Bytes>>::new());
    }

    async fn entries_expire(&self) {
        let key = self.key("ttl");
        let token = self.granted(&key).await;
        let short = Duration::from_millis(40);
        assert_eq!(self.store.fill(&key, token, self.fresh("value", 0), short).await.expect("fill"), Filled::Stored);
        tokio::time::sleep(short * 2).await;
        assert_eq!(self.header(&key).await, None);
    }
}
