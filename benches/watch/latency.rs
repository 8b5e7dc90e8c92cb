//! From just before a line is written to the moment its event was read.

use crate::live::gateway::{Gateway, NUMBER, wall};
use crate::live::pace::Pace;
use crate::live::process;
use crate::live::watched::{Watched, lines, restarts, wait_until};
use crate::live::{number, text};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One line in so many is an error that is waited for.
const SHARE: u64 = 10;

/// What goes on while lines are timed.
#[derive(Clone, Copy)]
struct Scene {
    name: &'static str,
    /// `cat` stands where the watch would: what the machine and the pipes take.
    is_cat: bool,
    /// A restart each second.
    is_looping: bool,
    /// Restarts that were there before.
    past: u64,
    /// It keeps its state in a folder.
    keeps: bool,
    /// Lines come by a file.
    follows: bool,
}

/// Told errors: the number of the first, how many, and when.
type Told = Arc<Mutex<Vec<(usize, usize, Instant)>>>;

pub fn measure() {
    let seconds = number("--seconds").unwrap_or(10);
    let rate = number("--rate").unwrap_or(10_000);
    let past = number("--restarts").unwrap_or(50_000);
    let scene = Scene { name: "a pipe", is_cat: false, is_looping: false, past: 0, keeps: false, follows: false };
    let scenes = [
        Scene { name: "a pipe, to `cat`", is_cat: true, ..scene },
        scene,
        Scene { name: "and a restart each second", is_looping: true, ..scene },
        Scene { name: "and --state", is_looping: true, keeps: true, ..scene },
        Scene { name: "after many restarts", is_looping: true, past, ..scene },
        Scene { name: "and --state", is_looping: true, past, keeps: true, ..scene },
        Scene { name: "a file, and a restart each second", is_looping: true, follows: true, ..scene },
    ];
    println!(
        "Lines come at {rate} a second for {seconds} s, one in {SHARE} is waited for; {past} restarts are many.\n"
    );
    println!("| lines by | median, ms | p90 | p99 | p99.9 | longest | peak memory, MiB |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let only = text("--scene").unwrap_or_default();
    for scene in scenes.iter().filter(|scene| scene.name.contains(&only)) {
        let (latencies, peak_kib) = scene.play(seconds, rate);
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
            scene.name,
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(1.0),
            peak_kib >> 10
        );
    }
    println!();
}

impl Scene {
    /// The latency of each error that was waited for, shortest first.
    fn play(&self, seconds: u64, rate: u64) -> (Vec<Duration>, u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, state) = (folder.path().join("gateway.log"), folder.path().join("state"));
        File::create(&file).expect("a file");
        let state = state.display().to_string();
        let arguments = if self.keeps { vec!["--state", &state] } else { Vec::new() };
        let (told, seen) = (Told::default(), Arc::new(AtomicU64::new(0)));
        let (to, count) = (Arc::clone(&told), Arc::clone(&seen));
        let eye = move |line: &[u8], at: Instant| {
            if let Some((number, times)) = numbered(line) {
                to.lock().expect("whole").push((number, times, at));
                count.fetch_add(times as u64, Ordering::Relaxed);
            }
        };
        let mut watched = if self.is_cat {
            Watched::run(Command::new("cat").stdin(Stdio::piped()), Box::new(eye))
        } else {
            Watched::start(self.follows.then_some(&*file), &arguments, Box::new(eye))
        };
        let peak = process::peak(watched.pid());
        let mut input: Box<dyn Write> = match watched.input.take() {
            Some(input) => Box::new(input),
            None => Box::new(OpenOptions::new().append(true).open(&file).expect("a file")),
        };
        // What a file has when it is met is not told of.
        std::thread::sleep(Duration::from_millis(500));
        let mut gateway = Gateway::new(1);
        gateway.past(self.past, 0, wall(), |bytes, _| input.write_all(bytes).expect("the watch reads"));
        let mut written: Vec<Instant> = Vec::new();
        let mut write = |bytes: &[u8]| input.write_all(bytes).expect("the watch reads");
        // What came before has been read once this is told; then the first diagnosis of it all is waited for.
        gateway.at(wall());
        gateway.start();
        gateway.numbered(0);
        gateway.take(&mut write);
        written.push(Instant::now());
        wait_until("the past is read", || seen.load(Ordering::Relaxed) == 1);
        std::thread::sleep(Duration::from_secs(2));
        let (warm, pace) = (written.len(), Pace::new(rate));
        for at in 0..seconds * rate {
            pace.wait_for(at);
            gateway.at(wall());
            match at % rate {
                at if at % SHARE == 0 => gateway.numbered(written.len()),
                1 if self.is_looping => {
                    gateway.crash();
                    gateway.start();
                }
                _ => gateway.work(),
            }
            // Its event may be read before `write` returns, so it is timed from before; that of `cat` says what this adds.
            if at % SHARE == 0 {
                written.push(Instant::now());
            }
            gateway.take(&mut write);
        }
        let late = pace.elapsed().as_secs_f64() / seconds as f64;
        assert!(late < 1.02, "the writer could not keep its pace: {late:.2} times as long");
        wait_until("all is told", || seen.load(Ordering::Relaxed) == written.len() as u64);
        drop(input);
        if self.follows {
            watched.ask_to_end();
        }
        if self.is_cat {
            watched.last_line();
        } else {
            let diagnosis = watched.end();
            assert_eq!(lines(&diagnosis), gateway.lines, "no line is lost");
            assert_eq!(restarts(&diagnosis), gateway.starts.saturating_sub(1), "no restart is lost");
        }
        let told = told.lock().expect("whole");
        let mut latencies: Vec<Duration> = told
            .iter()
            .flat_map(|&(first, times, at)| (first..first + times).map(move |number| (number, at)))
            .filter(|(number, _)| *number >= warm)
            .map(|(number, at)| at.saturating_duration_since(written[number]))
            .collect();
        latencies.sort_unstable();
        (latencies, peak.join().expect("it looks on"))
    }
}

/// The number of the first error that an event tells of, and how many there were of them in a row.
fn numbered(line: &[u8]) -> Option<(usize, usize)> {
    let line = std::str::from_utf8(line).ok()?;
    let after = |mark: &str| {
        let rest = line.split_once(mark)?.1;
        rest[..rest.find(|letter: char| !letter.is_ascii_digit())?].parse().ok()
    };
    let times = if line.starts_with('{') { after(r#""count":"#)? } else { 1 };
    Some((after(NUMBER)?, times))
}
