//! Reads of many callers share commands of one server, and nobody notices.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_patterns::store::{RedisStore, Store as _, StoreError};
use cache_patterns::testing::Proxy;
use common::RedisServer;
use futures_util::future::join_all;

const CALLERS: u64 = 64;

/// How often the server was asked this so far.
fn asked(server: &RedisServer, command: &str) -> u64 {
    let stats = server.cli(&["info", "commandstats"]);
    let calls = stats.split_once(&format!("cmdstat_{command}:calls=")).map_or("0", |(_, rest)| rest);
    calls.split(',').next().unwrap().parse().unwrap()
}

/// Bytes that stand under `row:{id}`, for even ids; a list stands under `row:1`.
fn rows(server: &RedisServer) {
    for id in (0..CALLERS).step_by(2) {
        server.cli(&["set", &format!("row:{id}"), &format!("of {id}")]);
    }
    server.cli(&["rpush", "row:1", "no string"]);
}

fn expected(id: u64) -> Option<Vec<u8>> {
    id.is_multiple_of(2).then(|| format!("of {id}").into_bytes())
}

async fn read(store: &RedisStore, id: u64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(store.get(&format!("row:{id}")).await?.map(|bytes| bytes.to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_what_it_asked_for_and_the_server_is_asked_less_often() {
    const ROUNDS: u64 = 200;
    let server = RedisServer::start();
    rows(&server);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let before = asked(&server, "get");
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let id = (caller + round) % CALLERS;
                assert_eq!(read(&store, id).await.unwrap(), expected(id), "caller {caller}, round {round}");
            }
        })
    });
    join_all(callers).await.into_iter().for_each(|caller| caller.unwrap());
    let (gets, many) = (asked(&server, "get") - before, asked(&server, "mget"));
    println!("{} reads of {CALLERS} callers: {gets} GET, {many} MGET", CALLERS * ROUNDS);
    assert!(many > 0 && gets + many < CALLERS * ROUNDS / 2, "{gets} GET, {many} MGET");
}

#[tokio::test(flavor = "multi_thread")]
async fn few_callers_wait_for_nobody() {
    let server = RedisServer::start();
    rows(&server);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    for round in 0..50 {
        let answers = join_all((0..8).map(|id| read(&store, id))).await;
        answers
            .into_iter()
            .zip(0..)
            .for_each(|(answer, id)| assert_eq!(answer.unwrap(), expected(id), "round {round}"));
    }
    assert_eq!(asked(&server, "mget"), 0, "each has a command of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_takes_nobody_along() {
    let server = RedisServer::start();
    rows(&server);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    for round in 0..200 {
        let callers: Vec<_> = (0..CALLERS)
            .map(|id| {
                let store = store.clone();
                tokio::spawn(async move { (id, read(&store, id).await) })
            })
            .collect();
        // Before it is asked, while it waits, or not at all.
        for _ in 0..fastrand::u8(0..4) {
            tokio::task::yield_now().await;
        }
        callers.iter().skip(round % 2).step_by(2).for_each(tokio::task::JoinHandle::abort);
        for (at, caller) in callers.into_iter().enumerate() {
            match caller.await {
                Ok((id, answer)) => assert_eq!(answer.unwrap(), expected(id), "round {round}"),
                Err(gone) => assert!(gone.is_cancelled() && at % 2 == round % 2, "round {round}: {gone}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_falls_silent_under_many_is_replaced() {
    let server = RedisServer::start();
    rows(&server);
    let proxy = Proxy::start(format!("127.0.0.1:{}", server.port)).await.unwrap();
    let store = Arc::new(RedisStore::connect(&format!("redis://127.0.0.1:{}", proxy.port())).await.unwrap());
    assert_eq!(read(&store, 2).await.unwrap(), expected(2));
    proxy.half_open();
    let silent = Instant::now();
    let callers = (0..CALLERS).map(|id| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let deadline = Duration::from_millis(100);
            while !matches!(tokio::time::timeout(deadline, read(&store, id)).await, Ok(Ok(_))) {
                assert!(silent.elapsed() < Duration::from_secs(30), "caller {id} is answered again");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    });
    join_all(callers).await.into_iter().for_each(|caller| caller.unwrap());
    println!("half-open under {CALLERS} callers: all were answered again after {:?}", silent.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_server_that_is_gone_everyone_is_told() {
    let mut server = RedisServer::start();
    rows(&server);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    server.kill();
    for _ in 0..20 {
        let answers = join_all((0..CALLERS).map(|id| read(&store, id))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Unreachable(_)))), "{answers:?}");
    }
}

/// What was to send the reads is gone with its runtime: those of the next one do not wait for it.
#[test]
fn a_runtime_that_ends_leaves_nothing_behind() {
    let server = RedisServer::start();
    rows(&server);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime().block_on(RedisStore::connect(&server.url())).unwrap();
    for _ in 0..5 {
        runtime().block_on(async {
            for id in 0..CALLERS {
                let store = store.clone();
                tokio::spawn(async move { read(&store, id).await });
            }
            tokio::task::yield_now().await;
        });
    }
    runtime().block_on(async {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let waiting = join_all((0..CALLERS).map(|id| read(&store, id)));
            let answers = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("nobody waits for ever");
            // The connection was opened in another runtime, and is opened again.
            if answers.iter().zip(0..).all(|(answer, id)| answer.as_ref().is_ok_and(|found| *found == expected(id))) {
                break;
            }
            assert!(Instant::now() < until, "{answers:?}");
        }
    });
}
