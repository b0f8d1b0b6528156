//! Lays rule files over each other. What the higher one states holds; lists replace those below, unless they are
//! spelled `extend-…`; classes and levels are joined by name; exceptions and clients add up.

use super::error::{Mistake, PolicyError};
use super::grammar::KeyFormat;
use super::layer::{ClassLayer, Layer, Listed};
use super::model::FlagPlaces;
use super::reader::Reader;
use super::{
    Class, DeclaredStore, DeclaredValue, KeyPolicy, Located, Policy, PolicySource, Secrets, TtlPolicy, quantity,
};

/// The value of the highest layer that states one.
fn highest<'l, T: Clone + 'l>(layers: &'l [Layer], get: impl Fn(&'l Layer) -> &'l Option<T>) -> Option<T> {
    layers.iter().rev().find_map(|layer| get(layer).clone())
}

/// The list of the highest layer that replaces it, with what the layers above that one add.
fn list<'l, T: Clone + 'l>(lists: impl DoubleEndedIterator<Item = &'l Listed<T>>) -> Vec<T> {
    let mut out = Vec::new();
    for list in lists.rev() {
        out.extend(list.extend.iter().cloned());
        if let Some(replace) = &list.replace {
            out.extend(replace.iter().cloned());
            break;
        }
    }
    out
}

/// Joins layers, the lowest first. `sources` are in the order of reading.
pub(super) fn merged(layers: &[Layer], sources: Vec<PolicySource>) -> Policy {
    let separator = highest(layers, |layer| &layer.keys.separator).unwrap_or(Located { value: ':', place: None });
    let format = layers
        .iter()
        .rev()
        .find_map(|layer| {
            let stated = layer.keys.format.as_ref()?;
            let value = KeyFormat::new(&stated.value, layer.separator).ok()?;
            Some(Located { value: value.with_separator(separator.value), place: stated.place })
        })
        .unwrap_or_else(|| Located { value: KeyFormat::usual(separator.value), place: None });
    let mut levels = std::collections::BTreeMap::new();
    for layer in layers {
        levels.extend(layer.levels.clone());
    }
    let flag = |get: fn(&Layer) -> &Option<Located<bool>>| {
        highest(layers, get).unwrap_or(Located { value: false, place: None })
    };
    let require_until = flag(|layer| &layer.require_until);
    let tests = flag(|layer| &layer.tests);
    let report_undetermined = flag(|layer| &layer.report_undetermined);
    let mut clients: Vec<crate::clients::DeclaredClient> = Vec::new();
    for client in layers.iter().rev().flat_map(|layer| &layer.clients) {
        if !clients.iter().any(|known| known.name == client.name) {
            clients.push(client.clone());
        }
    }
    let mut stores: Vec<DeclaredStore> = Vec::new();
    for store in layers.iter().rev().flat_map(|layer| &layer.stores) {
        if !stores.iter().any(|known| known.name == store.name) {
            stores.push(store.clone());
        }
    }
    let mut values: Vec<DeclaredValue> = Vec::new();
    for value in layers.iter().rev().flat_map(|layer| &layer.values) {
        if !values.iter().any(|known| known.path == value.path) {
            values.push(value.clone());
        }
    }
    Policy {
        keys: KeyPolicy {
            format,
            separator,
            version_prefix: highest(layers, |layer| &layer.keys.version_prefix),
            service: highest(layers, |layer| &layer.keys.service),
            exceptions: list(layers.iter().map(|layer| &layer.keys.exceptions)),
        },
        ttl: TtlPolicy {
            required: highest(layers, |layer| &layer.ttl.required).unwrap_or(Located { value: true, place: None }),
            jitter: highest(layers, |layer| &layer.ttl.jitter).unwrap_or(Located { value: 0, place: None }),
            min: highest(layers, |layer| &layer.ttl.min),
            max: highest(layers, |layer| &layer.ttl.max),
        },
        classes: classes(layers),
        levels,
        exceptions: layers.iter().rev().flat_map(|layer| layer.exceptions.clone()).collect(),
        cheap_loads: list(layers.iter().map(|layer| &layer.cheap_loads)),
        guards: list(layers.iter().map(|layer| &layer.guards)),
        external_channels: list(layers.iter().map(|layer| &layer.external_channels)),
        secrets: Secrets {
            types: list(layers.iter().map(|layer| &layer.secrets.types)),
            fields: list(layers.iter().map(|layer| &layer.secrets.fields)),
            max_ttl: highest(layers, |layer| &layer.secrets.max_ttl),
        },
        logs_count: highest(layers, |layer| &layer.logs_count).unwrap_or(Located { value: true, place: None }),
        require_until: require_until.value,
        exclude: list(layers.iter().map(|layer| &layer.exclude)),
        tests: tests.value,
        baseline: highest(layers, |layer| &layer.baseline),
        report_undetermined: report_undetermined.value,
        flag_places: FlagPlaces {
            require_until: require_until.place,
            tests: tests.place,
            report_undetermined: report_undetermined.place,
        },
        clients,
        client_places: layers.iter().flat_map(|layer| layer.client_places.clone()).collect(),
        stores,
        values,
        sources,
    }
}

/// Classes of one name are joined key by key; those of the highest layer come first.
fn classes(layers: &[Layer]) -> Vec<Class> {
    let mut names: Vec<&str> = Vec::new();
    for class in layers.iter().rev().flat_map(|layer| &layer.classes) {
        if !names.contains(&class.name.as_str()) {
            names.push(&class.name);
        }
    }
    names.into_iter().map(|name| joined(name, layers)).collect()
}

fn joined(name: &str, layers: &[Layer]) -> Class {
    let all: Vec<&ClassLayer> =
        layers.iter().flat_map(|layer| &layer.classes).filter(|class| class.name == name).collect();
    fn highest<T: Clone>(all: &[&ClassLayer], get: impl Fn(&ClassLayer) -> Option<T>) -> Option<T> {
        all.iter().rev().find_map(|class| get(class))
    }
    let flag = |get: fn(&ClassLayer) -> &Option<Located<bool>>| {
        highest(&all, |class| get(class).clone()).is_some_and(|flag| flag.value)
    };
    let store = flag(|class| &class.store);
    Class {
        name: name.to_owned(),
        place: all.last().and_then(|class| class.place),
        keys: list(all.iter().map(|class| &class.keys)),
        tables: list(all.iter().map(|class| &class.tables)),
        // What a lower layer says of a copy means nothing for a store.
        ttl: highest(&all, |class| class.ttl.clone()).filter(|_| !store),
        jitter: highest(&all, |class| class.jitter.clone()),
        pattern: highest(&all, |class| class.pattern.clone()).filter(|_| !store),
        store,
        hot: flag(|class| &class.hot),
        only_patterns: highest(&all, |class| class.only_patterns.clone()),
        reason: highest(&all, |class| class.reason.clone()).map(|reason| reason.value),
    }
}

/// What is wrong with a file in view of those it lies over, and is best told at a place of this file.
pub(super) fn check_over(reader: &mut Reader, layer: &Layer, below: &[Layer]) {
    let min = layer.ttl.min.clone().or_else(|| highest(below, |layer| &layer.ttl.min));
    let max = layer.ttl.max.clone().or_else(|| highest(below, |layer| &layer.ttl.max));
    let stated = layer.ttl.min.as_ref().or(layer.ttl.max.as_ref()).and_then(|limit| limit.place);
    if let (Some(min), Some(max), Some(place)) = (min, max, stated)
        && min.value > max.value
    {
        let (min, max) = (quantity::show(min.value), quantity::show(max.value));
        reader.error(place.span, format!("`min` is longer than `max`: {min} and {max}"));
    }
}

/// What is wrong with the whole, seen when all files are there.
pub(super) fn check_whole(policy: &Policy) -> Vec<PolicyError> {
    let mut errors = Vec::new();
    for class in &policy.classes {
        let source = class.place.and_then(|place| Some((place, policy.source(place.file)?)));
        let Some((place, source)) = source.filter(|(_, source)| !source.embedded) else { continue };
        let mut reader = Reader::new(source);
        if class.keys.is_empty() {
            let help = "give patterns of its keys: `keys = [\"user:profile:**\"]`";
            reader.error(place.span, Mistake::with_help(format!("class `{}` has no `keys`", class.name), help));
        }
        let limits = [(&policy.ttl.max, true), (&policy.ttl.min, false)];
        for (limit, is_max) in limits {
            if let (Some(limit), Some(ttl)) = (limit, &class.ttl)
                && (if is_max { ttl.value.1 > limit.value } else { ttl.value.1 < limit.value })
                && let Some(at) = ttl.place.filter(|at| at.file == source.file)
            {
                let (word, name) = if is_max { ("longer", "max") } else { ("shorter", "min") };
                let (own, all) = (quantity::show(ttl.value.1), quantity::show(limit.value));
                let message = format!("the TTL of class `{}`, {own}, is {word} than `ttl.{name}`, {all}", class.name);
                reader.error(at.span, message);
            }
        }
        errors.append(&mut reader.into_errors());
    }
    errors
}
