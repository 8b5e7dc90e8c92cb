//! The shape of a format file, as TOML gives it, with the places of what may be wrong in it.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
    pub line: Option<Lines>,
    #[serde(default)]
    pub members: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub require: Vec<Spanned<String>>,
    #[serde(default)]
    pub syslog_levels: bool,
    #[serde(default)]
    pub pid_is_run: bool,
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

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Lines {
    One(Spanned<String>),
    Many(Vec<Spanned<String>>),
}

impl Lines {
    pub fn iter(&self) -> impl Iterator<Item = &Spanned<String>> {
        match self {
            Lines::One(line) => std::slice::from_ref(line).iter(),
            Lines::Many(lines) => lines.iter(),
        }
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
    Repeat,
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
    pub pid: Option<i64>,
    pub tid: Option<String>,
    pub component: Option<String>,
    pub stream: Option<String>,
    pub message: Option<String>,
    pub mark: Option<super::mark::MarkKind>,
    #[serde(default)]
    pub captures: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}
