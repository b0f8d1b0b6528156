//! Why a value is not known: where it was lost first, and what would make it known.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

use crate::finding::Place;

/// Where a value was lost, as a number into the losses of a run. No part of what a value is: all are equal, so that two
/// values that differ in this only are one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lost(Option<NonZeroU32>);

impl Lost {
    /// The loss with this index.
    #[must_use]
    pub fn at(index: usize) -> Self {
        Self(u32::try_from(index + 1).ok().and_then(NonZeroU32::new))
    }

    /// Its index; `None` where nothing was lost, or nobody knows where.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        self.0.map(|number| number.get() as usize - 1)
    }

    /// Whether a loss is known.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// This, or the other where this is not known.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl PartialEq for Lost {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Lost {}

impl Hash for Lost {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialOrd for Lost {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lost {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// Why a value is not known, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which kind of reason it is.
    pub kind: CauseKind,
    /// One sentence without its full stop: `` `keys::user` comes from crate `acme-keys`, whose source is not here ``.
    pub reason: String,
    /// Where it was lost.
    pub place: Option<Place>,
    /// The path for `[values]` of the rule file; `None` where no declaration helps.
    pub declare: Option<String>,
    /// What the path gives is a text, and not a number or a duration.
    pub is_text: bool,
}

/// The kinds of reasons why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// A function or constant of a crate whose source is not part of the run.
    OtherCrate,
    /// A field that is filled when the program runs.
    Field,
    /// A constant or static whose value is made when the program runs.
    Constant,
    /// A function of the workspace whose result is worked out when the program runs.
    Function,
    /// A method of a trait that nothing in the workspace implements.
    NoImplementation,
    /// A method of a trait that is implemented where it cannot be seen.
    Outside,
    /// A macro that was not expanded.
    Macro,
    /// A function that calls itself.
    Recursion,
    /// Calls that were not followed any further.
    TooDeep,
    /// More alternatives than are kept apart.
    TooMany,
    /// The function's caller gives it, and no code of the workspace calls.
    Caller,
    /// Worked out from what the program is given when it runs.
    RunTime,
}

impl CauseKind {
    /// The word of the JSON report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OtherCrate => "other-crate",
            Self::Field => "field",
            Self::Constant => "constant",
            Self::Function => "function",
            Self::NoImplementation => "no-implementation",
            Self::Outside => "outside",
            Self::Macro => "macro",
            Self::Recursion => "recursion",
            Self::TooDeep => "too-deep",
            Self::TooMany => "too-many",
            Self::Caller => "caller",
            Self::RunTime => "run-time",
        }
    }
}
