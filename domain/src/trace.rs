//! W3C trace context, as it comes with requests and stands in rows and messages.

use std::fmt;

/// Longest `traceparent` that is kept. Today's version has 55 characters; nobody needs kilobytes of
/// a version to come.
const CHARS_MAX: usize = 128;

/// A `traceparent`: to which trace something belongs, and below which span of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace; never 0.
    pub trace_id: u128,
    /// The span above; never 0.
    pub parent_id: u64,
    /// Whether the trace is recorded. Decided once, by whoever began it.
    pub sampled: bool,
}

impl TraceParent {
    /// Reads `version-trace_id-parent_id-flags` in lower case hexadecimal digits; a version above 00
    /// may have more behind another dash. No id is all zeros. None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > CHARS_MAX || !text.is_ascii() {
            return None;
        }
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut parts = text.splitn(5, '-');
        let mut part = |length: usize| parts.next().filter(|p| p.len() == length && is_hex(p));
        let (version, trace_id, parent_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let rest = parts.next();
        if version == "ff" || (version == "00" && rest.is_some()) {
            return None;
        }
        let parsed = Self {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            parent_id: u64::from_str_radix(parent_id, 16).ok()?,
            sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1,
        };
        (parsed.trace_id != 0 && parsed.parent_id != 0).then_some(parsed)
    }
}

/// As it is written into rows, headers and messages.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, parent_id, sampled } = self;
        write!(f, "00-{trace_id:032x}-{parent_id:016x}-{:02x}", u8::from(*sampled))
    }
}

/// The id of the trace in a stored `traceparent`, for log lines; empty without one.
pub fn trace_id(traceparent: Option<&str>) -> &str {
    let text = traceparent.filter(|text| TraceParent::parse(text).is_some());
    text.and_then(|text| text.get(3..35)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_what_w3c_says() {
        let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";
        let zeros = "0".repeat(32);
        for (text, sampled) in [
            (format!("00-{ids}-01"), Some(true)),
            (format!("00-{ids}-00"), Some(false)),
            (format!("00-{ids}-03"), Some(true)),
            (format!("cc-{ids}-01-what-comes"), Some(true)),
            (format!("00-{ids}-01-more"), None),
            (format!("ff-{ids}-01"), None),
            (format!("00-{ids}-1"), None),
            (format!("00-{}-01", ids.to_uppercase()), None),
            (format!("00-{zeros}-b7ad6b7169203331-01"), None),
            (format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", &zeros[..16]), None),
            (String::new(), None),
            (format!("01-{ids}-01-{}", "x".repeat(100)), None),
        ] {
            let parsed = TraceParent::parse(&text);
            assert_eq!(parsed.map(|parsed| parsed.sampled), sampled, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-07ad6b7169203331-01";
        assert_eq!(
            TraceParent::parse(text).map(|parsed| parsed.to_string()).as_deref(),
            Some(text)
        );
        assert_eq!(trace_id(Some(text)), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((trace_id(Some("nonsense")), trace_id(None)), ("", ""));
    }
}
