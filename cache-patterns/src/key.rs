//! Keys: `{service}:v{n}:{entity}:{id}`, which only this crate can build.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use cache_schema::key as grammar;

use crate::entity::CacheEntity;

/// The key of one value of `E`: `{service}:v{version}:{entity}:{id}`.
///
/// Service and entity are lower-case names; anything else does not build:
///
/// ```compile_fail
/// # use cache_patterns::{CacheEntity, Key, Ttl};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Row { id: u64 }
/// impl CacheEntity for Row {
///     const SERVICE: &'static str = "Shop:EU";
/// #   type Id = u64;
/// #   const ENTITY: &'static str = "row";
/// #   const VERSION: u32 = 1;
/// #   const TTL: Ttl = Ttl::mins(5);
/// #   fn id(&self) -> u64 { self.id }
/// }
/// let key = Key::<Row>::of(&7);
/// ```
///
/// It has no constructor from a string: what it holds has the right form.
///
/// Different ids give different keys: the id's segments are escaped (`:`, `{`, `}`, `%`, control characters), so that an
/// id cannot add a segment or move the key to another slot of a cluster. A key over 200 bytes keeps its prefix and
/// ends in a 128-bit hash of the id.
pub struct Key<E> {
    text: String,
    entity: PhantomData<fn() -> E>,
}

impl<E: CacheEntity> Key<E> {
    /// The key of the value with this id.
    #[must_use]
    pub fn of(id: &E::Id) -> Self {
        let mut text = String::with_capacity(64);
        Self::write_to(id, &mut text);
        Self { text, entity: PhantomData }
    }

    /// What all keys of `E` begin with: `{service}:v{version}:{entity}`.
    #[must_use]
    pub fn prefix() -> String {
        let mut text = String::new();
        Self::write_prefix(&mut text);
        text
    }

    fn write_prefix(text: &mut String) {
        const {
            assert!(
                grammar::is_name(E::SERVICE),
                "SERVICE: lower-case letters and digits, a letter first, words joined by `-` or `_`"
            );
            assert!(
                grammar::is_name(E::ENTITY),
                "ENTITY: lower-case letters and digits, a letter first, words joined by `-` or `_`"
            );
            assert!(E::VERSION > 0, "VERSION counts from 1");
        }
        text.push_str(E::SERVICE);
        text.push_str(":v");
        text.push_str(itoa::Buffer::new().format(E::VERSION));
        text.push(':');
        text.push_str(E::ENTITY);
    }

    /// Appends the key of `id` to `text`, which must be empty.
    pub(crate) fn write_to(id: &E::Id, text: &mut String) {
        Self::write_prefix(text);
        let start = text.len();
        id.write_segments(&mut Segments { out: text });
        grammar::shorten(text, start);
    }

    /// The key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key as it is stored.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }
}

impl<E> Clone for Key<E> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), entity: PhantomData }
    }
}

impl<E> fmt::Debug for Key<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.text).finish()
    }
}

impl<E> fmt::Display for Key<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E> PartialEq for Key<E> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<E> Eq for Key<E> {}

impl<E> Hash for Key<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// What may be the id of an entity: one key segment, or a tuple of several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a cache entity",
    label = "not an id",
    note = "integers, `bool`, `char`, `String`, types that implement `KeySegment` by one of these, and tuples of them can",
    note = "a float has many spellings of one value, and `Debug` output changes with the compiler: use the row's id"
)]
pub trait KeyId: Clone + Eq + Hash + Send + Sync + 'static {
    /// Adds the segments of this id.
    fn write_segments(&self, out: &mut Segments<'_>);
}

/// What may be one segment of a key. Integers, `bool`, `char` and text are.
///
/// Not floats (`0.1 + 0.2` is another key than `0.3`), not maps (their order changes), not `Debug` output (it changes
/// with the compiler). For an id type of your own, implement it by one that is a segment already:
///
/// ```
/// use cache_patterns::{KeySegment, Segments};
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// struct OrderId(u64);
/// impl KeySegment for OrderId {
///     fn write(&self, out: &mut Segments<'_>) {
///         self.0.write(out);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "not a key segment",
    note = "integers, `bool`, `char`, `String` and types that implement `KeySegment` by one of these can",
    note = "a float has many spellings of one value, and `Debug` output changes with the compiler: use the row's id"
)]
pub trait KeySegment: Clone + Eq + Hash + Send + Sync + 'static {
    /// Adds this segment; exactly one of the methods of `out` is called, once.
    fn write(&self, out: &mut Segments<'_>);
}

/// Where the segments of an id are written to.
pub struct Segments<'a> {
    out: &'a mut String,
}

impl Segments<'_> {
    /// Adds a segment of any text, escaped.
    pub fn text(&mut self, segment: &str) {
        self.out.push(':');
        grammar::escape_into(self.out, segment);
    }

    /// Adds a whole number.
    pub fn number(&mut self, number: impl itoa::Integer) {
        self.out.push(':');
        self.out.push_str(itoa::Buffer::new().format(number));
    }
}

impl<T: KeySegment> KeyId for T {
    fn write_segments(&self, out: &mut Segments<'_>) {
        self.write(out);
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl KeySegment for $number {
            fn write(&self, out: &mut Segments<'_>) {
                out.number(*self);
            }
        }
    )*};
}
numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

impl KeySegment for String {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(self);
    }
}

impl KeySegment for &'static str {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(self);
    }
}

impl KeySegment for std::sync::Arc<str> {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(self);
    }
}

impl KeySegment for Box<str> {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(self);
    }
}

impl KeySegment for bool {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(if *self { "true" } else { "false" });
    }
}

impl KeySegment for char {
    fn write(&self, out: &mut Segments<'_>) {
        out.text(self.encode_utf8(&mut [0; 4]));
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt)+))*) => {$(
        impl<$($name: KeySegment),+> KeyId for ($($name,)+) {
            fn write_segments(&self, out: &mut Segments<'_>) {
                $(self.$index.write(out);)+
            }
        }
    )*};
}
tuples! {
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
}
