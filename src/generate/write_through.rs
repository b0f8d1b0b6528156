//! Write-Through: the transaction first; the cache holds what was committed, and never an older row.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Request;
use super::parts::{self, Entity};

pub(super) fn module(request: &Request) -> TokenStream {
    let Request { name, .. } = request;
    let parameter = parts::parameter(request);
    let (entity, imports) = (parts::entity(request, Entity::Versioned), parts::imports(request, Entity::Versioned));
    let serde = parts::serde(request);
    let source = format_ident!("{name}Source");
    let shown = cache_schema::ttl::show(request.ttl);
    let docs = [
        format!(" Write-Through for [`{name}`]: entries `{}` live {shown}.", request.key()),
        String::new(),
        " The transaction comes first; only what it committed goes into the cache, and of two writers the".to_owned(),
        " newer row stays. After a crash, a rollback or an unknown outcome the entry is absent, never wrong."
            .to_owned(),
    ];
    let more = quote! {
        /// Changes a row in a transaction, and puts what was committed into the cache.
        ///
        /// # Errors
        /// The source's; then nothing was committed, or nobody knows, and the entry is absent. Trouble with the
        /// cache after the commit is none: see `Written::cached`.
        pub async fn write(&self, row: &#name) -> Result<Written<#name>, WriteError<S::Error>> {
            let id = row.id();
            let change = async |writer: Writer<#name>| -> Result<Committed<#name>, S::Error> {
                let mut transaction = self.source.begin().await?;
                let changed = self.source.change(&mut transaction, row).await?;
                writer.commit(changed, self.source.commit(transaction)).await
            };
            let written = self.cache.write(&id, change).await?;
            let (version, cached) = (written.version, written.cached);
            tracing::info!(?id, version, ?cached, "written");
            Ok(written)
        }
    };
    let reader = parts::reader(request, "row", "Reads rows through the cache, and writes them through it.", &more);
    let tests = tests(request);
    quote! {
        #(#![doc = #docs])*

        use std::future::Future;
        use std::sync::Arc;

        use cache_patterns::{
            Cache, CacheEntity, Cached, Committed, LoadError, Source, #imports WriteError, Writer, Written,
        };
        #serde

        #entity

        /// Where the rows are: the database.
        pub trait #source: Send + Sync + 'static {
            /// A transaction; dropped without commit, it is rolled back.
            type Transaction: Send;
            /// Why it does not answer.
            type Error: std::error::Error + Send + Sync + 'static;

            /// The row with this id, if there is one.
            fn load(&self, id: #parameter) -> impl Future<Output = Result<Option<#name>, Self::Error>> + Send;

            /// Begins a transaction.
            fn begin(&self) -> impl Future<Output = Result<Self::Transaction, Self::Error>> + Send;

            /// Changes the row and raises its version; gives the row as it is then: `UPDATE … SET row_version =
            /// row_version + 1 … RETURNING *`.
            fn change(
                &self,
                transaction: &mut Self::Transaction,
                row: &#name,
            ) -> impl Future<Output = Result<#name, Self::Error>> + Send;

            /// Commits.
            fn commit(&self, transaction: Self::Transaction) -> impl Future<Output = Result<(), Self::Error>> + Send;
        }

        #reader

        #tests
    }
}

fn tests(request: &Request) -> TokenStream {
    let Request { name, .. } = request;
    let parameter = parts::parameter(request);
    let (source, cache) = (format_ident!("{name}Source"), format_ident!("{name}Cache"));
    let sample = parts::sample(request, Some(1));
    let argument = parts::argument(request, &quote!(sample().id()));
    quote! {
        #[cfg(test)]
        mod tests {
            use std::io;
            use std::sync::Mutex;
            use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

            use cache_patterns::store::MemoryStore;

            use super::*;

            /// One row, how often it was asked for, and whether commits fail.
            #[derive(Debug)]
            struct Table {
                row: Mutex<#name>,
                loads: AtomicUsize,
                broken: AtomicBool,
            }

            impl #source for Table {
                type Transaction = Vec<#name>;
                type Error = io::Error;

                async fn load(&self, _: #parameter) -> io::Result<Option<#name>> {
                    self.loads.fetch_add(1, Ordering::SeqCst);
                    Ok(Some(self.row.lock().unwrap().clone()))
                }

                async fn begin(&self) -> io::Result<Vec<#name>> {
                    Ok(Vec::new())
                }

                async fn change(&self, transaction: &mut Vec<#name>, row: &#name) -> io::Result<#name> {
                    let row_version = self.row.lock().unwrap().row_version + 1;
                    let changed = #name { row_version, ..row.clone() };
                    transaction.push(changed.clone());
                    Ok(changed)
                }

                async fn commit(&self, transaction: Vec<#name>) -> io::Result<()> {
                    if self.broken.load(Ordering::SeqCst) {
                        return Err(io::Error::other("the connection is gone"));
                    }
                    for row in transaction {
                        *self.row.lock().unwrap() = row;
                    }
                    Ok(())
                }
            }

            async fn table() -> (Arc<Table>, #cache<Table>) {
                let row = Mutex::new(sample());
                let table = Arc::new(Table { row, loads: AtomicUsize::new(0), broken: AtomicBool::new(false) });
                let cache = Cache::builder(MemoryStore::default()).build().await.unwrap();
                (Arc::clone(&table), #cache::new(table, cache))
            }

            #sample

            #[tokio::test]
            async fn what_was_committed_is_read_from_the_cache() {
                let (table, cache) = table().await;
                let written = cache.write(&sample()).await.unwrap();
                assert_eq!(written.version, 2);
                let read = cache.get(#argument).await.unwrap().unwrap();
                assert_eq!((read.source(), read.row_version), (Source::Store, 2));
                assert_eq!(table.loads.load(Ordering::SeqCst), 0);
            }

            #[tokio::test]
            async fn what_was_not_committed_is_not_cached() {
                let (table, cache) = table().await;
                table.broken.store(true, Ordering::SeqCst);
                let outcome = cache.write(&sample()).await;
                assert!(outcome.is_err());
                let read = cache.get(#argument).await.unwrap().unwrap();
                assert_eq!((read.source(), read.row_version), (Source::Loaded, 1));
            }
        }
    }
}
