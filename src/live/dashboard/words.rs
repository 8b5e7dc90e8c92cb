//! Text that fits: harmless to a terminal, cut and wrapped by the columns that it takes.

use crate::report::shown::printable;
use ratatui::style::Style;
use ratatui::text::Span;

/// What stands where text was cut off.
const MORE: char = '…';

/// Text of a log, a path or a name as it may be drawn.
pub fn clean(text: &str) -> String {
    printable(text)
}

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// No more of a text than so many columns hold; its end tells whether something was cut off.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut out = String::new();
    let mut taken = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        taken += width(grapheme.symbol);
        if taken > room {
            break;
        }
        out.push_str(grapheme.symbol);
    }
    out.push(MORE);
    out
}

/// Exactly so many columns: cut, or filled with blanks.
pub fn cell(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Rows of at most so many columns, broken between words where that can be.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut taken = 0;
    // Where the row can be broken: behind its last blank.
    let mut gap: Option<usize> = None;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        let wide = width(grapheme.symbol);
        if taken + wide > columns && !row.is_empty() {
            let rest = match gap.take() {
                _ if grapheme.symbol == " " => String::new(),
                Some(gap) => row.split_off(gap),
                None => String::new(),
            };
            rows.push(std::mem::replace(&mut row, rest).trim_end().to_string());
            taken = width(&row);
            if grapheme.symbol == " " {
                continue;
            }
        }
        row.push_str(grapheme.symbol);
        taken += wide;
        if grapheme.symbol == " " {
            gap = Some(row.len());
        }
    }
    if !row.is_empty() || rows.is_empty() {
        rows.push(row);
    }
    rows
}

/// 1536 as `1.5 KiB`.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
    let mut unit = "B";
    while value >= 1024.0 {
        let Some(next) = units.next() else { break };
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") }
}

/// The hour of a time in RFC 3339, `12:03:04`; with the day before it where there is room.
pub fn hour(time: Option<&str>, with_day: bool) -> String {
    let Some((day, hour)) = time.and_then(|time| time.split_once('T')) else { return "-".into() };
    let hour = hour.get(..8).unwrap_or(hour);
    match day.get(5..) {
        Some(day) if with_day => format!("{day} {hour}"),
        _ => hour.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_told() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(cut("longer", 1), "…");
        assert_eq!(cut("longer", 0), "");
    }

    #[test]
    fn wide_characters_are_not_halved() {
        assert_eq!(width("日本"), 4);
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cell("日本語", 4), "日… ");
        assert_eq!(wrap("日本語", 3), ["日", "本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
    }

    #[test]
    fn rows_end_between_words() {
        assert_eq!(wrap("connection to db refused", 11), ["connection", "to db", "refused"]);
        assert_eq!(wrap("one two", 7), ["one two"]);
        assert_eq!(wrap("one two", 3), ["one", "two"]);
        assert_eq!(wrap("/a/very/long/path here", 8), ["/a/very/", "long/pat", "h here"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn a_time_is_shown_by_its_hour() {
        assert_eq!(hour(Some("2026-03-04T05:06:07.123Z"), false), "05:06:07");
        assert_eq!(hour(Some("2026-03-04T05:06:07.123Z"), true), "03-04 05:06:07");
        assert_eq!(hour(Some("nonsense"), true), "-");
        assert_eq!(hour(Some("T日本語"), true), "日本語");
        assert_eq!(hour(None, false), "-");
    }

    #[test]
    fn commands_to_the_terminal_become_text() {
        assert_eq!(clean("\x1b[2Jgone\u{202e}"), "\\u{1b}[2Jgone\\u{202e}");
    }
}
