//! Text that is UTF-8 with stretches of UTF-16 in it, all as UTF-8.
//!
//! PowerShell's `>>` appends in its own encoding, without a mark, whatever the file had before. What is no such stretch
//! passes byte for byte.

use super::ahead::Ahead;
use std::io::{self, Read};

/// Units by which the start of a stretch is known, of many scripts and of the Latin one alone.
const START: usize = 32;
const LATIN_START: usize = 6;
/// A line that is no longer than this at most shows whether it is UTF-8.
const LINE: usize = 256;
/// So many bytes of ASCII within a line are no UTF-16 by chance.
const ASCII: usize = 32;
/// Bytes of UTF-16 that are turned at a time.
const BLOCK: usize = 16 << 10;
const MARK: &[u8] = b"\xff\xfe";

/// Whether these bytes begin as UTF-16LE of mostly Latin letters: every other byte is NUL.
fn begins(bytes: &[u8]) -> bool {
    let (mut units, mut latin) = (0, 0);
    for unit in bytes.chunks_exact(2).take(START) {
        match unit {
            [0, 0] => return false,
            [_, 0] => latin += 1,
            _ => {}
        }
        units += 1;
        // A stretch may be as short as a line.
        let is_line = units >= 4 && unit == b"\n\0";
        if is_line || (units == LATIN_START && latin == units) {
            break;
        }
    }
    units >= 4 && latin * 10 >= units * 7
}

/// Whether this piece of a file has a stretch of UTF-16.
pub(super) fn has_stretch(piece: &[u8]) -> bool {
    memchr::memchr_iter(0, piece).any(|nul| nul > 0 && begins(&piece[nul - 1..]))
}

/// Whether a file of these first bytes begins with lines of UTF-8 and goes on in UTF-16.
pub(super) fn goes_over(first: &[u8]) -> bool {
    let start = memchr::memchr(0, first).and_then(|nul| nul.checked_sub(1));
    start.is_some_and(|start| {
        let text = first[..start].strip_suffix(MARK).unwrap_or(&first[..start]);
        text.ends_with(b"\n") && std::str::from_utf8(text).is_ok() && begins(&first[start..])
    })
}

/// Whether UTF-8 begins here, in or after a stretch of UTF-16.
fn is_text_again(bytes: &[u8], at_line: bool) -> bool {
    let line = &bytes[..bytes.len().min(LINE)];
    let line = memchr::memchr(b'\n', line).map_or(line, |end| &line[..line.len().min(end + 2)]);
    let is_utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    if at_line && memchr::memchr(0, line).is_none() && is_utf8(line) {
        return true;
    }
    let near = &bytes[..bytes.len().min(ASCII)];
    near.len() >= 8 && near.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// Reads such text.
#[derive(Debug)]
pub(super) struct Mixed<R> {
    source: R,
    ahead: Ahead,
    /// In a stretch of UTF-16, and there at the start of a line.
    in_stretch: bool,
    at_line: bool,
    /// Text of a stretch, and how much of it was given out.
    ready: String,
    given: usize,
}

impl<R: Read> Mixed<R> {
    pub(super) fn new(source: R) -> Mixed<R> {
        let (ahead, ready) = (Ahead::default(), String::new());
        Mixed { source, ahead, in_stretch: false, at_line: false, ready, given: 0 }
    }

    /// How many bytes pass as they are; none if a stretch begins here, which is then entered.
    fn plain(&mut self) -> usize {
        // A NUL needs the byte before it, and a mark before that.
        const KEPT: usize = 3;
        self.ahead.want(&mut self.source, 4 * START);
        let (rest, ended) = (self.ahead.rest(), self.ahead.ended());
        for nul in memchr::memchr_iter(0, rest) {
            if !ended && nul + 2 * START > rest.len() {
                return nul - KEPT;
            }
            if nul == 0 || !begins(&rest[nul - 1..]) {
                continue;
            }
            let start = nul - 1;
            let text = rest[..start].strip_suffix(MARK).map_or(start, <[u8]>::len);
            if text == 0 {
                self.ahead.take(start);
                (self.in_stretch, self.at_line) = (true, false);
            }
            return text;
        }
        if ended { rest.len() } else { rest.len() - KEPT }
    }

    /// Turns a part of a stretch.
    fn turn(&mut self) {
        self.ahead.want(&mut self.source, BLOCK + LINE);
        let rest = self.ahead.rest();
        let mut units = Vec::with_capacity(BLOCK / 2);
        while units.len() < BLOCK / 2 {
            let here = &rest[2 * units.len()..];
            let Some((unit, _)) = here.split_first_chunk::<2>() else {
                self.in_stretch = false;
                break;
            };
            if unit[1] != 0 && is_text_again(here, self.at_line) {
                self.in_stretch = false;
                break;
            }
            self.at_line = unit == b"\n\0";
            units.push(u16::from_le_bytes(*unit));
        }
        // The other half of a pair comes with the next part.
        if self.in_stretch {
            units.pop_if(|last| (0xd800..0xdc00).contains(last));
        }
        self.ahead.take(2 * units.len());
        self.given = 0;
        self.ready.clear();
        self.ready.extend(char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

impl<R: Read> Read for Mixed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = &self.ready.as_bytes()[self.given..];
            if !ready.is_empty() {
                let count = ready.len().min(buffer.len());
                buffer[..count].copy_from_slice(&ready[..count]);
                self.given += count;
                return Ok(count);
            }
            if self.in_stretch {
                self.turn();
                continue;
            }
            let count = self.plain().min(buffer.len());
            if self.ahead.rest().is_empty() {
                return self.ahead.end().map(|()| 0);
            }
            if count > 0 || buffer.is_empty() {
                buffer[..count].copy_from_slice(&self.ahead.rest()[..count]);
                self.ahead.take(count);
                return Ok(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn read(bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        Mixed::new(bytes).read_to_end(&mut all).unwrap();
        all
    }

    #[track_caller]
    fn check(pieces: &[&[u8]], expected: &str) {
        assert_eq!(String::from_utf8_lossy(&read(&pieces.concat())), expected);
    }

    #[test]
    fn stretches_are_turned() {
        check(&[b"one\n", &utf16("two\r\n")], "one\ntwo\r\n");
        check(
            &[b"one\n", &utf16("two\r\n\r\n"), "drei ä\n".as_bytes(), &utf16("four\n")],
            "one\ntwo\r\n\r\ndrei ä\nfour\n",
        );
        check(&[b"one\n", &utf16("2026 \u{1f600} ready\n"), b"x\n"], "one\n2026 \u{1f600} ready\nx\n");
        check(&[b"one\n", MARK, &utf16("two, marked\n"), b"x\n"], "one\ntwo, marked\nx\n");
        check(&[b"no end", &utf16(" of a line\n")], "no end of a line\n");
        let ascii = "this is a longer text of ASCII\n";
        check(
            &[b"one\n", &utf16("the end of no line "), ascii.as_bytes()],
            &format!("one\nthe end of no line {ascii}"),
        );
        check(
            &[b"one\n", &utf16("error \u{43e}\u{448}\u{438}\u{431}\u{43a}\u{430}\n\u{43e}\u{448}\u{438} x\n")],
            "one\nerror \u{43e}\u{448}\u{438}\u{431}\u{43a}\u{430}\n\u{43e}\u{448}\u{438} x\n",
        );
    }

    #[test]
    fn other_nuls_stay() {
        for text in [b"a\n\0\0\0\0\0\0\0\0\0b\n".as_slice(), b"arg\0other\0more\0text\0x\0", b"\0", b"a\0", b"\0\0x\n"]
        {
            assert_eq!(read(text), text);
            assert!(!has_stretch(text));
        }
    }

    #[test]
    fn long_stretches() {
        let line = "2026-02-03T04:10:00Z INFO \u{1f600}\u{1f600}\u{1f600} ready\r\n";
        let (plain, wide) = (line.repeat(3000), utf16(&line.repeat(3000)));
        for odd in ["", "x"] {
            let text = [odd.as_bytes(), plain.as_bytes(), &wide, plain.as_bytes(), &wide].concat();
            assert!(read(&text) == format!("{odd}{plain}{plain}{plain}{plain}").into_bytes());
        }
    }

    proptest! {
        #[test]
        fn text_passes_as_it_is(text in proptest::collection::vec(1u8.., 0..200)) {
            prop_assert_eq!(read(&text), text);
        }

        #[test]
        fn lines_are_read_whatever_they_are_in(lines in proptest::collection::vec(("[ -~]{4,60}", any::<bool>()), 1..40)) {
            let whole: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
            let bytes: Vec<u8> = lines
                .iter()
                .flat_map(|(line, wide)| if *wide { utf16(&format!("{line}\n")) } else { format!("{line}\n").into_bytes() })
                .collect();
            prop_assert_eq!(read(&bytes), whole.into_bytes());
        }

        #[test]
        fn anything_is_read(text in proptest::collection::vec(prop_oneof![Just(0u8), Just(b'\n'), Just(b'a'), any::<u8>()], 0..300)) {
            read(&text);
        }
    }
}
