//! Cluster and Sentinel, with real servers: the same suite as every store, a failover, sharded Pub/Sub.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use cache_patterns::bus::RedisBus;
use cache_patterns::store::{Confirm, RedisStore, Store};
use cache_patterns::testing::conformance;
use cache_patterns::{Cache, Invalidated, Key, Limits, Source as From};
use common::cluster::{Cluster, Group, Proxied};
use common::source::Source;
use common::{Profile, signal};

fn patient() -> Limits {
    Limits {
        read: Duration::from_secs(2),
        command: Duration::from_secs(5),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn revision(cache: &Cache, source: &Source, id: u64) -> (u64, From) {
    let source = source.clone();
    let value = cache.get_or_load(&id, move || source.load(id)).await.unwrap();
    (value.revision, value.source())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_conforms_and_its_primaries_are_told_apart() {
    let cluster = Cluster::start();
    let store = RedisStore::connect_cluster(cluster.urls()).await.unwrap();
    conformance(&store).await;
    assert_eq!(store.info().await.unwrap().identities.iter().flatten().count(), 3);
    assert_eq!(store.nodes(), 3);
    let mut reached = [0; 3];
    for id in 0..300 {
        reached[store.node(Key::<Profile>::of(&id).as_str())] += 1;
    }
    assert!(reached.iter().all(|keys| *keys > 50), "keys are spread over the primaries: {reached:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_values_are_read_over_all_primaries_of_a_cluster() {
    let cluster = Cluster::start();
    let store = RedisStore::connect_cluster(cluster.urls()).await.unwrap();
    let cache = Cache::builder(store).limits(patient()).build().await.unwrap();
    let source = Source::default();
    (0..100).for_each(|id| _ = source.write(id));
    let ids: Vec<u64> = (0..100).collect();
    for round in 0..2 {
        let from = source.clone();
        let found = cache.get_many_or_load(&ids, move |missing| from.clone().load_many(missing)).await.unwrap();
        assert_eq!((found.len(), source.loads()), (100, 1), "round {round}");
        // The fills of the first round are on their way.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalidations_go_over_a_cluster_by_plain_and_by_sharded_channels() {
    let cluster = Cluster::start();
    for sharded in [false, true] {
        let build = async || {
            let bus = RedisBus::connect_cluster(cluster.urls(), "test").await.unwrap();
            let bus = if sharded { bus.sharded() } else { bus };
            let store = RedisStore::connect_cluster(cluster.urls()).await.unwrap();
            let cache = Cache::builder(store).local(1_000).bus(bus).limits(patient()).build().await.unwrap();
            let until = Instant::now() + Duration::from_secs(20);
            while !cache.trusts_local_copies() {
                assert!(Instant::now() < until, "the bus is heard, sharded: {sharded}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            cache
        };
        let (one, two) = (build().await, build().await);
        let source = Source::default();
        for id in 0..20 {
            source.write(id);
            let until = Instant::now() + Duration::from_secs(20);
            while revision(&two, &source, id).await.1 != From::Local {
                assert!(Instant::now() < until, "a copy is made");
            }
            let newest = source.write(id);
            let _ = one.invalidate::<Profile>(&id).await.unwrap();
            while revision(&two, &source, id).await.0 < newest {
                assert!(Instant::now() < until, "the invalidation arrives, sharded: {sharded}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

/// The connections to one node fall silent and nobody closes them; the node itself is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_of_a_cluster_costs_the_others_nothing_and_comes_back() {
    let cluster = Proxied::start().await;
    let store = RedisStore::connect_cluster(cluster.urls()).await.unwrap();
    assert_eq!(store.nodes(), 3);
    let node_of = |id: u64| store.node(Key::<Profile>::of(&id).as_str());
    let limits = Limits { early_refresh: 0.0, ..Limits::default() };
    let cache = Cache::builder(store.clone()).limits(limits).build().await.unwrap();
    let source = Source::default();
    for id in 0..60 {
        source.write(id);
        revision(&cache, &source, id).await;
    }
    cache.idle().await;
    let silent = node_of(0);
    let key = Key::<Profile>::of(&0);
    let at = cluster.nodes.iter().position(|node| !node.cli(&["get", key.as_str()]).contains("MOVED")).unwrap();
    cluster.proxies[at].half_open();
    let began = Instant::now();
    let (mut others, mut missed) = (0, 0);
    loop {
        for id in 0..60 {
            let (found, from) = revision(&cache, &source, id).await;
            assert_eq!(found, 1);
            if node_of(id) != silent {
                others += 1;
                missed += usize::from(from != From::Store);
            }
        }
        if revision(&cache, &source, 0).await.1 == From::Store {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the node is used again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "a silent node was used again after {:?}; of {others} reads of the other nodes {missed} were not answered by them",
        began.elapsed()
    );
    // A busy machine misses the deadline of a read now and then.
    assert!(missed * 20 <= others, "{missed} of {others}");
    assert!(began.elapsed() < Duration::from_secs(30));
}

/// The replica is frozen, so that it misses the invalidation; then the primary dies and the replica takes over with the
/// old value.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_with_an_unconfirmed_invalidation_the_old_value_is_not_trusted() {
    let group = Group::start();
    let store = RedisStore::connect_sentinel([group.url()], Group::NAME).await.unwrap();
    conformance(&store).await;
    let limits = Limits { confirm: Some(Confirm { replicas: 1, within: Duration::from_millis(300) }), ..patient() };
    let cache = Cache::builder(store).limits(limits).build().await.unwrap();
    let source = Source::default();
    source.write(7);
    let key = Key::<Profile>::of(&7);
    revision(&cache, &source, 7).await;
    let until = Instant::now() + Duration::from_secs(10);
    while group.replica.cli(&["get", key.as_str()]).trim().len() < 60 {
        assert!(Instant::now() < until, "the replica has the value");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(cache.invalidate::<Profile>(&8).await.unwrap(), Invalidated::Applied, "the replica confirms");

    group.replica.freeze();
    let newest = source.write(7);
    let outcome = cache.invalidate::<Profile>(&7).await.unwrap();
    assert_eq!(outcome, Invalidated::Unconfirmed { replicas: 0 }, "nobody has confirmed it");
    signal(group.primary.pid(), "KILL");
    group.replica.thaw();
    let until = Instant::now() + Duration::from_secs(40);
    while !group.replica.cli(&["role"]).starts_with("master") {
        assert!(Instant::now() < until, "the replica is promoted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The deletion may have been in the replica's socket already. Whether or not: after the watermark nothing old is
    // served.
    let promoted = Instant::now();
    while revision(&cache, &source, 7).await.0 < newest {
        assert!(promoted.elapsed() < Duration::from_secs(10), "the old value is not trusted for long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("newest value served {:?} after the promotion", promoted.elapsed());
}
