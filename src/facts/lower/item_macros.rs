//! Macro calls where items may stand.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr as Syn, Token};

use super::attributes::demands_test;
use super::expand::parse_all;
use super::file::Lowerer;
use super::macros::{family, macro_name};
use super::unknown;
use crate::facts::{Block, Expr, ExprKind, Item, ItemKind, Stmt};

/// `static ref NAME: T = value;`
struct LazyStatic {
    attributes: Vec<syn::Attribute>,
    visibility: syn::Visibility,
    keyword: Token![static],
    ident: syn::Ident,
    ty: syn::Type,
    value: Syn,
}

impl Lowerer<'_> {
    pub(super) fn macro_item(&mut self, item: &syn::ItemMacro, out: &mut Vec<Item>) {
        let call = &item.mac;
        let name = macro_name(call);
        if item.ident.is_some() {
            // A `macro_rules!`: the table has those that are written in the file, others come out of an expansion.
            self.macros.define(item);
            return;
        }
        let expanded = self.expand_with(call, parse_all::<syn::Item>, |lowerer, items| {
            items.iter().for_each(|item| lowerer.item(item, out));
        });
        if expanded.is_some() {
            return;
        }
        match name.as_str() {
            "lazy_static" | "thread_local" => out.extend(self.lazy_statics(call)),
            "cfg_if" => {
                for branch in cfg_branches(call) {
                    self.cfg_branch(branch, out);
                }
            }
            _ if family(&name).is_some() => {}
            _ => {
                self.family_of(call, &name);
                // Macros that only wrap items, such as `pin_project!` or `cfg_feature!`.
                if let Ok(items) = parse_all::<syn::Item>.parse2(call.tokens.clone()) {
                    self.nested(0, |lowerer| items.iter().for_each(|item| lowerer.item(item, out)));
                }
            }
        }
    }

    /// The same among statements. `false` when the macro is none of these.
    pub(super) fn item_macro_stmt(&mut self, stmt: &syn::StmtMacro, out: &mut Vec<Stmt>) -> bool {
        let name = macro_name(&stmt.mac);
        if self.macros.is_defined(&name) {
            return false;
        }
        match name.as_str() {
            "lazy_static" | "thread_local" => {
                out.extend(self.lazy_statics(&stmt.mac).into_iter().map(|item| Stmt::Item(Box::new(item))));
            }
            "cfg_if" => {
                let expr = self.cfg_stmt(&stmt.mac);
                out.extend(expr.map(|expr| Stmt::Expr { expr, semi: true }));
            }
            _ => return false,
        }
        true
    }

    fn lazy_statics(&mut self, call: &syn::Macro) -> Vec<Item> {
        let statics = parse_lazy_statics.parse2(call.tokens.clone()).unwrap_or_default();
        let mut out = Vec::with_capacity(statics.len());
        for item in &statics {
            let head = self.head(&item.attributes, &item.visibility, item.keyword.span, item.ident.span());
            let value = self.expr(&item.value);
            let end = value.span;
            let kind = ItemKind::Constant { ty: self.ty(&item.ty), value: Some(value), is_static: true };
            let mut lowered = self.declare(&item.ident, head, kind);
            lowered.full_span = lowered.full_span.to(end);
            out.push(lowered);
        }
        out
    }

    /// The items of one branch of `cfg_if!`. All branches are declared: which one holds is not known here.
    fn cfg_branch(&mut self, branch: CfgBranch, out: &mut Vec<Item>) {
        let Ok(items) = parse_all::<syn::Item>.parse2(branch.body) else { return };
        let before = out.len();
        self.nested(0, |lowerer| items.iter().for_each(|item| lowerer.item(item, out)));
        if branch.test {
            out.iter_mut().skip(before).for_each(|item| item.attributes.cfg_test = true);
        }
    }

    /// `cfg_if!` among statements: branches under a condition that is not known.
    fn cfg_stmt(&mut self, call: &syn::Macro) -> Option<Expr> {
        let span = self.macro_span(call);
        let mut chain: Option<Expr> = None;
        for branch in cfg_branches(call).into_iter().rev() {
            if branch.test && self.options.drop_tests {
                continue;
            }
            let stmts = syn::Block::parse_within.parse2(branch.body).ok()?;
            let block =
                Block { stmts: self.nested(0, |lowerer| lowerer.stmts(&stmts)), span: self.spans.span(branch.span) };
            let kind = if branch.last {
                ExprKind::Block(block)
            } else {
                ExprKind::If(Box::new(unknown(block.span)), block, chain.take().map(Box::new))
            };
            chain = Some(Expr { span, kind });
        }
        chain
    }
}

fn parse_lazy_statics(input: ParseStream<'_>) -> syn::Result<Vec<LazyStatic>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let keyword = input.parse()?;
        input.parse::<Option<Token![ref]>>()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        input.parse::<Option<Token![;]>>()?;
        items.push(LazyStatic { attributes, visibility, keyword, ident, ty, value });
    }
    Ok(items)
}

/// A branch of `cfg_if!`.
struct CfgBranch {
    /// Its condition demands a test build.
    test: bool,
    /// It has no condition.
    last: bool,
    body: TokenStream,
    span: proc_macro2::Span,
}

fn cfg_branches(call: &syn::Macro) -> Vec<CfgBranch> {
    let parse = |input: ParseStream<'_>| {
        let mut branches = Vec::new();
        while !input.is_empty() {
            let last = !input.peek(Token![if]);
            let mut test = false;
            if !last {
                input.parse::<Token![if]>()?;
                let conditions = input.call(syn::Attribute::parse_outer)?;
                test = conditions.iter().any(|condition| match &condition.meta {
                    syn::Meta::List(list) => demands_test(list.tokens.clone()),
                    _ => false,
                });
            }
            let body: proc_macro2::Group = input.parse()?;
            branches.push(CfgBranch { test, last, body: body.stream(), span: body.span() });
            input.parse::<Option<Token![else]>>()?;
        }
        Ok(branches)
    };
    parse.parse2(call.tokens.clone()).unwrap_or_default()
}
