//! Real processes: the test binary runs itself again, and is killed or stopped in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cache_patterns::store::RedisStore;
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Key, Limits};
use common::source::Down;
use common::{Profile, RedisServer, Stock, signal};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

const LEASE: Duration = Duration::from_millis(600);

fn limits() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        lease: LEASE,
        wait: Duration::from_secs(20),
        load_soft: Duration::from_secs(30),
        load_hard: Duration::from_secs(30),
        transaction: Duration::from_millis(800),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn connect(url: &str) -> (Cache, MultiplexedConnection) {
    connect_with(url, limits()).await
}

async fn connect_with(url: &str, limits: Limits) -> (Cache, MultiplexedConnection) {
    let cache = Cache::builder(RedisStore::connect(url).await.unwrap()).limits(limits).build().await.unwrap();
    (cache, redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap())
}

/// A process that does `job` with the server at `url`.
fn process(job: &str, url: &str) -> Child {
    process_with(job, url, url)
}

/// As [`process`], with a cache on another server.
fn process_with(job: &str, url: &str, store: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("CHILD_JOB", job)
        .env("CHILD_URL", url)
        .env("CHILD_STORE", store)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The row as the "database", a key of its own beside the cache, has it.
async fn load(mut database: MultiplexedConnection, pause: Duration) -> Result<Profile, Down> {
    let _: i64 = database.incr("loads", 1).await.map_err(|_| Down)?;
    let revision: u64 = database.get("database").await.map_err(|_| Down)?;
    tokio::time::sleep(pause).await;
    Ok(Profile::new(7, revision))
}

/// Writes revision 2 through. `die`: says so and hangs, before the row is committed or after.
async fn write(cache: &Cache, database: &MultiplexedConnection, die: Option<bool>) {
    let _ = cache
        .write::<Stock, Down, _>(&7, async |writer| {
            let commit = async {
                if die != Some(false) {
                    let _: () = database.clone().set("database", 2).await.unwrap();
                }
                if die.is_some() {
                    let _: () = database.clone().set("at the point", 1).await.unwrap();
                    std::future::pending::<()>().await;
                }
                Ok(())
            };
            writer.commit(Stock { id: 7, units: 1, revision: 2 }, commit).await
        })
        .await;
}

/// What a child does. Not a test: it is started by the others.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the other tests"]
async fn child() {
    let Ok(job) = std::env::var("CHILD_JOB") else { return };
    // A process that gets no processor for the time of its lease loses it, as if it were dead: a second load then. Where
    // the number of loads is what is tested, the lease is longer than any machine is busy.
    let lease = if job == "crowd" { Duration::from_secs(30) } else { LEASE };
    let (cache, mut database) = connect_with(&std::env::var("CHILD_URL").unwrap(), Limits { lease, ..limits() }).await;
    match job.as_str() {
        "crowd" => {
            let _: i64 = database.incr("ready", 1).await.unwrap();
            until("the start", async || database.clone().exists("go").await.unwrap()).await;
            let mut callers = JoinSet::new();
            for _ in 0..250 {
                let (cache, database) = (cache.clone(), database.clone());
                callers.spawn(async move {
                    cache.get_or_load(&7, move || load(database, Duration::from_millis(100))).await.is_ok()
                });
            }
            println!("served {}", callers.join_all().await.into_iter().filter(|served| *served).count());
            // They are served before the store has the value. A process that ends in between leaves its lease to the
            // others, who wait for its end.
            cache.idle().await;
        }
        // The cache's own server is killed before the start; the one with the "database" goes on.
        "crowd without the store" => {
            let (cache, _) = connect(&std::env::var("CHILD_STORE").unwrap()).await;
            let _: i64 = database.incr("ready", 1).await.unwrap();
            until("the start", async || database.clone().exists("go").await.unwrap()).await;
            let mut callers = JoinSet::new();
            for _ in 0..250 {
                let (cache, database) = (cache.clone(), database.clone());
                callers.spawn(async move {
                    cache.get_or_load(&7, move || load(database, Duration::from_secs(2))).await.is_ok()
                });
            }
            println!("served {}", callers.join_all().await.into_iter().filter(|served| *served).count());
        }
        "load for ever" => {
            let never = || async {
                std::future::pending::<()>().await;
                Err::<Profile, _>(Down)
            };
            let _ = cache.get_or_load(&7, never).await;
        }
        "load slowly" => {
            let slow = database.clone();
            let load = move || async move {
                let row = load(slow.clone(), Duration::ZERO).await;
                while !slow.clone().exists::<_, bool>("go on").await.unwrap() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                row
            };
            cache.get_or_load(&7, load).await.unwrap();
            until("the fill has its answer", async || cache.stats().fills_refused > 0).await;
            println!("refused {}", cache.stats().fills_refused);
        }
        "write, die before the commit" | "write, die after the commit" => {
            write(&cache, &database, Some(job.ends_with("after the commit"))).await;
        }
        // "write 1 asked", "write 1 done", …: stops when the store is asked for the first time, or has answered.
        stop if stop.starts_with("write ") || stop.starts_with("read ") => {
            let words: Vec<&str> = stop.split(' ').collect();
            let (store, faults) =
                FaultStore::new(RedisStore::connect(&std::env::var("CHILD_URL").unwrap()).await.unwrap());
            let cache = Cache::builder(store).limits(limits()).build().await.unwrap();
            faults.stop(words[1].parse().unwrap(), words[2] == "done");
            let told = database.clone();
            let running = tokio::spawn(async move {
                if job.starts_with("write") {
                    write(&cache, &database, None).await;
                } else {
                    let from = database.clone();
                    cache.get_or_load(&7, move || load(from, Duration::ZERO)).await.unwrap();
                    cache.idle().await;
                }
            });
            until("it stops or ends", async || faults.has_stopped() || running.is_finished()).await;
            let _: () = told.clone().set("at the point", if faults.has_stopped() { 1 } else { 2 }).await.unwrap();
            std::future::pending::<()>().await;
        }
        other => panic!("no job {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_over_four_processes_is_one_load() {
    let server = RedisServer::start();
    let (_, mut database) = connect(&server.url()).await;
    let _: () = database.set("database", 1).await.unwrap();
    let children: Vec<Child> = (0..4).map(|_| process("crowd", &server.url())).collect();
    until("all are ready", async || database.clone().get::<_, Option<u64>>("ready").await.unwrap() == Some(4)).await;
    let _: () = database.set("go", 1).await.unwrap();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("served 250"), "{text}");
    }
    let loads: u64 = database.get("loads").await.unwrap();
    println!("4 processes of 250 callers: loads {loads}");
    assert_eq!(loads, 1);
}

/// Nothing can be leased from a store that is dead: each process loads for itself, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_over_four_processes_without_the_store_is_one_load_each() {
    let (server, mut store) = (RedisServer::start(), RedisServer::start());
    let (_, mut database) = connect(&server.url()).await;
    let _: () = database.set("database", 1).await.unwrap();
    let children: Vec<Child> =
        (0..4).map(|_| process_with("crowd without the store", &server.url(), &store.url())).collect();
    until("all are ready", async || database.clone().get::<_, Option<u64>>("ready").await.unwrap() == Some(4)).await;
    store.kill();
    let _: () = database.set("go", 1).await.unwrap();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("served 250"), "{text}");
    }
    let loads: u64 = database.get("loads").await.unwrap();
    println!("4 processes of 250 callers without the store: loads {loads}");
    assert_eq!(loads, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_load_of_a_killed_holder_is_taken_over_when_its_lease_ends() {
    let server = RedisServer::start();
    let (cache, mut database) = connect(&server.url()).await;
    let _: () = database.set("database", 1).await.unwrap();
    let mut holder = process("load for ever", &server.url());
    let key = Key::<Profile>::of(&7);
    until("it holds the lease", async || database.clone().exists(key.as_str()).await.unwrap()).await;
    signal(holder.id(), "KILL");
    holder.wait().unwrap();
    let killed = Instant::now();
    let from = database.clone();
    let value = cache.get_or_load(&7, move || load(from, Duration::ZERO)).await.unwrap();
    println!("lease of {LEASE:?}: served {:?} after the kill", killed.elapsed());
    assert_eq!(value.revision, 1);
    // 50 ms by the algorithm; the rest is for a busy machine, and far below `Limits::wait`.
    assert!(killed.elapsed() < LEASE + Duration::from_secs(4), "{:?}", killed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fill_of_a_holder_that_was_stopped_is_refused() {
    let server = RedisServer::start();
    let (cache, mut database) = connect(&server.url()).await;
    let _: () = database.set("database", 1).await.unwrap();
    let holder = process("load slowly", &server.url());
    until("it has read the database", async || database.clone().exists("loads").await.unwrap()).await;
    signal(holder.id(), "STOP");
    let _: () = database.set("database", 2).await.unwrap();
    let _ = cache.invalidate::<Profile>(&7).await.unwrap();
    let from = database.clone();
    let value = cache.get_or_load(&7, move || load(from, Duration::ZERO)).await.unwrap();
    assert_eq!(value.revision, 2);
    signal(holder.id(), "CONT");
    let _: () = database.set("go on", 1).await.unwrap();
    let output = holder.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("refused 1"), "{text}");
    let from = database.clone();
    let value = cache.get_or_load(&7, move || load(from, Duration::ZERO)).await.unwrap();
    assert_eq!(value.revision, 2, "what the stopped one had read is not in the cache");
}

/// Kills a writer in the middle; the cache, and what is read of it until well after the writer's fence.
async fn killed_writer(job: &str) -> bool {
    let server = RedisServer::start();
    let (cache, mut database) = connect(&server.url()).await;
    let _: () = database.set("database", 1).await.unwrap();
    let read = async || {
        let mut database = database.clone();
        let load = move || async move {
            let revision: u64 = database.get("database").await.map_err(|_| Down)?;
            Ok::<_, Down>(Stock { id: 7, units: 1, revision })
        };
        cache.get_or_load(&7, load).await.unwrap().data_version()
    };
    assert_eq!(read().await, 1, "the old row is cached");
    cache.idle().await;
    let mut writer = process(job, &server.url());
    until("it is at the point", async || database.clone().exists("at the point").await.unwrap()).await;
    signal(writer.id(), "KILL");
    writer.wait().unwrap();
    let expected: u64 = database.clone().get("database").await.unwrap();
    let end = Instant::now() + limits().transaction * 2;
    let mut reads = 0;
    while Instant::now() < end {
        assert_eq!(read().await, expected, "{job}: under the fence and after it");
        reads += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopped: u64 = database.get("at the point").await.unwrap();
    println!("{job}, killed: the row is at {expected}, 0 stale of {reads} reads under the fence and after it");
    stopped == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_killed_leaves_nothing_older() {
    for job in ["write, die before the commit", "write, die after the commit"] {
        assert!(killed_writer(job).await);
    }
    let mut points = 2;
    'calls: for call in 1..20 {
        for moment in ["asked", "done"] {
            if !killed_writer(&format!("write {call} {moment}")).await {
                break 'calls;
            }
            points += 1;
        }
    }
    println!("a fenced writer was killed at {points} points");
    assert!(points >= 6, "before and after the fence, the commit, and the settlement: {points}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_killed_anywhere_leaves_at_most_its_lease() {
    let mut points = 0;
    'calls: for call in 1..20 {
        for moment in ["asked", "done"] {
            let server = RedisServer::start();
            let (cache, mut database) = connect(&server.url()).await;
            let _: () = database.set("database", 1).await.unwrap();
            let mut reader = process(&format!("read {call} {moment}"), &server.url());
            until("it is at the point", async || database.clone().exists("at the point").await.unwrap()).await;
            signal(reader.id(), "KILL");
            reader.wait().unwrap();
            if database.get::<_, u64>("at the point").await.unwrap() != 1 {
                break 'calls;
            }
            let killed = Instant::now();
            let _: () = database.set("database", 2).await.unwrap();
            let _ = cache.invalidate::<Profile>(&7).await.unwrap();
            for _ in 0..2 {
                let from = database.clone();
                let value = cache.get_or_load(&7, move || load(from, Duration::ZERO)).await.unwrap();
                assert_eq!(value.revision, 2, "read {call} {moment}");
                cache.idle().await;
            }
            assert!(killed.elapsed() < LEASE + Duration::from_secs(4), "{:?}", killed.elapsed());
            points += 1;
        }
    }
    println!("a reader was killed at {points} points");
    assert!(points >= 6, "before and after the read, the lease, and the fill: {points}");
}
