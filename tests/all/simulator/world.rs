//! The simulated machine as far as it writes: streams of lines, the envelopes around them, clocks and losses.

use super::rng::Rng;
use super::time::Time;

/// What stands before each line of a writer in its stream.
#[derive(Clone, Debug)]
pub enum Wrap {
    /// Nothing: the file is the program's own output.
    Bare,
    /// `journalctl -o short`, which is the look of `/var/log/syslog`, too.
    Short { host: String },
    /// `journalctl -o short-iso`
    ShortIso { host: String },
    /// `journalctl -o short-iso-precise`
    ShortIsoPrecise { host: String },
    /// `journalctl -o json`
    JournalJson { host: String, unit: String },
    /// pm2 with `--time`
    Pm2,
    /// `docker compose up`, or `docker compose logs -t`; the name is padded already.
    Compose { name: String, timed: bool },
    /// `kubectl logs --prefix --timestamps`
    Kubectl { pod: String, container: String },
}

/// Who writes where.
#[derive(Clone, Debug)]
pub struct Pen {
    pub stream: usize,
    pub wrap: Wrap,
    /// The identifier that journald shows.
    pub ident: String,
}

/// What a line tells of the story, for the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The start of a run of a service.
    Start {
        service: usize,
        run: usize,
    },
    Ready {
        service: usize,
        run: usize,
    },
    /// A stop that somebody asked for.
    Stop {
        service: usize,
        run: usize,
    },
}

struct Line {
    time: Time,
    text: String,
    mark: Option<Mark>,
}

pub struct Stream {
    pub path: String,
    /// How far the clock of its writer is ahead.
    skew_ms: i64,
    lines: Vec<Line>,
}

/// A chance of so many in a hundred.
pub fn chance(rng: &mut Rng, percent: u64) -> bool {
    rng.below(100) < percent
}

pub struct World {
    pub rng: Rng,
    pub streams: Vec<Stream>,
}

/// What is left when lines were lost.
pub struct Written {
    pub files: Vec<(String, Vec<u8>)>,
    /// Marks whose lines were all lost, or one of them.
    pub lost: Vec<Mark>,
    pub damaged: Vec<Mark>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), streams: Vec::new() }
    }

    pub fn stream(&mut self, path: impl Into<String>, skew_ms: i64) -> usize {
        self.streams.push(Stream { path: path.into(), skew_ms, lines: Vec::new() });
        self.streams.len() - 1
    }

    /// The clock by which a stream's lines are stamped.
    pub fn stamp(&self, stream: usize, time: Time) -> Time {
        match self.streams[stream].skew_ms {
            ahead @ 0.. => time.after(ahead as u64),
            behind => time.before(behind.unsigned_abs()),
        }
    }

    /// One or more lines of a writer, each in its envelope. A mark stands on the first.
    pub fn say(&mut self, pen: &Pen, time: Time, pid: u32, text: &str, mark: Option<Mark>) {
        let stamp = self.stamp(pen.stream, time);
        let mut mark = mark;
        for line in text.split('\n') {
            let text = pen.wrap.around(stamp, &pen.ident, pid, line);
            self.streams[pen.stream].lines.push(Line { time, text, mark: mark.take() });
        }
    }

    /// Ends writing: each line is lost by a chance of `lost` in ten thousand. Nothing is written after `until`.
    pub fn write(mut self, lost: u64, until: Option<Time>) -> Written {
        let mut kept: Vec<Mark> = Vec::new();
        let mut gone: Vec<Mark> = Vec::new();
        let mut files = Vec::new();
        for stream in &mut self.streams {
            stream.lines.sort_by_key(|line| line.time);
            let mut bytes = Vec::new();
            for line in stream.lines.drain(..) {
                if until.is_some_and(|until| line.time > until) {
                    continue;
                }
                if self.rng.below(10_000) < lost {
                    gone.extend(line.mark);
                    continue;
                }
                kept.extend(line.mark);
                bytes.extend_from_slice(line.text.as_bytes());
                bytes.push(b'\n');
            }
            files.push((stream.path.clone(), bytes));
        }
        let lost = gone.iter().copied().filter(|mark| !kept.contains(mark)).collect();
        Written { files, lost, damaged: gone }
    }
}

impl Wrap {
    fn around(&self, time: Time, ident: &str, pid: u32, line: &str) -> String {
        match self {
            Self::Bare => line.to_owned(),
            Self::Short { host } => format!("{} {host} {}: {line}", bsd(time), tag(ident, pid)),
            Self::ShortIso { host } => format!("{} {host} {}: {line}", time.short_iso(), tag(ident, pid)),
            Self::ShortIsoPrecise { host } => {
                format!("{} {host} {}: {line}", time.short_iso_precise(), tag(ident, pid))
            }
            Self::JournalJson { host, unit } => journal_json(time, host, unit, ident, pid, line),
            Self::Pm2 => format!("{}: {line}", time.pm2()),
            Self::Compose { name, timed: false } => format!("{name}  | {line}"),
            Self::Compose { name, timed: true } => format!("{name}  | {} {line}", nanos(time)),
            Self::Kubectl { pod, container } => format!("[pod/{pod}/{container}] {} {line}", nanos(time)),
        }
    }
}

/// The kernel has no process id.
fn tag(ident: &str, pid: u32) -> String {
    if ident == "kernel" { ident.to_owned() } else { format!("{ident}[{pid}]") }
}

/// `Feb  3 04:12:07`
pub fn bsd(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let c = time.civil();
    let month = MONTHS[c.month as usize - 1];
    format!("{month} {:2} {:02}:{:02}:{:02}", c.day, c.hour, c.minute, c.second)
}

/// `2026-02-03T04:12:07.114225417Z`: container runtimes.
pub fn nanos(time: Time) -> String {
    let c = time.civil();
    let odd = time.micros().wrapping_mul(0x9e37_79b9) % 1000;
    format!("{}T{:02}:{:02}:{:02}.{:06}{odd:03}Z", time.date(), c.hour, c.minute, c.second, c.micro)
}

/// The members that `journalctl -o json` has for every record; pid 1 speaks *about* a unit, a program *from* it.
fn journal_json(time: Time, host: &str, unit: &str, ident: &str, pid: u32, line: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let about = match ident {
        "systemd" => format!(r#""_SYSTEMD_UNIT":"init.scope","UNIT":{},"_TRANSPORT":"journal""#, quoted(unit)),
        "kernel" => r#""_TRANSPORT":"kernel""#.to_owned(),
        _ => format!(r#""_SYSTEMD_UNIT":{},"_TRANSPORT":"stdout""#, quoted(unit)),
    };
    let process = if ident == "kernel" { String::new() } else { format!(r#""_PID":"{pid}","#) };
    format!(
        r#"{{"__REALTIME_TIMESTAMP":"{}","PRIORITY":"6","_HOSTNAME":{},"SYSLOG_IDENTIFIER":{},{process}{about},"MESSAGE":{}}}"#,
        time.micros(),
        quoted(host),
        quoted(ident),
        quoted(line),
    )
}
