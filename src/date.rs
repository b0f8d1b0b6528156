//! Calendar days, as text: `2027-03-01`. Such texts sort by time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Today in UTC. `SOURCE_DATE_EPOCH` stands in for the clock, for runs that must repeat.
#[must_use]
pub fn today() -> String {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seconds: u64 = given.unwrap_or_else(clock);
    of_day(i64::try_from(seconds / 86_400).unwrap_or(0))
}

/// The day that lies this many days after 1970-01-01.
fn of_day(day: i64) -> String {
    // Counted from a 1 March, so that the leap day is the last of its year; eras of 400 years repeat.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Whether the text is a day of the calendar, `YYYY-MM-DD`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if !shaped {
        return false;
    }
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_date() {
        assert_eq!(of_day(0), "1970-01-01");
        assert_eq!(of_day(11_016), "2000-02-29");
        assert_eq!(of_day(20_000), "2024-10-04");
        assert_eq!(of_day(47_540), "2100-02-28");
        assert_eq!(of_day(47_541), "2100-03-01");
        assert!(is_day(&today()));
    }

    #[test]
    fn only_days_of_the_calendar_are_days() {
        for day in ["2027-03-01", "2024-02-29", "2000-02-29"] {
            assert!(is_day(day), "{day}");
        }
        for text in
            ["2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10", "2027-3-1", "27-03-01", "tomorrow", "2027-03-0é"]
        {
            assert!(!is_day(text), "{text}");
        }
    }
}
