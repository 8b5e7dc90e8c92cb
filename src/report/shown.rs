//! Numbers, times and texts of a log as people are shown them.

use std::fmt::Write;

/// Seconds since a start, with their sign; a manager may tell of one after its program's first words.
pub(super) fn since_start(seconds: f64) -> String {
    // No minus before what rounds to nothing.
    let tenths = (seconds * 10.0).round() / 10.0 + 0.0;
    format!("{tenths:+.1} s")
}

/// A time for a table: no finer than milliseconds.
pub(super) fn short_time(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 4 => format!("{whole}.{}Z", &fraction[..3]),
        _ => time.to_string(),
    }
}

/// A number and its noun.
pub fn many(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", group(count), if count == 1 { "" } else { "s" })
}

/// Text that a terminal shows as it is: control characters, line separators and direction marks become visible
/// escapes.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}') =>
            {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// 12345 as 12,345.
pub(super) fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub(super) fn seconds(value: f64) -> String {
    if value < 120.0 { format!("{value} s") } else { span(value) }
}

/// A length of time in its two largest units.
pub fn span(seconds: f64) -> String {
    let total = seconds.max(0.0) as u64;
    let (days, hours, minutes, rest) = (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, minutes) => format!("{minutes} min {rest} s"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A time in RFC 3339 as nanoseconds since 1970.
pub fn ns_of(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().and_then(|time| i64::try_from(time.as_nanosecond()).ok())
}

/// Nanoseconds since 1970 in RFC 3339.
pub fn time_of(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns)).map(|time| time.to_string()).unwrap_or_else(|_| "?".into())
}

/// The width of a bucket in its one unit.
pub(super) fn width_of(seconds: u64) -> String {
    match seconds {
        days if days % 86_400 == 0 => format!("{} d", days / 86_400),
        hours if hours % 3600 == 0 => format!("{} h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{} min", minutes / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::since_start;

    #[test]
    fn what_came_before_the_start_has_a_minus() {
        let told: Vec<String> = [0.0, -0.04, 2.94, -1.9, 436.0].into_iter().map(since_start).collect();
        assert_eq!(told, ["+0.0 s", "+0.0 s", "+2.9 s", "-1.9 s", "+436.0 s"]);
    }
}
