//! Something to find, and something that is suppressed.

use redis::{Connection, RedisResult, TypedCommands};

pub fn store(con: &mut Connection, id: u64, name: &str) -> RedisResult<()> {
	con.set(format!("shop:user:{id}"), name)
}

pub fn banner(con: &mut Connection, text: &str) -> RedisResult<()> {
    // cache-lint: ignore[missing-ttl] -- the banner stays until the next release
    con.set("shop:site:banner", text)
}

pub fn clear(con: &mut Connection) -> RedisResult<()> {
    con.flushdb()
}
