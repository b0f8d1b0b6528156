//! What is seen from outside: every metric is documented, the dashboards ask only for metrics that exist, the numbers
//! say what happened, and no label is made of a key.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, Once};
use std::time::Duration;

use cache_patterns::bus::ProcessBus;
use cache_patterns::store::MemoryStore;
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Limits, Ttl};
use metrics::atomics::AtomicU64;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde::{Deserialize, Serialize};

/// Labels that a metric may have: constants of entities, words of the crate, and the number of a node.
const LABELS: [&str; 5] = ["service", "entity", "outcome", "tier", "node"];

/// By metric and labels: counters count, gauges hold the bits of an `f64`, histograms count their samples.
type Seen = BTreeMap<(String, BTreeMap<String, String>), Arc<AtomicU64>>;

static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(Mutex::default);
static DESCRIBED: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);

struct Remember;

struct Samples(Arc<AtomicU64>);

impl HistogramFn for Samples {
    fn record(&self, _value: f64) {
        metrics::CounterFn::increment(&*self.0, 1);
    }
}

fn cell(key: &Key) -> Arc<AtomicU64> {
    let labels = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
    Arc::clone(SEEN.lock().unwrap().entry((key.name().to_owned(), labels)).or_default())
}

fn described(name: &KeyName) {
    DESCRIBED.lock().unwrap().insert(name.as_str().to_owned());
}

impl Recorder for Remember {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        described(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        described(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        described(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Samples(cell(key))))
    }
}

fn record() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| metrics::set_global_recorder(Remember).ok().unwrap());
}

/// The sum of a metric over all labels that contain `with`.
fn count(name: &str, with: &[(&str, &str)]) -> u64 {
    let matches = |labels: &BTreeMap<String, String>| with.iter().all(|(k, v)| labels.get(*k).is_some_and(|l| l == v));
    let seen = SEEN.lock().unwrap();
    let cells = seen.iter().filter(|((metric, labels), _)| metric == name && matches(labels));
    cells.map(|(_, cell)| cell.load(std::sync::atomic::Ordering::Acquire)).sum()
}

/// An entity whose id is a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    token: String,
}

impl CacheEntity for Session {
    type Id = String;
    const SERVICE: &'static str = "login";
    const ENTITY: &'static str = "session";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);
    const LOCAL: Duration = Duration::from_secs(60);

    fn id(&self) -> String {
        self.token.clone()
    }
}

/// Of the test with a store that fails, so that the numbers of the other are its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    id: u64,
}

impl CacheEntity for Job {
    type Id = u64;
    const SERVICE: &'static str = "work";
    const ENTITY: &'static str = "job";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> u64 {
        self.id
    }
}

async fn load(token: &'static str) -> Result<Session, std::convert::Infallible> {
    Ok(Session { token: token.to_owned() })
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn sources(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            sources(&entry.path(), texts);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            texts.push(std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Metrics that the crate's sources count, set or record; described ones only with `describe`.
fn in_sources(describe: bool) -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
    let mut names = BTreeSet::new();
    for text in texts {
        for kind in ["counter!(", "gauge!(", "histogram!("] {
            for (at, _) in text.match_indices(kind) {
                let is_description = text[..at].ends_with("describe_");
                let argument = text[at + kind.len()..].trim_start();
                if is_description == describe {
                    let name = argument.strip_prefix('"').expect("a metric's name is written out");
                    names.insert(name.split('"').next().unwrap().to_owned());
                }
            }
        }
    }
    names
}

/// Words of a text that are names of metrics, without what Prometheus adds to the name of a histogram.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| word.starts_with("cache_") && *word != "cache_patterns");
    names
        .map(|name| {
            let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            histogram.filter(|name| name.ends_with("_seconds")).unwrap_or(name).to_owned()
        })
        .collect()
}

#[test]
fn every_metric_is_described_and_in_the_documentation() {
    let emitted = in_sources(false);
    assert!(emitted.len() >= 16, "found only {emitted:?}");
    let described = in_sources(true);
    assert_eq!(emitted.difference(&described).collect::<Vec<_>>(), [""; 0], "emitted, not described");
    let documented = metrics_in(&file("docs/metrics.md"));
    assert_eq!(documented, described, "docs/metrics.md is to list what observe.rs describes");
}

#[test]
fn the_dashboards_ask_only_for_metrics_that_exist() {
    let known = in_sources(true);
    for path in ["dashboards/grafana.json", "dashboards/alerts.yml"] {
        let asked = metrics_in(&file(path));
        assert!(asked.len() >= 8, "{path} asks only for {asked:?}");
        assert_eq!(asked.difference(&known).collect::<Vec<_>>(), [""; 0], "{path}");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&file("dashboards/grafana.json")).unwrap();
    let shown = metrics_in(&dashboard.to_string());
    assert_eq!(known.difference(&shown).collect::<Vec<_>>(), [""; 0], "in no panel");
}

#[test]
fn the_dashboards_group_by_labels_that_exist() {
    for path in ["dashboards/grafana.json", "dashboards/alerts.yml"] {
        let text = file(path);
        let groups: Vec<&str> = text.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
        assert!(groups.len() > 4, "{path}: {groups:?}");
        for label in groups.iter().flat_map(|group| group.split(", ")) {
            // `instance` is Prometheus's own, `le` the bound of a bucket.
            assert!(LABELS.contains(&label) || ["instance", "le"].contains(&label), "{path} groups by `{label}`");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_say_what_happened_and_no_label_is_made_of_a_key() {
    record();
    let cache = Cache::builder(MemoryStore::default()).local(100).bus(ProcessBus::new()).build().await.unwrap();
    for _ in 0..5 {
        cache.get_or_load(&"s3cr3t".to_owned(), || load("s3cr3t")).await.unwrap();
    }
    let none = || async { Ok::<Option<Session>, std::convert::Infallible>(None) };
    for _ in 0..2 {
        assert!(cache.get_or_load_opt(&"s3cr3t-absent".to_owned(), none).await.unwrap().is_none());
        // Who loads has the answer before the store has it.
        cache.idle().await;
    }
    let fails = || async { Err::<Session, _>(std::io::Error::other("s3cr3t")) };
    assert!(cache.get_or_load(&"s3cr3t-broken".to_owned(), fails).await.is_err());
    let _ = cache.invalidate::<Session>(&"s3cr3t".to_owned()).await.unwrap();

    let own = [("service", "login"), ("entity", "session")];
    let outcome = |outcome| count("cache_requests_total", &[own[0], own[1], ("outcome", outcome)]);
    let stats = cache.stats_of::<Session>();
    assert_eq!(count("cache_requests_total", &own), 8, "every read counts once");
    assert_eq!(stats.reads(), 8);
    assert_eq!(outcome("hit"), stats.local_hits + stats.store_hits);
    assert_eq!([outcome("hit"), outcome("negative"), outcome("miss"), outcome("error")], [4, 1, 2, 1]);
    assert_eq!(count("cache_loads_total", &own), 3);
    assert_eq!(count("cache_load_failures_total", &own), 1);
    assert_eq!(count("cache_load_seconds", &own), 3, "samples");
    assert_eq!(count("cache_invalidations_total", &own), 1);
    assert_eq!(count("cache_waiters", &own), 0, "nobody waits any more");

    for (metric, labels) in SEEN.lock().unwrap().keys() {
        for (label, value) in labels {
            assert!(LABELS.contains(&label.as_str()), "{metric} has a label `{label}`");
            assert!(!value.contains("s3cr3t"), "{metric} shows an id in `{label}`: {value}");
        }
        assert!(DESCRIBED.lock().unwrap().contains(metric), "{metric} has no help text");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_and_owed_invalidations_are_seen_while_the_store_is_down() {
    record();
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let limits = Limits { early_refresh: 0.0, ..Limits::default() };
    let cache = Cache::builder(store).limits(limits).build().await.unwrap();
    faults.down(true);
    for _ in 0..30 {
        let _ = cache.invalidate::<Job>(&7).await;
    }
    let open = 2.0f64.to_bits();
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while count("cache_breaker_state", &[("node", "0")]) != open {
        assert!(std::time::Instant::now() < until, "the gauge does not say that the breaker is open");
        // Kept busy, so that the breaker does not rest half open.
        let _ = cache.invalidate::<Job>(&7).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(count("cache_dirty_keys", &[]), 1.0f64.to_bits());
}
