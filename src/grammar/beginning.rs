//! A line's first bytes with their values alike: digits, and hexadecimal numbers after `0x`, are the character zero.

/// Bytes that are looked at.
pub const BEGINNING: usize = 128;
/// Bytes of a step; a beginning is cut to whole steps.
pub const STEP: usize = 8;
pub const STEPS: usize = BEGINNING / STEP;

/// What a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// Zeros after a shorter line.
    bytes: [u8; BEGINNING],
    /// How many bytes they are.
    len: u8,
    /// It has a number after `0x`.
    has_hex: bool,
}

/// The zero of `0x`, which no other digit may take the place of.
const PREFIX: u8 = 1;

/// A text's first bytes with all digits zeros, and how many they are; zeros after a shorter text.
#[inline]
pub fn digits_alike<const MOST: usize>(text: &[u8]) -> ([u8; MOST], usize) {
    let (mut bytes, len) = match text.first_chunk() {
        Some(whole) => (*whole, MOST),
        None => {
            let mut bytes = [0; MOST];
            bytes[..text.len()].copy_from_slice(text);
            (bytes, text.len())
        }
    };
    for byte in &mut bytes {
        *byte = if byte.is_ascii_digit() { b'0' } else { *byte };
    }
    (bytes, len)
}

impl Beginning {
    #[inline]
    pub fn of(text: &[u8]) -> Beginning {
        let (bytes, len) = digits_alike(text);
        let mut beginning = Beginning { bytes, len: len as u8, has_hex: false };
        if memchr::memchr(b'x', &bytes[..len]).is_some() {
            beginning.fold_hex(&text[..len]);
        }
        beginning
    }

    fn fold_hex(&mut self, text: &[u8]) {
        if memchr::memchr(PREFIX, text).is_some() {
            return;
        }
        for at in memchr::memchr_iter(b'x', text).filter(|&at| at > 0 && text[at - 1] == b'0') {
            self.has_hex = true;
            self.bytes[at - 1] = PREFIX;
            let number = text[at + 1..].iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
            self.bytes[at + 1..][..number].fill(b'0');
        }
    }

    pub fn bytes(&self) -> &[u8; BEGINNING] {
        &self.bytes
    }

    /// Eight of the bytes, as a number.
    #[inline]
    pub fn word(&self, step: usize) -> u64 {
        let (words, _) = self.bytes.as_chunks::<STEP>();
        u64::from_le_bytes(words[step])
    }

    pub fn has_hex(&self) -> bool {
        self.has_hex
    }

    /// Its first steps alone. A line that ends within the last of them is told from one that goes on.
    pub fn cut(&self, steps: usize) -> Beginning {
        let mut cut = *self;
        cut.bytes[steps * STEP..].fill(0);
        cut.len = self.len.min((steps * STEP) as u8);
        cut
    }

    /// Whether a line begins as this one, which was cut.
    #[inline]
    pub fn begins(&self, line: &Beginning, steps: usize) -> bool {
        let len = steps * STEP;
        self.bytes[..len] == line.bytes[..len] && self.len == line.len.min(len as u8) && self.has_hex == line.has_hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> String {
        String::from_utf8(Beginning::of(text.as_bytes()).bytes[..text.len()].to_vec()).unwrap().replace('\u{1}', "O")
    }

    #[test]
    fn values_are_alike() {
        assert_eq!(bytes("09:41 pid 7 0x1af3 fox x 0xg"), "00:00 pid 0 Ox0000 fox x Oxg");
        assert_eq!(bytes("x 10xab"), "x 0Ox00");
    }

    #[test]
    fn a_line_that_ends_is_another_one() {
        let long = Beginning::of(b"0123456789abcdef");
        assert!(long.cut(1).begins(&Beginning::of(b"98765432 and more"), 1));
        assert!(!long.cut(1).begins(&Beginning::of(b"9876543"), 1));
        assert!(!Beginning::of(b"0123").cut(1).begins(&Beginning::of(b"0123456789"), 1));
    }
}
