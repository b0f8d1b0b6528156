//! Paths and pages as URIs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a path as it is. A colon does not: in a relative path it would look like the end of a scheme.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+').remove(b'@');

/// A relative path as a relative reference.
pub(super) fn relative(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// An absolute path (`/home/me/a.rs`, `C:/me/a.rs`) as a `file` URI; `None` for a relative one.
pub(super) fn file(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return Some(format!("file://{}", relative(&path)));
    }
    let (drive, rest) = path.split_once(":/")?;
    drive.chars().all(|c| c.is_ascii_alphabetic()).then(|| format!("file:///{drive}:/{}", relative(rest)))
}

/// The page of a rule, as it is in this version of the tool.
pub(super) fn page_of(rule: &str) -> String {
    format!("{}/blob/v{}/docs/rules/{rule}.md", env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_of_a_path_is_encoded() {
        assert_eq!(relative("src/my cache/用户#1:%.rs"), "src/my%20cache/%E7%94%A8%E6%88%B7%231%3A%25.rs");
    }

    #[test]
    fn absolute_paths_are_files() {
        assert_eq!(file("/srv/a b.rs").as_deref(), Some("file:///srv/a%20b.rs"));
        assert_eq!(file("C:/me/a.rs").as_deref(), Some("file:///C:/me/a.rs"));
        assert_eq!(file("C:\\me\\a.rs").as_deref(), Some("file:///C:/me/a.rs"));
        assert_eq!(file("src/a.rs"), None);
    }

    #[test]
    fn every_rule_has_its_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for rule in crate::rules::REGISTRY {
            let page = page_of(rule.meta().id);
            let path = page.split_once(concat!("/blob/v", env!("CARGO_PKG_VERSION"), "/")).unwrap().1;
            assert!(folder.join(path).is_file(), "{page}");
        }
    }
}
