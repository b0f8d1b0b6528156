//! `#[derive(CacheEntity)]`. Use it through `cache_patterns`, which re-exports it and has its documentation.

mod attributes;
mod expand;
mod fields;
mod mistakes;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a cache entity: its key, version and TTL, and a test that holds its shape against
/// `cache-schema.lock`.
///
/// ```ignore
/// #[derive(Serialize, Deserialize, CacheEntity)]
/// #[cache(service = "user", entity = "profile", version = 2, ttl = "15m")]
/// struct UserProfile {
///     #[cache(id)]
///     id: i64,
///     name: String,
/// }
/// ```
///
/// On the struct, all but the first four may be left out and then have the default of the trait's constant:
///
/// | attribute | constant | value |
/// |---|---|---|
/// | `service`, `entity` | `SERVICE`, `ENTITY` | names: lower-case letters and digits, words joined by `-` or `_` |
/// | `version` | `VERSION` | a number from 1; raised whenever the struct changes |
/// | `ttl` | `TTL` | `"90s"`, `"15m"`, `"1h30m"`, at most `"30d"` |
/// | `jitter` | `JITTER` | `"10%"` or `0.1`, at most nine tenths |
/// | `stale`, `stale_if_error`, `local` | `STALE`, `STALE_IF_ERROR`, `LOCAL` | a duration as for `ttl`; `local` is at most `ttl` |
/// | `negative` | `NEGATIVE` | a duration, or `"never"` |
/// | `fenced` | `FENCED` | alone |
/// | `codec` | `CODEC` | `"json"`, `"postcard"` or `"msgpack"`; the last two need their feature |
/// | `no_pin` | | leaves out the generated test |
/// | `crate` | | the path of `cache_patterns`, where it is re-exported: `crate = "shop::cache"` |
///
/// On fields:
///
/// * `#[cache(id)]` on the field that is the id. On several, the id is a tuple in the order of the fields, at most four.
/// * `#[cache(data_version)]` on the whole number that every committed change raises; this also implements `Versioned`.
///
/// `FINGERPRINT` is computed from the struct's own fields (names, types as written, serde attributes). What is inside the
/// types of the fields it cannot see: raise `version` when such a type changes.
///
/// The generated test is `cache_schema_` and the type's name in snake case. It finds `cache-schema.lock` in the crate's
/// directory or above; `CACHE_SCHEMA_UPDATE=1 cargo test` writes it.
///
/// Enums, and structs with generic parameters, are refused: `Page<User>` and `Page<Order>` would share their keys.
#[proc_macro_derive(CacheEntity, attributes(cache))]
pub fn cache_entity(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(&input).unwrap_or_else(|mistakes| mistakes.to_compile_error()).into()
}
