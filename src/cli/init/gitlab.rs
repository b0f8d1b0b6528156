//! A job of GitLab CI.

use super::yaml::{appended, by_hand, parse};
use crate::cli::failure::Failure;

pub(super) const PATH: &str = ".gitlab-ci.yml";

const JOB: &str = include_str!("../../../rules/ci/gitlab.yml");
const NAME: &str = "cache-lint";

/// The configuration with our job as its last.
pub(super) fn with_job(path: &str, text: Option<&str>) -> Result<String, Failure> {
    let job = JOB.replace("VERSION", env!("CARGO_PKG_VERSION"));
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(job) };
    let fault = |why: &str| by_hand(path, why, &job);
    let before = parse(text).ok_or_else(|| fault("cannot be read as one YAML document"))?;
    let before = before.as_mapping().ok_or_else(|| fault("is no list of jobs"))?;
    if before.keys().any(|key| key.as_str() == Some(NAME)) {
        return Ok(text.to_owned());
    }
    let after = appended(text, &format!("\n{job}"));
    let adds_one = parse(&after).is_some_and(|document| {
        document.as_mapping().is_some_and(|now| {
            now.len() == before.len() + 1 && before.iter().all(|(key, value)| now.get(key) == Some(value))
        })
    });
    if adds_one { Ok(after) } else { Err(fault("cannot take a job at its end")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_is_added_below_the_others() {
        let text = "stages: [test]  # one\n\ntest:\n  script:\n    - cargo test\n";
        let after = with_job(PATH, Some(text)).unwrap();
        assert!(after.starts_with(text) && after.contains("\ncache-lint:\n"), "{after}");
        assert_eq!(with_job(PATH, Some(&after)).unwrap(), after, "once is enough");
    }

    #[test]
    fn what_cannot_take_it_is_left_alone() {
        for text in ["{test: {script: [a]}}\n", "- a\n", "[", "a: 1\n---\nb: 1\n"] {
            assert!(with_job(PATH, Some(text)).is_err(), "{text}");
        }
    }
}
