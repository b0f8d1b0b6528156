//! `[values]`: what names of the code stand for, where the code does not say.

use toml::de::DeValue;

use crate::policy::error::Mistake;
use crate::policy::quantity;
use crate::policy::reader::{Entry, Reader, named, span_of};
use crate::policy::{DeclaredContent, DeclaredValue};
use crate::template::{Hole, Template};

pub(super) fn values(reader: &mut Reader, entry: &Entry<'_, '_>) -> Vec<DeclaredValue> {
    let mut out = Vec::new();
    let Some(table) = reader.table(entry) else { return out };
    for entry in named(table) {
        let path = match path(entry.name) {
            Ok(path) => path,
            Err(mistake) => {
                reader.error(entry.key, mistake);
                continue;
            }
        };
        let content = match entry.value.get_ref() {
            DeValue::String(text) => match self::text(text) {
                Ok(template) => {
                    let millis = quantity::duration(text).ok();
                    Ok((DeclaredContent::Text { template, millis }, serde_json::Value::from(&**text).to_string()))
                }
                Err(mistake) => Err(mistake),
            },
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(value) => Ok((DeclaredContent::Number(value), value.to_string())),
                Err(_) => Err(Mistake::from(format!("`{number}` is no number that could be used"))),
            },
            DeValue::Boolean(flag) => Ok((DeclaredContent::Flag(*flag), flag.to_string())),
            _ => {
                let message = format!("the value of `{}` is neither a text nor a number", entry.name);
                let help = "write a key (`\"user:v2:{id}\"`), a duration (`\"15m\"`), a number, `true` or `false`; a path \
                            stands in quotation marks: `\"Settings::ttl\" = \"15m\"`";
                Err(Mistake::with_help(message, help))
            }
        };
        match content {
            Ok((content, written)) => {
                out.push(DeclaredValue { path, content, written, place: reader.place(entry.key) });
            }
            Err(mistake) => reader.error(span_of(entry.value), mistake),
        }
    }
    out
}

/// The path of a function, constant, static or field, or the end of one.
fn path(text: &str) -> Result<String, Mistake> {
    let path = text.trim_end_matches("()");
    let is_word = |word: &str| {
        !word.is_empty()
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
            && (!word.starts_with(|c: char| c.is_ascii_digit()) || word.chars().all(|c| c.is_ascii_digit()))
    };
    if path.split("::").all(is_word) && !path.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(path.to_owned());
    }
    let dotted = path.replace('.', "::").replace('-', "_");
    let help = if dotted.split("::").all(is_word) {
        format!("write `\"{dotted}\"`")
    } else {
        "write for example `\"keys::user\"`, `\"Settings::ttl\"` or `\"crate::config::PREFIX\"`".to_owned()
    };
    let message = format!("`{text}` is no path of a function, constant, static or field");
    Err(Mistake::with_help(message, help))
}

/// `user:v2:{id}`; `{{` and `}}` are braces.
fn text(text: &str) -> Result<Template, Mistake> {
    let wrong = |what: &str| {
        let help =
            "name what is known at run time only in braces: `user:v2:{id}`; `{{` and `}}` are braces in the text";
        Err(Mistake::with_help(format!("{what} in `{text}`"), help))
    };
    let mut out = Template::default();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (front, back) = rest.split_at(at);
        out.push_text(front);
        if let Some(after) = back.strip_prefix("{{").or_else(|| back.strip_prefix("}}")) {
            out.push_text(back.get(..1).unwrap_or_default());
            rest = after;
            continue;
        }
        let Some(inner) = back.strip_prefix('{') else { return wrong("a `}` without a `{`") };
        let Some((name, after)) = inner.split_once('}') else { return wrong("a `{` without a `}`") };
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':')) {
            return wrong("what stands in braces is no name");
        }
        out.push_hole(Hole::named(name));
        rest = after;
    }
    out.push_text(rest);
    Ok(out)
}
