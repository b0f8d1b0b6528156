//! The transactional outbox over SQLite and PostgreSQL: a writer that dies between its commit and the cache leaves
//! nothing old.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cache_patterns::outbox::{self, Database, Delivered, Relay, RelayError};
use cache_patterns::store::{MemoryStore, RedisStore};
use cache_patterns::testing::FaultStore;
use cache_patterns::{Cache, CacheEntity, Cached, Limits, Source as From, Ttl, Versioned, WrittenTo};
use common::postgres::PostgresServer;
use common::{RedisServer, signal};
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};
use sqlx::{Pool, Postgres, Sqlite, Transaction};

/// Written through without a fence, so that only the outbox closes the gap.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    id: i64,
    cents: i64,
    row_version: u64,
}

impl CacheEntity for Account {
    type Id = i64;
    const SERVICE: &'static str = "bank";
    const ENTITY: &'static str = "account";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);

    fn id(&self) -> i64 {
        self.id
    }

    fn data_version(&self) -> u64 {
        self.row_version
    }
}

impl Versioned for Account {}

type Failed<T> = Result<T, sqlx::Error>;

/// The table of accounts.
trait Accounts: Database {
    async fn open(url: &str) -> Pool<Self>;
    async fn make(pool: &Pool<Self>);
    async fn insert_account(pool: &Pool<Self>, version: i64);
    async fn take(transaction: &mut Transaction<'_, Self>) -> Failed<Account>;
    /// The last version of the account.
    async fn remove(transaction: &mut Transaction<'_, Self>) -> Failed<u64>;
    fn read(pool: Pool<Self>) -> impl Future<Output = Failed<Account>> + Send;
    async fn recorded(pool: &Pool<Self>) -> i64;
}

macro_rules! accounts_in {
    ($database:ty) => {
        impl Accounts for $database {
            async fn open(url: &str) -> Pool<Self> {
                Pool::connect(url).await.unwrap()
            }

            async fn make(pool: &Pool<Self>) {
                outbox::create_table(pool).await.unwrap();
                let sql =
                    "CREATE TABLE account (id BIGINT PRIMARY KEY, cents BIGINT NOT NULL, row_version BIGINT NOT NULL)";
                sqlx::query(sql).execute(pool).await.unwrap();
                Self::insert_account(pool, 1).await;
            }

            async fn insert_account(pool: &Pool<Self>, version: i64) {
                let sql = "INSERT INTO account VALUES (7, 100, $1)";
                sqlx::query(sql).bind(version).execute(pool).await.unwrap();
            }

            async fn take(transaction: &mut Transaction<'_, Self>) -> Failed<Account> {
                let sql = "UPDATE account SET cents = cents - 1, row_version = row_version + 1 WHERE id = 7
                           RETURNING cents, row_version";
                let (cents, version): (i64, i64) = sqlx::query_as(sql).fetch_one(&mut **transaction).await?;
                Ok(Account { id: 7, cents, row_version: version.unsigned_abs() })
            }

            async fn remove(transaction: &mut Transaction<'_, Self>) -> Failed<u64> {
                let sql = "DELETE FROM account WHERE id = 7 RETURNING row_version";
                let version: i64 = sqlx::query_scalar(sql).fetch_one(&mut **transaction).await?;
                Ok(version.unsigned_abs())
            }

            async fn read(pool: Pool<Self>) -> Failed<Account> {
                let sql = "SELECT cents, row_version FROM account WHERE id = 7";
                let (cents, version): (i64, i64) = sqlx::query_as(sql).fetch_one(&pool).await?;
                Ok(Account { id: 7, cents, row_version: version.unsigned_abs() })
            }

            async fn recorded(pool: &Pool<Self>) -> i64 {
                sqlx::query_scalar("SELECT COUNT(*) FROM cache_outbox").fetch_one(pool).await.unwrap()
            }
        }
    };
}

accounts_in!(Sqlite);
accounts_in!(Postgres);

fn patient() -> Limits {
    Limits {
        read: Duration::from_secs(5),
        command: Duration::from_secs(5),
        early_refresh: 0.0,
        breaker: cache_patterns::breaker::BreakerPolicy { slow: Duration::from_secs(10), ..Default::default() },
        ..Limits::default()
    }
}

async fn get<DB: Accounts>(cache: &Cache, pool: &Pool<DB>) -> Cached<Account> {
    let pool = pool.clone();
    cache.get_or_load(&7, move || DB::read(pool)).await.unwrap()
}

/// Reads until the store has it: the first caller has its value before.
async fn cached<DB: Accounts>(cache: &Cache, pool: &Pool<DB>) -> Cached<Account> {
    get(cache, pool).await;
    cache.idle().await;
    let value = get(cache, pool).await;
    assert_eq!(value.source(), From::Store);
    value
}

fn relay<DB: Database>(cache: &Cache, pool: &Pool<DB>) -> Relay<DB> {
    Relay::new(cache, pool.clone()).grace(Duration::ZERO)
}

async fn write<DB: Accounts>(cache: &Cache, pool: &Pool<DB>) -> cache_patterns::Written<Account> {
    cache
        .write(&7, async |writer| {
            let mut transaction = pool.begin().await?;
            let row = DB::take(&mut transaction).await?;
            writer.commit_recorded(row, transaction).await
        })
        .await
        .unwrap()
}

async fn a_record_is_part_of_the_transaction<DB: Accounts>(pool: Pool<DB>) {
    let cache = Cache::builder(MemoryStore::default()).limits(patient()).build().await.unwrap();
    cached(&cache, &pool).await;
    let mut transaction = pool.begin().await.unwrap();
    let row = DB::take(&mut transaction).await.unwrap();
    outbox::record::<Account, DB>(&mut transaction, &7, row.row_version).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(DB::recorded(&pool).await, 0, "rolled back with the row");
    assert_eq!(relay(&cache, &pool).deliver().await.unwrap(), Delivered::default());
    assert_eq!(get(&cache, &pool).await.source(), From::Store, "and the entry stays");

    let mut transaction = pool.begin().await.unwrap();
    let row = DB::take(&mut transaction).await.unwrap();
    outbox::record::<Account, DB>(&mut transaction, &7, row.row_version).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(get(&cache, &pool).await.row_version, 1, "nobody has told the cache yet");
    assert_eq!(relay(&cache, &pool).deliver().await.unwrap(), Delivered { rows: 1, keys: 1 });
    assert_eq!(DB::recorded(&pool).await, 0, "what is delivered is deleted");
    assert_eq!(get(&cache, &pool).await.row_version, row.row_version);
}

async fn what_was_written_through_stays<DB: Accounts>(pool: Pool<DB>) {
    let cache = Cache::builder(MemoryStore::default()).limits(patient()).build().await.unwrap();
    cached(&cache, &pool).await;
    for _ in 0..3 {
        assert_eq!(write(&cache, &pool).await.cached, WrittenTo::Stored);
    }
    assert_eq!(DB::recorded(&pool).await, 3);
    let waiting = Relay::new(&cache, pool.clone()).grace(Duration::from_secs(3_600));
    assert_eq!(waiting.deliver().await.unwrap(), Delivered::default(), "within the grace nothing is delivered");
    assert_eq!(relay(&cache, &pool).deliver().await.unwrap(), Delivered { rows: 3, keys: 1 }, "one question for all");
    let value = get(&cache, &pool).await;
    assert_eq!((value.row_version, value.source()), (4, From::Store), "it is as new as what was recorded");

    // A record without a version takes the entry away, whatever it is.
    let mut transaction = pool.begin().await.unwrap();
    outbox::record::<Account, DB>(&mut transaction, &7, 0).await.unwrap();
    transaction.commit().await.unwrap();
    relay(&cache, &pool).deliver().await.unwrap();
    assert_eq!(get(&cache, &pool).await.source(), From::Loaded);
}

async fn a_row_that_is_deleted_under_its_last_version_goes<DB: Accounts>(pool: Pool<DB>) {
    let cache = Cache::builder(MemoryStore::default()).limits(patient()).build().await.unwrap();
    let gone = async || {
        let pool = pool.clone();
        let read = move || async move {
            match DB::read(pool).await {
                Err(sqlx::Error::RowNotFound) => Ok(None),
                row => row.map(Some),
            }
        };
        cache.get_or_load_opt::<Account, _, _, _>(&7, read).await.unwrap().is_none()
    };
    cached(&cache, &pool).await;
    let mut transaction = pool.begin().await.unwrap();
    let last = DB::remove(&mut transaction).await.unwrap();
    outbox::record_deleted::<Account, DB>(&mut transaction, &7, last).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(!gone().await, "nobody has told the cache yet");
    relay(&cache, &pool).deliver().await.unwrap();
    assert!(gone().await, "the deleted row is not served");

    // It comes again, and goes by a write.
    DB::insert_account(&pool, 2).await;
    let _ = cache.invalidate::<Account>(&7).await.unwrap();
    assert_eq!(cached(&cache, &pool).await.row_version, 2);
    let written = cache
        .write::<Account, sqlx::Error, _>(&7, async |writer| {
            let mut transaction = pool.begin().await?;
            let last = DB::remove(&mut transaction).await?;
            writer.delete_recorded(&7, last, transaction).await
        })
        .await
        .unwrap();
    assert_eq!((written.version, DB::recorded(&pool).await), (2, 1));
    assert!(gone().await);
    relay(&cache, &pool).deliver().await.unwrap();
    assert!(gone().await);
}

async fn records_wait_for_the_store<DB: Accounts>(pool: Pool<DB>) {
    let (store, faults) = FaultStore::new(MemoryStore::default());
    let cache = Cache::builder(store).limits(patient()).build().await.unwrap();
    cached(&cache, &pool).await;
    faults.down(true);
    let written = write(&cache, &pool).await;
    assert_eq!(written.cached, WrittenTo::Queued);
    let failed = relay(&cache, &pool).deliver().await;
    assert!(matches!(failed, Err(RelayError::Store { delivered: 0 })), "{failed:?}");
    assert_eq!(DB::recorded(&pool).await, 1, "not lost");
    faults.down(false);
    let running = tokio::spawn(relay(&cache, &pool).every(Duration::from_millis(10)).run());
    let until = Instant::now() + Duration::from_secs(60);
    while DB::recorded(&pool).await > 0 {
        assert!(Instant::now() < until, "the relay goes on by itself");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
    assert_eq!(get(&cache, &pool).await.row_version, written.version);
}

/// A process that opens both, commits, and is killed before it tells the cache.
async fn a_writer_that_dies_after_its_commit<DB: Accounts>(pool: Pool<DB>, url: &str) {
    let server = RedisServer::start();
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let cache = Cache::builder(store).limits(patient()).build().await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(cached(&cache, &pool).await.row_version, 1);
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("CHILD_DATABASE", url)
        .env("CHILD_REDIS", server.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while !redis.exists::<_, bool>("committed").await.unwrap() {
        assert!(Instant::now() < until, "it commits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    signal(writer.id(), "KILL");
    writer.wait().unwrap();
    assert_eq!(DB::read(pool.clone()).await.unwrap().row_version, 2, "committed");
    assert_eq!(get(&cache, &pool).await.row_version, 1, "the gap that the outbox is for");
    let delivered = relay(&cache, &pool).deliver().await.unwrap();
    assert_eq!(delivered, Delivered { rows: 1, keys: 1 });
    let mut stale = 0;
    for _ in 0..200 {
        stale += usize::from(get(&cache, &pool).await.row_version < 2);
    }
    println!("killed between commit and cache: {stale} stale of 200 reads after the relay");
    assert_eq!(stale, 0);
    assert_eq!(cached(&cache, &pool).await.row_version, 2, "and it is cached again");
}

/// Not a test: it is started by the others.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the other tests"]
async fn child() {
    let Ok(database) = std::env::var("CHILD_DATABASE") else { return };
    let redis = std::env::var("CHILD_REDIS").unwrap();
    if database.starts_with("sqlite") {
        commit_and_hang::<Sqlite>(&database, &redis).await;
    } else {
        commit_and_hang::<Postgres>(&database, &redis).await;
    }
}

async fn commit_and_hang<DB: Accounts>(database: &str, redis: &str) {
    let pool = DB::open(database).await;
    let cache = Cache::builder(RedisStore::connect(redis).await.unwrap()).limits(patient()).build().await.unwrap();
    let mut connection = redis::Client::open(redis).unwrap().get_multiplexed_async_connection().await.unwrap();
    let _ = cache
        .write::<Account, sqlx::Error, _>(&7, async |writer| {
            let mut transaction = pool.begin().await?;
            let row = DB::take(&mut transaction).await?;
            outbox::record::<Account, DB>(&mut transaction, &7, row.row_version).await?;
            let commit = async {
                transaction.commit().await?;
                let _: () = connection.set("committed", 1).await.unwrap();
                std::future::pending().await
            };
            writer.commit(row, commit).await
        })
        .await;
}

/// A database in a file of the test's own.
async fn sqlite() -> (tempfile::TempDir, String, Pool<Sqlite>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("accounts.db").display());
    let pool = Sqlite::open(&url).await;
    Sqlite::make(&pool).await;
    (folder, url, pool)
}

#[tokio::test]
async fn in_sqlite_a_record_is_part_of_the_transaction() {
    let (_folder, _, pool) = sqlite().await;
    a_record_is_part_of_the_transaction(pool).await;
}

#[tokio::test]
async fn in_sqlite_what_was_written_through_stays() {
    let (_folder, _, pool) = sqlite().await;
    what_was_written_through_stays(pool).await;
}

#[tokio::test]
async fn in_sqlite_a_row_that_is_deleted_under_its_last_version_goes() {
    let (_folder, _, pool) = sqlite().await;
    a_row_that_is_deleted_under_its_last_version_goes(pool).await;
}

#[tokio::test]
async fn in_sqlite_records_wait_for_the_store() {
    let (_folder, _, pool) = sqlite().await;
    records_wait_for_the_store(pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_sqlite_a_writer_that_dies_after_its_commit_leaves_nothing_old() {
    let (_folder, url, pool) = sqlite().await;
    a_writer_that_dies_after_its_commit(pool, &url).await;
}

/// One server for all: it takes a while to be made.
#[tokio::test(flavor = "multi_thread")]
async fn in_postgres_it_is_the_same() {
    let Some(server) = PostgresServer::start() else { return };
    let anew = async || {
        let pool = Postgres::open(&server.url()).await;
        sqlx::raw_sql("DROP TABLE IF EXISTS account, cache_outbox").execute(&pool).await.unwrap();
        Postgres::make(&pool).await;
        pool
    };
    a_record_is_part_of_the_transaction(anew().await).await;
    what_was_written_through_stays(anew().await).await;
    a_row_that_is_deleted_under_its_last_version_goes(anew().await).await;
    records_wait_for_the_store(anew().await).await;
    a_writer_that_dies_after_its_commit(anew().await, &server.url()).await;
}
