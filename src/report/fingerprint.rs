//! One structural fingerprint for all outputs: no line, no message, no level.

use rustc_hash::FxHashMap;

use crate::finding::Finding;

/// Changes when the way of computing does.
const SCHEME: &str = "v1";

/// Gives each finding its fingerprint. The number of an equal one before it in the file is part of it, so that two equal
/// findings in one function are told apart.
pub fn of_all<'a>(findings: impl Iterator<Item = (&'a Finding, &'a str)>) -> Vec<String> {
    let mut seen: FxHashMap<String, u32> = FxHashMap::default();
    findings
        .map(|(finding, path)| {
            let base = hash(&[SCHEME, finding.rule, path, &finding.function, &finding.discriminator]);
            let nth = seen.entry(base.clone()).or_default();
            let out = hash(&[&base, &nth.to_string()]);
            *nth += 1;
            out
        })
        .collect()
}

/// Each part with its length in front, so that no two lists of parts read the same.
fn hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["ab", "c"]).len(), 32);
    }
}
