//! Which packages can matter, so that the files of all others need not even be read.

use std::path::Path;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::{Dependency, LoadOptions, Package};
use crate::disk;

/// Sets [`Package::relevant`] and [`Package::supplies`]. `unknown(index)` gives the files to ask where nothing is known
/// of a package's dependencies, and `None` where they are known. `stdin` is the file whose text is given.
pub(super) fn mark<'a>(
    packages: &mut [Package],
    options: &LoadOptions,
    stdin: Option<(&Path, &str)>,
    unknown: impl Fn(usize) -> Option<Vec<&'a Path>>,
) {
    let clients: FxHashSet<&str> = options.client_crates.iter().map(String::as_str).collect();
    // What is only there for tests does not matter to a run that leaves tests out.
    let counts = |dependency: &&Dependency| options.include_tests || !dependency.dev_only;
    let locals = |package: &Package| -> Vec<usize> {
        package.dependencies.iter().filter(counts).filter_map(|dependency| Some(dependency.local?.0 as usize)).collect()
    };

    let relevant: Vec<bool> = (0..packages.len())
        .map(|index| match unknown(index) {
            Some(files) => mentions(&files, stdin, &options.client_words),
            None => {
                let is_client = |used: &Dependency| {
                    clients.contains(used.package.as_str()) || named_after(used, &options.client_words)
                };
                packages[index].dependencies.iter().filter(counts).any(is_client)
            }
        })
        .collect();
    let uses: Vec<Vec<usize>> = packages.iter().map(locals).collect();
    let mut used_by = vec![Vec::new(); packages.len()];
    for (user, used) in uses.iter().enumerate() {
        for &index in used {
            if let Some(users) = used_by.get_mut(index) {
                users.push(user);
            }
        }
    }

    let relevant = reach(relevant, &used_by);
    let supplies = reach(relevant.clone(), &uses);
    for ((package, relevant), supplies) in packages.iter_mut().zip(relevant).zip(supplies) {
        package.relevant = relevant;
        package.supplies = supplies && !relevant;
    }
}

/// What can be reached along `edges` from what is marked.
fn reach(mut marked: Vec<bool>, edges: &[Vec<usize>]) -> Vec<bool> {
    let mut open: Vec<usize> = (0..marked.len()).filter(|&index| marked[index]).collect();
    while let Some(index) = open.pop() {
        for &next in edges.get(index).into_iter().flatten() {
            if let Some(mark) = marked.get_mut(next)
                && !std::mem::replace(mark, true)
            {
                open.push(next);
            }
        }
    }
    marked
}

/// `company-redis`: a crate of which nothing is known but that its name says what it wraps.
fn named_after(used: &Dependency, words: &[String]) -> bool {
    used.local.is_none() && used.package.split(['-', '_']).any(|part| words.iter().any(|word| word == part))
}

/// Whether one of the words stands in one of the files.
fn mentions(files: &[&Path], stdin: Option<(&Path, &str)>, words: &[String]) -> bool {
    let Ok(words) = AhoCorasick::new(words.iter().filter(|word| !word.is_empty())) else { return true };
    files.par_iter().any(|path| match stdin {
        Some((name, text)) if name == *path => words.is_match(text),
        _ => matches!(disk::read(path), Ok(Some(bytes)) if words.is_match(&bytes)),
    })
}
