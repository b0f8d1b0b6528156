//! Any bytes in a slot: every operation on it ends, and what can be read can be written as it was.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use cache_patterns::envelope::{Header, MAGIC, Token, fence_records};
use cache_patterns::slot::{self, Invalidation, Settlement, Stored, Want};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_000;
const LONG: Duration = Duration::from_millis(500);

fuzz_target!(|data: &[u8]| {
    any(data);
    // Behind our two first bytes, which chance seldom finds.
    if let Some(rest) = data.get(MAGIC.len()..) {
        any(&[&MAGIC[..], rest].concat());
    }
});

fn any(data: &[u8]) {
    if let Some((header, payload)) = Header::decode(data) {
        let again = header.with_payload(payload);
        assert_eq!(Header::decode(&again), Some((header, payload)), "read, written, read");
        let _ = fence_records(payload);
    }
    let stored = Some(Stored { bytes: Bytes::copy_from_slice(data), expires: NOW + 100 });
    let token = Token::from_bytes([7; 16]);
    let value = Bytes::copy_from_slice(data);
    for now in [NOW, NOW + 50, NOW + 1_000] {
        let mut slot = stored.clone();
        let _ = slot::acquire(&mut slot, token, LONG, Want { refresh: true, ..Want::default() }, now);
        let _ = slot::renew(&mut slot, token, LONG, now);
        let _ = slot::fill(&mut slot, token, &value, LONG, now);
        let mut slot = stored.clone();
        slot::fence(&mut slot, token, LONG, now);
        let _ = slot::settle(&mut slot, Some(token), &Settlement::Value { bytes: value.clone(), ttl: LONG }, now);
        for how in [Invalidation::Hard, Invalidation::Soft, Invalidation::Floor { version: 3, keep: LONG }] {
            let mut slot = stored.clone();
            slot::invalidate(&mut slot, how, now);
            slot::release(&mut slot, token, now);
            let _ = slot::settle(&mut slot, None, &Settlement::Deleted { version: 9, keep: LONG }, now);
        }
    }
}
