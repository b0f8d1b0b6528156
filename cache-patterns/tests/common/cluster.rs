//! A cluster and a Sentinel group of the test's own.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
