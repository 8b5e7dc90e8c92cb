//! The shape of a format file, as TOML gives it, with the places of what may be wrong in it.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Lines by pattern.
    Text,
    /// One JSON object a line.
    Json,
    /// Lines whose message another format reads in turn.
    Envelope,
    JsonEnvelope,
    /// Reads no line; its marks apply to messages of any format.
    Marks,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    #[default]
    Application,
    /// A service manager: its marks speak of the services that it runs.
    Manager,
    /// A snapshot, such as a folder's listing.
    Listing,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatFile {
    pub name: Spanned<String>,
    pub title: String,
    pub kind: Kind,
    pub program: Option<String>,
    #[serde(default)]
    pub role: Role,
    pub line: Option<Spanned<Lines>>,
    #[serde(default)]
    pub members: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub require: Vec<Spanned<String>>,
    pub status: Option<Spanned<Lines>>,
    #[serde(default)]
    pub syslog_levels: bool,
    #[serde(default)]
    pub status_levels: bool,
    #[serde(default)]
    pub line_ends: bool,
    #[serde(default)]
    pub pid_is_run: bool,
    #[serde(default)]
    pub fatal_ends: bool,
    pub answer_level: Option<super::Level>,
    #[serde(default)]
    pub marks_of: Vec<Spanned<String>>,
    #[serde(default)]
    pub ident: Vec<String>,
    #[serde(default)]
    pub mark: Vec<MarkEntry>,
    #[serde(default)]
    pub frame: Vec<FrameEntry>,
    #[serde(default)]
    pub example: Vec<Spanned<ExampleEntry>>,
}

/// One pattern, or a list of them; each keeps its place in the file.
#[derive(Clone, Debug)]
pub enum Lines {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl FormatFile {
    /// The line patterns with their places.
    pub fn lines(&self) -> Vec<Spanned<String>> {
        all_of(self.line.as_ref())
    }

    /// The patterns over the message that read a status, likewise.
    pub fn statuses(&self) -> Vec<Spanned<String>> {
        all_of(self.status.as_ref())
    }
}

fn all_of(lines: Option<&Spanned<Lines>>) -> Vec<Spanned<String>> {
    let Some(lines) = lines else { return Vec::new() };
    match lines.get_ref() {
        Lines::One(text) => vec![Spanned::new(lines.span(), text.clone())],
        Lines::Many(lines) => lines.clone(),
    }
}

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lines, D::Error> {
        struct LinesVisitor;

        impl<'de> Visitor<'de> for LinesVisitor {
            type Value = Lines;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a pattern or a list of patterns")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Lines, E> {
                Ok(Lines::One(text.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lines, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = seq.next_element()? {
                    lines.push(line);
                }
                Ok(Lines::Many(lines))
            }
        }

        deserializer.deserialize_any(LinesVisitor)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkEntry {
    pub kind: super::mark::MarkKind,
    pub message: Spanned<String>,
    pub component: Option<String>,
    pub program: Option<String>,
    #[serde(default = "first_step")]
    pub step: u8,
    #[serde(default)]
    pub weak: bool,
    /// Texts that a message of this mark does not hold.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Texts that the line above it does not hold.
    #[serde(default)]
    pub unless_below: Vec<String>,
    #[serde(default)]
    pub never_ready: bool,
    #[serde(default)]
    pub of_start: bool,
    #[serde(default)]
    pub reason_follows: bool,
    #[serde(default)]
    pub replaced: bool,
    #[serde(default)]
    pub first_only: bool,
    pub asked: Option<super::mark::Asker>,
}

fn first_step() -> u8 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    Preamble,
    Gap,
    Boot,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameEntry {
    pub kind: FrameKind,
    pub line: Spanned<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleEntry {
    pub text: String,
    #[serde(rename = "match", default = "yes")]
    pub matches: bool,
    pub anchor: Option<String>,
    pub time: Option<String>,
    pub level: Option<String>,
    pub host: Option<String>,
    pub ident: Option<String>,
    pub service: Option<String>,
    pub pid: Option<toml::Value>,
    pub tid: Option<String>,
    pub component: Option<String>,
    pub stream: Option<String>,
    pub message: Option<String>,
    pub count: Option<u32>,
    pub cut: Option<bool>,
    pub mark: Option<super::mark::MarkKind>,
    #[serde(default)]
    pub captures: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}
