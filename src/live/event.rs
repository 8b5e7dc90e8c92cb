//! What a line told the moment it came.

use serde::Serialize;

/// One line that tells something, or several of one kind that came together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Always `event`.
    pub kind: &'static str,
    /// `start`, `ready`, `stop`, `exit`, `last-words`, `gave-up`, `fault` and so on.
    pub what: &'static str,
    /// RFC 3339 in UTC; None where the log tells none.
    pub time: Option<String>,
    /// As the line's envelope or manager names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub path: String,
    /// 1-based.
    pub line: u64,
    /// Of a fault: a signature's id, or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Of a fault that a signature knows: what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many lines told it; the text is that of the first.
    pub count: u32,
    /// Decoded, secrets masked, at most 500 bytes. Log text: whoever shows it must escape it.
    pub text: String,
}
