//! A regular expression that is compiled when it is first asked.
//!
//! Most signatures never meet a message that has their literals, and compiling all of them takes longer than most logs.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Over bytes, without Unicode classes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Regex>>,
    treats_digits_alike: OnceLock<bool>,
}

impl LazyRegex {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Compiles at once; the error says what is wrong with it.
    pub fn compile(text: &str) -> Result<LazyRegex, regex::Error> {
        let compiled = compile(text)?;
        Ok(LazyRegex {
            text: text.into(),
            compiled: OnceLock::from(Some(compiled)),
            treats_digits_alike: OnceLock::new(),
        })
    }

    /// Whether a text has a match. What cannot be compiled matches nothing.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Whether a text has a match wherever the same text with other digits has one.
    pub fn treats_digits_alike(&self) -> bool {
        *self.treats_digits_alike.get_or_init(|| {
            let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(&self.text);
            parsed.is_ok_and(|parsed| treats_digits_alike(&parsed))
        })
    }
}

/// Digits decide nothing where each class has all of them or none. A word's edge does not ask which digit it is.
fn treats_digits_alike(hir: &Hir) -> bool {
    let all_or_none = |held: usize| held == 0 || held == 10;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(Class::Bytes(class)) => {
            let has = |digit: &u8| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(digit));
            all_or_none((b'0'..=b'9').filter(has).count())
        }
        HirKind::Class(Class::Unicode(class)) => {
            let has = |digit: &char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(digit));
            all_or_none(('0'..='9').filter(has).count())
        }
        HirKind::Repetition(repetition) => treats_digits_alike(&repetition.sub),
        HirKind::Capture(capture) => treats_digits_alike(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(treats_digits_alike),
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).build()
}

impl From<String> for LazyRegex {
    fn from(text: String) -> LazyRegex {
        LazyRegex { text, compiled: OnceLock::new(), treats_digits_alike: OnceLock::new() }
    }
}

impl From<LazyRegex> for String {
    fn from(regex: LazyRegex) -> String {
        regex.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_decide_are_seen() {
        let alike = |text: &str| LazyRegex::compile(text).unwrap().treats_digits_alike();
        assert!(alike(r"(?:for port \d+|\S+\b): [a-z]+ [^)]$"));
        assert!(alike(r"(?i:telegram).*Unauthorized"));
        assert!(!alike(r"code 401"));
        assert!(!alike(r"10[01]\d|102[0-3]"));
        assert!(!alike(r"[^1]x"));
    }
}
