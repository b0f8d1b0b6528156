use redis::AsyncCommands;

pub async fn put(con: &mut redis::aio::MultiplexedConnection, id: u64, name: &str) -> redis::RedisResult<()> {
    con.set(format!("shop:profile:{id}"), name).await
}

pub async fn name(con: &mut redis::aio::MultiplexedConnection, id: u64) -> redis::RedisResult<Option<String>> {
    con.get(format!("shop:profile:{id}")).await
}
