//! Loads a workspace from the disk.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::scope::Scope;
use super::{Workspace, assemble};

/// What to load, and what makes it matter.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Files and folders to check, absolute or relative to `cwd`; empty for `cwd` itself (or for `stdin` alone).
    pub paths: Vec<PathBuf>,
    /// The working directory, absolute.
    pub cwd: PathBuf,
    /// Globs of what is left out, in the syntax of .gitignore, relative to `cwd`.
    pub exclude: Vec<String>,
    /// `exclude` holds for `paths` themselves as well.
    pub force_exclude: bool,
    /// Read the files of tests, benches and examples, and count dev-dependencies. Test files are read in any case
    /// where `paths` names them, or a folder that holds nothing else.
    pub include_tests: bool,
    /// A text that is checked as well, or instead of the file of that name.
    pub stdin: Option<Stdin>,
    /// Texts in place of what is on the disk, by absolute path.
    pub instead: FxHashMap<PathBuf, Arc<str>>,
    /// Registry names of packages; who depends on one of them is relevant.
    pub client_crates: Vec<String>,
    /// Where nothing is known of a package's dependencies, it is relevant if one of these words stands in its files.
    pub client_words: Vec<String>,
    /// Threads of the walk; 0 for as many as pay. Reading runs on the current rayon pool.
    pub threads: usize,
}

/// A text from the standard input.
#[derive(Debug, Clone, Default)]
pub struct Stdin {
    /// The text.
    pub text: String,
    /// Where it is to be taken to lie; shown as `-` without.
    pub filename: Option<PathBuf>,
}

/// Why a run cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceLoadError {
    /// A named path does not exist.
    #[error("`{path}` does not exist{}", suggestion.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Missing {
        /// As shown.
        path: String,
        /// The nearest path that exists, as shown.
        suggestion: Option<String>,
    },
    /// A named path is a device, pipe or socket.
    #[error("`{path}` is neither a file nor a folder")]
    NotAFile {
        /// As shown.
        path: String,
    },
    /// A glob of `exclude` is faulty.
    #[error("the glob `{glob}` of what to exclude is not valid: {message}")]
    Exclude {
        /// As written.
        glob: String,
        /// What is wrong.
        message: String,
    },
    /// There is no `.rs` file.
    #[error("there is nothing to check: no `.rs` file in {searched}")]
    NothingToCheck {
        /// The named paths, as shown, each in backticks.
        searched: String,
    },
}

impl Workspace {
    /// Loads all that a run over `options.paths` needs.
    ///
    /// Findings hang on other files, so the whole cargo workspace around each path is loaded, and the packages that it
    /// depends on by path; [`SourceFile::selected`](super::SourceFile::selected) says which files were asked for. Texts
    /// are read only of packages that can matter ([`Package::relevant`](super::Package::relevant),
    /// [`Package::supplies`](super::Package::supplies)).
    ///
    /// # Errors
    ///
    /// When a named path does not exist, or there is nothing to check. Whatever else goes wrong is told in
    /// [`Workspace::errors`] and costs no other file.
    pub fn load(options: &LoadOptions) -> Result<Self, SourceLoadError> {
        let scope = Scope::of(options)?;
        if scope.is_empty() {
            return Err(SourceLoadError::NothingToCheck { searched: scope.searched() });
        }
        Ok(assemble::workspace(scope))
    }
}
