//! Finding rule files and laying them over each other.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::error::{PolicyError, shown};
use super::grammar::KeyFormat;
use super::layer::{ClassLayer, Layer, Listed, read, read_table};
use super::reader::Reader;
use super::{Class, Exception, KeyPolicy, Located, Policy, PolicySource, TtlPolicy, Vocabulary};
use crate::finding::FileId;

/// The embedded rule file: the rules that hold in any repository.
pub const DEFAULT: &str = include_str!("../../rules/default.toml");
/// The commented rule file that `init` writes.
pub const TEMPLATE: &str = include_str!("../../rules/template.toml");
/// Names of rule files in one folder, of which one may be there.
pub const FILE_NAMES: [&str; 3] = ["cache-lint.toml", ".cache-lint.toml", ".config/cache-lint.toml"];

/// Depth of `extends`.
const MOST_EXTENDS: usize = 16;

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct PolicyOptions {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--isolated`: only the embedded default.
    pub isolated: bool,
    /// Where the search begins: the folder that is linted.
    pub start: PathBuf,
}

pub(super) fn load(options: &PolicyOptions, vocabulary: &Vocabulary<'_>) -> Result<Policy, Vec<PolicyError>> {
    let mut loader = Loader { vocabulary, layers: Vec::new(), sources: Vec::new(), errors: Vec::new() };
    let found = match (&options.config, options.isolated) {
        (_, true) => None,
        (Some(path), false) => Some(Found::File(path.clone())),
        (None, false) => discover(&options.start).map_err(|error| vec![error])?,
    };
    if let Some(found) = found {
        loader.add(&found, &mut Vec::new());
    }
    loader.finish()
}

/// The embedded default alone.
pub(super) fn embedded() -> Policy {
    let vocabulary = Vocabulary { rules: &[], categories: &[] };
    let source = PolicySource {
        file: FileId(u32::MAX),
        path: "rules/default.toml".into(),
        text: DEFAULT.into(),
        embedded: true,
    };
    let mut reader = Reader::new(&source);
    let layer = read(&mut reader, &source, &vocabulary);
    merged(vec![layer], vec![source])
}

/// A rule file, or the table of a manifest.
enum Found {
    File(PathBuf),
    Manifest(PathBuf, &'static str),
}

/// Looks from `start` upwards to the root of the repository (or of the workspace, where there is no repository). The
/// nearest folder that has one wins; two in one folder are a mistake.
fn discover(start: &Path) -> Result<Option<Found>, PolicyError> {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_path_buf());
    for folder in start.ancestors().filter(|folder| folder.is_dir()) {
        let mut here: Vec<Found> =
            FILE_NAMES.iter().map(|name| folder.join(name)).filter(|path| path.is_file()).map(Found::File).collect();
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap_or_default();
        let is_workspace_root = text.contains("[workspace");
        if text.contains("metadata.cache-lint")
            && let Ok(table) = DeTable::parse(&text)
        {
            for owner in ["workspace", "package"] {
                let inside = table.get_ref().get(owner).and_then(|owner| owner.get_ref().get("metadata"));
                if inside.and_then(|metadata| metadata.get_ref().get("cache-lint")).is_some() {
                    here.push(Found::Manifest(manifest.clone(), owner));
                }
            }
        }
        if here.len() > 1 {
            let names: Vec<String> = here.iter().map(|found| format!("`{}`", found.shown())).collect();
            return Err(PolicyError::of_file(
                folder,
                format!("more than one rule file in one folder: {}", names.join(" and ")),
                Some("keep one of them, or name one with `--config`".to_owned()),
            ));
        }
        if let Some(found) = here.pop() {
            return Ok(Some(found));
        }
        let has_git = start.ancestors().any(|folder| folder.join(".git").exists());
        if folder.join(".git").exists() || (!has_git && is_workspace_root) {
            break;
        }
    }
    Ok(None)
}

impl Found {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Manifest(path, _) => path,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::File(path) => shown(path),
            Self::Manifest(path, owner) => format!("{} [{owner}.metadata.cache-lint]", shown(path)),
        }
    }
}

struct Loader<'v> {
    vocabulary: &'v Vocabulary<'v>,
    /// The highest first.
    layers: Vec<Layer>,
    sources: Vec<PolicySource>,
    errors: Vec<PolicyError>,
}

impl Loader<'_> {
    fn add(&mut self, found: &Found, chain: &mut Vec<PathBuf>) {
        let path = found.path();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let help = "give the path of a rule file; `cache-lint init` writes one".to_owned();
                let message = format!("cannot read the rule file `{}`: {error}", shown(path));
                self.errors.push(PolicyError::of_file(path, message, Some(help)));
                return;
            }
        };
        let source = self.source(shown(path), text, false);
        let mut reader = Reader::new(&source);
        let layer = match found {
            Found::File(_) => read(&mut reader, &source, self.vocabulary),
            Found::Manifest(_, owner) => match DeTable::parse(&source.text) {
                Ok(document) => {
                    let table = document
                        .get_ref()
                        .get(*owner)
                        .and_then(|owner| owner.get_ref().get("metadata"))
                        .and_then(|metadata| metadata.get_ref().get("cache-lint"));
                    match table.map(toml::Spanned::get_ref) {
                        Some(toml::de::DeValue::Table(table)) => read_table(&mut reader, table, self.vocabulary),
                        _ => Layer::default(),
                    }
                }
                Err(_) => Layer::default(),
            },
        };
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let own = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let extends: Vec<Located<String>> = layer.extends.clone();
        self.layers.push(layer);
        chain.push(own);
        for other in &extends {
            let target = folder.join(&other.value);
            let span = other.place.map(|place| place.span).unwrap_or_default();
            let real = target.canonicalize().ok();
            if real.is_none() {
                reader.error(span, format!("cannot read `{}`, which this file extends", other.value), None);
            } else if real.is_some_and(|real| chain.contains(&real)) || chain.len() > MOST_EXTENDS {
                reader.error(span, format!("`{}` extends itself in a circle", other.value), None);
            } else {
                self.add(&Found::File(target), chain);
            }
        }
        chain.pop();
        self.errors.append(&mut reader.errors);
    }

    fn source(&mut self, path: String, text: String, embedded: bool) -> PolicySource {
        let number = u32::try_from(self.sources.len()).unwrap_or_default();
        let source = PolicySource { file: FileId(u32::MAX - number), path, text, embedded };
        self.sources.push(source.clone());
        source
    }

    fn finish(mut self) -> Result<Policy, Vec<PolicyError>> {
        let with_default = self.layers.iter().find_map(|layer| layer.default.as_ref()).is_none_or(|flag| flag.value);
        let source = self.source("rules/default.toml".to_owned(), DEFAULT.to_owned(), true);
        let mut reader = Reader::new(&source);
        let mut default = read(&mut reader, &source, self.vocabulary);
        self.errors.append(&mut reader.errors);
        if !with_default {
            // The format and the TTL basics stay: they are what the other values mean something against.
            default.classes.clear();
            default.levels.clear();
        }
        self.layers.push(default);
        if !self.errors.is_empty() {
            self.errors.sort_by_key(|error| (error.path.clone(), error.span));
            return Err(self.errors);
        }
        Ok(merged(self.layers, self.sources))
    }
}

/// Takes the first that states something.
macro_rules! first {
    ($layers:expr, $field:ident) => {
        $layers.iter().find_map(|layer| layer.$field.clone())
    };
}

/// A list of the highest layer that replaces it, with what that one and those above add.
fn listed<T: Clone>(lists: &[&Listed<T>]) -> Vec<T> {
    let mut out = Vec::new();
    for list in lists {
        out.extend(list.extend.iter().cloned());
        if let Some(replace) = &list.replace {
            out.extend(replace.iter().cloned());
            break;
        }
    }
    out
}

fn merged(layers: Vec<Layer>, sources: Vec<PolicySource>) -> Policy {
    let separator = first!(layers, separator).map_or(':', |separator| separator.value);
    let format = first!(layers, format)
        .and_then(|text| KeyFormat::new(&text.value, separator).ok().map(|value| Located { value, place: text.place }));
    let fallback = || Located {
        value: KeyFormat {
            text: "{service}:{entity}:{id}".to_owned(),
            separator,
            segments: vec![
                super::grammar::FormatSegment::Service,
                super::grammar::FormatSegment::Entity,
                super::grammar::FormatSegment::Id("id".to_owned()),
            ],
        },
        place: None,
    };
    let mut levels = std::collections::BTreeMap::new();
    for layer in layers.iter().rev() {
        levels.extend(layer.levels.clone());
    }
    Policy {
        keys: KeyPolicy {
            format: format.unwrap_or_else(fallback),
            version_prefix: first!(layers, version_prefix),
            service: first!(layers, service),
            exceptions: listed(&layers.iter().map(|layer| &layer.key_exceptions).collect::<Vec<_>>()),
        },
        ttl: TtlPolicy {
            required: first!(layers, ttl_required).unwrap_or(Located { value: true, place: None }),
            jitter: first!(layers, ttl_jitter).unwrap_or(Located { value: 0, place: None }),
            min: first!(layers, ttl_min),
            max: first!(layers, ttl_max),
        },
        classes: classes(&layers),
        levels,
        exceptions: layers
            .iter()
            .flat_map(|layer| &layer.exceptions)
            .map(|exception| Exception {
                rules: exception.rules.clone(),
                keys: exception.keys.clone(),
                paths: exception.paths.clone(),
                functions: exception.functions.clone(),
                reason: exception.reason.clone(),
                until: exception.until.clone(),
                place: exception.place,
            })
            .collect(),
        cheap_loads: listed(&layers.iter().map(|layer| &layer.cheap_loads).collect::<Vec<_>>()),
        guards: listed(&layers.iter().map(|layer| &layer.guards).collect::<Vec<_>>()),
        external_channels: listed(&layers.iter().map(|layer| &layer.external_channels).collect::<Vec<_>>()),
        require_until: first!(layers, require_until).is_some_and(|flag| flag.value),
        exclude: listed(&layers.iter().map(|layer| &layer.exclude).collect::<Vec<_>>()),
        tests: first!(layers, tests).is_some_and(|flag| flag.value),
        clients: layers.iter().flat_map(|layer| layer.clients.clone()).collect(),
        sources,
    }
}

/// Classes of one name are joined key by key, the highest layer first.
fn classes(layers: &[Layer]) -> Vec<Class> {
    let mut names: Vec<&str> = Vec::new();
    for class in layers.iter().flat_map(|layer| &layer.classes) {
        if !names.contains(&class.name.as_str()) {
            names.push(&class.name);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let all: Vec<&ClassLayer> =
                layers.iter().flat_map(|layer| &layer.classes).filter(|class| class.name == name).collect();
            let store = all.iter().find_map(|class| class.store.as_ref()).is_some_and(|flag| flag.value);
            Class {
                name: name.to_owned(),
                place: all.first().and_then(|class| class.place),
                keys: listed(&all.iter().map(|class| &class.keys).collect::<Vec<_>>()),
                tables: listed(&all.iter().map(|class| &class.tables).collect::<Vec<_>>()),
                ttl: if store { None } else { all.iter().find_map(|class| class.ttl.clone()) },
                jitter: all.iter().find_map(|class| class.jitter.clone()),
                pattern: all.iter().find_map(|class| class.pattern.clone()),
                store,
                hot: all.iter().find_map(|class| class.hot.as_ref()).is_some_and(|flag| flag.value),
                reason: all.iter().find_map(|class| class.reason.clone()).map(|reason| reason.value),
            }
        })
        .collect()
}
