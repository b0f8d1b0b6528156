//! Which files belong to a run, and what becomes of those that cannot be read.

use super::*;

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
