//! Expressions, blocks and statements.

use syn::spanned::Spanned as _;
use syn::{Expr as Syn, Stmt as SynStmt, UnOp};

use super::file::Lowerer;
use super::literals::literal;
use super::patterns::member;
use super::{name, unknown};
use crate::facts::{Arm, Block, Closure, Expr, ExprKind, FieldInit, MethodCall, Stmt};
use crate::text::Span;

impl Lowerer<'_> {
    /// Spans are put together from those of the parts on the way up: asking `syn` for them at every level would copy
    /// all tokens of the expression each time.
    pub(super) fn expr(&mut self, expr: &Syn) -> Expr {
        match expr {
            Syn::Paren(paren) => {
                let inner = self.expr(&paren.expr);
                Expr { span: inner.span.to(self.delimiters(&paren.paren_token.span)), kind: inner.kind }
            }
            Syn::Group(group) => self.expr(&group.expr),
            Syn::MethodCall(call) => self.method_call(call),
            Syn::Call(call) => {
                let callee = self.expr(&call.func);
                let args = self.exprs(call.args.iter());
                let span = callee.span.to(self.delimiters(&call.paren_token.span));
                Expr { span, kind: ExprKind::Call(Box::new(callee), args) }
            }
            Syn::Path(path) => {
                let path = self.qualified_path(path.qself.as_ref(), &path.path);
                Expr { span: path.span, kind: ExprKind::Path(path) }
            }
            Syn::Lit(lit) => Expr {
                span: self.spans.span(lit.lit.span()),
                kind: literal(&lit.lit).map_or(ExprKind::Unknown, ExprKind::Lit),
            },
            Syn::Macro(call) => self.macro_expr(&call.mac),
            Syn::Block(_) | Syn::Unsafe(_) | Syn::Const(_) | Syn::TryBlock(_) | Syn::Async(_) => self.block_expr(expr),
            Syn::If(_) | Syn::Match(_) | Syn::While(_) | Syn::ForLoop(_) | Syn::Loop(_) => self.branch(expr),
            Syn::Return(_) | Syn::Break(_) | Syn::Continue(_) => self.jump(expr),
            Syn::Closure(closure) => self.closure(closure),
            Syn::Struct(fields) => self.struct_expr(fields),
            _ => self.operator(expr),
        }
    }

    pub(super) fn exprs<'e>(&mut self, exprs: impl Iterator<Item = &'e Syn>) -> Vec<Expr> {
        let mut out = Vec::with_capacity(exprs.size_hint().0);
        for expr in exprs {
            if !self.is_dropped(outer_attributes(expr)) {
                out.push(self.expr(expr));
            }
        }
        out
    }

    fn boxed(&mut self, expr: &Syn) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn delimiters(&self, span: &proc_macro2::extra::DelimSpan) -> Span {
        self.spans.span(span.open()).to(self.spans.span(span.close()))
    }

    fn method_call(&mut self, call: &syn::ExprMethodCall) -> Expr {
        let receiver = self.expr(&call.receiver);
        let span = receiver.span.to(self.delimiters(&call.paren_token.span));
        let call = MethodCall {
            receiver,
            name: name(&call.method),
            name_span: self.spans.span(call.method.span()),
            turbofish: self.turbofish(call.turbofish.as_ref()),
            args: self.exprs(call.args.iter()),
        };
        Expr { span: span.to(call.name_span), kind: ExprKind::Method(Box::new(call)) }
    }

    fn operator(&mut self, expr: &Syn) -> Expr {
        match expr {
            Syn::Field(field) => {
                let base = self.expr(&field.base);
                let span = base.span.to(self.spans.span(field.member.span()));
                Expr { span, kind: ExprKind::Field(Box::new(base), member(&field.member)) }
            }
            Syn::Index(index) => {
                let base = self.expr(&index.expr);
                let span = base.span.to(self.delimiters(&index.bracket_token.span));
                Expr { span, kind: ExprKind::Index(Box::new(base), self.boxed(&index.index)) }
            }
            Syn::Await(wait) => {
                let base = self.expr(&wait.base);
                let span = base.span.to(self.spans.span(wait.await_token.span));
                Expr { span, kind: ExprKind::Await(Box::new(base)) }
            }
            Syn::Try(question) => {
                let base = self.expr(&question.expr);
                let span = base.span.to(self.spans.span(question.question_token.spans[0]));
                Expr { span, kind: ExprKind::Try(Box::new(base)) }
            }
            Syn::Reference(reference) => {
                let inner = self.expr(&reference.expr);
                let span = self.spans.span(reference.and_token.spans[0]).to(inner.span);
                Expr { span, kind: ExprKind::Ref(Box::new(inner)) }
            }
            Syn::RawAddr(address) => {
                let inner = self.expr(&address.expr);
                let span = self.spans.span(address.and_token.spans[0]).to(inner.span);
                Expr { span, kind: ExprKind::Ref(Box::new(inner)) }
            }
            Syn::Unary(unary) => {
                let inner = self.expr(&unary.expr);
                let span = self.spans.span(unary.op.span()).to(inner.span);
                let inner = Box::new(inner);
                let kind = match unary.op {
                    UnOp::Deref(_) => ExprKind::Deref(inner),
                    UnOp::Not(_) => ExprKind::Not(inner),
                    UnOp::Neg(_) => ExprKind::Neg(inner),
                    _ => ExprKind::Unknown,
                };
                Expr { span, kind }
            }
            Syn::Cast(cast) => {
                let inner = self.expr(&cast.expr);
                let span = inner.span.to(self.spans.span(cast.ty.span()));
                Expr { span, kind: ExprKind::Cast(Box::new(inner), self.ty(&cast.ty)) }
            }
            Syn::Binary(binary) => {
                let left = self.boxed(&binary.left);
                let right = self.boxed(&binary.right);
                let span = left.span.to(right.span);
                let (operator, assigns) = operator(&binary.op);
                let operator = smol_str::SmolStr::new_static(operator);
                let kind = if assigns {
                    ExprKind::Assign(operator, left, right)
                } else {
                    ExprKind::Binary(operator, left, right)
                };
                Expr { span, kind }
            }
            Syn::Assign(assign) => {
                let left = self.boxed(&assign.left);
                let right = self.boxed(&assign.right);
                let span = left.span.to(right.span);
                Expr { span, kind: ExprKind::Assign(smol_str::SmolStr::new_static("="), left, right) }
            }
            Syn::Let(condition) => {
                let pat = self.pat(&condition.pat);
                let value = self.boxed(&condition.expr);
                let span = self.spans.span(condition.let_token.span).to(value.span);
                Expr { span, kind: ExprKind::Let(Box::new(pat), value) }
            }
            _ => self.compound(expr),
        }
    }

    /// Tuples, arrays, ranges, and what the model has no form for.
    fn compound(&mut self, expr: &Syn) -> Expr {
        match expr {
            Syn::Tuple(tuple) => Expr {
                span: self.delimiters(&tuple.paren_token.span),
                kind: ExprKind::Tuple(self.exprs(tuple.elems.iter())),
            },
            Syn::Array(array) => Expr {
                span: self.delimiters(&array.bracket_token.span),
                kind: ExprKind::Array(self.exprs(array.elems.iter())),
            },
            Syn::Repeat(repeat) => Expr {
                span: self.delimiters(&repeat.bracket_token.span),
                kind: ExprKind::Repeat(self.boxed(&repeat.expr), self.boxed(&repeat.len)),
            },
            Syn::Range(range) => {
                let mut span = self.spans.span(range.limits.span());
                let start = range.start.as_ref().map(|start| self.boxed(start));
                let end = range.end.as_ref().map(|end| self.boxed(end));
                for part in start.iter().chain(&end) {
                    span = span.to(part.span);
                }
                Expr { span, kind: ExprKind::Range(start, end) }
            }
            other => unknown(self.spans.span(other.span())),
        }
    }

    fn block_expr(&mut self, expr: &Syn) -> Expr {
        let (start, block, is_async) = match expr {
            Syn::Block(block) => (None, &block.block, false),
            Syn::Unsafe(block) => (Some(block.unsafe_token.span), &block.block, false),
            Syn::Const(block) => (Some(block.const_token.span), &block.block, false),
            Syn::TryBlock(block) => (Some(block.try_token.span), &block.block, false),
            Syn::Async(block) => (Some(block.async_token.span), &block.block, true),
            other => return unknown(self.spans.span(other.span())),
        };
        let block = self.block(block);
        let span = start.map_or(block.span, |start| self.spans.span(start).to(block.span));
        Expr { span, kind: if is_async { ExprKind::Async(block) } else { ExprKind::Block(block) } }
    }

    fn branch(&mut self, expr: &Syn) -> Expr {
        match expr {
            Syn::If(branch) => {
                let cond = self.boxed(&branch.cond);
                let then = self.block(&branch.then_branch);
                let otherwise = branch.else_branch.as_ref().map(|(_, otherwise)| self.boxed(otherwise));
                let mut span = self.spans.span(branch.if_token.span).to(then.span);
                if let Some(otherwise) = &otherwise {
                    span = span.to(otherwise.span);
                }
                Expr { span, kind: ExprKind::If(cond, then, otherwise) }
            }
            Syn::Match(branch) => {
                let scrutinee = self.boxed(&branch.expr);
                let arms = branch.arms.iter().filter(|arm| !self.is_dropped(&arm.attrs)).collect::<Vec<_>>();
                let arms = arms.into_iter().map(|arm| self.arm(arm)).collect();
                let span =
                    self.spans.span(branch.match_token.span).to(self.spans.span(branch.brace_token.span.close()));
                Expr { span, kind: ExprKind::Match(scrutinee, arms) }
            }
            Syn::While(branch) => {
                let cond = self.boxed(&branch.cond);
                let body = self.block(&branch.body);
                let span = self.spans.span(branch.while_token.span).to(body.span);
                Expr { span, kind: ExprKind::While(cond, body) }
            }
            Syn::ForLoop(branch) => {
                let pat = Box::new(self.pat(&branch.pat));
                let iterated = self.boxed(&branch.expr);
                let body = self.block(&branch.body);
                let span = self.spans.span(branch.for_token.span).to(body.span);
                Expr { span, kind: ExprKind::For(pat, iterated, body) }
            }
            Syn::Loop(branch) => {
                let body = self.block(&branch.body);
                Expr { span: self.spans.span(branch.loop_token.span).to(body.span), kind: ExprKind::Loop(body) }
            }
            other => unknown(self.spans.span(other.span())),
        }
    }

    fn arm(&mut self, arm: &syn::Arm) -> Arm {
        let (pat, guard) = match &arm.pat {
            syn::Pat::Guard(guarded) => (self.pat(&guarded.pat), Some(self.expr(&guarded.guard))),
            pat => (self.pat(pat), None),
        };
        Arm { pat, on: None, guard, body: self.expr(&arm.body) }
    }

    fn jump(&mut self, expr: &Syn) -> Expr {
        let (mut span, value) = match expr {
            Syn::Return(jump) => (self.spans.span(jump.return_token.span), jump.expr.as_deref()),
            Syn::Break(jump) => (self.spans.span(jump.break_token.span), jump.expr.as_deref()),
            Syn::Continue(jump) => {
                return Expr { span: self.spans.span(jump.continue_token.span), kind: ExprKind::Continue };
            }
            other => return unknown(self.spans.span(other.span())),
        };
        let value = value.map(|value| self.boxed(value));
        if let Some(value) = &value {
            span = span.to(value.span);
        }
        let kind = if matches!(expr, Syn::Return(_)) { ExprKind::Return(value) } else { ExprKind::Break(value) };
        Expr { span, kind }
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> Expr {
        let params = closure
            .inputs
            .iter()
            .map(|pat| match pat {
                syn::Pat::Type(typed) => (self.pat(&typed.pat), Some(self.ty(&typed.ty))),
                pat => (self.pat(pat), None),
            })
            .collect();
        let body = self.expr(&closure.body);
        let first = closure.asyncness.map(|token| token.span).or(closure.capture.map(|token| token.span));
        let span = self.spans.span(first.unwrap_or(closure.inputs_begin.spans[0])).to(body.span);
        Expr {
            span,
            kind: ExprKind::Closure(Box::new(Closure { params, body, is_async: closure.asyncness.is_some() })),
        }
    }

    fn struct_expr(&mut self, fields: &syn::ExprStruct) -> Expr {
        let path = self.qualified_path(fields.qself.as_ref(), &fields.path);
        let span = path.span.to(self.delimiters(&fields.brace_token.span));
        let mut inits = Vec::with_capacity(fields.fields.len());
        for field in &fields.fields {
            if !self.is_dropped(&field.attrs) {
                inits.push(FieldInit { name: member(&field.member), value: self.expr(&field.expr) });
            }
        }
        let rest = fields.rest.as_ref().map(|rest| self.boxed(rest));
        Expr { span, kind: ExprKind::Struct(path, inits, rest) }
    }

    pub(super) fn block(&mut self, block: &syn::Block) -> Block {
        let span = self.delimiters(&block.brace_token.span);
        Block { stmts: self.stmts(&block.stmts), span }
    }

    pub(super) fn stmts(&mut self, stmts: &[SynStmt]) -> Vec<Stmt> {
        let mut out = Vec::with_capacity(stmts.len());
        for stmt in stmts {
            match stmt {
                SynStmt::Local(local) if !self.is_dropped(&local.attrs) => out.push(self.local(local)),
                SynStmt::Expr(expr, semi) if !self.is_dropped(outer_attributes(expr)) => {
                    out.push(Stmt::Expr { expr: self.expr(expr), semi: semi.is_some() });
                }
                SynStmt::Macro(call) if !self.is_dropped(&call.attrs) => self.macro_stmt(call, &mut out),
                SynStmt::Item(item) => {
                    let mut items = Vec::new();
                    self.item(item, &mut items);
                    items.retain(|item| !(self.options.drop_tests && item.attributes.cfg_test));
                    out.extend(items.into_iter().map(|item| Stmt::Item(Box::new(item))));
                }
                _ => {}
            }
        }
        out
    }

    fn local(&mut self, local: &syn::Local) -> Stmt {
        let (pat, ty) = match &local.pat {
            syn::Pat::Type(typed) => (self.pat(&typed.pat), Some(self.ty(&typed.ty))),
            pat => (self.pat(pat), None),
        };
        let init = local.init.as_ref().map(|init| self.expr(&init.expr));
        let diverge = local.init.as_ref().and_then(|init| init.diverge.as_ref()).map(|(_, diverge)| {
            let diverge = self.expr(diverge);
            match diverge.kind {
                ExprKind::Block(block) => block,
                _ => {
                    let span = diverge.span;
                    Block { stmts: vec![Stmt::Expr { expr: diverge, semi: false }], span }
                }
            }
        });
        let span = self.spans.span(local.let_token.span).to(self.spans.span(local.semi_token.spans[0]));
        Stmt::Let { pat, ty, init, diverge, span }
    }
}

/// The attributes in front of an expression, where they can decide whether it is compiled.
fn outer_attributes(expr: &Syn) -> &[syn::Attribute] {
    match expr {
        Syn::MethodCall(expr) => &expr.attrs,
        Syn::Call(expr) => &expr.attrs,
        Syn::Macro(expr) => &expr.attrs,
        Syn::Block(expr) => &expr.attrs,
        Syn::If(expr) => &expr.attrs,
        Syn::Match(expr) => &expr.attrs,
        Syn::ForLoop(expr) => &expr.attrs,
        Syn::While(expr) => &expr.attrs,
        Syn::Await(expr) => &expr.attrs,
        Syn::Try(expr) => &expr.attrs,
        // Attributes in front of a statement end up at the leftmost operand.
        Syn::Assign(expr) => outer_attributes(&expr.left),
        Syn::Binary(expr) => outer_attributes(&expr.left),
        Syn::Cast(expr) => outer_attributes(&expr.expr),
        Syn::Return(expr) => &expr.attrs,
        Syn::Path(expr) => &expr.attrs,
        Syn::Lit(expr) => &expr.attrs,
        Syn::Struct(expr) => &expr.attrs,
        Syn::Tuple(expr) => &expr.attrs,
        _ => &[],
    }
}

/// The operator as written, and whether it assigns.
fn operator(operator: &syn::BinOp) -> (&'static str, bool) {
    use syn::BinOp as B;
    match operator {
        B::Add(_) => ("+", false),
        B::Sub(_) => ("-", false),
        B::Mul(_) => ("*", false),
        B::Div(_) => ("/", false),
        B::Rem(_) => ("%", false),
        B::And(_) => ("&&", false),
        B::Or(_) => ("||", false),
        B::BitXor(_) => ("^", false),
        B::BitAnd(_) => ("&", false),
        B::BitOr(_) => ("|", false),
        B::Shl(_) => ("<<", false),
        B::Shr(_) => (">>", false),
        B::Eq(_) => ("==", false),
        B::Lt(_) => ("<", false),
        B::Le(_) => ("<=", false),
        B::Ne(_) => ("!=", false),
        B::Ge(_) => (">=", false),
        B::Gt(_) => (">", false),
        B::AddAssign(_) => ("+=", true),
        B::SubAssign(_) => ("-=", true),
        B::MulAssign(_) => ("*=", true),
        B::DivAssign(_) => ("/=", true),
        B::RemAssign(_) => ("%=", true),
        B::BitXorAssign(_) => ("^=", true),
        B::BitAndAssign(_) => ("&=", true),
        B::BitOrAssign(_) => ("|=", true),
        B::ShlAssign(_) => ("<<=", true),
        B::ShrAssign(_) => (">>=", true),
        _ => ("?", false),
    }
}
