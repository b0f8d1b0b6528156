//! The syntax around a place: the expressions, statements and functions that enclose it.
//!
//! What stands in a macro call is not looked into: its tokens may be written anywhere, or nowhere.

use crate::facts::walk::children;
use crate::facts::{Block, Expr, ExprKind, FileFacts, Function, Item, ItemKind, Stmt};
use crate::text::Span;

/// Something that encloses a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'a> {
    /// A function.
    Function(&'a Function),
    /// A block, and which of its statements it is.
    Stmt(&'a Block, usize),
    /// An expression.
    Expr(&'a Expr),
}

/// What encloses a place, outermost first.
#[derive(Debug, Clone)]
pub(super) struct Around<'a> {
    nodes: Vec<Node<'a>>,
}

/// A call with its arguments: `receiver.name(args)`, `Trait::name(receiver, args)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The call.
    pub(super) whole: &'a Expr,
    /// Arguments without the receiver.
    pub(super) args: &'a [Expr],
    /// The receiver.
    pub(super) receiver: &'a Expr,
}

impl<'a> Around<'a> {
    /// What encloses `place`, down to the innermost expression that covers it; `None` in a macro call or outside of
    /// functions.
    pub(super) fn of(facts: &'a FileFacts, place: Span) -> Option<Self> {
        let mut around = Self { nodes: Vec::new() };
        around.items(&facts.items, place);
        matches!(around.nodes.last(), Some(Node::Expr(expr)) if !matches!(expr.kind, ExprKind::Macro(_)))
            .then_some(around)
    }

    fn items(&mut self, items: &'a [Item], place: Span) {
        let Some(item) = items.iter().find(|item| item.full_span.contains(place)) else { return };
        match &item.kind {
            ItemKind::Mod { items, .. } => self.items(items.as_deref().unwrap_or_default(), place),
            ItemKind::Trait { functions, .. } | ItemKind::Impl { functions, .. } => {
                functions.iter().for_each(|function| self.function(function, place));
            }
            ItemKind::Function(function) => self.function(function, place),
            _ => {}
        }
    }

    fn function(&mut self, function: &'a Function, place: Span) {
        if let Some(body) = function.body.as_ref().filter(|body| body.span.contains(place)) {
            self.nodes.push(Node::Function(function));
            self.block(body, place);
        }
    }

    fn block(&mut self, block: &'a Block, place: Span) {
        for (at, stmt) in block.stmts.iter().enumerate() {
            match stmt {
                Stmt::Let { init, diverge, span, .. } if span.contains(place) => {
                    self.nodes.push(Node::Stmt(block, at));
                    if let Some(init) = init.as_ref().filter(|init| init.span.contains(place)) {
                        self.expr(init, place);
                    } else if let Some(diverge) = diverge.as_ref().filter(|block| block.span.contains(place)) {
                        self.block(diverge, place);
                    }
                    return;
                }
                Stmt::Expr { expr, .. } if expr.span.contains(place) => {
                    self.nodes.push(Node::Stmt(block, at));
                    return self.expr(expr, place);
                }
                Stmt::Item(item) if item.full_span.contains(place) => {
                    return self.items(std::slice::from_ref(item), place);
                }
                _ => {}
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr, place: Span) {
        self.nodes.push(Node::Expr(expr));
        let mut exprs = Vec::new();
        let mut blocks = Vec::new();
        children(expr, &mut exprs, &mut blocks);
        if let Some(inner) = exprs.into_iter().find(|inner| inner.span.contains(place)) {
            self.expr(inner, place);
        } else if let Some(inner) = blocks.into_iter().find(|inner| inner.span.contains(place)) {
            self.block(inner, place);
        }
    }

    /// The expressions from the innermost outwards.
    pub(super) fn exprs(&self) -> impl Iterator<Item = &'a Expr> {
        self.nodes.iter().rev().filter_map(|node| match node {
            Node::Expr(expr) => Some(*expr),
            _ => None,
        })
    }

    /// The innermost statement: its block and its number.
    pub(super) fn statement(&self) -> Option<(&'a Block, usize)> {
        self.nodes.iter().rev().find_map(|node| match node {
            Node::Stmt(block, at) => Some((*block, *at)),
            _ => None,
        })
    }

    /// The expressions between the innermost statement and the place, outermost first.
    pub(super) fn in_statement(&self) -> impl Iterator<Item = &'a Expr> {
        let from = self.nodes.iter().rposition(|node| matches!(node, Node::Stmt(..))).map_or(0, |at| at + 1);
        self.nodes.iter().skip(from).filter_map(|node| match node {
            Node::Expr(expr) => Some(*expr),
            _ => None,
        })
    }

    /// The innermost function.
    pub(super) fn function_around(&self) -> Option<&'a Function> {
        self.nodes.iter().rev().find_map(|node| match node {
            Node::Function(function) => Some(*function),
            _ => None,
        })
    }

    /// Whether `.await` may stand here.
    pub(super) fn is_async(&self) -> bool {
        self.nodes.iter().rev().find_map(|node| match node {
            Node::Function(function) => Some(function.is_async),
            Node::Expr(Expr { kind: ExprKind::Async(_), .. }) => Some(true),
            Node::Expr(Expr { kind: ExprKind::Closure(closure), .. }) => Some(closure.is_async),
            _ => None,
        }) == Some(true)
    }

    /// The call whose method or function name stands at the place.
    pub(super) fn call(&self, name: Span) -> Option<Call<'a>> {
        let mut exprs = self.exprs();
        let inner = exprs.next()?;
        match &inner.kind {
            ExprKind::Method(call) if call.name_span == name => {
                Some(Call { whole: inner, args: &call.args, receiver: &call.receiver })
            }
            ExprKind::Path(path) if path.segments.last().is_some_and(|last| last.span == name) => {
                let outer = exprs.next()?;
                let ExprKind::Call(callee, args) = &outer.kind else { return None };
                let (receiver, args) = args.split_first()?;
                (callee.span == inner.span).then_some(Call { whole: outer, args, receiver })
            }
            _ => None,
        }
    }
}

/// The span of a statement without its semicolon.
pub(super) fn stmt_span(stmt: &Stmt) -> Option<Span> {
    match stmt {
        Stmt::Let { span, .. } => Some(*span),
        Stmt::Expr { expr, .. } => Some(expr.span),
        Stmt::Item(_) => None,
    }
}

/// Whether the expression names something that is there already, so that it can be written twice or borrowed for long.
pub(super) fn is_place(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Path(_) => true,
        ExprKind::Field(inner, _) | ExprKind::Ref(inner) | ExprKind::Deref(inner) => is_place(inner),
        _ => false,
    }
}

/// Whether it is the bare word `None`.
pub(super) fn is_none(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Path(path) if path.segments.last().is_some_and(|last| last.name == "None"))
}
