//! The structure of what is stored: everything that decides how its bytes are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use cache_schema::shape::Shape;

use crate::finding::Place;

/// A stored type with all types of the workspace that are reached through its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The stored type itself.
    pub root: Part,
    /// What is inside, by name; by whole path where two have one name.
    pub inside: BTreeMap<String, Part>,
    /// The type states itself as an entity of the companion crate, which looks after its version.
    pub entity: bool,
    /// Bytes are read by position.
    pub by_position: bool,
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `shop::user::UserProfile`, or as written for a container (`Vec<UserProfile>`).
    pub path: String,
    /// Its name where it is declared; none for a container.
    pub place: Option<Place>,
    /// What of it decides how stored bytes are read.
    pub shape: Arc<Shape>,
    /// Fields and variants by their name in the stored form, with the place of their name in the code.
    pub fields: Vec<(String, Place)>,
}
