//! Service managers: what launchd, supervisord, pm2 and systemd write, and how long each waits before a new start.

use super::log::{Envelope, Log, Speaker};
use super::rng::Rng;
use super::time::Time;

/// macOS' launchd, in its own `launchd.log` form.
pub struct Launchd {
    pub log: Log,
    /// `gui/UID`
    pub domain: &'static str,
    pub label: &'static str,
    pub program: &'static str,
    /// `ThrottleInterval` of the job: a run shorter than this is made up to it by a pause.
    pub throttle_s: u64,
}

impl Launchd {
    pub fn line(&mut self, time: Time, pid: Option<u32>, text: &str) {
        let pid = pid.map_or(String::new(), |pid| format!(" [{pid}]"));
        let head = format!("{} ({}/{}{pid}) <Notice>:", time.launchd(), self.domain, self.label);
        self.log.put(time, format!("{head} {text}"));
    }

    /// `reason` is launchd's: `speculative` at load, `semaphore` for KeepAlive, `inefficient` after a pause.
    pub fn spawn(&mut self, time: Time, pid: u32, reason: &str) {
        self.line(time, Some(pid), &format!("xpcproxy spawned with pid {pid}"));
        let text = format!("Successfully spawned {}[{pid}] because {reason}", self.program);
        self.line(time.after_micros(6_400), None, &text);
    }

    /// Writes the end of a run; returns when the next one starts, and launchd's reason for it.
    pub fn exit(&mut self, rng: &mut Rng, spawned: Time, time: Time, pid: u32, how: &str) -> (Time, &'static str) {
        let ran = time.ms_since(spawned);
        self.line(time, Some(pid), &format!("exited due to {how}, ran for {ran}ms"));
        let seconds = ran / 1000;
        if seconds >= self.throttle_s {
            return (rng.later(time, 18, 60), "semaphore");
        }
        let wait = self.throttle_s - seconds;
        let text = format!("Service only ran for {seconds} seconds. Pushing respawn out by {wait} seconds.");
        self.line(time.after_micros(220), None, &text);
        (rng.later(time, wait * 1000 + 4, wait * 1000 + 40), "inefficient")
    }
}

pub struct Supervisord {
    pub log: Log,
    pub program: &'static str,
    pub startsecs: u64,
    /// Early exits in a row: each makes the next pause a second longer.
    early: u64,
}

impl Supervisord {
    pub const fn new(path: &'static str, program: &'static str, startsecs: u64) -> Self {
        Self { log: Log::new(path, Envelope::Bare), program, startsecs, early: 0 }
    }

    pub fn line(&mut self, time: Time, level: &str, text: &str) {
        self.log.put(time, format!("{} {level} {text}", time.supervisord()));
    }

    /// The daemon's own start, with the two CRIT lines that mean nothing.
    pub fn daemon(&mut self, time: Time, pid: u32) {
        self.line(
            time,
            "CRIT",
            "Supervisor is running as root.  Privileges were not dropped because no user is \
                         specified in the config file.",
        );
        self.line(time.after(3), "INFO", "RPC interface 'supervisor' initialized");
        self.line(time.after(3), "CRIT", "Server 'unix_http_server' running without any HTTP authentication checking");
        self.line(time.after(4), "INFO", &format!("supervisord started with pid {pid}"));
    }

    pub fn spawned(&mut self, time: Time, pid: u32) {
        self.line(time, "INFO", &format!("spawned: '{}' with pid {pid}", self.program));
    }

    fn running(&mut self, time: Time) {
        let Self { program, startsecs, .. } = self;
        let why = format!("process has stayed up for > than {startsecs} seconds (startsecs)");
        let text = format!("success: {program} entered RUNNING state, {why}");
        self.line(time, "INFO", &text);
        self.early = 0;
    }

    /// A run that nobody stopped is called RUNNING after `startsecs`, whatever it says itself.
    pub fn stays_up(&mut self, rng: &mut Rng, spawned: Time) {
        let time = rng.later(spawned, self.startsecs * 1000 + 5, self.startsecs * 1000 + 60);
        self.running(time);
    }

    /// Writes the unexpected end of a run; returns when the next one starts.
    pub fn exited(&mut self, rng: &mut Rng, spawned: Time, time: Time, status: &str) -> Time {
        if time.ms_since(spawned) > self.startsecs * 1000 + 60 {
            self.stays_up(rng, spawned);
        } else {
            self.early += 1;
        }
        let program = self.program;
        self.line(time, "WARN", &format!("exited: {program} ({status}; not expected)"));
        let pause = self.early.max(1) * 1000;
        rng.later(time, pause + 4, pause + 30)
    }

    pub fn gave_up(&mut self, time: Time) {
        let text = format!("gave up: {} entered FATAL state, too many start retries too quickly", self.program);
        self.line(time, "INFO", &text);
    }

    /// A stop on request, from the request to the exit.
    pub fn stopped(&mut self, asked: Time, gone: Time) {
        let program = self.program;
        self.line(asked, "INFO", &format!("waiting for {program} to stop"));
        self.line(gone, "INFO", &format!("stopped: {program} (exit status 0)"));
    }
}

pub struct Pm2 {
    pub log: Log,
    pub app: &'static str,
}

impl Pm2 {
    pub const fn new(path: &'static str, app: &'static str) -> Self {
        Self { log: Log::new(path, Envelope::Bare), app }
    }

    pub fn line(&mut self, time: Time, text: &str) {
        self.log.put(time, format!("{}: PM2 log: {text}", time.pm2()));
    }

    pub fn daemon(&mut self, time: Time, home: &str) {
        let rule = "=".repeat(79);
        let pid_file = format!("PM2 PID file         : {home}/.pm2/pm2.pid");
        let logs = format!("Application log path : {home}/.pm2/logs");
        let banner = "--- New PM2 Daemon started ----------------------------------------------------";
        let (pm2, node) = ("PM2 version          : 6.0.5", "Node.js version      : 22.14.0");
        for text in [&rule, banner, pm2, node, &pid_file, &logs, &rule] {
            self.line(time, text);
        }
    }

    /// `online` only means that the process was spawned.
    pub fn starting(&mut self, time: Time) {
        let app = self.app;
        self.line(time, &format!("App [{app}:0] starting in -fork mode-"));
        self.line(time.after(4), &format!("App [{app}:0] online"));
    }

    /// The signal named is no fact: pm2 prints SIGINT when there was none.
    pub fn exited(&mut self, time: Time, code: u32) {
        let app = self.app;
        self.line(time, &format!("App [{app}:0] exited with code [{code}] via signal [SIGINT]"));
    }

    pub fn restart_in(&mut self, time: Time, ms: u64) {
        let app = self.app;
        self.line(time, &format!("App [{app}:0] will restart in {ms}ms"));
    }

    pub fn gave_up(&mut self, time: Time, script: &str, starts: usize) {
        self.line(time, &format!("Script {script} had too many unstable restarts ({starts}). Stopped. \"errored\""));
    }
}

/// A systemd unit, whose lines stand in the journal among the program's own.
pub struct Unit {
    pub name: &'static str,
    pub title: &'static str,
    /// 1, or the user manager's pid.
    pub manager: u32,
    /// `RestartSec` in milliseconds.
    pub pause: u64,
}

impl Unit {
    pub fn line(&self, journal: &mut Log, time: Time, text: &str) {
        journal.say(time, Speaker { ident: "systemd", pid: self.manager }, text);
    }

    pub fn started(&self, journal: &mut Log, time: Time) {
        self.line(journal, time, &format!("Started {} - {}.", self.name, self.title));
    }

    /// The end of a run; `how` is `exited, status=1/FAILURE` and the like, `result` what the unit failed with.
    pub fn failed(&self, journal: &mut Log, time: Time, how: &str, result: &str) {
        let name = self.name;
        self.line(journal, time, &format!("{name}: Main process exited, code={how}"));
        self.line(journal, time.after_micros(180), &format!("{name}: Failed with result '{result}'."));
    }

    /// The planned restart after the pause, up to the moment of the start, which it returns.
    pub fn scheduled(&self, journal: &mut Log, rng: &mut Rng, exited: Time, counter: usize) -> Time {
        let Self { name, title, .. } = self;
        let time = rng.later(exited, self.pause + 8, self.pause + 240);
        self.line(journal, time, &format!("{name}: Scheduled restart job, restart counter is at {counter}."));
        self.line(journal, time.after_micros(150), &format!("Stopped {name} - {title}."));
        rng.later(time, 3, 20)
    }

    /// A stop on request, from the request to the exit.
    pub fn stopped(&self, journal: &mut Log, asked: Time, gone: Time) {
        let Self { name, title, .. } = self;
        self.line(journal, asked, &format!("Stopping {name} - {title}..."));
        self.line(journal, gone, &format!("{name}: Deactivated successfully."));
        self.line(journal, gone.after_micros(150), &format!("Stopped {name} - {title}."));
        self.line(journal, gone.after_micros(170), &format!("{name}: Consumed 18.402s CPU time."));
    }
}
