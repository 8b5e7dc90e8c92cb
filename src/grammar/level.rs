//! The severity ladder, and the words that programs use for its steps.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Severity of a record, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Notice,
    Warn,
    Error,
    Fatal,
}

/// Every word of the ladder in lower case.
const WORDS: &[(&str, Level)] = &[
    ("alert", Level::Fatal),
    ("blat", Level::Trace),
    ("blather", Level::Trace),
    ("config", Level::Info),
    ("crit", Level::Fatal),
    ("criti", Level::Fatal),
    ("critical", Level::Fatal),
    ("d1", Level::Debug),
    ("d2", Level::Debug),
    ("d3", Level::Trace),
    ("d4", Level::Trace),
    ("d5", Level::Trace),
    ("dbg", Level::Debug),
    ("dbug", Level::Debug),
    ("debg", Level::Debug),
    ("debu", Level::Debug),
    ("debug", Level::Debug),
    ("debug1", Level::Debug),
    ("debug2", Level::Trace),
    ("debug3", Level::Trace),
    ("debug4", Level::Trace),
    ("debug5", Level::Trace),
    ("default", Level::Info),
    ("dpanic", Level::Fatal),
    ("emerg", Level::Fatal),
    ("emergency", Level::Fatal),
    ("eror", Level::Error),
    ("err", Level::Error),
    ("erro", Level::Error),
    ("error", Level::Error),
    ("fail", Level::Error),
    ("fata", Level::Fatal),
    ("fatal", Level::Fatal),
    ("fault", Level::Fatal),
    ("fine", Level::Debug),
    ("finer", Level::Debug),
    ("finest", Level::Trace),
    ("ftl", Level::Fatal),
    ("http", Level::Info),
    ("inf", Level::Info),
    ("info", Level::Info),
    ("information", Level::Info),
    ("informational", Level::Info),
    ("log", Level::Info),
    ("notice", Level::Notice),
    ("pani", Level::Fatal),
    ("panic", Level::Fatal),
    ("pnc", Level::Fatal),
    ("schwerwiegend", Level::Error),
    ("severe", Level::Error),
    ("sill", Level::Trace),
    ("silly", Level::Trace),
    ("success", Level::Info),
    ("trac", Level::Trace),
    ("trace", Level::Trace),
    ("trc", Level::Trace),
    ("trce", Level::Trace),
    ("verb", Level::Trace),
    ("verbose", Level::Trace),
    ("vrb", Level::Trace),
    ("warn", Level::Warn),
    ("warni", Level::Warn),
    ("warning", Level::Warn),
    ("wrn", Level::Warn),
];

/// One-letter forms (klog, redis, macOS compact); only where a grammar asks for a level there.
const LETTERS: &[(u8, Level)] = &[
    (b'#', Level::Warn),
    (b'*', Level::Notice),
    (b'-', Level::Debug),
    (b'.', Level::Debug),
    (b'A', Level::Info),
    (b'C', Level::Fatal),
    (b'D', Level::Debug),
    (b'E', Level::Error),
    (b'F', Level::Fatal),
    (b'I', Level::Info),
    (b'N', Level::Notice),
    (b'V', Level::Trace),
    (b'W', Level::Warn),
];

/// A word of at most 16 bytes in lower case, as one number.
fn packed(word: &[u8]) -> u128 {
    word.iter().fold(0, |packed, byte| packed << 8 | u128::from(byte.to_ascii_lowercase()))
}

/// The words by a hash under which no two of them meet.
struct Table {
    factor: u64,
    slots: Box<[(u128, Option<Level>); SLOTS]>,
}

const SLOTS: usize = 1024;

impl Table {
    fn of_words() -> Table {
        let words: Vec<(u128, Level)> = WORDS.iter().map(|(word, level)| (packed(word.as_bytes()), *level)).collect();
        let mut factor = 0x9e37_79b9_7f4a_7c15;
        loop {
            let mut table = Table { factor, slots: Box::new([(0, None); SLOTS]) };
            let is_free = |table: &mut Table, &(word, level): &(u128, Level)| {
                let slot = &mut table.slots[slot(factor, word)];
                slot.1.is_none() && {
                    *slot = (word, Some(level));
                    true
                }
            };
            if words.iter().all(|word| is_free(&mut table, word)) {
                return table;
            }
            factor = factor.wrapping_mul(0x5851_f42d_4c95_7f2d) | 1;
        }
    }

    fn level(&self, word: u128) -> Option<Level> {
        let (known, level) = self.slots[slot(self.factor, word)];
        if known == word { level } else { None }
    }
}

fn slot(factor: u64, word: u128) -> usize {
    let folded = word as u64 ^ ((word >> 64) as u64).rotate_left(32);
    (folded.wrapping_mul(factor) >> 54) as usize
}

impl Level {
    /// The level that a word names, in any case, or a syslog priority.
    pub fn from_text(text: &[u8]) -> Option<Level> {
        Level::from_priority(text).or_else(|| Level::from_word(text))
    }

    /// The severity in the number before a syslog line (RFC 3164, RFC 5424): facility times eight plus severity.
    pub fn from_priority(digits: &[u8]) -> Option<Level> {
        let number: u8 = std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number < 192)?;
        Level::from_number(i64::from(number % 8), true)
    }

    /// What the three digits of an HTTP status say of the request: the server failed (5xx), the client did (4xx), or none.
    pub fn from_status(digits: &[u8]) -> Option<Level> {
        match digits {
            [class, rest @ ..] if rest.len() == 2 && rest.iter().all(u8::is_ascii_digit) => match class {
                b'1'..=b'3' => Some(Level::Info),
                b'4' => Some(Level::Warn),
                b'5' => Some(Level::Error),
                _ => None,
            },
            _ => None,
        }
    }

    /// The level that a word names, in any case; None for a word outside the shared table. slog's steps between two
    /// levels (`INFO+2`) count as the one below.
    pub fn from_word(word: &[u8]) -> Option<Level> {
        let step = word.iter().rposition(|byte| matches!(byte, b'+' | b'-')).filter(|at| *at > 1);
        let word = match step {
            Some(at) if at + 1 < word.len() && word[at + 1..].iter().all(u8::is_ascii_digit) => &word[..at],
            _ => word,
        };
        match word {
            b"Df" => return Some(Level::Info),
            b"Db" => return Some(Level::Debug),
            [letter] => {
                return LETTERS.iter().find(|(l, _)| l == letter).map(|&(_, level)| level);
            }
            _ if word.len() > 13 => return None,
            _ => {}
        }
        static TABLE: LazyLock<Table> = LazyLock::new(Table::of_words);
        TABLE.level(packed(word))
    }

    /// The level of a JSON logger's number: 10–60 as pino and bunyan, or 0–7 as syslog.
    pub fn from_number(number: i64, syslog: bool) -> Option<Level> {
        Some(match (syslog, number) {
            (true, 0..=2) => Level::Fatal,
            (true, 3) => Level::Error,
            (true, 4) => Level::Warn,
            (true, 5) => Level::Notice,
            (true, 6) => Level::Info,
            (true, 7) => Level::Debug,
            (false, 1..=14) => Level::Trace,
            (false, 15..=24) => Level::Debug,
            (false, 25..=34) => Level::Info,
            (false, 35..=44) => Level::Warn,
            (false, 45..=54) => Level::Error,
            (false, 55..=99) => Level::Fatal,
            _ => return None,
        })
    }

    /// The ladder's own word.
    pub fn word(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Notice => "notice",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_the_search_finds_every_word() {
        assert!(WORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (word, level) in WORDS {
            assert_eq!(Level::from_word(word.to_uppercase().as_bytes()), Some(*level));
        }
        assert_eq!(Level::from_word(b"errors"), None);
        assert_eq!(Level::from_word(b""), None);
    }
}
