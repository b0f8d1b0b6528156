//! The primary behind Sentinel: asked for again whenever the connection breaks or turns out to be a replica's.

use std::sync::Arc;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::sentinel::{SentinelClient, SentinelServerType};
use redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value};
use tokio::sync::Mutex;

use super::link::{invalid, store_error};
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

    /// A client of whoever is the primary now.
    pub(crate) async fn client(&self) -> Result<redis::Client, StoreError> {
        self.client.lock().await.async_get_client().await.map_err(|error| store_error(&error))
    }
}

/// A connection to whoever is the primary.
#[derive(Clone)]
pub(crate) struct SentinelLink {
    sentinel: Arc<Sentinel>,
    current: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl SentinelLink {
    pub(super) fn new(sentinel: Arc<Sentinel>) -> Self {
        Self { sentinel, current: Arc::new(Mutex::new(None)) }
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &*current {
            return Ok(connection.clone());
        }
        let connection = self.sentinel.client.lock().await.get_async_connection().await?;
        *current = Some(connection.clone());
        Ok(connection)
    }

    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let mut connection = self.connection().await?;
        let answer = connection.req_packed_command(command).await.and_then(Value::extract_error);
        if let Err(error) = &answer {
            let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
            if demoted || error.is_unrecoverable_error() || error.is_io_error() {
                *self.current.lock().await = None;
            }
        }
        answer
    }
}
