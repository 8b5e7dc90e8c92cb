//! Formats the records of the large corpora into one reused buffer, without an allocation a line.

use super::large_text::{Fault, Line};
use super::rng::Rng;
use super::time::Time;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// OpenClaw's console
    Text,
    /// OpenClaw's file log (tslog)
    Ndjson,
    /// `log stream`, default style, with launchd's own records
    LogStream,
    /// `journalctl -o short-iso`, with systemd's own records
    Journald,
}

pub struct Pen {
    pub bytes: Vec<u8>,
    pub rng: Rng,
    /// Microseconds since 1970.
    pub now: u64,
    style: Style,
    pid: u32,
    /// Starts so far.
    starts: u64,
    /// The message in the making: some styles write it twice, or line by line.
    message: Vec<u8>,
    /// `2026-02-01T00:00:00` of `second`: most records share it with the one before.
    stamp: [u8; 19],
    second: u64,
}

impl Pen {
    pub fn new(style: Style, seed: u64) -> Self {
        Self {
            bytes: Vec::with_capacity(1024 * 1024),
            rng: Rng::new(seed),
            now: Time::february(1, 0, 0, 0).micros(),
            style,
            pid: 2000,
            starts: 0,
            message: Vec::with_capacity(4096),
            stamp: [0; 19],
            second: 0,
        }
    }

    /// The lines that `log stream` prints before its first record.
    pub fn preamble(&mut self) {
        if self.style == Style::LogStream {
            self.put("Filtering the log data using \"process == \"node\" OR process == \"launchd\"\"\n");
            self.put("Timestamp                       Thread     Type        Activity             PID    TTL  \n");
        }
    }

    /// Lets up to `micros` pass.
    pub fn pass(&mut self, micros: u64) {
        self.now += self.rng.below(micros);
    }

    /// A start, with the manager's lines where the style shows it.
    pub fn spawned(&mut self) {
        let next = self.pid + self.rng.between(4, 40) as u32;
        self.pid = if next > 98_000 { 301 } else { next };
        match self.style {
            Style::LogStream => {
                self.launchd_head(false);
                self.put("Successfully spawned node[");
                self.number(u64::from(self.pid));
                self.put("] because semaphore\n");
            }
            Style::Journald => self.systemd_restart(),
            Style::Text | Style::Ndjson => {}
        }
        self.starts += 1;
    }

    /// The end as the manager tells it, after `ran` microseconds of run.
    pub fn exited(&mut self, ran: u64) {
        match self.style {
            Style::LogStream => {
                self.launchd_head(true);
                self.put("exited due to exit(1), ran for ");
                self.number(ran / 1000);
                self.put("ms\n");
            }
            Style::Journald => {
                self.systemd("openclaw-gateway.service: Main process exited, code=exited, status=1/FAILURE");
                self.systemd("openclaw-gateway.service: Failed with result 'exit-code'.");
            }
            Style::Text | Style::Ndjson => {}
        }
    }

    pub fn info(&mut self, line: &Line) {
        self.message.clear();
        self.compose(line.text);
        self.record(line.subsystem, false);
    }

    /// A line about a plugin, whose name stands before the text.
    pub fn plugin(&mut self, name: &str, line: &Line) {
        self.message.clear();
        self.message.extend_from_slice(name.as_bytes());
        self.compose(line.text);
        self.record(line.subsystem, false);
    }

    /// An error, with a stack where it has one.
    pub fn error(&mut self, fault: &Fault) {
        self.message.clear();
        self.compose(fault.line.text);
        if !fault.frames.is_empty() {
            for depth in 0..self.rng.between(6, 13) as usize {
                self.message.extend_from_slice(b"\n    at ");
                self.compose(fault.frames[depth % fault.frames.len()]);
            }
        }
        self.record(fault.line.subsystem, true);
    }

    /// Text into the message, `#` becoming a number and `@` eight hexadecimal digits.
    fn compose(&mut self, text: &str) {
        for part in text.split_inclusive(['#', '@']) {
            let bytes = part.as_bytes();
            match bytes.last() {
                Some(b'#') => {
                    self.message.extend_from_slice(&bytes[..bytes.len() - 1]);
                    let number = self.rng.between(1, 9999);
                    push_number(&mut self.message, number);
                }
                Some(b'@') => {
                    self.message.extend_from_slice(&bytes[..bytes.len() - 1]);
                    let id = self.rng.draw();
                    push_hex(&mut self.message, id);
                }
                _ => self.message.extend_from_slice(bytes),
            }
        }
    }

    fn record(&mut self, subsystem: &str, error: bool) {
        match self.style {
            Style::Text => {
                self.time_ms();
                self.put("+00:00 [");
                self.put(subsystem);
                self.put("] ");
                self.bytes.extend_from_slice(&self.message);
                self.put("\n");
            }
            Style::Ndjson => self.tslog(subsystem, error),
            Style::LogStream => {
                self.log_stream_head(if error { "Error       " } else { "Default     " }, self.pid);
                self.put("node: [ai.openclaw.gateway:");
                self.put(subsystem);
                self.put("] ");
                self.bytes.extend_from_slice(&self.message);
                self.put("\n");
            }
            Style::Journald => self.journald(subsystem),
        }
    }

    fn tslog(&mut self, subsystem: &str, error: bool) {
        // The message stands in the record twice, escaped; texts have no quotes, only line ends need it.
        let escape = |bytes: &mut Vec<u8>, message: &[u8]| {
            for (index, line) in message.split(|byte| *byte == b'\n').enumerate() {
                if index > 0 {
                    bytes.extend_from_slice(b"\\n");
                }
                bytes.extend_from_slice(line);
            }
        };
        let bare = subsystem == "openclaw";
        self.put(if bare { "{\"0\":\"[" } else { "{\"0\":\"{\\\"subsystem\\\":\\\"" });
        self.put(subsystem);
        self.put(if bare { "] " } else { "\\\"}\",\"1\":\"" });
        escape(&mut self.bytes, &self.message);
        self.put("\",\"_meta\":{\"runtime\":\"node\",\"runtimeVersion\":\"24.4.1\",\"hostname\":\"gw-07\",\"date\":\"");
        self.time_ms();
        self.put(if error {
            "Z\",\"logLevelId\":5,\"logLevelName\":\"ERROR\""
        } else {
            "Z\",\"logLevelId\":3,\"logLevelName\":\"INFO\""
        });
        self.put(if bare { ",\"name\":\"" } else { ",\"name\":\"{\\\"subsystem\\\":\\\"" });
        self.put(subsystem);
        self.put(if bare { "\"},\"time\":\"" } else { "\\\"}\",\"parentNames\":[\"openclaw\"]},\"time\":\"" });
        self.time_ms();
        self.put("+00:00\",\"hostname\":\"gw-07\",\"message\":\"");
        if bare {
            self.put("[openclaw] ");
        }
        escape(&mut self.bytes, &self.message);
        self.put("\"}\n");
    }

    /// Each line of a record gets a head of its own, as journald does it.
    fn journald(&mut self, subsystem: &str) {
        let message = std::mem::take(&mut self.message);
        for (index, line) in message.split(|byte| *byte == b'\n').enumerate() {
            self.journald_head("node", self.pid);
            if index == 0 {
                self.put("[");
                self.put(subsystem);
                self.put("] ");
            }
            self.bytes.extend_from_slice(line);
            self.put("\n");
        }
        self.message = message;
    }

    fn systemd_restart(&mut self) {
        if self.starts > 0 {
            self.journald_head("systemd", 1);
            self.put("openclaw-gateway.service: Scheduled restart job, restart counter is at ");
            self.number(self.starts);
            self.put(".\n");
            self.systemd("Stopped openclaw-gateway.service - OpenClaw Gateway.");
        }
        self.systemd("Started openclaw-gateway.service - OpenClaw Gateway.");
    }

    fn systemd(&mut self, text: &str) {
        self.journald_head("systemd", 1);
        self.put(text);
        self.put("\n");
    }

    fn journald_head(&mut self, ident: &str, pid: u32) {
        self.tick();
        self.bytes.extend_from_slice(&self.stamp);
        self.put("+00:00 gw-07 ");
        self.put(ident);
        self.put("[");
        self.number(u64::from(pid));
        self.put("]: ");
    }

    /// launchd names the job in the subsystem, with the pid where it speaks of a process.
    fn launchd_head(&mut self, of_process: bool) {
        self.log_stream_head("Default     ", 1);
        self.put("launchd: [gui/502/ai.openclaw.gateway");
        if of_process {
            self.put(" [");
            self.number(u64::from(self.pid));
            self.put("]");
        }
        self.put(":] ");
    }

    fn log_stream_head(&mut self, kind: &str, pid: u32) {
        self.tick();
        self.stamp[10] = b' ';
        self.bytes.extend_from_slice(&self.stamp);
        self.stamp[10] = b'T';
        self.put(".");
        push_padded(&mut self.bytes, self.now % 1_000_000, 6);
        self.put("+0000 0x1f3a2b   ");
        self.put(kind);
        self.put("0x0                  ");
        let before = self.bytes.len();
        self.number(u64::from(pid));
        self.bytes.resize((before + 7).max(self.bytes.len() + 1), b' ');
        self.put("0    ");
    }

    /// `2026-02-01T00:00:00.000`
    fn time_ms(&mut self) {
        self.tick();
        self.bytes.extend_from_slice(&self.stamp);
        self.put(".");
        push_padded(&mut self.bytes, self.now / 1000 % 1000, 3);
    }

    /// Brings the stamp up to date.
    fn tick(&mut self) {
        let second = self.now / 1_000_000;
        if second == self.second {
            return;
        }
        self.second = second;
        let text = Time::february(1, 0, 0, 0).after_micros(self.now - Time::february(1, 0, 0, 0).micros()).pm2();
        self.stamp.copy_from_slice(text.as_bytes());
    }

    fn put(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        push_number(&mut self.bytes, number);
    }
}

fn push_number(bytes: &mut Vec<u8>, number: u64) {
    let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
    push_padded(bytes, number, width);
}

/// The last `width` digits, with leading zeros.
fn push_padded(bytes: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    bytes.extend_from_slice(&digits[..width]);
}

fn push_hex(bytes: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 8];
    for digit in &mut digits {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
    bytes.extend_from_slice(&digits);
}
