//! How a TTL and its jitter are written, and between which bounds they lie.

use thiserror::Error;

/// The longest TTL in seconds: 30 days.
pub const LONGEST: u32 = 30 * 86_400;

/// The largest jitter in thousandths: nine tenths.
pub const LARGEST_JITTER: u16 = 900;

/// Why a text is no TTL or no jitter. The text of the error says what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TtlError {
    /// Nothing is written.
    #[error("the duration is empty; write for example `15m`")]
    Empty,
    /// A number without its unit.
    #[error("the duration has no unit; write `90s`, `15m`, `1h` or `2d`")]
    NoUnit,
    /// Another unit than `s`, `m`, `h`, `d`.
    #[error("the unit is not known; use `s`, `m`, `h` or `d`, as in `90s`, `15m`, `1h`, `2d`")]
    Unit,
    /// `250ms`.
    #[error("a TTL is in whole seconds; write `1s` or more")]
    Milliseconds,
    /// `1.5h`.
    #[error("a duration is in whole numbers; write `1h30m`, not `1.5h`")]
    Fraction,
    /// Anything else that is no number and unit.
    #[error("this is no duration; write a number and a unit, nothing between: `15m`, `1h30m`")]
    Form,
    /// Units that repeat or grow: `30m1h`.
    #[error("write the larger unit first, and each only once: `1h30m`")]
    Order,
    /// `0s`.
    #[error("a TTL of zero would make the entry vanish as it is written; write at least `1s`")]
    Zero,
    /// Over [`LONGEST`].
    #[error("a TTL is at most 30 days (`30d`); what has to stay longer belongs into a database")]
    TooLong,
    /// No share.
    #[error("this is no share; write a percentage such as `10%`")]
    Share,
    /// Over [`LARGEST_JITTER`].
    #[error("a jitter is at most `90%` of the TTL")]
    ShareTooLarge,
}

/// A TTL in seconds, 1 to [`LONGEST`]: `90s`, `15m`, `1h`, `2d`, `1h30m`.
///
/// ```
/// const PROFILE: u32 = match cache_schema::ttl::parse("1h30m") {
///     Ok(seconds) => seconds,
///     Err(_) => panic!("no TTL"),
/// };
/// assert_eq!(PROFILE, 5400);
/// ```
///
/// # Errors
/// Says what is wrong with the text and what to write instead.
pub const fn parse(text: &str) -> Result<u32, TtlError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(TtlError::Empty);
    }
    let mut at = 0;
    let mut total: u64 = 0;
    let mut above = u64::MAX;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            return Err(TtlError::Form);
        }
        let mut number: u64 = 0;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            // Saturation ends far above the bound, so a longer number is still too long.
            number = number.saturating_mul(10).saturating_add((bytes[at] - b'0') as u64);
            at += 1;
        }
        if at == bytes.len() {
            return Err(TtlError::NoUnit);
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_alphabetic() {
            at += 1;
        }
        let size = match (bytes[start], at - start) {
            (b'.' | b',', 0) => return Err(TtlError::Fraction),
            (_, 0) => return Err(TtlError::Form),
            (b's', 1) => 1,
            (b'm', 1) => 60,
            (b'h', 1) => 3_600,
            (b'd', 1) => 86_400,
            (b'm', 2) if bytes[start + 1] == b's' => return Err(TtlError::Milliseconds),
            _ => return Err(TtlError::Unit),
        };
        if size >= above {
            return Err(TtlError::Order);
        }
        above = size;
        total = total.saturating_add(number.saturating_mul(size));
    }
    match total {
        0 => Err(TtlError::Zero),
        1..=2_592_000 => Ok(total as u32),
        _ => Err(TtlError::TooLong),
    }
}

/// Seconds as [`parse`] reads them, the largest unit first: `1h30m`. Zero gives `0s`.
#[must_use]
pub fn show(seconds: u32) -> String {
    let mut out = String::new();
    let mut rest = seconds;
    for (unit, size) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if rest >= size {
            out.push_str(&(rest / size).to_string());
            out.push(unit);
            rest %= size;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// A jitter in thousandths, 0 to [`LARGEST_JITTER`]: `10%` or `12.5%`.
///
/// # Errors
/// Says what is wrong with the text and what to write instead.
pub fn jitter(text: &str) -> Result<u16, TtlError> {
    let number = text.strip_suffix('%').ok_or(TtlError::Share)?;
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(tenth) || tenth.len() != 1 {
        return Err(TtlError::Share);
    }
    let permille = format!("{whole}{tenth}").parse::<u32>().map_err(|_| TtlError::ShareTooLarge)?;
    within(permille)
}

/// A jitter in thousandths from a share of one: 0.1 gives 100.
///
/// # Errors
/// When the share is negative, no number, or over nine tenths.
pub fn jitter_of(share: f64) -> Result<u16, TtlError> {
    if !share.is_finite() || share < 0.0 {
        return Err(TtlError::Share);
    }
    if share > 1.0 {
        return Err(TtlError::ShareTooLarge);
    }
    within((share * 1000.0).round() as u32)
}

fn within(permille: u32) -> Result<u16, TtlError> {
    u16::try_from(permille).ok().filter(|permille| *permille <= LARGEST_JITTER).ok_or(TtlError::ShareTooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ttl_is_numbers_and_units() {
        for (text, seconds) in
            [("1s", 1), ("90s", 90), ("15m", 900), ("1h", 3_600), ("1h30m", 5_400), ("2d", 172_800), ("30d", LONGEST)]
        {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_ttl_says_what_to_write() {
        for (text, wanted) in [
            ("", TtlError::Empty),
            ("900", TtlError::NoUnit),
            ("15min", TtlError::Unit),
            ("1w", TtlError::Unit),
            ("250ms", TtlError::Milliseconds),
            ("1.5h", TtlError::Fraction),
            ("15 m", TtlError::Form),
            ("-5m", TtlError::Form),
            ("m", TtlError::Form),
            ("30m1h", TtlError::Order),
            ("1h1h", TtlError::Order),
            ("0s", TtlError::Zero),
            ("30d1s", TtlError::TooLong),
            ("99999999999999999999999d", TtlError::TooLong),
        ] {
            assert_eq!(parse(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn a_jitter_is_a_share_of_at_most_nine_tenths() {
        assert_eq!(jitter("10%"), Ok(100));
        assert_eq!(jitter("12.5%"), Ok(125));
        assert_eq!(jitter("90%"), Ok(900));
        assert_eq!(jitter("91%"), Err(TtlError::ShareTooLarge));
        assert_eq!(jitter("99999999999%"), Err(TtlError::ShareTooLarge));
        for text in ["", "10", "%", "-1%", "1.%", "1.25%", "ten%"] {
            assert_eq!(jitter(text), Err(TtlError::Share), "{text}");
        }
        assert_eq!(jitter_of(0.1), Ok(100));
        assert_eq!(jitter_of(10.0), Err(TtlError::ShareTooLarge));
        assert_eq!(jitter_of(-0.1), Err(TtlError::Share));
        assert_eq!(jitter_of(f64::NAN), Err(TtlError::Share));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(seconds in 1..=LONGEST) {
            prop_assert_eq!(parse(&show(seconds)), Ok(seconds));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,12}") {
            let _ = (parse(&text), jitter(&text));
        }
    }
}
