//! What a file is, by its first bytes: names lie.

use super::counted::is_counted;
use super::mixed;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Empty,
    Text,
    /// UTF-8 that goes over to UTF-16.
    Mixed,
    Encoded(Encoding),
    /// Text in which a record takes several lines.
    Folded(Folding),
    Tar,
    Zip,
    /// A systemd journal file.
    Journal,
    /// An archive or compression that is not read.
    Unsupported(&'static str),
    Binary,
}

/// How text is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    Lz4,
    /// With its mark: UTF-16, or UTF-32 taken as such.
    Utf16,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Gzip => "gzip",
            Encoding::Zstd => "zstd",
            Encoding::Xz => "xz",
            Encoding::Bzip2 => "bzip2",
            Encoding::Lz4 => "lz4",
            Encoding::Utf16 | Encoding::Utf16Le | Encoding::Utf16Be => "UTF-16",
        }
    }
}

/// How a record is spread over lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// JSON objects for people: `log show --style json`, `journalctl -o json-pretty`, `jq .`
    PrettyJson,
    /// `data: {…}` (`journalctl -o json-sse`).
    ServerSentEvents,
    /// A record separator before each object (RFC 7464, `journalctl -o json-seq`).
    JsonSequence,
    /// `journalctl -o export`.
    JournalExport,
    /// `journalctl -o verbose`.
    JournalVerbose,
    /// Syslog with the length before each record (RFC 6587).
    CountedSyslog,
}

/// How many of the first bytes `content` wants to see.
pub const SNIFF_BYTES: usize = 8 << 10;

const MAGICS: &[(&[u8], Content)] = &[
    (b"\x1f\x8b", Content::Encoded(Encoding::Gzip)),
    (b"\x28\xb5\x2f\xfd", Content::Encoded(Encoding::Zstd)),
    (b"BZh", Content::Encoded(Encoding::Bzip2)),
    (b"\xfd7zXZ\0", Content::Encoded(Encoding::Xz)),
    (b"\x04\x22\x4d\x18", Content::Encoded(Encoding::Lz4)),
    (b"\xff\xfe", Content::Encoded(Encoding::Utf16)),
    (b"\xfe\xff", Content::Encoded(Encoding::Utf16)),
    (b"PK\x03\x04", Content::Zip),
    (b"LPKSHHRH", Content::Journal),
    (b"\x1f\x9d", Content::Unsupported("compress (.Z)")),
    (b"7z\xbc\xaf\x27\x1c", Content::Unsupported("7z")),
    (b"Rar!", Content::Unsupported("rar")),
];

/// Lines that may stand before a pretty-printed array.
const PREAMBLES: [&[u8]; 2] = [b"Filtering the log data", b"Skipping info and debug"];

/// Judges a file by its first bytes.
pub fn content(first: &[u8]) -> Content {
    if first.is_empty() {
        return Content::Empty;
    }
    if first.len() >= 4 && (0x50..=0x5f).contains(&first[0]) && first[1..4] == [0x2a, 0x4d, 0x18] {
        return Content::Encoded(Encoding::Zstd);
    }
    if let Some((_, content)) = MAGICS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return *content;
    }
    if first.get(257..262) == Some(b"ustar") {
        return Content::Tar;
    }
    if mixed::goes_over(first) {
        return Content::Mixed;
    }
    if let Some(encoding) = unmarked_utf16(first) {
        return Content::Encoded(encoding);
    }
    if is_binary(first) {
        return Content::Binary;
    }
    folding(first).map_or(Content::Text, Content::Folded)
}

/// UTF-16 without its mark: in text of the Latin script every other byte is NUL.
fn unmarked_utf16(first: &[u8]) -> Option<Encoding> {
    // A hole of NULs at the start comes from truncation under a writer.
    if first.len() < 8 || first.starts_with(b"\0\0") {
        return None;
    }
    let nul_in = |odd: usize| first.iter().skip(odd).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, half) = (nul_in(0), nul_in(1), first.len() / 2);
    match () {
        () if odd * 10 > half * 6 && even * 50 < half => Some(Encoding::Utf16Le),
        () if even * 10 > half * 6 && odd * 50 < half => Some(Encoding::Utf16Be),
        () => None,
    }
}

fn folding(first: &[u8]) -> Option<Folding> {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    if first.starts_with(b"\x1e{") {
        return Some(Folding::JsonSequence);
    }
    if first.starts_with(b"data: {") {
        return Some(Folding::ServerSentEvents);
    }
    if first.starts_with(b"__CURSOR=") {
        return Some(Folding::JournalExport);
    }
    if is_counted(first) {
        return Some(Folding::CountedSyslog);
    }
    let mut raw = first.split(|&byte| byte == b'\n').skip_while(|line| line.starts_with(b"-- "));
    if raw.next().is_some_and(|line| cursor_time(line).is_some())
        && raw.next().is_some_and(|line| line.starts_with(b"    ") && line.contains(&b'='))
    {
        return Some(Folding::JournalVerbose);
    }
    let mut lines = first
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !PREAMBLES.iter().any(|preamble| line.starts_with(preamble)));
    let opens = match lines.next()? {
        b"[" => lines.next() == Some(b"{"),
        line => line == b"{" || line == b"[{",
    };
    let goes_on = lines.next().is_none_or(|line| line.starts_with(b"\""));
    (opens && goes_on).then_some(Folding::PrettyJson)
}

/// The moment, in microseconds since 1970, that the head line of a verbose journal record has in its cursor.
pub(super) fn cursor_time(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(line, b" [s=")?;
    let cursor = std::str::from_utf8(&line[at..]).ok()?.trim_end().strip_suffix(']')?;
    let time = cursor.split(';').find_map(|part| part.strip_prefix("t="))?;
    line.first().filter(|byte| byte.is_ascii_uppercase()).and_then(|_| u64::from_str_radix(time, 16).ok())
}

/// Text has few control bytes. Runs of NUL at the start come from truncation under a writer and do not count.
fn is_binary(first: &[u8]) -> bool {
    let text = &first[first.iter().take_while(|&&byte| byte == 0).count()..];
    if text.is_empty() {
        return true;
    }
    let control = text.iter().filter(|&&byte| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127)).count();
    control * 20 > text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart() {
        assert_eq!(content(b""), Content::Empty);
        assert_eq!(content(b"\x1f\x8b\x08"), Content::Encoded(Encoding::Gzip));
        assert_eq!(content(b"\xff\xfeh\0i\0"), Content::Encoded(Encoding::Utf16));
        assert_eq!(content(b"r\0e\0a\0d\0y\0\n\0"), Content::Encoded(Encoding::Utf16Le));
        assert_eq!(content(b"\0r\0e\0a\0d\0y\0\n"), Content::Encoded(Encoding::Utf16Be));
        assert_eq!(content(b"text\nr\0e\0a\0d\0y\0\n\0"), Content::Mixed);
        assert_eq!(content(b"LPKSHHRH\0\0"), Content::Journal);
        assert_eq!(content(b"\0\0\0\x012026-01-01 a log after a hole of NULs\n"), Content::Text);
        assert_eq!(content(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), Content::Binary);
        assert_eq!(content("é\u{1b}[1m text\n".as_bytes()), Content::Text);
    }

    #[test]
    fn records_over_several_lines_are_noticed() {
        let pretty = Content::Folded(Folding::PrettyJson);
        assert_eq!(content(b"[{\n  \"traceID\" : 1,\n"), pretty);
        assert_eq!(content(b"Filtering the log data using \"x\"\n[{\n  \"traceID\" : 1,\n"), pretty);
        assert_eq!(content(b"{\n\t\"MESSAGE\" : \"x\",\n"), pretty);
        assert_eq!(content(b"[\n  {\n    \"time\": 1\n"), pretty);
        assert_eq!(content(b"__CURSOR=s=1\n"), Content::Folded(Folding::JournalExport));
        let verbose =
            b"-- Boot 1 --\nWed 2026-01-14 03:12:41.224591 CET [s=1;i=2;b=3;m=4;t=64a1b2c3d4e5f;x=6]\n    PRIORITY=6\n";
        assert_eq!(content(verbose), Content::Folded(Folding::JournalVerbose));
        assert_eq!(content(b"7 <13>1 a7 <13>1 b"), Content::Folded(Folding::CountedSyslog));
        assert_eq!(content(b"{\"time\":1}\n{\"time\":2}\n"), Content::Text);
        assert_eq!(content(b"{\nwords that are no JSON\n"), Content::Text);
    }
}
