//! Macro calls in expressions and statements: which family, and what stands in it.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Expr as Syn, Token};

use super::expand::Expansion;
use super::file::Lowerer;
use super::formatting::Leading;
use super::name;
use super::tokens::{join_path, split};
use crate::facts::expr::MacroBody;
use crate::facts::{Block, Expr, ExprKind, Literal, MacroCall, Stmt};
use crate::text::Span;

/// Macros whose arguments have a known shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A format string with what goes before it.
    Format(Leading),
    /// Log and trace macros.
    Log,
    /// Comma-separated expressions.
    List,
    /// An expression, then a pattern.
    Matches,
    /// Futures raced against each other.
    Select,
    /// Values inside JSON syntax.
    Json,
    /// Statements.
    Body,
    /// Tokens that are not run here: quoted code, assembly.
    Inert,
}

/// The family that a macro name stands for when nothing in the workspace defines it.
pub(super) fn family(name: &str) -> Option<Family> {
    Some(match name {
        "format" | "print" | "println" | "eprint" | "eprintln" | "panic" | "todo" | "unimplemented" | "unreachable"
        | "format_args" | "anyhow" | "bail" | "eyre" | "format_err" | "miette" | "whatever" | "format_compact"
        | "format_smolstr" | "const_format" | "formatcp" => Family::Format(Leading::None),
        "write" | "writeln" | "assert" | "debug_assert" | "ensure" => Family::Format(Leading::One),
        "trace" | "debug" | "info" | "warn" | "error" | "log" | "event" | "span" | "trace_span" | "debug_span"
        | "info_span" | "warn_span" | "error_span" => Family::Log,
        "vec" | "concat" | "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" | "join" | "try_join"
        | "resp_array" | "query" | "query_as" | "query_scalar" | "query_file" | "query_file_as" | "hashmap"
        | "btreemap" | "hashset" | "btreeset" | "indexmap" | "dbg" | "env" | "option_env" | "include_str"
        | "include_bytes" | "include" | "cmd" | "counter" | "gauge" | "histogram" | "smallvec" | "arrayvec" | "pin"
        | "ready" | "try" | "line" | "column" | "file" | "module_path" | "cfg" | "addr_of" | "addr_of_mut"
        | "offset_of" | "thread_local" | "lazy_static" | "compile_error" | "pin_mut" => Family::List,
        "matches" | "assert_matches" | "debug_assert_matches" => Family::Matches,
        "select" | "select_biased" => Family::Select,
        "json" => Family::Json,
        "stream" | "try_stream" => Family::Body,
        "stringify"
        | "quote"
        | "quote_spanned"
        | "parse_quote"
        | "parse_quote_spanned"
        | "asm"
        | "global_asm"
        | "concat_idents" => Family::Inert,
        _ => return None,
    })
}

impl Lowerer<'_> {
    pub(super) fn macro_expr(&mut self, call: &syn::Macro) -> Expr {
        let span = self.macro_span(call);
        if let Some(expr) = self.expanded_expr(call, span) {
            return expr;
        }
        let path = join_path(&call.path);
        let last = path.rsplit("::").next().unwrap_or("");
        let family = self.family_of(call, last);
        if family == Some(Family::Select)
            && let Some(kind) = self.select(call)
        {
            return Expr { span, kind };
        }
        let body = self.macro_body(family, call, last);
        self.wrap(call, path, body)
    }

    /// The family, by the name; remembers names that are not known, or only assumed to be known.
    pub(super) fn family_of(&mut self, call: &syn::Macro, last: &str) -> Option<Family> {
        let family = family(last);
        let plain = call.path.segments.len() == 1;
        let last = smol_str::SmolStr::new(last);
        match family {
            None if !self.macros.is_defined(&last) => drop(self.unresolved.insert(last)),
            Some(_) if plain && !self.imported.contains(&last) => drop(self.assumed.insert(last)),
            _ => {}
        }
        family
    }

    fn wrap(&self, call: &syn::Macro, path: String, body: MacroBody) -> Expr {
        let name_span = self.spans.span(call_name_span(call));
        Expr { span: self.macro_span(call), kind: ExprKind::Macro(Box::new(MacroCall { path, name_span, body })) }
    }

    /// The whole call, delimiters included.
    pub(super) fn macro_span(&self, call: &syn::Macro) -> Span {
        self.spans.span(call.path.span()).to(self.spans.span(call.delimiter.span().close()))
    }

    fn macro_body(&mut self, family: Option<Family>, call: &syn::Macro, last: &str) -> MacroBody {
        let tokens = call.tokens.clone();
        let known = match family {
            Some(Family::Format(leading)) => self.format_call(leading, tokens.clone()),
            Some(Family::Log) => self.log_call(tokens.clone()),
            Some(Family::Matches) => self.matches_call(tokens.clone()),
            Some(Family::Json) => {
                let mut values = Vec::new();
                self.json(tokens.clone(), &mut values);
                Some(MacroBody::Opaque(values))
            }
            Some(Family::Inert) if last == "stringify" => {
                let text = ExprKind::Lit(Literal::Str(tokens.to_string()));
                Some(MacroBody::List(vec![Expr { span: self.macro_span(call), kind: text }]))
            }
            Some(Family::Inert) => Some(MacroBody::Opaque(Vec::new())),
            Some(Family::Body) => self.statements(call).map(|body| MacroBody::Opaque(vec![body])),
            Some(Family::List | Family::Select) | None => None,
        };
        known.or_else(|| self.list(call)).unwrap_or_else(|| MacroBody::Opaque(self.salvage(call)))
    }

    /// Expressions between `,`, `;` or `=>`, if nothing else stands there.
    fn list(&mut self, call: &syn::Macro) -> Option<MacroBody> {
        let list = parse_list.parse2(call.tokens.clone()).ok()?;
        if let ([element, length], true) = (list.exprs.as_slice(), list.repeat)
            && matches!(call.delimiter, syn::MacroDelimiter::Bracket(_))
        {
            let kind = ExprKind::Repeat(Box::new(self.expr(element)), Box::new(self.expr(length)));
            return Some(MacroBody::List(vec![Expr { span: self.macro_span(call), kind }]));
        }
        Some(MacroBody::List(self.exprs(list.exprs.iter())))
    }

    /// `matches!(value, pattern)`: the value.
    fn matches_call(&mut self, tokens: TokenStream) -> Option<MacroBody> {
        let head = |input: ParseStream<'_>| {
            let value: Syn = input.parse()?;
            input.parse::<Token![,]>()?;
            input.parse::<TokenStream>()?;
            Ok(value)
        };
        let value = head.parse2(tokens).ok()?;
        Some(MacroBody::List(vec![self.expr(&value)]))
    }

    /// What can be had of tokens that are no list: statements, else every part that is an expression.
    fn salvage(&mut self, call: &syn::Macro) -> Vec<Expr> {
        if let Some(body) = self.statements(call) {
            return vec![body];
        }
        let parts = split(call.tokens.clone(), &[",", ";", "=>"]);
        parts.into_iter().filter_map(|part| self.parse_expr(part)).collect()
    }

    /// The tokens of a call as a block of statements.
    fn statements(&mut self, call: &syn::Macro) -> Option<Expr> {
        let stmts = syn::Block::parse_within.parse2(call.tokens.clone()).ok()?;
        let span = self.macro_span(call);
        let block = Block { stmts: self.stmts(&stmts), span };
        Some(Expr { span, kind: ExprKind::Block(block) })
    }

    /// The values in the syntax of `json!`.
    fn json(&mut self, tokens: TokenStream, out: &mut Vec<Expr>) {
        let mut trees = tokens.clone().into_iter();
        if let (Some(TokenTree::Group(group)), None) = (trees.next(), trees.next()) {
            match group.delimiter() {
                proc_macro2::Delimiter::Bracket => {
                    for part in split(group.stream(), &[","]) {
                        self.json(part, out);
                    }
                    return;
                }
                proc_macro2::Delimiter::Brace => {
                    for part in split(group.stream(), &[","]) {
                        self.json(json_value(part), out);
                    }
                    return;
                }
                _ => {}
            }
        }
        // `null` is no name in JSON.
        if !matches!(super::tokens::only(tokens.clone()), Some(TokenTree::Ident(word)) if word == "null") {
            out.extend(self.parse_expr(tokens));
        }
    }

    pub(super) fn parse_expr(&mut self, tokens: TokenStream) -> Option<Expr> {
        syn::parse2::<Syn>(tokens).ok().map(|expr| self.expr(&expr))
    }

    /// A macro call as a statement of its own.
    pub(super) fn macro_stmt(&mut self, call: &syn::StmtMacro, out: &mut Vec<Stmt>) {
        if self.item_macro_stmt(call, out) || self.expanded_stmts(call, out) {
            return;
        }
        out.push(Stmt::Expr { expr: self.macro_expr(&call.mac), semi: call.semi_token.is_some() });
    }

    /// What a macro of the project stands for, as an expression.
    fn expanded_expr(&mut self, call: &syn::Macro, span: Span) -> Option<Expr> {
        let Expansion { tokens, levels } = self.expand(call)?;
        let expanded = self.nested(levels, |lowerer| {
            // Rustc takes one expression here, and forgives a semicolon behind it.
            let parsed = |input: ParseStream<'_>| {
                let expr: Syn = input.parse()?;
                input.parse::<Option<Token![;]>>()?;
                Ok(expr)
            };
            if let Ok(expr) = parsed.parse2(tokens.clone()) {
                return Some(lowerer.expr(&expr));
            }
            let stmts = syn::Block::parse_within.parse2(tokens).ok()?;
            let block = Block { stmts: lowerer.stmts(&stmts), span };
            Some(Expr { span, kind: ExprKind::Block(block) })
        })?;
        Some(self.wrap(call, join_path(&call.path), MacroBody::Expanded(expanded)))
    }

    /// A macro of the project in statement position. What it declares is seen by the statements behind it, so an
    /// expansion that declares something takes the place of the call.
    fn expanded_stmts(&mut self, call: &syn::StmtMacro, out: &mut Vec<Stmt>) -> bool {
        let expanded = self.expand_with(&call.mac, syn::Block::parse_within, |lowerer, stmts| {
            let declares = stmts.iter().any(|stmt| matches!(stmt, syn::Stmt::Local(_) | syn::Stmt::Item(_)));
            (declares, lowerer.stmts(&stmts))
        });
        let Some((declares, mut stmts)) = expanded else { return false };
        if declares {
            out.extend(stmts);
            return true;
        }
        let span = self.macro_span(&call.mac);
        let semi = call.semi_token.is_some();
        let expanded = match (stmts.pop(), stmts.is_empty()) {
            (Some(Stmt::Expr { expr, .. }), true) => expr,
            (last, _) => {
                stmts.extend(last);
                Expr { span, kind: ExprKind::Block(Block { stmts, span }) }
            }
        };
        let expr = self.wrap(&call.mac, join_path(&call.mac.path), MacroBody::Expanded(expanded));
        out.push(Stmt::Expr { expr, semi });
        true
    }
}

/// The span of a macro's name.
pub(super) fn call_name_span(call: &syn::Macro) -> proc_macro2::Span {
    call.path.segments.last().map_or_else(|| call.bang_token.spans[0], |segment| segment.ident.span())
}

/// Expressions, and whether they are the two of `[element; length]`.
struct List {
    exprs: Vec<Syn>,
    repeat: bool,
}

fn parse_list(input: ParseStream<'_>) -> syn::Result<List> {
    let mut exprs = Vec::new();
    let mut repeat = false;
    while !input.is_empty() {
        let expr: Syn = input.parse()?;
        if matches!(expr, Syn::Let(_)) {
            // Statements, with a `let` that reads like a condition.
            return Err(input.error("no list"));
        }
        exprs.push(expr);
        if input.is_empty() {
            break;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            repeat = exprs.len() == 1;
        } else if input.peek(Token![=>]) {
            input.parse::<Token![=>]>()?;
        } else {
            input.parse::<Token![,]>()?;
            repeat &= exprs.len() > 1;
        }
    }
    Ok(List { exprs, repeat })
}

/// What stands behind the `:` of a member.
fn json_value(member: TokenStream) -> TokenStream {
    let mut trees = member.into_iter().peekable();
    while let Some(tree) = trees.next() {
        if let TokenTree::Punct(punct) = &tree
            && punct.as_char() == ':'
            && trees.next_if(|next| matches!(next, TokenTree::Punct(next) if next.as_char() == ':')).is_none()
        {
            return trees.collect();
        }
    }
    TokenStream::new()
}

/// The name of a macro call.
pub(super) fn macro_name(call: &syn::Macro) -> crate::facts::Name {
    call.path.segments.last().map(|segment| name(&segment.ident)).unwrap_or_default()
}
