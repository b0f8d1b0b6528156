//! Three processes' caches over one Redis, each behind a proxy of its own, while everything fails at random: connections
//! are cut, silent, slow or one-sided, Redis is frozen, killed and started empty, wall clocks jump.
//!
//! `CACHE_SOAK_SECONDS` says for how long (default 6), `CACHE_SOAK_SEED` with which faults; a run prints its seed. The
//! tasks run as the machine lets them, so a seed brings the same faults and not the same interleaving.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_patterns::bus::RedisBus;
use cache_patterns::clock::{Clock, SystemClock};
use cache_patterns::store::RedisStore;
use cache_patterns::testing::Proxy;
use cache_patterns::{Cache, Invalidated, Limits, Source as From};
use common::source::Source;
use common::{Profile, RedisServer};
use tokio::task::JoinSet;

const NODES: usize = 3;
const KEYS: u64 = 16;
/// What is promised for copies of other processes.
const SILENCE: Duration = Duration::from_secs(3);
/// A machine that gives a task no processor makes it late.
const SLACK: Duration = Duration::from_secs(2);

/// A clock whose wall time jumps.
struct Jumping {
    clock: SystemClock,
    by: AtomicU64,
}

impl Clock for Jumping {
    fn wall_ms(&self) -> u64 {
        self.clock.wall_ms().wrapping_add(self.by.load(SeqCst))
    }

    fn steady_ms(&self) -> u64 {
        self.clock.steady_ms()
    }
}

/// Until which revision a key was invalidated, and when that was acknowledged.
type Acks = Mutex<Vec<(Instant, u64)>>;

/// The newest revision that was acknowledged at this time.
fn floor(acks: &Acks, at: Instant) -> u64 {
    acks.lock().unwrap().iter().filter(|(when, _)| *when <= at).map(|(_, revision)| *revision).max().unwrap_or(0)
}

#[derive(Default)]
struct KeyState {
    /// In the store.
    stored: Acks,
    /// In the store, and said to the other processes.
    spread: Acks,
    /// By a process, for itself.
    own: [Acks; NODES],
}

struct World {
    source: Source,
    keys: Vec<KeyState>,
    stop: AtomicBool,
    violations: Mutex<Vec<String>>,
    reads: [AtomicU64; 3],
    writes: AtomicU64,
    queued: AtomicU64,
    failed: AtomicU64,
    /// Writers tell nobody: what the run has to find.
    silent: bool,
}

struct Node {
    cache: Cache,
    proxy: Proxy,
    clock: Arc<Jumping>,
}

async fn node(server: &RedisServer) -> Node {
    let proxy = Proxy::start(format!("127.0.0.1:{}", server.port)).await.unwrap();
    let url = format!("redis://127.0.0.1:{}/", proxy.port());
    let clock = Arc::new(Jumping { clock: SystemClock::new(), by: AtomicU64::new(0) });
    let limits = Limits {
        read: Duration::from_millis(200),
        command: Duration::from_millis(300),
        load_queue: Duration::from_secs(30),
        load_hard: Duration::from_secs(30),
        wait: Duration::from_secs(10),
        lease: Duration::from_secs(1),
        ..Limits::default()
    };
    let bus = RedisBus::connect(&url, "soak").await.unwrap();
    let store = RedisStore::connect(&url).await.unwrap();
    let cache = Cache::builder(store).local(1_000).bus(bus).limits(limits).clock(clock.clone()).build().await.unwrap();
    Node { cache, proxy, clock }
}

async fn read(world: &World, cache: &Cache, at: usize, id: u64) {
    let key = &world.keys[usize::try_from(id).unwrap()];
    let began = Instant::now();
    let source = world.source.clone();
    let Ok(value) = cache.get_or_load(&id, move || source.load(id)).await else {
        world.failed.fetch_add(1, SeqCst);
        return;
    };
    let early = |by: Duration| began.checked_sub(by).unwrap_or(began);
    assert_eq!(value.id, id, "the answer to another question");
    let (tier, least) = match value.source() {
        From::Local => (0, floor(&key.spread, early(SILENCE + SLACK))),
        From::Store => (1, floor(&key.stored, began)),
        // While the store does not answer, callers share a load that began before some of them came.
        _ => (2, floor(&key.stored, early(SLACK))),
    };
    world.reads[tier].fetch_add(1, SeqCst);
    let own = floor(&key.own[at], began);
    if value.revision < least.max(own) {
        world.violations.lock().unwrap().push(format!(
            "node {at} read revision {} of key {id} from {:?}, after {least} was acknowledged, {own} to itself",
            value.revision,
            value.source()
        ));
    }
}

async fn write(world: &World, cache: &Cache, at: usize, id: u64, unsettled: &mut Vec<(u64, u64)>) {
    let key = &world.keys[usize::try_from(id).unwrap()];
    let revision = world.source.write(id);
    world.writes.fetch_add(1, SeqCst);
    let outcome = if world.silent { Ok(Invalidated::Applied) } else { cache.invalidate::<Profile>(&id).await };
    let ack = |acks: &Acks| acks.lock().unwrap().push((Instant::now(), revision));
    match outcome {
        Ok(Invalidated::Applied) => {
            ack(&key.stored);
            ack(&key.spread);
            ack(&key.own[at]);
        }
        Ok(_) => {
            ack(&key.own[at]);
            unsettled.push((id, revision));
            world.queued.fetch_add(1, SeqCst);
        }
        Err(_) => {}
    }
    if !unsettled.is_empty() && cache.owed_invalidations() == 0 {
        for (id, revision) in unsettled.drain(..) {
            world.keys[usize::try_from(id).unwrap()].stored.lock().unwrap().push((Instant::now(), revision));
        }
    }
}

/// One fault, and its end.
async fn fault(random: &mut fastrand::Rng, nodes: &[Node], server: &mut RedisServer) -> &'static str {
    let node = &nodes[random.usize(0..nodes.len())];
    let while_ = Duration::from_millis(random.u64(50..1_500));
    let proxy = &node.proxy;
    match random.u32(0..12) {
        0 => {
            proxy.reset();
            "reset"
        }
        1 => {
            proxy.truncate_after(random.usize(0..500));
            "cut in an answer"
        }
        2 => {
            proxy.latency(Duration::from_millis(random.u64(1..60)));
            tokio::time::sleep(while_).await;
            proxy.latency(Duration::ZERO);
            "latency"
        }
        3 => {
            proxy.black_hole(true);
            tokio::time::sleep(while_ * 3).await;
            proxy.black_hole(false);
            "black hole"
        }
        4 => {
            proxy.lose_answers(true);
            tokio::time::sleep(while_).await;
            proxy.lose_answers(false);
            proxy.reset();
            "lost answers"
        }
        5 => {
            proxy.lose_requests(true);
            tokio::time::sleep(while_).await;
            proxy.lose_requests(false);
            "lost requests"
        }
        6 | 7 => {
            proxy.half_open();
            "half open"
        }
        8 => {
            proxy.refuse(true);
            proxy.reset();
            tokio::time::sleep(while_).await;
            proxy.refuse(false);
            "refused"
        }
        9 => {
            server.freeze();
            tokio::time::sleep(while_).await;
            server.thaw();
            "frozen"
        }
        10 => {
            tokio::task::block_in_place(|| server.restart());
            "killed and empty"
        }
        _ => {
            let hour = 3_600_000;
            node.clock.by.store(random.u64(0..2 * hour).wrapping_sub(hour), SeqCst);
            "clock"
        }
    }
}

async fn run(seconds: u64, seed: u64, silent: bool) -> Arc<World> {
    println!("CACHE_SOAK_SEED={seed} CACHE_SOAK_SECONDS={seconds}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut server = RedisServer::start();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(node(&server).await);
    }
    let world = Arc::new(World {
        source: Source::with_delay(Duration::from_millis(2)),
        keys: (0..KEYS).map(|_| KeyState::default()).collect(),
        stop: AtomicBool::new(false),
        violations: Mutex::default(),
        reads: Default::default(),
        writes: AtomicU64::new(0),
        queued: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        silent,
    });
    (0..KEYS).for_each(|id| _ = world.source.write(id));
    let mut tasks = JoinSet::new();
    for (at, node) in nodes.iter().enumerate() {
        for _ in 0..4 {
            let (world, cache, mut random) = (Arc::clone(&world), node.cache.clone(), random.fork());
            tasks.spawn(async move {
                while !world.stop.load(SeqCst) {
                    read(&world, &cache, at, random.u64(0..KEYS)).await;
                    tokio::time::sleep(Duration::from_micros(random.u64(100..3_000))).await;
                }
            });
        }
        let (world, cache, mut random) = (Arc::clone(&world), node.cache.clone(), random.fork());
        tasks.spawn(async move {
            let mut unsettled = Vec::new();
            while !world.stop.load(SeqCst) {
                write(&world, &cache, at, random.u64(0..KEYS), &mut unsettled).await;
                tokio::time::sleep(Duration::from_millis(random.u64(2..60))).await;
            }
        });
    }
    let ends = Instant::now() + Duration::from_secs(seconds);
    let mut faults = std::collections::BTreeMap::<&str, u32>::new();
    while Instant::now() < ends {
        *faults.entry(fault(&mut random, &nodes, &mut server).await).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(random.u64(10..400))).await;
    }
    world.stop.store(true, SeqCst);
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let [local, stored, loaded] = world.reads.each_ref().map(|reads| reads.load(SeqCst));
    println!(
        "{local} local reads, {stored} from the store, {loaded} loaded, {} failed; {} writes of which {} were queued; {faults:?}",
        world.failed.load(SeqCst),
        world.writes.load(SeqCst),
        world.queued.load(SeqCst),
    );
    if !silent {
        converges(&world, &nodes).await;
    }
    world
}

/// After the faults everything is as if there had been none.
async fn converges(world: &World, nodes: &[Node]) {
    let began = Instant::now();
    let until = began + Duration::from_secs(60);
    for (at, node) in nodes.iter().enumerate() {
        for id in 0..KEYS {
            loop {
                let source = world.source.clone();
                let value = node.cache.get_or_load(&id, move || source.load(id)).await;
                let settled = node.cache.owed_invalidations() == 0 && node.cache.trusts_local_copies();
                if settled && value.as_ref().is_ok_and(|value| value.revision == world.source.revision(id)) {
                    break;
                }
                assert!(Instant::now() < until, "node {at}, key {id}: {value:?}, {:?}", node.cache);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    println!("all read the newest revisions {:?} after the last fault", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_nothing_older_is_read_than_was_acknowledged() {
    let number = |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let seed = number("CACHE_SOAK_SEED", fastrand::u64(..1 << 40));
    let world = run(number("CACHE_SOAK_SECONDS", 6), seed, false).await;
    let violations = world.violations.lock().unwrap();
    assert!(violations.is_empty(), "seed {seed}, {}: {:#?}", violations.len(), &violations[..violations.len().min(10)]);
}

/// Writers that tell nobody: the run has to see it.
#[tokio::test(flavor = "multi_thread")]
async fn writers_that_tell_nobody_are_found() {
    let world = run(3, 7, true).await;
    assert!(!world.violations.lock().unwrap().is_empty());
}
