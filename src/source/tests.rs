//! Whole trees on the disk, loaded.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder with files, gone at the end of the test.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn options(&self, paths: &[&str]) -> LoadOptions {
        LoadOptions {
            paths: paths.iter().map(PathBuf::from).collect(),
            cwd: self.dir.path().to_path_buf(),
            client_crates: ["redis", "deadpool-redis", "valkey-glide"].map(String::from).to_vec(),
            client_words: vec!["redis".to_owned()],
            ..LoadOptions::default()
        }
    }

    fn load(&self, paths: &[&str]) -> Workspace {
        Workspace::load(&self.options(paths)).unwrap()
    }
}

/// One line per file: path, package, and `s`elected, `t`est, `c`ontent.
fn shown(workspace: &Workspace) -> Vec<String> {
    let flags = |file: &SourceFile| {
        let flags = [(file.selected, 's'), (file.test, 't'), (file.content.is_some(), 'c')];
        flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect::<String>()
    };
    let name = |file: &SourceFile| workspace.package(file.package).unwrap().name.clone();
    workspace.files.iter().map(|file| format!("{} {} {}", file.path, name(file), flags(file))).collect()
}

fn package<'a>(workspace: &'a Workspace, name: &str) -> &'a Package {
    workspace.packages.iter().find(|package| package.name == name).unwrap()
}

fn relevant(workspace: &Workspace) -> Vec<&str> {
    workspace.packages.iter().filter(|package| package.relevant).map(|package| package.name.as_str()).collect()
}

/// `alias = package@version` with `dev` and the local package's name.
fn dependencies(workspace: &Workspace, name: &str) -> Vec<String> {
    let show = |used: &Dependency| {
        let version = used.version.as_deref().unwrap_or("?");
        let local = used.local.map(|id| format!(" -> {}", workspace.package(id).unwrap().name)).unwrap_or_default();
        let dev = if used.dev_only { " dev" } else { "" };
        format!("{} = {}@{version}{local}{dev}", used.alias, used.package)
    };
    package(workspace, name).dependencies.iter().map(show).collect()
}

const USES_REDIS: &str = "[package]\nname = \"app\"\nedition = \"2021\"\n[dependencies]\nredis = \"0.25\"\n";

#[test]
fn a_package_gives_its_files_in_order_with_their_places() {
    let tree = Tree::new(&[
        ("Cargo.toml", USES_REDIS),
        ("src/main.rs", "mod cache;"),
        ("src/cache.rs", "// cache"),
        ("src/cache-key.rs", ""),
        ("tests/it.rs", ""),
        ("build.rs", ""),
        ("README.md", "no source"),
    ]);
    let workspace = tree.load(&[]);
    assert_eq!(
        shown(&workspace),
        [
            "build.rs app sc",
            "src/cache-key.rs app sc",
            "src/cache.rs app sc",
            "src/main.rs app sc",
            "tests/it.rs app st"
        ]
    );
    assert_eq!(workspace.errors, []);
    for (index, file) in workspace.files.iter().enumerate() {
        assert_eq!(file.id.0 as usize, index);
        assert_eq!(workspace.by_path()[file.absolute.as_path()], file.id);
    }
    assert_eq!(workspace.text(workspace.files[2].id), "// cache");
}

#[test]
fn tests_are_read_when_asked_for_or_named() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", ""), ("tests/it.rs", ""), ("examples/a.rs", "")]);
    let all = Workspace::load(&LoadOptions { include_tests: true, ..tree.options(&[]) }).unwrap();
    assert!(all.files.iter().all(|file| file.content.is_some()));
    assert_eq!(shown(&tree.load(&["tests"])), ["examples/a.rs app t", "src/lib.rs app c", "tests/it.rs app stc"]);
    assert_eq!(
        shown(&tree.load(&["examples/a.rs"])),
        ["examples/a.rs app stc", "src/lib.rs app c", "tests/it.rs app t"]
    );
}

#[test]
fn a_package_that_is_there_for_tests_is_test_code() {
    let manifest =
        |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n[dependencies]\nredis = \"1\"\n{rest}");
    let app = "load-test = { path = \"../load\" }\n[dev-dependencies]\napp-test-kit = { path = \"../kit\" }\n";
    let tree = Tree::new(&[
        ("app/Cargo.toml", &manifest("app", app)),
        ("app/src/main.rs", ""),
        ("kit/Cargo.toml", &manifest("app-test-kit", "")),
        ("kit/src/lib.rs", ""),
        ("e2e/Cargo.toml", &manifest("app-e2e", "")),
        ("e2e/src/lib.rs", ""),
        ("ab/Cargo.toml", &manifest("ab-testing", "")),
        ("ab/src/main.rs", ""),
        ("load/Cargo.toml", &manifest("load-test", "")),
        ("load/src/lib.rs", ""),
    ]);
    // A program, and what a program is made of, is none whatever it is called.
    assert_eq!(
        shown(&tree.load(&[])),
        [
            "ab/src/main.rs ab-testing sc",
            "app/src/main.rs app sc",
            "e2e/src/lib.rs app-e2e st",
            "kit/src/lib.rs app-test-kit st",
            "load/src/lib.rs load-test sc",
        ]
    );
    // Alone it is what is looked at.
    assert_eq!(shown(&tree.load(&["kit"])), ["kit/src/lib.rs app-test-kit sc"]);
}

#[test]
fn dependencies_know_renames_tables_inheritance_and_locked_versions() {
    let tree = Tree::new(&[
        (
            "Cargo.toml",
            r#"
            [workspace]
            members = ["crates/*"]
            [workspace.package]
            edition = "2024"
            version = "1.2.3"
            [workspace.dependencies]
            kv = { package = "redis", version = "0.27" }
            cache-core = { path = "crates/cache-core" }
            "#,
        ),
        (
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"redis\"\nversion = \"0.25.4\"\n[[package]]\nname = \"redis\"\nversion = \"0.27.6\"\n",
        ),
        (
            "crates/app/Cargo.toml",
            r#"
            [package]
            name = "my-app"
            edition.workspace = true
            version = { workspace = true }
            [dependencies]
            kv.workspace = true
            cache-core = { workspace = true }
            valkey-glide = "0.9"
            old = { package = "redis", version = "0.25" }
            [target.'cfg(unix)'.dependencies]
            deadpool-redis = ">=0.15, <0.20"
            [build-dependencies]
            serde = "1"
            [dev-dependencies]
            serde = "1"
            tempfile = { git = "https://example.org/tempfile" }
            renamed-core = { path = "../cache-core", package = "cache-core" }
            "#,
        ),
        ("crates/app/src/lib.rs", ""),
        ("crates/cache-core/Cargo.toml", "[package]\nname = \"cache-core\"\n[lib]\nname = \"core_of_cache\"\n"),
        ("crates/cache-core/src/lib.rs", ""),
    ]);
    let workspace = tree.load(&[]);
    assert_eq!(
        dependencies(&workspace, "my-app"),
        [
            "core_of_cache = cache-core@? -> cache-core",
            "deadpool_redis = deadpool-redis@0.15",
            "glide = valkey-glide@0.9",
            "kv = redis@0.27.6",
            "old = redis@0.25.4",
            "renamed_core = cache-core@? -> cache-core dev",
            "serde = serde@1",
            "tempfile = tempfile@? dev",
        ]
    );
    let app = package(&workspace, "my-app");
    assert_eq!((app.edition, app.version.as_deref(), app.lib_name.as_str()), (2024, Some("1.2.3"), "my_app"));
    let core = package(&workspace, "cache-core");
    assert_eq!((core.edition, core.version.as_deref(), core.lib_name.as_str()), (2015, None, "core_of_cache"));
    assert!(app.relevant && core.supplies && !core.relevant);
}

#[test]
fn targets_are_declared_or_discovered_as_far_as_they_exist() {
    let tree = Tree::new(&[
        (
            "Cargo.toml",
            r#"
            [package]
            name = "a-b"
            autobenches = false
            [lib]
            path = "lib/root.rs"
            [[bin]]
            name = "tool"
            [[bin]]
            name = "gone"
            [[test]]
            name = "all"
            path = "checks/all.rs"
            "#,
        ),
        ("lib/root.rs", ""),
        ("src/lib.rs", ""),
        ("src/main.rs", ""),
        ("src/bin/tool/main.rs", ""),
        ("src/bin/tool/part.rs", ""),
        ("src/bin/other.rs", ""),
        ("tests/one.rs", ""),
        ("tests/two/main.rs", ""),
        ("tests/common/mod.rs", ""),
        ("benches/b.rs", ""),
        ("examples/e.rs", ""),
        ("checks/all.rs", ""),
        ("checks/helper.rs", ""),
        ("build.rs", ""),
    ]);
    let workspace = tree.load(&[]);
    let targets = &package(&workspace, "a-b").targets;
    let shown: Vec<_> = targets
        .iter()
        .map(|target| format!("{:?} {} {}", target.kind, target.name, paths::display(tree.dir.path(), &target.root)))
        .collect();
    assert_eq!(
        shown,
        [
            "Lib a_b lib/root.rs",
            "Bin tool src/bin/tool/main.rs",
            "Bin gone src/main.rs",
            "Bin other src/bin/other.rs",
            "Test all checks/all.rs",
            "Test one tests/one.rs",
            "Test two tests/two/main.rs",
            "Example e examples/e.rs",
            "Build build-script-build build.rs",
        ]
    );
    let tests: Vec<_> = workspace.files.iter().filter(|file| file.test).map(|file| file.path.as_str()).collect();
    assert_eq!(
        tests,
        [
            "benches/b.rs",
            "checks/all.rs",
            "checks/helper.rs",
            "examples/e.rs",
            "tests/common/mod.rs",
            "tests/one.rs",
            "tests/two/main.rs"
        ]
    );
}

#[test]
fn only_packages_that_reach_a_client_are_read_and_what_they_stand_on() {
    let member = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n[dependencies]\n{rest}");
    let tree = Tree::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
        ("kv/Cargo.toml", &member("kv", "redis = \"1\"\nkeys = { path = \"../keys\" }\n")),
        ("kv/src/lib.rs", ""),
        ("keys/Cargo.toml", &member("keys", "")),
        ("keys/src/lib.rs", ""),
        ("web/Cargo.toml", &member("web", "kv = { path = \"../kv\" }\n")),
        ("web/src/main.rs", ""),
        ("cli/Cargo.toml", &member("cli", "keys = { path = \"../keys\" }\n")),
        ("cli/src/main.rs", "// redis is only mentioned"),
        ("house/Cargo.toml", &member("house", "acme-redis = { git = \"https://example.org/acme\" }\n")),
        ("house/src/lib.rs", ""),
        ("probe/Cargo.toml", &format!("{}[dev-dependencies]\nredis = \"1\"\n", member("probe", ""))),
        ("probe/src/lib.rs", ""),
    ]);
    let workspace = tree.load(&[]);
    assert_eq!(relevant(&workspace), ["house", "kv", "web"]);
    assert_eq!(
        shown(&workspace),
        [
            "cli/src/main.rs cli s",
            "house/src/lib.rs house sc",
            "keys/src/lib.rs keys sc",
            "kv/src/lib.rs kv sc",
            "probe/src/lib.rs probe s",
            "web/src/main.rs web sc"
        ]
    );
    let with_tests = Workspace::load(&LoadOptions { include_tests: true, ..tree.options(&[]) }).unwrap();
    assert_eq!(relevant(&with_tests), ["house", "kv", "probe", "web"]);
}

#[test]
fn where_no_dependencies_are_known_a_mention_decides() {
    let tree = Tree::new(&[("a.rs", "use redis::Client;"), ("b.rs", "")]);
    let workspace = tree.load(&[]);
    assert_eq!(shown(&workspace), ["a.rs  sc", "b.rs  sc"]);
    assert_eq!(workspace.packages[0].manifest, PathBuf::new());
    let silent = Tree::new(&[("a.rs", "use std::fs;")]);
    assert_eq!(shown(&silent.load(&[])), ["a.rs  s"]);
}

#[test]
fn a_broken_manifest_is_an_error_and_still_a_package() {
    let tree = Tree::new(&[
        ("ok/Cargo.toml", USES_REDIS),
        ("ok/src/lib.rs", ""),
        ("bad/Cargo.toml", "[package]\nname = \"x\nversion"),
        ("bad/src/lib.rs", "redis::cmd"),
        (
            "odd/Cargo.toml",
            "[package]\nname = 3\nedition = []\n[dependencies]\nredis = 7\n[lib]\npath = true\n[[bin]]\n",
        ),
        ("odd/src/lib.rs", ""),
    ]);
    let workspace = tree.load(&[]);
    assert_eq!(shown(&workspace), ["bad/src/lib.rs bad sc", "odd/src/lib.rs odd sc", "ok/src/lib.rs app sc"]);
    assert_eq!(workspace.errors.len(), 1);
    assert_eq!(workspace.errors[0].path, "bad/Cargo.toml");
    assert!(workspace.errors[0].offset.is_some());
    assert!(workspace.errors[0].message.starts_with("is no valid TOML"), "{}", workspace.errors[0].message);
}

#[test]
fn a_named_part_is_selected_within_its_whole_workspace() {
    let tree = Tree::new(&[
        ("ws/Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nexclude = [\"c\"]\n"),
        ("ws/a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nredis = \"1\"\nfar = { path = \"../../far\" }\n"),
        ("ws/a/src/lib.rs", ""),
        ("ws/b/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\na = { path = \"../a\" }\n"),
        ("ws/b/src/lib.rs", ""),
        ("ws/c/Cargo.toml", "[package]\nname = \"c\"\n"),
        ("ws/c/src/lib.rs", ""),
        ("far/Cargo.toml", "[package]\nname = \"far\"\n"),
        ("far/src/lib.rs", ""),
        ("near/src/lib.rs", ""),
    ]);
    let all = ["far/src/lib.rs far c", "ws/a/src/lib.rs a c", "ws/b/src/lib.rs b sc", "ws/c/src/lib.rs c "];
    assert_eq!(shown(&tree.load(&["ws/b"])), all);
    assert_eq!(shown(&tree.load(&["ws/b/src/lib.rs"])), all);
    assert_eq!(shown(&tree.load(&["ws/c"])), ["ws/c/src/lib.rs c s"]);
    // From inside, paths are relative to there.
    let options = LoadOptions { cwd: tree.path("ws/b"), ..tree.options(&["."]) };
    assert_eq!(
        shown(&Workspace::load(&options).unwrap()),
        ["../../far/src/lib.rs far c", "../a/src/lib.rs a c", "../c/src/lib.rs c ", "src/lib.rs b sc"]
    );
}

#[test]
fn a_workspace_around_by_chance_is_left_alone() {
    let tree = Tree::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"mine\"]\n"),
        ("mine/Cargo.toml", USES_REDIS),
        ("mine/src/lib.rs", ""),
        ("checkout/Cargo.toml", "[package]\nname = \"other\"\n"),
        ("checkout/src/lib.rs", ""),
    ]);
    assert_eq!(shown(&tree.load(&["checkout"])), ["checkout/src/lib.rs other s"]);
}

#[test]
fn patched_packages_are_local() {
    let tree = Tree::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\n[dependencies]\nkv = \"1\"\n[patch.crates-io]\nkv = { path = \"vendor/kv\" }\n",
        ),
        ("src/lib.rs", ""),
        (".gitignore", "/vendor"),
        ("vendor/kv/Cargo.toml", "[package]\nname = \"kv\"\n[dependencies]\nredis = \"1\"\n"),
        ("vendor/kv/src/lib.rs", ""),
    ]);
    let workspace = tree.load(&[]);
    assert_eq!(dependencies(&workspace, "a"), ["kv = kv@1 -> kv"]);
    assert_eq!(shown(&workspace), ["src/lib.rs a sc", "vendor/kv/src/lib.rs kv c"]);
}

#[test]
fn ignored_hidden_and_cached_folders_are_left_out() {
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# by cargo\n";
    let tree = Tree::new(&[
        ("Cargo.toml", USES_REDIS),
        (".gitignore", "/generated\n*.gen.rs\n"),
        (".ignore", "quiet.rs\n"),
        ("src/lib.rs", ""),
        ("src/target/mod.rs", ""),
        ("src/quiet.rs", ""),
        ("src/a.gen.rs", ""),
        ("generated/a.rs", ""),
        (".hidden/a.rs", ""),
        ("target/CACHEDIR.TAG", tag),
        ("target/debug/build/out.rs", ""),
        ("old/target/.rustc_info.json", "{}"),
        ("old/target/a.rs", ""),
    ]);
    assert_eq!(shown(&tree.load(&[])), ["src/lib.rs app sc", "src/target/mod.rs app sc"]);
    // What is named is checked, even if it is ignored.
    assert_eq!(
        shown(&tree.load(&["generated", "src/quiet.rs"])),
        ["generated/a.rs app sc", "src/lib.rs app c", "src/quiet.rs app sc", "src/target/mod.rs app c"]
    );
}

#[test]
fn excluded_paths_are_left_out_unless_named() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", ""), ("src/gen/a.rs", ""), ("src/b_pb.rs", "")]);
    let exclude = |paths: &[&str], globs: &[&str], force_exclude| LoadOptions {
        exclude: globs.iter().map(ToString::to_string).collect(),
        force_exclude,
        ..tree.options(paths)
    };
    let load = |options: &LoadOptions| Workspace::load(options).map(|workspace| shown(&workspace));
    assert_eq!(load(&exclude(&[], &["src/gen", "*_pb.rs"], false)).unwrap(), ["src/lib.rs app sc"]);
    let named = exclude(&["src/b_pb.rs"], &["*_pb.rs", "gen"], false);
    assert_eq!(load(&named).unwrap(), ["src/b_pb.rs app sc", "src/lib.rs app c"]);
    let forced = LoadOptions { force_exclude: true, ..named };
    assert_eq!(load(&forced).unwrap(), Vec::<String>::new());
    let SourceLoadError::Exclude { glob, .. } = load(&exclude(&[], &["b", "{a"], false)).unwrap_err() else { panic!() };
    assert_eq!(glob, "{a");
}

#[test]
fn a_missing_path_names_the_nearest_one() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", "")]);
    let error = |path: &str| Workspace::load(&tree.options(&[path])).unwrap_err().to_string();
    assert_eq!(error("scr/lib.rs"), "`scr/lib.rs` does not exist; did you mean `src/lib.rs`?");
    assert_eq!(error("something/else"), "`something/else` does not exist");
}

#[test]
fn a_tree_without_sources_is_nothing_to_check() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", ""), ("docs/a.md", "")]);
    let error = |paths: &[&str]| Workspace::load(&tree.options(paths)).unwrap_err().to_string();
    assert_eq!(error(&["docs"]), "there is nothing to check: no `.rs` file in `docs`");
    assert_eq!(error(&["docs/a.md"]), "there is nothing to check: no `.rs` file in `docs/a.md`");
}

#[test]
fn texts_that_are_no_source_are_errors_of_their_file_alone() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", "")]);
    tree.write("src/bad.rs", b"// \xff");
    tree.write("src/nul.rs", b"//\0");
    tree.write("src/wide.rs", b"\xff\xfef\0n\0");
    tree.write("src/bom.rs", b"\xef\xbb\xbffn f() {}\r\n");
    let large = fs::File::create(tree.path("src/large.rs")).unwrap();
    large.set_len(MAX_FILE_SIZE + 1).unwrap();
    let workspace = tree.load(&[]);
    let errors: Vec<_> =
        workspace.errors.iter().map(|error| (error.path.as_str(), error.offset, error.message.as_str())).collect();
    assert_eq!(
        errors,
        [
            ("src/bad.rs", Some(3), "is not UTF-8; save it as UTF-8"),
            ("src/large.rs", None, "is larger than 16 MiB; exclude it, or split it"),
            ("src/nul.rs", Some(2), "holds a NUL byte, so it is no Rust source"),
            ("src/wide.rs", Some(0), "is UTF-16; save it as UTF-8"),
        ]
    );
    for error in &workspace.errors {
        let file = workspace.file(error.file.unwrap()).unwrap();
        assert_eq!((&file.path, file.content.is_some()), (&error.path, false));
    }
    let bom = workspace.files.iter().find(|file| file.path == "src/bom.rs").unwrap();
    assert_eq!(workspace.text(bom.id), "\u{feff}fn f() {}\r\n");
}

#[cfg(unix)]
#[test]
fn links_do_not_loop_or_lead_out_of_the_tree() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&[("p/Cargo.toml", USES_REDIS), ("p/src/lib.rs", ""), ("outside/a.rs", "")]);
    symlink(tree.path("p"), tree.path("p/src/loop")).unwrap();
    symlink(tree.path("p/src/me"), tree.path("p/src/me")).unwrap();
    symlink(tree.path("outside"), tree.path("p/src/out")).unwrap();
    symlink(tree.path("nowhere.rs"), tree.path("p/src/dangling.rs")).unwrap();
    let workspace = tree.load(&["p"]);
    assert_eq!(shown(&workspace), ["p/src/lib.rs app sc"]);
    assert_eq!(workspace.errors, []);
    // A link that is named is followed.
    assert_eq!(shown(&tree.load(&["p/src/out"]))[0], "p/src/lib.rs app c");
    assert!(tree.load(&["p/src/out"]).files.iter().any(|file| file.path == "p/src/out/a.rs" && file.selected));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_costs_nothing_else() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", ""), ("src/shut.rs", ""), ("src/shut/a.rs", "")]);
    let shut = |path: &str, mode| fs::set_permissions(tree.path(path), fs::Permissions::from_mode(mode)).unwrap();
    shut("src/shut.rs", 0o000);
    shut("src/shut", 0o000);
    if fs::read(tree.path("src/shut.rs")).is_ok() {
        return; // root may read everything
    }
    let workspace = tree.load(&[]);
    shut("src/shut", 0o755);
    assert_eq!(shown(&workspace), ["src/lib.rs app sc", "src/shut.rs app s"]);
    let errors: Vec<_> = workspace.errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(errors, ["src/shut", "src/shut.rs"]);
}

#[test]
fn stdin_takes_the_place_of_its_file() {
    let tree = Tree::new(&[("Cargo.toml", USES_REDIS), ("src/lib.rs", "old"), ("src/a.rs", "")]);
    let load = |filename: Option<&str>| {
        let stdin = Some(Stdin { text: "new".to_owned(), filename: filename.map(PathBuf::from) });
        let workspace = Workspace::load(&LoadOptions { stdin, ..tree.options(&[]) }).unwrap();
        let text = workspace.files.iter().find(|file| file.selected).map(|file| workspace.text(file.id).to_owned());
        (shown(&workspace), text.unwrap())
    };
    assert_eq!(load(Some("src/lib.rs")), (vec!["src/a.rs app c".into(), "src/lib.rs app sc".into()], "new".into()));
    assert_eq!(load(Some("src/b.rs")).0, ["src/a.rs app c", "src/b.rs app sc", "src/lib.rs app c"]);
    assert_eq!(load(None).0, ["- app sc", "src/a.rs app c", "src/lib.rs app c"]);
}

#[test]
fn stdin_without_any_manifest_stands_alone() {
    let tree = Tree::new(&[("other.rs", "redis")]);
    let stdin = Some(Stdin { text: "use redis::Client;".to_owned(), filename: None });
    let workspace = Workspace::load(&LoadOptions { stdin, ..tree.options(&[]) }).unwrap();
    assert_eq!(shown(&workspace), ["-  sc"]);
    assert!(workspace.packages[0].relevant);
}
