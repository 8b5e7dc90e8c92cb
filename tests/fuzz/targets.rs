//! What is fuzzed: each takes any bytes and must come back, with its own laws held.

use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::{Evidence, codec};
use relapse::grammar::dfa::{Dfa, Ways};
use relapse::grammar::pattern::{Captures, Pattern};
use relapse::grammar::timestamp::{Form, parse_user_time};
use relapse::grammar::{Clock, Source, Time, format};
use relapse::input::StreamReader;
use relapse::input::archive::{Archive, Member};
use relapse::input::decode::{self, Opened};
use relapse::input::follow::{Follower, Watched};
use relapse::live::checkpoint;
use relapse::live::streams::{Reading, Streams};
use relapse::report::{self, Style};
use relapse::scan::idiom::Idiom;
use relapse::scan::{CONTEXT, Chunk, Guide, MAX_LINE, Options, Scanner, TAIL_WINDOW};
use relapse::template::miner::{MAX_SKELETONS, Miner};
use relapse::template::stable_hash;
use std::io::Read;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

pub const ALL: [Target; 8] = [
    ("language", language),
    ("timestamp", timestamp),
    ("records", records),
    ("decoders", decoders),
    ("analyze", analyze),
    ("templates", templates),
    ("growing", growing),
    ("checkpoint", checkpoint),
];

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::built_in(Options::default()));

static SHARED: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::built_in(Options::default())));

fn clock() -> Clock {
    Clock::utc(Time::new(1_770_000_000_000_000_000, 0))
}

/// At most so many bytes of what is decoded: a fuzzer has no use for more.
const ENOUGH: u64 = 4 << 20;

/// A pattern from the first line, held against the other lines, where the walk must admit what it reads; and a format file from the whole.
pub fn language(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, lines) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = Pattern::parse(first) {
        let (mut ways, mut dfa) = (Ways::default(), Dfa::default());
        ways.add(0, &pattern);
        ways.settle();
        for line in lines.lines() {
            let mut captures = Captures::default();
            if pattern.read(line.as_bytes(), &mut captures) {
                assert_eq!(dfa.candidates(&ways, line.as_bytes()), [0], "{first:?} {line:?}");
            }
        }
    }
    if let Err(complaints) = format::compile(Source { path: "own.toml", text: &text }) {
        assert!(!complaints.is_empty());
        complaints.iter().for_each(|complaint| drop(complaint.to_string()));
    }
}

/// Every form at the start of the bytes; a form from the first line, held against the rest.
pub fn timestamp(bytes: &[u8]) {
    static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
        let names = [
            "iso",
            "bsd",
            "clf",
            "ngx",
            "apache",
            "sfull",
            "klog",
            "tod",
            "epoch",
            "tai64n",
            "%a %d %b %Y %I:%M:%S %p %z",
        ];
        names.iter().map(|name| Form::compile(name).expect("a form of the language")).collect()
    });
    let read = |form: &Form, bytes: &[u8]| {
        if let Some((raw, length)) = form.read(bytes) {
            assert!(length <= bytes.len());
            if let Some(time) = clock().settle(&raw) {
                drop(time.rfc3339());
            }
        }
    };
    FORMS.iter().for_each(|form| read(form, bytes));
    let text = String::from_utf8_lossy(bytes);
    if let Some((first, rest)) = text.split_once('\n')
        && let Ok(form) = Form::compile(first)
    {
        read(&form, rest.as_bytes());
    }
    let _ = parse_user_time(&text, &jiff::tz::TimeZone::UTC);
}

/// A log cut in two at a place that the first bytes name: both halves joined are the whole.
pub fn records(bytes: &[u8]) {
    let Some((place, log)) = bytes.split_first_chunk::<2>() else { return };
    let cut = usize::from(u16::from_le_bytes(*place)).min(log.len());
    let guide = Guide { clock: clock(), idiom: Idiom::of(&SCANNER, &[log], &clock()) };
    let piece = |from: usize, to: usize| {
        let mut evidence = Evidence::default();
        let base = from.saturating_sub(CONTEXT as usize + 1);
        let end = (to + MAX_LINE as usize).min(log.len());
        let own = from as u64..to as u64;
        let chunk = Chunk { bytes: &log[base..end], base: base as u64, own, length: Some(log.len() as u64) };
        evidence.add("log", SCANNER.scan(&chunk, &guide)).expect("one piece overlaps nothing");
        evidence
    };
    let whole = piece(0, log.len());
    let halves = piece(0, cut).merge(piece(cut, log.len())).expect("two halves overlap nowhere");
    assert_eq!(halves, whole);
    let bytes = codec::encode(&whole).expect("evidence can be written");
    assert_eq!(codec::decode(&bytes).as_ref(), Ok(&whole));
}

/// A stream that comes in pieces, of which the first bytes name the lengths: at its end it is what it is as a whole.
pub fn growing(bytes: &[u8]) {
    let Some((lengths, log)) = bytes.split_first_chunk::<4>() else { return };
    let streams = || {
        let reading = Reading {
            zone: jiff::tz::TimeZone::UTC,
            selection: Default::default(),
            line_timeout: Duration::ZERO,
            history: true,
            window: usize::MAX,
        };
        let watched = Watched::new(&[], Default::default()).expect("no names");
        let mut streams = Streams::new(Arc::clone(&SHARED), reading, Follower::new(watched), None);
        streams.open_pipe(0, "-");
        streams
    };
    let (mut whole, mut grown) = (streams(), streams());
    whole.push(0, log);
    let mut rest = log;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, later) = rest.split_at(rest.len().min(1 + usize::from(*length) * 16));
        let events = grown.push(0, piece);
        assert!(events.iter().all(|event| event.line > 0 && event.count > 0));
        if length % 4 == 0 {
            drop(grown.judge_open_lines());
            drop(grown.evidence());
        }
        rest = later;
    }
    assert_eq!(grown.last_evidence(), whole.last_evidence());
}

/// A checkpoint of any bytes, with a checksum that fits.
pub fn checkpoint(bytes: &[u8]) {
    drop(checkpoint::decode(bytes));
    let sum = stable_hash(bytes).to_le_bytes();
    if let Ok(read) = checkpoint::decode(&[b"relapse state 1\n", &sum[..], bytes].concat()) {
        drop(checkpoint::encode(&read));
    }
}

/// All texts of an archive, and of those in it.
fn members(archive: Archive, drain: &dyn Fn(Box<dyn Read + '_>)) {
    let each = |member: Member| {
        match decode::open_member(member) {
            Ok(Opened::Text(text)) => drain(text),
            Ok(Opened::Archive(inner)) => members(inner, drain),
            _ => {}
        }
        Ok(())
    };
    let _ = archive.each(each, |_, why| assert!(!why.is_empty()));
}

/// Bytes that may be compressed, archived, in another encoding, folded over lines; and as an evidence file.
pub fn decoders(bytes: &[u8]) {
    let drain = |text: Box<dyn Read + '_>| {
        let mut reader = StreamReader::new(Box::new(text.take(ENOUGH)), CONTEXT, TAIL_WINDOW);
        let mut at = 0;
        while let Some(chunk) = reader.next(Vec::new()) {
            assert_eq!(chunk.own.start, at);
            at = chunk.own.end;
        }
    };
    match decode::open(bytes) {
        Ok(Opened::Text(text)) => drain(text),
        Ok(Opened::Archive(archive)) => members(archive, &drain),
        Ok(Opened::Refused(what, _)) => assert!(!what.is_empty()),
        Err(error) => drop(error.to_string()),
    }
    let _ = codec::decode(bytes);
}

/// From the bytes of a log to its reports.
pub fn analyze(bytes: &[u8]) {
    let mut evidence = Evidence::default();
    let guide = Guide { clock: clock(), idiom: Idiom::of(&SCANNER, &[bytes], &clock()) };
    if let Ok(Opened::Text(text)) = decode::open(bytes) {
        let mut reader = StreamReader::new(Box::new(text.take(ENOUGH)), CONTEXT, TAIL_WINDOW);
        while let Some(chunk) = reader.next(Vec::new()) {
            let chunk = Chunk { bytes: &chunk.bytes, base: chunk.base, own: chunk.own, length: chunk.length };
            evidence.add("log", SCANNER.scan(&chunk, &guide)).expect("chunks overlap nowhere");
        }
    }
    let diagnosis = Diagnosis::of(&evidence, &SCANNER.pack, &Question::default());
    let mut json = Vec::new();
    report::json::json(&diagnosis, &mut json).expect("into memory");
    let text = report::text(&diagnosis, Style { colour: false, now_ns: Some(1_770_000_000_000_000_000) });
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(text.chars().all(is_plain), "a control character in the report: {text:?}");
}

/// Messages, a line each: every one has a template, and the other way round they have the same ones.
pub fn templates(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    for bound in [MAX_SKELETONS, 3] {
        let mine = |lines: &mut dyn Iterator<Item = &&[u8]>| {
            let mut miner = Miner::bounded(bound);
            lines.for_each(|line| miner.add(line));
            let mined = miner.finish();
            let ids: Vec<u64> = mined.each().map(|at| mined.templates[at].id).collect();
            ids
        };
        let (forth, mut back) = (mine(&mut lines.iter()), mine(&mut lines.iter().rev()));
        back.reverse();
        assert_eq!(forth.len(), lines.len());
        assert_eq!(forth, back);
    }
}
