//! An OpenClaw gateway: its console lines, its JSON file log, its boot, its small talk and its last words.

use super::log::{Log, Speaker, quoted};
use super::rng::Rng;
use super::time::Time;

/// Console lines carry no level, but warnings and errors go to standard error, and the file log names the level.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// A line of a boot: how long after the line before, which subsystem (none: a banner), what. `{plugins}`, `{seconds}`,
/// `{date}`, `{child}` and `{pid}` are filled in.
pub struct Step(u64, &'static str, &'static str);

/// A build of the gateway, as far as its lines differ.
pub struct Build {
    boot: &'static [Step],
    /// From the end of the boot to readiness.
    ready: &'static [Step],
    /// `Z` rather than `+00:00`.
    zulu: bool,
    /// Writes a stability bundle when it crashes, and says so.
    bundles: bool,
}

/// The newest: as recorded from 2026.9.
pub const CURRENT: Build = Build {
    boot: &[
        Step(700, "gateway", "loading configuration…"),
        Step(340, "gateway", "resolving authentication…"),
        Step(5, "gateway", "starting..."),
        Step(270, "gateway", SHUTDOWN_BUDGET),
        Step(140, "gateway", "spawn broker ready pid={child}"),
        Step(1700, "gateway", "starting HTTP server..."),
        Step(2300, "gateway", "agent model: openai/gpt-6-astra (thinking=medium, fast=off)"),
        Step(4, "gateway", "http server listening ({plugins}; {seconds}s)"),
        Step(1, "gateway", "log file: /tmp/openclaw/openclaw-{date}.log"),
        Step(800, "gateway", "starting channels and sidecars..."),
    ],
    ready: &[
        Step(1400, "plugins", "memory index deferred until first recall"),
        Step(
            70,
            "gateway",
            "startup outcomes: internal-hooks=loaded; gateway-start-hooks=scheduled; gmail-watcher=skipped",
        ),
        Step(4, "heartbeat", "started"),
        Step(15, "gateway", "ready"),
    ],
    zulu: false,
    bundles: true,
};

/// A few months older: fewer words, `Z`, and a hook that cannot be loaded is fatal.
pub const OLDER: Build = Build {
    boot: &[
        Step(420, "gateway", "loading configuration…"),
        Step(160, "gateway", "resolving authentication…"),
        Step(6, "gateway", "starting..."),
        Step(610, "gateway", "starting HTTP server..."),
        Step(900, "gateway", "http server listening ({plugins}; {seconds}s)"),
        Step(240, "gateway", "starting channels and sidecars..."),
    ],
    ready: &[Step(900, "heartbeat", "started"), Step(12, "gateway", "ready")],
    zulu: true,
    bundles: false,
};

/// Before the staged boot: a banner, and listening was the last word.
pub const ANCIENT: Build = Build {
    boot: &[
        Step(600, "", "🦞 OpenClaw 2026.1.29 (a5b4d22) — the inbox that answers."),
        Step(900, "gateway", "agent model: openai/gpt-6-astra"),
    ],
    ready: &[
        Step(700, "gateway", "listening on ws://127.0.0.1:18789 (PID {pid})"),
        Step(3, "gateway", "log file: /tmp/openclaw/openclaw-{date}.log"),
        Step(40, "heartbeat", "started"),
    ],
    zulu: true,
    bundles: false,
};

const SHUTDOWN_BUDGET: &str = "shutdown budget at startup: drain=315000ms shutdown=325000ms reserve=10000ms \
                               exitMargin=5000ms; source=Gateway stop policy=330000ms";

/// A key as the provider shows it: all but the ends blotted out.
pub const KEY_REFUSED: &str = "Error: 401 Incorrect API key provided: sk-proj-********************************Xy9A. \
                               You can find your API key at https://platform.openai.com/account/api-keys.";

pub struct Gateway {
    /// Standard output, and standard error too unless that has a log of its own.
    pub out: Log,
    pub err: Option<Log>,
    /// The rolling JSON file log (tslog).
    pub json: Option<Log>,
    pub build: Build,
    /// Home of the service user.
    pub home: &'static str,
    /// The plugins as the listening line names them, with their count.
    pub plugins: &'static str,
    /// The process that runs now.
    pub pid: u32,
}

impl Gateway {
    pub fn info(&mut self, time: Time, subsystem: &str, text: &str) {
        self.say(time, Level::Info, subsystem, text);
    }

    pub fn say(&mut self, time: Time, level: Level, subsystem: &str, text: &str) {
        let stamp = if self.build.zulu { time.zulu() } else { time.offset() };
        let line =
            if subsystem.is_empty() { format!("{stamp} {text}") } else { format!("{stamp} [{subsystem}] {text}") };
        self.raw(time, level, &line);
        if let Some(json) = &mut self.json {
            json.put(time, tslog(time, level, subsystem, text));
        }
    }

    /// What Node itself or a banner prints: no head, and nothing in the file log.
    pub fn raw(&mut self, time: Time, level: Level, text: &str) {
        let speaker = Speaker { ident: "node", pid: self.pid };
        let log = if level == Level::Info { &mut self.out } else { self.err.as_mut().unwrap_or(&mut self.out) };
        log.say(time, speaker, text);
    }

    fn steps(&mut self, rng: &mut Rng, steps: &'static [Step], from: Time) -> Time {
        let mut time = from;
        for Step(ms, subsystem, text) in steps {
            time = rng.later(time, ms * 8 / 10, ms * 12 / 10 + 1);
            let seconds = format!("{:.1}", time.ms_since(from) as f64 / 1000.0);
            let text = text
                .replace("{plugins}", self.plugins)
                .replace("{seconds}", &seconds)
                .replace("{date}", &time.date())
                .replace("{child}", &(self.pid + 3).to_string())
                .replace("{pid}", &self.pid.to_string());
            if subsystem.is_empty() {
                self.raw(time, Level::Info, &text);
            } else {
                self.info(time, subsystem, &text);
            }
        }
        time
    }

    /// From a process start to the point where channels, hooks and sidecars begin; returns that moment.
    pub fn boot(&mut self, rng: &mut Rng, spawned: Time, pid: u32) -> Time {
        self.pid = pid;
        self.steps(rng, self.build.boot, spawned)
    }

    pub fn become_ready(&mut self, rng: &mut Rng, from: Time) -> Time {
        self.steps(rng, self.build.ready, from)
    }

    /// The uncaught error that ends the process: `kind` is how it came up, `stack` the error with its frames.
    pub fn die_of(&mut self, time: Time, kind: &str, stack: &str) -> Time {
        self.say(time, Level::Error, "openclaw", &format!("{kind}: {stack}"));
        if !self.build.bundles {
            return time;
        }
        let time = time.after(3);
        let reason = kind.to_lowercase().replace(" promise", "").replace(' ', "_");
        let file = format!("openclaw-stability-{}-{}-{reason}.json", time.in_file_name(), self.pid);
        let path = format!("{}/.openclaw/logs/stability/{file}", self.home);
        self.say(time, Level::Error, "openclaw", &format!("wrote stability bundle: {path}"));
        time
    }

    /// A stop that was asked for by SIGTERM; returns the moment of the exit.
    pub fn stop(&mut self, rng: &mut Rng, time: Time) -> Time {
        self.info(time, "gateway", "received SIGTERM; shutting down");
        let settled = rng.later(time, 6, 12);
        self.info(settled, "gateway", "active-work drain settled; beginning server close");
        let closed = rng.later(settled, 180, 560);
        self.info(closed, "shutdown", &format!("completed cleanly in {}ms", closed.ms_since(settled)));
        rng.later(closed, 30, 90)
    }

    /// Small talk of a healthy gateway, a line every `pace` milliseconds or so.
    pub fn work(&mut self, rng: &mut Rng, from: Time, until: Time, pace: u64) {
        let mut time = rng.later(from, pace / 2, pace);
        while time < until {
            let (subsystem, text) = small_talk(rng);
            self.info(time, subsystem, &text);
            time = rng.later(time, pace / 2, pace * 3 / 2);
        }
    }

    pub fn into_logs(self) -> Vec<Log> {
        [Some(self.out), self.err, self.json].into_iter().flatten().collect()
    }
}

fn small_talk(rng: &mut Rng) -> (&'static str, String) {
    let (id, ms, n) = (rng.hex(8), rng.between(20, 4000), rng.between(1, 900));
    match rng.below(8) {
        0 => ("ws", format!("webchat connected conn={id} remote=127.0.0.1 client=openclaw-control-ui")),
        1 => ("ws", format!("⇄ res ✓ chat.history {ms}ms conn={id}")),
        2 => ("agent/embedded", format!("run completed runId={id} durationMs={ms} tokens={n}")),
        3 => ("cron", format!("job daily-digest finished in {ms}ms")),
        4 => ("telegram", format!("message delivered chat={n} id={id}")),
        5 => ("browser", format!("tab {n} closed after idle timeout")),
        6 => ("plugins", format!("recall {n} memories in {ms}ms")),
        _ => ("heartbeat", "ok".to_owned()),
    }
}

/// One object of the file log. Lines of the console proper (`[openclaw]`, or without a bracket) have no subsystem.
fn tslog(time: Time, level: Level, subsystem: &str, text: &str) -> String {
    let (id, name) = match level {
        Level::Info => (3, "INFO"),
        Level::Warn => (4, "WARN"),
        Level::Error => (5, "ERROR"),
    };
    let host = "gw-lab";
    let level = format!(r#""date":"{}","logLevelId":{id},"logLevelName":"{name}""#, time.zulu());
    let meta = format!(r#""_meta":{{"runtime":"node","runtimeVersion":"24.4.1","hostname":"{host}",{level}"#);
    let tail = format!(r#""time":"{}","hostname":"{host}""#, time.offset());
    if subsystem.is_empty() || subsystem == "openclaw" {
        let text = quoted(&if subsystem.is_empty() { text.to_owned() } else { format!("[{subsystem}] {text}") });
        return format!(r#"{{"0":{text},{meta},"name":"openclaw"}},{tail},"message":{text}}}"#);
    }
    let (prefix, text) =
        if subsystem == "shutdown" { ("gateway/", format!("shutdown {text}")) } else { ("", text.to_owned()) };
    let name = quoted(&format!(r#"{{"subsystem":"{prefix}{subsystem}"}}"#));
    let text = quoted(&text);
    format!(r#"{{"0":{name},"1":{text},{meta},"name":{name},"parentNames":["openclaw"]}},{tail},"message":{text}}}"#)
}
