//! Texts: what formatting, concatenation and `Display` give.

use super::{Evaluator, Frame};
use crate::facts::{Expr, ExprKind, FormatPiece, Name};
use crate::link::ty::Ty;
use crate::link::value::{Argument, Data, Value, join};
use crate::template::{Hole, Piece, Template};

/// Most templates that one expression may stand for.
const MOST_TEMPLATES: usize = 8;

impl<'a> Evaluator<'a> {
    /// The text of a format string.
    pub(super) fn formatted(&mut self, frame: &mut Frame, pieces: &'a [FormatPiece]) -> Value {
        let mut templates = vec![Template::default()];
        let mut reads = smallvec::SmallVec::new();
        let mut parameter = true;
        let mut holes = 0;
        for piece in pieces {
            match piece {
                FormatPiece::Text(text) => {
                    for template in &mut templates {
                        template.push_text(text);
                    }
                }
                FormatPiece::Hole { value, spec } => {
                    holes += 1;
                    let argument = self.argument(frame, value);
                    let given = argument.value;
                    for read in &given.reads {
                        if !reads.contains(read) {
                            reads.push(*read);
                        }
                    }
                    parameter &= given.parameter;
                    // What was passed in is called as the caller calls it.
                    let passed_in = given.is_unknown() && !given.name.is_empty() && is_variable(value);
                    let name = if passed_in { given.name.clone() } else { self.hole_name(frame, value) };
                    let mut parts = self.templates_of(&given, &name, spec);
                    // `found.unwrap_or_else(|| "".to_owned())`: nothing in the place of what is not there names no key.
                    if parts.iter().any(|part| part.as_text().is_none()) {
                        parts.retain(|part| !part.pieces().is_empty());
                    }
                    if parts.len() > 1 && templates.iter().all(Template::has_literal) {
                        // A word chosen at run time (`week`, `month`) is one segment like any other: one template with
                        // a hole says more than a list. At the front of a key it is kept, for it names what this is.
                        if parts.iter().all(is_one_word) {
                            parts = vec![Template::hole(Hole { name: name.to_string(), ..given.hole() })];
                        } else if let Some(one) = but_for_one_word(&parts) {
                            parts = vec![one];
                        }
                    }
                    templates = product(&templates, &parts);
                }
            }
        }
        let parameter = parameter && holes > 0;
        let mut value = join(templates.into_iter().map(Value::template));
        value.ty = Ty::external("String");
        value.parameter = parameter && value.as_template().is_some_and(|template| !template.has_literal());
        value.reads = reads;
        value
    }

    /// The texts that a value is formatted to.
    fn templates_of(&mut self, value: &Value, name: &str, spec: &str) -> Vec<Template> {
        let debug = spec.contains('?');
        let world = self.world;
        let hole = |value: &Value| {
            let mut hole = value.hole();
            if !name.is_empty() {
                let written = Value::unknown().named(name).hole();
                hole.version |= written.version;
                hole.name = written.name;
            }
            hole.debug = debug;
            hole.provenance = super::origins::formatted(world, value, spec);
            hole.ty = value.ty.shown(&|def| world.type_name(def));
            hole
        };
        if debug && !matches!(value.data, Data::Int(_) | Data::Bool(_)) {
            return vec![Template::hole(hole(value))];
        }
        let mut found: Vec<Template> = Vec::new();
        for alternative in value.alternatives() {
            let template = match &alternative.data {
                Data::Text(template) => template.clone(),
                Data::Int(n) => Template::text(n.to_string()),
                Data::Bool(b) => Template::text(b.to_string()),
                _ => {
                    let rendered = if alternative.parameter && alternative.is_unknown() {
                        None
                    } else {
                        self.rendered(alternative)
                    };
                    match rendered {
                        Some(rendered)
                            if rendered
                                .alternatives()
                                .iter()
                                .all(|v| v.as_template().is_none_or(|t| !t.has_literal())) =>
                        {
                            // An id by its own type: the name outside says more than the one inside.
                            Template::hole(hole(alternative))
                        }
                        Some(rendered) => {
                            found.extend(rendered.alternatives().into_iter().filter_map(Value::as_template));
                            continue;
                        }
                        None => Template::hole(hole(alternative)),
                    }
                }
            };
            if !found.contains(&template) {
                found.push(template);
            }
        }
        if found.is_empty() || found.len() > MOST_TEMPLATES {
            return vec![Template::hole(hole(value))];
        }
        found
    }

    /// What a value of the workspace's own types writes: its `ToRedisArgs`, `Display`, `AsRef<str>` or `Deref` impl.
    pub(super) fn rendered(&mut self, value: &Value) -> Option<Value> {
        if self.depth + 2 >= super::MOST_CALL_DEPTH {
            return None;
        }
        let def = self.world.chain(&value.ty).into_iter().find_map(|ty| match ty {
            Ty::Adt(def, _) => Some(def),
            _ => None,
        })?;
        let all = self.every_variant(def, value);
        for (trait_name, function) in [("ToRedisArgs", "write_redis_args"), ("Display", "fmt")] {
            if let Some(id) = self.world.trait_function(def, trait_name, function) {
                let written: Vec<Value> = all.iter().filter_map(|value| self.written_by(id, value)).collect();
                if !written.is_empty() && written.len() == all.len() {
                    return Some(join(written));
                }
            }
        }
        if let Some(id) = self.world.conversion_to_text(def) {
            let outcome = self.evaluate(id, Value::unknown(), vec![value.clone()]);
            if matches!(outcome.value.data, Data::Text(_) | Data::OneOf(_)) {
                return Some(outcome.value.clone());
            }
        }
        for (trait_name, function) in [("AsRef", "as_ref"), ("Deref", "deref"), ("Borrow", "borrow")] {
            if let Some(id) = self.world.trait_function(def, trait_name, function) {
                let outcome = self.evaluate(id, value.clone(), Vec::new());
                if matches!(outcome.value.data, Data::Text(_) | Data::OneOf(_)) {
                    return Some(outcome.value.clone());
                }
            }
        }
        None
    }

    /// An enum of unknown variant is each of its variants.
    fn every_variant(&self, def: crate::link::index::DefId, value: &Value) -> Vec<Value> {
        let crate::facts::ItemKind::Enum { variants, .. } = &self.world.index.def(def).item.kind else {
            return vec![value.clone()];
        };
        if !value.is_unknown() || variants.len() > MOST_TEMPLATES {
            return vec![value.clone()];
        }
        (0..variants.len())
            .map(|at| {
                let at = u16::try_from(at).unwrap_or(u16::MAX);
                let fields: Vec<_> = self
                    .world
                    .variant_fields(def, at)
                    .into_iter()
                    .map(|(name, ty)| (name.clone(), Value::typed(ty).named(name)))
                    .collect();
                Value { data: Data::LocalVariant(def, at, fields.into()), ..value.clone() }
            })
            .collect()
    }

    /// Runs `fmt(&self, f)` or `write_redis_args(&self, out)` and reads what was written.
    fn written_by(&mut self, id: super::FnId, value: &Value) -> Option<Value> {
        let definition = self.world.index.function(id);
        let body = definition.function.body.as_ref()?;
        let sink = super::pattern::name_of(&definition.function.params.first()?.pat);
        if sink.is_empty() || !self.busy.insert(id) {
            return None;
        }
        self.depth += 1;
        let scope = self.world.signature(id).scope.clone();
        let mut frame = Frame::new(definition.file, definition.scope, scope, None);
        frame.bind("self".into(), Value { name: "self".into(), ..value.clone() });
        frame.bind(sink.clone(), Value::text(""));
        for stmt_value in std::iter::once(self.block_keeping(&mut frame, body)) {
            drop(stmt_value);
        }
        self.depth -= 1;
        self.busy.remove(&id);
        let written = frame.get(&sink)?.clone();
        let useful = written.alternatives().iter().all(|value| match &value.data {
            Data::Text(template) => !template.pieces().is_empty(),
            _ => false,
        });
        useful.then_some(written)
    }

    /// A function body whose parameters outlive it.
    fn block_keeping(&mut self, frame: &mut Frame, block: &'a crate::facts::Block) -> Value {
        self.block(frame, block)
    }

    /// A value as it is sent: types of the workspace become what they write.
    pub(super) fn as_sent(&mut self, argument: Argument) -> Argument {
        let value = &argument.value;
        let own = match &value.data {
            Data::Struct(..) | Data::LocalVariant(..) => true,
            Data::Unknown => !value.parameter && matches!(value.ty, Ty::Adt(..)),
            _ => false,
        };
        if !own {
            return argument;
        }
        match self.rendered(value) {
            // Nothing of it is known: what the writing function calls it inside says less than which variant it is.
            Some(rendered) if !says_anything(&rendered) => {
                let Some(name) = self.variant_name(value) else {
                    let value = Value { data: rendered.data, ..argument.value };
                    return Argument { value, ..argument };
                };
                let lost = value.lost.or(rendered.loss());
                Argument { value: Value { data: Data::Unknown, lost, ..argument.value }.named(name), ..argument }
            }
            Some(rendered) => {
                let value = Value { data: rendered.data, ..argument.value };
                Argument { value, ..argument }
            }
            None => argument,
        }
    }

    /// The innermost variant; `None` for what only wraps a key that is not known.
    fn variant_name(&self, value: &Value) -> Option<Name> {
        let Data::LocalVariant(def, at, fields) = &value.data else { return None };
        if let [(position, inner)] = &**fields
            && position.chars().all(|c| c.is_ascii_digit())
        {
            return self.variant_name(inner);
        }
        match &self.world.index.def(*def).item.kind {
            crate::facts::ItemKind::Enum { variants, .. } => Some(variants.get(usize::from(*at))?.name.clone()),
            _ => None,
        }
    }

    /// `[a, b].join(":")`, `[a, b].concat()`.
    pub(super) fn joined(&mut self, items: &[Value], separator: &str) -> Option<Value> {
        let mut templates = vec![Template::default()];
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                for template in &mut templates {
                    template.push_text(separator);
                }
            }
            let parts = self.templates_of(item, &item.name.clone(), "");
            templates = product(&templates, &parts);
        }
        Some(join(templates.into_iter().map(Value::template)))
    }

    /// `text + more`, in place or not.
    pub(super) fn appended(&mut self, text: &Value, more: &Value) -> Value {
        let name = more.name.clone();
        let parts = self.templates_of(more, &name, "");
        let old: Vec<Template> = text.alternatives().into_iter().filter_map(Value::as_template).collect();
        if old.is_empty() {
            return Value::typed(Ty::external("String"));
        }
        join(product(&old, &parts).into_iter().map(Value::template))
    }
}

/// Whether something of a text is known.
fn says_anything(rendered: &Value) -> bool {
    rendered.alternatives().iter().any(|one| one.as_template().is_some_and(|template| template.has_literal()))
}

fn is_variable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Ref(inner) | ExprKind::Deref(inner) => is_variable(inner),
        ExprKind::Path(path) => path.segments.len() == 1,
        _ => false,
    }
}

fn is_one_word(template: &Template) -> bool {
    !template.to_string().contains([':', '/', '.', '|'])
}

/// `{a}:{b}:week`, `{a}:{b}:month`: the template that these are but for one word, which is a hole in it.
fn but_for_one_word(parts: &[Template]) -> Option<Template> {
    let (first, others) = parts.split_first()?;
    let differs = |at: usize| others.iter().any(|other| other.pieces().get(at) != first.pieces().get(at));
    let mut different = (0..first.pieces().len()).filter(|&at| differs(at));
    let (at, None) = (different.next()?, different.next()) else { return None };
    if others.iter().any(|other| other.pieces().len() != first.pieces().len()) {
        return None;
    }
    let texts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| match &part.pieces()[at] {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Hole(_) => None,
        })
        .collect();
    let texts = texts?;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let one = texts.first()?;
    let front = one.find(is_word)?;
    let back = one[front..].find(|c: char| !is_word(c)).unwrap_or(one.len() - front);
    let (front, back) = (&one[..front], &one[front + back..]);
    let word = |text: &&str| {
        text.strip_prefix(front)
            .and_then(|rest| rest.strip_suffix(back))
            .is_some_and(|word| !word.is_empty() && word.chars().all(is_word))
    };
    if !texts.iter().all(word) {
        return None;
    }
    let mut merged = Template::default();
    for (position, piece) in first.pieces().iter().enumerate() {
        match piece {
            Piece::Text(_) if position == at => {
                merged.push_text(front);
                merged.push_hole(Hole::default());
                merged.push_text(back);
            }
            Piece::Text(text) => merged.push_text(text),
            Piece::Hole(hole) => merged.push_hole(hole.clone()),
        }
    }
    Some(merged)
}

fn product(left: &[Template], right: &[Template]) -> Vec<Template> {
    if left.len() * right.len() > MOST_TEMPLATES {
        // Too many to list: what is appended becomes a hole.
        return left
            .iter()
            .map(|template| {
                let mut template = template.clone();
                template.push_hole(Hole::default());
                template
            })
            .collect();
    }
    let mut out = Vec::new();
    for a in left {
        for b in right {
            let mut joined = a.clone();
            joined.push(b);
            out.push(joined);
        }
    }
    out
}
