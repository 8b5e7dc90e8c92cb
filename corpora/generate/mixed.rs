//! Loops that are not one cause in a row: two causes at once, flapping, two supervisors; and services without a loop
//! that are down all the same.

use super::log::{Envelope, Log, Speaker};
use super::managers::{Launchd, Pm2, Supervisord};
use super::openclaw::{CURRENT, Gateway, Level};
use super::programs::{NodeCrash, UNHANDLED_EVENT, UNHANDLED_REJECTION};
use super::rng::Rng;
use super::time::Time;
use super::truth::{Corpus, Truth, Verdict};

/// The upstream has two addresses, one with an expired certificate; whoever gets past it finds the port held.
pub fn two_at_once() -> Corpus {
    const EACH: usize = 10;
    const PORT: NodeCrash = NodeCrash {
        thrown_at: UNHANDLED_EVENT,
        error: "Error: listen EADDRINUSE: address already in use 0.0.0.0:8443",
        frames: &[
            "Server.setupListenHandle [as _listen2] (node:net:1940:16)",
            "listenInCluster (node:net:1997:12)",
            "Emitted 'error' event on Server instance at:",
            "emitErrorNT (node:net:1976:8)",
        ],
        members: &["code: 'EADDRINUSE'", "errno: -98", "syscall: 'listen'", "address: '0.0.0.0'", "port: 8443"],
    };
    const CERTIFICATE: NodeCrash = NodeCrash {
        thrown_at: UNHANDLED_REJECTION,
        error: "Error: certificate has expired",
        frames: &[
            "TLSSocket.onConnectSecure (node:_tls_wrap:1679:34)",
            "TLSSocket.emit (node:events:518:28)",
            "TLSSocket._finishInit (node:_tls_wrap:1085:8)",
        ],
        members: &["code: 'CERT_HAS_EXPIRED'"],
    };
    let mut rng = Rng::new(0x0301);
    let mut pm2 = Pm2::new("pm2.log", "courier");
    let mut out = Log::new("courier-out.log", Envelope::Pm2);
    let mut err = Log::new("courier-error.log", Envelope::Pm2);
    let mut next = Time::february(13, 8, 3, 55);
    let mut pid = 6021;
    pm2.daemon(next.before(700), "/home/courier");
    for run in 0..2 * EACH {
        pid = rng.next_pid(pid);
        let speaker = Speaker { ident: "courier", pid };
        pm2.starting(next);
        let up = rng.later(next, 260, 340);
        out.say(up, speaker, &format!("courier 1.12.0 starting, pid {pid}"));
        out.say(up.after(20), speaker, "connecting to registry.example.net:443");
        let connected = rng.later(up, 900, 1500);
        let gone = if run % 2 == 0 {
            err.say(connected, speaker, &CERTIFICATE.text());
            connected
        } else {
            out.say(connected, speaker, "registry connected, 212 routes");
            let listening = rng.later(connected, 500, 900);
            err.say(listening, speaker, &PORT.text());
            listening
        };
        let gone = rng.later(gone, 40, 90);
        pm2.exited(gone, 1);
        pm2.restart_in(gone, 2000);
        next = rng.later(gone, 2005, 2060);
    }
    let truth = Truth {
        program: "courier",
        manager: Some("pm2"),
        restarts: 2 * EACH - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![
            ("tls-expired-node", "code: 'CERT_HAS_EXPIRED'", EACH),
            ("port-in-use", "listen EADDRINUSE: address already in use 0.0.0.0:8443", EACH),
        ],
        symptoms: &[
            ("node-error-event", "Unhandled 'error' event"),
            ("node-unhandled-rejection", "triggerUncaughtException(err, true /* fromPromise */);"),
            ("pm2-exit", "exited with code [1] via signal [SIGINT]"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "Every second run dies of one cause, every other of the other; both suffice, and the earlier hides the \
                later in half of the runs.",
    };
    Corpus { name: "two-at-once", logs: vec![pm2.log, out, err], truth }
}

/// Ready each time, then a connection to the queue is refused and nobody catches the error.
pub fn flapping() -> Corpus {
    const RUNS: usize = 8;
    const CRASH: NodeCrash = NodeCrash {
        thrown_at: UNHANDLED_EVENT,
        error: "Error: connect ECONNREFUSED 10.20.0.7:5672",
        frames: &[
            "TCPConnectWrap.afterConnect [as oncomplete] (node:net:1637:16)",
            "Emitted 'error' event on Queue instance at:",
            "Socket.<anonymous> (/srv/feedbridge/lib/queue.js:44:12)",
        ],
        members: &["errno: -111", "code: 'ECONNREFUSED'", "syscall: 'connect'", "address: '10.20.0.7'", "port: 5672"],
    };
    let mut rng = Rng::new(0x0302);
    let mut manager = Supervisord::new("supervisord.log", "feedbridge", 1);
    let mut log = Log::new("feedbridge.log", Envelope::Bare);
    let mut next = Time::february(14, 17, 26, 30);
    let mut pid = 880;
    manager.daemon(next.before(1006), 871);
    for run in 1..=RUNS {
        pid = rng.next_pid(pid);
        manager.spawned(next, pid);
        let mut say = |time: Time, level: &str, text: &str| log.put(time, format!("{} {level:<5} {text}", time.zulu()));
        say(rng.later(next, 280, 360), "INFO", &format!("feedbridge 1.9.0 starting, pid {pid}"));
        let ready = rng.later(next, 700, 1100);
        say(ready, "INFO", "ready on http://127.0.0.1:7070");
        let end = rng.later(ready, 60_000, 180_000);
        let mut time = rng.later(ready, 2000, 6000);
        while time < end {
            let (items, ms) = (rng.between(1, 60), rng.between(8, 300));
            say(time, "INFO", &format!("published {items} items in {ms} ms"));
            time = rng.later(time, 4000, 9000);
        }
        if run == RUNS {
            manager.stays_up(&mut rng, next);
            break;
        }
        let lost = rng.later(end, 200, 900);
        say(lost, "WARN", "queue connection lost, reconnecting to 10.20.0.7:5672");
        log.put(lost.after(12), CRASH.text());
        next = manager.exited(&mut rng, next, lost.after(70), "exit status 1");
    }
    let truth = Truth {
        program: "feedbridge",
        manager: Some("supervisord"),
        restarts: RUNS - 1,
        reached_ready: RUNS,
        verdict: Verdict::Flapping,
        also_acceptable: &[Verdict::CrashLoop],
        root_causes: vec![("econnrefused", "connect ECONNREFUSED 10.20.0.7:5672", RUNS - 1)],
        symptoms: &[
            ("node-error-event", "Unhandled 'error' event"),
            ("supervisord-exit", "exited: feedbridge (exit status 1; not expected)"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "Seven runs die one to three minutes after ready; the eighth is up at the end. A symptom by role that \
                nothing explains, so it is the root: the queue is down.",
    };
    Corpus { name: "flapping", logs: vec![manager.log, log], truth }
}

/// Something else starts a gateway of its own every half minute and kills launchd's; launchd's next start kills that.
pub fn two_supervisors() -> Corpus {
    const RUNS: usize = 14;
    let mut rng = Rng::new(0x0303);
    let mut gateway = Gateway {
        out: Log::new("gateway.log", Envelope::Bare),
        err: None,
        json: None,
        build: CURRENT,
        home: "/Users/ada",
        plugins: "7 plugins: anthropic, bonjour, browser, canvas, memory-core, openai, telegram",
        pid: 71_330,
    };
    let mut launchd = Launchd {
        log: Log::new("launchd.log", Envelope::Bare),
        domain: "gui/501",
        label: "ai.openclaw.gateway",
        program: "node",
        throttle_s: 10,
    };
    let (mut next, mut reason) = (Time::february(15, 19, 43, 9).after_micros(207_518), "speculative");
    for run in 1..=RUNS {
        let (spawned, pid) = (next, rng.next_pid(gateway.pid));
        launchd.spawn(spawned, pid, reason);
        let up = gateway.boot(&mut rng, spawned, pid);
        if run > 1 {
            let text = "service-mode: cleared 1 stale gateway pid(s) before bind on port 18789";
            gateway.say(spawned.after(1500), Level::Warn, "gateway", text);
        }
        let ready = gateway.become_ready(&mut rng, up);
        let asked = rng.later(ready, 4000, 19_000);
        gateway.work(&mut rng, ready, asked, 2500);
        if run == RUNS {
            break;
        }
        let gone = gateway.stop(&mut rng, asked);
        (next, reason) = launchd.exit(&mut rng, spawned, gone, pid, "exit(0)");
    }
    let mut logs = gateway.into_logs();
    logs.push(launchd.log);
    let truth = Truth {
        program: "openclaw",
        manager: Some("launchd"),
        restarts: RUNS - 1,
        reached_ready: RUNS,
        verdict: Verdict::Flapping,
        also_acceptable: &[Verdict::CrashLoop],
        root_causes: vec![(
            "openclaw-stale-pid-cleared",
            "service-mode: cleared 1 stale gateway pid(s) before bind on port 18789",
            RUNS - 1,
        )],
        symptoms: &[("openclaw-sigterm", "[gateway] received SIGTERM; shutting down")],
        tolerated: &[],
        secrets: &[],
        notes: "Every stop looks planned and clean (SIGTERM, exit 0), yet no run lives for half a minute. The other \
                supervisor's own gateways leave no line: only what launchd started is counted.",
    };
    Corpus { name: "two-supervisors", logs, truth }
}

/// Nothing ever runs: a job that launchd refuses, tried again by cron.
pub fn never_started() -> Corpus {
    const TRIES: u64 = 18;
    let mut rng = Rng::new(0x0304);
    let mut log = Log::new("gateway-restart.log", Envelope::Bare);
    for attempt in 0..TRIES {
        let time = rng.later(Time::february(16, 6, 0, 1).after(attempt * 600_000), 0, 900);
        let plist = "/Users/relay/Library/LaunchAgents/ai.openclaw.gateway.plist";
        log.put(time, format!("{} launchctl bootstrap gui/503 {plist}", time.zulu()));
        log.put(time, "Bootstrap failed: 125: Domain does not support specified action");
        let check = rng.later(time, 2000, 2300);
        log.put(check, format!("{} launchctl print gui/503/ai.openclaw.gateway", check.zulu()));
        log.put(check, "Could not find service \"ai.openclaw.gateway\" in domain for user gui: 503");
    }
    let truth = Truth {
        program: "openclaw",
        manager: Some("launchd"),
        restarts: 0,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[Verdict::Degraded],
        root_causes: vec![(
            "launchd-bootstrap-125",
            "Bootstrap failed: 125: Domain does not support specified action",
            0,
        )],
        symptoms: &[],
        tolerated: &[],
        secrets: &[],
        notes: "Refused every ten minutes for three hours; no process ever starts, so there are no restarts, and the \
                service is down all the time.",
    };
    Corpus { name: "never-started", logs: vec![log], truth }
}

/// The start fails, the process stays: hours of life without readiness, and nothing for a manager to restart.
pub fn alive_never_ready() -> Corpus {
    const HOURS: u64 = 5;
    let mut rng = Rng::new(0x0305);
    let mut gateway = Gateway {
        out: Log::new("gateway.log", Envelope::Bare),
        err: None,
        json: None,
        build: CURRENT,
        home: "/srv/gateway/home",
        plugins: "6 plugins: anthropic, browser, canvas, memory-core, openai, xai",
        pid: 0,
    };
    let mut manager = Supervisord::new("supervisord.log", "gateway", 10);
    let spawned = Time::february(17, 1, 15, 20);
    manager.daemon(spawned.before(1009), 40);
    manager.spawned(spawned, 44);
    manager.stays_up(&mut rng, spawned);
    let up = gateway.boot(&mut rng, spawned, 44);
    let failed = rng.later(up, 700, 900);
    let why = "tailnet bind requested but no tailnet address was found";
    let text = format!("gateway startup failed: Error: {why}. Process will stay alive; fix the issue and restart.");
    gateway.say(failed, Level::Error, "gateway", &text);
    let end = spawned.after(HOURS * 3_600_000);
    let mut time = failed.after(300_000);
    while time < end {
        let uptime = time.ms_since(spawned) / 1000;
        let rss = rng.between(176, 191);
        gateway.info(time, "heartbeat", &format!("process alive uptime={uptime}s rss={rss}MB sessions=0"));
        time = rng.later(time, 299_900, 300_100);
    }
    let mut logs = gateway.into_logs();
    logs.push(manager.log);
    let truth = Truth {
        program: "openclaw",
        manager: Some("supervisord"),
        restarts: 0,
        reached_ready: 0,
        verdict: Verdict::Degraded,
        also_acceptable: &[],
        root_causes: vec![("openclaw-start-failed-alive", "gateway startup failed: Error: tailnet bind requested", 0)],
        symptoms: &[],
        tolerated: &[],
        secrets: &[],
        notes: "supervisord calls it RUNNING, the heartbeat says alive, and it never becomes ready in five hours.",
    };
    Corpus { name: "alive-never-ready", logs, truth }
}
