//! Resolved types, as far as they matter for finding a receiver.

use std::rc::Rc;

use super::index::DefId;
use crate::facts::Name;

/// A type. References are dropped: they change nothing that the analysis asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) enum Ty {
    /// A struct or enum of the workspace.
    Adt(DefId, Rc<[Ty]>),
    /// A type of another crate by its full path; primitive and prelude types by their bare name.
    External(Name, Rc<[Ty]>),
    /// A type parameter, `impl Trait` or `dyn Trait`: known by its bounds only.
    Bounded(Rc<[Bound]>),
    Tuple(Rc<[Ty]>),
    /// A slice, array, or collection walked by element.
    List(Rc<Ty>),
    /// A function or closure, by what it returns.
    Callable(Rc<Ty>),
    #[default]
    Unknown,
}

/// A trait bound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    /// A trait of the workspace.
    Local(DefId),
    /// A trait of another crate.
    External(Name),
}

impl Ty {
    pub(crate) fn external(path: &str) -> Self {
        Self::External(path.into(), Rc::from([]))
    }

    pub(crate) fn generic(path: &str, arg: Self) -> Self {
        Self::External(path.into(), Rc::from([arg]))
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The last segment of an external type's path.
    pub(crate) fn last(&self) -> Option<&str> {
        match self {
            Self::External(path, _) => Some(last_segment(path)),
            _ => None,
        }
    }

    /// `str`, `String`, `Cow<str>`, bytes, and generic things that only promise to be text.
    pub(crate) fn is_text(&self) -> bool {
        match self {
            Self::External(path, args) => match last_segment(path) {
                "str" | "String" | "SmolStr" | "Bytes" | "CompactString" | "FastStr" | "ByteString" => true,
                "Cow" | "Box" | "Arc" | "Rc" => args.first().is_some_and(Self::is_text),
                _ => false,
            },
            Self::List(inner) => inner.last() == Some("u8"),
            _ => false,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        self.last().is_some_and(|name| {
            matches!(
                name,
                "u8" | "u16"
                    | "u32"
                    | "u64"
                    | "u128"
                    | "usize"
                    | "i8"
                    | "i16"
                    | "i32"
                    | "i64"
                    | "i128"
                    | "isize"
                    | "f32"
                    | "f64"
                    | "NonZeroU64"
                    | "NonZeroU32"
                    | "NonZeroUsize"
            )
        })
    }

    pub(crate) fn is_duration(&self) -> bool {
        matches!(self.last(), Some("Duration" | "TimeDelta" | "Span"))
    }

    /// What a wrapper that stands in the way holds: `Arc<T>`, `Result<T, E>`, `Mutex<T>`, an extractor, a future.
    pub(crate) fn inside(&self) -> Option<&Self> {
        let Self::External(path, args) = self else { return None };
        let first = args.first()?;
        let name = last_segment(path);
        let transparent = name.ends_with("Result")
            || name.ends_with("Guard")
            || matches!(
                name,
                "Option"
                    | "Arc"
                    | "Rc"
                    | "Box"
                    | "Pin"
                    | "Weak"
                    | "Mutex"
                    | "FairMutex"
                    | "ReentrantMutex"
                    | "RwLock"
                    | "RefCell"
                    | "Cell"
                    | "UnsafeCell"
                    | "SyncUnsafeCell"
                    | "OnceCell"
                    | "OnceLock"
                    | "SyncOnceCell"
                    | "SyncLazy"
                    | "Lazy"
                    | "LazyLock"
                    | "LazyCell"
                    | "ManuallyDrop"
                    | "MaybeUninit"
                    | "Ref"
                    | "RefMut"
                    | "Cow"
                    | "Poll"
                    | "Ready"
                    | "BoxFuture"
                    | "LocalBoxFuture"
                    | "RedisFuture"
                    | "JoinHandle"
                    | "ArcSwap"
                    | "ArcSwapOption"
                    | "State"
                    | "Data"
                    | "Extension"
                    | "Inject"
                    | "AssertUnwindSafe"
                    | "ThreadLocal"
                    | "CachePadded"
            );
        transparent.then_some(first)
    }

    /// How the type is shown in `value_type`: the last segments, arguments kept.
    pub(crate) fn shown(&self, name_of: &impl Fn(DefId) -> String) -> Option<String> {
        let with = |base: String, args: &[Self]| {
            let shown: Option<Vec<String>> = args.iter().map(|arg| arg.shown(name_of)).collect();
            match shown {
                Some(shown) if !shown.is_empty() => format!("{base}<{}>", shown.join(", ")),
                _ => base,
            }
        };
        match self {
            Self::Adt(def, args) => Some(with(name_of(*def), args)),
            Self::External(path, args) => Some(with(last_segment(path).to_owned(), args)),
            Self::List(inner) => Some(format!("[{}]", inner.shown(name_of)?)),
            Self::Tuple(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(|part| part.shown(name_of)).collect();
                Some(format!("({})", parts?.join(", ")))
            }
            Self::Bounded(_) | Self::Callable(_) | Self::Unknown => None,
        }
    }
}

pub(crate) fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}
