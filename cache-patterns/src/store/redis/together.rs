//! Reads that many callers ask for at once share a command.
//!
//! Few callers have a `GET` each, and none waits for another. With more, what is asked while other reads are under way is
//! collected until everyone who is awake has asked, and sent as one `MGET`. Most of what a hit costs this process is the
//! client's work for one command (`benches/peers/README.md` has the figures).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Inner;
use crate::store::StoreError;
use crate::sync::{Mutex, lock};

/// So many callers at once have a command each.
const FEW: usize = 8;
/// The most keys of one command: none is answered before the last is read, and the server does nothing else meanwhile.
const MOST: usize = 32;

type Answer = Result<Option<Bytes>, StoreError>;

/// The reads that wait to be sent, and how many callers there are.
#[derive(Default)]
pub(super) struct Reads {
    callers: AtomicUsize,
    waiting: Mutex<Vec<Read>>,
}

struct Read {
    key: String,
    answer: oneshot::Sender<Answer>,
}

/// One caller, for as long as it waits.
pub(super) struct Caller<'a> {
    reads: &'a Reads,
    /// There are others, and enough of them to wait for.
    pub(super) among_many: bool,
}

impl Reads {
    pub(super) fn begin(&self) -> Caller<'_> {
        let others = self.callers.fetch_add(1, Ordering::Relaxed);
        Caller { reads: self, among_many: others >= FEW }
    }

    fn take(&self) -> Vec<Read> {
        std::mem::take(&mut *lock(&self.waiting))
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.reads.callers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sends what waits. Where its task is ended before it ran, those who wait are told so.
struct Sending {
    inner: Arc<Inner>,
    taken: bool,
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.taken {
            drop(self.inner.reads.take());
        }
    }
}

/// The slot under `key`, read together with what others ask for.
pub(super) async fn get(inner: &Arc<Inner>, key: &str) -> Answer {
    let (answer, answered) = oneshot::channel();
    let first = {
        let mut waiting = lock(&inner.reads.waiting);
        waiting.push(Read { key: key.to_owned(), answer });
        waiting.len() == 1
    };
    if first {
        tokio::spawn(send(Sending { inner: Arc::clone(inner), taken: false }));
    }
    answered.await.unwrap_or_else(|_| Err(StoreError::Unreachable("the read was not answered".to_owned())))
}

async fn send(mut sending: Sending) {
    // Everyone who is awake asks before this goes on.
    tokio::task::yield_now().await;
    let mut reads = sending.inner.reads.take();
    sending.taken = true;
    reads.retain(|read| !read.answer.is_closed());
    let mut parts = Vec::new();
    while !reads.is_empty() {
        parts.push(ask(&sending.inner, reads.drain(..reads.len().min(MOST)).collect()));
    }
    futures_util::future::join_all(parts).await;
}

async fn ask(inner: &Inner, reads: Vec<Read>) {
    let (keys, mut answers): (Vec<_>, Vec<_>) = reads.into_iter().map(|read| (read.key, read.answer)).unzip();
    let slots = tokio::select! {
        biased;
        slots = inner.get_many(&keys) => slots,
        // Given up like a read of one caller: the connection learns of it.
        () = nobody(&mut answers) => return,
    };
    match slots {
        Ok(slots) => answers.into_iter().zip(slots).for_each(|(answer, slot)| drop(answer.send(Ok(slot)))),
        Err(error) => answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone())))),
    }
}

/// Ends when nobody waits for an answer any more.
async fn nobody(answers: &mut [oneshot::Sender<Answer>]) {
    for answer in answers {
        answer.closed().await;
    }
}
