//! From flags to what a run takes.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{CommandFactory as _, ValueEnum};

use super::args::{Cli, InputArgs, LevelArgs, PolicyArgs};
use super::failure::Failure;
use super::format::{ColorChoice, Format, OutputArgs, ReportFormat, ReportOutputArgs};
use super::ground::Ground;
use super::progress::Progress;
use super::{cached, terminal};
use crate::cache::FactsPack;
use crate::facts::lower::Memory;
use crate::levels::{Levels, names};
use crate::policy::{Policy, PolicyOptions, Vocabulary, nearest};
use crate::report::Style;
use crate::rules::Category;
use crate::run::{self, Analysis, RunOptions, Stage};
use crate::source::{LoadOptions, SourceLoadError, Stdin};

/// The rule file for a run over these paths.
pub(super) fn policy(args: &PolicyArgs, paths: &[PathBuf]) -> Result<Policy, Failure> {
    policy_on(&Ground::work_tree()?, args, paths)
}

/// The same for a run that may take place elsewhere.
pub(super) fn policy_on(ground: &Ground, args: &PolicyArgs, paths: &[PathBuf]) -> Result<Policy, Failure> {
    let options = PolicyOptions {
        config: args.config.as_ref().map(|path| ground.file(path)),
        isolated: args.isolated,
        start: start(&ground.cwd, paths),
        cwd: Some(ground.cwd.clone()),
    };
    with_vocabulary(|vocabulary| Policy::load(&options, vocabulary)).map_err(Failure::Policy)
}

/// The names that a rule file may use.
pub(super) fn with_vocabulary<R>(read: impl FnOnce(&Vocabulary<'_>) -> R) -> R {
    let rules: Vec<&str> = names().collect();
    let categories = Category::ALL.map(Category::word);
    read(&Vocabulary { rules: &rules, categories: &categories })
}

/// Where the search for a rule file begins: the folder that holds everything that is looked at.
fn start(cwd: &Path, paths: &[PathBuf]) -> PathBuf {
    let folder = |path: &PathBuf| {
        let path = cwd.join(path);
        let path = path.canonicalize().unwrap_or(path);
        if path.is_dir() { path } else { path.parent().map(Path::to_path_buf).unwrap_or(path) }
    };
    let mut folders = paths.iter().filter(|path| path.as_os_str() != "-").map(folder);
    let Some(first) = folders.next() else { return cwd.to_path_buf() };
    folders.fold(first, |shared, folder| {
        shared.ancestors().find(|above| folder.starts_with(above)).map(Path::to_path_buf).unwrap_or_default()
    })
}

/// The levels of the command line over those of the rule file.
pub(super) fn levels<'a>(args: &'a LevelArgs, policy: &'a Policy) -> Levels<'a> {
    Levels { policy, overrides: &args.levels.0, only: &args.only, skip: &args.skip }
}

/// What to read.
pub(super) struct Input {
    /// For the analysis.
    pub(super) options: RunOptions,
    /// For the search for a rule file.
    pub(super) places: Vec<PathBuf>,
}

impl Input {
    /// Reads standard input and lists, where the flags ask for it.
    pub(super) fn of(args: &InputArgs) -> Result<Self, Failure> {
        Self::on(&Ground::work_tree()?, args)
    }

    /// The same for a run that may take place elsewhere.
    pub(super) fn on(ground: &Ground, args: &InputArgs) -> Result<Self, Failure> {
        let mut paths: Vec<PathBuf> = Vec::new();
        let mut from_stdin = false;
        for path in &args.paths {
            if path.as_os_str() == "-" {
                from_stdin = true;
            } else {
                paths.push(path.clone());
            }
        }
        if args.stdin_filename.is_some() && !from_stdin {
            let help = "name `-` among the paths: `cache-lint - --stdin-filename src/cache.rs`";
            return Err(Failure::other("`--stdin-filename` is for a text from standard input", help));
        }
        if let Some(list) = &args.files_from {
            if list.as_os_str() == "-" && from_stdin {
                let help = "write the list to a file";
                return Err(Failure::other("standard input cannot be both a source and a list of paths", help));
            }
            let listed = listed(list)?;
            if listed.is_empty() && paths.is_empty() && !from_stdin {
                let message = format!("there is nothing to check: `{}` lists no path", list.display());
                return Err(Failure::other(message, ""));
            }
            paths.extend(listed);
        }
        if from_stdin && ground.is_staged() {
            let help = "leave out `-`, or `--staged`";
            return Err(Failure::other("a text from standard input is not staged", help));
        }
        let paths: Vec<PathBuf> = paths.iter().map(|path| ground.path(path)).collect();
        let stdin = if from_stdin {
            Some(Stdin { text: standard_input()?, filename: args.stdin_filename.clone() })
        } else {
            None
        };
        let places = paths.iter().chain(&args.stdin_filename).cloned().collect();
        let load = LoadOptions {
            paths,
            cwd: ground.cwd.clone(),
            exclude: args.exclude.iter().flat_map(|globs| split_globs(globs)).collect(),
            force_exclude: args.force_exclude,
            stdin,
            ..LoadOptions::default()
        };
        let threads = args.threads.map_or(0, usize::from);
        Ok(Self { options: RunOptions { load, tests: args.tests, threads }, places })
    }
}

pub(super) fn standard_input() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::other(format!("cannot read standard input: {error}"), ""))?;
    String::from_utf8(bytes).map_err(|_| Failure::other("standard input is not UTF-8", "save the text as UTF-8"))
}

fn listed(list: &Path) -> Result<Vec<PathBuf>, Failure> {
    let text = if list.as_os_str() == "-" {
        standard_input()?
    } else {
        let fail = |error| Failure::other(format!("cannot read the list `{}`: {error}", list.display()), "");
        std::fs::read_to_string(list).map_err(fail)?
    };
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// `a,b` are two globs, `{a,b}` is one.
fn split_globs(text: &str) -> Vec<String> {
    let mut globs = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                globs.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = globs.last_mut() {
            last.push(c);
        }
    }
    globs.retain(|glob| !glob.is_empty());
    globs
}

/// A run that can begin.
pub(super) struct Prepared<'a> {
    pub(super) options: RunOptions,
    pub(super) policy: Policy,
    args: &'a InputArgs,
}

impl Prepared<'_> {
    /// Analyses, showing where it stands. Files that the facts know are not parsed.
    pub(super) fn run(self, facts: Option<&FactsPack>) -> Result<(Analysis, Stages), Failure> {
        let stages = Stages::new(self.args);
        let memory = facts.map(|facts| facts as &dyn Memory);
        let analysis = run::analyse_with(self.options, self.policy, memory, &|stage| stages.enter(stage));
        Ok((analysis.map_err(explain)?, stages))
    }
}

/// Reads the rule file, and what is asked for.
pub(super) fn prepare<'a>(
    ground: &Ground,
    args: &'a InputArgs,
    policy: &PolicyArgs,
    style: Style,
) -> Result<Prepared<'a>, Failure> {
    let input = Input::on(ground, args)?;
    let policy = policy_on(ground, policy, &input.places)?;
    if args.verbose {
        for source in &policy.sources {
            let built_in = if source.embedded { " (built in)" } else { "" };
            terminal::complain(&format!("rule file: {}{built_in}\n", source.path), style);
        }
    }
    Ok(Prepared { options: input.options, policy, args })
}

/// Prepares and analyses.
pub(super) fn analyse(args: &InputArgs, policy: &PolicyArgs, style: Style) -> Result<(Analysis, Stages), Failure> {
    let ground = Ground::work_tree()?;
    let facts = cached::facts(&ground, &args.cache);
    let result = prepare(&ground, args, policy, style)?.run(facts.as_ref());
    if let Some(facts) = facts {
        facts.close();
    }
    result
}

/// A path that is not there may be meant as a command.
pub(super) fn explain(error: SourceLoadError) -> Failure {
    let SourceLoadError::Missing { path, .. } = &error else { return error.into() };
    let command = Cli::command();
    let commands: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    match nearest(path, commands.iter().copied()) {
        Some(near) if near == path => Failure::other(
            format!("`{path}` is a command, and has to come first"),
            format!("write `cache-lint {path} …`, with its flags behind it; for a path of this name write `./{path}`"),
        ),
        Some(near) => {
            Failure::other(format!("`{path}` is neither a path nor a command"), format!("did you mean `{near}`?"))
        }
        None => error.into(),
    }
}

/// Tells people of the stages of a run.
pub(super) struct Stages {
    progress: Progress,
    verbose: bool,
    /// The stage that runs, and since when.
    current: std::cell::RefCell<Option<(Stage, Instant)>>,
}

impl Stages {
    pub(super) fn new(args: &InputArgs) -> Self {
        Self {
            progress: Progress::new(!args.no_progress && !args.verbose),
            verbose: args.verbose,
            current: std::cell::RefCell::new(None),
        }
    }

    /// A stage begins, and the one before ends.
    pub(super) fn enter(&self, stage: Stage) {
        self.progress.show(stage);
        self.report();
        *self.current.borrow_mut() = Some((stage, Instant::now()));
    }

    fn report(&self) {
        if let Some((stage, since)) = self.current.take().filter(|_| self.verbose) {
            let text = format!("{stage}: {} ms\n", since.elapsed().as_millis());
            terminal::complain(&text, Style::PLAIN);
        }
    }

    /// The last stage ends.
    pub(super) fn end(self) {
        self.report();
    }
}

/// Where results go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Targets<'a, F> {
    /// Of standard output.
    pub(super) format: F,
    /// Of standard output.
    pub(super) color: ColorChoice,
    /// Files beside it.
    pub(super) files: &'a [(F, PathBuf)],
}

impl<'a> From<&'a OutputArgs> for Targets<'a, Format> {
    fn from(args: &'a OutputArgs) -> Self {
        Self { format: args.shown.format, color: args.shown.color, files: &args.output }
    }
}

impl<'a> From<&'a ReportOutputArgs> for Targets<'a, ReportFormat> {
    fn from(args: &'a ReportOutputArgs) -> Self {
        Self { format: args.format(), color: args.color, files: &args.output }
    }
}

/// Writes the results to standard output and to the files that are asked for.
pub(super) fn deliver<'a, F: ValueEnum + Copy + 'a>(
    to: impl Into<Targets<'a, F>>,
    render: impl Fn(F, Style) -> String,
) -> Result<(), Failure> {
    let to = to.into();
    for (format, path) in to.files {
        let text = render(*format, Style::PLAIN);
        std::fs::write(path, text).map_err(|error| {
            let format = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            Failure::other(format!("cannot write `{}` ({format}): {error}", path.display()), "create its folder first")
        })?;
    }
    let style = terminal::of_stdout(to.color);
    terminal::print(&render(to.format, style), style)
}

/// What could not be read and belongs to no file of the run, a line each for standard error.
pub(super) fn other_errors(analysis: &Analysis, style: Style) -> String {
    let errors = analysis.workspace.errors.iter().filter(|error| error.file.is_none());
    let lines = errors.map(|error| {
        let path = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
        format!("{} {path}{}\n", style.level(crate::finding::Level::Warning, "warning:"), error.message)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_split_at_commas_outside_of_braces() {
        assert_eq!(split_globs("a/**,{b,c}/*.rs,,d"), ["a/**", "{b,c}/*.rs", "d"]);
        assert_eq!(split_globs("}a,b"), ["}a", "b"]);
    }

    #[test]
    fn the_search_for_a_rule_file_begins_above_all_paths() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/src")).unwrap();
        std::fs::create_dir_all(root.join("b")).unwrap();
        std::fs::write(root.join("a/src/lib.rs"), "").unwrap();
        let start = |paths: &[&str]| start(&root, &paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(start(&[]), root);
        assert_eq!(start(&["-"]), root);
        assert_eq!(start(&["a/src/lib.rs"]), root.join("a/src"));
        assert_eq!(start(&["a/src", "a"]), root.join("a"));
        assert_eq!(start(&["a/src", "b"]), root);
    }
}
