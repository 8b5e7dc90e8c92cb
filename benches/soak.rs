//! A crash loop for an hour, or a week of it at once, while the memory of `relapse watch` is looked at:
//! `cargo bench --bench soak [-- --seconds N] [--rate N] [--csv FILE]`, or
//! `cargo bench --bench soak -- --restarts N [--lines-per-run N] [--csv FILE]`.
//!
//! The hour: lines with the time of now, so many a second; every seven to ten seconds a run ends by itself, and every
//! fifth has a storm of errors, some of which nobody has a name for. The week: 75,000 restarts would take it, and are fed
//! as fast as they are taken. Each second (a tenth of it in the week) one row of the CSV says how it stands. At the end no
//! line and no restart may be missing.

#[path = "live/mod.rs"]
#[allow(dead_code)]
mod live;

use live::gateway::{Gateway, wall};
use live::number;
use live::pace::Pace;
use live::process::{self, Sample};
use live::watched::{Watched, lines, restarts};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Lines are written so often.
const STEP: Duration = Duration::from_millis(1);
/// One run in so many has a storm.
const STORMY: u64 = 5;
/// Microseconds.
const STORM: u64 = 2_000_000;
/// Wanted at all times.
const MOST_KIB: u64 = 64 << 10;

fn main() {
    let path = live::text("--csv").unwrap_or_else(|| concat!(env!("CARGO_TARGET_TMPDIR"), "/soak.csv").into());
    let runs = number("--restarts");
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state").display().to_string();
    let mut watched = Watched::start(None, &["--state", &state], Box::new(|_, _| {}));
    let input = watched.input.take().expect("a pipe");
    let written = Arc::new(AtomicU64::new(0));
    let every = if runs.is_some() { Duration::from_millis(100) } else { Duration::from_secs(1) };
    let (pid, count, printed) = (watched.pid(), Arc::clone(&written), Arc::clone(&watched.printed));
    let file = path.clone();
    let witness = std::thread::spawn(move || witness(pid, every, &count, &printed, &file));
    let began = Instant::now();
    let gateway = match runs {
        Some(runs) => week(input, &written, runs, number("--lines-per-run").unwrap_or(100)),
        None => hour(input, &written, number("--seconds").unwrap_or(3600), number("--rate").unwrap_or(50_000)),
    };
    let took = began.elapsed().as_secs_f64();
    let diagnosis = watched.end();
    let samples = witness.join().expect("the witness goes on");
    println!("{} lines in {took:.1} s, {:.0} a second", gateway.lines, gateway.lines as f64 / took);
    println!("{} restarts; {} lines of the diagnosis' inputs", gateway.starts - 1, lines(&diagnosis));
    tell(&samples);
    println!("{path} has it all");
    assert_eq!(lines(&diagnosis), gateway.lines, "no line is lost");
    assert_eq!(restarts(&diagnosis), gateway.starts - 1, "no restart is lost");
}

/// Lines of now at a pace.
fn hour(mut input: ChildStdin, written: &AtomicU64, seconds: u64, rate: u64) -> Gateway {
    let (mut gateway, pace) = (Gateway::new(1), Pace::new(rate));
    let (mut run_ends, mut storm, mut behind) = (0, 0..0, Duration::ZERO);
    while pace.elapsed().as_secs() < seconds {
        std::thread::sleep(STEP);
        let (due, now) = (pace.due(), wall());
        let late = Duration::from_secs_f64(due.saturating_sub(gateway.lines) as f64 / rate as f64);
        behind = behind.max(late.saturating_sub(STEP));
        gateway.at(now);
        if now >= run_ends {
            if gateway.starts > 0 {
                gateway.crash();
            }
            gateway.start();
            run_ends = now + 7_000_000 + gateway.below(3_000_000);
            let is_stormy = gateway.starts % STORMY == 0;
            storm = if is_stormy { run_ends - 2 * STORM..run_ends - STORM } else { 0..0 };
        }
        let mut more = due.saturating_sub(gateway.lines);
        while more > 0 {
            let before = gateway.lines;
            match (storm.contains(&now), gateway.below(1000)) {
                (true, ..100) => gateway.unheard_of(),
                (true, ..500) | (false, ..8) => gateway.error(),
                _ => gateway.work(),
            }
            // Errors have stacks, so a step may be some lines longer.
            gateway.take(|bytes| input.write_all(bytes).expect("the watch reads"));
            more = more.saturating_sub(gateway.lines - before);
        }
        written.store(gateway.lines, Ordering::Relaxed);
    }
    println!("the writer was at most {:.0} ms behind", behind.as_secs_f64() * 1e3);
    gateway
}

/// A week of log time that ends now.
fn week(mut input: ChildStdin, written: &AtomicU64, runs: u64, lines: u64) -> Gateway {
    let mut gateway = Gateway::new(1);
    gateway.past(runs + 1, lines, wall(), |bytes, lines| {
        input.write_all(bytes).expect("the watch reads");
        written.store(lines, Ordering::Relaxed);
    });
    gateway
}

/// Looks at the watch until it is gone.
fn witness(pid: u32, every: Duration, written: &AtomicU64, printed: &AtomicU64, path: &str) -> Vec<Sample> {
    let mut csv = BufWriter::new(File::create(path).unwrap_or_else(|error| panic!("{path}: {error}")));
    let (began, mut samples) = (Instant::now(), Vec::new());
    writeln!(csv, "seconds,lines,rss_kib,peak_kib,cpu_s,events,threads").expect("room for a row");
    while let Some(sample) = process::sample(pid) {
        let Sample { rss_kib, peak_kib, cpu_s, threads } = sample;
        let (lines, events) = (written.load(Ordering::Relaxed), printed.load(Ordering::Relaxed));
        let seconds = began.elapsed().as_secs_f64();
        writeln!(csv, "{seconds:.1},{lines},{rss_kib},{peak_kib},{cpu_s:.2},{events},{threads}")
            .expect("room for a row");
        csv.flush().expect("room for a row");
        samples.push(sample);
        std::thread::sleep(every);
    }
    samples
}

fn tell(samples: &[Sample]) {
    let Some(last) = samples.last() else { return };
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].rss_kib as f64 / 1024.0;
    let most = samples.iter().map(|sample| sample.rss_kib).max().unwrap_or(0) as f64 / 1024.0;
    let tenths: Vec<String> = (0..=10).map(|tenth| format!("{:.1}", at(f64::from(tenth) / 10.0))).collect();
    println!("memory in MiB at each tenth: {}", tenths.join(" "));
    println!("at 10 % {:.1}, at 50 % {:.1}, at the end {:.1}, most seen {most:.1}", at(0.1), at(0.5), at(1.0));
    let verdict = if last.peak_kib <= MOST_KIB { "as wanted" } else { "MORE than is wanted" };
    println!("at its peak {:.1} MiB, {verdict}; {:.1} s of processor time", last.peak_kib as f64 / 1024.0, last.cpu_s);
}
