//! Syslog as it comes over TCP (RFC 6587): each record with its length before it, `LENGTH <PRIORITY>…`, and no line ends.
//!
//! A record becomes a line, and stands at the line that has its number. A length that leads nowhere counts for nothing:
//! its record ends where the next one begins.

use super::ahead::Ahead;
use std::io::{self, Read};

/// A record of more bytes than this is none.
const MAX_RECORD: usize = 1 << 20;
/// The longest `LENGTH <PRIORITY>`, and a line end before it.
const MAX_HEAD: usize = 16;

/// The bytes of `LENGTH ` and the length, if a record's head is here.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = |bytes: &[u8], most: usize| bytes.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let count = digits(bytes, 7);
    let length: usize = std::str::from_utf8(bytes.get(..count)?).ok()?.parse().ok()?;
    let content = bytes.get(count..)?.strip_prefix(b" <")?;
    let priority = digits(content, 3);
    let whole = bytes[0] != b'0' && priority > 0 && content.get(priority) == Some(&b'>');
    (whole && (1..=MAX_RECORD).contains(&length)).then_some((count + 1, length))
}

/// Where the next record would begin if one ends here, if that may be: at a head or at the end of everything.
fn next_from(bytes: &[u8], end: usize) -> Option<usize> {
    let rest = bytes.get(end..)?;
    // Some senders add a line end that they do not count.
    let end = end + [b"\r\n".as_slice(), b"\n"].iter().find(|end| rest.starts_with(end)).map_or(0, |end| end.len());
    (end == bytes.len() || head(&bytes[end..]).is_some()).then_some(end)
}

/// Whether these first bytes are such records: a length leads right to another head or to the end.
pub(super) fn is_counted(first: &[u8]) -> bool {
    head(first).is_some_and(|(before, length)| next_from(first, before + length).is_some())
}

#[derive(Debug, Default)]
pub(super) struct Counted {
    ahead: Ahead,
    /// What was given out last has no line end.
    line_is_open: bool,
}

impl Counted {
    /// Appends one record to `ready`, or nothing at the end of the source.
    pub(super) fn next(&mut self, source: &mut impl Read, ready: &mut Vec<u8>) -> io::Result<()> {
        self.ahead.want(source, MAX_HEAD);
        if self.ahead.rest().is_empty() {
            return self.ahead.end();
        }
        let (before, end) = match head(self.ahead.rest()) {
            Some((before, length)) => match self.fitting(source, before + length) {
                Some(end) => (before, end),
                None => (before, self.next_head(source, before + 1)),
            },
            None => (0, self.next_head(source, 0)),
        };
        if before > 0 && self.line_is_open {
            ready.push(b'\n');
        }
        ready.extend_from_slice(&self.ahead.rest()[before..end]);
        self.line_is_open = !ready.ends_with(b"\n");
        self.ahead.take(end);
        Ok(())
    }

    /// Where the next record begins if one ends at `end`, if that may be.
    fn fitting(&mut self, source: &mut impl Read, end: usize) -> Option<usize> {
        self.ahead.want(source, end + MAX_HEAD);
        next_from(self.ahead.rest(), end)
    }

    /// Where the next record begins, not before `from`; if none is near, how much cannot belong to one.
    fn next_head(&mut self, source: &mut impl Read, from: usize) -> usize {
        self.ahead.want(source, from + MAX_RECORD);
        let mut seen = from;
        while let Some(found) = memchr::memchr(b'<', &self.ahead.rest()[seen..]) {
            seen += found + 1;
            if let Some(at) = self.head_of(source, from, seen - 1) {
                return at;
            }
        }
        // A head at the end of what was read may be half of one.
        let length = self.ahead.rest().len();
        if self.ahead.ended() { length } else { length.saturating_sub(MAX_HEAD) }
    }

    /// Where the head begins that has its `<` at `open`, if it is one.
    fn head_of(&mut self, source: &mut impl Read, from: usize, open: usize) -> Option<usize> {
        let text = self.ahead.rest()[from..open].strip_suffix(b" ")?;
        let digits = text.iter().rev().take(7).take_while(|byte| byte.is_ascii_digit()).count();
        let starts = open - 1 - digits..open - 1;
        // Digits may belong to what was cut before it.
        for start in starts.clone() {
            if let Some((before, length)) = head(&self.ahead.rest()[start..])
                && self.fitting(source, start + before + length).is_some()
            {
                return Some(start);
            }
        }
        // Broken as well, but of a form that no text has by chance.
        let version = self.ahead.rest()[open..].iter().position(|&byte| byte == b'>')? + open + 1;
        let is_versioned = self.ahead.rest()[version..].starts_with(b"1 ");
        starts.into_iter().find(|&start| is_versioned && head(&self.ahead.rest()[start..]).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8]) -> String {
        let (mut counted, mut ready, mut source) = (Counted::default(), Vec::new(), text);
        loop {
            let before = ready.len();
            counted.next(&mut source, &mut ready).unwrap();
            if ready.len() == before {
                return String::from_utf8(ready).unwrap();
            }
        }
    }

    fn counted(records: &[&str]) -> String {
        records.iter().map(|record| format!("{} {record}", record.len())).collect()
    }

    #[test]
    fn heads() {
        assert_eq!(head(b"12 <34>1 x"), Some((3, 12)));
        for none in ["", "12", "12 ", "12 <", "12 <34", "012 <34>", "12  <34>", "<34>", "12 <>", "12345678 <3>"] {
            assert_eq!(head(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn they_are_noticed() {
        assert!(is_counted(b"7 <13>1 a9 <13>1 bcd"));
        assert!(is_counted(b"7 <13>1 a\n9 <13>1 bcd\n"));
        assert!(is_counted(b"7 <13>1 a900 <13>1 the window ends in this"));
        assert!(is_counted(b"7 <13>1 a"));
        assert!(!is_counted(b"8 <13>1 a9 <13>1 bcd"));
        assert!(!is_counted(b"<13>1 a\n<13>1 b\n"));
    }

    #[test]
    fn a_record_is_a_line() {
        assert_eq!(
            lines(counted(&["<13>1 a", "<13>1 b\nc", "<13>d\n", "<13>e"]).as_bytes()),
            "<13>1 a\n<13>1 b\nc\n<13>d\n<13>e"
        );
        assert_eq!(lines(b"7 <13>1 a\n7 <13>1 b\r\n7 <13>1 c\n"), "<13>1 a\n<13>1 b\r\n<13>1 c\n");
    }

    #[test]
    fn lengths_that_lead_nowhere() {
        // Too long, as of a record that was cut; too short; none at all; all of them at once.
        assert_eq!(lines(b"7 <13>1 a90 <13>1 b3 7 <13>1 c"), "<13>1 a\n<13>1 b3 \n<13>1 c");
        assert_eq!(lines(b"90 <13>1 port 47 <13>1 c"), "<13>1 port 4\n<13>1 c");
        assert_eq!(lines(b"7 <13>1 abcd <e>7 <13>1 c"), "<13>1 abcd <e>\n<13>1 c");
        assert_eq!(lines(b"7 <13>1 a7 <13>1 bmore\ntext\n7 <13>1 c"), "<13>1 a\n<13>1 bmore\ntext\n<13>1 c");
        assert_eq!(lines(b"9 <13>1 a9 <13>1 b9 <13>1 c"), "<13>1 a\n<13>1 b\n<13>1 c");
        assert_eq!(lines(b"text\n7 <13>1 a"), "text\n<13>1 a");
    }

    #[test]
    fn what_is_no_record_for_long() {
        let long = "x".repeat(3 * MAX_RECORD);
        let text = format!("7 <13>1 a{long}7 <13>1 b7 <13>1 c");
        assert_eq!(lines(text.as_bytes()), format!("<13>1 a{long}\n<13>1 b\n<13>1 c"));
    }

    proptest! {
        #[test]
        fn any_texts_come_back(texts in proptest::collection::vec("[a-z0-9<> ]{0,30}", 1..20)) {
            let records: Vec<String> = texts.iter().map(|text| format!("<13>1 {text}")).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            prop_assert_eq!(lines(counted(&records).as_bytes()), records.join("\n"));
        }

        #[test]
        fn nothing_is_lost(text in "([1-9]{1,2} ?<13>1? ?|[a-z\n]{0,9}){0,12}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_ascii_lowercase()).collect::<String>();
            prop_assert_eq!(letters(&lines(text.as_bytes())), letters(&text));
        }
    }
}
