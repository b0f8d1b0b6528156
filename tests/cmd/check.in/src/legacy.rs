use redis::AsyncCommands;

pub async fn mark(con: &mut redis::aio::MultiplexedConnection, id: u64) -> redis::RedisResult<()> {
    // cache-lint: ignore[key-format] -- the old billing service reads this key
    con.set_ex(format!("paid-{id}"), 1, 60).await
}

pub async fn unmark(con: &mut redis::aio::MultiplexedConnection, id: u64) -> redis::RedisResult<()> {
    con.del(format!("shop:profile:{id}")).await // cache-lint: ignore[missing-ttl, key-formt]
}
