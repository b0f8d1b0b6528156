//! Who the nodes are: what tells a restarted or promoted one from the one before.

use std::sync::atomic::Ordering;
#[cfg(feature = "cluster")]
use std::time::Duration;

use redis::{FromRedisValue as _, Value};

use super::link::{Link, store_error};
use super::{Inner, WATERMARK, wall};
use crate::store::{Info, StoreError};

/// The cluster slot of a key (CRC-16/XMODEM modulo 16,384). Keys of this crate have no braces, hence no hash tag; of one that
/// has, the tag is what counts.
pub(crate) fn slot(key: &str) -> u16 {
    let crc = key.bytes().fold(0u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    crc % 16_384
}

/// `run_id` and `master_replid`: the one changes with a restart, the other with a promotion.
pub(crate) fn identity(info: &str) -> Option<String> {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Some(format!("{}/{}", field("run_id")?.trim(), field("master_replid")?.trim()))
}

fn watermark_question() -> redis::Cmd {
    let mut get = redis::cmd("GET");
    get.arg(WATERMARK);
    get
}

fn watermark(answer: Value) -> u32 {
    Option::<u32>::from_redis_value(answer).ok().flatten().unwrap_or(0)
}

fn text(value: Value) -> Result<String, StoreError> {
    String::from_redis_value(value).map_err(|error| StoreError::Refused(error.to_string()))
}

/// For each question: a node that is silent is not to keep the others from being asked.
#[cfg(feature = "cluster")]
const PATIENCE: Duration = Duration::from_millis(200);

#[cfg(feature = "cluster")]
async fn within<T>(question: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(PATIENCE, question).await.unwrap_or(Err(StoreError::TimedOut(PATIENCE)))
}

impl Inner {
    pub(super) async fn info(&self) -> Result<Info, StoreError> {
        match self.link().await? {
            Link::One(link) => {
                let ask = async |command: &redis::Cmd| link.ask(command, 0).await.map_err(|error| store_error(&error));
                self.set_clock(ask(&redis::cmd("TIME")).await?)?;
                let watermark = watermark(ask(&watermark_question()).await?);
                Ok(Info { identities: vec![identity(&text(ask(&redis::cmd("INFO")).await?)?)], watermark })
            }
            #[cfg(feature = "cluster")]
            Link::Cluster(link) => {
                let cluster = link.connection().await.map_err(|error| store_error(&error))?;
                self.cluster_info(&cluster).await
            }
        }
    }

    fn set_clock(&self, answer: Value) -> Result<(), StoreError> {
        let (seconds, micros) =
            <(i64, i64)>::from_redis_value(answer).map_err(|error| StoreError::Refused(error.to_string()))?;
        self.offset.store(seconds * 1000 + micros / 1000 - wall(), Ordering::Relaxed);
        Ok(())
    }

    #[cfg(feature = "cluster")]
    async fn cluster_info(&self, cluster: &redis::cluster_async::ClusterConnection) -> Result<Info, StoreError> {
        use redis::aio::ConnectionLike as _;

        let ask = async |command: redis::Cmd| {
            let answer = cluster.clone().req_packed_command(&command).await.and_then(Value::extract_error);
            answer.map_err(|error| store_error(&error))
        };
        let (time, mark, identities) = tokio::join!(
            within(ask(redis::cmd("TIME"))),
            within(ask(watermark_question())),
            self.cluster_identities(cluster)
        );
        if let Ok(time) = time {
            self.set_clock(time)?;
        }
        Ok(Info { identities: identities?, watermark: mark.map_or(0, watermark) })
    }

    /// The identities of the primaries, in the order of their slots, those that answer; notes which slots each has.
    #[cfg(feature = "cluster")]
    async fn cluster_identities(
        &self,
        cluster: &redis::cluster_async::ClusterConnection,
    ) -> Result<Vec<Option<String>>, StoreError> {
        use std::sync::PoisonError;

        use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};

        let route = async |command: redis::Cmd, node: SingleNodeRoutingInfo| {
            let answer = cluster.clone().route_command(command, RoutingInfo::SingleNode(node)).await;
            text(answer.map_err(|error| store_error(&error))?)
        };
        let question = || {
            let mut command = redis::cmd("CLUSTER");
            command.arg("NODES");
            command
        };
        // The first that is asked may be the silent one.
        let nodes = match within(route(question(), SingleNodeRoutingInfo::RandomPrimary)).await {
            Ok(nodes) => nodes,
            Err(_) => within(route(question(), SingleNodeRoutingInfo::RandomPrimary)).await?,
        };
        // id address flags primary ping pong epoch state first-last …
        let mut ranges: Vec<(u16, u16, &str)> = Vec::new();
        for line in nodes.lines().filter(|line| line.contains("master")) {
            let mut words = line.split(' ').skip(1);
            let address = words.next().and_then(|address| address.split('@').next()).unwrap_or_default();
            for range in words.skip(6).filter(|range| !range.starts_with('[')) {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                if let (Ok(first), Ok(last)) = (first.parse(), last.trim().parse()) {
                    ranges.push((first, last, address));
                }
            }
        }
        ranges.sort_unstable();
        let mut addresses: Vec<&str> = Vec::new();
        let mut slots = Vec::with_capacity(ranges.len());
        for (_, last, address) in &ranges {
            let node = addresses.iter().position(|known| known == address).unwrap_or(addresses.len());
            if node == addresses.len() {
                addresses.push(address);
            }
            slots.push((*last, node));
        }
        self.sharded.store(addresses.len() > 1, Ordering::Relaxed);
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = slots;
        let identities = addresses.into_iter().map(|address| {
            let route = &route;
            async move {
                let (host, port) = address.rsplit_once(':')?;
                let node = SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port: port.parse().ok()? };
                identity(&within(route(redis::cmd("INFO"), node)).await.ok()?)
            }
        });
        Ok(futures_util::future::join_all(identities).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(slot("123456789"), 0x31C3);
        assert_eq!(slot("foo"), 12_182);
    }
}
