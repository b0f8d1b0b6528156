//! A connection to one server (also the primary behind Sentinel), or to a cluster.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::reconnect::{Habits, Reconnecting};
use crate::error::StoreError;

const CONNECT: Duration = Duration::from_secs(1);
/// Longer than any deadline of the cache, so that only a dead connection is ended by it.
#[cfg(feature = "cluster")]
const RESPONSE: Duration = Duration::from_secs(5);

/// One server: what breaks is opened again at once.
const ONE: Habits = Habits { patience: CONNECT, rest: Duration::ZERO, mends_itself: false };
/// A cluster: the client replaces connections that break, but not those that fall silent. It has to find all nodes again.
#[cfg(feature = "cluster")]
const CLUSTER: Habits = Habits { patience: Duration::from_secs(3), rest: RESPONSE, mends_itself: true };

/// Without a deadline of its own for answers: every call has one already, and a second timer would cost as much again.
pub(super) fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(Some(CONNECT))
}

/// Where the server is, without its password in any message.
#[derive(Clone)]
pub(crate) enum Target {
    One(Box<redis::Client>),
    #[cfg(feature = "sentinel")]
    Sentinel(std::sync::Arc<super::sentinel::Sentinel>),
    #[cfg(feature = "cluster")]
    Cluster(Vec<String>),
}

impl Target {
    pub(crate) fn one(url: &str) -> Result<Self, StoreError> {
        redis::Client::open(url).map(|client| Self::One(Box::new(client))).map_err(|error| invalid(url, &error))
    }

    /// All keys are on one server, so that one command may name many.
    pub(super) fn is_one_node(&self) -> bool {
        match self {
            Self::One(_) => true,
            #[cfg(feature = "sentinel")]
            Self::Sentinel(_) => true,
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => false,
        }
    }

    /// Does not wait for the server: what is sent before it answers fails.
    pub(crate) async fn open(&self) -> RedisResult<Link> {
        match self {
            Self::One(client) => {
                let client = client.clone();
                Ok(Link::One(Reconnecting::new(
                    ONE,
                    Box::new(move || {
                        let client = client.clone();
                        Box::pin(async move { client.get_multiplexed_async_connection_with_config(&config()).await })
                    }),
                )))
            }
            #[cfg(feature = "sentinel")]
            Self::Sentinel(sentinel) => {
                let sentinel = sentinel.clone();
                Ok(Link::One(Reconnecting::new(
                    ONE,
                    Box::new(move || {
                        let sentinel = sentinel.clone();
                        Box::pin(async move { sentinel.connect().await })
                    }),
                )))
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(urls) => {
                let client = redis::cluster::ClusterClientBuilder::new(urls.clone())
                    .connection_timeout(CONNECT)
                    .response_timeout(RESPONSE)
                    .retries(2)
                    .build()?;
                Ok(Link::Cluster(Reconnecting::new(
                    CLUSTER,
                    Box::new(move || {
                        let client = client.clone();
                        Box::pin(async move { client.get_async_connection().await })
                    }),
                )))
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "one server",
            #[cfg(feature = "sentinel")]
            Self::Sentinel(_) => "sentinel",
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => "cluster",
        })
    }
}

/// A URL that is none, named without what may be a password.
pub(crate) fn invalid(url: &str, error: &RedisError) -> StoreError {
    let scheme = url.split_once("://").map_or("(no scheme)", |(scheme, _)| scheme);
    let host = url.rsplit_once('@').map_or("", |(_, host)| host);
    StoreError::Refused(format!("`{scheme}://…{host}` is no Redis URL: {}", error.category()))
}

/// An open connection; clones share it.
#[derive(Clone)]
pub(crate) enum Link {
    One(Reconnecting<MultiplexedConnection>),
    #[cfg(feature = "cluster")]
    Cluster(Reconnecting<redis::cluster_async::ClusterConnection>),
}

impl Link {
    /// Sends a command that `node` answers for; it is known so that the silence of one node can be told from another's.
    pub(crate) async fn send(&self, command: &Cmd, node: usize) -> RedisResult<Value> {
        match self {
            Self::One(link) => link.send(command, node).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(link) => link.send(command, node).await,
        }
    }

    /// A command that changes nothing: it is asked again when the connection breaks.
    pub(crate) async fn ask(&self, command: &Cmd, node: usize) -> RedisResult<Value> {
        match self {
            Self::One(link) => link.ask(command, node).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(link) => link.ask(command, node).await,
        }
    }

    /// On the node that answers for the slot, or on any.
    #[cfg_attr(not(feature = "cluster"), expect(unused_variables, reason = "there is only one node"))]
    pub(crate) async fn send_to_slot(&self, command: &Cmd, slot: u16) -> RedisResult<Value> {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => {
                use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
                let route = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                let mut connection = cluster.connection().await?;
                connection.route_command(command.clone(), RoutingInfo::SingleNode(route)).await?.extract_error()
            }
            Self::One(link) => link.send(command, 0).await,
        }
    }
}

/// What an error means for the caller. Server messages are passed on; they hold no credentials.
pub(crate) fn store_error(error: &RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain,
        ) => StoreError::Unreachable(error.category().to_owned()),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            let detail = error.detail().unwrap_or("");
            StoreError::Refused(format!("{} {detail}", error.code().unwrap_or(error.category())))
        }
        _ => StoreError::Unreachable(error.category().to_owned()),
    }
}
