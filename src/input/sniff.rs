//! What a file is, by its first bytes: names lie.

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Empty,
    Text,
    Gzip,
    Zstd,
    /// With its mark: UTF-16, or UTF-32 taken as such.
    Utf16,
    /// A systemd journal file.
    Journal,
    /// An archive or compression that is not read.
    Unsupported(&'static str),
    Binary,
}

/// How many of the first bytes `content` wants to see.
pub const SNIFF_BYTES: usize = 8 << 10;

const MAGICS: &[(&[u8], Content)] = &[
    (b"\x1f\x8b", Content::Gzip),
    (b"\x28\xb5\x2f\xfd", Content::Zstd),
    (b"\xff\xfe", Content::Utf16),
    (b"\xfe\xff", Content::Utf16),
    (b"LPKSHHRH", Content::Journal),
    (b"BZh", Content::Unsupported("bzip2")),
    (b"\xfd7zXZ\0", Content::Unsupported("xz")),
    (b"\x04\x22\x4d\x18", Content::Unsupported("lz4")),
    (b"PK\x03\x04", Content::Unsupported("zip")),
    (b"7z\xbc\xaf\x27\x1c", Content::Unsupported("7z")),
];

/// Judges a file by its first bytes.
pub fn content(first: &[u8]) -> Content {
    if first.is_empty() {
        return Content::Empty;
    }
    if first.len() >= 4 && (0x50..=0x5f).contains(&first[0]) && first[1..4] == [0x2a, 0x4d, 0x18] {
        return Content::Zstd;
    }
    if let Some((_, content)) = MAGICS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return *content;
    }
    if first.get(257..262) == Some(b"ustar") {
        return Content::Unsupported("tar");
    }
    if is_binary(first) { Content::Binary } else { Content::Text }
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
        assert_eq!(content(b"\x1f\x8b\x08"), Content::Gzip);
        assert_eq!(content(b"\xff\xfeh\0i\0"), Content::Utf16);
        assert_eq!(content(b"LPKSHHRH\0\0"), Content::Journal);
        assert_eq!(content(b"\0\0\0\x012026-01-01 a log after a hole of NULs\n"), Content::Text);
        assert_eq!(content(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), Content::Binary);
        assert_eq!(content("é\u{1b}[1m text\n".as_bytes()), Content::Text);
    }
}
