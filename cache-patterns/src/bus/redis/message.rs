//! What is said on the channel: `NUMBER {"origin":…,"timestamp":…,"keys":[…]}`, or for a heartbeat `NUMBER` alone.

use serde::{Deserialize, Serialize};

use crate::bus::{BusEvent, Notice};

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    origin: std::borrow::Cow<'a, str>,
    /// Milliseconds since 1970.
    timestamp: u64,
    keys: Vec<String>,
}

pub(super) fn write(notice: &Notice) -> String {
    let origin = format!("{:016x}", notice.origin).into();
    let body = Body { origin, timestamp: notice.at_ms, keys: notice.keys.clone() };
    // Strings and numbers only: this cannot fail, and an empty body would be read as a heartbeat.
    serde_json::to_string(&body).unwrap_or_default()
}

pub(super) fn read(body: &str) -> Option<Notice> {
    let body: Body<'_> = serde_json::from_str(body).ok()?;
    let origin = u64::from_str_radix(&body.origin, 16).ok()?;
    Some(Notice { origin, at_ms: body.timestamp, keys: body.keys })
}

/// The event of a message; `None` for what is not ours.
pub(super) fn event(message: &[u8]) -> Option<BusEvent> {
    let message = std::str::from_utf8(message).ok()?;
    let Some((number, body)) = message.split_once(' ') else {
        return Some(BusEvent::Heartbeat { number: message.parse().ok()? });
    };
    Some(BusEvent::Notice { number: number.parse().ok()?, notice: read(body)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_said_is_understood(
            origin in any::<u64>(), at_ms in any::<u64>(), number in any::<u64>(),
            keys in prop::collection::vec(".{0,20}", 0..4),
        ) {
            let notice = Notice { origin, at_ms, keys };
            let message = format!("{number} {}", write(&notice));
            prop_assert_eq!(event(message.as_bytes()), Some(BusEvent::Notice { number, notice }));
        }

        #[test]
        fn nothing_that_is_said_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = event(&bytes);
        }
    }

    #[test]
    fn foreign_messages_are_passed_over() {
        assert_eq!(event(b"hello"), None);
        assert_eq!(event(b"7 not json"), None);
        assert_eq!(event(b"7"), Some(BusEvent::Heartbeat { number: 7 }));
    }
}
