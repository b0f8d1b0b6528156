//! The files by which others take the tool in: each is read as its reader reads it, and held against what it refers to.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(path: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn yaml(text: &str) -> Yaml<'_> {
    Yaml::load_from_str(text).unwrap().remove(0)
}

fn keys(yaml: &Yaml<'_>) -> BTreeSet<String> {
    yaml.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned()).collect()
}

fn text<'y>(yaml: &'y Yaml<'_>, key: &str) -> Option<&'y str> {
    yaml.as_mapping_get(key)?.as_str()
}

fn steps<'y>(action: &'y Yaml<'y>) -> Vec<&'y Yaml<'y>> {
    action["runs"]["steps"].as_sequence().unwrap().iter().collect()
}

/// `inputs.x`, `steps.x`: the word behind `of.` wherever it stands.
fn mentioned(text: &str, of: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let behind = text.split(of).skip(1);
    behind.map(|rest| rest.chars().take_while(|c| is_word(*c)).collect()).collect()
}

#[test]
fn every_input_of_the_action_is_used_and_every_one_used_is_declared() {
    let source = read("action.yml");
    let action = yaml(&source);
    assert_eq!(mentioned(&source, "inputs."), keys(&action["inputs"]));
    for name in keys(&action["inputs"]) {
        let input = &action["inputs"][name.as_str()];
        assert!(text(input, "description").is_some() && text(input, "default").is_some(), "{name}");
    }
    let ids: BTreeSet<String> =
        steps(&action).into_iter().filter_map(|step| text(step, "id").map(str::to_owned)).collect();
    assert_eq!(mentioned(&source, "steps."), ids);
    assert_eq!(text(&action["runs"], "using"), Some("composite"));
}

/// Values go to scripts as variables: spliced into the text they would be run.
#[test]
fn the_scripts_of_the_action_are_valid_and_free_of_expressions() {
    let source = read("action.yml");
    let action = yaml(&source);
    let scripts: Vec<&str> = steps(&action).into_iter().filter_map(|step| text(step, "run")).collect();
    assert_eq!(scripts.len(), 2);
    for step in steps(&action).into_iter().filter(|step| text(step, "run").is_some()) {
        let script = text(step, "run").unwrap();
        assert!(!script.contains("${{"), "{script}");
        assert_eq!(text(step, "shell"), Some("bash"), "a composite action's steps name their shell");
        let variables = step.as_mapping_get("env").map(keys).unwrap_or_default();
        for name in &variables {
            assert!(script.contains(&format!("${name}")), "{name} is not used");
        }
        let checked = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

/// The step that checks, run as a runner would, with a tool that writes down what it is called with.
#[cfg(unix)]
#[test]
fn the_action_calls_the_tool_as_its_inputs_say() {
    use std::os::unix::fs::PermissionsExt as _;
    let source = read("action.yml");
    let action = yaml(&source);
    let script = steps(&action).into_iter().find(|step| text(step, "id") == Some("check")).and_then(|s| text(s, "run"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("bin")).unwrap();
    let tool = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$RUNNER_TEMP/called\"\n\
                for a in \"$@\"; do case $a in sarif=*) : > \"${a#sarif=}\";; esac; done\nexit 1\n";
    std::fs::write(at("bin/cache-lint"), tool).unwrap();
    std::fs::set_permissions(at("bin/cache-lint"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |paths: &str, args: &str, sarif: &str| {
        std::fs::write(at("output"), "").unwrap();
        let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script.unwrap()]);
        command.env("PATH", path).env("PATHS", paths).env("ARGS", args).env("SARIF", sarif);
        command.env("RUNNER_TEMP", folder.path()).env("GITHUB_OUTPUT", at("output"));
        assert_eq!(command.status().unwrap().code(), Some(1), "the exit code is the tool's");
        let called = std::fs::read_to_string(at("called")).unwrap();
        (called.lines().map(str::to_owned).collect::<Vec<_>>(), std::fs::read_to_string(at("output")).unwrap())
    };
    let plain = ["check", "--format", "github", "--no-progress"];
    assert_eq!(run("", "", "false"), (plain.map(str::to_owned).to_vec(), String::new()));
    let (called, output) = run("src\nan other\n", "--deny-warnings\n--skip\ncost", "true");
    let sarif = at("cache-lint.sarif").display().to_string();
    let more = ["--deny-warnings", "--skip", "cost", "--output", &format!("sarif={sarif}"), "src", "an other"];
    assert_eq!(called, plain.into_iter().chain(more).map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(output, format!("sarif-file={sarif}\n"));
}

/// What `init` writes and what the page says is one text, and valid.
#[test]
fn the_jobs_of_the_documentation_are_those_that_init_writes() {
    let page = read("docs/ci.md");
    for (path, from) in [("rules/ci/github.yml", "      - uses"), ("rules/ci/gitlab.yml", "cache-lint:")] {
        let job = read(path).replace("VERSION", VERSION);
        yaml(&job);
        let start = job.find(from).unwrap();
        let shown = job[start..].split("\n        #").next().unwrap().trim_end();
        assert!(page.contains(shown), "{shown}");
    }
    for name in keys(&yaml(&read("action.yml"))["inputs"]) {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn the_hooks_of_pre_commit_differ_in_their_language_alone() {
    let source = read(".pre-commit-hooks.yaml");
    let hooks = yaml(&source);
    let hooks = hooks.as_sequence().unwrap();
    let languages: Vec<_> = hooks.iter().map(|hook| (text(hook, "id"), text(hook, "language"))).collect();
    let wanted = [("cache-lint", "python"), ("cache-lint-src", "rust"), ("cache-lint-system", "system")];
    assert_eq!(languages, wanted.map(|(id, language)| (Some(id), Some(language))));
    for hook in hooks {
        assert_eq!(text(hook, "entry"), Some("cache-lint check --staged"));
        assert_eq!(text(hook, "files"), Some(r"(\.rs|cache-lint\.toml)$"));
        assert_eq!(hook["pass_filenames"].as_bool(), Some(false));
        assert_eq!(hook["require_serial"].as_bool(), Some(true));
    }
}

#[test]
fn the_python_package_installs_the_binary_of_this_version() {
    let mirror: toml::Table = read("pyproject.toml").parse().unwrap();
    let wanted = toml::Value::Array(vec![format!("cache-lint=={VERSION}").into()]);
    assert_eq!(mirror["project"]["dependencies"], wanted);
    assert_eq!(mirror["project"]["version"].as_str(), Some(VERSION));
    let wheel: toml::Table = read("packaging/pypi/pyproject.toml").parse().unwrap();
    assert_eq!(wheel["project"]["name"].as_str(), Some("cache-lint"));
}

#[test]
fn the_archives_lie_where_binstall_looks() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let url = binstall["pkg-url"].as_str().unwrap();
    assert!(url.ends_with("/v{ version }/{ name }-v{ version }-{ target }{ archive-suffix }"), "{url}");
    let script = read("packaging/archive");
    assert!(script.contains("name=\"cache-lint-$tag-$target\"") && script.contains("tag\" = \"v$version\""));
    assert!(script.contains("\"$name.tgz\"") && binstall["pkg-fmt"].as_str() == Some("tgz"));
    assert_eq!(binstall["bin-dir"].as_str(), Some("{ name }-v{ version }-{ target }/{ bin }{ binary-ext }"));
}

/// The workflows run what a developer runs.
#[test]
fn the_workflows_are_valid_and_run_what_is_there() {
    for path in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let source = read(path);
        let workflow = yaml(&source);
        let jobs = workflow["jobs"].as_mapping().unwrap();
        let runs: Vec<&str> = jobs
            .values()
            .flat_map(|job| job["steps"].as_sequence().unwrap())
            .filter_map(|step| text(step, "run"))
            .collect();
        assert!(runs.contains(&".ci/run"), "{path}");
        for script in runs {
            assert!(!script.contains("${{"), "{script}");
            assert!(Command::new("bash").args(["-n", "-c", script]).status().unwrap().success(), "{script}");
        }
    }
}
