//! Facts in a short notation, so that a test can say what it expects in one line.
//!
//! It follows Rust where the model does, and shows the model where it adds something: macro bodies are written as
//! `format!{…}`, `list!{…}`, `opaque!{…}` and `expanded!{…}`.
