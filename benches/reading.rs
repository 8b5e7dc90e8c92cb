//! Reading every record of a text through its grammar, all fields, beside counting its lines: `cargo bench --bench reading`.
//!
//! Both sides run in turn in one go, on one core; what counts is their ratio.

#[path = "stages/timing.rs"]
mod timing;

use relapse::grammar::{Catalog, Clock, Reader, Reading, Source, Time, embedded};
use std::hint::black_box;
use std::time::Duration;
use timing::{median, timed};

const BYTES: usize = 64 << 20;
const ROUNDS: usize = 7;

fn main() {
    let formats = embedded::formats();
    let sources: Vec<Source> = formats.iter().map(|(path, text)| Source { path, text }).collect();
    let (catalog, mistakes) = Catalog::load(&sources);
    assert!(mistakes.is_empty(), "the formats hold");
    println!("| text | count lines, GB/s | read, GB/s | read, ns a line | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for (name, text) in
        [("ISO", iso_text as fn() -> Vec<u8>), ("ISO, no two lines alike", odd_text), ("NDJSON", ndjson)]
    {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let text = text();
        let (mut count, mut read) = (Vec::new(), Vec::new());
        let mut lines = 0;
        for _ in 0..ROUNDS {
            count.push(timed(|| lines = memchr::memchr_iter(b'\n', black_box(&text)).count()));
            read.push(timed(|| read_all(&catalog, black_box(&text))));
        }
        let (count, read) = (median(count), median(read));
        let rate = |time: Duration| text.len() as f64 / time.as_secs_f64() / 1e9;
        println!(
            "| {name} | {:.2} | {:.3} | {:.0} | {:.1} |",
            rate(count),
            rate(read),
            read.as_nanos() as f64 / lines as f64,
            read.as_secs_f64() / count.as_secs_f64()
        );
    }
}

/// Reads every line; a line without format or time is a mistake of the benchmark.
fn read_all(catalog: &Catalog, text: &[u8]) {
    let clock = Clock::utc(Time::new(1_798_675_200_000_000_000, 0));
    let mut at = 0;
    let reader = Reader::of(catalog);
    let mut reading = Reading::default();
    while let Some(len) = memchr::memchr(b'\n', &text[at..]) {
        reader.read_into(&text[at..at + len], &clock, &mut reading);
        assert!(reading.time.is_some() && reading.level.is_some() && !reading.message.is_empty());
        black_box(&reading);
        at += len + 1;
    }
}

const MESSAGES: [&str; 5] = [
    "request finished method=GET path=/v1/models status=200 duration_ms=12 remote=10.0.0.7",
    "agent model: example/large, tools: 14, memory: on",
    "session 3f2a9c saved to the state folder after 41 messages",
    "retry 2 of 5 in 400 ms: upstream did not answer in time",
    "plugins: 12 loaded, 3 disabled, 0 errored",
];

fn text(line: impl Fn(u64, &str, &str) -> String) -> Vec<u8> {
    let mut text = Vec::with_capacity(BYTES + 1024);
    for at in 0u64.. {
        if text.len() >= BYTES {
            break;
        }
        let message = MESSAGES[at as usize % MESSAGES.len()];
        let level = if at % 50 == 0 { "ERROR" } else { "INFO" };
        text.extend_from_slice(line(at, level, message).as_bytes());
    }
    text
}

fn clock_of(at: u64) -> String {
    let ms = at * 37;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

fn iso_text() -> Vec<u8> {
    text(|at, level, message| format!("2026-02-03T{}Z {level} [gateway] {message}\n", clock_of(at)))
}

/// The same with a name of its own in every line: what was met before does not help.
fn odd_text() -> Vec<u8> {
    text(|at, level, message| {
        let name: String =
            (0..8).map(|place| char::from(b'a' + ((at * 0x9e37_79b9) >> (4 * place) & 15) as u8)).collect();
        format!("2026-02-03T{}Z {level} [{name}] {message}\n", clock_of(at))
    })
}

fn ndjson() -> Vec<u8> {
    text(|at, level, message| {
        let time = clock_of(at);
        format!(
            "{{\"time\":\"2026-02-03T{time}Z\",\"level\":\"{level}\",\"service\":\"gateway\",\"pid\":4312,\"msg\":\"{message}\",\"seq\":{at}}}\n"
        )
    })
}
