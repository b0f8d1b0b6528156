//! What the tests share: entities, and servers of their own on free ports.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, of which each uses some"
)]

pub mod cluster;
pub mod postgres;
pub mod rows;
pub mod source;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cache_patterns::{CacheEntity, Ttl, Versioned};
use serde::{Deserialize, Serialize};

/// Read often, written rarely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub id: u64,
    pub name: String,
    pub revision: u64,
}

impl Profile {
    pub fn new(id: u64, revision: u64) -> Self {
        Self { id, name: format!("user {id}"), revision }
    }
}

impl CacheEntity for Profile {
    type Id = u64;
    const SERVICE: &'static str = "user";
    const ENTITY: &'static str = "profile";
    const VERSION: u32 = 2;
    const TTL: Ttl = Ttl::mins(15);
    const LOCAL: Duration = Duration::from_secs(60);

    fn id(&self) -> u64 {
        self.id
    }

    fn data_version(&self) -> u64 {
        self.revision
    }
}

impl Versioned for Profile {}

/// The same row without a copy in the process, and with a fence around its writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    pub id: u64,
    pub units: i64,
    pub revision: u64,
}

impl CacheEntity for Stock {
    type Id = u64;
    const SERVICE: &'static str = "shop";
    const ENTITY: &'static str = "stock";
    const VERSION: u32 = 1;
    const TTL: Ttl = Ttl::mins(5);
    const FENCED: bool = true;

    fn id(&self) -> u64 {
        self.id
    }

    fn data_version(&self) -> u64 {
        self.revision
    }
}

impl Versioned for Stock {}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A redis-server of the test's own; killed when dropped.
pub struct RedisServer {
    child: Child,
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(extra: &[&str]) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let folder = tempfile::tempdir().unwrap();
            if let Some(child) = spawn(port, folder.path(), extra) {
                return Self { child, port, _folder: folder };
            }
        }
        panic!("redis-server does not start; is it installed?");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The answer to a command, as `redis-cli` prints it.
    pub fn cli(&self, command: &[&str]) -> String {
        cli(self.port, command)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGSTOP: the sockets stay open, nothing answers.
    pub fn freeze(&self) {
        signal(self.child.id(), "STOP");
    }

    pub fn thaw(&self) {
        signal(self.child.id(), "CONT");
    }

    /// SIGKILL; the port stays this server's for [`RedisServer::restart`].
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, self._folder.path(), &[]).expect("redis-server starts again");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn cli(port: u16, command: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(command)
        .output()
        .expect("redis-cli is installed (apt-get install redis-tools)");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn signal(pid: u32, name: &str) {
    let done = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(done.success(), "kill -{name} {pid}");
}

fn spawn(port: u16, folder: &Path, extra: &[&str]) -> Option<Child> {
    let mut child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
        .arg(folder)
        .args(extra)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed (apt-get install redis-server)");
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if !matches!(child.try_wait(), Ok(None)) {
            let _ = child.wait();
            return None;
        }
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
