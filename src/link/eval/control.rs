//! Statements, branches and loops.

use super::frame::Arms;
use super::{Evaluator, Frame};
use crate::facts::{Arm, Block, Expr, ExprKind, Pat, PatKind, Stmt};
use crate::inventory::ExitKind;
use crate::link::trace::Step;
use crate::link::ty::{Ty, last_segment};
use crate::link::value::{CommandId, Data, Value, join};
use crate::provenance::Provenance;

/// A condition, read as far as it speaks of a cached value.
pub(super) struct Condition {
    /// Known without running the program.
    pub(super) constant: Option<bool>,
    /// When the condition holds.
    pub(super) holds: Vec<Step>,
    /// When it does not.
    pub(super) fails: Vec<Step>,
}

impl Condition {
    fn open() -> Self {
        Self { constant: None, holds: Vec::new(), fails: Vec::new() }
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn block(&mut self, frame: &mut Frame, block: &'a Block) -> Value {
        let depth = frame.vars.len();
        let mut last = Value::of(Data::Unit);
        for stmt in &block.stmts {
            if !frame.alive {
                break;
            }
            last = self.stmt(frame, stmt);
        }
        // Names of this block end here; pseudo-variables such as `self.key` go with them.
        frame.vars.truncate(depth);
        last
    }

    fn stmt(&mut self, frame: &mut Frame, stmt: &'a Stmt) -> Value {
        match stmt {
            Stmt::Item(_) => Value::of(Data::Unit),
            Stmt::Expr { expr, semi: false } => self.expr(frame, expr),
            Stmt::Expr { expr, semi: true } => {
                let value = self.expr(frame, expr);
                self.dropped(frame, expr, &value);
                Value::of(Data::Unit)
            }
            Stmt::Let { pat, ty, init, diverge, .. } => {
                let written = ty.as_ref().map(|ty| self.world.ty(ty, &frame.types)).unwrap_or_default();
                let mut value = match init {
                    Some(init) => {
                        frame.want(init, &written);
                        self.expr(frame, init)
                    }
                    None => Value::unknown(),
                };
                // `_name` says as much as `_`: nobody will look at it.
                let ignored = match &pat.kind {
                    PatKind::Wild => true,
                    PatKind::Bind(name, None) => name.starts_with('_'),
                    _ => false,
                };
                if let (true, Some(init)) = (ignored, init) {
                    self.dropped(frame, init, &value);
                }
                // `let key: String = own.into();`
                if written.is_text()
                    && matches!(value.ty, Ty::Adt(..))
                    && let Some(text) = self.rendered(&value)
                {
                    value = text;
                }
                if !written.is_unknown() && !matches!(value.data, Data::Batch(_) | Data::Command(_) | Data::Pending(_))
                {
                    // `Vec<_>` says less than what is known.
                    if value.ty.is_unknown()
                        || !matches!(&written, Ty::External(_, args) if args.iter().any(Ty::is_unknown))
                    {
                        value.ty = written;
                    }
                }
                if let Some(diverge) = diverge {
                    if let Some(init) = init {
                        self.fails_in_else(frame, (pat, init), diverge);
                    }
                    let polarity = self.polarity(pat, &value);
                    let mut arms = Arms::begin(frame);
                    frame.steps.extend(marks(value.answers(), polarity.map(|hit| !hit)));
                    self.block(frame, diverge);
                    arms.end_arm(frame, Value::unknown());
                    frame.steps.extend(marks(value.answers(), polarity));
                    arms.end_arm(frame, Value::unknown());
                    arms.finish(frame);
                }
                self.bind_pattern(frame, pat, value);
                Value::of(Data::Unit)
            }
        }
    }

    /// A value that nobody looks at: a command that was not awaited is never sent, and neither is what an async
    /// function of the workspace would send.
    pub(super) fn dropped(&mut self, frame: &mut Frame, expr: &Expr, value: &Value) {
        if let Data::Pending(id) = value.data {
            self.commands[id.0 as usize].sent = false;
            return;
        }
        if let Data::Batch(id) = value.data
            && self.world.client_type(&value.ty).is_none()
        {
            self.batches[id.0 as usize].run = false;
            return;
        }
        if matches!(expr.kind, ExprKind::Call(..) | ExprKind::Method(_))
            && let Some(Step::Call(call)) = frame.steps.last_mut()
            && self.world.index.function(call.function).function.is_async
            && expr.span.contains(call.place.span)
            && call.call == expr.span
            && let Some(call) = std::rc::Rc::get_mut(call)
        {
            call.sent = false;
            return;
        }
        self.swallows(frame, expr);
    }

    pub(super) fn if_(
        &mut self,
        frame: &mut Frame,
        condition: &'a Expr,
        then: &'a Block,
        otherwise: Option<&'a Expr>,
    ) -> Value {
        let depth = frame.vars.len();
        let outer = frame.vars.clone();
        let written = condition;
        let condition = self.condition(frame, written);
        let mut swallowed = self.swallows_in_if(frame, written, then, otherwise.is_some());
        if let ExprKind::Let(pat, scrutinee) = &written.kind {
            swallowed.extend(self.fails_in_let(frame, (pat, scrutinee), Some(then), otherwise));
        }
        frame.steps.extend(swallowed);
        let mut outer = outer;
        super::origins::keep_checked(&mut outer, &frame.vars);
        if let Some(constant) = condition.constant {
            let value = if constant {
                self.block(frame, then)
            } else {
                otherwise.map_or(Value::of(Data::Unit), |expr| self.expr(frame, expr))
            };
            frame.vars.truncate(depth);
            return value;
        }
        // Bindings of `if let` are visible in the first arm only.
        let bound = std::mem::replace(&mut frame.vars, outer);
        let mut arms = Arms::begin(frame);
        frame.vars = bound;
        frame.steps.extend(condition.holds);
        let value = self.block(frame, then);
        frame.vars.truncate(depth);
        arms.end_arm(frame, value);
        frame.steps.extend(condition.fails);
        let value = otherwise.map_or(Value::of(Data::Unit), |expr| self.expr(frame, expr));
        arms.end_arm(frame, value);
        arms.finish(frame)
    }

    /// Evaluates a condition and binds what its `let`s bind.
    pub(super) fn condition(&mut self, frame: &mut Frame, expr: &'a Expr) -> Condition {
        match &expr.kind {
            ExprKind::Let(pat, scrutinee) => {
                let value = self.expr(frame, scrutinee);
                let constant = self.matches(frame, pat, &value);
                let polarity = self.polarity(pat, &value);
                let condition = Condition {
                    constant,
                    holds: marks(value.answers(), polarity),
                    fails: marks(value.answers(), polarity.map(|hit| !hit)),
                };
                self.bind_pattern(frame, pat, value);
                condition
            }
            ExprKind::Not(inner) => {
                let inner = self.condition(frame, inner);
                Condition { constant: inner.constant.map(|b| !b), holds: inner.fails, fails: inner.holds }
            }
            ExprKind::Binary(op, left, right) if op == "&&" => {
                let left = self.condition(frame, left);
                if left.constant == Some(false) {
                    return left;
                }
                let right = self.condition(frame, right);
                let mut holds = left.holds;
                holds.extend(right.holds);
                // When a conjunction fails, which half failed is not known; a `let` half says it best.
                let fails = if left.fails.is_empty() { right.fails } else { left.fails };
                let constant = match (left.constant, right.constant) {
                    (Some(true), other) => other,
                    (_, Some(false)) => Some(false),
                    _ => None,
                };
                Condition { constant, holds, fails }
            }
            ExprKind::Binary(op, left, right) if op == "||" => {
                let left = self.condition(frame, left);
                let right = self.condition(frame, right);
                let mut fails = left.fails;
                fails.extend(right.fails);
                let constant = match (left.constant, right.constant) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), other) => other,
                    _ => None,
                };
                Condition { constant, holds: Vec::new(), fails }
            }
            _ => {
                let value = self.expr(frame, expr);
                match value.data {
                    Data::Bool(constant) => Condition { constant: Some(constant), ..Condition::open() },
                    Data::Found(hit) => Condition {
                        constant: None,
                        holds: marks(value.answers(), Some(hit)),
                        fails: marks(value.answers(), Some(!hit)),
                    },
                    // `if con.exists(key).await? { … }`
                    _ if !value.answers().is_empty() && self.is_existence(&value) => Condition {
                        constant: None,
                        holds: marks(value.answers(), Some(true)),
                        fails: marks(value.answers(), Some(false)),
                    },
                    _ => Condition::open(),
                }
            }
        }
    }

    pub(super) fn is_existence(&self, value: &Value) -> bool {
        value.reads.iter().any(|&read| self.command_name(read).is_some_and(|name| name == "EXISTS"))
    }

    pub(super) fn match_(&mut self, frame: &mut Frame, scrutinee: &'a Expr, arms: &'a [Arm]) -> Value {
        let value = self.expr(frame, scrutinee);
        self.swallows_in_match(frame, scrutinee, arms);
        self.fails_in_match(frame, scrutinee, arms);
        if arms.iter().any(|arm| matches!(arm.pat.kind, PatKind::Lit(_) | PatKind::Or(_))) {
            // Of the texts that are named here one is left.
            self.checked_place(frame, scrutinee);
        }
        let is_select = arms.iter().any(|arm| arm.on.is_some());
        // The polarity that an arm without one of its own has: the opposite of the arms before it.
        let decided: Vec<Option<bool>> = arms.iter().map(|arm| self.polarity(&arm.pat, &value)).collect();
        // A match always takes an arm: if none seems to fit, what is known of the value is wrong.
        let none_fits = arms.iter().all(|arm| self.matches(frame, &arm.pat, &value) == Some(false));
        let mut choice = Arms::begin(frame);
        for (at, arm) in arms.iter().enumerate() {
            let certain = if is_select || none_fits { None } else { self.matches(frame, &arm.pat, &value) };
            if certain == Some(false) {
                continue;
            }
            let result = match &arm.on {
                Some(on) => {
                    let output = self.expr(frame, on);
                    self.arm(frame, arm, output, None)
                }
                None => {
                    let polarity = decided[at].or_else(|| rest_polarity(&decided[..at], &arm.pat));
                    self.arm(frame, arm, value.clone(), polarity)
                }
            };
            choice.end_arm(frame, result);
            if certain == Some(true) && arm.guard.is_none() {
                break;
            }
        }
        choice.finish(frame)
    }

    fn arm(&mut self, frame: &mut Frame, arm: &'a Arm, value: Value, polarity: Option<bool>) -> Value {
        let depth = frame.vars.len();
        frame.steps.extend(marks(value.answers(), polarity));
        self.bind_pattern(frame, &arm.pat, value);
        if let Some(guard) = &arm.guard {
            let guard = self.condition(frame, guard);
            frame.steps.extend(guard.holds);
        }
        let result = self.expr(frame, &arm.body);
        frame.vars.truncate(depth);
        result
    }

    pub(super) fn while_(&mut self, frame: &mut Frame, condition: &'a Expr, body: &'a Block) -> Value {
        self.loop_body(frame, Some(condition), body, |this, frame| {
            let depth = frame.vars.len();
            let condition = this.condition(frame, condition);
            if frame.receiving {
                // `while let Some(message) = messages.next().await`: it ends when there is no next one.
                frame.steps.push(Step::Branch(vec![Vec::new(), vec![Step::Leave(ExitKind::Break)]]));
            }
            frame.steps.extend(condition.holds);
            this.block(frame, body);
            frame.vars.truncate(depth);
        });
        Value::of(Data::Unit)
    }

    pub(super) fn for_(&mut self, frame: &mut Frame, pat: &'a Pat, iter: &'a Expr, body: &'a Block) -> Value {
        let list = self.expr(frame, iter);
        let element = self.element(&list, pat);
        // Of a few written out, each might as well be written by itself.
        let few = matches!(list.data, Data::List { complete: true, .. });
        let element = if few { element } else { element.also_of(Provenance::ELEMENT) };
        let place = frame.place(iter.span);
        self.loop_body(frame, None, body, |this, frame| {
            let depth = frame.vars.len();
            this.bind_pattern(frame, pat, element);
            if !few {
                let elements = frame.vars[depth..].iter().map(|(name, _)| name.clone()).collect();
                frame.steps.push(Step::Pass { place, elements });
            }
            this.block(frame, body);
            frame.vars.truncate(depth);
        });
        Value::of(Data::Unit)
    }

    pub(super) fn loop_(&mut self, frame: &mut Frame, body: &'a Block) -> Value {
        let from = frame.breaks.len();
        self.loop_body(frame, None, body, |this, frame| {
            this.block(frame, body);
        });
        join(frame.breaks.split_off(from.min(frame.breaks.len())))
    }

    /// Runs a body that happens any number of times: what it leaves in variables is one possibility beside the old.
    fn loop_body(
        &mut self,
        frame: &mut Frame,
        head: Option<&'a Expr>,
        block: &'a Block,
        body: impl FnOnce(&mut Self, &mut Frame),
    ) {
        let mut arms = Arms::begin(frame);
        self.carry(frame, head, block);
        let receiving = std::mem::take(&mut frame.receiving);
        let lazy = std::mem::take(&mut frame.lazy);
        let empty = super::passes::empty_texts(frame);
        body(self, frame);
        self.carried(frame, head, block);
        (frame.receiving, frame.lazy) = (receiving, lazy);
        // A `break` or `return` at the end of a pass does not end what stands behind the loop.
        frame.alive = true;
        let steps = std::mem::take(&mut frame.steps);
        if steps.iter().any(|step| !matches!(step, Step::Pass { .. })) {
            frame.steps.push(Step::Loop(steps));
        }
        arms.end_arm(frame, Value::unknown());
        arms.end_arm(frame, Value::unknown());
        let mut before = std::mem::take(arms.before_mut());
        arms.finish(frame);
        // The empty second arm only joins variables; the loop itself says that it may not run.
        if let Some(Step::Branch(arms)) = frame.steps.pop() {
            before.extend(arms.into_iter().flatten());
        }
        frame.steps = before;
        super::passes::grown(frame, &empty);
    }

    /// One element of a collection.
    pub(super) fn element(&mut self, list: &Value, pat: &Pat) -> Value {
        // How many elements there are may not be known; what they look like is, once one was seen.
        let seen: Vec<Value> = list
            .alternatives()
            .into_iter()
            .flat_map(|list| match &list.data {
                Data::List { items, .. } => items.to_vec(),
                _ => Vec::new(),
            })
            .collect();
        let mut element = if seen.is_empty() {
            Value { ty: element_ty(&list.ty), name: super::pattern::name_of(pat), ..Value::default() }
        } else {
            join(seen)
        };
        element.reads.clone_from(&list.reads);
        element.part = list.part;
        element.provenance |= list.provenance;
        element.parameter = element.parameter || (list.parameter && element.is_unknown());
        if element.name.is_empty() {
            element.name = super::pattern::name_of(pat);
        }
        element
    }

    pub(super) fn return_(&mut self, frame: &mut Frame, value: Option<&'a Expr>) -> Value {
        let value = value.map_or(Value::of(Data::Unit), |value| self.expr(frame, value));
        let failed = matches!(&value.data, Data::Variant(name, _) if last_segment(name) == "Err");
        frame.returns.push(value);
        frame.steps.push(Step::Leave(if failed { ExitKind::Error } else { ExitKind::Return }));
        frame.alive = false;
        Value::unknown()
    }

    pub(super) fn break_(&mut self, frame: &mut Frame, value: Option<&'a Expr>) -> Value {
        if let Some(value) = value {
            let value = self.expr(frame, value);
            frame.breaks.push(value);
        }
        frame.steps.push(Step::Leave(ExitKind::Break));
        frame.alive = false;
        Value::unknown()
    }
}

/// Hit or miss marks for these reads; none when it is not known which.
pub(super) fn marks(reads: &[CommandId], polarity: Option<bool>) -> Vec<Step> {
    match polarity {
        Some(true) => reads.iter().map(|&read| Step::Hit(read)).collect(),
        Some(false) => reads.iter().map(|&read| Step::Miss(read)).collect(),
        None => Vec::new(),
    }
}

/// The polarity of a catch-all arm: what the arms before it leave over.
fn rest_polarity(before: &[Option<bool>], pat: &Pat) -> Option<bool> {
    let catch_all = matches!(pat.kind, PatKind::Wild | PatKind::Bind(_, None));
    if !catch_all {
        return None;
    }
    let hit = before.contains(&Some(true));
    let miss = before.contains(&Some(false));
    match (hit, miss) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

fn element_ty(ty: &Ty) -> Ty {
    match ty {
        Ty::List(inner) => inner.as_ref().clone(),
        Ty::External(_, args) => match ty.inside() {
            Some(inner) => element_ty(inner),
            None => match args.len() {
                1 => args[0].clone(),
                // A map yields pairs.
                2 => Ty::Tuple(args.clone()),
                _ => Ty::Unknown,
            },
        },
        _ => Ty::Unknown,
    }
}
