//! Closures, and what they capture.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evaluator, Frame};
use crate::facts::walk::mentioned;
use crate::facts::{Closure, Name};
use crate::finding::FileId;
use crate::link::index::{FnId, ModuleId};
use crate::link::value::{ClosureId, Data, Value};
use crate::link::world::TypeScope;

type Captured = Rc<[(Name, Rc<Value>)]>;

/// A closure, made somewhere.
pub(super) struct CapturedClosure<'a> {
    pub(super) closure: &'a Closure,
    pub(super) vars: Captured,
    pub(super) file: FileId,
    pub(super) function: Option<FnId>,
    pub(super) module: ModuleId,
    pub(super) types: Rc<TypeScope>,
}

#[derive(Default)]
pub(super) struct Closures<'a> {
    all: Vec<CapturedClosure<'a>>,
    /// The variables that each may look at.
    mentioned: FxHashMap<*const Closure, Rc<FxHashSet<&'a str>>>,
}

impl<'a> Closures<'a> {
    pub(super) fn get(&self, id: ClosureId) -> &CapturedClosure<'a> {
        &self.all[id.0 as usize]
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    fn mentioned(&mut self, closure: &'a Closure) -> Rc<FxHashSet<&'a str>> {
        self.mentioned.entry(std::ptr::from_ref(closure)).or_insert_with(|| Rc::new(mentioned(&closure.body))).clone()
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn capture(&mut self, frame: &Frame, closure: &'a Closure) -> Value {
        let mentioned = self.closures.mentioned(closure);
        // `self.key` goes with `self`.
        let is_used = |name: &str| mentioned.contains(name.split('.').next().unwrap_or(name));
        let vars: Captured = frame.vars.iter().filter(|(name, _)| is_used(name)).cloned().collect();
        let (file, function, module, types) = (frame.file, frame.function, frame.module, frame.types.clone());
        let id = ClosureId(u32::try_from(self.closures.all.len()).unwrap_or(u32::MAX));
        self.closures.all.push(CapturedClosure { closure, vars, file, function, module, types });
        Value::of(Data::Closure(id))
    }
}
