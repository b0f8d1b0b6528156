//! Walks a body once, in order, and notes for each call what it is given.
//!
//! Told from the text alone: what stands in an expression is what its value was made of. That is too much rather than too
//! little, which errs to the quiet side for keys; what a load depends on is asked of its callees as well ([`super`]).

use rustc_hash::FxHashMap;

use super::flow::{Flow, Source, Sources};
use crate::facts::{Block, Expr, ExprKind, FormatPiece, Function, MacroBody, Name, Pat, PatKind, Stmt};
use crate::text::Span;

/// A call in a function's own text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// The arguments without the receiver, by place.
    pub(crate) args: Vec<(Span, Flow)>,
    /// All that stands in it, receiver included.
    pub(crate) whole: Sources,
    /// What conditions around it, or in front of it with a way out, have looked at.
    pub(crate) tested: Sources,
    /// Several calls have this name token: a macro wrote them.
    pub(crate) ambiguous: bool,
}

/// The calls of a function by the places of their name tokens.
pub(crate) type Calls = FxHashMap<Span, Call>;

/// Walks a function's body.
pub(crate) fn calls(function: &Function, text: &str) -> Calls {
    let Some(body) = &function.body else { return Calls::default() };
    let mut walk =
        Walk { text, vars: Vec::new(), calls: Calls::default(), tested: Sources::default(), given: Flow::default() };
    for (at, param) in function.params.iter().enumerate() {
        walk.parameter(&param.pat, &Source { param: at, fields: smallvec::SmallVec::new(), name: Name::default() });
    }
    walk.block(body);
    walk.calls
}

struct Walk<'t> {
    text: &'t str,
    vars: Vec<(Name, Flow)>,
    calls: Calls,
    tested: Sources,
    /// What a closure that is given to the method at hand is called with.
    given: Flow,
}

impl Walk<'_> {
    fn parameter(&mut self, pat: &Pat, source: &Source) {
        match &pat.kind {
            PatKind::Bind(name, _) => {
                let source = Source { name: name.clone(), ..source.clone() };
                self.vars.push((name.clone(), Flow::place(source)));
            }
            // An extractor: `Query(params)`.
            PatKind::TupleStruct(_, inner) if inner.len() == 1 => self.parameter(&inner[0], &with_field(source, "0")),
            PatKind::TupleStruct(_, inner) | PatKind::Tuple(inner) => {
                for (at, pat) in inner.iter().enumerate() {
                    self.parameter(pat, &with_field(source, &at.to_string()));
                }
            }
            PatKind::Struct(_, fields) => {
                for (name, pat) in fields {
                    self.parameter(pat, &with_field(source, name));
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, pat: &Pat, flow: &Flow) {
        match &pat.kind {
            PatKind::Bind(name, inner) => {
                self.vars.push((name.clone(), flow.clone()));
                if let Some(inner) = inner {
                    self.bind(inner, flow);
                }
            }
            // `Some(x)`, `Ok(x)`: what was wrapped.
            PatKind::TupleStruct(_, inner) if inner.len() == 1 => self.bind(&inner[0], flow),
            PatKind::TupleStruct(_, inner) | PatKind::Tuple(inner) => {
                for (at, pat) in inner.iter().enumerate() {
                    self.bind(pat, &flow.field(&at.to_string().into()));
                }
            }
            PatKind::Struct(_, fields) => {
                for (name, pat) in fields {
                    self.bind(pat, &flow.field(name));
                }
            }
            PatKind::Slice(inner) | PatKind::Or(inner) => {
                let made = Flow::made(flow.sources.clone());
                inner.iter().for_each(|pat| self.bind(pat, &made));
            }
            PatKind::Wild | PatKind::Rest | PatKind::Lit(_) | PatKind::Range | PatKind::Path(_) | PatKind::Unknown => {}
        }
    }

    fn block(&mut self, block: &Block) -> Flow {
        let depth = self.vars.len();
        let mut last = Flow::default();
        for stmt in &block.stmts {
            last = Flow::default();
            match stmt {
                Stmt::Let { pat, init, diverge, .. } => {
                    let flow = init.as_ref().map(|init| self.expr(init)).unwrap_or_default();
                    if let Some(diverge) = diverge {
                        self.block(diverge);
                    }
                    self.bind(pat, &flow);
                }
                Stmt::Expr { expr, semi } => {
                    let flow = self.expr(expr);
                    if !semi {
                        last = flow;
                    }
                }
                Stmt::Item(_) => {}
            }
        }
        self.vars.truncate(depth);
        last
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Sources {
        let mut sources = Sources::default();
        for expr in exprs {
            sources.add(&self.expr(expr).sources);
        }
        sources
    }

    fn expr(&mut self, expr: &Expr) -> Flow {
        match &expr.kind {
            ExprKind::Path(path) => path.as_ident().map(|name| self.var(name)).unwrap_or_default(),
            ExprKind::Lit(_) | ExprKind::Continue | ExprKind::Unknown => Flow::default(),
            ExprKind::Call(callee, args) => self.call(callee, args),
            ExprKind::Method(call) => {
                let receiver = self.expr(&call.receiver);
                let before = std::mem::replace(&mut self.given, receiver.clone());
                let args: Vec<(Span, Flow)> = call.args.iter().map(|arg| (arg.span, self.expr(arg))).collect();
                self.given = before;
                if call.args.is_empty() && is_same(&call.name) {
                    return receiver;
                }
                let mut whole = receiver.sources;
                args.iter().for_each(|(_, arg)| whole.add(&arg.sources));
                if changes(&call.name)
                    && let Some(name) = root(&call.receiver)
                {
                    self.grow(name, &whole);
                }
                self.filled(&call.args, &whole);
                self.note(call.name_span, args, &whole);
                Flow::made(whole)
            }
            ExprKind::Field(base, name) => self.expr(base).field(name),
            ExprKind::Index(a, b) | ExprKind::Repeat(a, b) | ExprKind::Binary(_, a, b) => {
                Flow::made(self.all([a.as_ref(), b.as_ref()]))
            }
            ExprKind::Ref(inner) | ExprKind::Deref(inner) | ExprKind::Await(inner) | ExprKind::Try(inner) => {
                self.expr(inner)
            }
            ExprKind::Not(inner) | ExprKind::Neg(inner) | ExprKind::Cast(inner, _) => self.expr(inner),
            ExprKind::Assign(_, place, value) => {
                let mut sources = self.expr(value).sources;
                sources.add(&self.tested.clone());
                if let Some(name) = root(place) {
                    self.grow(name, &sources);
                }
                Flow::default()
            }
            ExprKind::Block(block) | ExprKind::Async(block) => self.block(block),
            ExprKind::If(condition, then, otherwise) => {
                let depth = self.vars.len();
                let condition = self.expr(condition).sources;
                let before = self.test(&condition);
                let mut flow = self.block(then);
                self.vars.truncate(depth);
                if let Some(otherwise) = otherwise {
                    flow = flow.or(&self.expr(otherwise));
                }
                // Who leaves with an answer has another way to it; who leaves with an error has none.
                if !answers(then) {
                    self.tested = before;
                }
                flow.with(&condition)
            }
            ExprKind::Let(pat, scrutinee) => {
                let flow = self.expr(scrutinee);
                self.bind(pat, &flow);
                flow
            }
            ExprKind::Match(scrutinee, arms) => {
                let subject = self.expr(scrutinee);
                let mut result: Option<Flow> = None;
                for arm in arms {
                    let depth = self.vars.len();
                    let on = arm.on.as_ref().map(|on| self.expr(on));
                    self.bind(&arm.pat, on.as_ref().unwrap_or(&subject));
                    let mut looked = subject.sources.clone();
                    if let Some(guard) = &arm.guard {
                        looked.add(&self.expr(guard).sources);
                    }
                    let before = self.test(&looked);
                    let flow = self.expr(&arm.body).with(&looked);
                    self.tested = before;
                    self.vars.truncate(depth);
                    result = Some(match result {
                        Some(known) => known.or(&flow),
                        None => flow,
                    });
                }
                result.unwrap_or_default()
            }
            ExprKind::While(condition, body) => {
                let depth = self.vars.len();
                let looked = self.expr(condition).sources;
                let before = self.test(&looked);
                self.block(body);
                self.tested = before;
                self.vars.truncate(depth);
                Flow::default()
            }
            ExprKind::For(pat, iter, body) => {
                let depth = self.vars.len();
                let flow = self.expr(iter);
                self.bind(pat, &flow);
                self.block(body);
                self.vars.truncate(depth);
                Flow::default()
            }
            ExprKind::Loop(body) => self.block(body),
            ExprKind::Closure(closure) => {
                let depth = self.vars.len();
                let given = std::mem::take(&mut self.given);
                closure.params.iter().for_each(|(pat, _)| self.bind(pat, &given));
                let flow = self.expr(&closure.body);
                self.given = given;
                self.vars.truncate(depth);
                flow
            }
            ExprKind::Return(value) | ExprKind::Break(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                Flow::default()
            }
            ExprKind::Tuple(parts) => {
                let parts = parts.iter().enumerate().map(|(at, part)| (at.to_string().into(), self.expr(part)));
                Flow::whole(parts.collect())
            }
            ExprKind::Array(parts) => Flow::made(self.all(parts)),
            ExprKind::Struct(_, fields, rest) => {
                let parts: Vec<_> = fields.iter().map(|field| (field.name.clone(), self.expr(&field.value))).collect();
                match rest {
                    Some(rest) => {
                        let rest = self.expr(rest).sources;
                        Flow::made(Flow::whole(parts).with(&rest).sources)
                    }
                    None => Flow::whole(parts),
                }
            }
            ExprKind::Range(from, to) => Flow::made(self.all([from, to].into_iter().flatten().map(AsRef::as_ref))),
            ExprKind::Macro(call) => {
                let sources = match &call.body {
                    MacroBody::Format { first, pieces, extra } => {
                        let mut sources = self.all(extra);
                        for piece in pieces {
                            if let FormatPiece::Hole { value, .. } = piece {
                                sources.add(&self.expr(value).sources);
                            }
                        }
                        if let Some(first) = first {
                            if call.path.rsplit("::").next().is_some_and(|name| name.starts_with("write"))
                                && let Some(name) = root(first)
                            {
                                self.grow(name, &sources);
                            }
                            sources.add(&self.expr(first).sources);
                        }
                        sources
                    }
                    MacroBody::List(all) | MacroBody::Opaque(all) => self.all(all),
                    MacroBody::Expanded(inner) => return self.expr(inner),
                };
                Flow::made(sources)
            }
        }
    }

    fn call(&mut self, callee: &Expr, args: &[Expr]) -> Flow {
        let mut whole = match &callee.kind {
            ExprKind::Path(_) => Sources::default(),
            _ => self.expr(callee).sources,
        };
        let given: Vec<(Span, Flow)> = args.iter().map(|arg| (arg.span, self.expr(arg))).collect();
        given.iter().for_each(|(_, arg)| whole.add(&arg.sources));
        let ExprKind::Path(path) = &callee.kind else { return Flow::made(whole) };
        if let Some(name) = path.as_ident() {
            // A closure or function in a variable.
            whole.add(&self.var(name).sources);
        }
        let Some(last) = path.last() else { return Flow::made(whole) };
        if let (true, [(_, only)]) = (matches!(last.name.as_str(), "Some" | "Ok" | "Json" | "Arc" | "from"), &given[..])
        {
            return only.clone();
        }
        self.filled(args, &whole);
        self.note(last.span, given, &whole);
        Flow::made(whole)
    }

    fn var(&self, name: &Name) -> Flow {
        self.vars.iter().rev().find(|(known, _)| known == name).map(|(_, flow)| flow.clone()).unwrap_or_default()
    }

    /// What a variable holds is made of these as well from here on.
    fn grow(&mut self, name: &Name, sources: &Sources) {
        if let Some((_, flow)) = self.vars.iter_mut().rev().find(|(known, _)| known == name) {
            *flow = std::mem::take(flow).with(sources);
        }
    }

    /// What is handed out as `&mut x` may have been filled from all the rest.
    fn filled(&mut self, args: &[Expr], sources: &Sources) {
        for arg in args {
            if let ExprKind::Ref(inner) = &arg.kind
                && arg.span.of(self.text).trim_start_matches('&').trim_start().starts_with("mut ")
                && let Some(name) = root(inner)
            {
                self.grow(name, sources);
            }
        }
    }

    fn test(&mut self, more: &Sources) -> Sources {
        let before = self.tested.clone();
        self.tested.add(more);
        before
    }

    fn note(&mut self, name: Span, args: Vec<(Span, Flow)>, whole: &Sources) {
        let call = Call { args, whole: whole.clone(), tested: self.tested.clone(), ambiguous: false };
        self.calls
            .entry(name)
            .and_modify(|known| {
                known.whole.add(&call.whole);
                known.tested.add(&call.tested);
                known.args.clear();
                known.ambiguous = true;
            })
            .or_insert(call);
    }
}

fn with_field(source: &Source, field: &str) -> Source {
    let mut source = source.clone();
    source.fields.push(field.into());
    source
}

/// The variable that an expression is a part or a view of.
fn root(expr: &Expr) -> Option<&Name> {
    match &expr.kind {
        ExprKind::Path(path) => path.as_ident(),
        ExprKind::Field(inner, _)
        | ExprKind::Index(inner, _)
        | ExprKind::Ref(inner)
        | ExprKind::Deref(inner)
        | ExprKind::Try(inner)
        | ExprKind::Await(inner) => root(inner),
        ExprKind::Method(call) => root(&call.receiver),
        _ => None,
    }
}

/// Methods without arguments that give the same thing in another form.
fn is_same(name: &str) -> bool {
    matches!(
        name,
        "clone"
            | "cloned"
            | "copied"
            | "as_ref"
            | "as_deref"
            | "as_str"
            | "as_mut"
            | "to_owned"
            | "to_string"
            | "into"
            | "into_inner"
            | "unwrap"
            | "borrow"
            | "deref"
            | "iter"
            | "into_iter"
            | "unwrap_or_default"
    )
}

/// Methods that put what they are given into their receiver.
fn changes(name: &str) -> bool {
    [
        "push",
        "insert",
        "extend",
        "append",
        "bind",
        "arg",
        "set",
        "add",
        "query_pairs",
        "update",
        "write",
        "and_where",
        "order",
        "limit",
        "offset",
        "filter",
        "entry",
        "get_or_insert",
        "replace",
        "retain",
        "truncate",
        "key",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

/// Whether a block leaves the function with something else than an error.
fn answers(block: &Block) -> bool {
    block.stmts.iter().any(|stmt| match stmt {
        Stmt::Expr { expr, .. } => match &expr.kind {
            ExprKind::Return(Some(value)) => !is_failure(value),
            ExprKind::If(_, then, _) => answers(then),
            _ => false,
        },
        _ => false,
    })
}

fn is_failure(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(callee, _) => {
            matches!(&callee.kind, ExprKind::Path(path) if path.last().is_some_and(|last| last.name == "Err"))
        }
        ExprKind::Method(call) => is_failure(&call.receiver),
        ExprKind::Try(inner) => is_failure(inner),
        _ => false,
    }
}
