//! Tables that serde reads: word by word, so that every wrong one is told at its place.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::error::{Mistake, all_of, nearest};
use crate::policy::reader::Entry;
use crate::text::Span;

/// What is wrong with one word of a table that is read as `T`; `what` says which table.
pub(super) fn wrong_word<T: DeserializeOwned>(word: &Entry<'_, '_>, what: &str) -> Option<(Span, Mistake)> {
    // A table with this word alone, so that other words do not hide its mistake.
    let key = Spanned::new(word.key.start as usize..word.key.end as usize, word.name.into());
    let alone = DeValue::Table(DeTable::from_iter([(key, word.value.clone())]));
    let error = read::<T>(&Spanned::new(word.value.span(), alone)).err();
    error.map(|(span, mistake)| (span.unwrap_or(word.key), located(mistake, what)))
}

pub(super) fn located(mistake: Mistake, what: &str) -> Mistake {
    Mistake { message: format!("{}, in {what}", mistake.message), ..mistake }
}

pub(super) fn read<T: DeserializeOwned>(value: &Spanned<DeValue<'_>>) -> Result<T, (Option<Span>, Mistake)> {
    T::deserialize(toml::de::ValueDeserializer::from(value.clone())).map_err(|error| {
        let span = error.span().map(|range| Span::new(range.start, range.end));
        (span, from_serde(error.message()))
    })
}

/// What serde says, in the words of this tool: `` unknown field `x`, expected one of `a`, `b` ``.
fn from_serde(message: &str) -> Mistake {
    let message = message.lines().next().unwrap_or(message);
    for (front, noun) in [("unknown field ", "unknown key"), ("unknown variant ", "unknown word")] {
        if let Some(rest) = message.strip_prefix(front) {
            let mut words = rest.split('`').skip(1).step_by(2);
            if let Some(word) = words.next() {
                let known: Vec<&str> = words.collect();
                let help = match nearest(word, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", all_of(known)),
                };
                return Mistake::with_help(format!("{noun} `{word}`"), help);
            }
        }
    }
    if message.starts_with("invalid type") && message.ends_with("expected a sequence") {
        return Mistake::with_help("a list of texts is wanted here", "put it into brackets: `[\"name\"]`");
    }
    message.to_owned().into()
}
