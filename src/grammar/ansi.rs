//! Terminal escapes, taken out of lines before anything reads them.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1b;

/// The line without CSI, OSC and two-byte escapes, and without what a lone carriage return overwrote. Borrowed when there is nothing to take.
pub fn plain(line: &[u8]) -> Cow<'_, [u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = match line.first() {
        Some(0xef) => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
        _ => line,
    };
    if memchr::memchr2(b'\r', ESCAPE, line).is_none() {
        return Cow::Borrowed(without_hole(line));
    }
    let line = match memchr::memrchr(b'\r', line) {
        Some(at) => &line[at + 1..],
        None => line,
    };
    let line = without_hole(line);
    let Some(first) = memchr::memchr(ESCAPE, line) else { return Cow::Borrowed(line) };
    let mut out = line[..first].to_vec();
    let mut at = first;
    while at < line.len() {
        if line[at] == ESCAPE {
            at += escape_len(&line[at..]);
        } else {
            let run = memchr::memchr(ESCAPE, &line[at..]).unwrap_or(line.len() - at);
            out.extend_from_slice(&line[at..at + run]);
            at += run;
        }
    }
    Cow::Owned(out)
}

/// Without the NULs that it begins with.
fn without_hole(line: &[u8]) -> &[u8] {
    match line.first() {
        Some(0) => &line[line.iter().take_while(|&&byte| byte == 0).count()..],
        _ => line,
    }
}

fn escape_len(text: &[u8]) -> usize {
    match text.get(1) {
        Some(b'[') => {
            let body = text[2..].iter().take_while(|byte| !(0x40..=0x7e).contains(*byte)).count();
            (2 + body + 1).min(text.len())
        }
        Some(b']') => match text.iter().position(|&byte| byte == 7) {
            Some(end) => end + 1,
            None => memchr::memmem::find(text, b"\x1b\\").filter(|&at| at > 0).map_or(text.len(), |at| at + 2),
        },
        Some(b'(' | b')' | b'#') => text.len().min(3),
        Some(_) => 2,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_are_taken_out_wherever_they_stand() {
        assert_eq!(plain(b"\x1b[32m[nodemon] starting\x1b[39m").as_ref(), b"[nodemon] starting");
        assert_eq!(plain(b"20\x1b[1m26-01\x1b[0m\r").as_ref(), b"2026-01");
        assert_eq!(plain(b"\x1b]0;title\x07text").as_ref(), b"text");
        assert_eq!(plain(b"10%\r50%\r100%").as_ref(), b"100%");
        assert_eq!(plain(b"\0\0\0x").as_ref(), b"x");
        assert_eq!(plain(b"cut \x1b[3").as_ref(), b"cut ");
        assert_eq!(plain(b"\x1b").as_ref(), b"");
    }
}
