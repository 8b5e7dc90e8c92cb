//! Members of a JSON object, found in place: one forward pass over the object, no tree, no allocation but for escapes.
//!
//! Log lines are often not quite JSON (cut off, two on a line, NaN). What stands before the damage is still found.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A value's raw bytes within its object, a string with its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a [u8],
    /// It holds a backslash.
    escaped: bool,
}

impl<'a> Value<'a> {
    /// A string's text without its escapes, or the raw bytes of any other value. Null is None.
    pub fn text(self) -> Option<Cow<'a, [u8]>> {
        match self.raw.first()? {
            b'"' => {
                let inner = &self.raw[1..self.raw.len().max(2) - 1];
                Some(if self.escaped { unescape(inner) } else { Cow::Borrowed(inner) })
            }
            b'n' => None,
            b'[' => byte_array(self.raw).map(Cow::Owned).or(Some(Cow::Borrowed(self.raw))),
            _ => Some(Cow::Borrowed(self.raw)),
        }
    }

    pub fn raw(self) -> &'a [u8] {
        self.raw
    }
}

/// A path to a member: keys from the outside in, and whether a string on the way holds JSON itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// Each step is the members of one object, deeper and deeper.
    levels: Vec<Vec<Box<[u8]>>>,
}

impl Path {
    /// `/a/b`, with `~` where a string holds JSON.
    pub fn parse(text: &str) -> Option<Path> {
        let levels = text
            .split('~')
            .map(|level| {
                let keys = level.strip_prefix('/')?;
                Some(keys.split('/').map(|key| key.as_bytes().into()).collect())
            })
            .collect::<Option<Vec<Vec<_>>>>()?;
        Some(Path { levels })
    }

    /// The key of the outermost object's member.
    pub fn first_key(&self) -> &[u8] {
        self.levels.first().and_then(|keys| keys.first()).map_or(&[], |key| key)
    }

    /// The text at the path's end, if it is there and not null, where `member` is that of the first key.
    #[inline]
    pub fn text<'a>(&self, member: Value<'a>) -> Option<Cow<'a, [u8]>> {
        match self.levels.as_slice() {
            [keys] if keys.len() == 1 => member.text(),
            // Most members that may hold others hold none.
            [keys, ..] if keys.len() > 1 && member.raw().first() != Some(&b'{') => None,
            _ => self.deep_text(member),
        }
    }

    fn deep_text<'a>(&self, member: Value<'a>) -> Option<Cow<'a, [u8]>> {
        let (first, deeper) = self.levels.split_first()?;
        let inner = first.get(1..)?;
        let mut text = if inner.is_empty() { member.text()? } else { member_at(member.raw(), inner)?.text()? };
        for keys in deeper {
            text = Cow::Owned(member_at(&text, keys)?.text()?.into_owned());
        }
        Some(text)
    }
}

fn member_at<'a>(object: &'a [u8], keys: &[Box<[u8]>]) -> Option<Value<'a>> {
    let mut object = object;
    let (last, outer) = keys.split_last()?;
    for key in outer {
        object = member(object, key)?.raw();
    }
    member(object, last)
}

/// Where a member's key (without quotes) and its value (with them) stand in their object.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    key: (u32, u32),
    value: (u32, u32),
    escaped: bool,
}

/// An object whose members were found once, for many paths.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a, 's> {
    text: &'a [u8],
    spans: &'s [Span],
}

/// The keys of an object in order, each as `"key":`.
#[derive(Clone, Debug, Default)]
pub struct KeyRow {
    heads: Vec<Box<[u8]>>,
}

impl KeyRow {
    pub fn of(object: &Object) -> KeyRow {
        KeyRow { heads: object.keys().map(|key| [b"\"", key, b"\":"].concat().into()).collect() }
    }

    pub fn is_of(&self, object: &Object) -> bool {
        object.keys().len() == self.heads.len()
            && object.keys().zip(&self.heads).all(|(key, head)| *key == head[1..head.len() - 2])
    }
}

impl<'a, 's> Object<'a, 's> {
    /// Finds all members of an object; `spans` only lends its room.
    pub fn find(text: &'a [u8], spans: &'s mut Vec<Span>) -> Object<'a, 's> {
        Object::find_like(text, spans, &KeyRow::default()).0
    }

    /// As `find`, where the keys may well be those of a row, and whether they are.
    pub fn find_like(text: &'a [u8], spans: &'s mut Vec<Span>, row: &KeyRow) -> (Object<'a, 's>, bool) {
        spans.clear();
        // Longer texts than a span can tell of are cut.
        let text = &text[..text.len().min(u32::MAX as usize)];
        let mut members = members(text);
        let mut heads = row.heads.iter();
        let mut is_alike = true;
        loop {
            let head = heads.next();
            let Some((span, is_expected)) = members.next_span(head.map_or(&[], |head| head)) else {
                return (Object { text, spans }, is_alike && head.is_none());
            };
            is_alike &= is_expected;
            spans.push(span);
        }
    }

    /// The keys in order, as they are written.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.spans.iter().map(|span| &self.text[span.key.0 as usize..span.key.1 as usize])
    }

    /// The place of the first member with this key.
    pub fn place(&self, key: &[u8]) -> Option<usize> {
        self.keys().position(|name| name == key)
    }

    /// The value of the member in a place.
    pub fn value(&self, place: usize) -> Option<Value<'a>> {
        let span = self.spans.get(place)?;
        Some(Value { raw: &self.text[span.value.0 as usize..span.value.1 as usize], escaped: span.escaped })
    }
}

/// The first member with this key.
pub fn member<'a>(object: &'a [u8], key: &[u8]) -> Option<Value<'a>> {
    members(object).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// The members of an object in order, keys as they are written.
pub fn members(object: &[u8]) -> Members<'_> {
    let start = skip_blanks(object, 0);
    let at = if object.get(start) == Some(&b'{') { start + 1 } else { object.len() };
    Members { object, at }
}

pub struct Members<'a> {
    object: &'a [u8],
    at: usize,
}

impl Members<'_> {
    /// The next member, and whether it begins as expected.
    #[inline(always)]
    fn next_span(&mut self, expected: &[u8]) -> Option<(Span, bool)> {
        let object = self.object;
        let mut at = skip_blanks(object, self.at);
        if *object.get(at)? == b',' {
            at = skip_blanks(object, at + 1);
        }
        let is_expected = !expected.is_empty() && object[at..].starts_with(expected);
        let (key_end, colon) = if is_expected {
            (at + expected.len() - 1, at + expected.len() - 1)
        } else {
            if *object.get(at)? != b'"' {
                return None;
            }
            let (key_end, _) = string_end(object, at)?;
            (key_end, skip_blanks(object, key_end))
        };
        if *object.get(colon)? != b':' {
            return None;
        }
        let start = skip_blanks(object, colon + 1);
        let (end, escaped) = value_end(object, start)?;
        self.at = end;
        let span = Span { key: (at as u32 + 1, key_end as u32 - 1), value: (start as u32, end as u32), escaped };
        Some((span, is_expected))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (Span { key, value, escaped }, _) = self.next_span(&[])?;
        let raw = &self.object[value.0 as usize..value.1 as usize];
        Some((&self.object[key.0 as usize..key.1 as usize], Value { raw, escaped }))
    }
}

#[inline(always)]
fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(byte) if byte.is_ascii_whitespace() => {
            at + bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
        }
        _ => at,
    }
}

/// One past the closing quote of the string that begins at `at`, and whether it holds a backslash.
#[inline(always)]
fn string_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut at = at + 1;
    let mut escaped = false;
    loop {
        at += quote_or_backslash(bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some((at + 1, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// Most strings are short: the first bytes are looked at eight at a time, in registers.
#[inline(always)]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // The lowest byte marked is one that is zero; those above it may be marked wrongly.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while at < 24 {
        let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { break };
        let word = u64::from_le_bytes(*chunk);
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    memchr::memchr2(b'"', b'\\', &bytes[at..]).map(|len| at + len)
}

/// One past the value that begins at `at`, and, of a string, whether it holds a backslash.
#[inline]
fn value_end(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => Some((nested_end(bytes, at)?, false)),
        _ => {
            let len = bytes[at..]
                .iter()
                .take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r'))
                .count();
            (len > 0).then_some((at + len, false))
        }
    }
}

/// One past the object or array that begins at `at`.
fn nested_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = at;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?.0;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// A string's bytes without its escapes. A broken escape stays as it is.
pub fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', text) else { return Cow::Borrowed(text) };
    let mut out = text[..first].to_vec();
    let mut at = first;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            let run = memchr::memchr(b'\\', &text[at..]).unwrap_or(text.len() - at);
            out.extend_from_slice(&text[at..at + run]);
            at += run;
            continue;
        }
        let plain = match text.get(at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'u') => {
                let (character, len) = unicode_escape(&text[at..]);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += len;
                continue;
            }
            _ => {
                out.push(b'\\');
                at += 1;
                continue;
            }
        };
        out.push(plain);
        at += 2;
    }
    Cow::Owned(out)
}

/// The character of `\uXXXX`, of a pair of surrogates where there is one, and its length in the text.
fn unicode_escape(text: &[u8]) -> (char, usize) {
    let unit = |text: &[u8]| {
        let digits = text.strip_prefix(b"\\u")?.get(..4)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let replaced = (char::REPLACEMENT_CHARACTER, text.len().min(2));
    let Some(high) = unit(text) else { return replaced };
    if let Some(character) = char::from_u32(high) {
        return (character, 6);
    }
    match unit(&text[6..]) {
        Some(low @ 0xdc00..=0xdfff) if high < 0xdc00 => {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

/// journald writes text that is not UTF-8 as an array of byte numbers.
fn byte_array(raw: &[u8]) -> Option<Vec<u8>> {
    let inner = raw.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let text = std::str::from_utf8(inner).ok()?;
    text.split(',').map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(path: &str, object: &str, expected: Option<&str>) {
        let path = Path::parse(path).unwrap();
        let mut spans = Vec::new();
        let object = Object::find(object.as_bytes(), &mut spans);
        let member = object.place(path.first_key()).and_then(|place| object.value(place));
        let text =
            member.and_then(|member| path.text(member)).map(|text| String::from_utf8(text.into_owned()).unwrap());
        assert_eq!(text.as_deref(), expected);
    }

    #[test]
    fn members_are_found_by_path() {
        let record = r#"{"0":"{\"subsystem\":\"gateway\"}", "_meta" : {"name":"{\"a\":1}","level":50,"x":null},"m":"a\n\u00e9\ud83e\udd9e"}"#;
        check("/_meta/level", record, Some("50"));
        check("/_meta/x", record, None);
        check("/0~/subsystem", record, Some("gateway"));
        check("/m", record, Some("a\né🦞"));
        check("/none", record, None);
        check("/MESSAGE", r#"{"MESSAGE":[104,105]}"#, Some("hi"));
    }

    #[test]
    fn a_cut_line_gives_what_it_has() {
        check("/a", r#"{"a":"x","b":"unfin"#, Some("x"));
        check("/b", r#"{"a":"x","b":"unfin"#, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut line = b"{".to_vec();
            line.extend(&bytes);
            for (_, value) in members(&line) {
                value.text();
            }
            unescape(&bytes);
        }

        #[test]
        fn it_reads_what_serde_writes(text in "\\PC{0,30}", number in any::<i32>()) {
            let line = serde_json::json!({"t": text, "o": {"n": number}}).to_string();
            let got = member(line.as_bytes(), b"t").unwrap().text().unwrap();
            prop_assert_eq!(got.as_ref(), text.as_bytes());
        }
    }
}
