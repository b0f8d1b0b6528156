//! A cluster and a Sentinel group of the test's own.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cache_patterns::testing::Proxy;

use super::{RedisServer, free_port};

/// Three primaries with a replica each.
pub struct Cluster {
    pub nodes: Vec<RedisServer>,
}

impl Cluster {
    pub fn start() -> Self {
        let options =
            ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-config-file", "nodes.conf"];
        for _ in 0..5 {
            let nodes: Vec<RedisServer> = (0..6).map(|_| RedisServer::with(&options)).collect();
            let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
            let created = Command::new("redis-cli")
                .args(["--cluster", "create"])
                .args(&addresses)
                .args(["--cluster-replicas", "1", "--cluster-yes"])
                .stdout(Stdio::null())
                .status()
                .expect("redis-cli is installed (apt-get install redis-tools)");
            if created.success() {
                let cluster = Self { nodes };
                cluster.wait();
                return cluster;
            }
        }
        panic!("no cluster could be made of six servers");
    }

    /// Until every node knows all slots and the replicas follow.
    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        let ready = |node: &RedisServer| {
            let info = node.cli(&["cluster", "info"]);
            let nodes = node.cli(&["cluster", "nodes"]);
            info.contains("cluster_state:ok") && nodes.matches("slave").count() == 3
        };
        while !self.nodes.iter().all(ready) {
            assert!(Instant::now() < until, "the cluster settles");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// The primary that has the slot of `key`, by its index.
    pub fn primary_of(&self, key: &str) -> usize {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            for (at, node) in self.nodes.iter().enumerate() {
                if node.cli(&["role"]).starts_with("master") && !node.cli(&["get", key]).contains("MOVED") {
                    return at;
                }
            }
            assert!(Instant::now() < until, "somebody has the slot");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Three primaries without replicas, of which clients only know proxies.
pub struct Proxied {
    pub nodes: Vec<RedisServer>,
    pub proxies: Vec<Proxy>,
}

impl Proxied {
    pub async fn start() -> Self {
        for _ in 0..5 {
            let mut proxies = Vec::new();
            for _ in 0..3 {
                proxies.push(Proxy::start("127.0.0.1:1").await.unwrap());
            }
            let ports: Vec<u16> = proxies.iter().map(Proxy::port).collect();
            let Some(nodes) = tokio::task::block_in_place(|| Self::nodes(&ports)) else { continue };
            for (proxy, node) in proxies.iter().zip(&nodes) {
                proxy.lead_to(format!("127.0.0.1:{}", node.port));
            }
            return Self { nodes, proxies };
        }
        panic!("no cluster could be made of three servers");
    }

    fn nodes(announced: &[u16]) -> Option<Vec<RedisServer>> {
        let nodes: Vec<RedisServer> = announced
            .iter()
            .map(|port| {
                let port = port.to_string();
                let mut options = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"];
                options.extend(["--cluster-config-file", "nodes.conf", "--cluster-require-full-coverage", "no"]);
                options.extend(["--cluster-announce-port", &port, "--cluster-announce-ip", "127.0.0.1"]);
                RedisServer::with(&options)
            })
            .collect();
        // `redis-cli --cluster create` goes by the announced ports; this does the same by the real ones.
        let share = 16_384 / nodes.len();
        for (at, node) in nodes.iter().enumerate() {
            let last = if at + 1 == nodes.len() { 16_383 } else { (at + 1) * share - 1 };
            let first = (at * share).to_string();
            node.cli(&["cluster", "set-config-epoch", &(at + 1).to_string()]);
            node.cli(&["cluster", "addslotsrange", &first, &last.to_string()]);
            let bus = (nodes[0].port.checked_add(10_000)?).to_string();
            if at > 0 {
                node.cli(&["cluster", "meet", "127.0.0.1", &nodes[0].port.to_string(), &bus]);
            }
        }
        let until = Instant::now() + Duration::from_secs(30);
        let ready = |node: &RedisServer| {
            let info = node.cli(&["cluster", "info"]);
            info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384")
        };
        while !nodes.iter().all(ready) {
            if Instant::now() > until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(nodes)
    }

    pub fn urls(&self) -> Vec<String> {
        self.proxies.iter().map(|proxy| format!("redis://127.0.0.1:{}/", proxy.port())).collect()
    }
}

/// A primary, a replica of it, and a sentinel that promotes the replica when the primary is gone for a second.
pub struct Group {
    pub primary: RedisServer,
    pub replica: RedisServer,
    sentinel: Child,
    pub sentinel_port: u16,
    _folder: tempfile::TempDir,
}

impl Group {
    pub const NAME: &str = "main";

    pub fn start() -> Self {
        let primary = RedisServer::start();
        let replica = RedisServer::with(&["--replicaof", "127.0.0.1", &primary.port.to_string()]);
        let folder = tempfile::tempdir().unwrap();
        let (sentinel_port, path) = (free_port(), folder.path().join("sentinel.conf"));
        let name = Self::NAME;
        let config = format!(
            "port {sentinel_port}\nbind 127.0.0.1\nsentinel monitor {name} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {name} 1000\nsentinel failover-timeout {name} 3000\n",
            primary.port
        );
        std::fs::write(&path, config).unwrap();
        let sentinel = Command::new("redis-server")
            .arg(&path)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (apt-get install redis-server)");
        let group = Self { primary, replica, sentinel, sentinel_port, _folder: folder };
        let until = Instant::now() + Duration::from_secs(30);
        while !group.replica.cli(&["info", "replication"]).contains("master_link_status:up")
            || !group.ask(&["sentinel", "replicas", name]).contains(&group.replica.port.to_string())
        {
            assert!(Instant::now() < until, "the sentinel knows both");
            std::thread::sleep(Duration::from_millis(50));
        }
        group
    }

    pub fn ask(&self, command: &[&str]) -> String {
        super::cli(self.sentinel_port, command)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.sentinel_port)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.sentinel.kill();
        let _ = self.sentinel.wait();
    }
}
