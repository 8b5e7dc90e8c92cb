//! `relapse watch` and what it meets outside: a terminal, a browser, receivers of alerts, managers of processes.
//!
//! A part that the machine lacks makes its test skip with a word, or fail where `RELAPSE_TEST_ALL` is set.

mod browser;
mod dashboard;
mod endpoints;
mod managers;
mod page;
mod receivers;
mod slow_receivers;

use crate::support::{Place, command, repository};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// So long anything may take on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);
/// What is waited for is looked at so often.
const GLANCE: Duration = Duration::from_millis(20);

/// Looks until there is something.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(GLANCE);
    }
}

/// A program that a test needs: from what `.ci/run` installed, or the machine's. None where there is none.
#[track_caller]
fn part(program: &str) -> Option<PathBuf> {
    let own = ["python/bin", "node_modules/.bin"].map(|folder| repository().join("target/tools").join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = own.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(program));
    let found = found.into_iter().find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("RELAPSE_TEST_ALL").is_none(), "{program} is missing; .ci/run installs it");
        // Not by `println!`, which is shown for tests that fail.
        let _ = writeln!(io::stderr(), "skipped, for there is no {program}");
    }
    found
}

/// A process with all that it starts; both are gone when this is.
struct Group(Child);

impl Group {
    #[track_caller]
    fn start(command: &mut Command) -> Group {
        Group(command.process_group(0).spawn().expect("the command starts"))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Waits for its end by itself.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        until("the end of a process", || self.0.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Text that a thread gathers.
#[derive(Clone, Default)]
struct Gathered(Arc<Mutex<String>>);

impl Gathered {
    fn from(source: impl Read + Send + 'static) -> Gathered {
        let gathered = Gathered::default();
        let to = gathered.clone();
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = String::new();
            while source.read_line(&mut line).is_ok_and(|count| count > 0) {
                to.0.lock().expect("nobody panicked").push_str(&std::mem::take(&mut line));
            }
        });
        gathered
    }

    fn text(&self) -> String {
        self.0.lock().expect("nobody panicked").clone()
    }
}

/// A watch that runs.
struct Watch {
    group: Group,
    input: Option<ChildStdin>,
    output: Gathered,
    errors: Gathered,
}

impl Watch {
    /// Starts `relapse watch`, all its times in UTC.
    #[track_caller]
    fn start(place: &Place, arguments: &[&str]) -> Watch {
        let mut command = command(place.path(), &["watch", "--tz", "UTC"]);
        command.args(arguments).env("NO_PROXY", "*");
        let mut group = Group::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
        let (input, output, errors) = (group.0.stdin.take(), group.0.stdout.take(), group.0.stderr.take());
        let output = Gathered::from(output.expect("its output is a pipe"));
        let errors = Gathered::from(errors.expect("its errors are a pipe"));
        Watch { group, input, output, errors }
    }

    #[track_caller]
    fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(text.as_bytes()).expect("it reads");
    }

    /// Where its page is.
    #[track_caller]
    fn address(&self) -> String {
        until("the address of the page", || {
            let errors = self.errors.text();
            let address = errors.lines().find_map(|line| line.strip_prefix("relapse: ")?.strip_suffix('/'))?;
            address.starts_with("http://").then(|| address.to_string())
        })
    }

    /// The whole lines of its output.
    fn lines(&self) -> Vec<String> {
        self.output.text().lines().map(Into::into).collect()
    }

    /// The objects of a kind that it printed.
    #[track_caller]
    fn objects(&self, kind: &str) -> Vec<Value> {
        let objects = self.lines().into_iter().map(|line| serde_json::from_str(&line).expect("an object a line"));
        objects.filter(|object: &Value| object["kind"] == kind).collect()
    }

    /// Waits until its output holds this.
    #[track_caller]
    fn wait_for(&self, words: &str) {
        let began = Instant::now();
        while !self.output.text().contains(words) {
            let (output, errors) = (self.output.text(), self.errors.text());
            assert!(began.elapsed() < DEADLINE, "no {words:?} in {output}\n{errors}");
            std::thread::sleep(GLANCE);
        }
    }

    /// Asks for its end, and waits for it.
    #[track_caller]
    fn finish(&mut self) -> ExitStatus {
        kill_process(self.group.pid(), Signal::TERM).expect("it runs");
        self.end()
    }

    /// Ends its input, and waits for its end.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        self.input = None;
        self.group.end()
    }
}

/// A moment as supervisord writes it.
fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S,%3f").to_string()
}

fn seconds_ago(seconds: f64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs_f64(seconds)
}

/// A run of `payments` under supervisord that does not find a module, and ends, so many seconds ago.
fn failed_run(ago: f64, pid: u32) -> String {
    let at = |after: f64| stamp(seconds_ago(ago - after));
    format!(
        "{} INFO spawned: 'payments' with pid {pid}\n\
         {} ERROR [payments] Error: Cannot find module './policy.js'\n\
         {} WARN exited: payments (exit status 1; not expected)\n",
        at(0.0),
        at(0.2),
        at(0.4),
    )
}

/// So many of them one after the other until now: one restart fewer.
fn crash_loop(runs: u32) -> String {
    (0..runs).map(|run| failed_run(f64::from(runs - run) * 2.0, 800 + run)).collect()
}

/// One that is ready now, and is another restart.
fn ready_run() -> String {
    let now = stamp(Timestamp::now());
    format!("{now} INFO spawned: 'payments' with pid 999\n{now} INFO [payments] server listening on 127.0.0.1:8080\n")
}
