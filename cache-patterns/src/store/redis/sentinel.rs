//! The primary behind Sentinel: asked for again whenever the connection breaks or turns out to be a replica's.

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use redis::sentinel::{SentinelClient, SentinelServerType};
use tokio::sync::Mutex;

use super::link::{config, invalid, store_error};
use crate::error::StoreError;

/// The sentinels, and the name that they know the primary by.
pub(crate) struct Sentinel {
    client: Mutex<SentinelClient>,
}

impl Sentinel {
    pub(crate) fn new(urls: Vec<String>, primary: String) -> Result<Self, StoreError> {
        let first = urls.first().cloned().unwrap_or_default();
        let client = SentinelClient::build(urls, primary, None, SentinelServerType::Master)
            .map_err(|error| invalid(&first, &error))?;
        Ok(Self { client: Mutex::new(client) })
    }

    /// A connection to whoever is the primary now.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let client = self.client.lock().await.async_get_client().await?;
        client.get_multiplexed_async_connection_with_config(&config()).await
    }

    /// A client of whoever is the primary now.
    pub(crate) async fn client(&self) -> Result<redis::Client, StoreError> {
        self.client.lock().await.async_get_client().await.map_err(|error| store_error(&error))
    }
}
