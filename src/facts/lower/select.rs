//! `select!` of tokio, futures and crossbeam, as a match whose arms wait for something each.

use syn::parse::{ParseStream, Parser as _};
use syn::{Expr as Syn, Token};

use super::file::Lowerer;
use crate::facts::{Arm, Expr, ExprKind, Pat, PatKind};

/// `pat = future, if guard => body`
struct Branch {
    pat: Option<syn::Pat>,
    on: Option<Syn>,
    guard: Option<Syn>,
    body: Syn,
}

impl Lowerer<'_> {
    /// `None` when the tokens have another shape.
    pub(super) fn select(&mut self, call: &syn::Macro) -> Option<ExprKind> {
        let branches = parse_branches.parse2(call.tokens.clone()).ok()?;
        let span = self.macro_span(call);
        let mut arms = Vec::with_capacity(branches.len());
        for branch in &branches {
            let body = self.expr(&branch.body);
            let pat = match &branch.pat {
                Some(pat) => self.pat(pat),
                None => Pat { span: body.span, kind: PatKind::Wild },
            };
            let on = branch.on.as_ref().map(|on| self.expr(on));
            let guard = branch.guard.as_ref().map(|guard| self.expr(guard));
            arms.push(Arm { pat, on, guard, body });
        }
        Some(ExprKind::Match(Box::new(Expr { span, kind: ExprKind::Tuple(Vec::new()) }), arms))
    }
}

fn parse_branches(input: ParseStream<'_>) -> syn::Result<Vec<Branch>> {
    let mut branches = Vec::new();
    if input.peek(syn::Ident) && input.peek2(Token![;]) {
        // `biased;`
        input.parse::<syn::Ident>()?;
        input.parse::<Token![;]>()?;
    }
    while !input.is_empty() {
        let mut branch = parse_head(input)?;
        input.parse::<Token![=>]>()?;
        branch.body = Syn::parse_with_earlier_boundary_rule(input)?;
        input.parse::<Option<Token![,]>>()?;
        branches.push(branch);
    }
    Ok(branches)
}

/// What stands in front of `=>`.
fn parse_head(input: ParseStream<'_>) -> syn::Result<Branch> {
    let mut branch = Branch { pat: None, on: None, guard: None, body: Syn::Verbatim(proc_macro2::TokenStream::new()) };
    if input.peek(Token![else]) {
        input.parse::<Token![else]>()?;
        return Ok(branch);
    }
    if input.peek(syn::Ident) && input.peek2(Token![=>]) {
        // `complete` and `default` of futures.
        input.parse::<syn::Ident>()?;
        return Ok(branch);
    }
    if input.peek(syn::Ident) && input.peek2(syn::token::Paren) {
        // `recv(r) -> msg`, `send(s, v) -> res`, `default(timeout)` of crossbeam. A pattern can start like this too.
        let ahead = input.fork();
        let is_channel = ahead.parse::<Syn>().is_ok() && (ahead.peek(Token![->]) || ahead.peek(Token![=>]));
        if is_channel {
            branch.on = Some(input.parse()?);
            if input.peek(Token![->]) {
                input.parse::<Token![->]>()?;
                branch.pat = Some(syn::Pat::parse_multi_with_leading_vert(input)?);
            }
            return Ok(branch);
        }
    }
    branch.pat = Some(syn::Pat::parse_multi_with_leading_vert(input)?);
    input.parse::<Token![=]>()?;
    branch.on = Some(input.parse()?);
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
        input.parse::<Token![if]>()?;
        branch.guard = Some(input.parse()?);
    }
    Ok(branch)
}
