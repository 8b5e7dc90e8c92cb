//! The pattern language: text with `{…}` items, parsed by nom and compiled to byte operations.
//!
//! A pattern matches a whole line in one pass from left to right, without backtracking: its cost is linear in the line.
//! The language is described in grammars/README.md.

use super::field::Field;
use super::level::Level;
use super::timestamp::{Form, RawTime};
use memchr::memmem;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{anychar, char, multispace0, none_of};
use nom::combinator::{map, opt, recognize, value};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// What a pattern captured from one line: spans of it, and the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Captures {
    spans: [(u32, u32); Field::COUNT],
    /// Which spans hold something: one bit a field.
    held: u16,
    pub time: Option<RawTime>,
}

impl Captures {
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
    }
}

/// Times found at a line's start, each form tried once for all patterns that begin with it.
#[derive(Clone, Debug, Default)]
pub struct Leads {
    /// By the number that the form was given: what it read, and where it ends.
    tried: Vec<(u16, Option<(RawTime, usize)>)>,
}

impl Leads {
    fn read(&mut self, number: Option<u16>, form: &Form, text: &[u8]) -> Option<(RawTime, usize)> {
        let Some(number) = number else { return form.read(text) };
        if let Some((_, read)) = self.tried.iter().find(|(known, _)| *known == number) {
            return *read;
        }
        let read = form.read(text);
        self.tried.push((number, read));
        read
    }
}

/// Numbers the leading times of patterns: equal ones share a number.
#[derive(Debug, Default)]
pub struct LeadNumbers(Vec<(usize, Form)>);

impl LeadNumbers {
    pub fn number(&mut self, pattern: &mut Pattern) {
        let lead = match pattern.items.as_slice() {
            [Item::Time(form), ..] => (0, form.clone()),
            [Item::Literal(text), Item::Time(form), ..] if text.len() == 1 => (1, form.clone()),
            _ => return,
        };
        let at = self.0.iter().position(|known| *known == lead).unwrap_or_else(|| {
            self.0.push(lead);
            self.0.len() - 1
        });
        pattern.lead = u16::try_from(at).ok();
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    items: Vec<Item>,
    /// The number of the time that it begins with, where it was given one.
    lead: Option<u16>,
}

/// A mistake in a pattern: where (bytes from its start), how wide, what, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub at: usize,
    pub width: usize,
    pub message: String,
    pub hint: Option<String>,
}

#[derive(Clone, Debug)]
enum Item {
    Literal(Vec<u8>),
    Blanks,
    Time(Form),
    Capture(Option<Field>, Matcher),
    Optional(Vec<Item>),
}

#[derive(Clone, Debug)]
enum Matcher {
    /// Up to a literal that follows; set when the pattern is compiled. Empty: up to the end of the line.
    Free {
        stops: Vec<Vec<u8>>,
        may_be_empty: bool,
    },
    Rest,
    Digits {
        signed: bool,
    },
    Hex,
    Word,
    Class(Box<[bool; 256]>),
    Until(Vec<Vec<u8>>),
    OneOf(Vec<Vec<u8>>),
    Quoted,
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Pattern, Mistake> {
        let tree = parse_items(text, 0, false)?.0;
        let mut items = compile(&tree, text)?;
        settle_stops(&mut items, &[], text, &tree)?;
        Ok(Pattern { items, lead: None })
    }

    /// Matches a whole line. On failure the captures hold nothing of use.
    pub fn read(&self, line: &[u8], captures: &mut Captures) -> bool {
        self.read_with(line, captures, &mut Leads::default())
    }

    /// As `read`, with the times that other patterns found at the line's start.
    pub fn read_with(&self, line: &[u8], captures: &mut Captures, leads: &mut Leads) -> bool {
        captures.clear();
        let (items, at) = match self.items.as_slice() {
            [Item::Time(form), rest @ ..] => match leads.read(self.lead, form, line) {
                Some((raw, len)) => {
                    captures.time = Some(raw);
                    captures.set(Some(Field::Time), 0, len);
                    (rest, len)
                }
                None => return false,
            },
            [Item::Literal(text), Item::Time(form), rest @ ..] if text.len() == 1 => {
                if line.first() != text.first() {
                    return false;
                }
                match leads.read(self.lead, form, &line[1..]) {
                    Some((raw, len)) => {
                        captures.time = Some(raw);
                        captures.set(Some(Field::Time), 1, 1 + len);
                        (rest, 1 + len)
                    }
                    None => return false,
                }
            }
            items => (items, 0),
        };
        read_items(items, line, at, captures) == Some(line.len())
    }

    /// Whether a byte can be the first of a matching line: a cheap refusal before `read`.
    pub fn can_begin_with(&self, byte: u8) -> bool {
        for item in &self.items {
            match item {
                Item::Literal(text) => return text.first() == Some(&byte),
                Item::Blanks => return byte == b' ' || byte == b'\t',
                Item::Time(form) => return form.can_begin_with(byte),
                Item::Capture(_, matcher) => return matcher.can_begin_with(byte),
                Item::Optional(inner) => {
                    if (Pattern { items: inner.clone(), lead: None }).can_begin_with(byte) {
                        return true;
                    }
                }
            }
        }
        true
    }

    /// Sets of texts such that every matching line holds one of each set: literals, and the words of closed choices.
    pub fn literals(&self) -> impl Iterator<Item = &[Vec<u8>]> {
        self.items.iter().filter_map(|item| match item {
            Item::Literal(text) => Some(std::slice::from_ref(text)),
            Item::Capture(_, Matcher::OneOf(words)) => Some(words.as_slice()),
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
    fn can_begin_with(&self, byte: u8) -> bool {
        match self {
            Matcher::Digits { signed } => byte.is_ascii_digit() || (*signed && byte == b'-'),
            Matcher::Hex => byte.is_ascii_hexdigit(),
            Matcher::Word => byte != b' ' && byte != b'\t',
            Matcher::Class(class) => class[usize::from(byte)],
            Matcher::OneOf(words) => words.iter().any(|word| word.first() == Some(&byte)),
            Matcher::Quoted => byte == b'"',
            Matcher::Free { .. } | Matcher::Rest | Matcher::Until(_) => true,
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
            Matcher::OneOf(words) => {
                words.iter().find(|word| rest.starts_with(word)).map(|word| (word.len(), 0..word.len()))
            }
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

fn first_of(rest: &[u8], stops: &[Vec<u8>]) -> Option<usize> {
    stops
        .iter()
        .filter_map(|stop| match stop.as_slice() {
            [byte] => memchr::memchr(*byte, rest),
            stop => memmem::find(rest, stop),
        })
        .min()
}

fn read_items(items: &[Item], line: &[u8], mut at: usize, captures: &mut Captures) -> Option<usize> {
    for item in items {
        let rest = &line[at..];
        at += match item {
            Item::Literal(text) => rest.starts_with(text).then_some(text.len())?,
            Item::Blanks => {
                let len = rest.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
                (len > 0).then_some(len)?
            }
            Item::Time(form) => {
                let (raw, len) = form.read(rest)?;
                captures.time = Some(raw);
                captures.set(Some(Field::Time), at, at + len);
                len
            }
            Item::Capture(field, matcher) => {
                let (len, value) = matcher.read(rest)?;
                if *field == Some(Field::Level) {
                    Level::from_word(&rest[value.clone()])?;
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

// ---
// From text to a tree, with the place of every item for messages.

#[derive(Clone, Debug)]
enum Node {
    Literal(Vec<u8>),
    Item { name: String, matcher: Option<MatcherText> },
    Optional(Vec<(usize, Node)>),
}

#[derive(Clone, Debug)]
struct MatcherText {
    name: String,
    arguments: Vec<String>,
}

type Tree = Vec<(usize, Node)>;

/// Parses items up to the end, or up to `}` inside an optional part; returns them and where it stopped.
fn parse_items(text: &str, from: usize, inside: bool) -> Result<(Tree, usize), Mistake> {
    let mut tree = Tree::new();
    let mut at = from;
    loop {
        let rest = &text[at..];
        if rest.is_empty() {
            if inside {
                return Err(mistake(
                    from.saturating_sub(2),
                    2,
                    "this optional part has no end",
                    Some("close it with `}`"),
                ));
            }
            return Ok((tree, at));
        }
        if rest.starts_with('}') {
            if inside {
                return Ok((tree, at + 1));
            }
            return Err(mistake(at, 1, "a `}` without its `{`", Some("a literal brace is written `\\}`")));
        }
        if rest.starts_with("{?") {
            if inside {
                return Err(mistake(
                    at,
                    2,
                    "an optional part inside another",
                    Some("give the format a second line pattern"),
                ));
            }
            let (inner, end) = parse_items(text, at + 2, true)?;
            tree.push((at, Node::Optional(inner)));
            at = end;
            continue;
        }
        if rest.starts_with('{') {
            let (left, node) = item(rest).map_err(|_| {
                let width = rest.find('}').map_or(rest.len(), |end| end + 1);
                mistake(
                    at,
                    width,
                    "this item cannot be read",
                    Some("items are {name}, {name:matcher} and {name:matcher('…')}"),
                )
            })?;
            tree.push((at, node));
            at = text.len() - left.len();
            continue;
        }
        let (left, literal) =
            literal(rest).map_err(|_| mistake(at, 1, "a `\\` before a character that needs none", None))?;
        tree.push((at, Node::Literal(literal.into_bytes())));
        at = text.len() - left.len();
    }
}

fn mistake(at: usize, width: usize, message: &str, hint: Option<&str>) -> Mistake {
    Mistake { at, width, message: message.into(), hint: hint.map(Into::into) }
}

fn literal(input: &str) -> IResult<&str, String> {
    let escaped = preceded(char('\\'), alt((char('{'), char('}'), char('\\'))));
    map(nom::multi::many1(alt((none_of("{}\\"), escaped))), |chars| chars.into_iter().collect()).parse(input)
}

fn item(input: &str) -> IResult<&str, Node> {
    delimited(
        char('{'),
        map((name, opt(preceded(char(':'), matcher))), |(name, matcher)| Node::Item { name: name.into(), matcher }),
        char('}'),
    )
    .parse(input)
}

fn name(input: &str) -> IResult<&str, &str> {
    take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_').parse(input)
}

fn matcher(input: &str) -> IResult<&str, MatcherText> {
    alt((
        map((name, arguments), |(name, arguments)| MatcherText { name: name.into(), arguments }),
        // A time form: a name, or anything with `%`.
        map(recognize(take_while1(|c| c != '}' && c != '\'')), |text: &str| MatcherText {
            name: text.into(),
            arguments: Vec::new(),
        }),
    ))
    .parse(input)
}

fn arguments(input: &str) -> IResult<&str, Vec<String>> {
    let bar = delimited(multispace0, char('|'), multispace0);
    delimited((char('('), multispace0), separated_list1(bar, quoted), (multispace0, char(')'))).parse(input)
}

fn quoted(input: &str) -> IResult<&str, String> {
    let escaped = preceded(char('\\'), alt((value('\t', char('t')), value('\u{1b}', tag("e")), anychar)));
    map(delimited(char('\''), many0(alt((none_of("'\\"), escaped))), char('\'')), |chars| chars.into_iter().collect())
        .parse(input)
}

// ---
// From the tree to items.

fn compile(tree: &Tree, text: &str) -> Result<Vec<Item>, Mistake> {
    tree.iter()
        .map(|(at, node)| match node {
            Node::Literal(literal) => Ok(Item::Literal(literal.clone())),
            Node::Optional(inner) => Ok(Item::Optional(compile(inner, text)?)),
            Node::Item { name, matcher } => {
                let width = text[*at..].find('}').map_or(1, |end| end + 1);
                compile_item(name, matcher.as_ref()).map_err(|(message, hint)| Mistake {
                    at: *at,
                    width,
                    message,
                    hint,
                })
            }
        })
        .collect()
}

type Wrong = (String, Option<String>);

fn compile_item(name: &str, matcher: Option<&MatcherText>) -> Result<Item, Wrong> {
    if name == "ws" && matcher.is_none() {
        return Ok(Item::Blanks);
    }
    let field = match name {
        "_" => None,
        _ => Some(Field::from_name(name).ok_or_else(|| (format!("no field named `{name}`"), suggest(name)))?),
    };
    if field == Some(Field::Time) {
        let form = matcher.ok_or_else(|| ("a time needs a form".to_string(), Some("for example {time:iso}".into())))?;
        return Form::compile(&form.name).map(Item::Time).map_err(|message| (message, None));
    }
    let matcher = match matcher {
        None if field == Some(Field::Level) => Matcher::Class(level_class()),
        None => Matcher::Free { stops: Vec::new(), may_be_empty: matches!(field, None | Some(Field::Message)) },
        Some(text) => compile_matcher(text)?,
    };
    Ok(Item::Capture(field, matcher))
}

fn compile_matcher(text: &MatcherText) -> Result<Matcher, Wrong> {
    let words = || {
        let mut words: Vec<Vec<u8>> = text.arguments.iter().map(|word| word.clone().into_bytes()).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    };
    let plain = text.arguments.is_empty();
    Ok(match text.name.as_str() {
        "uint" if plain => Matcher::Digits { signed: false },
        "int" if plain => Matcher::Digits { signed: true },
        "hex" if plain => Matcher::Hex,
        "word" if plain => Matcher::Word,
        "quoted" if plain => Matcher::Quoted,
        "rest" if plain => Matcher::Rest,
        "until" if !plain => Matcher::Until(words()),
        "one_of" if !plain => Matcher::OneOf(words()),
        "chars" if text.arguments.len() == 1 => Matcher::Class(class(&text.arguments[0])?),
        "until" | "one_of" | "chars" => {
            return Err((format!("`{}` needs its texts", text.name), Some(format!("for example {}('x')", text.name))));
        }
        other => {
            return Err((
                format!("no matcher `{other}`"),
                Some(
                    "there are uint, int, hex, word, quoted, rest, chars('…'), until('…' | '…') and one_of('…' | '…')"
                        .into(),
                ),
            ));
        }
    })
}

fn class(text: &str) -> Result<Box<[bool; 256]>, Wrong> {
    let mut class = Box::new([false; 256]);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes.get(at + 1) == Some(&b'-') && at + 2 < bytes.len() {
            let (low, high) = (bytes[at], bytes[at + 2]);
            if low > high {
                return Err((format!("`{}-{}` is no range", low as char, high as char), None));
            }
            (low..=high).for_each(|byte| class[usize::from(byte)] = true);
            at += 3;
        } else {
            class[usize::from(bytes[at])] = true;
            at += 1;
        }
    }
    Ok(class)
}

fn level_class() -> Box<[bool; 256]> {
    let mut class = Box::new([false; 256]);
    for byte in 0..=255u8 {
        class[usize::from(byte)] = byte.is_ascii_alphanumeric();
    }
    for byte in *b"*#.-" {
        class[usize::from(byte)] = true;
    }
    class
}

fn suggest(name: &str) -> Option<String> {
    let scored = Field::NAMES.iter().map(|(known, _)| (strsim::jaro_winkler(known, name), known));
    let (score, known) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.8).then(|| format!("did you mean `{known}`?"))
}

/// Gives every free capture the literals that may follow it, and refuses one that nothing can end.
fn settle_stops(items: &mut [Item], after: &[Vec<u8>], text: &str, tree: &Tree) -> Result<(), Mistake> {
    for at in (0..items.len()).rev() {
        let (left, right) = items.split_at_mut(at + 1);
        let follow = |right: &[Item]| -> Result<Vec<Vec<u8>>, ()> {
            let mut stops = Vec::new();
            for item in right {
                match item {
                    Item::Literal(text) => {
                        stops.push(text.clone());
                        return Ok(stops);
                    }
                    Item::Blanks => {
                        stops.extend([b" ".to_vec(), b"\t".to_vec()]);
                        return Ok(stops);
                    }
                    Item::Capture(_, Matcher::OneOf(words)) => {
                        stops.extend(words.clone());
                        return Ok(stops);
                    }
                    Item::Optional(inner) => match inner.first() {
                        Some(Item::Literal(text)) => stops.push(text.clone()),
                        Some(Item::Blanks) => stops.extend([b" ".to_vec(), b"\t".to_vec()]),
                        _ => return Err(()),
                    },
                    _ => return Err(()),
                }
            }
            stops.extend(after.iter().cloned());
            Ok(stops)
        };
        match &mut left[at] {
            Item::Capture(_, Matcher::Free { stops, .. }) => {
                *stops = follow(right).map_err(|()| {
                    let place = tree[at].0;
                    let width = text[place..].find('}').map_or(1, |end| end + 1);
                    mistake(
                        place,
                        width,
                        "nothing says where this text ends",
                        Some("put a literal after it, or give it a matcher"),
                    )
                })?;
            }
            Item::Optional(inner) => {
                let after = follow(right).unwrap_or_default();
                if let Node::Optional(inner_tree) = &tree[at].1 {
                    settle_stops(inner, &after, text, inner_tree)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
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
                let read = pattern.read(&line, &mut captures);
                if read && !line.is_empty() {
                    prop_assert!(pattern.can_begin_with(line[0]));
                }
            }
        }
    }
}
