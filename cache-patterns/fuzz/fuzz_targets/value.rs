//! Any bytes under a key, read as a value in every codec: a hit or a miss, never an error, never more than its share of
//! memory.
#![no_main]

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use cache_patterns::envelope::{Header, Kind};
use cache_patterns::store::MemoryStore;
use cache_patterns::{Cache, CacheEntity, Codec, Key, Ttl};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

macro_rules! entity {
    ($name:ident, $entity:literal, $codec:expr) => {
        #[derive(Debug, Clone, Serialize, Deserialize)]
        struct $name {
            id: u64,
            name: String,
            tags: Vec<Option<(u8, String)>>,
        }

        impl CacheEntity for $name {
            type Id = u64;
            const SERVICE: &'static str = "fuzz";
            const ENTITY: &'static str = $entity;
            const VERSION: u32 = 1;
            const TTL: Ttl = Ttl::mins(5);
            const CODEC: Codec = $codec;

            fn id(&self) -> u64 {
                self.id
            }
        }

        impl $name {
            fn read(world: &World, bytes: &[u8]) {
                world.store.put_raw(Key::<Self>::of(&7).as_str(), bytes.to_vec(), Duration::from_secs(60));
                let load = || async { Ok::<_, Infallible>(Self { id: 7, name: String::new(), tags: Vec::new() }) };
                world.runtime.block_on(async {
                    world.cache.get_or_load(&7, load).await.expect("bytes are no error");
                    world.cache.idle().await;
                });
            }
        }
    };
}

entity!(AsJson, "json", Codec::Json);
entity!(AsPostcard, "postcard", Codec::Postcard);
entity!(AsMsgpack, "msgpack", Codec::MsgPack);

struct World {
    runtime: Runtime,
    store: MemoryStore,
    cache: Cache,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let store = MemoryStore::new(100);
        let cache = runtime.block_on(Cache::builder(store.clone()).build()).expect("a cache");
        Self { runtime, store, cache }
    }
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

fuzz_target!(|data: &[u8]| {
    WORLD.with_borrow(|world| {
        // As they are; and behind a header of ours, whose flags are the first byte, so that the codec is reached.
        let Some((flags, payload)) = data.split_first() else { return };
        let header = Header { flags: *flags, soft_deadline: u64::MAX, ..Header::new(Kind::Value) };
        for bytes in [data.to_vec(), header.with_payload(payload)] {
            AsJson::read(world, &bytes);
            AsPostcard::read(world, &bytes);
            AsMsgpack::read(world, &bytes);
        }
    });
});
