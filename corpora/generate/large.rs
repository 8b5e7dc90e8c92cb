//! Large corpora for speed: one gateway that crashes every 7 to 10 seconds of log time, in any wanted size.
//!
//! What is known of their truth, whatever the kind, the size and the seed:
//! - Verdict crash-loop. No run becomes ready: `[gateway] ready` is never said. Every whole run has 12 lines of boot, then
//!   plugins and work (105 records with the last words), and ends by itself with exactly one `Unhandled promise
//!   rejection:` or `Uncaught exception:`; only the cut at the end can leave the last run unfinished.
//! - Starts are the lines with `loading configuration`; restarts are one fewer. In `log-stream` they are also the lines
//!   with `Successfully spawned`, in `journald` those with `Started openclaw-gateway`; manager and program tell of the
//!   same starts, but for the cut.
//! - Root causes, drawn anew for each run: `plugin-init-401` in half of the runs (with SQLITE_CANTOPEN as the fatal
//!   symptom), `port-in-use` in three of ten, `hook-file-missing` in two of ten.
//! - All other errors (stacks of 6 to 12 lines) are handled: they come at random in any run and end none. Errors are
//!   some 2 % of the lines, in `storm` half of the records.

use std::io::{self, Write};

use super::large_pen::{Pen, Style};
use super::large_text::{BOOT, Fault, HANDLED, PLUGINS, REGISTERED, ROOTS, WORK};

/// What a kind of large corpus is, beside its size.
struct Kind {
    name: &'static str,
    style: Style,
    /// Errors among a thousand records between boot and crash.
    errors: u64,
}

const KINDS: [Kind; 5] = [
    Kind { name: "text", style: Style::Text, errors: 8 },
    Kind { name: "ndjson", style: Style::Ndjson, errors: 8 },
    Kind { name: "log-stream", style: Style::LogStream, errors: 8 },
    Kind { name: "journald", style: Style::Journald, errors: 8 },
    Kind { name: "storm", style: Style::Text, errors: 560 },
];

/// Records of a run between boot and crash: one for each plugin, the rest work.
const RECORDS: usize = 91;

/// Bytes kept before they are written: large enough for whole runs, small enough for the cache.
const PAGE: usize = 512 * 1024;

/// Writes a corpus of the kind, cut after the last whole line within `bytes`.
pub fn large(kind: &str, bytes: u64, seed: u64, out: &mut dyn Write) -> io::Result<()> {
    let Some(kind) = KINDS.iter().find(|known| known.name == kind) else {
        let names = KINDS.map(|known| known.name).join(", ");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("no kind '{kind}'; there are {names}")));
    };
    let mut pen = Pen::new(kind.style, seed);
    let mut left = bytes as usize;
    pen.preamble();
    loop {
        while pen.bytes.len() < PAGE {
            run(&mut pen, kind.errors);
        }
        if pen.bytes.len() >= left {
            let whole = pen.bytes[..left].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            return out.write_all(&pen.bytes[..whole]);
        }
        out.write_all(&pen.bytes)?;
        left -= pen.bytes.len();
        pen.bytes.clear();
    }
}

/// One run, from the manager's start to its line about the end.
fn run(pen: &mut Pen, errors: u64) {
    let length = pen.rng.between(7_000_000, 10_000_000);
    // The last second and a half belong to the manager; a random walk of this pace ends well before it.
    let pace = (length - 1_500_000) * 2 / 105;
    let start = pen.now;
    pen.spawned();
    for line in &BOOT {
        pen.pass(pace);
        pen.info(line);
    }
    for record in 0..RECORDS {
        pen.pass(pace);
        if pen.rng.below(1000) < errors {
            let fault: &Fault = pen.rng.pick(&HANDLED);
            pen.error(fault);
        } else if let Some(plugin) = PLUGINS.get(record) {
            pen.plugin(plugin, &REGISTERED);
        } else {
            let line = pen.rng.pick(&WORK);
            pen.info(line);
        }
    }
    let (cause, crash) = &ROOTS[[0, 0, 0, 0, 0, 1, 1, 1, 2, 2][pen.rng.below(10) as usize]];
    pen.pass(pace);
    pen.error(cause);
    pen.pass(9_000);
    pen.error(crash);
    pen.pass(60_000);
    pen.exited(pen.now - start);
    pen.now = pen.now.max(start + length);
}
