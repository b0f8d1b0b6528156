//! `docs/rules/*.md` says what the rules' doc comments say.

use std::collections::BTreeSet;
use std::path::Path;

use crate::report::level_word;
use crate::rules::{Category, Meta, REGISTRY};

#[test]
fn pages_are_those_of_the_doc_comments() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for rule in REGISTRY {
            std::fs::write(folder.join(format!("{}.md", rule.meta().id)), rule.meta().page()).unwrap();
        }
    }
    for rule in REGISTRY {
        let path = folder.join(format!("{}.md", rule.meta().id));
        let page = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            page == rule.meta().page(),
            "{} differs from the doc comment of its rule; run `UPDATE_DOCS=1 cargo test rules`",
            path.display()
        );
    }
    let files: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".md").to_owned())
        .filter(|name| name != "README")
        .collect();
    let ids: BTreeSet<String> = REGISTRY.iter().map(|rule| rule.meta().id.to_owned()).collect();
    assert_eq!(files, ids);
}

/// Every rule by category, with its level and what it reports.
fn index() -> String {
    let mut text = String::from(
        "# The rules\n\nMade from the rules' own texts; `cache-lint explain RULE` shows a page in the terminal.\n",
    );
    for category in Category::ALL {
        text += &format!("\n## {}\n\n| rule | default | reports |\n|---|---|---|\n", category.word());
        for rule in REGISTRY.iter().map(|rule| rule.meta()).filter(|meta| meta.category == category) {
            let Meta { id, level, summary, .. } = rule;
            text += &format!("| [{id}]({id}.md) | {} | {summary} |\n", level_word(*level));
        }
    }
    text
}

#[test]
fn the_index_lists_every_rule() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules/README.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, index()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(found == index(), "{} is not up to date; run `UPDATE_DOCS=1 cargo test rules`", path.display());
}
