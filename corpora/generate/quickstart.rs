//! The incident that relapse was made for: four causes, each hiding the next.
//!
//! A hook is registered without its dependency file; in this build that is fatal. While it is, the memory plugin never
//! loads, so its expired API key stays hidden until the hook is repaired. Each crashed start leaves one unfinished
//! session file, which slows the next boot. At last somebody takes the job out over ssh, and without a desktop session
//! launchd refuses to take it back: the service ends down, and nothing restarts it.
//!
//! The job's `ThrottleInterval` is 7 s. With launchd's default of 10 s no start could follow another by 7 to 10 s:
//! throttled runs start every 7 to 8 s, and runs that outlive the interval start again at once.

use super::log::{Envelope, Log};
use super::managers::Launchd;
use super::openclaw::{Gateway, KEY_REFUSED, Level, OLDER};
use super::programs::pino;
use super::rng::Rng;
use super::time::Time;
use super::truth::{Corpus, Truth, Verdict};

/// Runs that die of the hook, and runs that get past it and die of the key.
const HOOK_RUNS: usize = 121;
const KEY_RUNS: usize = 93;

const HOME: &str = "/Users/svc";
const SESSIONS: &str = "/Users/svc/.openclaw/agents/main/sessions";
const HOST: &str = "mini-svc";
const TARGET: &str = "gui/502/ai.openclaw.gateway";

/// Both are made up; they stand where a careless plugin would print the real ones.
const KEY: &str = "sk-proj-Fake7relapse2corpus4QmZt8Lk3Vb9Nw1Hs6Yd5Rj0Xy9A";
const PASSWORD: &str = "c0rpus-Fake-Pw";
const ENDPOINT: &str = "https://embed:c0rpus-Fake-Pw@embed.example.net/v1/embeddings";

#[derive(Clone, Copy)]
enum Fault {
    Hook,
    /// The key, refused after this many milliseconds of trying.
    Key(u64, u64),
}

pub fn corpus() -> Corpus {
    let mut story = Story::new();
    let (mut next, mut reason) = story.healthy_run(Time::february(3, 4, 22, 30).after_micros(381_204));
    for _ in 0..HOOK_RUNS {
        (next, reason) = story.crashed_run(next, reason, Fault::Hook);
    }
    for _ in 1..KEY_RUNS {
        (next, reason) = story.crashed_run(next, reason, Fault::Key(2600, 4200));
    }
    // Short enough for a pause after it, in which the job is taken out.
    story.crashed_run(next, reason, Fault::Key(400, 700));
    story.taken_out();
    story.into_corpus()
}

struct Story {
    rng: Rng,
    gateway: Gateway,
    launchd: Launchd,
    plugin: Log,
    by_hand: Log,
    /// When each unfinished session file was made.
    unfinished: Vec<Time>,
    last_exit: Time,
}

impl Story {
    fn new() -> Self {
        Self {
            rng: Rng::new(0x0001),
            gateway: Gateway {
                out: Log::new("gateway.log", Envelope::Bare),
                err: Some(Log::new("gateway.err.log", Envelope::Bare)),
                json: None,
                build: OLDER,
                home: HOME,
                plugins: "5 plugins: canvas, memory-plugin, openai, session-store, telegram",
                pid: 48_213,
            },
            launchd: Launchd {
                log: Log::new("launchd.log", Envelope::Bare),
                domain: "gui/502",
                label: "ai.openclaw.gateway",
                program: "node",
                throttle_s: 7,
            },
            plugin: Log::new("memory-plugin.log", Envelope::Bare),
            by_hand: Log::new("gateway-restart.log", Envelope::Bare),
            unfinished: Vec::new(),
            last_exit: Time::february(3, 0, 0, 0),
        }
    }

    /// Spawn and boot, with the warning that this Node prints at every start; returns where sidecars begin.
    fn boot(&mut self, spawned: Time, reason: &str) -> Time {
        let pid = self.rng.next_pid(self.gateway.pid);
        self.launchd.spawn(spawned, pid, reason);
        let up = self.gateway.boot(&mut self.rng, spawned, pid);
        let warning = "ExperimentalWarning: SQLite is an experimental feature and might change at any time";
        let trace = "(Use `node --trace-warnings ...` to show where the warning was created)";
        self.gateway.raw(spawned.after(290), Level::Warn, &format!("(node:{pid}) {warning}\n{trace}"));
        up
    }

    fn exit(&mut self, spawned: Time, time: Time, how: &str) -> (Time, &'static str) {
        self.last_exit = time;
        self.launchd.exit(&mut self.rng, spawned, time, self.gateway.pid, how)
    }

    fn plugin_says(&mut self, time: Time, level: u32, extra: &str, msg: &str) {
        let line = pino(time, level, self.gateway.pid, HOST, "memory-plugin", extra, msg);
        self.plugin.put(time, line);
    }

    /// The only run that becomes ready; it ends on purpose, to take up the new hook.
    fn healthy_run(&mut self, spawned: Time) -> (Time, &'static str) {
        let up = self.boot(spawned, "speculative");
        self.gateway.info(up.after(60), "hooks", "loaded 4 internal hook handlers");
        self.plugin_says(up.after(140), 30, "", "memory index opened (4127 vectors, text-embedding-3-small)");
        let ready = self.gateway.become_ready(&mut self.rng, up.after(160));
        let end = spawned.after(246_000);
        self.gateway.work(&mut self.rng, ready, end, 7000);
        self.refused_visitor(ready.after(61_000));
        for minute in 1..4 {
            self.plugin_says(ready.after(minute * 60_000 - 11_000), 30, "", "recall served from index in 41 ms");
        }
        let asked = end.after(120);
        self.gateway.info(
            asked,
            "reload",
            "config change requires gateway restart (hooks.internal.entries.guard-boot)",
        );
        self.gateway.info(asked.after(4), "gateway", "signal SIGUSR1 received");
        self.gateway.info(asked.after(5), "gateway", "received SIGUSR1; restarting");
        self.gateway.info(asked.after(390), "shutdown", "completed cleanly in 381ms");
        self.gateway.info(asked.after(391), "gateway", "restart mode: full process restart (supervisor restart)");
        self.exit(spawned, asked.after(430), "exit(0)")
    }

    /// Harmless: a caller without a token is turned away.
    fn refused_visitor(&mut self, time: Time) {
        let who = "conn=7d1e2c04 remote=127.0.0.1 code=4008 reason=token_missing status=401";
        self.gateway.say(time, Level::Warn, "ws", &format!("unauthorized {who}"));
    }

    fn crashed_run(&mut self, spawned: Time, reason: &str, fault: Fault) -> (Time, &'static str) {
        let up = self.boot(spawned, reason);
        let searched = self.search_sessions(up);
        let dead = match fault {
            Fault::Hook => self.die_of_hook(searched),
            Fault::Key(low, high) => self.die_of_key(searched, low, high),
        };
        let gone = self.rng.later(dead, 18, 60);
        self.exit(spawned, gone, "exit(1)")
    }

    /// The amplifier: every file left behind costs the next boot some 12 ms, and this run leaves one more.
    fn search_sessions(&mut self, time: Time) -> Time {
        let count = self.unfinished.len() as u64;
        let mut time = self.rng.later(time, 20, 60);
        if count > 0 {
            let oldest = self.unfinished[0].zulu();
            time = time.after(count * 12);
            let text = format!("found {count} unfinished session files in {SESSIONS} (oldest {oldest})");
            self.gateway.info(time, "plugins", &text);
        }
        self.unfinished.push(time.after(3));
        self.rng.later(time, 30, 120)
    }

    fn die_of_hook(&mut self, time: Time) -> Time {
        const HOOK: &str = "/Users/svc/gateway/hooks/guard-boot";
        let missing = format!("Cannot find module '{HOOK}/lib/policy-engine.js' imported from {HOOK}/handler.js");
        let failed = format!("Failed to load hook guard-boot: {missing}");
        let time = self.rng.later(time, 4, 30);
        self.gateway.say(time, Level::Error, "hooks:loader", &failed);
        let stack = format!(
            "Error: {failed}\n    at loadHook (file:///opt/openclaw/dist/hooks.js:118:13)\n    \
             at async startGateway (file:///opt/openclaw/dist/cli.js:402:5)"
        );
        self.gateway.die_of(time.after(6), "Uncaught exception", &stack)
    }

    fn die_of_key(&mut self, time: Time, low: u64, high: u64) -> Time {
        self.gateway.info(time.after(9), "hooks", "loaded 5 internal hook handlers (guard-boot: no policy rules)");
        self.plugin_says(time.after(40), 30, "", "probing embedding provider openai/text-embedding-3-small");
        let refused = self.rng.later(time, low, high);
        let msg =
            format!("embedding provider init failed: Error: 401 Incorrect API key provided: {KEY} (POST {ENDPOINT})");
        let err = r#""err":{"type":"Error","code":"invalid_api_key","status":401},"#;
        self.plugin_says(refused, 50, err, &msg);
        let shown = format!("embedding provider init failed: {KEY_REFUSED}");
        self.gateway.say(refused.after(2), Level::Error, "plugins", &shown);
        let stack = "Error: SQLITE_CANTOPEN: unable to open database file\n    \
                     at MemoryIndex.open (file:///opt/openclaw/extensions/memory-plugin/index.js:26:15)\n    \
                     at process.processTicksAndRejections (node:internal/process/task_queues:105:5)";
        self.gateway.die_of(refused.after(9), "Unhandled promise rejection", stack)
    }

    /// Somebody on ssh: the job goes out, and no way leads back in.
    fn taken_out(&mut self) {
        const PLIST: &str = "/Users/svc/Library/LaunchAgents/ai.openclaw.gateway.plist";
        let out = self.rng.later(self.last_exit, 400, 900);
        self.typed(out, &format!("launchctl bootout {TARGET}"), None);
        self.launchd.line(out.after(70), None, "removing service: ai.openclaw.gateway");
        let refused = "Bootstrap failed: 125: Domain does not support specified action";
        for second in [10, 31, 68, 95] {
            let time = Time::february(3, 5, 1, 0).after(second * 1000);
            self.typed(time, &format!("launchctl bootstrap gui/502 {PLIST}"), Some(refused));
        }
        let unknown = "Could not find service \"ai.openclaw.gateway\" in domain for user gui: 502";
        self.typed(Time::february(3, 5, 2, 58), &format!("launchctl kickstart -k {TARGET}"), Some(unknown));
    }

    fn typed(&mut self, time: Time, command: &str, answer: Option<&str>) {
        self.by_hand.put(time, format!("{} {command}", time.zulu()));
        if let Some(answer) = answer {
            self.by_hand.put(time, answer);
        }
    }

    /// `ls -la --time-style=full-iso` after the loop, sorted by name as ls does.
    fn session_listing(&mut self) -> Log {
        let rng = &mut self.rng;
        let entry =
            |mode, links, size, when: &str, name: &str| format!("{mode} {links:>3} svc staff {size:>6} {when} {name}");
        let mut files: Vec<(String, String)> = Vec::new();
        for (number, made) in self.unfinished.iter().enumerate() {
            let name = format!("{}.jsonl.tmp", rng.uuid());
            let size = 78 + (number as u64 % 3);
            files.push((name.clone(), entry("-rw-------", 1, size, &made.full_iso(rng.draw()), &name)));
        }
        for size in [18_233, 40_127, 7_004] {
            let name = format!("{}.jsonl", rng.uuid());
            let made = rng.later(Time::february(2, 9, 0, 0), 0, 36_000_000);
            files.push((name.clone(), entry("-rw-------", 1, size, &made.full_iso(rng.draw()), &name)));
        }
        files.sort();
        let newest = self.unfinished[self.unfinished.len() - 1];
        let mut log = Log::new("sessions.txt", Envelope::Bare);
        log.put(newest, format!("total {}", files.len() * 4 + 60));
        let links = files.len() + 2;
        log.put(newest, entry("drwx------", links, links as u64 * 32, &newest.full_iso(rng.draw()), "."));
        log.put(newest, entry("drwx------", 4, 128, &Time::february(2, 8, 51, 12).full_iso(rng.draw()), ".."));
        for (_, line) in files {
            log.put(newest, line);
        }
        log
    }

    fn into_corpus(mut self) -> Corpus {
        let sessions = self.session_listing();
        let mut logs = self.gateway.into_logs();
        logs.extend([self.launchd.log, self.plugin, self.by_hand, sessions]);
        Corpus { name: "quickstart", logs, truth: truth() }
    }
}

fn truth() -> Truth {
    Truth {
        program: "openclaw",
        manager: Some("launchd"),
        restarts: HOOK_RUNS + KEY_RUNS,
        reached_ready: 1,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![
            ("hook-file-missing", "Failed to load hook guard-boot: Cannot find module", HOOK_RUNS),
            ("plugin-init-401", "embedding provider init failed: Error: 401 Incorrect API key provided", KEY_RUNS),
            ("launchd-bootstrap-125", "Bootstrap failed: 125: Domain does not support specified action", 0),
        ],
        symptoms: &[
            ("orphan-session-tmp", "unfinished session files in /Users/svc/.openclaw/agents/main/sessions"),
            ("sqlite-cantopen", "SQLITE_CANTOPEN: unable to open database file"),
            ("openclaw-unhandled-rejection", "[openclaw] Unhandled promise rejection: Error: SQLITE_CANTOPEN"),
            ("openclaw-uncaught", "[openclaw] Uncaught exception: Error: Failed to load hook guard-boot"),
            ("node-module-not-found", "Cannot find module '/Users/svc/gateway/hooks/guard-boot/lib/policy-engine.js'"),
            ("api-key-invalid", "Incorrect API key provided"),
            ("launchd-exit", "exited due to exit(1)"),
            ("launchd-throttle", "Pushing respawn out by"),
        ],
        tolerated: &[],
        secrets: &[KEY, PASSWORD],
        notes: "One ready run, ended on purpose (config reload, exit 0) by the change that registers the hook; then 121 \
                runs that die of the hook, which hides the key, and 93 that die of the key, whose fatal line is the \
                SQLite error. Every crashed run leaves a .jsonl.tmp file; boots slow down by 12 ms a file. After the \
                loop the job is booted out over ssh and cannot be bootstrapped again: the service ends down. Harmless: \
                the ExperimentalWarning of every start, and one refused websocket client (status=401).",
    }
}
