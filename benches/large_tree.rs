//! A whole run on a large tree, as a ratio to `rg -l redis` on the same tree in the same run; then the time of each stage,
//! and peak memory (Linux); then runs with the cache: cold, and warm as a ratio to it. Run by hand: `cargo bench`. `CACHE_LINT_TREE=PATH` takes another tree; without it one is made
//! of the sources that cargo has unpacked (at least a million lines where there are as many) and the demo shop.
#![allow(clippy::expect_used, clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use cache_lint::levels::Levels;
use cache_lint::policy::Policy;
use cache_lint::run::{Judgement, RunOptions, analyse, judge};
use cache_lint::source::LoadOptions;

const LINES: usize = 1_000_000;
const ROUNDS: usize = 5;

fn main() {
    let made = tempfile::tempdir().expect("a temporary folder");
    let tree = std::env::var_os("CACHE_LINT_TREE").map_or_else(|| make(made.path()), PathBuf::from);
    let (files, lines) = count(&tree);
    println!("tree: {files} files, {lines} lines");

    let ours = env!("CARGO_BIN_EXE_cache-lint");
    let lint =
        || run(Command::new(ours).args(["check", "--isolated", "--no-cache", "-f", "json", "."]).current_dir(&tree));
    let search = || run(Command::new("rg").args(["-l", "redis", "-g", "*.rs", "."]).current_dir(&tree));
    // Once each, so that both read from memory.
    let (_, peak) = lint();
    let has_rg = Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_ok();
    let lint = best(|| lint().0);
    println!("cache-lint check: {:.3} s, peak memory {} MB", lint.as_secs_f64(), peak / 1024);
    if has_rg {
        search();
        let search = best(|| search().0);
        println!("rg -l redis:      {:.3} s", search.as_secs_f64());
        println!("ratio:            {:.2}", lint.as_secs_f64() / search.as_secs_f64());
    } else {
        println!("rg is not installed: no ratio");
    }
    cache(&tree);
    stages(&tree);
}

/// Runs with the cache: over an empty one, over a full one, and after one file has changed.
fn cache(tree: &Path) {
    let kept = tempfile::tempdir().expect("a temporary folder");
    let folder = kept.path().join("entries");
    let lint = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cache-lint"));
        command.args(["check", "--isolated", "-f", "json", "."]).current_dir(tree).env("CACHE_LINT_CACHE_DIR", &folder);
        run(&mut command).0
    };
    // What was written just now is read again instead of trusting its time stamp.
    std::thread::sleep(Duration::from_secs(3));
    let cold = best(|| {
        let _ = fs::remove_dir_all(&folder);
        lint()
    });
    let warm = best(lint);
    println!("cold, filling the cache: {:.3} s", cold.as_secs_f64());
    println!(
        "warm, nothing changed:   {:.3} s, ratio {:.2}",
        warm.as_secs_f64(),
        warm.as_secs_f64() / cold.as_secs_f64()
    );
    let file = tree.join("shop/src/lib.rs");
    let Some(text) =
        [file.clone(), tree.join("shop/src/main.rs")].iter().find_map(|path| fs::read_to_string(path).ok())
    else {
        return;
    };
    let path = if file.is_file() { file } else { tree.join("shop/src/main.rs") };
    let mut round = 0;
    let changed = best(|| {
        round += 1;
        fs::write(&path, format!("{text}\n// {round}\n")).expect("the file can be written");
        lint()
    });
    fs::write(&path, text).expect("the file can be written");
    println!(
        "warm, one file changed:  {:.3} s, ratio {:.2}",
        changed.as_secs_f64(),
        changed.as_secs_f64() / cold.as_secs_f64()
    );
}

/// Time of each stage in this process, from what the stages report of themselves.
fn stages(tree: &Path) {
    let began = Instant::now();
    let marks = std::sync::Mutex::new(Vec::new());
    let load = LoadOptions { paths: vec![tree.to_path_buf()], cwd: tree.to_path_buf(), ..LoadOptions::default() };
    let analysis = analyse(RunOptions { load, ..RunOptions::default() }, Policy::default(), &|stage| {
        marks.lock().unwrap().push((began.elapsed(), stage.to_string()));
    })
    .expect("the tree can be read");
    let end = began.elapsed();
    let levels = Levels { policy: &analysis.policy, overrides: &[], only: &[], skip: &[] };
    let judged = judge(&analysis, &Judgement { levels, no_ignores: false, today: "2026-01-01" }).len();
    let rules = began.elapsed() - end;
    let marks = marks.into_inner().unwrap();
    for (at, (from, stage)) in marks.iter().enumerate() {
        let to = marks.get(at + 1).map_or(end, |(next, _)| *next);
        println!("  {stage}: {:.3} s", (to - *from).as_secs_f64());
    }
    println!("  {judged} findings in {:.3} s; {} operations", rules.as_secs_f64(), analysis.inventory.operations.len());
}

fn best(mut once: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| once()).min().expect("at least one round")
}

/// Wall time, and peak resident memory in KiB where the system tells.
fn run(command: &mut Command) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        if child.try_wait().expect("the program can be waited for").is_some() {
            return (began.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A tree of unpacked crates until there are a million lines, and the demo shop.
fn make(root: &Path) -> PathBuf {
    let home = std::env::var_os("CARGO_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("a home folder")).join(".cargo"), PathBuf::from);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop"), &root.join("shop")).expect("the shop is copied");
    let mut lines = 0;
    let registries = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let mut crates: Vec<PathBuf> =
        registries.flat_map(|r| fs::read_dir(r.path()).into_iter().flatten().flatten()).map(|c| c.path()).collect();
    crates.sort();
    for krate in crates {
        let name = krate.file_name().expect("a name").to_owned();
        // Clients themselves are not what anybody lints.
        if ["redis", "fred", "rustis", "deadpool-redis", "bb8-redis"]
            .iter()
            .any(|c| name.to_string_lossy().starts_with(c))
        {
            continue;
        }
        copy(&krate, &root.join("crates").join(&name)).expect("a crate is copied");
        lines += count(&root.join("crates").join(&name)).1;
        if lines > LINES {
            break;
        }
    }
    root.to_path_buf()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from).into_iter().flatten() {
        let wanted = entry.path().extension().is_some_and(|ext| ext == "rs" || ext == "toml");
        if entry.file_type().is_file() && wanted {
            let target = to.join(entry.path().strip_prefix(from).expect("inside"));
            fs::create_dir_all(target.parent().expect("a folder"))?;
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn count(tree: &Path) -> (usize, usize) {
    let mut total = (0, 0);
    for entry in walkdir::WalkDir::new(tree).into_iter().flatten() {
        if entry.path().extension().is_some_and(|ext| ext == "rs")
            && let Ok(bytes) = fs::read(entry.path())
        {
            total.0 += 1;
            total.1 += bytes.iter().filter(|&&byte| byte == b'\n').count();
        }
    }
    total
}
