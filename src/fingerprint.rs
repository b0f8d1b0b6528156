//! What stays the same of a finding when code moves: the identity that baselines and code-quality widgets go by.

use rustc_hash::FxHashMap;

/// The scheme; raised when the fields or their order change.
const SCHEME: &str = "v1";

/// What a fingerprint is made of. No line, no message and no level, all of which change for innocent reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// Relative to the repository's root, with `/`.
    pub path: &'a str,
    /// The enclosing function's path.
    pub function: &'a str,
    /// The rule's own: the shape of the key, the command, the class.
    pub discriminator: &'a str,
}

/// Numbers findings that are otherwise alike.
#[derive(Debug, Default)]
pub struct Fingerprints<'a> {
    seen: FxHashMap<Identity<'a>, u32>,
}

impl<'a> Fingerprints<'a> {
    /// The fingerprint of the next finding with this identity: 32 hexadecimal digits. Findings have to come in the
    /// order in which they stand in their file.
    pub fn next(&mut self, identity: Identity<'a>) -> String {
        let occurrence = self.seen.entry(identity).and_modify(|count| *count += 1).or_insert(0);
        let mut hasher = blake3::Hasher::new();
        let occurrence = occurrence.to_string();
        // With its length before each field, no two lists of fields give one text.
        for field in
            [SCHEME, identity.rule, identity.path, identity.function, identity.discriminator, occurrence.as_str()]
        {
            hasher.update(&(field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        }
        let mut text = hasher.finalize().to_hex().to_string();
        text.truncate(32);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity<'static> {
        Identity { rule: "missing-ttl", path: "src/cache.rs", function: "app::put", discriminator: "user:{}" }
    }

    #[test]
    fn the_scheme_does_not_change_unnoticed() {
        assert_eq!(Fingerprints::default().next(identity()), "7987cf98ec892479c92bd6b76e2083fb");
    }

    #[test]
    fn every_field_counts_and_their_bounds_do_as_well() {
        let base = identity();
        let others = [
            base,
            Identity { rule: "key-format", ..base },
            Identity { path: "src/lib.rs", ..base },
            Identity { function: "app::get", ..base },
            Identity { discriminator: "user:{}:{}", ..base },
            Identity { function: "app::putu", discriminator: "ser:{}", ..base },
        ];
        let prints: std::collections::BTreeSet<_> =
            others.into_iter().map(|identity| Fingerprints::default().next(identity)).collect();
        assert_eq!(prints.len(), others.len());
    }

    #[test]
    fn findings_that_are_alike_are_numbered() {
        let mut prints = Fingerprints::default();
        let (first, second) = (prints.next(identity()), prints.next(identity()));
        assert_ne!(first, second);
        assert_eq!(first, Fingerprints::default().next(identity()));
    }
}
