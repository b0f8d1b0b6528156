//! What `#[derive(CacheEntity)]` makes of a struct.
#![cfg(feature = "derive")]

use std::time::Duration;

use cache_patterns::{CacheEntity, Codec, Jitter, Key, Ttl, Versioned};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "user", entity = "profile", version = 2, ttl = "15m", no_pin)]
struct Profile {
    #[cache(id)]
    id: i64,
    name: String,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "order-line", version = 1, ttl = "1h30m")]
#[cache(
    jitter = "12.5%",
    stale = "2m",
    stale_if_error = "1h",
    negative = "never",
    local = "5s",
    fenced,
    codec = "json"
)]
#[cache(no_pin)]
struct OrderLine {
    #[cache(id)]
    order: String,
    #[cache(id)]
    line: u16,
    #[cache(data_version)]
    row_version: i64,
}

#[derive(Serialize, Deserialize, CacheEntity)]
#[cache(service = "shop", entity = "note", version = 1, ttl = "1h", negative = "30s", jitter = 0.2)]
#[cache(crate = "cache_patterns", no_pin)]
struct Note(#[cache(id)] u64, String);

#[test]
fn the_four_that_are_demanded_make_the_key_and_the_ttl() {
    let profile = Profile { id: 7, name: "Ada".to_owned() };
    assert_eq!(Key::<Profile>::of(&profile.id()).as_str(), "user:v2:profile:7");
    assert_eq!(Profile::TTL, Ttl::mins(15));
    assert_eq!(profile.data_version(), 0);
    assert_eq!(profile.name, "Ada");
}

#[test]
fn what_is_left_out_has_the_default_of_the_trait() {
    assert_eq!(Profile::JITTER, Jitter::TENTH);
    assert_eq!((Profile::STALE, Profile::STALE_IF_ERROR, Profile::LOCAL), Default::default());
    assert_eq!(Profile::NEGATIVE, Some(Ttl::secs(30)));
    const { assert!(!Profile::FENCED) };
    assert_eq!(Profile::CODEC, Codec::Json);
}

#[test]
fn what_is_stated_is_taken() {
    assert_eq!(OrderLine::TTL, Ttl::secs(5400));
    assert_eq!(OrderLine::JITTER, Jitter::permille(125));
    assert_eq!(OrderLine::STALE, Duration::from_secs(120));
    assert_eq!(OrderLine::STALE_IF_ERROR, Duration::from_secs(3600));
    assert_eq!(OrderLine::LOCAL, Duration::from_secs(5));
    assert_eq!(OrderLine::NEGATIVE, None);
    const { assert!(OrderLine::FENCED) };
    assert_eq!(Note::NEGATIVE, Some(Ttl::secs(30)));
    assert_eq!(Note::JITTER, Jitter::permille(200));
}

#[test]
fn several_id_fields_are_a_tuple_in_their_order() {
    let line = OrderLine { order: "A:1".to_owned(), line: 3, row_version: 9 };
    assert_eq!(line.id(), ("A:1".to_owned(), 3));
    assert_eq!(Key::<OrderLine>::of(&line.id()).as_str(), "shop:v1:order-line:A%3A1:3");
}

#[test]
fn a_data_version_makes_the_entity_versioned() {
    fn versioned<E: Versioned>(row: &E) -> u64 {
        row.data_version()
    }
    let line = |row_version| OrderLine { order: String::new(), line: 0, row_version };
    assert_eq!(versioned(&line(9)), 9);
    assert_eq!(versioned(&line(-1)), 0);
}

#[test]
fn a_tuple_struct_has_its_id_by_position() {
    assert_eq!(Note(5, "text".to_owned()).id(), 5);
}

mod shapes {
    use super::*;

    macro_rules! entity {
        ($name:ident $codec:literal { $($field:ident: $ty:ty),* }) => {
            #[derive(Serialize, Deserialize, CacheEntity)]
            #[cache(service = "shop", entity = "row", version = 1, ttl = "1h", codec = $codec, no_pin)]
            struct $name { #[cache(id)] id: u8, $($field: $ty),* }
        };
    }
    entity!(Base "json" { name: String, at: u64 });
    entity!(Swapped "json" { at: u64, name: String });
    entity!(Renamed "json" { title: String, at: u64 });
    entity!(Retyped "json" { name: Option<String>, at: u64 });

    #[test]
    fn the_fingerprint_follows_names_and_types() {
        assert_eq!(Base::FINGERPRINT, Swapped::FINGERPRINT);
        assert_ne!(Base::FINGERPRINT, Renamed::FINGERPRINT);
        assert_ne!(Base::FINGERPRINT, Retyped::FINGERPRINT);
    }

    #[cfg(feature = "postcard")]
    #[test]
    fn order_counts_where_the_codec_reads_by_position() {
        entity!(One "postcard" { name: String, at: u64 });
        entity!(Other "postcard" { at: u64, name: String });
        assert_ne!(One::FINGERPRINT, Other::FINGERPRINT);
    }
}

mod pinned {
    use super::*;

    // Its generated test runs with these, against the lock file of this workspace.
    #[derive(Serialize, Deserialize, CacheEntity)]
    #[cache(service = "shop", entity = "pinned-row", version = 1, ttl = "1h")]
    struct PinnedRow {
        #[cache(id)]
        id: u64,
        name: String,
    }

    #[test]
    fn a_struct_that_is_not_in_the_lock_says_what_to_add() {
        if std::env::var_os("CACHE_SCHEMA_UPDATE").is_some() {
            return; // Then it is written instead.
        }
        let Ok(directory) = tempfile::tempdir() else { panic!("no temporary directory") };
        let path = directory.path().to_string_lossy();
        assert!(std::fs::write(directory.path().join("cache-schema.lock"), "").is_ok());
        let message =
            cache_patterns::schema::pin::<PinnedRow>(&path, "shop::PinnedRow", "shop:v1:pinned-row:{id}", &["id: u64"]);
        let wanted = format!(
            "or add:\n\n[shop.pinned-row]\ntemplate = \"shop:v1:pinned-row:{{id}}\"\ntype = \"shop::PinnedRow\"\nversion = 1\nfingerprint = \"{:#010x}\"\n",
            PinnedRow::FINGERPRINT
        );
        assert!(message.is_err_and(|message| message.contains(&wanted)));
    }
}
