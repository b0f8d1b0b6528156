//! `cache-patterns` beside its peers, in one run: what is printed are ratios and counts, because the machine's speed
//! changes from minute to minute. Needs redis-server; starts one of its own.
//!
//! `cargo run --release --manifest-path cache-patterns/benches/peers/Cargo.toml [ROUNDS [local|stampede|hits|misses|writes]…]`

mod hitbox_peer;
mod local;
mod measure;
mod remote;
mod server;
mod stampede;

use std::time::Duration;

use cache_patterns::{CacheEntity, Ttl, Versioned};
use serde::{Deserialize, Serialize};

/// About 100 bytes of JSON.
#[derive(Debug, Clone, Serialize, Deserialize, hitbox_fn::CacheableResponse)]
pub(crate) struct Row {
    id: u64,
    name: String,
    email: String,
    active: bool,
    revision: u64,
}

impl Row {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id,
            name: format!("user number {id}"),
            email: format!("user{id}@example.org"),
            active: true,
            revision: 1,
        }
    }
}

impl CacheEntity for Row {
    type Id = u64;
    const SERVICE: &'static str = "bench";
    const ENTITY: &'static str = "row";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::hours(1);
    fn id(&self) -> u64 {
        self.id
    }
    fn data_version(&self) -> u64 {
        self.revision
    }
}

impl Versioned for Row {}

/// The same with copies in the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LocalRow(pub(crate) Row);

impl CacheEntity for LocalRow {
    type Id = u64;
    const SERVICE: &'static str = "bench";
    const ENTITY: &'static str = "local-row";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::hours(1);
    const LOCAL: Duration = Duration::from_secs(3600);
    fn id(&self) -> u64 {
        self.0.id
    }
}

/// The same with fenced writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FencedRow(pub(crate) Row);

impl CacheEntity for FencedRow {
    type Id = u64;
    const SERVICE: &'static str = "bench";
    const ENTITY: &'static str = "fenced-row";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::hours(1);
    const FENCED: bool = true;
    fn id(&self) -> u64 {
        self.0.id
    }
    fn data_version(&self) -> u64 {
        self.0.revision
    }
}

impl Versioned for FencedRow {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let rounds = words.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let parts: Vec<String> = words.collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let server = server::Server::start()?;
    if wanted("local") {
        local::run(rounds).await?;
    }
    if wanted("stampede") {
        stampede::run(&server.url).await?;
    }
    remote::run(&server.url, rounds, wanted).await
}
