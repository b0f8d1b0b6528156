//! `cache-lint` finds every Redis operation in Rust sources and holds key, TTL and miss path against a rule file.
//!
//! Data flows one way: [`source`] (files) → [`facts`] (what each file says) → [`link`] (names, values, summaries) →
//! [`inventory`] (operations) → [`schema`] (what `cache-schema.lock` says of them) → [`rules`] (findings) →
//! [`suppress`], [`levels`] (what is reported) → [`fixes`] (what mends it) → [`report`] (output). [`run`] joins the stages.
//! [`draft`] makes a rule file of what they found, [`section`] a text for people and agents of a rule file. [`clients`],
//! [`policy`], [`finding`] and [`text`] are leaves that any later stage may read.
//! The command line lives in [`cli`].

pub mod baseline;
pub mod cache;
pub mod changes;
pub mod cli;
pub mod clients;
pub mod date;
pub mod disk;
pub mod draft;
pub mod facts;
pub mod finding;
pub mod fingerprint;
pub mod fixes;
pub mod generate;
pub mod inventory;
pub mod levels;
pub mod link;
pub mod loss;
pub mod policy;
pub mod provenance;
pub mod report;
pub mod rules;
pub mod run;
pub mod schema;
pub mod section;
pub mod source;
pub mod standing;
pub mod stores;
pub mod suppress;
pub mod template;
pub mod text;
