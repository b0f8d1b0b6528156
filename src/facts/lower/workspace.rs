//! All files of a run, in parallel.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::file::{LowerOptions, Lowered, lower_text};
use super::macros::family;
use crate::facts::item::MacroDef;
use crate::facts::{FileFacts, Name};
use crate::source::{PARSE_STACK, PackageId, SourceError, SourceFile, Workspace, check_depth};

/// Parses and lowers every file of the run that has content, in parallel. `facts[id]` are those of file `id`.
///
/// A file that does not parse, is nested too deeply, or makes the parser panic costs that file only. Calls of macros
/// that another file of the workspace defines are expanded in a second pass over the files that need it.
///
/// Trees are as deep as [`check_depth`] allows: what walks or clones them needs a stack of [`PARSE_STACK`] as well.
/// Dropping them does not.
#[must_use]
pub fn lower_all(workspace: &Workspace) -> (Vec<Option<FileFacts>>, Vec<SourceError>) {
    lower_all_with(workspace, None)
}

/// What earlier runs have lowered. `options` are all that the facts depend on beside the text, as bytes.
pub trait Memory: Sync {
    /// What this text was lowered to.
    fn recall(&self, text: &str, options: &[u8]) -> Option<Lowered>;
    /// Keeps what this text was lowered to.
    fn keep(&self, text: &str, options: &[u8], lowered: &Lowered);
}

/// The same; files that the memory knows are not parsed.
#[must_use]
pub fn lower_all_with(
    workspace: &Workspace,
    memory: Option<&dyn Memory>,
) -> (Vec<Option<FileFacts>>, Vec<SourceError>) {
    match rayon::ThreadPoolBuilder::new()
        .num_threads(rayon::current_num_threads())
        .stack_size(PARSE_STACK)
        .thread_name(|_| "parse".to_owned())
        .build()
    {
        Ok(pool) => pool.install(|| lower_on_pool(workspace, memory)),
        Err(error) => {
            let message = format!("no thread to parse on: {error}");
            let error = SourceError { path: String::new(), file: None, offset: None, message };
            (workspace.files.iter().map(|_| None).collect(), vec![error])
        }
    }
}

fn lower_on_pool(workspace: &Workspace, memory: Option<&dyn Memory>) -> (Vec<Option<FileFacts>>, Vec<SourceError>) {
    let lower_source = |file: &SourceFile, macros: &Visible| lower_remembered(file, macros, memory);
    let mut results: Vec<Option<Result<Lowered, SourceError>>> =
        workspace.files.par_iter().map(|file| lower_source(file, &Visible::default())).collect();
    let shared = SharedMacros::new(workspace, &results);
    let again: Vec<(usize, Result<Lowered, SourceError>)> = workspace
        .files
        .par_iter()
        .zip(&results)
        .enumerate()
        .filter_map(|(index, (file, result))| {
            let Some(Ok(lowered)) = result else { return None };
            let macros = shared.wanted_by(file, lowered)?;
            Some((index, lower_source(file, macros)?))
        })
        .collect();
    for (index, lowered) in again {
        results[index] = Some(lowered);
    }
    let mut errors = Vec::new();
    let facts = results
        .into_iter()
        .map(|result| match result? {
            Ok(lowered) => Some(lowered.facts),
            Err(error) => {
                errors.push(error);
                None
            }
        })
        .collect();
    (facts, errors)
}

/// Lowers one file, or recalls what it was lowered to.
fn lower_remembered(
    file: &SourceFile,
    visible: &Visible,
    memory: Option<&dyn Memory>,
) -> Option<Result<Lowered, SourceError>> {
    let (Some(memory), Some(content)) = (memory, &file.content) else {
        return lower_source(file, &visible.definitions);
    };
    let options = [&[u8::from(!file.test)], visible.digest.as_slice()].concat();
    if let Some(lowered) = memory.recall(&content.text, &options) {
        return Some(Ok(lowered));
    }
    let result = lower_source(file, &visible.definitions)?;
    if let Ok(lowered) = &result {
        memory.keep(&content.text, &options, lowered);
    }
    Some(result)
}

/// Lowers one file; `None` when it has no content.
fn lower_source(file: &SourceFile, macros: &[MacroDef]) -> Option<Result<Lowered, SourceError>> {
    let text = &file.content.as_ref()?.text;
    let options = LowerOptions { macros, drop_tests: !file.test };
    let error = |offset: Option<u32>, message: String| SourceError {
        path: file.path.clone(),
        file: Some(file.id),
        offset,
        message,
    };
    if let Err(depth) = check_depth(text) {
        return Some(Err(error(Some(depth.offset), depth.to_string())));
    }
    let lowered = catch_unwind(AssertUnwindSafe(|| lower_text(text, &options)));
    Some(match lowered {
        Ok(Ok(lowered)) => Ok(lowered),
        Ok(Err(failure)) => Err(error(Some(failure.offset), failure.to_string())),
        Err(_) => Err(error(None, "parse error: the parser panicked on this file".to_owned())),
    })
}

/// The macro definitions that the files of a package can call, those of the package itself first.
#[derive(Default)]
struct Visible {
    definitions: Vec<MacroDef>,
    /// Their hash; empty where there are none.
    digest: Vec<u8>,
}

impl Visible {
    fn new(definitions: Vec<MacroDef>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for MacroDef { name, rules, exported } in &definitions {
            for part in [name.as_bytes(), rules.as_bytes(), &[u8::from(*exported)]] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        Self { digest: hasher.finalize().as_bytes().to_vec(), definitions }
    }
}

/// The macro definitions that files can use of each other.
struct SharedMacros {
    visible: FxHashMap<PackageId, Visible>,
    /// Names that are defined in a package.
    own: FxHashMap<PackageId, FxHashSet<Name>>,
    /// Names that are exported from any package.
    exported: FxHashSet<Name>,
}

impl SharedMacros {
    fn new(workspace: &Workspace, results: &[Option<Result<Lowered, SourceError>>]) -> Self {
        let mut own: FxHashMap<PackageId, Vec<MacroDef>> = FxHashMap::default();
        for (file, result) in workspace.files.iter().zip(results) {
            if let Some(Ok(lowered)) = result {
                own.entry(file.package).or_default().extend(lowered.facts.macros.iter().cloned());
            }
        }
        // A foreign macro never stands in for a well-known one, and `$crate` in it is its own crate.
        let mut foreign: Vec<(PackageId, MacroDef)> = Vec::new();
        for package in &workspace.packages {
            for definition in own.get(&package.id).into_iter().flatten() {
                if definition.exported && family(&definition.name).is_none() {
                    let rules = definition.rules.replace("$crate", &format!("::{}", package.lib_name));
                    foreign.push((package.id, MacroDef { rules, ..definition.clone() }));
                }
            }
        }
        let exported: FxHashSet<Name> = foreign.iter().map(|(_, definition)| definition.name.clone()).collect();
        let names = own
            .iter()
            .map(|(&package, definitions)| (package, definitions.iter().map(|it| it.name.clone()).collect()))
            .collect();
        let packages: BTreeSet<u32> = workspace.files.iter().map(|file| file.package.0).collect();
        let visible = packages
            .into_iter()
            .map(|package| {
                let package = PackageId(package);
                let mut definitions = own.get(&package).cloned().unwrap_or_default();
                let others = foreign.iter().filter(|(from, _)| *from != package);
                definitions.extend(others.map(|(_, definition)| definition.clone()));
                (package, Visible::new(definitions))
            })
            .collect();
        Self { visible, own: names, exported }
    }

    /// The definitions for a second pass over a file, if it calls any that it does not define itself.
    fn wanted_by(&self, file: &SourceFile, lowered: &Lowered) -> Option<&Visible> {
        let visible = self.visible.get(&file.package)?;
        let own = self.own.get(&file.package);
        let in_package = |name: &Name| own.is_some_and(|own| own.contains(name));
        let is_wanted =
            lowered.facts.unresolved_macros.iter().any(|name| in_package(name) || self.exported.contains(name))
                || lowered.assumed.iter().any(in_package);
        is_wanted.then_some(visible)
    }
}
