//! A quick test of a line's first bytes: does a record begin here?
//!
//! It runs on every line, so it looks at shapes only. Timed heads of every form, and JSON objects, are records; a line
//! that begins with a blank hardly ever is. Its twin is `Catalog::read`, which runs on the few lines that matter.

/// What a line's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// A timestamp or a JSON object stands at the start.
    Record,
    /// Text at the first column: a record where a stream has no times.
    Text,
    /// Blank, or indented.
    Continuation,
}

/// Looks at a line's first bytes.
#[inline]
pub fn of(line: &[u8]) -> Head {
    if line.first_chunk().is_some_and(is_iso) { Head::Record } else { look(line) }
}

/// Whether a line begins as glog and its kin write an error: a letter for the level and the date, `E0114 `.
#[inline]
pub fn is_grave(line: &[u8]) -> bool {
    let [b'E' | b'F', b'0'..=b'9', date @ ..] = line else { return false };
    let digits = date.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // With a year or without one.
    matches!(digits, 3 | 5 | 7) && date.get(digits) == Some(&b' ')
}

/// The commonest head, `dddd-dd-dd?dd:dd:dd`, eight bytes at a time.
#[inline]
fn is_iso(head: &[u8; 19]) -> bool {
    const YEAR: (u64, u64) = shape(b"0000-00-");
    const CLOCK: (u64, u64) = shape(b"00:00:00");
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| head[at + byte]));
    is_like(word(0), YEAR) && is_like(word(11), CLOCK) && head[8].is_ascii_digit() && head[9].is_ascii_digit()
}

/// Eight bytes as a word, and the low half of each that is a zero and stands for a digit.
const fn shape(bytes: &[u8; 8]) -> (u64, u64) {
    let mut low = [0; 8];
    let mut at = 0;
    while at < 8 {
        low[at] = if bytes[at] == b'0' { 0x0f } else { 0 };
        at += 1;
    }
    (u64::from_le_bytes(*bytes), u64::from_le_bytes(low))
}

#[inline]
fn is_like(word: u64, (shape, low): (u64, u64)) -> bool {
    // A digit differs from zero in its low half alone, and by less than ten.
    let apart = word ^ shape;
    apart & !low == 0 && (apart + 0x0606_0606_0606_0606) & 0xf0f0_f0f0_f0f0_f0f0 == 0
}

fn look(line: &[u8]) -> Head {
    let line = match line.first() {
        Some(0x1b | 0xef | 0) => undressed(line),
        _ => line,
    };
    match line.first() {
        Some(b' ') if is_indented_record(line) => Head::Record,
        None | Some(b' ' | b'\t' | b'\r') => Head::Continuation,
        Some(b'{') => Head::Record,
        Some(b'0'..=b'9') if is_numeric_time(line) => Head::Record,
        Some(b'[' | b'(') if line.get(1).is_some_and(u8::is_ascii_digit) && is_numeric_time(&line[1..]) => Head::Record,
        Some(b'[') if is_month_time(&line[1..]) => Head::Record,
        Some(b'@') if line.len() > 25 && line[1..25].iter().all(u8::is_ascii_hexdigit) => Head::Record,
        Some(b'I' | b'W' | b'E' | b'F') if is_shape(&line[1..], b"dddd dd:dd:dd") => Head::Record,
        Some(b'A'..=b'Z' | b'a'..=b'z' | 0x80..) if is_month_time(line) => Head::Record,
        Some(b'#') if is_shape(&line[1..], b"dddddddddd") && line[11..].trim_ascii().is_empty() => Head::Record,
        Some(b'<') => Head::Record,
        _ => Head::Text,
    }
}

/// Without the colours, the mark of the encoding, the hole of NULs that it begins with.
fn undressed(mut line: &[u8]) -> &[u8] {
    loop {
        let len = match line.first() {
            Some(0x1b) => colour(line),
            Some(0xef) if line.starts_with(b"\xef\xbb\xbf") => Some(3),
            Some(0) => Some(line.iter().take_while(|&&byte| byte == 0).count()),
            _ => None,
        };
        let Some(len) = len else { return line };
        line = &line[len..];
    }
}

/// The length of a control sequence at the start: `ESC [`, parameters, a letter.
fn colour(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"\x1b[")?;
    let parameters = rest.iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
    (parameters < rest.len()).then_some(2 + parameters + 1)
}

/// `    dddd-dd-ddTdd:dd:dd.dddZ [`: HashiCorp's servers indent all of their records.
fn is_indented_record(line: &[u8]) -> bool {
    let time = line.strip_prefix(b"    ").filter(|time| is_shape(time, b"dddd-dd-ddTdd:dd:dd"));
    time.and_then(|time| memchr::memchr(b' ', time).map(|blank| &time[blank..]))
        .is_some_and(|rest| rest.starts_with(b" ["))
}

fn is_numeric_time(line: &[u8]) -> bool {
    match line.get(4) {
        Some(b'-') => is_shape(line, b"dddd-dd-dd?dd:dd:dd"),
        Some(b'/') => is_shape(line, b"dddd/dd/dd dd:dd:dd"),
        Some(b'.') => is_shape(line, b"dddd.dd.dd dd:dd:dd"),
        Some(b' ') => {
            is_shape(line, b"dddd aaa _d dd:dd:dd")
                || is_redis(line)
                || is_pid_and_time(line)
                || is_numbered_month(line)
        }
        _ => {
            SHAPES.iter().any(|shape| is_shape(line, shape))
                || is_redis(line)
                || is_epoch(line)
                || is_pid_and_time(line)
                || is_numbered_month(line)
        }
    }
}

/// Times that begin with a digit and are not the usual ones.
const SHAPES: [&[u8]; 11] = [
    b"dd:dd:dd",
    b"dd aaa dd:dd:dd",
    b"dd/aaa/dddd?dd:dd:dd",
    b"dd-aaa-dddd dd:dd:dd",
    b"dd/dd/dd dd:dd:dd",
    b"dd/dd/dddd dd:dd:dd",
    b"dd.dd.dddd dd:dd:dd",
    b"dd-dd-dddd dd:dd:dd",
    b"dddddd dd:dd:dd",
    b"dddddddd?dd:dd:dd",
    b"ddddddddTdddddd",
];

/// Ten digits or more, and what no number in a sentence has after it.
fn is_epoch(line: &[u8]) -> bool {
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (10..=19).contains(&digits) && matches!(line.get(digits), Some(b'.' | b' ' | b'\t' | b':' | b']'))
}

/// `PID HH:MM:SS`
fn is_pid_and_time(line: &[u8]) -> bool {
    let pid = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let blanks = line[pid..].iter().take_while(|&&byte| byte == b' ').count();
    pid <= 7 && blanks > 0 && is_shape(&line[pid + blanks..], b"dd:dd:dd")
}

/// `PID:R DD Mon YYYY …`
fn is_redis(line: &[u8]) -> bool {
    let pid = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    is_shape(&line[pid..], b":a dd aaa dddd dd:dd:dd") || line[pid..].starts_with(b":signal-handler (")
}

/// `Mon DD HH:MM:SS`, or with a weekday before, in any language.
fn is_month_time(line: &[u8]) -> bool {
    let rest = after_name(line);
    rest.is_some_and(|rest| {
        is_shape(rest, DAY_AND_CLOCK)
            || is_shape(rest, b"dddd-dd-dd dd:dd:dd")
            || after_name(rest).is_some_and(|rest| is_shape(rest, DAY_AND_CLOCK))
    })
}

const DAY_AND_CLOCK: &[u8] = b"_d dd:dd:dd";

/// The longest short name of a month that any locale has (bytes).
const LONGEST_NAME: usize = 9;

/// What stands after a name at the start, and a blank.
fn after_name(line: &[u8]) -> Option<&[u8]> {
    let len = line.iter().take(LONGEST_NAME + 1).position(|&byte| byte == b' ')?;
    let is_named = |&byte: &u8| byte.is_ascii_alphabetic() || byte >= 0x80 || byte == b'.';
    (len >= 3 && line[..len].iter().all(is_named)).then(|| &line[len + 1..])
}

/// `10月 27 08:13:09`, as the locales of China, Japan and Korea number months.
fn is_numbered_month(line: &[u8]) -> bool {
    let digits = line.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = ["月 ", "월 "].iter().find_map(|month| line[digits..].strip_prefix(month.as_bytes()));
    rest.is_some_and(|rest| is_shape(rest, DAY_AND_CLOCK))
}

/// `d` digit, `a` letter, `_` digit or blank, `?` anything, others for themselves.
fn is_shape(line: &[u8], shape: &[u8]) -> bool {
    line.len() >= shape.len()
        && shape.iter().zip(line).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            b'_' => byte.is_ascii_digit() || *byte == b' ',
            b'?' => true,
            shape => shape == byte,
        })
}

/// What the head of a log that shares its stream with others has in it, as `tail` and as `pm2 logs` write it.
pub const SECTIONS: [&str; 2] = ["==> ", ".log last "];

/// Longer names are none of a file.
const MAX_SECTION: usize = 512;

/// The name in such a head: `==> gateway.log <==`, `/opt/.pm2/logs/gateway-out.log last 15 lines:`.
pub fn section_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let [of_tail, of_pm2] = SECTIONS.map(str::as_bytes);
    let name = match line.strip_prefix(of_tail) {
        Some(rest) => rest.strip_suffix(b" <==")?,
        None => {
            // pm2 shows it in grey, if in a terminal. Most lines are told apart by their first byte.
            let line = line.strip_prefix(b"\x1b[90m").unwrap_or(line);
            line.first().filter(|byte| **byte == b'/')?;
            let at = memchr::memmem::find(line, of_pm2)?;
            let (name, rest) = (&line[..at + ".log".len()], &line[at + of_pm2.len()..]);
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (digits > 0 && rest[digits..].starts_with(b" lines:")).then_some(name)?
        }
    };
    (1..=MAX_SECTION).contains(&name.len()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_glog_are_known_by_their_head() {
        for line in ["E0915 18:26:33.040481 1 a.go:2] x", "F20260915 18:26:33 1 a", "E260915 18:26:33 1 a"] {
            assert!(is_grave(line.as_bytes()), "{line}");
        }
        for line in ["I0915 18:26:33 1", "E0915", "E915 18:26", "E091 x", "Error 0915 x", "E09155 18"] {
            assert!(!is_grave(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn the_quick_look_sees_what_the_shape_says() {
        let line = *b"2026-02-01T00:59:18";
        assert!(is_iso(&line));
        for at in 0..line.len() {
            for byte in 0..=255 {
                let mut other = line;
                other[at] = byte;
                assert_eq!(is_iso(&other), is_shape(&other, b"dddd-dd-dd?dd:dd:dd"), "{byte} at {at}");
            }
        }
    }

    #[test]
    fn heads_of_many_formats_are_known() {
        for line in [
            "2026-11-24T08:51:32.115+00:00 [gateway] x",
            "[2026-11-24 08:46:09 +0000] [13] [INFO] x",
            "{\"a\":1}",
            "24 Nov 08:47:59 - [info] x",
            "1:M 11 Jun 2026 08:13:09.031 * x",
            "Nov  4 01:33:48 nuc7 systemd[1]: x",
            "[Sun Dec 04 04:47:44 2005] [notice] x",
            "2026/07/29 22:08:06 [emerg] x",
            "2026-11-24_08:50:54.28919 x",
            "I0113 03:12:41.224591 1 f.go:1] x",
            "14/Jan/2026:03:12:41 +0100 x",
            "[14-Jan-2026 03:12:41 UTC] PHP Notice: x",
            "260114 03:12:41 [Note] x",
            "26/01/14 03:12:41 INFO x",
            "2026.01.14 03:12:41 LOG5[1]: x",
            "2026 Jan 14 03:12:41 x",
            "[1768356761] SERVICE ALERT: x",
            "1768356761.224591\tCwFs1P2U\tx",
            "#1768356761",
            "4312  03:12:41.814936 close(3) = 0",
            "43123 03:12:41.814936 close(3) = 0",
            "lis 04 01:33:48 nuc7 systemd[1]: x",
            "сен 14 01:33:48 nuc7 systemd[1]: x",
            "août  4 01:33:48 nuc7 systemd[1]: x",
            "heinä 14 01:33:48 nuc7 systemd[1]: x",
            "mer. nov.  4 01:33:48 x",
            "10月 27 08:51:32 nuc7 systemd[1]: x",
            "1월 27 08:51:32 nuc7 systemd[1]: x",
            "\x1b[32m\x1b[1m2026-11-24T08:51:32Z\x1b[0m x",
            "\u{feff}2026-11-24T08:51:32Z x",
            "\0\0\x002026-11-24T08:51:32Z x",
        ] {
            assert_eq!(of(line.as_bytes()), Head::Record, "{line}");
        }
        assert_eq!(of(b"    at Server.listen (node:net:1)"), Head::Continuation);
        assert_eq!(of(b"Node.js v20.20.2"), Head::Text);
        assert_eq!(of(b"may 14 01:33 x"), Head::Text);
        assert_eq!(of(b"took 14 01:33:4 x"), Head::Text);
        assert_eq!(of(b""), Head::Continuation);
    }
}
