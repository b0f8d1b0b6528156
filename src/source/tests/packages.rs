//! What manifests and lock files say of packages, and which of them matter.

use super::*;

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
fn a_library_that_no_program_uses_is_open() {
    let manifest =
        |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n{rest}\n[dependencies]\nredis = \"1\"\n");
    let tree = Tree::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\", \"open/examples/*\"]\n[workspace.package]\npublish = false\n"),
        ("app/Cargo.toml", &(manifest("app", "") + "used = { path = \"../used\" }\n")),
        ("app/src/main.rs", ""),
        ("used/Cargo.toml", &(manifest("used", "") + "below = { path = \"../below\" }\n")),
        ("used/src/lib.rs", ""),
        ("below/Cargo.toml", &manifest("below", "")),
        ("below/src/lib.rs", ""),
        ("both/Cargo.toml", &manifest("both", "")),
        ("both/src/lib.rs", ""),
        ("both/src/main.rs", ""),
        ("internal/Cargo.toml", &manifest("internal", "publish.workspace = true")),
        ("internal/src/lib.rs", ""),
        ("loaded/Cargo.toml", &(manifest("loaded", "") + "[lib]\ncrate-type = [\"cdylib\"]\n")),
        ("loaded/src/lib.rs", ""),
        ("open/Cargo.toml", &manifest("open", "")),
        ("open/src/lib.rs", ""),
        ("open/examples/shop/Cargo.toml", &(manifest("shop", "") + "open = { path = \"../..\" }\n")),
        ("open/examples/shop/src/main.rs", ""),
    ]);
    let loaded = tree.load(&[]);
    let open: Vec<&str> = loaded.packages.iter().filter(|package| package.open).map(|p| p.name.as_str()).collect();
    assert_eq!(open, ["open"]);
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
