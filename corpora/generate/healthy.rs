//! Healthy services that look ill: each must get the verdict `healthy`.

use super::log::{Envelope, Log, Speaker};
use super::managers::{Supervisord, Unit};
use super::openclaw::{ANCIENT, Build, CURRENT, Gateway, Level};
use super::programs::pino;
use super::rng::Rng;
use super::time::Time;
use super::truth::{Corpus, Shown, Truth, Verdict};

/// What all of these have in common.
fn healthy(
    name: &'static str,
    logs: Vec<Log>,
    (program, manager): (&'static str, Option<&'static str>),
    runs: usize,
    symptoms: &'static [Shown],
    notes: &'static str,
) -> Corpus {
    let truth = Truth {
        program,
        manager,
        restarts: runs - 1,
        reached_ready: runs,
        verdict: Verdict::Healthy,
        also_acceptable: &[],
        root_causes: Vec::new(),
        symptoms,
        tolerated: &[],
        secrets: &[],
        notes,
    };
    Corpus { name, logs, truth }
}

fn gateway(out: Log, build: Build) -> Gateway {
    let plugins = "7 plugins: anthropic, browser, canvas, memory-core, openai, telegram, xai";
    Gateway { out, err: None, json: None, build, home: "/srv/gateway/home", plugins, pid: 1500 }
}

/// An operator restarts the service twice.
pub fn planned_restart() -> Corpus {
    const RUNS: usize = 3;
    let mut rng = Rng::new(0x0401);
    let mut gateway = gateway(Log::new("gateway.log", Envelope::Bare), CURRENT);
    let mut manager = Supervisord::new("supervisord.log", "gateway", 5);
    let mut next = Time::february(18, 10, 0, 4);
    manager.daemon(next.before(1010), 1490);
    for run in 1..=RUNS {
        let (spawned, pid) = (next, rng.next_pid(gateway.pid));
        manager.spawned(spawned, pid);
        manager.stays_up(&mut rng, spawned);
        let up = gateway.boot(&mut rng, spawned, pid);
        let ready = gateway.become_ready(&mut rng, up);
        let end = rng.later(ready, 420_000, 900_000);
        gateway.work(&mut rng, ready, end, 11_000);
        if run == RUNS {
            break;
        }
        let asked = end.after(400);
        let gone = gateway.stop(&mut rng, asked.after(40));
        manager.stopped(asked, gone);
        next = gone.after(5);
    }
    let mut logs = gateway.into_logs();
    logs.push(manager.log);
    let notes = "Two restarts by supervisorctl, minutes apart: both exits were asked for, all three runs are ready.";
    let symptoms = &[("openclaw-sigterm", "[gateway] received SIGTERM; shutting down")];
    healthy("planned-restart", logs, ("openclaw", Some("supervisord")), RUNS, symptoms, notes)
}

/// Stopped, upgraded, started again: one restart, under a new version.
pub fn upgrade() -> Corpus {
    const HOST: &str = "box3";
    const NEW: Build = CURRENT;
    let unit = |title| Unit { name: "openclaw-gateway.service", title, manager: 790, pause: 5000 };
    let (old, new) = (unit("OpenClaw Gateway (v2026.1.29)"), unit("OpenClaw Gateway (v2026.2.9)"));
    let mut rng = Rng::new(0x0402);
    let mut gateway = gateway(Log::new("journal.log", Envelope::ShortIso { host: HOST }), ANCIENT);
    let spawned = Time::february(19, 6, 58, 12);
    old.started(&mut gateway.out, spawned);
    let pid = rng.next_pid(1500);
    let up = gateway.boot(&mut rng, spawned, pid);
    let ready = gateway.become_ready(&mut rng, up);
    let asked = ready.after(1_260_000);
    gateway.work(&mut rng, ready, asked, 20_000);
    let gone = gateway.stop(&mut rng, asked.after(30));
    old.stopped(&mut gateway.out, asked, gone);
    let npm = Speaker { ident: "npm", pid: pid + 61 };
    gateway.out.say(gone.after(2400), npm, "npm install -g openclaw@2026.2.9");
    gateway.out.say(gone.after(26_800), npm, "changed 311 packages in 24s");
    let spawned = gone.after(31_000);
    gateway.build = NEW;
    new.started(&mut gateway.out, spawned);
    let up = gateway.boot(&mut rng, spawned, pid + 118);
    let ready = gateway.become_ready(&mut rng, up);
    gateway.work(&mut rng, ready, ready.after(1_500_000), 20_000);
    let notes =
        "One planned restart for an upgrade: the version in the unit's title and the form of the boot change with it.";
    let symptoms = &[("openclaw-sigterm", "[gateway] received SIGTERM; shutting down")];
    healthy("upgrade", gateway.into_logs(), ("openclaw", Some("systemd")), 2, symptoms, notes)
}

/// Refusals that are somebody else's, or are answered by another key at once.
pub fn handled_401() -> Corpus {
    let mut rng = Rng::new(0x0403);
    let mut gateway = gateway(Log::new("gateway.log", Envelope::Bare), CURRENT);
    gateway.json = Some(Log::new("openclaw-2026-02-20.log", Envelope::Bare));
    let up = gateway.boot(&mut rng, Time::february(20, 14, 30, 0), 1512);
    let ready = gateway.become_ready(&mut rng, up);
    let mut time = ready;
    for round in 0..9 {
        let until = rng.later(time, 240_000, 340_000);
        gateway.work(&mut rng, time, until, 24_000);
        time = until.after(50);
        if round % 3 == 0 {
            let who = format!("conn={} remote=192.0.2.14 code=4008 reason=token_missing status=401", rng.hex(8));
            gateway.say(time, Level::Warn, "ws", &format!("unauthorized {who}"));
            continue;
        }
        let text = "model call failed with 401, rotating to auth profile openai:backup";
        gateway.say(time, Level::Error, "agent/embedded", text);
        time = rng.later(time, 700, 1500);
        gateway.info(time, "agent/embedded", "run completed profile=openai:backup");
    }
    gateway.work(&mut rng, time, time.after(120_000), 24_000);
    let notes = "One run, ready throughout. Callers without a token are turned away; a refused model call succeeds with \
                 another profile. Each event stands in both files.";
    let symptoms = &[("http-401", "model call failed with 401"), ("http-401", "reason=token_missing status=401")];
    healthy("handled-401", gateway.into_logs(), ("openclaw", None), 1, symptoms, notes)
}

/// An error every second that never matters.
pub fn noisy_errors() -> Corpus {
    const SECONDS: u64 = 480;
    const PID: u32 = 3007;
    let mut rng = Rng::new(0x0404);
    let mut log = Log::new("pricefeed.log", Envelope::Bare);
    let mut say = |time: Time, level: u32, extra: &str, msg: &str| {
        log.put(time, pino(time, level, PID, "feed-4", "pricefeed", extra, msg));
    };
    let start = Time::february(21, 23, 50, 0);
    say(start, 30, "", "pricefeed 5.1.0 starting, pid 3007");
    let ready = rng.later(start, 800, 1200);
    say(ready, 30, "", "ready on http://0.0.0.0:8085");
    for second in 1..SECONDS {
        let time = rng.later(ready.after(second * 1000), 0, 300);
        let symbol = *rng.pick(&["AUD", "CHF", "NOK", "PLN", "SEK", "TRY"]);
        let age = rng.between(2, 40);
        let extra = format!(r#""symbol":"{symbol}","ageMs":{},"#, age * 100);
        say(time, 50, &extra, &format!("quote for {symbol} is stale, serving the last one"));
        if second % 30 == 0 {
            let served = rng.between(900, 1400);
            say(time.after(420), 30, "", &format!("served {served} requests in 30 s, none failed"));
        }
    }
    let notes = "One run, ready throughout, at error level every second: nothing ever fails because of it.";
    healthy("noisy-errors", vec![log], ("pricefeed", None), 1, &[], notes)
}

/// A log rotated in the middle of a run: the new file opens with the logger's banner, as the old one did.
pub fn rotation() -> Corpus {
    let mut rng = Rng::new(0x0405);
    let mut gateway = gateway(Log::new("gateway.log", Envelope::Bare), CURRENT);
    let opened = |gateway: &mut Gateway, time: Time| {
        let text = "log opened: /var/log/openclaw/gateway.log (size limit 1 MiB, 5 kept)";
        gateway.info(time, "logging", text);
        gateway.info(time.after(1), "gateway", "log file: /var/log/openclaw/gateway.log");
    };
    let spawned = Time::february(22, 8, 0, 0);
    opened(&mut gateway, spawned.after(300));
    let up = gateway.boot(&mut rng, spawned, 1533);
    let ready = gateway.become_ready(&mut rng, up);
    let end = ready.after(7_200_000);
    gateway.work(&mut rng, ready, end, 26_000);
    let rotated = ready.after(3_900_000);
    opened(&mut gateway, rotated);
    let older = gateway.out.split_off_before(rotated, "gateway.log.1");
    let notes = "One run over two files: no restart, though the newer file begins with the logger's banner.";
    healthy("rotation", vec![older, gateway.out], ("openclaw", None), 1, &[], notes)
}
