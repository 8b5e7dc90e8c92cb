//! A log file in the making, and the envelopes that service managers put around a program's lines.

use super::time::Time;

/// Who writes a line: journald names it in each head.
#[derive(Clone, Copy)]
pub struct Speaker<'a> {
    pub ident: &'a str,
    pub pid: u32,
}

/// What stands before each line of a program's text in a file.
#[derive(Clone, Copy)]
pub enum Envelope {
    /// Nothing: the file is the program's own output.
    Bare,
    /// `journalctl -o short-iso`
    ShortIso { host: &'static str },
    /// `journalctl -o short-iso-precise`
    ShortIsoPrecise { host: &'static str },
    /// `journalctl -o json`
    JournalJson { host: &'static str, unit: &'static str },
    /// `svlogd -tt`
    Svlogd,
    /// pm2 with a `log_date_format`
    Pm2,
}

impl Envelope {
    fn wrap(self, time: Time, speaker: Speaker, line: &str) -> String {
        let Speaker { ident, pid } = speaker;
        match self {
            Self::Bare => line.to_owned(),
            Self::ShortIso { host } => format!("{} {host} {ident}[{pid}]: {line}", time.short_iso()),
            Self::ShortIsoPrecise { host } => format!("{} {host} {ident}[{pid}]: {line}", time.short_iso_precise()),
            Self::JournalJson { host, unit } => journal_json(time, host, unit, speaker, line),
            Self::Svlogd => format!("{} {line}", time.svlogd()),
            Self::Pm2 => format!("{}: {line}", time.pm2_prefix()),
        }
    }
}

/// The members that `journalctl -o json` has for every record; pid 1 speaks *about* a unit, a program *from* it.
fn journal_json(time: Time, host: &str, unit: &str, speaker: Speaker, line: &str) -> String {
    let Speaker { ident, pid } = speaker;
    let unit = if ident == "systemd" {
        format!(r#""_SYSTEMD_UNIT":"init.scope","UNIT":{}"#, quoted(unit))
    } else {
        format!(r#""_SYSTEMD_UNIT":{},"_TRANSPORT":"stdout""#, quoted(unit))
    };
    format!(
        r#"{{"__REALTIME_TIMESTAMP":"{}","PRIORITY":"6","_HOSTNAME":{},"SYSLOG_IDENTIFIER":{},"_PID":"{pid}",{unit},"MESSAGE":{}}}"#,
        time.micros(),
        quoted(host),
        quoted(ident),
        quoted(line),
    )
}

/// One file. Entries may be added in any order, since several actors write to one file; they are put in order of time
/// at the end, and stay in order of writing within one moment.
pub struct Log {
    /// Path in the corpus' folder, `/` between parts.
    pub path: &'static str,
    envelope: Envelope,
    entries: Vec<(Time, String)>,
}

impl Log {
    pub const fn new(path: &'static str, envelope: Envelope) -> Self {
        Self { path, envelope, entries: Vec::new() }
    }

    /// A program's output of one or more lines, each in the envelope.
    pub fn say(&mut self, time: Time, speaker: Speaker, text: &str) {
        for line in text.split('\n') {
            self.entries.push((time, self.envelope.wrap(time, speaker, line)));
        }
    }

    /// Text that goes into the file as it is.
    pub fn put(&mut self, time: Time, text: impl Into<String>) {
        self.entries.push((time, text.into()));
    }

    /// Cuts the log in two: what was written before `at` goes to a file of its own, as a rotation does.
    pub fn split_off_before(&mut self, at: Time, path: &'static str) -> Self {
        let (older, newer) = std::mem::take(&mut self.entries).into_iter().partition(|(time, _)| *time < at);
        self.entries = newer;
        Self { path, envelope: self.envelope, entries: older }
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
        self.entries.sort_by_key(|(time, _)| *time);
        let mut bytes = Vec::new();
        for (_, text) in self.entries {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b'\n');
        }
        bytes
    }
}

/// A JSON string with its quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
