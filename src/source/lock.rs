//! Versions out of Cargo.lock.

use std::path::Path;

use rustc_hash::FxHashMap;
use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::disk;

/// The packages of a Cargo.lock: their versions by name.
#[derive(Debug, Default)]
pub(super) struct Lock {
    versions: FxHashMap<String, Vec<Version>>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    version: String,
}

impl Lock {
    /// Reads a Cargo.lock; `None` when there is none, or none that can be understood. A lock file is a machine's work
    /// and only makes versions more exact, so a faulty one is no error of the run.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let raw: Raw = toml::from_str(&disk::read_to_string(path).ok()?).ok()?;
        let mut versions: FxHashMap<String, Vec<Version>> = FxHashMap::default();
        for package in raw.package {
            if let Ok(version) = Version::parse(&package.version) {
                versions.entry(package.name).or_default().push(version);
            }
        }
        Some(Self { versions })
    }

    /// The highest version of `package` that satisfies `requirement` (any, when there is none).
    pub(super) fn version(&self, package: &str, requirement: Option<&str>) -> Option<String> {
        let requirement = match requirement {
            Some(written) => VersionReq::parse(written).ok()?,
            None => VersionReq::STAR,
        };
        let candidates = self.versions.get(package)?;
        let satisfying = candidates.iter().filter(|version| requirement.matches(version)).max();
        // `*` does not match a pre-release, but where nothing was required there is nothing to hurt.
        let any = (requirement == VersionReq::STAR).then(|| candidates.iter().max()).flatten();
        satisfying.or(any).map(ToString::to_string)
    }
}

/// The number in a requirement: `0.25` in `^0.25`, `0.21` in `>=0.21, <0.26`; `None` for `*` and for an upper bound.
pub(super) fn number_of(requirement: &str) -> Option<String> {
    let first = requirement.split(',').next()?.trim();
    if first.starts_with('<') {
        return None;
    }
    let number = first.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = number.split(|c: char| c == '*' || c.is_whitespace()).next()?.trim_end_matches('.');
    (!number.is_empty()).then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> Lock {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("Cargo.lock");
        let text: Vec<_> = packages
            .iter()
            .map(|(name, version)| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n"))
            .collect();
        std::fs::write(&path, format!("version = 4\n{}", text.concat())).unwrap();
        Lock::read(&path).unwrap()
    }

    #[test]
    fn of_several_versions_the_one_that_satisfies_is_taken() {
        let lock = lock(&[("redis", "0.25.4"), ("redis", "0.27.6"), ("redis", "1.0.1"), ("a", "2.0.0-rc.2")]);
        assert_eq!(lock.version("redis", Some("0.25")).as_deref(), Some("0.25.4"));
        assert_eq!(lock.version("redis", Some("=0.27.6")).as_deref(), Some("0.27.6"));
        assert_eq!(lock.version("redis", Some(">=0.25, <1")).as_deref(), Some("0.27.6"));
        assert_eq!(lock.version("redis", None).as_deref(), Some("1.0.1"));
        assert_eq!(lock.version("redis", Some("0.20")), None);
        assert_eq!(lock.version("a", None).as_deref(), Some("2.0.0-rc.2"));
        assert_eq!(lock.version("a", Some("2.0.0-rc.1")).as_deref(), Some("2.0.0-rc.2"));
        assert_eq!(lock.version("fred", None), None);
    }

    #[test]
    fn the_number_of_a_requirement_is_its_lower_bound() {
        for (requirement, number) in [
            ("0.25", Some("0.25")),
            ("^0.25.1", Some("0.25.1")),
            ("~1", Some("1")),
            (">= 0.21, <0.26", Some("0.21")),
            ("=1.0.0-rc.1", Some("1.0.0-rc.1")),
            ("0.25.*", Some("0.25")),
            ("*", None),
            ("<2", None),
            ("", None),
        ] {
            assert_eq!(number_of(requirement).as_deref(), number, "{requirement}");
        }
    }
}
