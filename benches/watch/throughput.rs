//! A large log through the watch as fast as it takes it, beside `cat` and `relapse analyze` of the same bytes.

use crate::live;
use crate::live::number;
use crate::live::process;
use crate::live::watched::{Watched, lines, program};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Written at a time.
const STEP: usize = 256 << 10;

/// Reads a log of so many lines: how long it took, and the most memory in KiB, where that was looked at.
type Side = fn(&[u8], u64) -> (Duration, u64);

pub fn measure() {
    let wanted = number("--lines").unwrap_or(10_000_000);
    let rounds = number("--rounds").unwrap_or(3);
    let log = log(wanted);
    println!("{wanted} lines, {} MB; the shortest of {rounds} rounds in turn.\n", log.len() / 1_000_000);
    let sides: [(&str, Side); 4] = [
        ("`cat` from a pipe", |log, _| (timed(Command::new("cat"), log), 0)),
        ("`relapse analyze -`", |log, _| (analyzed(log), 0)),
        ("`relapse watch` from a pipe", piped),
        ("`relapse watch` of a file", followed),
    ];
    let mut best = sides.map(|_| (Duration::MAX, 0));
    for _ in 0..rounds {
        for (best, (_, side)) in best.iter_mut().zip(sides) {
            let (time, peak_kib) = side(&log, wanted);
            *best = (best.0.min(time), best.1.max(peak_kib));
        }
    }
    println!("| | million lines a second | MB/s | times `cat` | times analyze | peak memory, MiB |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for ((name, _), (time, peak_kib)) in sides.iter().zip(best) {
        let seconds = time.as_secs_f64();
        println!(
            "| {name} | {:.2} | {:.0} | {:.1} | {:.2} | {} |",
            wanted as f64 / seconds / 1e6,
            log.len() as f64 / seconds / 1e6,
            seconds / best[0].0.as_secs_f64(),
            seconds / best[1].0.as_secs_f64(),
            if peak_kib == 0 { "".into() } else { (peak_kib >> 10).to_string() }
        );
    }
    println!();
}

/// A gateway's log of so many lines.
fn log(lines: u64) -> Vec<u8> {
    let mut log = Vec::new();
    // More than any line takes on average.
    live::corpora::large("text", lines * 130, 1, &mut log).expect("a kind of corpus");
    let end = memchr::memchr_iter(b'\n', &log).nth(lines as usize - 1).expect("as many lines");
    log.truncate(end + 1);
    log
}

fn feed(log: &[u8], mut input: impl Write) {
    log.chunks(STEP).for_each(|step| input.write_all(step).expect("it reads"));
}

fn timed(mut command: Command, log: &[u8]) -> Duration {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    feed(log, child.stdin.take().expect("a pipe"));
    child.wait().expect("it ends");
    began.elapsed()
}

fn analyzed(log: &[u8]) -> Duration {
    let mut command = Command::new(program());
    command.args(["analyze", "-", "--format", "json"]);
    timed(command, log)
}

fn piped(log: &[u8], wanted: u64) -> (Duration, u64) {
    let began = Instant::now();
    let mut watched = Watched::start(None, &[], Box::new(|_, _| {}));
    let peak = process::peak(watched.pid());
    feed(log, watched.input.take().expect("a pipe"));
    let diagnosis = watched.end();
    assert_eq!(lines(&diagnosis), wanted, "no line is lost");
    (began.elapsed(), peak.join().expect("it looks on"))
}

/// The file grows as fast as it can be written, and the watch is asked to end with its last byte.
fn followed(log: &[u8], wanted: u64) -> (Duration, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gateway.log");
    File::create(&path).expect("a file");
    let mut watched = Watched::start(Some(&path), &[], Box::new(|_, _| {}));
    let peak = process::peak(watched.pid());
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    feed(log, OpenOptions::new().append(true).open(&path).expect("a file"));
    watched.ask_to_end();
    let diagnosis = watched.end();
    assert_eq!(lines(&diagnosis), wanted, "no line is lost");
    (began.elapsed(), peak.join().expect("it looks on"))
}
