//! Which streams are pieces of one log, cut by rotation, and which hold the same bytes twice.
//!
//! Known by their names within one folder, ordered by their times. It is decided here and not where files are found, so
//! that pieces that were scanned on different machines, or in an archive, come together as well.

use crate::evidence::{Event, Evidence, Identity, Stream};
use crate::grammar::{SECOND, Time};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A log, whole: its pieces, oldest first.
pub struct Log<'e> {
    /// The path of the piece that is written to, or of the newest one.
    pub path: &'e str,
    pub pieces: Vec<(&'e str, &'e Stream)>,
}

/// For the path of a stream that holds the same bytes as another: that other's path.
pub type Twins<'e> = BTreeMap<&'e str, &'e str>;

/// Pieces may overlap by so much (nanoseconds): a file that is copied and then cut is written to in between.
const OVERLAP: i64 = 60 * SECOND;

/// All logs in the order of their paths, without the streams that are twins of others.
pub fn logs<'e>(evidence: &'e Evidence, twins: &Twins) -> Vec<Log<'e>> {
    let mut sets: BTreeMap<(&str, String), Vec<Piece>> = BTreeMap::new();
    for (path, stream) in evidence.streams.iter().filter(|(path, _)| !twins.contains_key(path.as_str())) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let rotated = Rotated::of(name);
        let known =
            rotated.number.is_none() || rotated.is_sure || evidence.streams.contains_key(&beside(path, &rotated));
        let stem = if known { rotated.stem.clone() } else { name.to_string() };
        sets.entry((folder, stem)).or_default().push(Piece { path, stream, rotated, span: None });
    }
    let mut logs: Vec<Log> = sets.into_values().flat_map(joined).collect();
    logs.sort_by_key(|log| log.path);
    logs
}

/// Streams with equal bytes, as far as their length and their ends tell. What has no time may well be written twice alike,
/// so there the names must tell as well.
pub fn twins(evidence: &Evidence) -> Twins<'_> {
    let mut known: BTreeMap<Identity, Vec<(&str, &Stream)>> = BTreeMap::new();
    let mut twins = Twins::new();
    // A file is easier to open than a member of an archive, and stands less deep.
    let mut streams: Vec<(&String, &Stream)> = evidence.streams.iter().collect();
    streams.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
    for (path, stream) in streams {
        let Some(identity) = stream.identity() else { continue };
        let same = known.entry(identity).or_default();
        let name = |path: &str| Rotated::of(path.rsplit('/').next().unwrap_or(path)).stem;
        let timed = stream.segments.values().any(|segment| segment.first.is_some());
        match same.iter().find(|(other, _)| timed || name(other) == name(path)) {
            Some((other, _)) => {
                twins.insert(path, other);
            }
            None => same.push((path, stream)),
        }
    }
    twins
}

struct Piece<'e> {
    path: &'e str,
    stream: &'e Stream,
    rotated: Rotated,
    /// Its first and last time; looked up where there are several pieces.
    span: Option<(Time, Time)>,
}

/// One log of all pieces, or one of each where their times say that they were written side by side.
fn joined(mut pieces: Vec<Piece>) -> Vec<Log> {
    if pieces.len() > 1 {
        pieces.iter_mut().for_each(|piece| piece.span = span(piece.stream));
    }
    let all_timed = pieces.iter().all(|piece| piece.span.is_some());
    pieces.sort_by_cached_key(|piece| (piece.span.filter(|_| all_timed), piece.rotated.age()));
    let spans: Vec<(Time, Time)> = pieces.iter().filter_map(|piece| piece.span).collect();
    let in_turn = spans.windows(2).all(|pair| pair[1].0.ns + OVERLAP >= pair[0].1.ns);
    if !in_turn {
        return pieces
            .into_iter()
            .map(|piece| Log { path: piece.path, pieces: vec![(piece.path, piece.stream)] })
            .collect();
    }
    let live = pieces.iter().find(|piece| piece.rotated.is_live()).or(pieces.last());
    let path = live.map_or("", |piece| piece.path);
    vec![Log { path, pieces: pieces.iter().map(|piece| (piece.path, piece.stream)).collect() }]
}

/// The first and the last time of a stream.
pub fn span(stream: &Stream) -> Option<(Time, Time)> {
    let segments = || stream.segments.values();
    let events = || {
        segments().flat_map(|segment| segment.ledger.events()).filter_map(|event| match event {
            Event::Mark(mark) => mark.time,
            Event::Fold(_, fold) => fold.first,
        })
    };
    let heads = || segments().flat_map(|segment| [segment.first, segment.last]).flatten();
    Some((heads().chain(events()).min()?, heads().chain(events()).max()?))
}

/// The path that a numbered piece's log would have.
fn beside(path: &str, rotated: &Rotated) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{}", rotated.stem),
        None => rotated.stem.clone(),
    }
}

/// What a file's name tells of rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rotated {
    /// The name that the log has while it is written to.
    stem: String,
    /// Digits of the date and time in the name.
    date: Option<String>,
    number: Option<u32>,
    /// The number can be nothing else than that of a rotation.
    is_sure: bool,
}

impl Rotated {
    fn of(name: &str) -> Rotated {
        static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
            let date = r"[-._]{1,2}(\d{4})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])";
            let clock = r"(?:[-_T.]?(\d{2}-?\d{2}(?:-?\d{2})?|\d{10}))?";
            Regex::new(&format!(r"^(.+?){date}{clock}(?:[-.](\d{{1,3}}))?(\.[^\d.][^.]*)?$")).ok()
        });
        let mut name = name;
        for ending in [".gz", ".zst", ".xz", ".bz2", ".lz4", ".Z"] {
            name = name.strip_suffix(ending).unwrap_or(name);
        }
        if is_multilog(name) {
            let date = name.strip_prefix('@').map(Into::into);
            return Rotated { stem: "current".into(), date, number: None, is_sure: true };
        }
        if let Some(restart) = restart_number(name) {
            // After all pieces that rotation cut off from it.
            let date = Some(format!("{restart:010}~"));
            return Rotated { stem: "N.log".into(), date, number: None, is_sure: true };
        }
        // Compiling it takes longer than reading a small log: no name without a date's digits is worth that.
        let has_date = name.bytes().filter(u8::is_ascii_digit).count() >= 8;
        if has_date && let Some(found) = DATE.as_ref().and_then(|date| date.captures(name)) {
            let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
            let clock = part(5).replace('-', "");
            let (stem, date) = (format!("{}{}", part(1), part(7)), format!("{}{}{}{clock}", part(2), part(3), part(4)));
            let (stem, date) = match restart_number(&stem) {
                Some(restart) => ("N.log".into(), format!("{restart:010}{date}")),
                None => (stem, date),
            };
            return Rotated { stem, date: Some(date), number: part(6).parse().ok(), is_sure: true };
        }
        if let Some((stem, number)) = set_aside(name) {
            return Rotated { stem, date: None, number: Some(number), is_sure: false };
        }
        match name.rsplit_once('.') {
            Some((stem, digits))
                if !stem.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                let is_sure =
                    [".log", ".err", ".out", ".txt", ".json", ".jsonl", "log"].iter().any(|end| stem.ends_with(end));
                Rotated { stem: stem.into(), date: None, number: digits.parse().ok(), is_sure }
            }
            _ => Rotated { stem: name.into(), date: None, number: None, is_sure: false },
        }
    }

    /// Still written to.
    fn is_live(&self) -> bool {
        self.date.is_none() && self.number.is_none()
    }

    /// Sorts the oldest first: dates go up, and so do numbers after a date; numbers alone count back.
    fn age(&self) -> (bool, Option<String>, i64) {
        let number = self.number.map_or(0, i64::from);
        (self.is_live(), self.date.clone(), if self.date.is_some() { number } else { -number })
    }
}

/// `x.log.old`, `x.old.log`, `x.1.log`: the name of the log that may stand beside it, and which of its pieces this is.
fn set_aside(name: &str) -> Option<(String, u32)> {
    const WORDS: [&str; 3] = ["old", "prev", "previous"];
    let (base, end) = name.rsplit_once('.')?;
    if WORDS.contains(&end) {
        return Some((base.into(), 1));
    }
    let (stem, word) = base.rsplit_once(['.', '-', '_'])?;
    let number = match WORDS.contains(&word) {
        true => 1,
        false if base.ends_with(&format!(".{word}")) && word.len() <= 3 => word.parse().ok()?,
        false => return None,
    };
    let is_name =
        stem.bytes().any(|byte| byte.is_ascii_alphabetic()) && end.bytes().all(|byte| byte.is_ascii_lowercase());
    is_name.then(|| (format!("{stem}.{end}"), number))
}

/// `0.log`, `1.log` of a container in Kubernetes: each restart writes a new one.
fn restart_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".log")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// `@4000…` with `.s` or `.u`, `current`, `previous`: svlogd, multilog, s6-log.
fn is_multilog(name: &str) -> bool {
    let stamp = name.strip_prefix('@').and_then(|rest| rest.split_once('.'));
    let is_piece = stamp.is_some_and(|(stamp, state)| {
        stamp.len() == 24 && stamp.bytes().all(|byte| byte.is_ascii_hexdigit()) && matches!(state, "s" | "u")
    });
    is_piece || matches!(name.strip_suffix(".log").unwrap_or(name), "current" | "previous")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(name: &str) -> String {
        Rotated::of(name).stem
    }

    #[test]
    fn names_of_one_log() {
        for name in
            ["x.log", "x.log.1", "x.log.12.gz", "x.log-20260113.gz", "x.log-20260113-1768262401", "x.log.2026-01-13"]
        {
            assert_eq!(stem(name), "x.log", "{name}");
        }
        for name in ["x.2026-01-13.log", "x-2026-01-13-1.log.gz", "x__2026-01-14_00-00-00.log", "x-20260113.log.xz"] {
            assert_eq!(stem(name), "x.log", "{name}");
        }
        assert_eq!(stem("x.log.2026-01-13_03-00"), "x.log");
        assert_eq!(stem("0.log.20260113-031241.gz"), "N.log");
        assert_eq!(stem("system.log.0.bz2"), "system.log");
        for name in ["x.log.old", "x.old.log.gz", "x-old.log", "x.log.prev", "x.1.log", "x.12.log.gz"] {
            assert_eq!(stem(name), "x.log", "{name}");
        }
        assert_eq!(stem("@400000006789abcd12345678.s"), "current");
    }

    #[test]
    fn names_that_tell_of_no_rotation() {
        for name in ["app-1.log", "app.v2.log", "x-2026-13-45.log", "error.log", "10.0.0.7.log"] {
            assert_eq!(stem(name), name);
        }
    }

    #[test]
    fn the_oldest_comes_first() {
        let mut names = ["x.log", "x.log.1", "x.log.10.gz", "x.log.2.gz"];
        names.sort_by_key(|name| Rotated::of(name).age());
        assert_eq!(names, ["x.log.10.gz", "x.log.2.gz", "x.log.1", "x.log"]);
        let mut names = ["1.log", "0.log", "10.log", "0.log.20260113-031241.gz"];
        names.sort_by_key(|name| Rotated::of(name).age());
        assert_eq!(names, ["0.log.20260113-031241.gz", "0.log", "1.log", "10.log"]);
        let mut names = ["x.log", "x.log-20260201", "x.log-20251231.gz"];
        names.sort_by_key(|name| Rotated::of(name).age());
        assert_eq!(names, ["x.log-20251231.gz", "x.log-20260201", "x.log"]);
    }
}
