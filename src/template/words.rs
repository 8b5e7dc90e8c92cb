//! A message as a row of words: values masked, what tells messages apart kept.
//!
//! Everything here is a pure function of one message. Whether a plain word is a value too (a user's name, say) only
//! shows beside other messages; `general` sees to that.

use super::MASK;

/// How ready a word is to be a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Blank or punctuation: never a value.
    Mark,
    /// What stands before `=`: never a value.
    Key,
    /// A value for sure; its text is `MASK`.
    Value,
    /// A path, a dotted name, a quoted word, a name after `user`: a value where two messages differ in it alone.
    Name,
    /// A value only where many messages differ in it alone.
    Word,
    /// All capitals, as states, signals and error codes are: kept.
    Code,
    /// Capitals and a digit, such as `IPV6`: kept unless there are several.
    Numbered,
    /// Capitals where a name is due: a value beside other names.
    NamedCode,
}

/// One word, blank or punctuation mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word<'m> {
    pub text: &'m str,
    pub kind: Kind,
}

/// After one of these comes the name of some particular thing.
const NAMED: [&str; 16] = [
    "user",
    "username",
    "account",
    "login",
    "host",
    "hostname",
    "client",
    "group",
    "device",
    "interface",
    "file",
    "directory",
    "folder",
    "service",
    "job",
    "session",
];

const DAYS_AND_MONTHS: [&str; 19] = [
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec",
];

/// Units that change with the size of the number before them.
const UNITS: [&str; 12] = ["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "ms", "s", "sec", "secs"];

/// A date's words are this close to its numbers, blanks counted.
const DATE_REACH: usize = 4;

/// Words that a message is cut into at most; what comes after does not tell messages apart.
pub const MAX_WORDS: usize = 400;

/// The words of a message.
///
/// ```
/// use relapse::template::words::{text, words};
/// assert_eq!(text(&words("Failed password for root from 10.0.0.3 port 4711")), "Failed password for root from <*> port <*>");
/// ```
pub fn words(message: &str) -> Vec<Word<'_>> {
    let mut reader = Reader { rest: message, row: Vec::with_capacity(32), named: false };
    while !reader.rest.is_empty() && reader.row.len() < MAX_WORDS {
        reader.step();
    }
    if reader.after_key() {
        reader.value();
    }
    let mut row = reader.row;
    while row.last().is_some_and(|last| last.text == " ") {
        row.pop();
    }
    mask_dates(&mut row);
    join_values(&mut row);
    row
}

/// The words as a line again.
pub fn text(row: &[Word]) -> String {
    row.iter().map(|word| word.text).collect()
}

/// Values with nothing but a separator between them are one.
pub fn join_values(row: &mut Vec<Word>) {
    let joins = |word: &Word| matches!(word.text, " " | "&" | "=" | "?" | "," | ":");
    let mut kept = 0;
    for at in 0..row.len() {
        if row[at].text == MASK {
            let back = row[..kept].iter().rev().take(2).take_while(|word| joins(word)).count();
            if kept > back && row[kept - back - 1].text == MASK {
                kept -= back;
                continue;
            }
        }
        row[kept] = row[at];
        kept += 1;
    }
    row.truncate(kept);
}

fn mask_dates(row: &mut [Word]) {
    for at in 0..row.len() {
        if row[at].kind != Kind::Code && row[at].kind != Kind::Word && row[at].kind != Kind::Name {
            continue;
        }
        if row[at].text.len() == 3 && DAYS_AND_MONTHS.contains(&row[at].text) {
            let near = &row[at.saturating_sub(DATE_REACH)..row.len().min(at + DATE_REACH + 1)];
            if near.iter().any(|word| word.text == MASK) {
                row[at] = Word { text: MASK, kind: Kind::Value };
            }
        }
    }
}

struct Reader<'m> {
    rest: &'m str,
    row: Vec<Word<'m>>,
    /// The word before was one of `NAMED`.
    named: bool,
}

impl<'m> Reader<'m> {
    fn push(&mut self, text: &'m str, kind: Kind) {
        self.row.push(Word { text, kind });
    }

    fn value(&mut self) {
        // `<1 sec`, `>5`: about how much is a part of the value.
        if let [.., blank, about] = self.row.as_slice()
            && blank.text == " "
            && matches!(about.text, "<" | ">")
            && !self.rest.starts_with('>')
        {
            self.row.pop();
        }
        self.push(MASK, Kind::Value);
    }

    fn take(&mut self, bytes: usize) -> &'m str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// The last words' texts, the very last one first.
    fn last(&self, back: usize) -> Option<Word<'m>> {
        self.row.len().checked_sub(back + 1).map(|at| self.row[at])
    }

    fn after_key(&self) -> bool {
        self.last(0).is_some_and(|last| last.text == "=") && self.last(1).is_some_and(|key| key.kind == Kind::Key)
    }

    fn step(&mut self) {
        let Some(first) = self.rest.chars().next() else { return };
        if first.is_whitespace() {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.take(blanks);
            if self.after_key() {
                self.value();
            }
            if self.last(0).is_some_and(|last| last.text != " ") {
                self.push(" ", Kind::Mark);
            }
        } else if let Some(end) = address_end(self.rest, self.last(0)) {
            self.take(end);
            self.value();
            self.named = false;
        } else if is_delimiter(first) {
            self.punctuation(first);
        } else {
            self.word();
        }
    }

    /// Skips what stands in brackets, if they close.
    fn skip_group(&mut self) {
        if let Some(end) = group_end(self.rest) {
            self.take(end);
        }
    }

    fn punctuation(&mut self, mark: char) {
        if matches!(mark, '"' | '\'') && self.after_key() {
            // The whole of a quoted value.
            if let Some(end) = self.rest[1..].find(mark) {
                self.take(end + 2);
                self.value();
                return;
            }
        }
        if matches!(mark, ',' | ';' | ')' | ']' | '}' | '&') && self.after_key() {
            self.value();
        }
        // `name ()`: an empty place for a value.
        if mark == ')'
            && self.last(0).is_some_and(|last| last.text == "(")
            && self.last(1).is_some_and(|last| last.text == " ")
        {
            self.value();
        }
        let text = self.take(mark.len_utf8());
        self.push(text, Kind::Mark);
    }

    fn word(&mut self) {
        let whole = self.rest.find(|c: char| c.is_whitespace() || is_delimiter(c)).unwrap_or(self.rest.len());
        let core = self.rest[..whole].trim_end_matches([':', '.']).len();
        if core == 0 {
            let text = self.take(1);
            self.push(text, Kind::Mark);
            return;
        }
        let word = self.take(core);
        let kind = classify(word);
        let next = self.rest.chars().next();
        if kind != Kind::Value && next == Some('=') {
            self.push(word, Kind::Key);
        } else if word.ends_with('-') && next == Some('[') {
            // `node-[40-63]`: a set of names in short.
            self.skip_group();
            self.value();
        } else if self.after_key() {
            // `token=Token{a64f992 user=ann}`: what a value holds is a part of it.
            if matches!(next, Some('{' | '(' | '[')) {
                self.skip_group();
            }
            self.value();
        } else if kind == Kind::Value {
            self.value();
        } else if UNITS.contains(&word)
            && self.last(0).is_some_and(|last| last.text == " ")
            && self.last(1).is_some_and(|last| last.text == MASK)
        {
            self.row.pop();
        } else {
            let is_name = self.named && self.last(0).is_some_and(|last| last.text == " ");
            let quote = self.last(0).filter(|last| matches!(last.text, "'" | "\""));
            let quoted = quote.is_some_and(|quote| next == quote.text.chars().next());
            let kind = match kind {
                Kind::Word if is_name || quoted => Kind::Name,
                Kind::Code | Kind::Numbered if quoted => Kind::Name,
                Kind::Code | Kind::Numbered if is_name => Kind::NamedCode,
                kind => kind,
            };
            self.push(word, kind);
        }
        self.named = NAMED.iter().any(|name| name.eq_ignore_ascii_case(word));
        // Its tail is punctuation.
        while self.rest.starts_with([':', '.']) {
            let text = self.take(1);
            self.push(text, Kind::Mark);
        }
    }
}

/// Where the bracket that opens at the start closes.
fn group_end(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn is_delimiter(c: char) -> bool {
    matches!(c, ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '"' | '\'' | '|' | '=' | '&' | '<' | '>' | '?')
}

/// The end of a URL or of an absolute path of at least two parts, which begins here.
fn address_end(rest: &str, before: Option<Word>) -> Option<usize> {
    let begins = before.is_none_or(|before| matches!(before.text, " " | "\"" | "'" | "(" | "=" | "[" | ","));
    let first = rest.bytes().next()?;
    if !begins || !(first == b'/' || first.is_ascii_alphabetic()) {
        return None;
    }
    let stops = |byte: u8| byte.is_ascii_whitespace() || b"\"'()[]{},;<>".contains(&byte);
    let end = rest.bytes().position(stops).unwrap_or(rest.len());
    let whole = rest[..end].trim_end_matches([':', '.']);
    let is_path = first == b'/' && whole[1..].contains('/');
    let is_url = || {
        whole.split_once("://").is_some_and(|(scheme, _)| {
            scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        })
    };
    (is_path || is_url()).then_some(whole.len())
}

fn classify(word: &str) -> Kind {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = bytes.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    if digits > 0 {
        let numbered =
            digits == 1 && capitals >= 3 && capitals + 1 == bytes.len() && bytes[bytes.len() - 1].is_ascii_digit();
        return if numbered { Kind::Numbered } else { Kind::Value };
    }
    if bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit) {
        return Kind::Value;
    }
    let slashes = bytes.iter().filter(|byte| **byte == b'/').count();
    let is_path = slashes > 1 || slashes > 0 && matches!(bytes[0], b'/' | b'.' | b'~') || bytes.contains(&b'\\');
    let is_mail = bytes.iter().rposition(|byte| *byte == b'@').is_some_and(|at| at > 0 && at + 1 < bytes.len());
    if is_path || is_mail {
        return Kind::Name;
    }
    // A host or a bundle; a class's name, which ends with a capital, tells errors apart.
    let dots = bytes.iter().filter(|byte| **byte == b'.').count();
    if dots >= 2 && !word.contains("..") {
        let class = word.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()));
        return if class { Kind::Word } else { Kind::Name };
    }
    let is_code = bytes.len() > 1 && capitals > 0 && !bytes.iter().any(u8::is_ascii_lowercase) && word.is_ascii();
    if is_code { Kind::Code } else { Kind::Word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(text(&words(message)), expected);
    }

    #[test]
    fn values_are_masked_and_words_kept() {
        check("worker 12 lost 10.0.0.3:5432 after 31 ms", "worker <*> lost <*> after <*>");
        check("lifetime <1 sec", "lifetime <*>");
        check("uid=0 euid= tty=ssh user=\"a b\"", "uid=<*> euid=<*> tty=<*> user=<*>");
        check("GET /v2/a/b?x=1&y=2 HTTP/1.1", "GET <*>");
        check("connection from 10.1.2.3 () at Sun Jul  3 10:05:25 2005", "connection from <*> (<*>) at <*>");
        check("java.io.IOException: broken pipe.", "java.io.IOException: broken pipe.");
        check("ws=WorkSource{10113 (x)}, nodes node-[40-63]", "ws=<*>, nodes <*>");
        check("from NEW to IPV6", "from NEW to IPV6");
    }

    #[test]
    fn a_name_is_known_by_what_stands_before_it() {
        let kinds: Vec<Kind> = words("user root job DONE path 'x'").iter().map(|word| word.kind).collect();
        assert_eq!(kinds[2], Kind::Name);
        assert_eq!(kinds[6], Kind::NamedCode);
        assert_eq!(kinds[11], Kind::Name);
    }
}
