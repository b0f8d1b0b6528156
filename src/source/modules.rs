//! Where the file of `mod name;` lies.

use std::path::{Path, PathBuf};

use super::paths::normalize;
use crate::facts::Name;

/// The files that `mod name;` in `parent_file` may mean, in the order in which they are tried.
///
/// * `owns_folder`: the file's modules lie in its own folder: a target's root, a `mod.rs`, or a file that was itself
///   reached by `#[path]`. Otherwise they lie in the folder named like the file (`cache.rs`: `cache/`).
/// * `inline_path`: the inline modules around the declaration, outermost first; one with a `#[path]` stands here with
///   that path instead of its name.
/// * `path_attribute`: the value of the declaration's own `#[path = "…"]`.
///
/// The paths are normalised, so they can be looked up among [`super::SourceFile::absolute`].
#[must_use]
pub fn child_module_candidates(
    parent_file: &Path,
    owns_folder: bool,
    inline_path: &[Name],
    name: &str,
    path_attribute: Option<&str>,
) -> Vec<PathBuf> {
    let folder = parent_file.parent().unwrap_or(Path::new(""));
    let mut base = folder.to_path_buf();
    // An attribute counts from the file's own folder, unless an inline module is between.
    if !owns_folder && (path_attribute.is_none() || !inline_path.is_empty()) {
        base.push(parent_file.file_stem().unwrap_or_default());
    }
    base.extend(inline_path.iter().map(|module| bare(module)));
    if let Some(path) = path_attribute {
        return vec![normalize(&base.join(path))];
    }
    let name = bare(name);
    vec![normalize(&base.join(format!("{name}.rs"))), normalize(&base.join(name).join("mod.rs"))]
}

/// The name as files have it, without `r#`.
fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(file: &str, owns: bool, inline: &[&str], name: &str, path: Option<&str>) -> Vec<String> {
        let inline: Vec<Name> = inline.iter().map(|&module| module.into()).collect();
        let found = child_module_candidates(Path::new(file), owns, &inline, name, path);
        found.iter().map(|path| path.to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn a_root_or_mod_rs_has_its_modules_beside_it() {
        assert_eq!(candidates("/p/src/lib.rs", true, &[], "a", None), ["/p/src/a.rs", "/p/src/a/mod.rs"]);
        assert_eq!(candidates("/p/src/a/mod.rs", true, &["b"], "c", None), ["/p/src/a/b/c.rs", "/p/src/a/b/c/mod.rs"]);
    }

    #[test]
    fn any_other_file_has_them_in_the_folder_named_like_it() {
        assert_eq!(candidates("/p/src/a.rs", false, &[], "b", None), ["/p/src/a/b.rs", "/p/src/a/b/mod.rs"]);
        assert_eq!(
            candidates("/p/src/a.rs", false, &["i"], "r#mod", None),
            ["/p/src/a/i/mod.rs", "/p/src/a/i/mod/mod.rs"]
        );
    }

    #[test]
    fn a_path_attribute_counts_from_the_folder_or_the_inline_module() {
        assert_eq!(candidates("/p/src/a.rs", false, &[], "b", Some("../x/y.rs")), ["/p/x/y.rs"]);
        assert_eq!(candidates("/p/src/a.rs", false, &["i"], "b", Some("y.rs")), ["/p/src/a/i/y.rs"]);
        assert_eq!(candidates("/p/src/lib.rs", true, &["i"], "b", Some("y.rs")), ["/p/src/i/y.rs"]);
        assert_eq!(candidates("/p/src/lib.rs", true, &[], "b", Some("/q/y.rs")), ["/q/y.rs"]);
    }
}
