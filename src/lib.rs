//! `cache-lint` finds every Redis operation in Rust sources and holds key, TTL and miss path against a rule file.
//!
//! Data flows one way: [`source`] (files) → [`facts`] (what each file says) → [`link`] (names, values, summaries) →
//! [`inventory`] (operations) → [`rules`] (findings) → [`report`] (output). [`clients`], [`policy`], [`finding`] and
//! [`text`] are leaves that any later stage may read. The command line lives in [`cli`].

pub mod cli;
pub mod clients;
pub mod facts;
pub mod finding;
pub mod inventory;
pub mod link;
pub mod policy;
pub mod report;
pub mod rules;
pub mod run;
pub mod source;
pub mod suppress;
pub mod template;
pub mod text;
