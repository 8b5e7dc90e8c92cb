//! The parts of a timestamp that take more than a comparison: fractions, zones, epochs.
//!
//! Each reads at the start of a slice and says how many bytes it took.

use super::clock::{RawTime, SECOND};

pub fn digits(bytes: &[u8], count: usize) -> Option<u32> {
    let mut value = 0;
    for byte in bytes.get(..count)? {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

pub fn in_range(value: u32, low: u32, high: u32) -> Option<u8> {
    (low..=high).contains(&value).then_some(value as u8)
}

pub fn read_fraction(bytes: &[u8], raw: &mut RawTime) -> usize {
    const UNITS: [u32; 10] = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1];
    let [b'.' | b',', rest @ ..] = bytes else { return 0 };
    let (mut value, mut len) = (0u32, 0usize);
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // More than nine digits are passed over.
        if len < 9 {
            value = value * 10 + u32::from(digit);
        }
        len += 1;
    }
    if len == 0 {
        return 0;
    }
    let kept = len.min(9);
    raw.ns = value * UNITS[kept];
    raw.digits = kept as u8;
    1 + len
}

pub fn read_zone(bytes: &[u8], raw: &mut RawTime) -> usize {
    if bytes.first() == Some(&b'Z') {
        raw.offset = Some(0);
        return 1;
    }
    let blank = usize::from(bytes.first() == Some(&b' '));
    let rest = &bytes[blank..];
    if blank == 1 && (rest.starts_with(b"UTC") || rest.starts_with(b"GMT")) {
        if rest.get(3).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            return 0;
        }
        raw.offset = Some(0);
        return 4;
    }
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let Some(hours) = digits(&rest[1..], 2).filter(|&hours| hours <= 15) else { return 0 };
    let after = &rest[3..];
    let (minutes, len) = match after.first() {
        Some(b':') => match digits(&after[1..], 2) {
            Some(minutes) => (minutes, 3),
            None => return 0,
        },
        _ => digits(after, 2).map_or((0, 0), |minutes| (minutes, 2)),
    };
    if minutes > 59 || after.get(len).is_some_and(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    raw.offset = Some(sign * (hours as i32 * 3600 + minutes as i32 * 60));
    blank + 3 + len
}

pub fn zone_word(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b' ') {
        return 0;
    }
    let len = bytes[1..].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if (2..=5).contains(&len) { 1 + len } else { 0 }
}

/// Epoch seconds, milli-, micro- or nanoseconds, told apart by magnitude.
pub fn read_epoch(bytes: &[u8], raw: &mut RawTime) -> Option<usize> {
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(9..=19).contains(&len) {
        return None;
    }
    let value =
        bytes[..len].iter().fold(0u64, |value, byte| value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')));
    let value = i64::try_from(value).ok()?;
    let (unit, digits) = match len {
        ..=11 => (SECOND, 0),
        12..=14 => (1_000_000, 3),
        15..=17 => (1_000, 6),
        _ => (1, 9),
    };
    let mut ns = value.checked_mul(unit)?;
    raw.digits = digits;
    let mut fraction = RawTime::default();
    let extra = if bytes.get(len) == Some(&b'.') { read_fraction(&bytes[len..], &mut fraction) } else { 0 };
    if extra > 0 {
        ns = ns.checked_add(i64::from(fraction.ns) / (SECOND / unit))?;
        raw.digits = (digits + fraction.digits).min(9);
    }
    raw.epoch_ns = Some(ns);
    Some(len + extra)
}

/// `@` and 24 hexadecimal digits: TAI seconds plus 2^62, then nanoseconds. Readers take ten seconds off, always.
pub fn read_tai64n(bytes: &[u8], raw: &mut RawTime) -> Option<usize> {
    let hex = bytes.get(..25)?.strip_prefix(b"@")?;
    let value = |part: &[u8]| {
        part.iter().try_fold(0u64, |value, &byte| Some((value << 4) | u64::from((byte as char).to_digit(16)?)))
    };
    let seconds = i64::try_from(value(&hex[..16])?.checked_sub(1 << 62)?).ok()?.checked_sub(10)?;
    let ns = i64::try_from(value(&hex[16..])?).ok()?;
    raw.epoch_ns = Some(seconds.checked_mul(SECOND)?.checked_add(ns)?);
    raw.digits = 9;
    Some(25)
}

/// `YYYY-MM-DD`, `T` or a blank, `HH:MM:SS`.
#[inline]
pub fn read_iso_second(bytes: &[u8], raw: &mut RawTime) -> Option<usize> {
    let text: &[u8; 19] = bytes.first_chunk()?;
    let date = Eight::of(text, 0, *b"0000-00-")?;
    // The gap between date and time is looked at alone.
    let gap = text[10];
    let middle = Eight::of(text, 8, [b'0', b'0', gap, b'0', b'0', b':', b'0', b'0'])?;
    let time = Eight::of(text, 11, *b"00:00:00")?;
    if gap != b'T' && gap != b' ' {
        return None;
    }
    let (month, day) = (date.two(5), middle.two(0));
    let (hour, minute, second) = (time.two(0), time.two(3), time.two(6));
    let in_bounds = (1..=12).contains(&month) && (1..=31).contains(&day) && hour <= 24 && minute <= 59 && second <= 60;
    if !in_bounds {
        return None;
    }
    raw.year = Some(i32::from(date.two(0)) * 100 + i32::from(date.two(2)));
    (raw.month, raw.day, raw.hour, raw.minute, raw.second) = (month, day, hour, minute, second);
    Some(19)
}

/// Eight bytes of a text that fit a mould, in which `0` stands for any digit: the digits' values.
#[derive(Clone, Copy)]
struct Eight(u64);

impl Eight {
    /// A byte that differs from its mould in the low four bits alone, by nine at most, is a digit where the mould is.
    #[inline]
    fn of(text: &[u8; 19], at: usize, mould: [u8; 8]) -> Option<Eight> {
        let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?) ^ u64::from_le_bytes(mould);
        let digits = u64::from_le_bytes(mould.map(|byte| if byte == b'0' { 0xff } else { 0 }));
        let over_nine = word.wrapping_add(u64::from_ne_bytes([6; 8]));
        let strangers = (word | over_nine) & u64::from_ne_bytes([0xf0; 8]) & digits | word & !digits;
        (strangers == 0).then_some(Eight(word))
    }

    /// The number of two digits.
    #[inline]
    fn two(self, at: usize) -> u8 {
        let digits = self.0 >> (8 * at);
        digits as u8 * 10 + (digits >> 8) as u8
    }
}
