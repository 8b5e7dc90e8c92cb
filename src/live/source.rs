//! What bytes come from while the program runs: standard input, named pipes, and commands that are kept running.
//!
//! Each has a thread of its own that waits for it. What it read goes through one bounded queue, so a writer that is faster
//! than we are waits, and nothing is lost.

use crate::input::decode::{self, Opened};
use crate::input::sniff::{self, Content};
use crossbeam_channel::Sender;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Parcels that wait between the readers and the one who scans.
pub const QUEUE: usize = 64;
/// Read at a time.
const STEP: usize = 64 << 10;
/// So long the first bytes of a pipe may take to tell what they are.
const FIRST: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// A command that ended is started again after so long, twice as long each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// One that ran for so long did not fail at once.
const LONG_RUN: Duration = Duration::from_secs(60);
/// Lines of a command's standard error that are told, for each of its runs.
const MAX_COMPLAINTS: usize = 20;

/// Something for the one who scans.
#[derive(Debug)]
pub enum Parcel {
    Bytes {
        pipe: usize,
        bytes: Vec<u8>,
        at: Instant,
    },
    /// No more will come from it.
    Ended {
        pipe: usize,
        how: Ending,
    },
    /// To be told: about what, and what.
    Note {
        about: String,
        what: String,
    },
    Signal(i32),
    /// The user wants to end it.
    Quit,
}

/// How a pipe ended.
#[derive(Debug)]
pub enum Ending {
    Whole,
    Broken(io::Error),
    /// What it is, and what to do about it.
    Refused(String, String),
}

/// What a pipe is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Stdin,
    /// A named pipe or a descriptor.
    Pipe(PathBuf),
    /// A shell command that is kept running.
    Command(String),
}

impl Source {
    /// Its name in reports.
    pub fn path(&self) -> String {
        match self {
            Source::Stdin => "-".into(),
            Source::Pipe(path) => path.display().to_string(),
            Source::Command(command) => command.clone(),
        }
    }
}

/// The readers of all pipes. Commands end with it.
#[derive(Debug, Default)]
pub struct Readers {
    stopped: Arc<AtomicBool>,
    children: Arc<Mutex<Vec<u32>>>,
}

impl Readers {
    /// Starts to read.
    pub fn start(&self, pipe: usize, source: Source, parcels: Sender<Parcel>) -> io::Result<()> {
        let (stopped, children) = (Arc::clone(&self.stopped), Arc::clone(&self.children));
        let thread = std::thread::Builder::new().name(format!("reader {pipe}"));
        thread.spawn(move || {
            let reader = Reader { pipe, path: source.path(), parcels, stopped, children };
            let result = match source {
                Source::Stdin => reader.read_pipe(io::stdin()),
                Source::Pipe(path) => File::open(path).and_then(|file| reader.read_pipe(file)),
                Source::Command(command) => {
                    reader.keep_running(&command);
                    Ok(Ending::Whole)
                }
            };
            let how = result.unwrap_or_else(Ending::Broken);
            // Nobody listens once all is over.
            let _ = reader.parcels.send(Parcel::Ended { pipe, how });
        })?;
        Ok(())
    }

    /// Ends the commands.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for child in self.children.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            end_group(child);
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A command may be several processes; it was given a group of its own.
fn end_group(child: u32) {
    if let Some(pid) = i32::try_from(child).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process_group(pid, Signal::TERM);
    }
}

struct Reader {
    pipe: usize,
    path: String,
    parcels: Sender<Parcel>,
    stopped: Arc<AtomicBool>,
    children: Arc<Mutex<Vec<u32>>>,
}

impl Reader {
    fn note(&self, what: String) {
        let _ = self.parcels.send(Parcel::Note { about: self.path.clone(), what });
    }

    /// Hands on bytes; false if nobody takes them any more.
    fn hand_on(&self, bytes: Vec<u8>) -> bool {
        let parcel = Parcel::Bytes { pipe: self.pipe, bytes, at: Instant::now() };
        self.parcels.send(parcel).is_ok()
    }

    fn read_pipe<S: Read + AsFd>(&self, mut source: S) -> io::Result<Ending> {
        crate::input::widen(&source);
        let first = first_bytes(&mut source)?;
        match sniff::content(&first) {
            Content::Empty | Content::Text | Content::Mixed | Content::Folded(_) => {
                if !first.is_empty() && self.hand_on(first) {
                    self.read_on(source)?;
                }
            }
            _ => match decode::open(io::Cursor::new(first).chain(source))? {
                Opened::Text(text) => self.read_on(text)?,
                Opened::Archive(_) => {
                    return Ok(Ending::Refused("an archive cannot be followed".into(), "analyze it instead".into()));
                }
                Opened::Refused(what, help) => return Ok(Ending::Refused(what, help)),
            },
        }
        Ok(Ending::Whole)
    }

    fn read_on(&self, mut source: impl Read) -> io::Result<()> {
        let mut buffer = vec![0; STEP];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    if !self.hand_on(buffer[..count].to_vec()) {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs a command, and again when it ends.
    fn keep_running(&self, command: &str) {
        let mut wait = FIRST_WAIT;
        while !self.stopped.load(Ordering::SeqCst) {
            let began = Instant::now();
            let how = match self.run_once(command) {
                Ok(status) => format!("the command ended ({status})"),
                Err(error) => format!("the command could not be run: {error}"),
            };
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            if began.elapsed() >= LONG_RUN {
                wait = FIRST_WAIT;
            }
            self.note(format!("{how}; it is started again in {} s", wait.as_secs()));
            let until = Instant::now() + wait;
            while Instant::now() < until && !self.stopped.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn run_once(&self, command: &str) -> io::Result<std::process::ExitStatus> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let id = child.id();
        self.children.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        if self.stopped.load(Ordering::SeqCst) {
            end_group(id);
        }
        let result = self.read_child(&mut child);
        self.children.lock().unwrap_or_else(PoisonError::into_inner).retain(|child| *child != id);
        result?;
        child.wait()
    }

    fn read_child(&self, child: &mut Child) -> io::Result<()> {
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let lines = errors.map(BufReader::new).into_iter().flat_map(|errors| errors.split(b'\n'));
                for (at, line) in lines.map_while(Result::ok).enumerate() {
                    // Read to the end, or the command would wait for it.
                    if at < MAX_COMPLAINTS {
                        self.note(String::from_utf8_lossy(&line).trim_end().to_string());
                    }
                }
            });
            output.map_or(Ok(()), |output| self.read_on(output))
        })
    }
}

/// What a pipe gives at once, as far as it takes to see what it is.
fn first_bytes<S: Read + AsFd>(source: &mut S) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; STEP];
    let mut filled = 0;
    loop {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if filled >= sniff::SNIFF_BYTES {
            break;
        }
        let mut ready = [PollFd::new(source, PollFlags::IN)];
        if poll(&mut ready, Some(&FIRST)).unwrap_or(0) == 0 {
            break;
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
