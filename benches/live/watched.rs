//! `relapse watch` as a process, with a pipe on each side and a thread that reads what it prints.

use relapse::diagnosis::Diagnosis;
use serde::Deserialize;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sees each line that the watch prints and the moment at which it was read.
pub type Eye = Box<dyn FnMut(&[u8], Instant) + Send>;

pub struct Watched {
    child: Child,
    /// None once it was closed, or where a file is followed.
    pub input: Option<ChildStdin>,
    /// Lines that it printed.
    pub printed: Arc<AtomicU64>,
    reader: JoinHandle<io::Result<Vec<u8>>>,
}

#[derive(Deserialize)]
struct Last {
    diagnosis: Diagnosis,
}

impl Watched {
    /// Watches a file, or what is written to it.
    pub fn start(file: Option<&Path>, arguments: &[&str], eye: Eye) -> Watched {
        let mut command = Command::new(program());
        command.args(["watch", "--format", "ndjson"]).args(arguments).args(file);
        Watched::run(command.stdin(if file.is_none() { Stdio::piped() } else { Stdio::null() }), eye)
    }

    /// Any program that reads and prints.
    pub fn run(command: &mut Command, mut eye: Eye) -> Watched {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut output = child.stdout.take().expect("a pipe");
        let printed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&printed);
        let reader = std::thread::spawn(move || {
            let (mut buffer, mut line) = (vec![0; 256 << 10], Vec::new());
            loop {
                let read = output.read(&mut buffer)?;
                let at = Instant::now();
                if read == 0 {
                    return Ok(line);
                }
                for piece in buffer[..read].split_inclusive(|&byte| byte == b'\n') {
                    if line.last() == Some(&b'\n') {
                        line.clear();
                    }
                    line.extend_from_slice(piece);
                    if piece.ends_with(b"\n") {
                        count.fetch_add(1, Ordering::Relaxed);
                        eye(&line, at);
                    }
                }
            }
        });
        Watched { input: child.stdin.take(), child, printed, reader }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn printed(&self) -> u64 {
        self.printed.load(Ordering::Relaxed)
    }

    /// Asks it to end where its input does not.
    pub fn ask_to_end(&mut self) {
        self.input = None;
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    }

    /// Ends its input, waits for it, and gives its last line.
    pub fn last_line(mut self) -> Vec<u8> {
        self.input = None;
        let line = self.reader.join().expect("the reader goes on").expect("its output can be read");
        self.child.wait().expect("it ends");
        line
    }

    pub fn end(self) -> Diagnosis {
        let line = self.last_line();
        let last: Result<Last, _> = serde_json::from_slice(&line);
        last.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&line[..line.len().min(500)])))
            .diagnosis
    }
}

/// The one that was built, or another one to compare it with.
pub fn program() -> String {
    super::text("--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_relapse").into())
}

pub fn lines(diagnosis: &Diagnosis) -> u64 {
    diagnosis.inputs.iter().map(|input| input.lines).sum()
}

pub fn restarts(diagnosis: &Diagnosis) -> u64 {
    diagnosis.services.iter().map(|service| service.restarts).sum()
}

/// Waits until something holds, or says what it waited for.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} for two minutes");
        std::thread::sleep(Duration::from_millis(2));
    }
}
