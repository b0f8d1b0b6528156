//! The service as it is run: one process with the memory store, two with a redis-server of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Killed when dropped.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    /// The service on a free port.
    fn start(database: &str, redis: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command
            .env("PORT", "0")
            .env("DATABASE_URL", database)
            .env_remove("REDIS_URL")
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped());
        if let Some(url) = redis {
            command.env("REDIS_URL", url);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, address }
    }

    /// Status, where it came from, body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let from = head.lines().find_map(|line| line.strip_prefix("x-cache: ")).unwrap_or_default().to_owned();
        (status, from, body.to_owned())
    }

    fn get(&self, path: &str) -> (Value, String) {
        let (status, from, body) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {body}");
        (serde_json::from_str(&body).unwrap(), from)
    }

    /// Reads until it comes out of this process: the invalidation has to reach it there.
    fn copied(&self, path: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.get(path).1 != "local" {
            assert!(Instant::now() < until, "a local copy is made");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn rename(&self, name: &str) {
        let body = json!({ "name": name, "email": "ada@example.org" }).to_string();
        assert_eq!(self.ask("PUT", "/profiles/1", &body).0, 204);
    }

    fn take(&self, quantity: u32) -> (u16, String) {
        let (status, _, body) = self.ask("POST", "/stock/1/take", &json!({ "quantity": quantity }).to_string());
        (status, body)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed (apt-get install redis-server)");
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "redis-server starts");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, url: format!("redis://127.0.0.1:{port}/") }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_process_needs_no_server() {
    let service = Process::start("sqlite::memory:", None);
    assert_eq!(service.get("/profiles/1").1, "miss");
    service.copied("/profiles/1");
    service.rename("Ada King");
    assert_eq!(service.get("/profiles/1").0["name"], "Ada King");
    assert_eq!(service.ask("GET", "/profiles/9", "").0, 404);
    assert_eq!(service.ask("GET", "/stock/9", "").0, 404);
    assert_eq!(service.get("/stock/1").0["units"], 100);
    assert_eq!(service.take(30).0, 200);
    assert_eq!(service.get("/stock/1").0["units"], 70);
    assert_eq!(service.take(71), (409, "only 70 left".to_owned()));
    assert!(service.get("/stats").0["hit_ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn what_is_changed_through_one_process_is_seen_through_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Redis::start(folder.path());
    let database = format!("sqlite:{}?mode=rwc", folder.path().join("shop.db").display());
    let one = Process::start(&database, Some(&redis.url));
    let two = Process::start(&database, Some(&redis.url));

    let mut longest = Duration::ZERO;
    for round in 0..20 {
        two.copied("/profiles/1");
        let name = format!("Ada {round}");
        one.rename(&name);
        let changed = Instant::now();
        assert_eq!(one.get("/profiles/1").0["name"], name.as_str(), "the one that was asked, at once");
        while two.get("/profiles/1").0["name"] != name.as_str() {
            // What is promised also where the message is lost; here it is not.
            assert!(changed.elapsed() < Duration::from_secs(4), "the other hears of it");
        }
        longest = longest.max(changed.elapsed());
    }
    println!("the other process showed the change after at most {longest:?}");

    for round in 1..=20 {
        let (taker, reader) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        assert_eq!(taker.take(1).0, 200);
        assert_eq!(reader.get("/stock/1").0["units"], 100 - round, "written through, so at once");
    }
}
