//! One cause each, under managers that write a log of their own.

use super::log::{Envelope, Log, Speaker};
use super::managers::{Pm2, Supervisord};
use super::openclaw::{CURRENT, Gateway, KEY_REFUSED, Level};
use super::programs::{Gunicorn, NodeCrash, UNHANDLED_EVENT};
use super::rng::Rng;
use super::time::Time;
use super::truth::{Corpus, Truth, Verdict};

/// The key is refused while the memory plugin starts; the plugin then opens a database in a folder that only a
/// successful start makes. That second error is the fatal line.
pub fn expired_key() -> Corpus {
    const RUNS: usize = 8;
    let mut rng = Rng::new(0x0101);
    let mut gateway = Gateway {
        out: Log::new("gateway.log", Envelope::Bare),
        err: None,
        json: Some(Log::new("openclaw-2026-02-05.log", Envelope::Bare)),
        build: CURRENT,
        home: "/srv/gateway/home",
        plugins: "8 plugins: anthropic, browser, canvas, memory-core, memory-embed, openai, session-store, xai",
        pid: 2140,
    };
    let mut manager = Supervisord::new("supervisord.log", "gateway", 5);
    let mut next = Time::february(5, 9, 41, 2);
    manager.daemon(next.before(1010), 2138);
    for run in 0..RUNS {
        let (spawned, pid) = (next, rng.next_pid(gateway.pid));
        manager.spawned(spawned, pid);
        let up = gateway.boot(&mut rng, spawned, pid);
        if run >= 3 {
            let text = format!(
                "restart-loop breaker tripped: {run} unclean boot(s) within 300000ms; suppressing channel/provider \
                 account auto-start."
            );
            gateway.say(spawned.after(1600), Level::Warn, "gateway", &text);
        }
        let skipping = rng.later(up, 1500, 2400);
        gateway.info(skipping, "gateway/channels", "skipping channel start (OPENCLAW_SKIP_CHANNELS=1)");
        let refused = rng.later(skipping, 120, 320);
        gateway.say(refused, Level::Error, "plugins", &format!("embedding provider init failed: {KEY_REFUSED}"));
        let stack = "TypeError: Cannot open database because the directory does not exist\n    \
                     at new Database (/srv/gateway/node_modules/better-sqlite3/lib/database.js:65:10)\n    \
                     at MemoryIndex.init (file:///srv/gateway/plugins/memory-embed/index.js:26:15)\n    \
                     at process.processTicksAndRejections (node:internal/process/task_queues:104:5)";
        let dead = gateway.die_of(refused.after(7), "Unhandled promise rejection", stack);
        let gone = rng.later(dead, 60, 400);
        next = manager.exited(&mut rng, spawned, gone, "exit status 1");
    }
    let mut logs = gateway.into_logs();
    logs.push(manager.log);
    let truth = Truth {
        program: "openclaw",
        manager: Some("supervisord"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![(
            "plugin-init-401",
            "embedding provider init failed: Error: 401 Incorrect API key provided",
            RUNS,
        )],
        symptoms: &[
            ("sqlite-dir-missing", "Cannot open database because the directory does not exist"),
            ("openclaw-unhandled-rejection", "Unhandled promise rejection: TypeError: Cannot open database"),
            ("openclaw-loop-breaker", "restart-loop breaker tripped: 3 unclean boot(s)"),
            ("api-key-invalid", "Incorrect API key provided"),
            ("supervisord-exit", "exited: gateway (exit status 1; not expected)"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "supervisord calls every run RUNNING after 5 s; none is ready. The log ends before the next start.",
    };
    Corpus { name: "expired-key", logs, truth }
}

/// The port is held by something else; pm2 stops trying after sixteen starts.
pub fn port_in_use() -> Corpus {
    const RUNS: usize = 16;
    const CRASH: NodeCrash = NodeCrash {
        thrown_at: UNHANDLED_EVENT,
        error: "Error: listen EADDRINUSE: address already in use 0.0.0.0:8080",
        frames: &[
            "Server.setupListenHandle [as _listen2] (node:net:1940:16)",
            "listenInCluster (node:net:1997:12)",
            "Server.listen (node:net:2102:7)",
            "Object.<anonymous> (/srv/relay/server.js:31:8)",
            "Emitted 'error' event on Server instance at:",
            "emitErrorNT (node:net:1976:8)",
            "process.processTicksAndRejections (node:internal/process/task_queues:90:21)",
        ],
        members: &["code: 'EADDRINUSE'", "errno: -98", "syscall: 'listen'", "address: '0.0.0.0'", "port: 8080"],
    };
    let mut rng = Rng::new(0x0102);
    let mut pm2 = Pm2::new("pm2.log", "relay");
    let mut out = Log::new("relay-out.log", Envelope::Pm2);
    let mut err = Log::new("relay-error.log", Envelope::Pm2);
    let mut next = Time::february(6, 7, 14, 11);
    let mut pid = 3310;
    pm2.daemon(next.before(600), "/home/relay");
    for run in 1..=RUNS {
        pid = rng.next_pid(pid);
        let speaker = Speaker { ident: "relay", pid };
        pm2.starting(next);
        let up = rng.later(next, 210, 330);
        out.say(up, speaker, &format!("relay 3.4.1 starting, pid {pid}"));
        out.say(up.after(14), speaker, "config /srv/relay/config.yaml loaded (4 routes)");
        err.say(up.after(31), speaker, &CRASH.text());
        let gone = rng.later(up, 60, 110);
        pm2.exited(gone, 1);
        if run == RUNS {
            pm2.gave_up(gone, "/srv/relay/server.js", RUNS);
        }
        next = rng.later(gone, 20, 180);
    }
    let truth = Truth {
        program: "relay",
        manager: Some("pm2"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("port-in-use", "listen EADDRINUSE: address already in use 0.0.0.0:8080", RUNS)],
        symptoms: &[
            ("node-error-event", "Unhandled 'error' event"),
            ("pm2-exit", "exited with code [1] via signal [SIGINT]"),
            ("pm2-gave-up", "had too many unstable restarts (16)"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "Sixteen starts in seven seconds, several in one second of pm2's clock; 'online' is not ready. State \
                at the end: given up.",
    };
    Corpus { name: "port-in-use", logs: vec![pm2.log, out, err], truth }
}

/// A package is not installed; runsv tries again every second, and only the program's own lines tell of it.
pub fn module_missing() -> Corpus {
    const RUNS: usize = 9;
    let mut rng = Rng::new(0x0103);
    let mut app = Gunicorn {
        log: Log::new("invoices/current", Envelope::Svlogd),
        bind: "127.0.0.1:8000",
        frames: &[
            ("\"/srv/invoices/wsgi.py\", line 3, in <module>", "from invoices.app import app"),
            ("\"/srv/invoices/invoices/app.py\", line 7, in <module>", "from invoice_tax import rates"),
        ],
        error: "ModuleNotFoundError: No module named 'invoice_tax'",
    };
    let mut next = Time::february(7, 11, 20, 33);
    let mut pid = 911;
    for _ in 0..RUNS {
        pid = rng.next_pid(pid);
        let gone = app.fails_to_boot(&mut rng, next, pid, pid + 2);
        next = rng.later(gone, 1000, 1060);
    }
    let truth = Truth {
        program: "gunicorn",
        manager: Some("runsv"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("py-module-missing", "ModuleNotFoundError: No module named 'invoice_tax'", RUNS)],
        symptoms: &[("gunicorn-worker-boot", "Reason: Worker failed to boot.")],
        tolerated: &[],
        secrets: &[],
        notes: "'Listening at' comes before the application is imported and is not ready. Workers are not starts of \
                the service.",
    };
    Corpus { name: "module-missing", logs: vec![app.log], truth }
}

/// The folder of the database is gone; supervisord gives up after five retries, each a second later than the last.
pub fn sqlite_dir() -> Corpus {
    const RUNS: usize = 6;
    let mut rng = Rng::new(0x0104);
    let mut app = Gunicorn {
        log: Log::new("ledger-api.err.log", Envelope::Bare),
        bind: "127.0.0.1:8010",
        frames: &[
            ("\"/srv/ledger/wsgi.py\", line 17, in <module>", "store = open_store()\n            ^^^^^^^^^^^^"),
            (
                "\"/srv/ledger/store.py\", line 13, in open_store",
                "db = sqlite3.connect(PATH)\n         ^^^^^^^^^^^^^^^^^^^^^",
            ),
        ],
        error: "sqlite3.OperationalError: unable to open database file",
    };
    let mut manager = Supervisord::new("supervisord.log", "ledger-api", 2);
    let mut next = Time::february(8, 16, 2, 45);
    let mut pid = 704;
    manager.daemon(next.before(1008), 702);
    let mut gone = next;
    for _ in 0..RUNS {
        pid = rng.next_pid(pid);
        manager.spawned(next, pid);
        gone = app.fails_to_boot(&mut rng, next, pid, pid + 2);
        next = manager.exited(&mut rng, next, gone, "exit status 3");
    }
    manager.gave_up(rng.later(gone, 1003, 1020));
    let truth = Truth {
        program: "gunicorn",
        manager: Some("supervisord"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("sqlite-cantopen-text", "sqlite3.OperationalError: unable to open database file", RUNS)],
        symptoms: &[
            ("gunicorn-worker-boot", "Reason: Worker failed to boot."),
            ("supervisord-exit", "exited: ledger-api (exit status 3; not expected)"),
            ("supervisord-fatal", "gave up: ledger-api entered FATAL state"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "Pauses of 1, 2, 3, 4, 5 s (supervisord's back-off), then given up.",
    };
    Corpus { name: "sqlite-dir", logs: vec![manager.log, app.log], truth }
}
