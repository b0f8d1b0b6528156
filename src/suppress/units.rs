//! The spans that a comment on a line of its own can be for: items, statements, arms of a `match`, fields.

use crate::facts::walk::{children, in_macro};
use crate::facts::{Block, Expr, ExprKind, FileFacts, Function, Item, ItemKind, Stmt};
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

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Match(_, arms) => self.spans.extend(arms.iter().map(|arm| arm.pat.span.to(arm.body.span))),
            ExprKind::Struct(_, fields, _) => self.spans.extend(fields.iter().map(|field| field.value.span)),
            _ => {}
        }
        let (mut exprs, mut blocks) = (Vec::new(), Vec::new());
        children(expr, &mut exprs, &mut blocks);
        in_macro(expr, &mut exprs);
        exprs.into_iter().for_each(|inner| self.expr(inner));
        blocks.into_iter().for_each(|inner| self.block(inner));
    }
}
