//! The scripts: each is the prelude and its own part, sent by its hash.

use std::sync::LazyLock;

use redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value};

use super::link::Link;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Source> = LazyLock::new(|| {
            Source::new(concat!(include_str!("lua/prelude.lua"), "\n", include_str!(concat!("lua/", $file))))
        });
    )*};
}
scripts! {
    ACQUIRE = "acquire.lua";
    FILL = "fill.lua";
    RENEW = "renew.lua";
    RELEASE = "release.lua";
    INVALIDATE = "invalidate.lua";
    FENCE = "fence.lua";
    SETTLE = "settle.lua";
}

/// A script and its hash.
pub(crate) struct Source {
    text: &'static str,
    hash: String,
}

impl Source {
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// Runs it on one key. The server is sent the text only when it does not know it yet.
    pub(crate) async fn run(&self, link: &Link, node: usize, key: &str, args: &[&[u8]]) -> RedisResult<Value> {
        let command = |name: &str, script: &str| {
            let mut command = Cmd::new();
            command.arg(name).arg(script).arg(1).arg(key);
            for arg in args {
                command.arg(*arg);
            }
            command
        };
        match link.send(&command("EVALSHA", &self.hash), node).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                link.send(&command("EVAL", self.text), node).await
            }
            answer => answer,
        }
    }
}
