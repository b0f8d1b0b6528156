//! Cache-Aside: on a miss the value is loaded and stored, after a change it is taken away.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Request;
use super::parts::{self, Entity};

pub(super) fn module(request: &Request) -> TokenStream {
    let Request { name, .. } = request;
    let parameter = parts::parameter(request);
    let (entity, imports) = (parts::entity(request, Entity::Plain), parts::imports(request, Entity::Plain));
    let serde = parts::serde(request);
    let (source, error) = (format_ident!("{name}Source"), format_ident!("{name}CacheError"));
    let docs = [
        format!(" Cache-Aside for [`{name}`]: entries `{}` live {}.", request.key(), shown(request)),
        String::new(),
        " A value that is not cached is loaded once, however many callers wait for it, here and in other".to_owned(),
        " servers. After a change the cached value is taken away. A cache that does not answer costs a load,"
            .to_owned(),
        " never a request.".to_owned(),
    ];
    let more = quote! {
        /// Stores a changed value and takes the cached one away, for all servers.
        ///
        /// # Errors
        /// The source's; then nothing was changed.
        pub async fn update(&self, value: &#name) -> Result<Invalidated, #error<S::Error>> {
            self.source.save(value).await.map_err(#error::Source)?;
            let id = value.id();
            let outcome = self.cache.invalidate::<#name>(&id).await.map_err(#error::Cache)?;
            tracing::info!(?id, ?outcome, "invalidated");
            Ok(outcome)
        }
    };
    let reader = parts::reader(request, "value", "Reads and changes values through the cache.", &more);
    let tests = tests(request);
    quote! {
        #(#![doc = #docs])*

        use std::future::Future;
        use std::sync::Arc;

        use cache_patterns::{Cache, CacheEntity, Cached, Invalidated, LoadError, Source, StoreError, #imports};
        #serde

        #entity

        /// Where the values come from: the database.
        pub trait #source: Send + Sync + 'static {
            /// Why it does not answer.
            type Error: std::error::Error + Send + Sync + 'static;

            /// The value with this id, if there is one.
            fn load(&self, id: #parameter) -> impl Future<Output = Result<Option<#name>, Self::Error>> + Send;

            /// Stores a changed value; committed when it returns.
            fn save(&self, value: &#name) -> impl Future<Output = Result<(), Self::Error>> + Send;
        }

        /// Why a value was not changed, or its entry not taken away.
        #[derive(Debug, thiserror::Error)]
        pub enum #error<E> {
            /// The source refused; nothing was changed.
            #[error("the source: {0}")]
            Source(E),
            /// The source has the new value, but so many invalidations are owed that this one was not remembered.
            #[error("the cache: {0}")]
            Cache(StoreError),
        }

        #reader

        #tests
    }
}

/// `15m`.
fn shown(request: &Request) -> String {
    cache_schema::ttl::show(request.ttl)
}

fn tests(request: &Request) -> TokenStream {
    let Request { name, .. } = request;
    let parameter = parts::parameter(request);
    let (source, cache) = (format_ident!("{name}Source"), format_ident!("{name}Cache"));
    let sample = parts::sample(request, None);
    let argument = parts::argument(request, &quote!(sample().id()));
    let stored = cache_schema::key::key(&request.service, request.version, &request.entity, &[""]);
    quote! {
        #[cfg(test)]
        mod tests {
            use std::convert::Infallible;
            use std::sync::Mutex;
            use std::sync::atomic::{AtomicUsize, Ordering};

            use cache_patterns::Key;
            use cache_patterns::store::MemoryStore;

            use super::*;

            /// One row, and how often it was asked for.
            #[derive(Debug, Default)]
            struct Rows {
                row: Mutex<Option<#name>>,
                loads: AtomicUsize,
            }

            impl #source for Rows {
                type Error = Infallible;

                async fn load(&self, _: #parameter) -> Result<Option<#name>, Infallible> {
                    self.loads.fetch_add(1, Ordering::SeqCst);
                    Ok(self.row.lock().unwrap().clone())
                }

                async fn save(&self, value: &#name) -> Result<(), Infallible> {
                    *self.row.lock().unwrap() = Some(value.clone());
                    Ok(())
                }
            }

            async fn over(row: Option<#name>) -> (Arc<Rows>, #cache<Rows>) {
                let rows = Arc::new(Rows { row: Mutex::new(row), ..Rows::default() });
                let cache = Cache::builder(MemoryStore::default()).build().await.unwrap();
                (Arc::clone(&rows), #cache::new(rows, cache))
            }

            #sample

            #[test]
            fn the_key_is_as_the_rule_file_wants_it() {
                let key = Key::<#name>::of(&sample().id());
                assert!(key.as_str().starts_with(#stored), "{key}");
            }

            #[tokio::test]
            async fn a_second_read_comes_from_the_cache() {
                let (rows, cache) = over(Some(sample())).await;
                let first = cache.get(#argument).await.unwrap().unwrap();
                let second = cache.get(#argument).await.unwrap().unwrap();
                assert_eq!((first.source(), second.source()), (Source::Loaded, Source::Store));
                assert_eq!(second.into_inner(), sample());
                assert_eq!(rows.loads.load(Ordering::SeqCst), 1);
            }

            #[tokio::test]
            async fn a_change_takes_the_cached_value_away() {
                let (rows, cache) = over(None).await;
                let before = cache.get(#argument).await.unwrap();
                let outcome = cache.update(&sample()).await.unwrap();
                let after = cache.get(#argument).await.unwrap().unwrap();
                assert!(before.is_none());
                assert_eq!(outcome, Invalidated::Applied);
                assert_eq!(after.into_inner(), sample());
                assert_eq!(rows.loads.load(Ordering::SeqCst), 2);
            }
        }
    }
}
