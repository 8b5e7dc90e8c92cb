//! How much of a line one item of a pattern takes.

use super::array;
use super::level::Level;
use crate::finder::Text;
use serde::{Deserialize, Serialize};

/// What an item matches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Matcher {
    /// Up to a literal that follows; set when the pattern is compiled. Empty: up to the end of the line.
    Free {
        stops: Vec<Text>,
        may_be_empty: bool,
    },
    Rest,
    /// The rest of the line but for a text at its end.
    RestBefore(Vec<u8>),
    /// The rest of the line, which begins with one of these.
    RestFrom(Box<Words>),
    Digits {
        signed: bool,
    },
    /// The three digits of an HTTP status.
    Status,
    Hex,
    Word,
    Class(#[serde(with = "array")] Box<[bool; 256]>),
    Until(Vec<Text>),
    OneOf(Box<Words>),
    Quoted,
    /// The name of a pod, which ends in the five letters and digits that Kubernetes drew for it.
    Pod,
}

/// A closed vocabulary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Words {
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
    pub fn find(&self, rest: &[u8]) -> Option<(usize, usize)> {
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

impl Words {
    /// What a word is as a level.
    pub fn level(&self, word: usize) -> Option<Level> {
        self.levels.get(word).copied().flatten()
    }
}

impl std::ops::Deref for Words {
    type Target = [Vec<u8>];

    fn deref(&self) -> &[Vec<u8>] {
        &self.words
    }
}

impl Matcher {
    /// Whether it takes everything up to the first place where a text stands.
    pub fn ends_at(&self, text: &[u8]) -> bool {
        match self {
            Matcher::Free { stops, .. } | Matcher::Until(stops) => {
                matches!(stops.as_slice(), [stop] if stop.bytes() == text)
            }
            _ => false,
        }
    }

    /// Whether it takes all that is left.
    pub fn goes_to_the_end(&self) -> bool {
        match self {
            Matcher::Free { stops, .. } => stops.is_empty(),
            Matcher::Rest => true,
            _ => false,
        }
    }

    /// Whether it takes as many bytes when other digits stand in the place of digits.
    pub fn treats_digits_alike(&self) -> bool {
        let no_digit = |text: &[u8]| !text.iter().any(u8::is_ascii_digit);
        match self {
            Matcher::Free { stops, .. } | Matcher::Until(stops) => stops.iter().all(|stop| no_digit(stop.bytes())),
            Matcher::OneOf(words) | Matcher::RestFrom(words) => words.iter().all(|word| no_digit(word)),
            Matcher::Class(class) => (b'0'..=b'9').all(|digit| class[usize::from(digit)] == class[usize::from(b'0')]),
            // It asks for the line's end.
            Matcher::RestBefore(_) => false,
            Matcher::Rest
            | Matcher::Digits { .. }
            | Matcher::Status
            | Matcher::Hex
            | Matcher::Word
            | Matcher::Quoted
            | Matcher::Pod => true,
        }
    }

    /// Whether it takes as many bytes when in the place of an id of hexadecimal digits another one stands. `decides` says
    /// whether a text may be part of an id.
    pub fn treats_ids_alike(&self, decides: impl Fn(&[u8]) -> bool) -> bool {
        match self {
            Matcher::Free { stops, .. } | Matcher::Until(stops) => !stops.iter().any(|stop| decides(stop.bytes())),
            Matcher::OneOf(words) | Matcher::RestFrom(words) => !words.iter().any(|word| decides(word)),
            Matcher::Class(class) => {
                (b'0'..=b'9').chain(b'a'..=b'f').all(|byte| class[usize::from(byte)] == class[usize::from(b'0')])
            }
            Matcher::RestBefore(end) => !decides(end),
            Matcher::Digits { .. } | Matcher::Status | Matcher::Pod => false,
            Matcher::Rest | Matcher::Hex | Matcher::Word | Matcher::Quoted => true,
        }
    }

    /// How many bytes of `rest` it takes.
    #[inline]
    pub fn read(&self, rest: &[u8]) -> Option<usize> {
        let len = match self {
            Matcher::Free { stops, may_be_empty } => {
                let len = if stops.is_empty() { rest.len() } else { first_of(rest, stops)? };
                return (*may_be_empty || len > 0).then_some(len);
            }
            Matcher::Rest => return Some(rest.len()),
            Matcher::RestBefore(end) => return rest.strip_suffix(end.as_slice()).map(<[u8]>::len),
            Matcher::RestFrom(words) => return words.find(rest).map(|_| rest.len()),
            Matcher::Digits { signed } => {
                let sign = usize::from(*signed && rest.first() == Some(&b'-'));
                let len = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                if len > 0 { sign + len } else { 0 }
            }
            Matcher::Status => {
                let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if len == 3 { len } else { 0 }
            }
            Matcher::Hex => rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count(),
            Matcher::Word => rest.iter().take_while(|&&byte| byte != b' ' && byte != b'\t').count(),
            Matcher::Class(class) => rest.iter().take_while(|&&byte| class[usize::from(byte)]).count(),
            Matcher::Until(stops) => first_of(rest, stops)?,
            Matcher::OneOf(words) => return words.find(rest).map(|(_, len)| len),
            Matcher::Quoted => quoted(rest)?,
            Matcher::Pod => {
                let name = of_pod(rest);
                if is_pod(&rest[..name]) { name } else { 0 }
            }
        };
        (len > 0).then_some(len)
    }
}

/// Letters and digits that Kubernetes draws for a pod.
const DRAWN: usize = 5;

/// How many bytes a text begins with that a pod's name may be made of.
pub(super) fn of_pod(rest: &[u8]) -> usize {
    let may_be = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    rest.iter().take_while(may_be).count()
}

/// Whether a name ends as a pod's does: in a hyphen and what Kubernetes drew for it. No vowel is drawn, so that no word
/// is; that no `0`, `1` or `3` is either does not count here, as lines that begin alike but for digits are read alike.
pub fn is_pod(name: &[u8]) -> bool {
    let Some((owner, drawn)) = name.split_last_chunk::<DRAWN>() else { return false };
    let is_drawn = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() && !b"aeiouy".contains(byte);
    owner.len() > 1 && owner.ends_with(b"-") && owner[0].is_ascii_lowercase() && drawn.iter().all(is_drawn)
}

/// The length of a quoted text, with its quotes.
fn quoted(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    rest.first().filter(|&&byte| byte == b'"')?;
    loop {
        at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
        if rest[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn first_of(rest: &[u8], stops: &[Text]) -> Option<usize> {
    match stops {
        [stop] => stop.find(rest),
        stops => stops.iter().filter_map(|stop| stop.find(rest)).min(),
    }
}
