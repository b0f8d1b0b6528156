//! Durations (`"15m"`, `"1h30m"`, `"250ms"`) and shares (`"10%"`) as a rule file writes them.

use super::error::{Mistake, quoted};

/// Units of time and their length in milliseconds, the shortest first.
const UNITS: [(&str, i128); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// The longest duration that is taken: a thousand years. Redis itself refuses what overflows its 64-bit clock.
const LONGEST: i128 = 1_000 * 365 * 86_400_000;

/// A duration in milliseconds: one or more of number and unit (`ms`, `s`, `m`, `h`, `d`, `w`), nothing between.
///
/// # Errors
/// Says what is wrong with the text.
pub fn duration(text: &str) -> Result<i128, Mistake> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(Mistake::with_help("the duration is empty", "write for example `15m`"));
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(Mistake::with_help(
                format!("`{text}` is no duration"),
                "write a number and a unit, nothing between: `15m`, `1h30m`",
            ));
        }
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "" if next.is_empty() => {
                    Mistake::with_help(format!("`{text}` has no unit"), format!("for seconds write `{text}s`"))
                }
                "" if next.starts_with(['.', ',']) => {
                    Mistake::with_help(format!("`{text}` is no duration"), "write whole numbers: `1h30m`, not `1.5h`")
                }
                "" => Mistake::with_help(
                    format!("`{text}` is no duration"),
                    "write a number and a unit, nothing between: `15m`, `1h30m`",
                ),
                _ => Mistake::with_help(
                    format!("`{unit}` is no unit of time"),
                    format!("use {}", quoted(UNITS.map(|(name, _)| name))),
                ),
            });
        };
        let part = number.parse::<i128>().ok().and_then(|number| number.checked_mul(*millis));
        total = part
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= LONGEST)
            .ok_or_else(|| Mistake::from(format!("`{text}` is longer than a thousand years")))?;
        rest = next;
    }
    Ok(total)
}

/// Milliseconds in whole units, largest first: `15m`, `1m30s`, `1h30m`. [`duration`] reads it back.
#[must_use]
pub fn show(millis: i128) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut out = if millis < 0 { "-".to_owned() } else { String::new() };
    let mut rest = millis.unsigned_abs();
    // Weeks are read but not written: `10d` says more than `1w3d`.
    for (unit, size) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
        let size = size.unsigned_abs();
        if rest >= size {
            out.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    out
}

/// A share such as `10%`, as a number from 0 to 100.
///
/// # Errors
/// Says what is wrong with the text.
pub fn percent(text: &str) -> Result<u8, Mistake> {
    let Some(number) = text.trim().strip_suffix('%') else {
        return Err(Mistake::with_help(format!("`{text}` is no share"), "write for example `10%`"));
    };
    match number.trim().parse::<u8>() {
        Ok(share) if share <= 100 => Ok(share),
        _ => Err(format!("`{text}` is no whole share from `0%` to `100%`").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, percent, show};

    #[test]
    fn durations_add_up() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("15m", 900_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("2w", 1_209_600_000),
        ] {
            assert_eq!(duration(text), Ok(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told_with_a_remedy() {
        let cases = [
            ("", "the duration is empty (write for example `15m`)"),
            ("900", "`900` has no unit (for seconds write `900s`)"),
            ("m", "`m` is no duration (write a number and a unit, nothing between: `15m`, `1h30m`)"),
            ("-5m", "`-5m` is no duration (write a number and a unit, nothing between: `15m`, `1h30m`)"),
            ("1.5h", "`1.5h` is no duration (write whole numbers: `1h30m`, not `1.5h`)"),
            ("5 m", "`5 m` is no duration (write a number and a unit, nothing between: `15m`, `1h30m`)"),
            ("5min", "`min` is no unit of time (use `ms`, `s`, `m`, `h`, `d` or `w`)"),
            (
                "99999999999999999999999999999999999999999w",
                "`99999999999999999999999999999999999999999w` is longer than a thousand years ()",
            ),
        ];
        for (text, wanted) in cases {
            let mistake = duration(text).unwrap_err();
            assert_eq!(format!("{} ({})", mistake.message, mistake.help.unwrap_or_default()), wanted);
        }
    }

    #[test]
    fn shares_are_whole_percents() {
        assert_eq!(percent("10%"), Ok(10));
        assert_eq!(percent("0%"), Ok(0));
        assert_eq!(percent("100 %"), Ok(100));
        for text in ["110%", "10", "-1%", "1.5%", "%", ""] {
            assert!(percent(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(millis in 1_i128..86_400_000_000) {
            proptest::prop_assert_eq!(duration(&show(millis)), Ok(millis));
        }

        #[test]
        fn no_text_makes_a_panic(text in ".*") {
            let _ = duration(&text);
            let _ = percent(&text);
        }
    }
}
