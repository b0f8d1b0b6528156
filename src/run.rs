//! The stages joined: from paths to findings.

use crate::clients::Catalogue;
use crate::finding::Finding;
use crate::inventory::{self, Inventory};
use crate::link::{LinkOptions, link};
use crate::policy::Policy;
use crate::rules::{self, Context, Meta};
use crate::source::{LoadOptions, SourceLoadError, Workspace};

/// Stack of the thread that evaluates: it recurses with the nesting of the code.
const STACK: usize = 512 << 20;

/// What a run found.
#[derive(Debug)]
pub struct Analysis {
    /// The files.
    pub workspace: Workspace,
    /// The operations.
    pub inventory: Inventory,
    /// The rule file.
    pub policy: Policy,
}

/// Options of the analysis itself.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// What to read. The client packages are filled in here.
    pub load: LoadOptions,
    /// Test code as well.
    pub tests: bool,
}

/// Reads, joins and takes stock.
///
/// # Errors
/// Nothing to check, or a named path that is not there.
pub fn analyse(options: RunOptions, policy: Policy) -> Result<Analysis, SourceLoadError> {
    let (catalogue, _) = Catalogue::with_declared(&policy.clients);
    let mut load = options.load;
    load.client_crates = catalogue.relevant_packages().into_iter().map(str::to_owned).collect();
    load.client_words = catalogue.mention_words().into_iter().map(str::to_owned).collect();
    let mut workspace = Workspace::load(&load)?;
    let (facts, errors) = crate::facts::lower::lower_all(&workspace);
    workspace.errors.extend(errors);
    let inventory = on_large_stack(|| {
        let options = LinkOptions { tests: options.tests };
        link(&workspace, &facts, &catalogue, options, |program| inventory::build(program))
    });
    Ok(Analysis { workspace, inventory, policy })
}

/// Runs the rules that are wanted.
#[must_use]
pub fn judge(analysis: &Analysis, tests: bool, wanted: impl Fn(&Meta) -> bool) -> Vec<Finding> {
    let context = Context { inventory: &analysis.inventory, policy: &analysis.policy, workspace: &analysis.workspace };
    rules::run(context, tests, wanted)
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
            // Only when the system gives no more threads.
            Err(_) => std::process::abort(),
        }
    })
}
