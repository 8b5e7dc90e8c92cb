//! A command that is told of an alert on its standard input.

use crate::live::Alert;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How much of what it says on its standard error is kept.
const MAX_STDERR: usize = 4096;
/// The longest value in its environment.
const MAX_VALUE: usize = 1000;
/// How long after its end a command's standard error is waited for: a process that it left behind may hold it open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The longest time between two looks at whether it ended.
const MAX_LOOK: Duration = Duration::from_millis(25);

/// `sh -c command` with the alert on its standard input. `must_end` is asked again and again: it may come closer.
pub(super) fn tell(
    command: &str,
    alert: &Alert,
    timeout: Duration,
    must_end: impl Fn() -> Option<Instant>,
) -> Result<(), String> {
    let mut input = serde_json::to_vec(alert).map_err(|error| format!("the alert makes no JSON: {error}"))?;
    input.push(b'\n');
    let mut shell = Command::new("sh");
    // What the log says goes through the pipe and the environment only, never into the command line.
    shell
        .arg("-c")
        .arg(command)
        .env("RELAPSE_STATUS", alert.status.word())
        .env("RELAPSE_SERVICE", value(&alert.service))
        .env("RELAPSE_ID", value(&alert.id));
    run(shell, input, timeout, must_end)
}

/// The text as it may stand in an environment: no NUL, which would end it, nor other control characters.
fn value(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_VALUE).collect()
}

/// Runs it to its end. Its standard output goes nowhere. An error is a part of a sentence: what it did.
pub(super) fn run(
    mut command: Command,
    input: Vec<u8>,
    timeout: Duration,
    must_end: impl Fn() -> Option<Instant>,
) -> Result<(), String> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| format!("could not be started: {error}"))?;
    let stdin = child.stdin.take();
    // In a thread, because a command that does not read would block it. Its errors are no problem: nobody has to read.
    let writer = thread::Builder::new().name("relapse-exec-in".into()).spawn(move || {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&input);
        }
    });
    let stderr = LastWords::of(&mut child);
    if let Err(error) = writer {
        end(&mut child);
        return Err(format!("could not be told: {error}"));
    }
    let status = match wait(&mut child, timeout, must_end) {
        Ok(status) => status,
        Err(why) => {
            end(&mut child);
            return Err(stderr.after(why));
        }
    };
    if status.success() { Ok(()) } else { Err(stderr.after(how(status))) }
}

fn wait(child: &mut Child, timeout: Duration, must_end: impl Fn() -> Option<Instant>) -> Result<ExitStatus, String> {
    let began = Instant::now();
    let mut look = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(format!("could not be waited for: {error}")),
        }
        if began.elapsed() >= timeout {
            return Err(format!("did not end within {timeout:?} and was killed"));
        }
        if must_end().is_some_and(|end| Instant::now() >= end) {
            return Err("had not ended when relapse did, and was killed".to_string());
        }
        thread::sleep(look);
        look = (look * 2).min(MAX_LOOK);
    }
}

/// Kills it and whatever it started in its process group, and reaps it.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}

fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    match status.code() {
        Some(code) => format!("ended with status {code}"),
        None => "failed".to_string(),
    }
}

/// What a command says on its standard error: all of it is read, so that it is not held up, and the end is kept.
struct LastWords {
    kept: Arc<Mutex<Vec<u8>>>,
    all: mpsc::Receiver<()>,
}

impl LastWords {
    fn of(child: &mut Child) -> LastWords {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (said_all, all) = mpsc::channel();
        let into = Arc::clone(&kept);
        if let Some(mut stderr) = child.stderr.take() {
            // Without a thread for it the pipe is closed at once.
            let _ = thread::Builder::new().name("relapse-exec-err".into()).spawn(move || {
                let mut buffer = [0; 1024];
                while let Ok(len @ 1..) = stderr.read(&mut buffer) {
                    let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend(buffer.iter().take(len));
                    let over = kept.len().saturating_sub(MAX_STDERR);
                    kept.drain(..over);
                }
                let _ = said_all.send(());
            });
        }
        LastWords { kept, all }
    }

    /// What happened, and the last line it said.
    fn after(&self, what: String) -> String {
        let _ = self.all.recv_timeout(LAST_WORDS);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        match text.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(line) => format!("{what}: {}", crate::live::delivery::shapes::plain(line.trim(), 300)),
            None => what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::alert::Turn;
    use crate::live::delivery::tests::alert;

    const LONG: Duration = Duration::from_secs(60);

    fn never() -> Option<Instant> {
        None
    }

    #[test]
    fn it_gets_the_alert_and_its_environment() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let mut hostile = (*alert("7$(id)", Turn::Resolved)).clone();
        hostile.service = "pay\0ments; `touch x`\n".into();
        let command = format!(
            "cat > {out}; printf '%s|%s|%s' \"$RELAPSE_STATUS\" \"$RELAPSE_SERVICE\" \"$RELAPSE_ID\" >> {out}",
            out = out.display()
        );
        tell(&command, &hostile, LONG, never).unwrap();
        let text = std::fs::read_to_string(out).unwrap();
        let (json, environment) = text.split_once('\n').unwrap();
        assert_eq!(serde_json::from_str::<Alert>(json).unwrap(), hostile);
        assert_eq!(environment, "resolved|payments; `touch x`|7$(id)");
    }

    #[test]
    fn one_that_does_not_read_is_no_problem() {
        let mut long = (*alert("a", Turn::Firing)).clone();
        long.summary = "x".repeat(1 << 20);
        tell("exec <&-; sleep 0.1; exit 0", &long, LONG, never).unwrap();
        tell("sleep 0.1", &long, LONG, never).unwrap();
    }

    #[test]
    fn one_that_hangs_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let command = format!("sleep 300 & echo $! > {}; echo too slow >&2; wait", pid.display());
        let began = Instant::now();
        let error = tell(&command, &alert("a", Turn::Firing), Duration::from_millis(500), never).unwrap_err();
        assert_eq!(error, "did not end within 500ms and was killed: too slow");
        assert!(began.elapsed() < Duration::from_secs(20));
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let dead = |_| {
            thread::sleep(Duration::from_millis(10));
            // A zombie that nobody reaps, as in a container without an init, is dead too.
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            rustix::process::test_kill_process(pid).is_err() || stat.contains(") Z ")
        };
        assert!((0..500).any(dead), "its child is still there");
    }

    #[test]
    fn one_that_must_end_is_killed() {
        let end = Instant::now();
        let error = tell("sleep 300", &alert("a", Turn::Firing), LONG, || Some(end)).unwrap_err();
        assert_eq!(error, "had not ended when relapse did, and was killed");
    }

    #[test]
    fn one_that_fails_says_why() {
        let error = tell("seq 1 5000 >&2; echo no route >&2; exit 3", &alert("a", Turn::Firing), LONG, never);
        assert_eq!(error.unwrap_err(), "ended with status 3: no route");
        let error = tell("kill -9 $$", &alert("a", Turn::Firing), LONG, never);
        assert_eq!(error.unwrap_err(), "was ended by signal 9");
    }
}
