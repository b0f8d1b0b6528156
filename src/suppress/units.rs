//! The spans that a comment on a line of its own can be for: items, statements, arms of a `match`, fields.

use crate::facts::{Block, Expr, ExprKind, FileFacts, FormatPiece, Function, Item, ItemKind, MacroBody, Stmt};
use crate::text::Span;

/// The spans of one file.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// Everything that a comment can be for, in no order.
    pub(super) spans: Vec<Span>,
    /// Items that are test code.
    pub(super) tests: Vec<Span>,
}

impl Units {
    /// Collects them. Recurses with the nesting of the code.
    pub(super) fn of(facts: &FileFacts) -> Self {
        let mut units = Self::default();
        units.items(&facts.items);
        units
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        self.spans.push(item.full_span);
        if item.attributes.cfg_test || item.attributes.is_test {
            self.tests.push(item.full_span);
        }
        match &item.kind {
            ItemKind::Mod { items, .. } => self.items(items.as_deref().unwrap_or_default()),
            ItemKind::Struct { fields, .. } => self.spans.extend(fields.iter().map(|field| field.span)),
            ItemKind::Enum { variants, .. } => {
                for variant in variants {
                    self.spans.push(variant.span);
                    self.spans.extend(variant.fields.iter().map(|field| field.span));
                }
            }
            ItemKind::Trait { functions, constants, .. } | ItemKind::Impl { functions, constants, .. } => {
                functions.iter().for_each(|function| self.function(function));
                self.items(constants);
            }
            ItemKind::Function(function) => self.function(function),
            ItemKind::Constant { value, .. } => self.maybe(value.as_ref()),
            ItemKind::Use(_) | ItemKind::ExternCrate(_) | ItemKind::Alias { .. } => {}
        }
    }

    fn function(&mut self, function: &Function) {
        self.spans.push(function.full_span);
        if function.attributes.cfg_test || function.attributes.is_test {
            self.tests.push(function.full_span);
        }
        if let Some(body) = &function.body {
            self.block(body);
        }
    }

    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Let { init, diverge, span, .. } => {
                    self.spans.push(*span);
                    self.maybe(init.as_ref());
                    if let Some(diverge) = diverge {
                        self.block(diverge);
                    }
                }
                Stmt::Expr { expr, .. } => {
                    self.spans.push(expr.span);
                    self.expr(expr);
                }
                Stmt::Item(item) => self.item(item),
            }
        }
    }

    fn maybe(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn all(&mut self, exprs: &[Expr]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Path(_) | ExprKind::Lit(_) | ExprKind::Continue | ExprKind::Unknown => {}
            ExprKind::Call(callee, args) => {
                self.expr(callee);
                self.all(args);
            }
            ExprKind::Method(call) => {
                self.expr(&call.receiver);
                self.all(&call.args);
            }
            ExprKind::Field(inner, _)
            | ExprKind::Ref(inner)
            | ExprKind::Deref(inner)
            | ExprKind::Not(inner)
            | ExprKind::Neg(inner)
            | ExprKind::Cast(inner, _)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner)
            | ExprKind::Let(_, inner) => self.expr(inner),
            ExprKind::Index(one, other)
            | ExprKind::Binary(_, one, other)
            | ExprKind::Assign(_, one, other)
            | ExprKind::Repeat(one, other) => {
                self.expr(one);
                self.expr(other);
            }
            ExprKind::Block(block) | ExprKind::Async(block) | ExprKind::Loop(block) => self.block(block),
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition);
                self.block(then);
                self.maybe(otherwise.as_deref());
            }
            ExprKind::Match(scrutinee, arms) => {
                self.expr(scrutinee);
                for arm in arms {
                    self.spans.push(arm.pat.span.to(arm.body.span));
                    self.maybe(arm.on.as_ref());
                    self.maybe(arm.guard.as_ref());
                    self.expr(&arm.body);
                }
            }
            ExprKind::While(head, body) | ExprKind::For(_, head, body) => {
                self.expr(head);
                self.block(body);
            }
            ExprKind::Closure(closure) => self.expr(&closure.body),
            ExprKind::Return(value) | ExprKind::Break(value) => self.maybe(value.as_deref()),
            ExprKind::Tuple(parts) | ExprKind::Array(parts) => self.all(parts),
            ExprKind::Struct(_, fields, rest) => {
                for field in fields {
                    self.spans.push(field.value.span);
                    self.expr(&field.value);
                }
                self.maybe(rest.as_deref());
            }
            ExprKind::Range(from, to) => {
                self.maybe(from.as_deref());
                self.maybe(to.as_deref());
            }
            ExprKind::Macro(call) => self.macro_body(&call.body),
        }
    }

    fn macro_body(&mut self, body: &MacroBody) {
        match body {
            MacroBody::Format { first, pieces, extra } => {
                self.maybe(first.as_ref());
                for piece in pieces {
                    if let FormatPiece::Hole { value, .. } = piece {
                        self.expr(value);
                    }
                }
                self.all(extra);
            }
            MacroBody::List(exprs) | MacroBody::Opaque(exprs) => self.all(exprs),
            // Its places are those of the definition, or of the call as a whole.
            MacroBody::Expanded(_) => {}
        }
    }
}
