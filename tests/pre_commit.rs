//! The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself in a repository that takes them in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod repository;

use std::path::{Path, PathBuf};
use std::process::Command;

use repository::Repository;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [dependencies]\nredis = \"1\"\n";
const GOOD: &str = "use redis::AsyncCommands;\n\npub async fn put(con: &mut redis::aio::MultiplexedConnection, id: i64) \
                    -> redis::RedisResult<()> {\n    con.set_ex(format!(\"app:cache:{id}\"), \"x\", 900).await\n}\n";

/// A program where `test.sh` has installed it, or where the machine has it.
fn installed(name: &str) -> PathBuf {
    let installed = root().join("target/pre-commit/bin").join(name);
    if installed.is_file() { installed } else { PathBuf::from(name) }
}

/// A repository as pre-commit clones it.
struct Hooks(Repository);

impl Hooks {
    /// Of these files of this repository.
    fn of<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let hooks = Repository::new();
        for file in files {
            let to = hooks.root().join(file);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(root().join(file), to).unwrap();
        }
        hooks.commit();
        Self(hooks)
    }

    fn config(&self, id: &str) -> String {
        let rev = self.0.git(&["rev-parse", "HEAD"]).stdout;
        let url = self.0.root().display().to_string();
        format!("repos:\n  - repo: {url}\n    rev: {}\n    hooks:\n      - id: {id}\n", rev.trim())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A repository that takes a hook in, with one commit.
struct Team {
    repository: Repository,
    /// Further variables of pre-commit.
    env: Vec<(&'static str, PathBuf)>,
}

impl Team {
    fn new(config: &str, env: Vec<(&'static str, PathBuf)>) -> Self {
        let team = Self { repository: Repository::new(), env };
        team.repository.write(".pre-commit-config.yaml", config);
        team.repository.write("Cargo.toml", MANIFEST);
        team.repository.write("src/lib.rs", GOOD);
        team.repository.commit();
        let (code, said) = team.pre_commit(&["install"]);
        assert_eq!(code, Some(0), "{said}");
        team
    }

    fn pre_commit(&self, args: &[&str]) -> (Option<i32>, String) {
        let mut command: Command = self.repository.command(installed("pre-commit").to_str().unwrap());
        command.args(args).env("PRE_COMMIT_HOME", self.repository.root().join(".git/pre-commit"));
        command.envs(self.env.iter().map(|(name, value)| (*name, value.as_os_str())));
        let output = command.output().unwrap_or_else(|error| panic!("pre-commit cannot be run ({error}); see test.sh"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    }

    /// A commit without a TTL is stopped, and one with it passes.
    fn commits(&self) {
        self.repository.write("src/lib.rs", &GOOD.replace("set_ex", "set").replace(", 900", ""));
        self.repository.git(&["add", "--all"]);
        let (code, said) = self.pre_commit(&["run"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("missing-ttl") && said.contains("exit code: 1"), "{said}");

        // The commit is about what is staged, whatever lies in the work tree meanwhile.
        self.repository.write("src/lib.rs", &GOOD.replace("900", "600"));
        let (code, said) = self.pre_commit(&["run"]);
        assert_eq!(code, Some(1), "{said}");

        self.repository.git(&["add", "--all"]);
        let (code, said) = self.pre_commit(&["run"]);
        assert!(code == Some(0) && said.contains("Passed"), "{said}");

        // Nothing that concerns it: it is not even started.
        self.repository.commit();
        self.repository.write("README.md", "nothing\n");
        self.repository.git(&["add", "--all"]);
        let (code, said) = self.pre_commit(&["run"]);
        assert!(code == Some(0) && said.contains("Skipped"), "{said}");
    }
}

#[test]
#[ignore = "needs pre-commit, which test.sh installs"]
fn with_the_binary_on_the_path() {
    let hooks = Hooks::of([".pre-commit-hooks.yaml"]);
    let tool = Path::new(env!("CARGO_BIN_EXE_cache-lint")).parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(tool).chain(std::env::split_paths(&path))).unwrap();
    Team::new(&hooks.config("cache-lint-system"), vec![("PATH", path.into())]).commits();
}

/// The wheel as a release builds it, but without optimisation, stands where pip looks before it asks an index.
#[test]
#[ignore = "needs pre-commit and maturin, which test.sh installs"]
fn with_the_prebuilt_binary_out_of_a_wheel() {
    let wheels = tempfile::tempdir().unwrap();
    let maturin = installed("maturin");
    let release = std::fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let build = release.lines().find_map(|line| line.split("pipx run maturin ").nth(1)).unwrap();
    let args = build.split(' ').map(|word| match word {
        "--release" => "--profile=dev",
        "../../target/wheels" => wheels.path().to_str().unwrap(),
        word => word,
    });
    let output = Command::new(maturin).args(args).current_dir(root().join("packaging/pypi")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let hooks = Hooks::of([".pre-commit-hooks.yaml", "pyproject.toml"]);
    let env = vec![("PIP_FIND_LINKS", wheels.path().to_path_buf())];
    Team::new(&hooks.config("cache-lint"), env).commits();
}

#[test]
#[ignore = "needs pre-commit; builds the release as pre-commit does, which takes minutes"]
fn with_the_binary_built_from_source() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let hooks = Hooks::of(listed.split_terminator('\0').filter(|file| root().join(file).is_file()));
    Team::new(&hooks.config("cache-lint-src"), Vec::new()).commits();
}
