//! What every rule flags and what it leaves alone, over hand-built inventories; one file per rule.

mod bulk;
mod cached_copies;
mod cached_failure;
mod collection_without_ttl;
mod counter_without_ttl;
mod decode_error_fails_request;
mod invalidation_key_mismatch;
mod key_collision;
mod key_format;
mod lock_release_without_token;
mod locks_and_commands;
mod missing_ttl;
mod mixed_ttl;
mod non_atomic_expiry;
mod pages;
mod schema_changed;
mod stampede_prone_miss;
mod subscriptions;
mod ttl_cleared;
mod ttl_policy;
mod ttl_unit_mismatch;
mod unversioned_key;
mod wording;
mod write_through;
