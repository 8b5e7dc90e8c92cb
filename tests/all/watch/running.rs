//! Runs a watch: starts it, reads what it says line by line with a deadline, sends it signals, waits for its end.

use crate::support::command;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing that is waited for may take so long, however busy the machine is.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A watch that prints an object a line.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    /// What it printed so far, as far as it was looked at.
    pub said: Vec<Value>,
}

/// What a watch left behind.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub said: Vec<Value>,
    pub stderr: String,
}

impl Running {
    /// Starts `relapse watch` in a folder, with a pipe as its standard input.
    #[track_caller]
    pub fn start(folder: &Path, arguments: &[&str]) -> Running {
        let arguments = [&["watch", "--format", "ndjson", "--tz", "UTC"], arguments].concat();
        let mut command = command(folder, &arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the watch starts");
        let stdout = child.stdout.take().expect("its standard output is a pipe");
        let mut stderr = child.stderr.take().expect("its standard error is a pipe");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let stdin = child.stdin.take();
        Running { child, stdin, lines, stderr: Some(stderr), said: Vec::new() }
    }

    /// Writes to its standard input.
    #[track_caller]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.offer(bytes), "it reads no more");
    }

    /// Writes to its standard input; false if it reads no more.
    #[track_caller]
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let stdin = self.stdin.as_mut().expect("its standard input is open");
        stdin.write_all(bytes.as_ref()).is_ok()
    }

    /// Its standard input ends.
    pub fn close(&mut self) {
        self.stdin = None;
    }

    /// The next line that it prints, if it prints one in time.
    pub fn next(&mut self, within: Duration) -> Option<Value> {
        let line = match self.lines.recv_timeout(within) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        let value: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"));
        self.said.push(value.clone());
        Some(value)
    }

    /// The next line that is wanted; those before it are passed over.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + DEADLINE;
        while let Some(line) = self.next(until.saturating_duration_since(Instant::now())) {
            if wanted(&line) {
                return line;
            }
        }
        panic!("{what} is waited for; it said {:#?}", self.said);
    }

    /// The next event whose text holds this.
    #[track_caller]
    pub fn wait_for_event(&mut self, text: &str) -> Value {
        self.wait_for(text, |line| line["kind"] == "event" && line["text"].as_str().unwrap_or_default().contains(text))
    }

    /// The next event that tells of a line, alone or with others before it.
    #[track_caller]
    pub fn wait_for_line(&mut self, number: u64) -> Value {
        self.wait_for(&format!("line {number}"), |line| {
            let last = line["line"].as_u64().unwrap_or(0) + line["count"].as_u64().unwrap_or(0);
            line["kind"] == "event" && last > number
        })
    }

    /// The next verdict line with this alarm.
    #[track_caller]
    pub fn wait_for_alarm(&mut self, alarm: &str) -> Value {
        self.wait_for(alarm, |line| line["kind"] == "verdict" && line["alarm"] == alarm)
    }

    /// The next note that holds this.
    #[track_caller]
    pub fn wait_for_note(&mut self, text: &str) -> Value {
        self.wait_for(text, |line| line["kind"] == "note" && line["text"].as_str().unwrap_or_default().contains(text))
    }

    /// A diagnosis while it goes on.
    #[track_caller]
    pub fn ask(&mut self) -> Value {
        self.signal(Signal::USR1);
        self.wait_for("a diagnosis", |line| line["kind"] == "diagnosis")["diagnosis"].clone()
    }

    /// Asks until so many lines were counted.
    #[track_caller]
    pub fn wait_for_lines(&mut self, wanted: u64) -> Value {
        self.ask_until(&format!("{wanted} lines"), |diagnosis| lines(diagnosis) >= wanted)
    }

    /// Asks until a diagnosis is as wanted.
    #[track_caller]
    pub fn ask_until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + DEADLINE;
        loop {
            let diagnosis = self.ask();
            if wanted(&diagnosis) {
                return diagnosis;
            }
            assert!(Instant::now() < until, "{what} is waited for: {diagnosis:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal once it is there to take it.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        until("the handler of signals", || catches(self.child.id(), signal));
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Kills it: nothing is told and nothing is put in order.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        self.stdin = None;
        let until = Instant::now() + DEADLINE;
        while self.next(until.saturating_duration_since(Instant::now())).is_some() {}
        assert!(Instant::now() < until, "it did not end");
        let status = self.child.wait().expect("it ends").code();
        let stderr = self.stderr.take().expect("taken once").join().expect("it is read");
        Ended { status, said: std::mem::take(&mut self.said), stderr }
    }

    /// Asks it to end, and waits for that.
    #[track_caller]
    pub fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The diagnosis that it printed last.
    #[track_caller]
    pub fn diagnosis(&self) -> Value {
        assert_eq!(self.stderr, "", "{:#?}", self.said);
        let last = self.said.last().unwrap_or_else(|| panic!("it said nothing"));
        assert_eq!(last["kind"], "diagnosis", "{:#?}", self.said);
        last["diagnosis"].clone()
    }

    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.said.iter().filter(|line| line["kind"] == kind).collect()
    }

    /// The turns of all alerts.
    pub fn alerts(&self) -> Vec<&str> {
        self.of_kind("alert").iter().filter_map(|line| line["alert"]["status"].as_str()).collect()
    }
}

/// Whether a process has a handler for a signal. Where that cannot be seen, it had time for it.
fn catches(process: u32, signal: Signal) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        std::thread::sleep(Duration::from_secs(1));
        return true;
    };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|caught| u64::from_str_radix(caught.trim(), 16).ok()).unwrap_or(u64::MAX);
    caught >> (signal.as_raw() - 1) & 1 == 1
}

/// Lines that were counted in all inputs of a diagnosis.
pub fn lines(diagnosis: &Value) -> u64 {
    let inputs = diagnosis["inputs"].as_array().into_iter().flatten();
    inputs.filter_map(|input| input["lines"].as_u64()).sum()
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "{what} is waited for");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Two diagnoses are one; where they are not, the first members that differ are told.
#[track_caller]
pub fn same(seen: &Value, wanted: &Value, about: &str) {
    let mut differences = Vec::new();
    compare("", seen, wanted, &mut differences);
    differences.truncate(12);
    assert!(differences.is_empty(), "{about}: {}", differences.join("\n"));
}

fn compare(at: &str, seen: &Value, wanted: &Value, differences: &mut Vec<String>) {
    match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) if seen.keys().eq(wanted.keys()) => {
            for (name, member) in seen {
                compare(&format!("{at}/{name}"), member, &wanted[name], differences);
            }
        }
        (Value::Array(seen), Value::Array(wanted)) if seen.len() == wanted.len() => {
            for (index, (seen, wanted)) in seen.iter().zip(wanted).enumerate() {
                compare(&format!("{at}/{index}"), seen, wanted, differences);
            }
        }
        _ if seen == wanted => {}
        _ => differences.push(format!("{at}\n  seen   {seen}\n  wanted {wanted}")),
    }
}
