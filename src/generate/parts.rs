//! What all patterns share: the entity, and values for the tests.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Request;

/// How far the type has to go for a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    /// An id.
    Plain,
    /// A version of each row as well.
    Versioned,
    /// Copies in every server.
    Local,
}

/// The type with what the cache has to know of it: declared here by a derive, whose test holds it against
/// `cache-schema.lock`; for a type that is there already, an `impl` of its own, because its declaration is another file's.
pub(super) fn entity(request: &Request, needs: Entity) -> TokenStream {
    match &request.path {
        Some(path) => {
            let implemented = implemented(request, needs);
            quote! {
                use #path;

                #implemented
            }
        }
        None => declared(request, needs),
    }
}

/// What [`entity`] needs of `cache_patterns` beside the trait and its derive: names with a comma behind each.
pub(super) fn imports(request: &Request, needs: Entity) -> TokenStream {
    match (&request.path, needs) {
        (None, _) => TokenStream::new(),
        (Some(_), Entity::Versioned) => quote!(Ttl, Versioned,),
        (Some(_), Entity::Plain | Entity::Local) => quote!(Ttl,),
    }
}

/// How long a copy may stay in a server, in seconds.
const LOCAL: u32 = 60;

fn declared(request: &Request, needs: Entity) -> TokenStream {
    let Request { service, entity, version, name, id, id_field, .. } = request;
    let docs = [
        format!(" What is cached under `{}`. Add its fields.", request.key()),
        String::new(),
        " Raise `version` when they change later: stored values have the old shape. A test says so; after".to_owned(),
        " that, `CACHE_SCHEMA_UPDATE=1 cargo test` writes the new shape into `cache-schema.lock`.".to_owned(),
    ];
    let row_version = (needs == Entity::Versioned).then(|| {
        quote! {
            /// Raised by every change of the row, so that of two writers the newer is known.
            #[cache(data_version)]
            pub row_version: u64,
        }
    });
    let version = proc_macro2::Literal::u32_unsuffixed(*version);
    let ttl = cache_schema::ttl::show(request.ttl);
    let more = match needs {
        Entity::Plain => TokenStream::new(),
        Entity::Versioned => quote!(, fenced),
        Entity::Local => {
            let local = cache_schema::ttl::show(LOCAL.min(request.ttl));
            quote!(, local = #local)
        }
    };
    quote! {
        #(#[doc = #docs])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEntity)]
        #[cache(service = #service, entity = #entity, version = #version, ttl = #ttl #more)]
        pub struct #name {
            /// What tells one from another.
            #[cache(id)]
            pub #id_field: #id,
            #row_version
        }
    }
}

fn implemented(request: &Request, needs: Entity) -> TokenStream {
    let Request { service, entity, version, name, id, id_field, .. } = request;
    let version = proc_macro2::Literal::u32_unsuffixed(*version);
    let own_id = if kind(request) == Kind::Copy { quote!(self.#id_field) } else { quote!(self.#id_field.clone()) };
    let ttl = ttl(request.ttl);
    let local = (needs == Entity::Local).then(|| {
        let seconds = proc_macro2::Literal::u32_unsuffixed(LOCAL.min(request.ttl));
        quote! {
            /// How long a copy may stay in a server.
            const LOCAL: Duration = Duration::from_secs(#seconds);
        }
    });
    let fenced = (needs == Entity::Versioned).then(|| {
        quote! {
            /// A crash between commit and cache write leaves no old value behind.
            const FENCED: bool = true;
        }
    });
    let row_version = (needs == Entity::Versioned).then(|| {
        quote! {
            fn data_version(&self) -> u64 {
                self.row_version
            }
        }
    });
    let versioned = (needs == Entity::Versioned).then(|| quote!(impl Versioned for #name {}));
    quote! {
        impl CacheEntity for #name {
            type Id = #id;
            const SERVICE: &'static str = #service;
            const ENTITY: &'static str = #entity;
            const VERSION: u32 = #version;
            const TTL: Ttl = #ttl;
            #local
            #fenced

            fn id(&self) -> #id {
                #own_id
            }

            #row_version
        }

        #versioned
    }
}

/// serde's derives, where the type is declared here.
pub(super) fn serde(request: &Request) -> TokenStream {
    if request.path.is_none() {
        quote!(
            use serde::{Deserialize, Serialize};
        )
    } else {
        TokenStream::new()
    }
}

fn ttl(seconds: u32) -> TokenStream {
    let number = |value: u32| proc_macro2::Literal::u32_unsuffixed(value);
    match seconds {
        seconds if seconds % 3600 == 0 => {
            let hours = number(seconds / 3600);
            quote!(Ttl::hours(#hours))
        }
        seconds if seconds % 60 == 0 => {
            let minutes = number(seconds / 60);
            quote!(Ttl::mins(#minutes))
        }
        seconds => {
            let seconds = number(seconds);
            quote!(Ttl::secs(#seconds))
        }
    }
}

/// How an id is handed around: by value, as a text, or by reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Copy,
    Text,
    Other,
}

fn kind(request: &Request) -> Kind {
    let id = &request.id;
    match quote!(#id).to_string().as_str() {
        "String" => Kind::Text,
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "bool"
        | "Uuid" | "uuid :: Uuid" => Kind::Copy,
        _ => Kind::Other,
    }
}

/// The type of a parameter `id`.
pub(super) fn parameter(request: &Request) -> TokenStream {
    let id = &request.id;
    match kind(request) {
        Kind::Copy => quote!(#id),
        Kind::Text => quote!(&str),
        Kind::Other => quote!(&#id),
    }
}

/// The parameter `id` as an id of its own.
fn owned(request: &Request) -> TokenStream {
    match kind(request) {
        Kind::Copy => quote!(id),
        Kind::Text => quote!(id.to_owned()),
        Kind::Other => quote!(id.clone()),
    }
}

/// The parameter `id` as the cache takes it.
pub(super) fn borrowed(request: &Request) -> TokenStream {
    match kind(request) {
        Kind::Copy => quote!(&id),
        Kind::Text => quote!(&id.to_owned()),
        Kind::Other => quote!(id),
    }
}

/// An id of its own as such a parameter.
pub(super) fn argument(request: &Request, id: &TokenStream) -> TokenStream {
    if kind(request) == Kind::Copy { quote!(#id) } else { quote!(&#id) }
}

/// A function that gives a value for the tests, with an id.
pub(super) fn sample(request: &Request, row_version: Option<u64>) -> TokenStream {
    let Request { name, id_field, path, id, .. } = request;
    let value = match quote!(#id).to_string().as_str() {
        "String" => quote!("7".to_owned()),
        "bool" | "Uuid" | "uuid :: Uuid" => quote!(#id::default()),
        _ if kind(request) == Kind::Copy => quote!(7),
        _ => quote!(<#id>::default()),
    };
    let row_version = row_version.map(|version| {
        let version = proc_macro2::Literal::u64_unsuffixed(version);
        quote!(row_version: #version,)
    });
    // Of a type that is there already, the other fields are not known.
    let rest = path.is_some().then(|| quote!(..#name::default()));
    quote! {
        fn sample() -> #name {
            #name { #id_field: #value, #row_version #rest }
        }
    }
}

/// What reads through the cache: a struct over the source, and its `get`. `what` is "value" or "row"; `intro` says what the
/// struct is for; `more` are its other methods.
pub(super) fn reader(request: &Request, what: &str, intro: &str, more: &TokenStream) -> TokenStream {
    let name = &request.name;
    let (source, cache) = (format_ident!("{name}Source"), format_ident!("{name}Cache"));
    let (parameter, owned, borrowed) = (parameter(request), owned(request), borrowed(request));
    let wanted = argument(request, &quote!(wanted));
    let intro = format!(" {intro}");
    let getter = format!(" The {what} with this id: from the cache, or else from the source.");
    let nothing = format!("no such {what}");
    quote! {
        #[doc = #intro]
        #[derive(Debug)]
        pub struct #cache<S> {
            source: Arc<S>,
            cache: Cache,
        }

        impl<S: #source> #cache<S> {
            /// Over this source. The cache is shared: `Cache` is cheap to clone.
            pub fn new(source: Arc<S>, cache: Cache) -> Self {
                Self { source, cache }
            }

            #[doc = #getter]
            ///
            /// # Errors
            /// The source's, when it had to be asked. Trouble with the cache is none.
            pub async fn get(&self, id: #parameter) -> Result<Option<Cached<#name>>, LoadError<S::Error>> {
                let (source, wanted) = (Arc::clone(&self.source), #owned);
                let load = move || async move { source.load(#wanted).await };
                let found = self.cache.get_or_load_opt::<#name, _, _, _>(#borrowed, load).await?;
                match found.as_ref().map(Cached::source) {
                    Some(Source::Loaded) => tracing::debug!(?id, "cache miss"),
                    Some(from) => tracing::debug!(?id, ?from, "cache hit"),
                    None => tracing::debug!(?id, #nothing),
                }
                Ok(found)
            }

            #more
        }
    }
}
