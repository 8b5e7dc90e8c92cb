//! The pattern language: text with `{…}` items, parsed by nom and compiled to byte operations.
//!
//! The language is described in grammars/README.md. Mistakes say where they are and what would help.

use super::field::Field;
use super::matcher::{Matcher, Words};
use super::pattern::{Item, Pattern};
use super::timestamp::Form;
use crate::finder::Text;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{anychar, char, multispace0, none_of};
use nom::combinator::{map, opt, recognize, value};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// A mistake in a pattern: where (bytes from its start), how wide, what, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub at: usize,
    pub width: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Pattern {
    /// Parses and compiles a pattern.
    pub fn parse(text: &str) -> Result<Pattern, Mistake> {
        let tree = parse_items(text, 0, false)?.0;
        let mut items = compile(&tree, text)?;
        settle_stops(&mut items, &[], text, &tree)?;
        Ok(Pattern::of(items))
    }
}

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
        Some(text) => compile_matcher(field, text)?,
    };
    Ok(Item::Capture(field, matcher))
}

fn compile_matcher(field: Option<Field>, text: &MatcherText) -> Result<Matcher, Wrong> {
    let words = || text.arguments.iter().map(|word| word.clone().into_bytes()).collect::<Vec<_>>();
    let plain = text.arguments.is_empty();
    Ok(match text.name.as_str() {
        "uint" if plain => Matcher::Digits { signed: false },
        "int" if plain => Matcher::Digits { signed: true },
        "hex" if plain => Matcher::Hex,
        "status" if plain && field == Some(Field::Level) => Matcher::Status,
        "word" if plain => Matcher::Word,
        "quoted" if plain => Matcher::Quoted,
        "pod" if plain => Matcher::Pod,
        "rest" if plain => Matcher::Rest,
        "until" if !plain => Matcher::Until(words().into_iter().map(Text::of).collect()),
        "one_of" if !plain => Matcher::OneOf(Box::new(Words::of(words()))),
        "rest_before" if text.arguments.len() == 1 => Matcher::RestBefore(text.arguments[0].clone().into_bytes()),
        "rest_from" if !plain => Matcher::RestFrom(Box::new(Words::of(words()))),
        "chars" if text.arguments.len() == 1 => Matcher::Class(class(&text.arguments[0])?),
        "until" | "one_of" | "chars" | "rest_before" | "rest_from" => {
            return Err((format!("`{}` needs its texts", text.name), Some(format!("for example {}('x')", text.name))));
        }
        "status" => return Err(("only a level can be told by a status".into(), Some("write {level:status}".into()))),
        other => {
            return Err((
                format!("no matcher `{other}`"),
                Some(
                    "there are uint, int, hex, word, quoted, pod, rest, rest_before('…'), rest_from('…' | '…'), chars('…'), until('…' | '…') and one_of('…' | '…')"
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
fn settle_stops(items: &mut [Item], after: &[Text], text: &str, tree: &Tree) -> Result<(), Mistake> {
    for at in (0..items.len()).rev() {
        let (left, right) = items.split_at_mut(at + 1);
        let follow = |right: &[Item]| -> Result<Vec<Text>, ()> {
            let mut stops = Vec::new();
            for item in right {
                match item {
                    Item::Literal(text) => {
                        stops.push(Text::of(text.as_slice()));
                        return Ok(stops);
                    }
                    Item::Blanks => {
                        stops.extend([Text::of(" "), Text::of("\t")]);
                        return Ok(stops);
                    }
                    Item::Capture(_, Matcher::OneOf(words)) => {
                        stops.extend(words.iter().map(|word| Text::of(word.as_slice())));
                        return Ok(stops);
                    }
                    Item::Optional(inner) => match inner.first() {
                        Some(Item::Literal(text)) => stops.push(Text::of(text.as_slice())),
                        Some(Item::Blanks) => stops.extend([Text::of(" "), Text::of("\t")]),
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
