//! What is asked for, held against the rule file before a line is written.

use cache_schema::key::{NAME_RULE, is_name, to_name};
use cache_schema::ttl::{self, TtlError};

use super::Pattern;
use crate::policy::{CachePattern, Policy};
use crate::template::{Hole, Template};

/// What was said on the command line.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which pattern.
    pub pattern: Pattern,
    /// `user:profile`.
    pub entity: String,
    /// From 1.
    pub version: u32,
    /// `15m`; the class of the key decides without it.
    pub ttl: Option<String>,
    /// `UserProfile`, or the path of a type that is there already.
    pub ty: String,
    /// `i64`, or `user_id: i64`.
    pub id: String,
}

/// A request that the rule file allows.
#[derive(Clone)]
pub struct Request {
    /// Which pattern.
    pub pattern: Pattern,
    /// The first segment of the key.
    pub service: String,
    /// The third.
    pub entity: String,
    /// The version of the structure.
    pub version: u32,
    /// In seconds.
    pub ttl: u32,
    /// The type's name.
    pub name: syn::Ident,
    /// Where the type is, if it is there already.
    pub path: Option<syn::Path>,
    /// The field that tells one value from another.
    pub id_field: syn::Ident,
    /// Its type.
    pub id: syn::Type,
}

/// Why nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `user`, `user:profile:extra`.
    #[error("`{0}` is no entity; write the service and the name of what is cached: `user:profile`")]
    Entity(String),
    /// `User:profile`.
    #[error("`{name}` cannot stand in a key{}: {NAME_RULE}", near.as_ref().map(|near| format!("; write `{near}`")).unwrap_or_default())]
    Name {
        /// As given.
        name: String,
        /// What would be right.
        near: Option<String>,
    },
    /// Version 0.
    #[error("versions begin with 1")]
    Version,
    /// The rule file wants other keys.
    #[error("the key `{key}` {message}{line}")]
    Key {
        /// Its template.
        key: String,
        /// What is wrong.
        message: String,
        /// Where the rule file says so.
        line: String,
    },
    /// Neither `--ttl` nor a class states one.
    #[error("no class of the rule file matches `{0}`, so there is no TTL to take")]
    NoTtl(String),
    /// `15`, `soon`.
    #[error("the TTL `{0}` is none: {1}")]
    Ttl(String, TtlError),
    /// Longer or shorter than allowed.
    #[error("a TTL of {given} is {than} the {limit} that {whose} allows{line}")]
    Limit {
        /// As given.
        given: String,
        /// `longer than` or `shorter than`.
        than: &'static str,
        /// The bound.
        limit: String,
        /// The class, or the rule file.
        whose: String,
        /// Where the rule file says so.
        line: String,
    },
    /// The class is a store.
    #[error("class `{class}` is a store and no cache: what it holds has no other home{line}")]
    Store {
        /// The class.
        class: String,
        /// Where the rule file says so.
        line: String,
    },
    /// The class states another pattern.
    #[error("class `{class}` is kept by `{wanted}`{line}")]
    Pattern {
        /// The class.
        class: String,
        /// Its pattern.
        wanted: &'static str,
        /// Where the rule file says so.
        line: String,
    },
    /// No type.
    #[error(
        "`{0}` is no type that could be cached; write its name (`UserProfile`) or its path (`crate::model::UserProfile`)"
    )]
    Type(String),
    /// No id.
    #[error("`{0}` is no id; write its type (`i64`), with another field than `id` as `user_id: i64`")]
    Id(String),
}

impl Request {
    /// Holds what was asked for against the rule file.
    ///
    /// # Errors
    /// The first thing that is wrong, with the line of the rule file that it breaks.
    pub fn new(asked: &Asked, policy: &Policy) -> Result<Self, RequestError> {
        let (service, entity) = asked
            .entity
            .split_once(':')
            .filter(|(_, entity)| !entity.contains(':'))
            .ok_or_else(|| RequestError::Entity(asked.entity.clone()))?;
        for name in [service, entity] {
            if !is_name(name) {
                return Err(RequestError::Name { name: name.to_owned(), near: to_name(name) });
            }
        }
        if asked.version == 0 {
            return Err(RequestError::Version);
        }
        let (id_field, id) = parse_id(&asked.id)?;
        let (name, path) = parse_type(&asked.ty)?;
        let mut template = Template::text(format!("{service}:v{}:{entity}:", asked.version));
        template.push_hole(Hole::named(id_field.to_string()));
        if let Some(fault) = policy.key_fault(&template) {
            let line = line(policy, policy.keys.format.place);
            return Err(RequestError::Key { key: template.to_string(), message: fault.message, line });
        }
        let ttl = ttl(asked, policy, &template)?;
        Ok(Self {
            pattern: asked.pattern,
            service: service.to_owned(),
            entity: entity.to_owned(),
            version: asked.version,
            ttl,
            name,
            path,
            id_field,
            id,
        })
    }

    /// `user:v2:profile:{id}`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:v{}:{}:{{{}}}", self.service, self.version, self.entity, self.id_field)
    }
}

/// The TTL that is asked for, or that the class of the key has, in seconds.
fn ttl(asked: &Asked, policy: &Policy, template: &Template) -> Result<u32, RequestError> {
    let class = policy.class_of(template);
    if let Some(class) = class {
        let line = line(policy, class.place);
        if class.store {
            return Err(RequestError::Store { class: class.name.clone(), line });
        }
        let (own, other) = match asked.pattern {
            Pattern::CacheAside => (CachePattern::CacheAside, CachePattern::WriteThrough),
            Pattern::WriteThrough => (CachePattern::WriteThrough, CachePattern::CacheAside),
            Pattern::Invalidation => (CachePattern::CacheAside, CachePattern::WriteThrough),
        };
        if let Some(stated) = class.pattern.as_ref().filter(|stated| stated.value != own && stated.value == other) {
            let wanted = stated.value.word();
            let line = self::line(policy, stated.place);
            return Err(RequestError::Pattern { class: class.name.clone(), wanted, line });
        }
    }
    let Some(given) = &asked.ttl else {
        let of_class = class.and_then(|class| class.ttl.as_ref());
        let ms = of_class.ok_or_else(|| RequestError::NoTtl(template.to_string()))?.value.1;
        let shown = || crate::rules::duration(ms);
        let seconds = u32::try_from(ms / 1000).map_err(|_| RequestError::Ttl(shown(), TtlError::TooLong))?;
        return ttl::parse(&ttl::show(seconds)).map_err(|error| RequestError::Ttl(shown(), error));
    };
    let seconds = ttl::parse(given).map_err(|error| RequestError::Ttl(given.clone(), error))?;
    let ms = i128::from(seconds) * 1000;
    let whose = class.map_or_else(|| "the rule file".to_owned(), |class| format!("class `{}`", class.name));
    let bounds = [
        // Without the jitter: the runtime takes it off, and adds none.
        (class.and_then(|class| class.ttl.as_ref()).map(|ttl| (ttl.value.1, ttl.place)), "longer than"),
        (policy.longest_ttl(class).map(|limit| (limit.ms, limit.place)), "longer than"),
        (policy.shortest_ttl(class).map(|limit| (limit.ms, limit.place)), "shorter than"),
    ];
    for (bound, than) in bounds {
        let Some((bound, place)) = bound else { continue };
        if (than == "longer than" && ms > bound) || (than == "shorter than" && ms < bound) {
            let (given, limit) = (given.clone(), crate::rules::duration(bound));
            return Err(RequestError::Limit { given, than, limit, whose, line: line(policy, place) });
        }
    }
    Ok(seconds)
}

/// ` (cache-lint.toml:12)`.
fn line(policy: &Policy, place: Option<crate::finding::Place>) -> String {
    let found = place.and_then(|place| Some((policy.source(place.file)?, place.span.start as usize)));
    let Some((source, at)) = found else { return String::new() };
    let number = source.text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let path = if source.embedded { "the built-in rules" } else { &source.path };
    format!(" ({path}, line {number})")
}

fn parse_id(text: &str) -> Result<(syn::Ident, syn::Type), RequestError> {
    let wrong = |_| RequestError::Id(text.to_owned());
    let named = text.split_once(':').filter(|(_, ty)| !ty.starts_with(':'));
    let (field, ty) = named.map_or(("id", text), |(field, ty)| (field.trim(), ty.trim()));
    Ok((syn::parse_str(field).map_err(wrong)?, syn::parse_str(ty).map_err(wrong)?))
}

fn parse_type(text: &str) -> Result<(syn::Ident, Option<syn::Path>), RequestError> {
    let wrong = || RequestError::Type(text.to_owned());
    let path: syn::Path = syn::parse_str(text).map_err(|_| wrong())?;
    let last = path.segments.last().filter(|last| last.arguments.is_empty()).ok_or_else(wrong)?.ident.clone();
    if !last.to_string().starts_with(|c: char| c.is_uppercase()) {
        return Err(wrong());
    }
    let is_path = path.segments.len() > 1;
    Ok((last, is_path.then_some(path)))
}
