//! The subscription: connects, subscribes, reads the counter, listens; and all over again.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::{PATIENCE, RedisBus, SILENCE, message};
use crate::bus::BusEvent;
use crate::error::StoreError;
use crate::store::redis::link::{Target, store_error};

/// After this time without a message, somebody says a heartbeat.
const QUIET: Duration = Duration::from_secs(1);
/// Between attempts to connect.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(1);

type Messages = Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>;

impl RedisBus {
    pub(super) async fn listen_for_ever(&self, events: mpsc::Sender<BusEvent>) {
        let mut pause = PAUSE_LEAST;
        let (mut first, mut known) = (true, None);
        while !events.is_closed() {
            match timeout(PATIENCE * 2, self.subscribe()).await {
                Ok(Ok((messages, counter, identity))) => {
                    pause = PAUSE_LEAST;
                    // A failover can lose numbers, and others be given out again: the same counter says nothing then. Told
                    // first, while no copy is trusted.
                    let same = identity.is_some() && identity == known;
                    known = identity;
                    if !std::mem::take(&mut first) && !same && events.send(BusEvent::Overrun).await.is_err() {
                        return;
                    }
                    if events.send(BusEvent::Connected { counter }).await.is_err() {
                        return;
                    }
                    self.follow(messages, &events).await;
                    if events.send(BusEvent::Lost).await.is_err() {
                        return;
                    }
                }
                Ok(Err(error)) => tracing::debug!(%error, "the invalidation bus cannot be reached"),
                Err(_) => tracing::debug!("the invalidation bus does not answer"),
            }
            tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }

    /// First the subscription, then the counter: what is said in between has a number that the counter covers. Then who has
    /// told it: after a failover in between, that names the new server.
    async fn subscribe(&self) -> Result<(Messages, u64, Option<String>), StoreError> {
        let messages = self.messages().await?;
        let counter = self.counter().await?;
        let identity = self.identity().await?;
        Ok((messages, counter, identity))
    }

    async fn messages(&self) -> Result<Messages, StoreError> {
        let client = match &self.target {
            Target::One(client) => (**client).clone(),
            #[cfg(feature = "sentinel")]
            Target::Sentinel(sentinel) => sentinel.client().await?,
            #[cfg(feature = "cluster")]
            Target::Cluster(urls) => return self.cluster_messages(urls).await,
        };
        let mut subscription = client.get_async_pubsub().await.map_err(|error| store_error(&error))?;
        subscription.subscribe(&self.channel).await.map_err(|error| store_error(&error))?;
        Ok(Box::pin(subscription.into_on_message().map(|message| message.get_payload_bytes().to_vec())))
    }

    /// In a cluster messages come as RESP3 pushes; after any disconnection everything is set up anew.
    #[cfg(feature = "cluster")]
    async fn cluster_messages(&self, urls: &[String]) -> Result<Messages, StoreError> {
        use redis::{FromRedisValue as _, PushKind};

        let (sender, mut pushes) = mpsc::unbounded_channel::<redis::PushInfo>();
        let client = redis::cluster::ClusterClientBuilder::new(urls.to_vec())
            .use_protocol(redis::ProtocolVersion::RESP3)
            .push_sender(sender)
            .connection_timeout(PATIENCE)
            .build()
            .map_err(|error| store_error(&error))?;
        let mut connection = client.get_async_connection().await.map_err(|error| store_error(&error))?;
        let subscribed = if self.sharded {
            connection.ssubscribe(&self.channel).await
        } else {
            connection.subscribe(&self.channel).await
        };
        subscribed.map_err(|error| store_error(&error))?;
        let messages = futures_util::stream::poll_fn(move |cx| {
            // The connection lives as long as the stream.
            let _connection = &connection;
            loop {
                let Some(push) = std::task::ready!(pushes.poll_recv(cx)) else { return std::task::Poll::Ready(None) };
                match push.kind {
                    PushKind::Message | PushKind::SMessage => {
                        let payload = push.data.into_iter().nth(1).map(Vec::<u8>::from_redis_value);
                        if let Some(Ok(payload)) = payload {
                            return std::task::Poll::Ready(Some(payload));
                        }
                    }
                    PushKind::Disconnection | PushKind::SUnsubscribe => return std::task::Poll::Ready(None),
                    _ => {}
                }
            }
        });
        Ok(Box::pin(messages))
    }

    /// Passes messages on until the subscription ends or falls silent.
    async fn follow(&self, mut messages: Messages, events: &mpsc::Sender<BusEvent>) {
        let mut heard = Instant::now();
        loop {
            // Not all at once: the first heartbeat is heard by the others, who then need not say one.
            let quiet = heard + QUIET.mul_f64(0.8 + fastrand::f64() * 0.4);
            match timeout_at(quiet.max(Instant::now()), messages.next()).await {
                Ok(Some(message)) => {
                    heard = Instant::now();
                    let Some(event) = message::event(&message) else {
                        tracing::warn!(channel = %self.channel, "a message that is not ours is passed over");
                        continue;
                    };
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(_) if heard.elapsed() >= SILENCE => return,
                Err(_) => {
                    if events.is_closed() {
                        return;
                    }
                    // Not awaited for long: messages are waiting perhaps. What matters is whether it is heard.
                    let said = timeout(QUIET / 2, self.heartbeat()).await;
                    if let Ok(Err(error)) = said {
                        tracing::debug!(%error, "no heartbeat could be said");
                        tokio::time::sleep(PAUSE_LEAST).await;
                    }
                    // If it went through, it is on its way to us too.
                    match timeout(QUIET / 4, messages.next()).await {
                        Ok(Some(message)) => {
                            heard = Instant::now();
                            if let Some(event) = message::event(&message)
                                && events.send(event).await.is_err()
                            {
                                return;
                            }
                        }
                        Ok(None) => return,
                        Err(_) => {}
                    }
                }
            }
        }
    }
}
