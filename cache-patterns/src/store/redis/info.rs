//! Who the nodes are: what tells a restarted or promoted one from the one before.

use std::sync::atomic::Ordering;

use redis::{FromRedisValue as _, Value};

#[cfg(feature = "cluster")]
use super::link::Link;
use super::link::store_error;
use super::{Inner, WATERMARK, wall};
use crate::store::{Info, StoreError};

/// The cluster slot of a key (CRC-16/XMODEM modulo 16,384). Keys of this crate have no braces, hence no hash tag.
pub(super) fn slot(key: &str) -> u16 {
    let crc = key.bytes().fold(0u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    });
    crc % 16_384
}

/// `run_id` and `master_replid`: the one changes with a restart, the other with a promotion.
fn identity(info: &str) -> Option<String> {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Some(format!("{}/{}", field("run_id")?.trim(), field("master_replid")?.trim()))
}

fn text(value: Value) -> Result<String, StoreError> {
    String::from_redis_value(value).map_err(|error| StoreError::Refused(error.to_string()))
}

impl Inner {
    pub(super) async fn info(&self) -> Result<Info, StoreError> {
        let link = self.link().await?;
        let send = async |command: &redis::Cmd| link.ask(command).await.map_err(|error| store_error(&error));
        let (seconds, micros) = <(i64, i64)>::from_redis_value(send(&redis::cmd("TIME")).await?)
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        self.offset.store(seconds * 1000 + micros / 1000 - wall(), Ordering::Relaxed);
        let mut get = redis::cmd("GET");
        get.arg(WATERMARK);
        let watermark = Option::<u32>::from_redis_value(send(&get).await?).ok().flatten().unwrap_or(0);
        let identities = match link {
            #[cfg(feature = "cluster")]
            Link::Cluster(cluster) => self.cluster_identities(cluster).await?,
            _ => vec![identity(&text(send(&redis::cmd("INFO")).await?)?)],
        };
        Ok(Info { identities, watermark })
    }

    /// The identities of the primaries, in the order of their slots; notes which slots each has.
    #[cfg(feature = "cluster")]
    async fn cluster_identities(
        &self,
        cluster: &redis::cluster_async::ClusterConnection,
    ) -> Result<Vec<Option<String>>, StoreError> {
        use std::collections::HashMap;
        use std::sync::PoisonError;

        use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};

        let route = async |command: &str, routing: RoutingInfo| {
            let mut parts = command.split(' ');
            let mut command = redis::cmd(parts.next().unwrap_or_default());
            parts.for_each(|part| {
                command.arg(part);
            });
            cluster.clone().route_command(command, routing).await.map_err(|error| store_error(&error))
        };
        let nodes = text(route("CLUSTER NODES", RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary)).await?)?;
        let infos = route("INFO", RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None))).await?;
        let infos = HashMap::<String, String>::from_redis_value(infos).unwrap_or_default();
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
        Ok(addresses.into_iter().map(|address| infos.get(address).and_then(|info| identity(info))).collect())
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
