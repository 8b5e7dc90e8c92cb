//! Other programs: small Node services and a gunicorn application, with their runtimes' own crash output.

use super::log::{Log, Speaker, quoted};
use super::rng::Rng;
use super::time::Time;

/// An error as Node prints it before it exits.
pub struct NodeCrash<'a> {
    /// Where it was thrown, with the source line: the two lines above the caret.
    pub thrown_at: &'a str,
    /// Name and message.
    pub error: &'a str,
    pub frames: &'a [&'a str],
    /// `code: 'X'` and other members, or none.
    pub members: &'a [&'a str],
}

pub const UNHANDLED_EVENT: &str = "node:events:497\n      throw er; // Unhandled 'error' event\n      ^";
pub const UNHANDLED_REJECTION: &str =
    "node:internal/process/promises:394\n      triggerUncaughtException(err, true /* fromPromise */);\n      ^";

impl NodeCrash<'_> {
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n{}", self.thrown_at, self.error);
        for frame in self.frames {
            let indent = if frame.starts_with("Emitted") { "" } else { "    at " };
            text.push_str(&format!("\n{indent}{frame}"));
        }
        if !self.members.is_empty() {
            text.push_str(" {");
            for (i, member) in self.members.iter().enumerate() {
                let comma = if i + 1 < self.members.len() { "," } else { "" };
                text.push_str(&format!("\n  {member}{comma}"));
            }
            text.push_str("\n}");
        }
        text.push_str("\n\nNode.js v22.14.0");
        text
    }
}

/// V8's last words when the heap is full; the process then aborts.
pub fn heap_exhausted(pid: u32, uptime_ms: u64) -> String {
    let gc = |ms: u64, freed: u64| {
        let heap = format!("{}.6 (2084.1) -> {}.9 (2084.6) MB, pooled: 0 MB, 1093.53 / 0.00 ms", 2041, 2041 - freed);
        format!(
            "[{pid}:0x5c2f3e0]   {ms} ms: Mark-Compact {heap}  (average mu = 0.091, current mu = 0.027) allocation \
             failure; scavenge might not succeed"
        )
    };
    let frames = [
        "0xb8d0a3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]",
        "0xf06250 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, char const*, v8::OOMDetails const&) [node]",
        "0xf06537 v8::internal::V8::FatalProcessOutOfMemory(v8::internal::Isolate*, char const*, v8::OOMDetails \
         const&) [node]",
        "0x11180d5  [node]",
        "0x112ff58 v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace, \
         v8::internal::GarbageCollectionReason) [node]",
    ];
    let frames: Vec<String> = frames.iter().zip(1..).map(|(frame, n)| format!(" {n}: {frame}")).collect();
    format!(
        "\n<--- Last few GCs --->\n\n{}\n{}\n\n\n<--- JS stacktrace --->\n\n\
         FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n\
         ----- Native stack trace -----\n\n{}",
        gc(uptime_ms - 1302, 3),
        gc(uptime_ms - 108, 2),
        frames.join("\n"),
    )
}

/// A record of pino: `extra` is members as JSON, with a comma after each.
pub fn pino(time: Time, level: u32, pid: u32, host: &str, name: &str, extra: &str, msg: &str) -> String {
    let head = format!(r#""level":{level},"time":{},"pid":{pid},"hostname":"{host}","name":"{name}""#, time.millis());
    format!(r#"{{{head},{extra}"msg":{}}}"#, quoted(msg))
}

/// A gunicorn master with one worker.
pub struct Gunicorn {
    pub log: Log,
    pub bind: &'static str,
    /// `FILE, line N, in F` and source of the application's own frames, innermost last.
    pub frames: &'static [(&'static str, &'static str)],
    /// The exception as its last line shows it.
    pub error: &'static str,
}

impl Gunicorn {
    /// A run whose worker cannot import the application: returns the moment of the master's exit (status 3).
    pub fn fails_to_boot(&mut self, rng: &mut Rng, spawned: Time, master: u32, worker: u32) -> Time {
        let up = self.comes_up(rng, spawned, master, worker);
        let raised = rng.later(up, 4, 60);
        self.line(raised, worker, "ERROR", "Exception in worker process");
        self.raw(raised, &self.traceback());
        let reason = self.error.split_once(": ").map_or(self.error, |(_, text)| text);
        self.raw(raised.after(2), reason);
        self.line(raised.after(2), worker, "INFO", &format!("Worker exiting (pid: {worker})"));
        let gone = rng.later(raised, 20, 60);
        self.line(gone, master, "ERROR", &format!("Worker (pid:{worker}) exited with code 3."));
        self.line(gone.after(1), master, "ERROR", "Shutting down: Master");
        self.line(gone.after(1), master, "ERROR", "Reason: Worker failed to boot.");
        rng.later(gone, 40, 90)
    }

    fn comes_up(&mut self, rng: &mut Rng, spawned: Time, master: u32, worker: u32) -> Time {
        let up = rng.later(spawned, 130, 320);
        self.line(up, master, "INFO", "Starting gunicorn 23.0.0");
        self.line(up.after(1), master, "INFO", &format!("Listening at: http://{} ({master})", self.bind));
        self.line(up.after(1), master, "INFO", "Using worker: sync");
        self.line(up.after(3), worker, "INFO", &format!("Booting worker with pid: {worker}"));
        up.after(3)
    }

    fn line(&mut self, time: Time, pid: u32, level: &str, text: &str) {
        let line = format!("[{}] [{pid}] [{level}] {text}", time.gunicorn());
        self.raw(time, &line);
    }

    fn raw(&mut self, time: Time, text: &str) {
        self.log.say(time, Speaker { ident: "gunicorn", pid: 0 }, text);
    }

    fn traceback(&self) -> String {
        const LIB: &str = "/srv/venv/lib/python3.12/site-packages/gunicorn";
        let gunicorn = [
            ("arbiter.py\", line 608, in spawn_worker", "worker.init_process()"),
            ("workers/base.py\", line 135, in init_process", "self.load_wsgi()"),
            (
                "workers/base.py\", line 147, in load_wsgi",
                "self.wsgi = self.app.wsgi()\n                ^^^^^^^^^^^^^^^",
            ),
            ("app/base.py\", line 66, in wsgi", "self.callable = self.load()\n                    ^^^^^^^^^^^"),
            (
                "util.py\", line 370, in import_app",
                "mod = importlib.import_module(module)\n          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
            ),
        ];
        let mut text = "Traceback (most recent call last):".to_owned();
        for (place, source) in gunicorn {
            text.push_str(&format!("\n  File \"{LIB}/{place}\n    {source}"));
        }
        text.push_str("\n  File \"<frozen importlib._bootstrap>\", line 1387, in _gcd_import");
        for (place, source) in self.frames {
            text.push_str(&format!("\n  File {place}\n    {source}"));
        }
        text.push_str(&format!("\n{}", self.error));
        text
    }
}
