//! Which function a place in the source belongs to.

use rustc_hash::FxHashMap;

use crate::finding::FileId;
use crate::link::Program;
use crate::link::index::FnId;
use crate::text::Span;

/// Which function a place belongs to: the innermost whose text holds it.
pub(super) struct Owners {
    by_file: FxHashMap<FileId, Vec<(Span, FnId)>>,
}

impl Owners {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut by_file: FxHashMap<FileId, Vec<(Span, FnId)>> = FxHashMap::default();
        for (at, function) in program.world.index.functions.iter().enumerate() {
            let id = FnId(u32::try_from(at).unwrap_or(u32::MAX));
            by_file.entry(function.file).or_default().push((function.function.full_span, id));
        }
        Self { by_file }
    }

    /// Whether a function has the very span of the one that owns a place: both were written by one macro call.
    pub(super) fn shares(&self, program: &Program<'_>, function: FnId, file: FileId, span: Span) -> bool {
        let definition = program.world.index.function(function);
        definition.file == file
            && self.owner(file, span).is_some_and(|owner| {
                program.world.index.function(owner).function.full_span == definition.function.full_span
            })
    }

    pub(super) fn owner(&self, file: FileId, span: Span) -> Option<FnId> {
        self.by_file
            .get(&file)?
            .iter()
            .filter(|(full, _)| full.contains(span))
            .min_by_key(|(full, _)| full.end - full.start)
            .map(|(_, id)| *id)
    }
}
