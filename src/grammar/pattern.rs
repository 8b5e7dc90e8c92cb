//! Compiled patterns: how a line is read by one.
//!
//! A pattern matches a whole line in one pass from left to right, without backtracking: its cost is linear in the line.
//! `language` makes them from text.

use super::clock::RawTime;
use super::field::Field;
use super::level::Level;
use super::matcher::Matcher;
use super::timestamp::Form;
use serde::{Deserialize, Serialize};

/// What a pattern captured from one line: spans of it, and the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Captures {
    spans: [(u32, u32); Field::COUNT],
    /// Which spans hold something: one bit a field.
    held: u32,
    pub time: Option<RawTime>,
    pub level: Option<Level>,
    /// The level is told by an HTTP status.
    pub is_status: bool,
}

impl Captures {
    /// The fields that hold something.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        let mut left = self.held;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            Field::NAMES.get(at).map(|&(_, field)| field)
        })
    }

    pub fn get<'a>(&self, field: Field, line: &'a [u8]) -> Option<&'a [u8]> {
        if self.held & (1 << field as u16) == 0 {
            return None;
        }
        let (start, end) = self.spans[field as usize];
        line.get(start as usize..end as usize)
    }

    /// Where a field stands in the line.
    pub fn span(&self, field: Field) -> Option<(usize, usize)> {
        let (start, end) = self.spans[field as usize];
        (self.held & (1 << field as u16) != 0).then_some((start as usize, end as usize))
    }

    fn set(&mut self, field: Field, start: usize, end: usize) {
        self.spans[field as usize] = (start as u32, end as u32);
        self.held |= 1 << field as u16;
    }

    fn clear(&mut self) {
        self.held = 0;
        self.time = None;
        self.level = None;
        self.is_status = false;
    }
}

/// A compiled pattern.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Item {
    Literal(Vec<u8>),
    Blanks,
    Time(Form),
    Capture(Option<Field>, Matcher),
    Optional(Vec<Item>),
}

impl Pattern {
    pub(super) fn of(items: Vec<Item>) -> Pattern {
        Pattern { items }
    }

    /// Whether it reads a text as it reads the same text with other digits: all or none of them, each item in the same
    /// place.
    pub fn treats_digits_alike(&self) -> bool {
        treats_digits_alike(&self.items)
    }

    /// The same of texts that differ in ids of hexadecimal digits. `decides` says whether a text may be part of one.
    pub fn treats_ids_alike(&self, decides: impl Fn(&[u8]) -> bool) -> bool {
        treats_ids_alike(&self.items, &decides)
    }

    /// The form of its time, where that is no optional part.
    #[inline]
    pub fn time_form(&self) -> Option<&Form> {
        self.items.iter().find_map(|item| match item {
            Item::Time(form) => Some(form),
            _ => None,
        })
    }

    /// Matches a whole line. On failure the captures hold nothing of use.
    pub fn read(&self, line: &[u8], captures: &mut Captures) -> bool {
        captures.clear();
        read_items(&self.items, line, 0, captures) == Some(line.len())
    }

    /// Sets of texts such that every matching line holds one of each set: literals, and the words of closed choices with
    /// the literals around them (`ended` stands in many words, ` ended` in none).
    pub fn literals(&self) -> Vec<Vec<Vec<u8>>> {
        let literal_at = |at: Option<usize>| match at.and_then(|at| self.items.get(at)) {
            Some(Item::Literal(text)) => text.as_slice(),
            _ => &[],
        };
        let set = |(at, item): (usize, &Item)| match item {
            Item::Literal(text) => Some(vec![text.clone()]),
            Item::Capture(_, Matcher::OneOf(words)) => {
                let (before, after) = (literal_at(at.checked_sub(1)), literal_at(Some(at + 1)));
                Some(words.iter().map(|word| [before, word, after].concat()).collect())
            }
            _ => None,
        };
        self.items.iter().enumerate().filter_map(set).collect()
    }

    /// How much a match says: literal bytes and closed vocabularies count, free text does not.
    pub fn specificity(&self) -> u32 {
        specificity(&self.items)
    }

    /// Whether it takes a host for one by the form of a pod's name.
    pub fn knows_pods(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Capture(Some(Field::Host), Matcher::Pod)))
    }

    /// Whether it captures a field on every line.
    pub fn captures(&self, field: Field) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Capture(Some(captured), _) if *captured == field))
    }
}

/// Whether a text begins with a short literal.
#[inline]
fn begins(rest: &[u8], literal: &[u8]) -> bool {
    rest.len() >= literal.len() && literal.iter().zip(rest).all(|(literal, byte)| literal == byte)
}

fn read_items(items: &[Item], line: &[u8], mut at: usize, captures: &mut Captures) -> Option<usize> {
    for item in items {
        let rest = &line[at..];
        at += match item {
            Item::Literal(text) => begins(rest, text).then_some(text.len())?,
            Item::Blanks => {
                let len = rest.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
                (len > 0).then_some(len)?
            }
            Item::Time(form) => {
                let len = form.read_into(rest, captures.time.insert(RawTime::default()))?;
                captures.set(Field::Time, at, at + len);
                len
            }
            Item::Capture(Some(Field::Level), matcher) => {
                let (level, len) = read_level(matcher, rest)?;
                captures.level = Some(level);
                captures.is_status = matches!(matcher, Matcher::Status);
                captures.set(Field::Level, at, at + len);
                len
            }
            Item::Capture(field, matcher) => {
                let len = matcher.read(rest)?;
                if let Some(field) = field {
                    // The quotes do not belong to the value.
                    let quotes = usize::from(matches!(matcher, Matcher::Quoted));
                    captures.set(*field, at + quotes, at + len - quotes);
                }
                len
            }
            Item::Optional(inner) => {
                let before = *captures;
                match read_items(inner, line, at, captures) {
                    Some(after) => after - at,
                    None => {
                        *captures = before;
                        0
                    }
                }
            }
        };
    }
    Some(at)
}

pub(super) fn read_level(matcher: &Matcher, rest: &[u8]) -> Option<(Level, usize)> {
    if let Matcher::OneOf(words) = matcher {
        let (word, len) = words.find(rest)?;
        return Some((words.level(word)?, len));
    }
    let len = matcher.read(rest)?;
    let level = match matcher {
        Matcher::Digits { .. } => Level::from_priority(&rest[..len])?,
        Matcher::Status => Level::from_status(&rest[..len])?,
        _ => Level::from_word(&rest[..len])?,
    };
    Some((level, len))
}

fn treats_digits_alike(items: &[Item]) -> bool {
    items.iter().all(|item| match item {
        Item::Literal(text) => !text.iter().any(u8::is_ascii_digit),
        Item::Blanks => true,
        Item::Time(_) | Item::Capture(Some(Field::Level), _) => false,
        Item::Capture(_, matcher) => matcher.treats_digits_alike(),
        Item::Optional(inner) => treats_digits_alike(inner),
    })
}

fn treats_ids_alike(items: &[Item], decides: &impl Fn(&[u8]) -> bool) -> bool {
    items.iter().all(|item| match item {
        Item::Literal(text) => !decides(text),
        Item::Blanks => true,
        Item::Time(_) | Item::Capture(Some(Field::Level), _) => false,
        Item::Capture(_, matcher) => matcher.treats_ids_alike(decides),
        Item::Optional(inner) => treats_ids_alike(inner, decides),
    })
}

fn specificity(items: &[Item]) -> u32 {
    items
        .iter()
        .map(|item| match item {
            Item::Literal(text) => 2 * text.len() as u32,
            Item::Blanks => 1,
            Item::Time(_) => 12,
            Item::Capture(Some(Field::Level), _) => 8,
            Item::Capture(_, matcher) => match matcher {
                Matcher::OneOf(_) | Matcher::RestFrom(_) => 8,
                Matcher::Digits { .. } | Matcher::Status | Matcher::Hex | Matcher::Quoted | Matcher::Pod => 3,
                Matcher::Class(_) | Matcher::Word | Matcher::Until(_) => 1,
                Matcher::Free { .. } | Matcher::Rest | Matcher::RestBefore(_) => 0,
            },
            Item::Optional(inner) => specificity(inner) / 4,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, line: &str, expected: &[(&str, &str)]) {
        let mut captures = Captures::default();
        assert!(Pattern::parse(pattern).unwrap().read(line.as_bytes(), &mut captures), "the pattern reads the line");
        for (name, value) in expected {
            let field = Field::from_name(name).unwrap();
            let got = captures.get(field, line.as_bytes()).map(|bytes| std::str::from_utf8(bytes).unwrap());
            assert_eq!(got, Some(*value), "{name}");
        }
    }

    #[track_caller]
    fn refuse(pattern: &str, line: &str) {
        assert!(!Pattern::parse(pattern).unwrap().read(line.as_bytes(), &mut Captures::default()));
    }

    #[test]
    fn items_capture_what_they_say() {
        let journal = "{time:iso} {host} {ident:until('[' | ':')}{?[{pid:uint}]}: {message}";
        check(
            journal,
            "2026-02-03T04:12:07+0000 mini gateway[812]: ready",
            &[("host", "mini"), ("ident", "gateway"), ("pid", "812"), ("message", "ready")],
        );
        check(journal, "2026-02-03T04:12:07+0000 mini kernel: up", &[("ident", "kernel"), ("message", "up")]);
        check(
            "spawned: '{service}' with pid {pid:uint}",
            "spawned: 'a b' with pid 7",
            &[("service", "a b"), ("pid", "7")],
        );
        check("{level}{ws}{message}", "WARN   low", &[("level", "WARN"), ("message", "low")]);
        check("{component:chars('a-z/')} {_}", "a/b anything", &[("component", "a/b")]);
        check(r#"{message:quoted}{_}"#, r#""a \" b" c"#, &[("message", r#"a \" b"#)]);
        check("{_:one_of('out' | 'output')}:{message}", "output:x", &[("message", "x")]);
        check("{service}{?:{count:uint}} end", "a b:3 end", &[("service", "a b"), ("count", "3")]);
        check("{service}{?:{count:uint}} end", "a end", &[("service", "a")]);
        check(r"\{x\}{message}", "{x}y", &[("message", "y")]);
    }

    #[test]
    fn a_line_must_match_whole() {
        refuse("a {pid:uint}", "a 1 ");
        refuse("a {pid:uint}", "a x");
        refuse("{level} {message}", "HELLO there");
        refuse("{service} x", " x");
    }

    #[test]
    fn mistakes_say_where_and_what_would_help() {
        let mistake = Pattern::parse("{time:iso} {mesage}").unwrap_err();
        assert_eq!((mistake.at, mistake.width), (11, 8));
        assert_eq!(mistake.hint.as_deref(), Some("did you mean `message`?"));
        assert!(Pattern::parse("{service}{message}").unwrap_err().message.contains("nothing says where"));
        assert!(Pattern::parse("{?a").unwrap_err().message.contains("no end"));
        assert!(Pattern::parse("a } b").is_err());
        assert!(Pattern::parse("{pid:unit}").unwrap_err().message.contains("no matcher"));
        assert!(Pattern::parse("{time:isoo}").unwrap_err().message.contains("no time form"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in "[{}?:()'|\\\\a-z %é]{0,30}", line in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(pattern) = Pattern::parse(&text) {
                let mut captures = Captures::default();
                pattern.read(&line, &mut captures);
            }
        }
    }
}
