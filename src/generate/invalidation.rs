//! Distributed invalidation: copies in every server, which a message drops; a lost message is noticed.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Request;
use super::parts::{self, Entity};

pub(super) fn module(request: &Request) -> TokenStream {
    let Request { name, id, service, .. } = request;
    let (parameter, borrowed) = (parts::parameter(request), parts::borrowed(request));
    let (entity, imports) = (parts::entity(request, Entity::Local), parts::imports(request, Entity::Local));
    // The other form takes its bound as a text.
    let duration = request.path.is_some().then(|| {
        quote!(
            use std::time::Duration;
        )
    });
    let serde = parts::serde(request);
    let copies = format_ident!("{name}Copies");
    let shown = cache_schema::ttl::show(request.ttl);
    let docs = [
        format!(" Copies of [`{name}`] in every server: entries `{}` live {shown}.", request.key()),
        String::new(),
        " Who changes a value says so on a channel that all servers hear; each drops its own copy. Messages are"
            .to_owned(),
        " numbered: one that is lost is noticed, and no copy is older than the bound of the bus.".to_owned(),
    ];
    let tests = tests(request);
    quote! {
        #(#![doc = #docs])*

        use std::future::Future;
        #duration

        use cache_patterns::bus::RedisBus;
        use cache_patterns::store::RedisStore;
        use cache_patterns::{BuildError, Cache, CacheEntity, Cached, Invalidated, LoadError, Source, StoreError, #imports};
        #serde

        /// Copies that one server keeps at most.
        const COPIES: usize = 10_000;
        /// Messages that a server finds again after it was cut off.
        const REPLAYED: u32 = 10_000;

        #entity

        /// The cache of one server: Redis that all share, copies of its own, and the channel on which all hear of
        /// changes.
        ///
        /// # Errors
        /// A URL that is none, or settings that cannot work. A server that does not answer yet is no error.
        pub async fn connect(redis_url: &str) -> Result<Cache, BuildError> {
            let bus = RedisBus::connect(redis_url, #service).await?.with_replay(REPLAYED);
            let store = RedisStore::connect(redis_url).await?;
            Cache::builder(store).local(COPIES).bus(bus).build().await
        }

        /// Reads copies, and says when they are old.
        #[derive(Debug, Clone)]
        pub struct #copies {
            cache: Cache,
        }

        impl #copies {
            /// Over the cache of this server, for example that of [`connect`].
            pub fn new(cache: Cache) -> Self {
                Self { cache }
            }

            /// The value with this id: this server's copy, the shared one, or what `load` gives.
            ///
            /// # Errors
            /// Those of `load`, when it had to be asked. Trouble with the cache is none.
            pub async fn get<E, F, L>(&self, id: #parameter, load: F) -> Result<Option<Cached<#name>>, LoadError<E>>
            where
                E: std::error::Error + Send + Sync + 'static,
                F: FnOnce() -> L + Send + 'static,
                L: Future<Output = Result<Option<#name>, E>> + Send + 'static,
            {
                let found = self.cache.get_or_load_opt::<#name, _, _, _>(#borrowed, load).await?;
                match found.as_ref().map(Cached::source) {
                    Some(Source::Loaded) => tracing::debug!(?id, "cache miss"),
                    Some(from) => tracing::debug!(?id, ?from, "cache hit"),
                    None => tracing::debug!(?id, "no such value"),
                }
                Ok(found)
            }

            /// To be called after a change was committed: the shared value is taken away, and every server is told.
            ///
            /// # Errors
            /// Only when so many invalidations are owed already that this one cannot be remembered.
            pub async fn changed(&self, id: #parameter) -> Result<Invalidated, StoreError> {
                let outcome = self.cache.invalidate::<#name>(#borrowed).await?;
                tracing::info!(?id, ?outcome, "invalidated");
                Ok(outcome)
            }

            /// The same for many at once, in one message.
            ///
            /// # Errors
            /// As there.
            pub async fn all_changed(&self, ids: &[#id]) -> Result<Invalidated, StoreError> {
                let outcome = self.cache.invalidate_many::<#name>(ids).await?;
                tracing::info!(count = ids.len(), ?outcome, "invalidated");
                Ok(outcome)
            }
        }

        #tests
    }
}

fn tests(request: &Request) -> TokenStream {
    let Request { name, .. } = request;
    let copies = format_ident!("{name}Copies");
    let sample = parts::sample(request, None);
    let argument = parts::argument(request, &quote!(sample().id()));
    quote! {
        #[cfg(test)]
        mod tests {
            use std::convert::Infallible;
            use std::sync::Arc;
            use std::time::Duration;

            use cache_patterns::bus::ProcessBus;
            use cache_patterns::store::{MemoryStore, Store};

            use super::*;

            /// Two servers over one store and one channel.
            async fn servers() -> [#copies; 2] {
                let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
                let bus = ProcessBus::new();
                let mut servers = Vec::new();
                for _ in 0..2 {
                    let builder = Cache::builder_shared(Arc::clone(&store)).local(COPIES).bus(bus.clone());
                    servers.push(#copies::new(builder.build().await.unwrap()));
                }
                servers.try_into().unwrap()
            }

            #sample

            async fn read(copies: &#copies) -> (#name, Source) {
                let load = || async { Ok::<_, Infallible>(Some(sample())) };
                let found = copies.get(#argument, load).await.unwrap().unwrap();
                (found.clone().into_inner(), found.source())
            }

            #[tokio::test]
            async fn a_change_on_one_server_reaches_the_copy_of_the_other() {
                let [one, other] = servers().await;
                let first = read(&other).await;
                assert_eq!(first, (sample(), Source::Loaded));
                // A copy is kept once the channel is heard.
                while read(&other).await.1 != Source::Local {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let outcome = one.changed(#argument).await.unwrap();
                assert_eq!(outcome, Invalidated::Applied);
                while read(&other).await.1 == Source::Local {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }

            #[tokio::test]
            async fn many_are_taken_away_at_once() {
                let [one, _] = servers().await;
                read(&one).await;
                let outcome = one.all_changed(&[sample().id()]).await.unwrap();
                let (value, source) = read(&one).await;
                assert_eq!(outcome, Invalidated::Applied);
                assert_eq!((value, source), (sample(), Source::Loaded));
            }
        }
    }
}
