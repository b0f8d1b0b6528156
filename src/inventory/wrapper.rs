//! Calls of the project's own wrappers as operations: the key and the TTL were chosen where the wrapper is called.

use super::build::{Below, Builder, Key};
use super::operation::{OpId, Operation, Via, WrapperUse};
use crate::facts::{Function, Name, Param, Pat, PatKind};
use crate::finding::Confidence;
use crate::link::index::FnId;
use crate::link::trace::{CallStep, Step};
use crate::provenance::Provenance;
use crate::template::{Piece, Template};
use crate::text::Span;

impl Builder<'_, '_> {
    /// Calls in this function's own text that decide the key of a wrapper.
    pub(super) fn wrapper_calls(&mut self, function: FnId, path: &str, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Call(call) => self.wrapper_call(function, path, call),
                _ => step.inside().iter().for_each(|steps| self.wrapper_calls(function, path, steps)),
            }
        }
    }

    fn wrapper_call(&mut self, function: FnId, path: &str, call: &CallStep) {
        // A closure of this function that ran inside the callee is this function's own text.
        if self.owners.owner(call.place.file, call.place.span) != Some(function) {
            return;
        }
        let ids = self.commands_below(&call.outcome);
        for &Below { id, certain } in ids.iter() {
            let site = self.site(id);
            let view = self.views.get(&call.function).and_then(|views| views.get(&site)).copied();
            let meaning = self.meaning(id);
            let decided_here =
                || meaning.keys.iter().any(|key| key.template.as_ref().is_some_and(Template::has_literal));
            if !view.is_some_and(|view| view.forwards_key || (view.open && decided_here())) {
                continue;
            }
            let callee = self.program.world.index.function(call.function);
            let mut operation = self.operation(id, &meaning, function, call.place.span, call.call);
            operation.place = call.place;
            operation.function = path.to_owned();
            operation.via = Via::Wrapper;
            operation.test = self.program.world.index.function(function).test;
            operation.receiver.clone_from(&call.receiver);
            operation.spelled = callee.function.name.to_string();
            operation.sent = operation.sent && call.sent;
            operation.awaited &= call.awaited;
            operation.runs_on = call.runs_on;
            let certain = call.certain && certain;
            if !certain {
                operation.confidence = operation.confidence.min(Confidence::Likely);
            }
            let caller = self.program.world.index.function(function);
            operation.wrapper = Some(WrapperUse {
                function: callee.path.clone(),
                definition: OpId(0),
                other_package: caller.package != callee.package,
            });
            // Places inside the callee mean nothing in the caller's file.
            localise(&mut operation, call, callee.function, self.program.world.workspace.text(call.place.file));
            let key = Key { place: (call.place.file, call.place.span), site };
            let key = if certain { key } else { self.dispatched(key, &operation) };
            self.add(key, operation);
        }
    }
}

/// Points keys, value and TTL at the caller's arguments, or nowhere.
fn localise(operation: &mut Operation, call: &CallStep, callee: &Function, text: &str) {
    let here = |span: Span| call.call.contains(span);
    let argument_for = |template: Option<&Template>| {
        call.args
            .iter()
            .find(|argument| template.is_some_and(|template| argument.value.as_template().as_ref() == Some(template)))
    };
    // What the callee calls its parameter has another name here: that of what is passed in.
    let renamed = |template: &Template| {
        let [Piece::Hole(hole)] = template.pieces() else { return None };
        let at = callee
            .params
            .iter()
            .position(|param| param_name(&param.pat).is_some_and(|name| name.as_str() == hole.name))?;
        let argument = call.args.get(at).filter(|argument| hole.parameter && here(argument.span))?;
        let given = argument.value.as_template()?;
        matches!(given.pieces(), [Piece::Hole(hole)] if !hole.name.is_empty()).then_some((given, argument.span))
    };
    for key in &mut operation.keys {
        if let Some((template, span)) = key.template.as_ref().and_then(renamed) {
            key.template = Some(template);
            span.of(text).clone_into(&mut key.written);
        }
        match argument_for(key.template.as_ref()) {
            Some(argument) => key.span = Some(argument.span),
            None if key.span.is_some_and(here) => {}
            None => key.span = None,
        }
    }
    if !operation.ttl.span.is_some_and(here) {
        operation.ttl.span = None;
    }
    if !operation.value.span.is_some_and(here) {
        operation.value.span = None;
    }
}

/// Whether the last thing in a key is a parameter, by its name.
pub(super) fn ends_with_parameter(template: &Template, params: &[Param]) -> bool {
    matches!(template.pieces(), [.., Piece::Hole(last)]
        if params.iter().any(|param| param_name(&param.pat).is_some_and(|name| name.as_str() == last.name)))
}

fn param_name(pat: &Pat) -> Option<&Name> {
    match &pat.kind {
        PatKind::Bind(name, None) => Some(name),
        _ => None,
    }
}

/// Whether a key is what the caller passes in, a prefix at most added.
pub(super) fn forwards_key(template: &Template) -> bool {
    let parameter = template.holes().any(|hole| hole.parameter);
    if !parameter {
        return false;
    }
    if !template.has_literal() {
        return true;
    }
    // `app:{key}`: a namespace in front of a whole key, told by the parameter's name.
    match template.pieces() {
        [front @ .., Piece::Hole(last)] => {
            let sounds = |name: &str| {
                let lower = name.to_ascii_lowercase();
                ["key", "suffix", "pattern"].iter().any(|word| lower == *word || lower.ends_with(&format!("_{word}")))
                    || lower == "k"
            };
            // One of what the caller passes in is chosen by the wrapper.
            last.parameter
                && !last.provenance.has(Provenance::ELEMENT)
                && sounds(&last.name)
                && front.iter().all(|piece| !matches!(piece, Piece::Hole(hole) if hole.parameter))
        }
        _ => false,
    }
}
