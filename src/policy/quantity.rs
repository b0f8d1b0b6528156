//! Durations (`"15m"`, `"1h30m"`, `"250ms"`) and shares (`"10%"`) as a rule file writes them.

const UNITS: &[(&str, i128)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// A duration in milliseconds: one or more of number and unit (`ms`, `s`, `m`, `h`, `d`, `w`), nothing between.
///
/// # Errors
/// Says what is wrong with the text.
pub fn duration(text: &str) -> Result<i128, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a duration such as `15m` is wanted, the text is empty".to_owned());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let Ok(number) = number.parse::<i128>() else {
            return Err(format!("`{text}` is no duration: write a number and a unit, for example `15m` or `1h30m`"));
        };
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(if unit.is_empty() {
                format!("`{text}` has no unit: write `{text}s` for seconds, or use `ms`, `m`, `h`, `d`, `w`")
            } else {
                format!("`{unit}` is no unit of time: use `ms`, `s`, `m`, `h`, `d` or `w`")
            });
        };
        total =
            number.checked_mul(*millis).and_then(|part| total.checked_add(part)).ok_or("the duration is too long")?;
        rest = next;
    }
    Ok(total)
}

/// Milliseconds in the shortest exact form: `15m`, `90s`, `1h30m`.
#[must_use]
pub fn show(millis: i128) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let sign = if millis < 0 { "-" } else { "" };
    let mut rest = millis.abs();
    let mut out = String::new();
    for (unit, size) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
        let count = rest / size;
        if count > 0 {
            out.push_str(&format!("{count}{unit}"));
            rest %= size;
        }
    }
    format!("{sign}{out}")
}

/// A share such as `10%`, as a number from 0 to 100.
///
/// # Errors
/// Says what is wrong with the text.
pub fn percent(text: &str) -> Result<u8, String> {
    let number =
        text.trim().strip_suffix('%').ok_or_else(|| format!("`{text}` is no share: write for example `10%`"))?;
    match number.trim().parse::<u8>() {
        Ok(share) if share <= 100 => Ok(share),
        _ => Err(format!("`{text}` is no share from `0%` to `100%`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, percent, show};

    #[test]
    fn durations_add_up_and_name_their_mistakes() {
        assert_eq!(duration("15m"), Ok(900_000));
        assert_eq!(duration("1h30m"), Ok(5_400_000));
        assert_eq!(duration("250ms"), Ok(250));
        assert!(duration("900").is_err_and(|e| e.contains("900s")));
        assert!(duration("5 min").is_err());
        assert!(duration("").is_err());
        assert!(duration("99999999999999999999999999999999999999w").is_err());
        assert_eq!(percent("10%"), Ok(10));
        assert!(percent("110%").is_err());
        assert!(percent("10").is_err());
    }

    #[test]
    fn what_is_shown_reads_back() {
        for millis in [1, 999, 1_000, 90_000, 900_000, 5_400_000, 86_400_000, 90_061_001] {
            assert_eq!(duration(&show(millis)), Ok(millis), "{}", show(millis));
        }
    }
}
