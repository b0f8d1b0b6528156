//! The entry in `.pre-commit-config.yaml`.

use saphyr::Yaml;

use super::yaml::{appended, by_hand, parse};
use crate::cli::failure::Failure;

pub(super) const PATH: &str = ".pre-commit-config.yaml";

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The lines of the entry, indented by `indent`.
fn entry(indent: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let lines = [
        format!("- repo: {REPOSITORY}"),
        format!("  rev: v{version}"),
        "  hooks:".to_owned(),
        "    - id: cache-lint".to_owned(),
    ];
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

/// The configuration with the hook as the last repository.
pub(super) fn with_hook(path: &str, text: Option<&str>) -> Result<String, Failure> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(format!("repos:\n{}", entry("  ")));
    };
    let fault = |why: &str| by_hand(path, why, &entry("  "));
    let before = parse(text).ok_or_else(|| fault("cannot be read as YAML"))?;
    let repos = repos(&before).ok_or_else(|| fault("has no list of `repos`"))?;
    if repos.iter().any(|repo| repo.as_mapping_get("repo").and_then(Yaml::as_str) == Some(REPOSITORY)) {
        return Ok(text.to_owned());
    }
    let indent =
        text.lines().find_map(|line| Some(&line[..line.find("- repo:")?]).filter(|front| front.trim().is_empty()));
    let after = appended(text, &entry(indent.unwrap_or("  ")));
    let adds_one = parse(&after).is_some_and(|document| {
        self::repos(&document).is_some_and(|now| {
            now.len() == repos.len() + 1 && now[..repos.len()] == *repos && same_but_repos(&before, &document)
        })
    });
    if adds_one { Ok(after) } else { Err(fault("does not end with its list of `repos`")) }
}

fn repos<'y>(document: &'y Yaml<'y>) -> Option<&'y [Yaml<'y>]> {
    document.as_mapping_get("repos")?.as_sequence().map(Vec::as_slice)
}

fn same_but_repos(before: &Yaml<'_>, after: &Yaml<'_>) -> bool {
    let rest = |document: &Yaml<'_>| -> Vec<String> {
        let entries = document.as_mapping().into_iter().flatten();
        entries.filter(|(key, _)| key.as_str() != Some("repos")).map(|entry| format!("{entry:?}")).collect()
    };
    rest(before) == rest(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, String> {
        with_hook(PATH, Some(text)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_new_file_has_the_hook_alone() {
        let text = with_hook(PATH, None).unwrap();
        let document = parse(&text).unwrap();
        assert_eq!(repos(&document).unwrap()[0]["hooks"][0]["id"].as_str(), Some("cache-lint"));
    }

    #[test]
    fn the_hook_is_the_last_of_the_list_and_indented_as_the_others() {
        for indent in ["", "  ", "    "] {
            let text = format!(
                "# ours\nfail_fast: true\nrepos:\n{indent}- repo: local  # here\n{indent}  hooks: [{{id: a, name: a, \
                 entry: a, language: system}}]\n"
            );
            let after = with(&text).unwrap();
            assert_eq!(after, format!("{text}{}", entry(indent)));
            assert_eq!(with(&after).unwrap(), after, "once is enough");
        }
    }

    #[test]
    fn what_cannot_take_it_is_left_alone() {
        for text in [
            "repos: [{repo: local, hooks: []}]\n",
            "repos:\n- repo: local\n  hooks: []\nci:\n  skip: []\n",
            "[",
            "a: 1",
        ] {
            assert!(with(text).is_err(), "{text}");
        }
    }
}
