//! A gateway that crashes again and again, as the large corpora have it, but told what to say and when.

use super::corpora::large_pen::{Pen, Style};
use super::corpora::large_text::{BOOT, Fault, HANDLED, Line, PLUGINS, REGISTERED, ROOTS, WORK};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a numbered error says before its number; a signature knows it.
const NUMBERED: Line =
    Line { subsystem: "tools", text: "exec failed: Error: connect ECONNREFUSED 127.0.0.1:18791 (call @)" };
/// What stands before the number.
pub const NUMBER: &str = " seq=";

pub struct Gateway {
    pen: Pen,
    /// Runs that began.
    pub starts: u64,
    /// Lines that were taken.
    pub lines: u64,
}

impl Gateway {
    pub fn new(seed: u64) -> Gateway {
        Gateway { pen: Pen::new(Style::Text, seed), starts: 0, lines: 0 }
    }

    /// What is said from here on is said at this moment, in microseconds since 1970.
    pub fn at(&mut self, now: u64) {
        self.pen.now = now;
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.pen.rng.below(bound)
    }

    /// A run begins.
    pub fn start(&mut self) {
        self.pen.spawned();
        self.starts += 1;
        BOOT.iter().for_each(|line| self.pen.info(line));
        PLUGINS.iter().for_each(|plugin| self.pen.plugin(plugin, &REGISTERED));
    }

    pub fn work(&mut self) {
        let line = self.pen.rng.pick(&WORK);
        self.pen.info(line);
    }

    /// An error that ends nothing, with its stack.
    pub fn error(&mut self) {
        let fault = self.pen.rng.pick(&HANDLED);
        self.pen.error(fault);
    }

    /// An error that nobody has a name for: there are as many of them as there are words of three letters.
    pub fn unheard_of(&mut self) {
        let word: String = (0..3).map(|_| char::from(b'a' + self.pen.rng.below(26) as u8)).collect();
        self.pen.info(&Line { subsystem: "lanes", text: "ERROR: lane lost its" });
        self.pen.bytes.pop();
        // Vectors take all that is written to them.
        let _ = writeln!(self.pen.bytes, " {word} lease, {word}Manager failed to renew it");
    }

    /// An error with a number of its own, in one line.
    pub fn numbered(&mut self, number: usize) {
        self.pen.info(&NUMBERED);
        self.pen.bytes.pop();
        let _ = writeln!(self.pen.bytes, "{NUMBER}{number}");
    }

    /// The run ends by itself.
    pub fn crash(&mut self) {
        let (cause, crash): &(Fault, Fault) = &ROOTS[[0, 0, 0, 0, 0, 1, 1, 1, 2, 2][self.below(10) as usize]];
        self.pen.error(cause);
        self.pen.error(crash);
    }

    /// Whole runs, so many of them and each of so many lines, spread over the time until a moment. Who takes them is told
    /// how many lines there were by then.
    pub fn past(&mut self, runs: u64, lines: u64, until: u64, mut take: impl FnMut(&[u8], u64)) {
        const LENGTH: u64 = 8_000_000;
        for run in 0..runs {
            let began = until - (runs - run) * LENGTH;
            self.at(began);
            self.start();
            // Beside those of its beginning and its end.
            let work = lines.saturating_sub(50).max(1);
            for line in 0..work {
                self.at(began + 1_000_000 + line * (LENGTH - 2_000_000) / work);
                if self.below(1000) < 8 { self.error() } else { self.work() }
            }
            self.at(began + LENGTH - 1_000_000);
            self.crash();
            if self.pen.bytes.len() >= 256 << 10 || run + 1 == runs {
                let before = self.lines;
                let more = memchr::memchr_iter(b'\n', &self.pen.bytes).count() as u64;
                self.take(|bytes| take(bytes, before + more));
            }
        }
    }

    /// Hands on what was said since the last time.
    pub fn take(&mut self, mut take: impl FnMut(&[u8])) {
        self.lines += memchr::memchr_iter(b'\n', &self.pen.bytes).count() as u64;
        take(&self.pen.bytes);
        self.pen.bytes.clear();
    }
}

/// Microseconds since 1970.
pub fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
