//! What more signatures cost: a thousand beside a hundred, the same lines hit, in turn in one go:
//! `cargo bench --bench signatures`.
//!
//! The hundred are those that hold in the corpora and others from the built-in ones; the thousand are all built-in ones
//! and made-up ones like them, none of which holds in the corpora.

#[path = "stages/timing.rs"]
mod timing;

#[path = "../corpora/generate.rs"]
#[allow(dead_code)]
mod corpora;

use jiff::tz::TimeZone;
use relapse::built_in;
use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::Evidence;
use relapse::grammar::{Catalog, Clock, SECOND, Source, Time, embedded};
use relapse::scan::idiom::Idiom;
use relapse::scan::{Chunk, Guide, Options, Scanner};
use relapse::signature::Pack;
use std::collections::BTreeSet;
use std::time::Duration;
use timing::{median, timed};

const BYTES: u64 = 64 << 20;
const ROUNDS: usize = 7;
const CHUNK: usize = 1 << 20;
const FEW: usize = 100;
const MANY: usize = 1000;

fn main() {
    println!("| corpus | {FEW} signatures, GB/s | {MANY} signatures, GB/s | ratio of times |");
    println!("| --- | --- | --- | --- |");
    for kind in ["text", "ndjson", "log-stream", "journald", "storm"] {
        let mut text = Vec::new();
        corpora::large(kind, BYTES, 1, &mut text).expect("a kind of corpus");
        let holding = holding(&text);
        let few = scanner(&few(&holding));
        let many = scanner(&many());
        assert!(few.pack.signatures().len() == FEW && many.pack.signatures().len() == MANY);
        let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            of_few.push(timed(|| analyze(&few, &text)));
            of_many.push(timed(|| analyze(&many, &text)));
        }
        let (of_few, of_many) = (median(of_few), median(of_many));
        let rate = |time: Duration| text.len() as f64 / time.as_secs_f64() / 1e9;
        let ratio = of_many.as_secs_f64() / of_few.as_secs_f64();
        println!("| {kind} | {:.2} | {:.2} | {ratio:.2} |", rate(of_few), rate(of_many));
    }
}

/// Files of signatures: family and entries, one an element.
fn entries() -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (_, text) in embedded::signatures() {
        let Some((head, rest)) = text.split_once("[[signature]]") else { continue };
        entries.extend(rest.split("[[signature]]").map(|entry| (head.to_string(), format!("[[signature]]{entry}"))));
    }
    entries
}

fn pack_of(files: &[String]) -> Pack {
    let sources: Vec<Source> = files.iter().map(|text| Source { path: "a file", text }).collect();
    Pack::load(&sources).0
}

/// The built-in signatures that hold in a text.
fn holding(text: &[u8]) -> BTreeSet<String> {
    let (pack, matcher) = built_in::signatures();
    let mut matches = relapse::signature::Matches::default();
    let mut holding = BTreeSet::new();
    for line in text.split(|&byte| byte == b'\n').take(200_000) {
        matcher.collect(&pack, line, &mut matches);
        holding.extend(matches.signatures.iter().map(|&at| pack.signatures()[at].id.clone()));
    }
    holding
}

fn few(holding: &BTreeSet<String>) -> Vec<String> {
    let is_holding = |(head, entry): &(String, String)| {
        let pack = pack_of(&[format!("{head}{entry}")]);
        pack.signatures().iter().any(|signature| holding.contains(&signature.id))
    };
    let (first, others): (Vec<_>, Vec<_>) = entries().into_iter().partition(is_holding);
    first.into_iter().chain(others).take(FEW).map(|(head, entry)| head + &entry).collect()
}

/// All, and made-up ones.
fn many() -> Vec<String> {
    const VERBS: [&str; 24] = [
        "mount",
        "renew",
        "attach",
        "resolve",
        "flush",
        "rotate",
        "replay",
        "compact",
        "decode",
        "verify",
        "acquire",
        "promote",
        "drain",
        "restore",
        "migrate",
        "publish",
        "subscribe",
        "index",
        "shrink",
        "seal",
        "adopt",
        "fetch",
        "stage",
        "unpack",
    ];
    const NOUNS: [&str; 24] = [
        "volume",
        "lease",
        "journal",
        "certificate",
        "snapshot",
        "replica",
        "partition",
        "manifest",
        "segment",
        "keyring",
        "quota",
        "checkpoint",
        "tunnel",
        "bucket",
        "cursor",
        "topic",
        "schema",
        "shard",
        "mailbox",
        "blob",
        "ledger",
        "beacon",
        "cache",
        "socket",
    ];
    let mut files: Vec<String> = entries().into_iter().map(|(head, entry)| head + &entry).collect();
    let pairs = VERBS.iter().flat_map(|verb| NOUNS.iter().map(move |noun| (verb, noun)));
    let made = pairs.map(|(verb, noun)| {
        format!(
            "family = \"made-up\"\n[[signature]]\nid = \"made-up-{verb}-{noun}\"\ntitle = \"The {noun} is of no use\"\n\
             literals = [[\"cannot {verb} {noun}\"]]\nrole = \"symptom\"\nphase = \"either\"\nseverity = 3\n\
             meaning = \"It failed.\"\nfix = \"Mend it.\"\nsource = \"made up\"\n\
             examples = [\"cannot {verb} {noun}: refused\"]\nnear_misses = []\n"
        )
    });
    files.extend(made);
    files.truncate(MANY);
    files
}

fn scanner(files: &[String]) -> Scanner {
    let formats = embedded::formats();
    let sources: Vec<Source> = formats.iter().map(|(path, text)| Source { path, text }).collect();
    Scanner::new(Catalog::load(&sources).0, pack_of(files), Options::default())
}

fn analyze(scanner: &Scanner, text: &[u8]) {
    let clock = Clock::new(TimeZone::UTC, Time::new(1_798_675_200 * SECOND, 0));
    let guide = Guide { clock, idiom: Idiom::default() };
    let mut evidence = Evidence::default();
    for start in (0..text.len()).step_by(CHUNK) {
        let own = start as u64..(start + CHUNK).min(text.len()) as u64;
        let from = start.saturating_sub(64 << 10);
        let to = (start + CHUNK + (64 << 10)).min(text.len());
        let chunk = Chunk { bytes: &text[from..to], base: from as u64, own, length: Some(text.len() as u64) };
        evidence.add("corpus.log", scanner.scan(&chunk, &guide)).expect("each chunk comes once");
    }
    std::hint::black_box(Diagnosis::of(&evidence, &scanner.pack, &Question::default()));
}
