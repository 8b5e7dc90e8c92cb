//! Marks: the steps in the life of a service that a message tells of.

use super::field::Field;
use super::pattern::{Captures, Pattern};
use crate::finder::Text;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    Start,
    /// A step of the boot that is not ready yet, whatever its words suggest.
    Progress,
    /// The program goes on after what looked like its end.
    Alive,
    /// The run did the work that it was started for: no service that is to stay up.
    Done,
    Ready,
    /// Words that may say that it is ready: whether they do, only all runs together tell.
    Hint,
    /// A stop was asked.
    Stop,
    /// The process ended.
    Exit,
    /// The program's own last words: it dies by this.
    Fatal,
    /// The manager stopped trying.
    GaveUp,
    /// The manager refuses to start it.
    Refused,
    /// A restart inside the process, the pid stays.
    Restart,
    /// The manager delays the next start.
    Throttle,
    /// The manager's own word that the service fails again and again.
    Looping,
    /// A version, a configuration, an update.
    Change,
    /// An unfinished session file.
    SessionFile,
    /// Messages were dropped here.
    Gap,
    /// Names the service that a manager's line is about, and no step of its life.
    About,
}

impl MarkKind {
    /// Whether it is a step of a life that the evidence keeps; the others only say what their line is not.
    pub fn is_told(self) -> bool {
        !matches!(self, MarkKind::Progress | MarkKind::About | MarkKind::Hint)
    }
}

/// Who asked for a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asker {
    Operator,
    Updater,
    Change,
    Manager,
    /// The manager, because the service did wrong: no answer in time, too much memory.
    Watchdog,
}

/// A compiled mark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mark {
    pub kind: MarkKind,
    pub pattern: Pattern,
    /// The pattern as the file has it; names the mark.
    pub text: String,
    pub component: Option<Vec<u8>>,
    pub program: Option<String>,
    pub step: u8,
    pub weak: bool,
    /// A message that holds one of these is none of this mark's.
    pub unless: Vec<Text>,
    /// Nor is one that stands below a line which holds one of these.
    pub unless_below: Vec<Text>,
    /// The run was not ready, whatever it said before.
    pub never_ready: bool,
    /// Of last words: only a start says them.
    pub of_start: bool,
    /// Of last words: what they are about stands on the lines after them.
    pub reason_follows: bool,
    /// Of a stop or an end: of the process that the instance's next one has replaced.
    pub replaced: bool,
    /// Of a start: the manager says nothing of later ones.
    pub first_only: bool,
    pub asked: Option<Asker>,
    /// The mark comes from a service manager, and speaks of a service that it runs.
    pub manager: bool,
    /// Applies to messages of any format, if the identifier fits.
    pub anywhere: bool,
    pub idents: Vec<Vec<u8>>,
    /// Texts of which every matching message holds one.
    pub texts: Vec<Vec<u8>>,
    /// Texts of which every line with such a message holds one, for the scan: those above, or what says more.
    pub needles: Vec<Vec<u8>>,
}

impl Mark {
    /// Reads the mark from a message.
    pub fn read(&self, message: &[u8], captures: &mut Captures) -> bool {
        self.pattern.read(message, captures) && self.unless.iter().all(|text| !text.is_in(message))
    }
}

/// A mark as it was met in one message.
#[derive(Clone, Debug)]
pub struct MarkReading<'a> {
    pub mark: &'a Mark,
    captures: Captures,
    message: &'a [u8],
}

/// Where a mark and its fields stand in a text.
#[derive(Clone, Debug)]
pub struct Kept {
    captures: Captures,
    message: std::ops::Range<usize>,
}

impl<'a> MarkReading<'a> {
    /// Reads a mark from a message as it stands, or from what its logfmt members are about.
    pub fn new(mark: &'a Mark, message: &'a [u8]) -> Option<MarkReading<'a>> {
        MarkReading::of(mark, message).or_else(|| MarkReading::of(mark, logfmt_text(message)?))
    }

    fn of(mark: &'a Mark, message: &'a [u8]) -> Option<MarkReading<'a>> {
        let mut captures = Captures::default();
        mark.read(message, &mut captures).then_some(MarkReading { mark, captures, message })
    }

    pub fn message(&self) -> &'a [u8] {
        self.message
    }

    /// What is to be kept of it for texts that mean the same as this one, of which its message is a part.
    pub fn keep(&self, text: &[u8]) -> Kept {
        let from = self.message.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        Kept { captures: self.captures, message: from..from + self.message.len() }
    }

    /// The mark as it was met in a text that means the same.
    pub fn again(mark: &'a Mark, kept: &Kept, text: &'a [u8]) -> MarkReading<'a> {
        MarkReading { mark, captures: kept.captures, message: text.get(kept.message.clone()).unwrap_or_default() }
    }

    pub fn text(&self, field: Field) -> Option<&'a [u8]> {
        self.captures.get(field, self.message)
    }

    pub fn number(&self, field: Field) -> Option<i64> {
        std::str::from_utf8(self.text(field)?).ok()?.trim().parse().ok()
    }
}

/// The text of a logfmt message, which goes on with members: `"listening on :80" component=http`, `ready pid=7`.
fn logfmt_text(message: &[u8]) -> Option<&[u8]> {
    if let Some(quoted) = message.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = quoted.iter().position(|&byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        return matches!(quoted.get(end + 1), None | Some(b' ')).then(|| &quoted[..end]);
    }
    let (word, members) = message.split_at(memchr::memchr(b' ', message)?);
    let is_member = |member: &[u8]| {
        let name = member.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
        name > 0 && member.get(name) == Some(&b'=')
    };
    (!word.contains(&b'=') && is_member(&members[1..])).then_some(word)
}

/// What to look for: of the sets of texts of which every match holds one, the set that says most. None under three
/// plain bytes.
pub fn needles_of<'s>(sets: impl IntoIterator<Item = &'s [Vec<u8>]>) -> Option<Vec<Vec<u8>>> {
    let plain = |words: &[Vec<u8>]| words.iter().map(|word| searchable(word).map(<[u8]>::to_vec)).collect();
    sets.into_iter().filter_map(plain).max_by_key(|runs: &Vec<Vec<u8>>| (weight(runs), std::cmp::Reverse(runs.len())))
}

/// How rare the commonest of some texts is, roughly: plain lower-case words are found everywhere.
pub fn weight(runs: &[Vec<u8>]) -> usize {
    let is_plain = |run: &[u8]| run.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b' ');
    runs.iter().map(|run| if is_plain(run) { run.len() / 2 } else { run.len() }).min().unwrap_or(0)
}

/// The longest run of a literal that JSON writes as it is: ASCII without quotes, backslashes and control bytes. Where none
/// is long enough, letters beyond ASCII count: most writers of JSON leave them, and other formats do.
pub fn searchable(literal: &[u8]) -> Option<&[u8]> {
    let is_escaped = |byte: u8| matches!(byte, b'"' | b'\\' | b'/' | 0..=31 | 127);
    let longest = |ends: &dyn Fn(u8) -> bool| {
        literal.split(|&byte| ends(byte)).max_by_key(|run| run.len()).filter(|run| run.len() >= 3)
    };
    longest(&|byte| is_escaped(byte) || !byte.is_ascii()).or_else(|| longest(&is_escaped))
}

#[cfg(test)]
mod tests {
    use super::logfmt_text;

    #[test]
    fn a_logfmt_text_is_what_stands_before_the_members() {
        let text =
            |message: &'static str| logfmt_text(message.as_bytes()).map(|text| std::str::from_utf8(text).unwrap());
        assert_eq!(text("\"listening on :80\" component=http"), Some("listening on :80"));
        assert_eq!(text("\"the \\\"gw\\\" is up\""), Some("the \\\"gw\\\" is up"));
        assert_eq!(text("ready pid=7 at=boot"), Some("ready"));
        assert_eq!(text("\"quoted\"s word"), None);
        assert_eq!(text("\"never closed"), None);
        assert_eq!(text("server ready, port=80"), None);
        assert_eq!(text("ready"), None);
    }
}
