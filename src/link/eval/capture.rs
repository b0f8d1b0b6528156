//! Closures, and what they capture.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evaluator, Frame};
use crate::facts::walk::{children, in_macro};
use crate::facts::{Block, Closure, Expr, ExprKind, MacroBody, Name, Stmt};
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

/// Names that stand alone in an expression: variables, constants, functions.
fn mentioned(expr: &Expr) -> FxHashSet<&str> {
    let mut found = FxHashSet::default();
    let (mut exprs, mut blocks) = (vec![expr], Vec::new());
    loop {
        if let Some(expr) = exprs.pop() {
            match &expr.kind {
                ExprKind::Path(path) => found.extend(path.as_ident().map(Name::as_str)),
                ExprKind::Macro(call) => {
                    if let MacroBody::Expanded(inner) = &call.body {
                        exprs.push(inner);
                    }
                }
                _ => {}
            }
            children(expr, &mut exprs, &mut blocks);
            in_macro(expr, &mut exprs);
        } else if let Some(block) = blocks.pop() {
            inside(block, &mut exprs, &mut blocks);
        } else {
            return found;
        }
    }
}

fn inside<'a>(block: &'a Block, exprs: &mut Vec<&'a Expr>, blocks: &mut Vec<&'a Block>) {
    for stmt in &block.stmts {
        match stmt {
            Stmt::Let { init, diverge, .. } => {
                exprs.extend(init);
                blocks.extend(diverge);
            }
            Stmt::Expr { expr, .. } => exprs.push(expr),
            Stmt::Item(_) => {}
        }
    }
}
