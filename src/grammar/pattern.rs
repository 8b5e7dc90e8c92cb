//! Compiled patterns: how a line is read by one.
//!
//! A pattern matches a whole line in one pass from left to right, without backtracking: its cost is linear in the line.
//! `language` makes them from text.

use super::clock::RawTime;
use super::field::Field;
use super::level::Level;
use super::timestamp::Form;
use memchr::memmem;

/// What a pattern captured from one line: spans of it, and the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Captures {
    spans: [(u32, u32); Field::COUNT],
    /// Which spans hold something: one bit a field.
    held: u16,
    pub time: Option<RawTime>,
    pub level: Option<Level>,
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

    fn set(&mut self, field: Option<Field>, start: usize, end: usize) {
        if let Some(field) = field {
            self.spans[field as usize] = (start as u32, end as u32);
            self.held |= 1 << field as u16;
        }
    }

    fn clear(&mut self) {
        self.held = 0;
        self.time = None;
        self.level = None;
    }
}

/// Whether a line begins with some bytes. The first byte refuses most lines, without a call.
fn begins(line: &[u8], bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [first, more @ ..] => line.first() == Some(first) && (more.is_empty() || line[1..].starts_with(more)),
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    Literal(Vec<u8>),
    Blanks,
    Time(Form),
    Capture(Option<Field>, Matcher),
    Optional(Vec<Item>),
}

#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// Up to a literal that follows; set when the pattern is compiled. Empty: up to the end of the line.
    Free {
        stops: Vec<Stop>,
        may_be_empty: bool,
    },
    Rest,
    Digits {
        signed: bool,
    },
    Hex,
    Word,
    Class(Box<[bool; 256]>),
    Until(Vec<Stop>),
    OneOf(Box<Words>),
    Quoted,
}

/// A closed vocabulary.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The longer ones first.
    words: Vec<Vec<u8>>,
    /// By the last five bits of a first byte, which of the first 64 words may begin so.
    by_first: [u64; 32],
    /// What each of them is as a level.
    levels: Vec<Option<Level>>,
}

impl Words {
    pub fn of(mut words: Vec<Vec<u8>>) -> Words {
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let mut by_first = [0; 32];
        for (at, word) in words.iter().enumerate().take(64) {
            match word.first() {
                Some(byte) => by_first[usize::from(byte % 32)] |= 1 << at,
                None => by_first.iter_mut().for_each(|words| *words |= 1 << at),
            }
        }
        let levels = words.iter().map(|word| Level::from_word(word)).collect();
        Words { words, by_first, levels }
    }

    /// Which word a text begins with, and its length.
    fn find(&self, rest: &[u8]) -> Option<(usize, usize)> {
        let mut left = match rest.first() {
            Some(byte) => self.by_first[usize::from(byte % 32)],
            None => u64::MAX,
        };
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            let word = self.words.get(at)?;
            if rest.starts_with(word) {
                return Some((at, word.len()));
            }
            left &= left - 1;
        }
        let others = self.words.iter().enumerate().skip(64);
        others.into_iter().find(|(_, word)| rest.starts_with(word)).map(|(at, word)| (at, word.len()))
    }
}

impl std::ops::Deref for Words {
    type Target = [Vec<u8>];

    fn deref(&self) -> &[Vec<u8>] {
        &self.words
    }
}

/// A text that ends another, ready to be looked for.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    text: Vec<u8>,
    finder: memmem::Finder<'static>,
}

impl Stop {
    pub fn of(text: impl Into<Vec<u8>>) -> Stop {
        let text = text.into();
        Stop { finder: memmem::Finder::new(&text).into_owned(), text }
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    fn find(&self, rest: &[u8]) -> Option<usize> {
        match self.text.as_slice() {
            [byte] => memchr::memchr(*byte, rest),
            _ => self.finder.find(rest),
        }
    }
}

impl Pattern {
    pub(super) fn of(items: Vec<Item>) -> Pattern {
        Pattern { items }
    }

    /// Matches a whole line. On failure the captures hold nothing of use.
    pub fn read(&self, line: &[u8], captures: &mut Captures) -> bool {
        captures.clear();
        read_items(&self.items, line, 0, captures) == Some(line.len())
    }

    /// Sets of texts such that every matching line holds one of each set: literals, and the words of closed choices.
    pub fn literals(&self) -> impl Iterator<Item = &[Vec<u8>]> {
        self.items.iter().filter_map(|item| match item {
            Item::Literal(text) => Some(std::slice::from_ref(text)),
            Item::Capture(_, Matcher::OneOf(words)) => Some(&***words),
            _ => None,
        })
    }

    /// How much a match says: literal bytes and closed vocabularies count, free text does not.
    pub fn specificity(&self) -> u32 {
        specificity(&self.items)
    }

    pub fn captures_message(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Capture(Some(Field::Message), _)))
    }

    pub fn has_time(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Time(_)))
    }
}

impl Matcher {
    /// Whether it takes everything up to the first place where a text stands.
    pub fn ends_at(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Free { stops, .. } | Matcher::Until(stops) => {
                matches!(stops.as_slice(), [stop] if stop.text() == text)
            }
            _ => false,
        }
    }

    /// How many bytes of `rest` it takes, and which of them are the value.
    fn read(&self, rest: &[u8]) -> Option<(usize, std::ops::Range<usize>)> {
        let run = |accept: &dyn Fn(u8) -> bool| {
            let len = rest.iter().take_while(|&&byte| accept(byte)).count();
            (len > 0).then_some((len, 0..len))
        };
        match self {
            Matcher::Free { stops, may_be_empty } => {
                let len = if stops.is_empty() { rest.len() } else { first_of(rest, stops)? };
                (*may_be_empty || len > 0).then_some((len, 0..len))
            }
            Matcher::Rest => Some((rest.len(), 0..rest.len())),
            Matcher::Digits { signed } => {
                let sign = usize::from(*signed && rest.first() == Some(&b'-'));
                let len = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                (len > 0).then_some((sign + len, 0..sign + len))
            }
            Matcher::Hex => run(&|byte| byte.is_ascii_hexdigit()),
            Matcher::Word => run(&|byte| byte != b' ' && byte != b'\t'),
            Matcher::Class(class) => run(&|byte| class[usize::from(byte)]),
            Matcher::Until(stops) => {
                let len = first_of(rest, stops)?;
                (len > 0).then_some((len, 0..len))
            }
            Matcher::OneOf(words) => words.find(rest).map(|(_, len)| (len, 0..len)),
            Matcher::Quoted => {
                let mut at = 1;
                rest.first().filter(|&&byte| byte == b'"')?;
                loop {
                    at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
                    if rest[at] == b'"' {
                        return Some((at + 1, 1..at));
                    }
                    at += 2;
                }
            }
        }
    }
}

fn first_of(rest: &[u8], stops: &[Stop]) -> Option<usize> {
    match stops {
        [stop] => stop.find(rest),
        stops => stops.iter().filter_map(|stop| stop.find(rest)).min(),
    }
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
                captures.set(Some(Field::Time), at, at + len);
                len
            }
            Item::Capture(Some(Field::Level), Matcher::OneOf(words)) => {
                let (word, len) = words.find(rest)?;
                captures.level = Some(words.levels[word]?);
                captures.set(Some(Field::Level), at, at + len);
                len
            }
            Item::Capture(field, matcher) => {
                let (len, value) = matcher.read(rest)?;
                if *field == Some(Field::Level) {
                    let text = &rest[value.clone()];
                    captures.level = Some(match matcher {
                        Matcher::Digits { .. } => Level::from_priority(text)?,
                        _ => Level::from_word(text)?,
                    });
                }
                captures.set(*field, at + value.start, at + value.end);
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

fn specificity(items: &[Item]) -> u32 {
    items
        .iter()
        .map(|item| match item {
            Item::Literal(text) => 2 * text.len() as u32,
            Item::Blanks => 1,
            Item::Time(_) => 12,
            Item::Capture(Some(Field::Level), _) => 8,
            Item::Capture(_, matcher) => match matcher {
                Matcher::OneOf(_) => 8,
                Matcher::Digits { .. } | Matcher::Hex | Matcher::Quoted => 3,
                Matcher::Class(_) | Matcher::Word | Matcher::Until(_) => 1,
                Matcher::Free { .. } | Matcher::Rest => 0,
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
