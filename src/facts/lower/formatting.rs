//! Macros of the format family: which argument is what, and the holes filled with expressions.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr as Syn, Token};

use super::file::Lowerer;
use super::name;
use super::template::{Argument, Piece, Template};
use super::tokens::join_path;
use crate::facts::expr::MacroBody;
use crate::facts::{Expr, ExprKind, FormatPiece, Name, Path, Segment};
use crate::text::Span;

/// What a macro takes in front of its format string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leading {
    /// Nothing.
    None,
    /// A destination or a condition.
    One,
}

/// A format string whose text is known, and the literal token it is written in, if it is one.
struct FormatString {
    text: String,
    literal: Option<syn::LitStr>,
}

impl Lowerer<'_> {
    /// `format!("…", a, b = c)`, `write!(to, "…", a)`; `None` when it has another shape.
    pub(super) fn format_call(&mut self, leading: Leading, tokens: TokenStream) -> Option<MacroBody> {
        let args = Punctuated::<Syn, Token![,]>::parse_terminated.parse2(tokens).ok()?;
        let mut args = args.iter();
        let first = match leading {
            Leading::None => None,
            Leading::One => Some(args.next()?),
        };
        let Some(format) = args.next() else {
            let first = first.map(|first| self.expr(first));
            return Some(MacroBody::Format { first, pieces: Vec::new(), extra: Vec::new() });
        };
        let rest: Vec<(Option<Name>, &Syn)> = args.map(named).collect();
        let first = first.map(|first| self.expr(first));
        let Some(string) = format_string(format) else {
            // `bail!(error)`, `panic!(message)`: the value is the text.
            let value = Box::new(self.expr(format));
            let pieces = vec![FormatPiece::Hole { value, spec: String::new() }];
            let extra = rest.into_iter().map(|(_, value)| self.expr(value)).collect();
            return Some(MacroBody::Format { first, pieces, extra });
        };
        let (pieces, extra) = self.fill(&string, &rest)?;
        Some(MacroBody::Format { first, pieces, extra })
    }

    /// `info!(target: "x", user = %id, "text {}", a)`, with the forms of `log` and of `tracing`.
    pub(super) fn log_call(&mut self, tokens: TokenStream) -> Option<MacroBody> {
        let call = parse_log.parse2(tokens).ok()?;
        let mut extra: Vec<Expr> = call.fields.iter().map(|field| self.expr(field)).collect();
        let pieces = match call.format.as_ref().and_then(format_string) {
            Some(string) => {
                let args: Vec<_> = call.args.iter().map(|(name, value)| (name.clone(), value)).collect();
                let (pieces, unused) = self.fill(&string, &args)?;
                extra.extend(unused);
                pieces
            }
            None => Vec::new(),
        };
        Some(MacroBody::Format { first: None, pieces, extra })
    }

    /// Puts the arguments into the holes. Gives the pieces, and the arguments that no hole asks for.
    fn fill(&mut self, string: &FormatString, args: &[(Option<Name>, &Syn)]) -> Option<(Vec<FormatPiece>, Vec<Expr>)> {
        let template = Template::parse(&string.text)?;
        let mut lowered: Vec<Expr> = args.iter().map(|(_, value)| self.expr(value)).collect();
        let mut used = vec![false; args.len()];
        let mut find = |argument: &Argument| {
            let index = match argument {
                Argument::Position(index) => (*index < args.len()).then_some(*index),
                Argument::Name(wanted, _) => {
                    args.iter().position(|(name, _)| name.as_ref().is_some_and(|name| name == wanted))
                }
            };
            if let Some(index) = index {
                used[index] = true;
            }
            index
        };
        for count in &template.counts {
            find(count);
        }
        let place = string.literal.as_ref().map(|literal| self.literal_place(literal));
        let mut pieces = Vec::with_capacity(template.pieces.len());
        for piece in template.pieces {
            pieces.push(match piece {
                Piece::Text(text) => FormatPiece::Text(text),
                Piece::Hole { argument, spec } => {
                    let value = match (find(&argument), argument) {
                        (Some(index), _) => lowered[index].clone(),
                        (None, Argument::Name(name, bytes)) => {
                            captured(&name, place.map_or(Span::default(), |place| place.part(bytes)))
                        }
                        // More holes than arguments: rustc would refuse it, so it is no call of this family.
                        (None, Argument::Position(_)) => return None,
                    };
                    FormatPiece::Hole { value: Box::new(value), spec }
                }
            });
        }
        let mut used = used.into_iter();
        lowered.retain(|_| !used.next().unwrap_or(true));
        Some((pieces, lowered))
    }

    fn literal_place(&self, literal: &syn::LitStr) -> LiteralPlace {
        let span = self.spans.span(literal.span());
        let written = literal.token().to_string();
        let quote = written.find('"').map_or(0, |at| at + 1);
        // Offsets can only be counted where nothing is escaped, and where the literal stands in the file as it is (a
        // literal out of a macro's definition has the place of the call).
        let verbatim = written.get(quote..).is_some_and(|inner| inner.starts_with(&literal.value()))
            && written.len() == (span.end - span.start) as usize;
        LiteralPlace { span, quote: verbatim.then_some(quote) }
    }
}

/// Where a format string stands, and how far into its token the text begins, if its parts can be told apart.
#[derive(Clone, Copy)]
struct LiteralPlace {
    span: Span,
    quote: Option<usize>,
}

impl LiteralPlace {
    fn part(self, bytes: std::ops::Range<usize>) -> Span {
        match self.quote {
            Some(quote) => {
                let start = self.span.start as usize + quote;
                Span::new(start + bytes.start, start + bytes.end)
            }
            None => self.span,
        }
    }
}

/// A path of one name.
fn captured(name: &str, span: Span) -> Expr {
    let segment = Segment { name: Name::new(name), span, args: Vec::new(), bindings: Vec::new() };
    let path = Path { qself: None, global: false, segments: vec![segment], span };
    Expr { span, kind: ExprKind::Path(path) }
}

/// `name = value` or `value`.
fn named(arg: &Syn) -> (Option<Name>, &Syn) {
    match arg {
        Syn::Assign(assign) => match assign.left.as_ref() {
            Syn::Path(path) if path.qself.is_none() => match path.path.get_ident() {
                Some(ident) => (Some(name(ident)), &assign.right),
                None => (None, arg),
            },
            _ => (None, arg),
        },
        _ => (None, arg),
    }
}

/// The text of a string literal, or of `concat!` over literals.
fn format_string(expr: &Syn) -> Option<FormatString> {
    match expr {
        Syn::Group(group) => format_string(&group.expr),
        Syn::Lit(lit) => match &lit.lit {
            syn::Lit::Str(text) => Some(FormatString { text: text.value(), literal: Some(text.clone()) }),
            _ => None,
        },
        Syn::Macro(call) => concat_text(&call.mac).map(|text| FormatString { text, literal: None }),
        _ => None,
    }
}

fn concat_text(call: &syn::Macro) -> Option<String> {
    match join_path(&call.path).rsplit("::").next() {
        Some("stringify") => Some(call.tokens.to_string()),
        Some("concat") => {
            let parts = call.parse_body_with(Punctuated::<Syn, Token![,]>::parse_terminated).ok()?;
            parts.iter().map(concat_part).collect()
        }
        _ => None,
    }
}

fn concat_part(part: &Syn) -> Option<String> {
    match part {
        Syn::Group(group) => concat_part(&group.expr),
        Syn::Macro(call) => concat_text(&call.mac),
        Syn::Lit(lit) => match &lit.lit {
            syn::Lit::Str(text) => Some(text.value()),
            syn::Lit::Char(char) => Some(char.value().to_string()),
            syn::Lit::Int(int) => Some(int.base10_digits().to_owned()),
            syn::Lit::Float(float) => Some(float.base10_digits().to_owned()),
            syn::Lit::Bool(bool) => Some(bool.value.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The arguments of a log macro.
#[derive(Default)]
struct LogCall {
    /// Values of `target:`, `parent:`, levels and fields.
    fields: Vec<Syn>,
    format: Option<Syn>,
    args: Vec<(Option<Name>, Syn)>,
}

fn parse_log(input: ParseStream<'_>) -> syn::Result<LogCall> {
    let mut call = LogCall::default();
    while !input.is_empty() {
        parse_log_part(input, &mut call)?;
        if input.is_empty() {
            break;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
        } else {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(call)
}

fn parse_log_part(input: ParseStream<'_>, call: &mut LogCall) -> syn::Result<()> {
    if input.peek(syn::Ident) && input.peek2(Token![:]) && !input.peek2(Token![::]) && !has_assign(input) {
        input.call(syn::Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        call.fields.push(input.parse()?);
        return Ok(());
    }
    if input.peek(syn::token::Brace) && call.format.is_none() {
        let inner;
        syn::braced!(inner in input);
        let fields = parse_log(&inner)?;
        call.fields.extend(fields.fields);
        call.fields.extend(fields.format);
        call.fields.extend(fields.args.into_iter().map(|(_, value)| value));
        return Ok(());
    }
    if input.peek2(Token![.]) && input.fork().parse::<Syn>().is_ok_and(|field| is_metric(&field)) {
        call.fields.push(input.parse()?);
        return Ok(());
    }
    let key = input.fork();
    let key = if parse_log_key(&key).is_ok() { Some(parse_log_key(input)?) } else { None };
    if input.peek(Token![?]) {
        input.parse::<Token![?]>()?;
    } else if input.peek(Token![%]) {
        input.parse::<Token![%]>()?;
    }
    let value: Syn = input.parse()?;
    match key {
        Some(key) if call.format.is_some() => call.args.push((key, value)),
        None if call.format.is_some() => call.args.push((None, value)),
        None if format_string(&value).is_some() => call.format = Some(value),
        _ => call.fields.push(value),
    }
    Ok(())
}

/// Whether a field is one of those that tracing-opentelemetry makes a metric of. It stays an assignment, by which the
/// evaluation tells it from what is only logged.
fn is_metric(field: &Syn) -> bool {
    let Syn::Assign(assign) = field else { return false };
    let mut place = &*assign.left;
    let mut dotted = false;
    while let Syn::Field(field) = place {
        dotted = true;
        place = &field.base;
    }
    let kinds = ["monotonic_counter", "counter", "histogram", "gauge"];
    dotted && matches!(place, Syn::Path(path) if kinds.iter().any(|kind| path.path.is_ident(kind)))
}

/// Whether the labelled part at the cursor is a field with a sigil (`key:? = value`) and no `target: value`.
fn has_assign(input: ParseStream<'_>) -> bool {
    parse_log_key(&input.fork()).is_ok()
}

/// `key =`, `a.b.c =`, `"key" =`, `key:? =`, `key:debug =`. Gives the name, if it is a plain one.
fn parse_log_key(input: ParseStream<'_>) -> syn::Result<Option<Name>> {
    let mut key = None;
    if input.peek(syn::LitStr) {
        input.parse::<syn::LitStr>()?;
    } else {
        key = Some(name(&input.call(syn::Ident::parse_any)?));
        while input.peek(Token![.]) {
            input.parse::<Token![.]>()?;
            input.call(syn::Ident::parse_any)?;
            key = None;
        }
    }
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
        if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
        } else if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
        } else {
            input.call(syn::Ident::parse_any)?;
        }
    }
    if input.peek(Token![==]) || input.peek(Token![=>]) {
        return Err(input.error("no field"));
    }
    input.parse::<Token![=]>()?;
    Ok(key)
}
