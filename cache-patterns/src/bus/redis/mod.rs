//! The bus over Redis: Pub/Sub with numbers and a heartbeat; on demand sharded, and with a log from which missed
//! notices are replayed.

mod listen;
mod message;

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, ErrorKind, FromRedisValue as _, ServerErrorKind, Value};
use tokio::sync::{OnceCell, mpsc};

use super::{Bus, BusEvent, Notice};
use crate::error::StoreError;
use crate::store::StoreFuture;
use crate::store::redis::info;
use crate::store::redis::link::{Link, Target, store_error};

/// After this time without any message, local copies are not trusted.
const SILENCE: Duration = Duration::from_secs(3);
/// Longer than a publisher of one message needs; so that a dead connection does not hold up the next attempt.
const PATIENCE: Duration = Duration::from_secs(1);

static PUBLISH: LazyLock<redis::Script> = LazyLock::new(|| redis::Script::new(PUBLISH_TEXT));
static HEARTBEAT: LazyLock<redis::Script> = LazyLock::new(|| redis::Script::new(HEARTBEAT_TEXT));
const PUBLISH_TEXT: &str = include_str!("publish.lua");
const HEARTBEAT_TEXT: &str = include_str!("heartbeat.lua");

/// Invalidations over Redis Pub/Sub.
///
/// Every message carries a number, and a heartbeat repeats the last one when nothing else is said for a second. So a
/// missed message is noticed with the next one, and a dead subscription after 3 seconds; in both cases no copy that it
/// may concern is served.
pub struct RedisBus {
    target: Target,
    link: OnceCell<Link>,
    channel: String,
    counter: String,
    log: String,
    /// Where these are in a cluster.
    slot: u16,
    keep: u32,
    sharded: bool,
}

impl RedisBus {
    /// Over one server; every cache that is to hear of the others' invalidations names the same channel.
    ///
    /// # Errors
    /// When the URL or the name is none. A server that does not answer is no error: local copies are bypassed until it
    /// does.
    pub async fn connect(url: &str, name: &str) -> Result<Self, StoreError> {
        Self::over(Target::one(url)?, name)
    }

    /// Over a cluster: messages go to every node.
    ///
    /// # Errors
    /// As [`RedisBus::connect`].
    #[cfg(feature = "cluster")]
    pub async fn connect_cluster<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        name: &str,
    ) -> Result<Self, StoreError> {
        let urls: Vec<String> = urls.into_iter().map(|url| url.as_ref().to_owned()).collect();
        for url in &urls {
            Target::one(url)?;
        }
        Self::over(Target::Cluster(urls), name)
    }

    /// Over the primary that these sentinels know as `primary`.
    ///
    /// # Errors
    /// As [`RedisBus::connect`].
    #[cfg(feature = "sentinel")]
    pub async fn connect_sentinel<U: AsRef<str>>(
        sentinels: impl IntoIterator<Item = U>,
        primary: &str,
        name: &str,
    ) -> Result<Self, StoreError> {
        let urls: Vec<String> = sentinels.into_iter().map(|url| url.as_ref().to_owned()).collect();
        let sentinel = crate::store::redis::sentinel::Sentinel::new(urls, primary.to_owned())?;
        Self::over(Target::Sentinel(std::sync::Arc::new(sentinel)), name)
    }

    fn over(target: Target, name: &str) -> Result<Self, StoreError> {
        if name.is_empty() || name.contains(['{', '}', ' ', '\n']) {
            return Err(StoreError::Refused(format!(
                "`{name}` cannot name a channel: at least one character, no spaces, no braces"
            )));
        }
        Ok(Self {
            target,
            link: OnceCell::new(),
            // One tag, so that counter, log and sharded channel are on one node of a cluster.
            channel: format!("cache-patterns:{{{name}}}:bus"),
            counter: format!("cache-patterns:{{{name}}}:number"),
            log: format!("cache-patterns:{{{name}}}:log"),
            slot: info::slot(name),
            keep: 0,
            sharded: false,
        })
    }

    /// Keeps about this many notices in a stream, from which others replay what they missed instead of dropping all
    /// their copies.
    #[must_use]
    pub fn with_replay(mut self, notices: u32) -> Self {
        self.keep = notices;
        self
    }

    /// Uses sharded Pub/Sub (Redis 7): messages go to the nodes of one shard only.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub fn sharded(mut self) -> Self {
        self.sharded = true;
        self
    }

    async fn link(&self) -> Result<&Link, StoreError> {
        self.link.get_or_try_init(|| self.target.open()).await.map_err(|error| store_error(&error))
    }

    async fn ask(&self, command: &Cmd) -> Result<Value, StoreError> {
        self.link().await?.ask(command, 0).await.map_err(|error| store_error(&error))
    }

    async fn say(&self, script: &redis::Script, text: &str, body: &str) -> Result<u64, StoreError> {
        let word = if self.sharded { "SPUBLISH" } else { "PUBLISH" };
        let command = |name: &str, source: &str| {
            let mut command = redis::cmd(name);
            command.arg(source).arg(2).arg(&self.counter).arg(&self.log);
            command.arg(&self.channel).arg(body).arg(word).arg(self.keep);
            command
        };
        let link = self.link().await?;
        let answer = match link.send(&command("EVALSHA", script.get_hash()), 0).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                link.send(&command("EVAL", text), 0).await
            }
            answer => answer,
        };
        let number = answer.map_err(|error| store_error(&error))?;
        u64::from_redis_value(number).map_err(|error| StoreError::Refused(error.to_string()))
    }

    async fn heartbeat(&self) -> Result<u64, StoreError> {
        self.say(&HEARTBEAT, HEARTBEAT_TEXT, "").await
    }

    /// The last number that was given out.
    async fn counter(&self) -> Result<u64, StoreError> {
        let mut get = redis::cmd("GET");
        get.arg(&self.counter);
        let value = self.ask(&get).await?;
        let number = Option::<u64>::from_redis_value(value).map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(number.unwrap_or(0))
    }

    /// Of the server that gives out the numbers: another one may have given the same numbers to other messages. `None`: it
    /// does not say, because this user may not ask.
    async fn identity(&self) -> Result<Option<String>, StoreError> {
        let answer = self.link().await?.send_to_slot(&redis::cmd("INFO"), self.slot).await;
        match answer.map_err(|error| store_error(&error)) {
            Ok(text) => Ok(String::from_redis_value(text).ok().and_then(|text| info::identity(&text))),
            Err(StoreError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl std::fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBus").field("target", &self.target).field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Bus for RedisBus {
    fn publish(&self, notice: Notice) -> StoreFuture<'_, u64> {
        Box::pin(async move { self.say(&PUBLISH, PUBLISH_TEXT, &message::write(&notice)).await })
    }

    fn listen(&self, events: mpsc::Sender<BusEvent>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.listen_for_ever(events).await;
            Ok(())
        })
    }

    fn replay(&self, from: u64, to: u64) -> StoreFuture<'_, Option<Vec<Notice>>> {
        Box::pin(async move {
            if self.keep == 0 {
                return Ok(None);
            }
            let mut range = redis::cmd("XRANGE");
            range.arg(&self.log).arg(format!("{from}-0")).arg(format!("{to}-0"));
            let entries = Vec::<(String, Vec<String>)>::from_redis_value(self.ask(&range).await?)
                .map_err(|error| StoreError::Refused(error.to_string()))?;
            let notices: Option<Vec<Notice>> =
                entries.iter().map(|(_, fields)| message::read(fields.get(1)?)).collect();
            // One that is not there any more may have been the one that matters.
            Ok(notices.filter(|notices| notices.len() as u64 == to - from + 1))
        })
    }

    fn silence(&self) -> Option<Duration> {
        Some(SILENCE)
    }
}
