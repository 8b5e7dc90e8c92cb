//! A mistake in a grammar or signature file, shown as a compiler shows it.

use super::language::Mistake;
use std::fmt;
use std::ops::Range;

/// One mistake: the file, the place in it, what is wrong and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub path: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    width: usize,
    source_line: String,
    pub message: String,
    pub hint: Option<String>,
}

/// A file's name and text, for messages that point into it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    /// A complaint about a span of bytes of the file.
    pub fn complain(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) -> Complaint {
        let start = self.floor(span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let source_line = self.text[line_start..].lines().next().unwrap_or_default();
        let column = before[line_start..].chars().count() + 1;
        // A mistake may stand at the line's end, which is no part of the line.
        let line_end = (line_start + source_line.len()).max(start);
        let end = self.floor(span.end.clamp(start, line_end)).max(start);
        Complaint {
            path: self.path.into(),
            line: before.matches('\n').count() + 1,
            column,
            width: self.text[start..end].chars().count().max(1),
            source_line: source_line.into(),
            message: message.into(),
            hint,
        }
    }

    /// A complaint about a pattern that stands as a TOML string at `span` (with its quotes).
    pub fn complain_pattern(&self, span: Range<usize>, mistake: Mistake) -> Complaint {
        let quotes = self.text[span.clone()].find(|c| c != '"' && c != '\'').unwrap_or(0).min(3);
        let start = span.start + quotes + mistake.at;
        self.complain(start..start + mistake.width, mistake.message, mistake.hint)
    }

    fn floor(&self, mut at: usize) -> usize {
        at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{gutter}--> {}:{}:{}", self.path, self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", self.source_line)?;
        write!(f, "{gutter} | {}{}", " ".repeat(self.column - 1), "^".repeat(self.width))?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{gutter} = help: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_points_at_the_place() {
        let source = Source { path: "x.toml", text: "a = 1\nline = \"{mesage}\"\n" };
        let mistake = Mistake {
            at: 0,
            width: 8,
            message: "no field named `mesage`".into(),
            hint: Some("did you mean `message`?".into()),
        };
        let shown = source.complain_pattern(13..23, mistake).to_string();
        let expected = "error: no field named `mesage`\n --> x.toml:2:9\n  |\n2 | line = \"{mesage}\"\n  |         ^^^^^^^^\n  = help: did you mean `message`?";
        assert_eq!(shown, expected);
    }
}
