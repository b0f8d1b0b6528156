//! Reads rule files: the one that holds, and those it extends.

use std::path::{Path, PathBuf};

use super::discover::{Found, discover};
use super::error::{Mistake, PolicyError, shown};
use super::layer::{self, Layer, Setting};
use super::merge;
use super::reader::Reader;
use super::{Policy, PolicySource, Vocabulary};
use crate::finding::FileId;
use crate::text::Span;

/// The embedded rule file: the rules that hold in any repository.
pub const DEFAULT: &str = include_str!("../../rules/default.toml");
/// The commented rule file that `init` writes.
pub const TEMPLATE: &str = include_str!("../../rules/template.toml");

/// The path under which messages show the embedded rule file.
const DEFAULT_PATH: &str = "rules/default.toml";
const DEFAULT_SEPARATOR: char = ':';

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct PolicyOptions {
    /// `--config`: this file and no other. Globs of paths in it are relative to the working directory.
    pub config: Option<PathBuf>,
    /// `--isolated`: only the embedded default, whatever else is there.
    pub isolated: bool,
    /// Where the search begins: the folder (or file) that is linted.
    pub start: PathBuf,
    /// What paths are shown relative to; the working directory of the process where none is given.
    pub cwd: Option<PathBuf>,
}

pub(super) fn load(options: &PolicyOptions, vocabulary: &Vocabulary<'_>) -> Result<Policy, Vec<PolicyError>> {
    let mut loader = Loader::new(vocabulary, options.cwd.clone());
    match (&options.config, options.isolated) {
        (_, true) => {}
        (Some(path), false) => {
            let folder = loader.cwd.clone();
            loader.start(&Found::file(path.clone()), folder);
        }
        (None, false) => {
            if let Some(found) = discover(&options.start, &loader.cwd).map_err(|error| vec![error])? {
                let folder = base_of(&found.path);
                loader.start(&found, folder);
            }
        }
    }
    loader.finish()
}

/// A rule file that is given as text, over the embedded default.
pub(super) fn from_text(path: &str, text: &str, vocabulary: &Vocabulary<'_>) -> Result<Policy, Vec<PolicyError>> {
    let mut loader = Loader::new(vocabulary, None);
    let folder = loader.cwd.clone();
    loader.add(Path::new(path), text.to_owned(), &[], &folder, &mut Vec::new());
    loader.finish()
}

/// The embedded default alone.
pub(super) fn embedded() -> Policy {
    let mut loader = Loader::new(&Vocabulary { rules: &[], categories: &[] }, None);
    loader.add_default();
    merge::merged(&loader.layers, loader.sources)
}

/// Where globs of a rule file are relative to: its folder, or the one above `.config`.
fn base_of(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let folder = absolute.parent().map(Path::to_path_buf).unwrap_or_default();
    match (folder.file_name(), folder.parent()) {
        (Some(name), Some(above)) if name == ".config" => above.to_path_buf(),
        _ => folder,
    }
}

struct Loader<'v> {
    vocabulary: &'v Vocabulary<'v>,
    /// What paths are shown relative to.
    cwd: PathBuf,
    sources: Vec<PolicySource>,
    /// The lowest first.
    layers: Vec<Layer>,
    /// Files that were read, with the separator that cuts their patterns.
    read: Vec<(PathBuf, char)>,
    errors: Vec<PolicyError>,
}

impl<'v> Loader<'v> {
    fn new(vocabulary: &'v Vocabulary<'v>, cwd: Option<PathBuf>) -> Self {
        let cwd = cwd.unwrap_or_else(|| std::env::current_dir().unwrap_or_default());
        Self { vocabulary, cwd, sources: Vec::new(), layers: Vec::new(), read: Vec::new(), errors: Vec::new() }
    }

    /// Reads the file that holds.
    fn start(&mut self, found: &Found, folder: PathBuf) {
        match std::fs::read_to_string(&found.path) {
            Ok(text) => {
                self.add(&found.path, text, &found.keys, &folder, &mut Vec::new());
            }
            Err(error) => {
                let message = format!("cannot read the rule file: {}", reason(&error));
                let help = "name a rule file, or write one with `cache-lint init`".to_owned();
                self.errors.push(PolicyError::of_file(&self.cwd, &found.path, message, Some(help)));
            }
        }
    }

    /// Reads a file after those it extends, and gives the separator of its patterns.
    fn add(&mut self, path: &Path, text: String, keys: &[&str], folder: &Path, chain: &mut Vec<PathBuf>) -> char {
        let source = self.source(shown(&self.cwd, path), text, false);
        let mut reader = Reader::new(&source);
        let document = layer::parse(&mut reader, &source.text);
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let Some(table) = layer::inner(document.get_ref(), keys) else { return DEFAULT_SEPARATOR };

        chain.push(real.clone());
        let mut separator = DEFAULT_SEPARATOR;
        for other in layer::extends(&mut reader, table) {
            let span = other.place.map(|place| place.span).unwrap_or_default();
            separator = self.extend(&mut reader, span, path, &other.value, chain).unwrap_or(separator);
        }
        chain.pop();

        let separator = layer::stated_separator(table).unwrap_or(separator);
        let setting = Setting { vocabulary: self.vocabulary, folder, separator };
        let layer = layer::read(&mut reader, table, setting);
        merge::check_over(&mut reader, &layer, &self.layers);
        self.layers.push(layer);
        self.read.push((real, separator));
        self.errors.append(&mut reader.into_errors());
        separator
    }

    fn extend(
        &mut self,
        reader: &mut Reader,
        span: Span,
        from: &Path,
        name: &str,
        chain: &mut Vec<PathBuf>,
    ) -> Option<char> {
        let target = from.parent().map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        let real = target.canonicalize().unwrap_or_else(|_| target.clone());
        if let Some(at) = chain.iter().position(|open| *open == real) {
            let circle: Vec<String> = chain[at..].iter().chain([&real]).map(|path| shown(&self.cwd, path)).collect();
            let message = format!("rule files extend each other in a circle: {}", circle.join(" → "));
            reader.error(span, Mistake::from(message));
            return None;
        }
        // Two files may extend a third; it is laid under both once.
        if let Some((_, separator)) = self.read.iter().find(|(path, _)| *path == real) {
            return Some(*separator);
        }
        match std::fs::read_to_string(&target) {
            Ok(text) => {
                let folder = base_of(&real);
                Some(self.add(&real, text, &[], &folder, chain))
            }
            Err(error) => {
                let message = format!("cannot read `{name}`, which this file extends: {}", reason(&error));
                let help = format!("the path is relative to this file: `{}` was looked for", shown(&self.cwd, &target));
                reader.error(span, Mistake::with_help(message, help));
                None
            }
        }
    }

    fn source(&mut self, path: String, text: String, embedded: bool) -> PolicySource {
        let number = u32::try_from(self.sources.len()).unwrap_or_default();
        let source = PolicySource { file: FileId(u32::MAX - number), path, text, embedded };
        self.sources.push(source.clone());
        source
    }

    /// Lays the embedded default under everything.
    fn add_default(&mut self) {
        let source = self.source(DEFAULT_PATH.to_owned(), DEFAULT.to_owned(), true);
        let mut reader = Reader::new(&source);
        let document = layer::parse(&mut reader, &source.text);
        let setting = Setting { vocabulary: self.vocabulary, folder: Path::new(""), separator: DEFAULT_SEPARATOR };
        let mut default = layer::read(&mut reader, document.get_ref(), setting);
        self.errors.append(&mut reader.into_errors());
        let is_wanted = self.layers.iter().rev().find_map(|layer| layer.default.as_ref()).is_none_or(|flag| flag.value);
        if !is_wanted {
            // The format and the basics of TTLs stay: the other values mean nothing without them.
            default.classes.clear();
        }
        self.layers.insert(0, default);
    }

    fn finish(mut self) -> Result<Policy, Vec<PolicyError>> {
        self.add_default();
        // In the order of reading: the project's own file first, then what it extends.
        let order = |path: &str| self.sources.iter().position(|source| source.path == path);
        self.errors.sort_by_key(|error| (order(&error.path), error.span));
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let policy = merge::merged(&self.layers, self.sources);
        let errors = merge::check_whole(&policy);
        if errors.is_empty() { Ok(policy) } else { Err(errors) }
    }
}

/// What is wrong with a file, without the number of the operating system.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        std::io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}
