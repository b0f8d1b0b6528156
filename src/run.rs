//! The stages joined: from paths to findings.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::clients::Catalogue;
use crate::facts::{Block, Expr, ExprKind, FileFacts, Item, ItemKind, Stmt};
use crate::finding::{FileId, Finding};
use crate::inventory::{self, Inventory, Operation};
use crate::link::{LinkOptions, link};
use crate::policy::Policy;
use crate::rules::{self, Context, Meta};
use crate::source::{Directive, LoadOptions, SourceLoadError, Workspace, directives};
use crate::text::Span;

/// Stack of the thread that evaluates: it recurses with the nesting of the code.
const STACK: usize = 512 << 20;

/// What a run found.
#[derive(Debug)]
pub struct Analysis {
    /// The files.
    pub workspace: Workspace,
    /// The operations, those of files that were not asked for included.
    pub inventory: Inventory,
    /// The rule file.
    pub policy: Policy,
    /// Suppression comments by file, with the statements and items that they can be for.
    pub comments: FxHashMap<FileId, Comments>,
    /// Files that were parsed.
    pub parsed: usize,
}

/// The suppression comments of a file.
#[derive(Debug, Clone, Default)]
pub struct Comments {
    /// In order.
    pub directives: Vec<Directive>,
    /// Spans of statements and items, in no order.
    pub nodes: Vec<Span>,
}

/// Options of the analysis itself.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// What to read. The client packages are filled in here.
    pub load: LoadOptions,
    /// Test code as well.
    pub tests: bool,
}

/// Where a run stands, for whoever shows it.
pub type Progress<'p> = &'p (dyn Fn(&str) + Sync);

/// Reads, joins and takes stock.
///
/// # Errors
/// Nothing to check, or a named path that is not there.
pub fn analyse(options: RunOptions, policy: Policy, progress: Progress<'_>) -> Result<Analysis, SourceLoadError> {
    let (catalogue, _) = Catalogue::with_declared(&policy.clients);
    let mut load = options.load;
    load.client_crates = catalogue.relevant_packages().into_iter().map(str::to_owned).collect();
    load.client_words = catalogue.mention_words().into_iter().map(str::to_owned).collect();
    load.exclude.extend(policy.exclude_globs(&load.cwd));
    progress("reading files");
    let mut workspace = Workspace::load(&load)?;
    let read = workspace.files.iter().filter(|file| file.content.is_some()).count();
    progress(&format!("parsing {read} files"));
    let (facts, errors) = crate::facts::lower::lower_all(&workspace);
    workspace.errors.extend(errors);
    workspace.errors.sort_by(|a, b| (&a.path, a.offset, &a.message).cmp(&(&b.path, b.offset, &b.message)));
    let comments = comments(&workspace, &facts);
    let parsed = facts.iter().flatten().count();
    progress(&format!("evaluating {parsed} files"));
    // Facts are walked, compared and dropped on the large stack: they nest as deeply as the code.
    let inventory = on_large_stack(|| {
        let options = LinkOptions { tests: options.tests };
        let inventory = link(&workspace, &facts, &catalogue, options, inventory::build);
        drop(facts);
        inventory
    });
    Ok(Analysis { workspace, inventory, policy, comments, parsed })
}

impl Analysis {
    /// Operations in files that were asked for.
    pub fn selected(&self) -> impl Iterator<Item = &Operation> {
        self.inventory.operations.iter().filter(|op| self.is_selected(op.place.file))
    }

    /// Whether a file was asked for; places in rule files always are.
    #[must_use]
    pub fn is_selected(&self, file: FileId) -> bool {
        self.workspace.file(file).is_none_or(|file| file.selected)
    }

    /// Runs the rules that are wanted; findings outside what was asked for are left out.
    #[must_use]
    pub fn judge(&self, tests: bool, wanted: impl Fn(&Meta) -> bool) -> Vec<Finding> {
        let context = Context { inventory: &self.inventory, policy: &self.policy, workspace: &self.workspace };
        let mut findings = rules::run(context, tests, wanted);
        findings.retain(|finding| self.is_selected(finding.primary.file));
        findings
    }
}

fn comments(workspace: &Workspace, facts: &[Option<FileFacts>]) -> FxHashMap<FileId, Comments> {
    workspace
        .files
        .par_iter()
        .filter_map(|file| {
            let content = file.content.as_ref()?;
            let directives = directives(&content.text);
            if directives.is_empty() {
                return None;
            }
            let mut nodes = Vec::new();
            if let Some(Some(facts)) = facts.get(file.id.0 as usize) {
                items(&facts.items, &mut nodes);
            }
            Some((file.id, Comments { directives, nodes }))
        })
        .collect()
}

fn items(list: &[Item], nodes: &mut Vec<Span>) {
    for item in list {
        nodes.push(item.full_span);
        match &item.kind {
            ItemKind::Mod { items: Some(inner), .. } => items(inner, nodes),
            ItemKind::Function(function) => nodes.extend(function.body.iter().flat_map(statements)),
            ItemKind::Impl { functions, .. } | ItemKind::Trait { functions, .. } => {
                for function in functions {
                    nodes.push(function.full_span);
                    nodes.extend(function.body.iter().flat_map(statements));
                }
            }
            _ => {}
        }
    }
}

/// The statements of a block and of the blocks in them, as far as comments stand before statements there.
fn statements(block: &Block) -> Vec<Span> {
    let mut out = Vec::new();
    let mut open = vec![block];
    while let Some(block) = open.pop() {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Let { span, init, diverge, .. } => {
                    out.push(*span);
                    open.extend(diverge);
                    open.extend(init.iter().flat_map(blocks));
                }
                Stmt::Expr { expr, .. } => {
                    out.push(expr.span);
                    open.extend(blocks(expr));
                }
                Stmt::Item(item) => items(std::slice::from_ref(item), &mut out),
            }
        }
    }
    out
}

/// The blocks directly in an expression.
fn blocks(expr: &Expr) -> Vec<&Block> {
    match &expr.kind {
        ExprKind::Block(block) | ExprKind::Async(block) | ExprKind::Loop(block) => vec![block],
        ExprKind::While(_, block) | ExprKind::For(_, _, block) => vec![block],
        ExprKind::If(_, then, otherwise) => {
            let mut all = vec![then];
            all.extend(otherwise.iter().flat_map(|expr| blocks(expr)));
            all
        }
        ExprKind::Match(_, arms) => arms.iter().flat_map(|arm| blocks(&arm.body)).collect(),
        ExprKind::Await(inner) | ExprKind::Try(inner) | ExprKind::Ref(inner) => blocks(inner),
        ExprKind::Call(_, args) => args.iter().flat_map(blocks).collect(),
        ExprKind::Method(call) => {
            let mut all = blocks(&call.receiver);
            all.extend(call.args.iter().flat_map(blocks));
            all
        }
        ExprKind::Closure(closure) => blocks(&closure.body),
        _ => Vec::new(),
    }
}

/// Runs `work` on a thread with a large stack.
fn on_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("link".to_owned()).stack_size(STACK).spawn_scoped(scope, work);
        match thread {
            Ok(handle) => match handle.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            },
            // Only when the system gives no more threads or address space.
            Err(error) => {
                eprintln!("cache-lint: cannot start a thread: {error}");
                std::process::exit(2)
            }
        }
    })
}
