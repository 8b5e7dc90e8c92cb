//! Services under systemd, told by the journal: one cause each, one of them repaired, one that dies only when at work.

use super::log::{Envelope, Log, Speaker};
use super::managers::Unit;
use super::openclaw::{CURRENT, Gateway, Level};
use super::programs::{NodeCrash, heap_exhausted};
use super::rng::Rng;
use super::time::Time;
use super::truth::{Corpus, Truth, Verdict};

/// The configuration does not fit the schema; the unit tries again every five seconds.
pub fn config_invalid() -> Corpus {
    const RUNS: usize = 14;
    const INVALID: &str = "Gateway failed to start: Invalid config at /home/ops/.openclaw/openclaw.json:\n\
                           openclaw.json:7 — gateway.port: Invalid input: expected number, received string\n\
                           Run \"openclaw doctor --fix\" to repair, then retry.\n\
                           If startup is still blocked, inspect the adjacent .bak backup before restoring it manually.";
    const UNIT: Unit =
        Unit { name: "openclaw-gateway.service", title: "OpenClaw Gateway (v2026.2.9)", manager: 812, pause: 5000 };
    let mut rng = Rng::new(0x0201);
    let mut gateway = Gateway {
        out: Log::new("journal.log", Envelope::ShortIso { host: "box7" }),
        err: None,
        json: None,
        build: CURRENT,
        home: "/home/ops",
        plugins: "",
        pid: 24_077,
    };
    let mut next = Time::february(9, 3, 12, 7);
    UNIT.started(&mut gateway.out, next);
    for run in 1..=RUNS {
        gateway.pid = rng.next_pid(gateway.pid);
        let loading = rng.later(next, 600, 900);
        gateway.info(loading, "gateway", "loading configuration…");
        let checked = rng.later(loading, 300, 500);
        gateway.info(checked, "gateway", "resolving authentication…");
        gateway.info(checked.after(6), "gateway", "starting...");
        let refused = rng.later(checked, 400, 700);
        gateway.say(refused, Level::Error, "", INVALID);
        gateway.say(
            refused.after(3),
            Level::Error,
            "",
            "Run \"openclaw doctor --fix\" to repair the config, then retry.",
        );
        let gone = rng.later(refused, 40, 90);
        UNIT.failed(&mut gateway.out, gone, "exited, status=1/FAILURE", "exit-code");
        if run < RUNS {
            next = UNIT.scheduled(&mut gateway.out, &mut rng, gone, run);
            UNIT.started(&mut gateway.out, next);
        }
    }
    let truth = Truth {
        program: "openclaw",
        manager: Some("systemd"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("openclaw-config-invalid", "Gateway failed to start: Invalid config at", RUNS)],
        symptoms: &[("systemd-exit-failure", "Main process exited, code=exited, status=1/FAILURE")],
        tolerated: &[],
        secrets: &[],
        notes: "Restart=always without a limit; the journal ends within the pause after the last run. 'Started' of \
                this unit is not ready.",
    };
    Corpus { name: "config-invalid", logs: gateway.into_logs(), truth }
}

/// A service that works for minutes and then runs out of heap; each start becomes ready.
pub fn heap_oom() -> Corpus {
    const RUNS: usize = 5;
    const UNIT: Unit = Unit { name: "thumbs.service", title: "Thumbnail renderer", manager: 1, pause: 10_000 };
    let mut rng = Rng::new(0x0202);
    let mut journal = Log::new("journal.log", Envelope::ShortIso { host: "render-3" });
    let mut next = Time::february(10, 13, 5, 40);
    let mut pid = 5120;
    UNIT.started(&mut journal, next);
    for run in 1..=RUNS {
        pid = rng.next_pid(pid);
        let speaker = Speaker { ident: "thumbs", pid };
        journal.say(rng.later(next, 300, 420), speaker, &format!("INFO  thumbs 2.3.0 starting, pid {pid}"));
        let ready = rng.later(next, 1400, 1900);
        journal.say(ready, speaker, "INFO  ready on http://0.0.0.0:8090");
        let end = rng.later(ready, 250_000, 520_000);
        render(&mut journal, &mut rng, speaker, ready, end);
        if run == RUNS {
            break;
        }
        let full = rng.later(end, 900, 2500);
        journal.say(full, speaker, &heap_exhausted(pid, full.ms_since(next)));
        let gone = rng.later(full, 300, 700);
        UNIT.failed(&mut journal, gone, "dumped, status=6/ABRT", "core-dump");
        UNIT.line(&mut journal, gone.after(1), "thumbs.service: Consumed 4min 11.214s CPU time.");
        next = UNIT.scheduled(&mut journal, &mut rng, gone, run);
        UNIT.started(&mut journal, next);
    }
    let truth = Truth {
        program: "thumbs",
        manager: Some("systemd"),
        restarts: RUNS - 1,
        reached_ready: RUNS,
        verdict: Verdict::Flapping,
        also_acceptable: &[Verdict::CrashLoop],
        root_causes: vec![("node-heap-oom", "Allocation failed - JavaScript heap out of memory", RUNS - 1)],
        symptoms: &[],
        tolerated: &[],
        secrets: &[],
        notes: "A runtime fault: four runs end by SIGABRT four to nine minutes after ready; the fifth still runs at \
                the end, and its heap grows, too.",
    };
    Corpus { name: "heap-oom", logs: vec![journal], truth }
}

/// Jobs, and now and then a line that shows the leak.
fn render(journal: &mut Log, rng: &mut Rng, speaker: Speaker, from: Time, until: Time) {
    let whole = until.ms_since(from);
    let mut time = rng.later(from, 3000, 9000);
    while time < until {
        let used = 210 + time.ms_since(from) * 1800 / whole;
        let (job, ms) = (rng.between(10_000, 99_999), rng.between(180, 1400));
        journal.say(time, speaker, &format!("INFO  job {job} rendered in {ms} ms (heap {used} MB)"));
        time = rng.later(time, 6000, 16_000);
    }
}

/// An error that no list of signatures can know.
pub fn unknown_error() -> Corpus {
    const RUNS: usize = 10;
    const UNIT: Unit = Unit { name: "quotad.service", title: "Quota daemon", manager: 1, pause: 2000 };
    const CRASH: NodeCrash = NodeCrash {
        thrown_at: "/srv/quotad/lib/ledger.js:218\n    throw new QuotaLedgerError(epoch, shard);\n    ^",
        error: "QuotaLedgerError: ledger epoch 4471 is ahead of shard 12",
        frames: &[
            "openLedger (/srv/quotad/lib/ledger.js:218:11)",
            "async Shard.attach (/srv/quotad/lib/shard.js:77:5)",
            "async main (/srv/quotad/bin/quotad.js:41:3)",
        ],
        members: &[],
    };
    let mut rng = Rng::new(0x0203);
    let mut journal = Log::new("journal.log", Envelope::ShortIsoPrecise { host: "quota-1" });
    let mut next = Time::february(11, 22, 48, 19);
    let mut pid = 1733;
    UNIT.started(&mut journal, next);
    for run in 1..=RUNS {
        pid = rng.next_pid(pid);
        let speaker = Speaker { ident: "quotad", pid };
        let up = rng.later(next, 240, 330);
        journal.say(up, speaker, &format!("quotad 4.0.2 starting, pid {pid}"));
        journal.say(rng.later(up, 20, 50), speaker, "reading ledger /var/lib/quotad/ledger");
        let shards = rng.between(11, 14);
        journal.say(rng.later(up, 90, 180), speaker, &format!("attached {shards} of 16 shards"));
        let thrown = rng.later(up, 300, 700);
        journal.say(thrown, speaker, &CRASH.text());
        let gone = rng.later(thrown, 20, 60);
        UNIT.failed(&mut journal, gone, "exited, status=1/FAILURE", "exit-code");
        next = UNIT.scheduled(&mut journal, &mut rng, gone, run);
        if run < RUNS {
            UNIT.started(&mut journal, next);
        }
    }
    UNIT.line(&mut journal, next, "quotad.service: Start request repeated too quickly.");
    UNIT.line(&mut journal, next, "quotad.service: Failed with result 'exit-code'.");
    UNIT.line(&mut journal, next, "Failed to start quotad.service - Quota daemon.");
    let truth = Truth {
        program: "quotad",
        manager: Some("systemd"),
        restarts: RUNS - 1,
        reached_ready: 0,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("unknown", "QuotaLedgerError: ledger epoch 4471 is ahead of shard 12", RUNS)],
        symptoms: &[
            ("systemd-exit-failure", "Main process exited, code=exited, status=1/FAILURE"),
            ("systemd-start-limit", "Start request repeated too quickly"),
        ],
        tolerated: &[],
        secrets: &[],
        notes: "StartLimitBurst=10: the tenth restart is scheduled (counter at 10) but refused, so there are ten \
                starts. State at the end: given up.",
    };
    Corpus { name: "unknown-error", logs: vec![journal], truth }
}

/// The disk is full; nine starts fail. Then somebody makes room, and the tenth serves to the end.
pub fn fixed_halfway() -> Corpus {
    const FAILED: usize = 9;
    const UNIT: Unit = Unit { name: "archiver.service", title: "Message archiver", manager: 1, pause: 5000 };
    const CRASH: NodeCrash = NodeCrash {
        thrown_at: "node:internal/fs/utils:355\n    throw err;\n    ^",
        error: "Error: ENOSPC: no space left on device, write",
        frames: &[
            "Object.writeSync (node:fs:923:3)",
            "Segment.append (/srv/archiver/lib/segment.js:58:8)",
            "replay (/srv/archiver/lib/wal.js:31:13)",
        ],
        members: &["errno: -28", "syscall: 'write'", "code: 'ENOSPC'"],
    };
    let mut rng = Rng::new(0x0204);
    let mut journal = Log::new("journal.json", Envelope::JournalJson { host: "mail-2", unit: UNIT.name });
    let mut next = Time::february(12, 5, 30, 2);
    let mut pid = 2480;
    UNIT.started(&mut journal, next);
    for run in 1..=FAILED + 1 {
        pid = rng.next_pid(pid);
        let speaker = Speaker { ident: "archiver", pid };
        let up = rng.later(next, 300, 420);
        journal.say(up, speaker, &format!("archiver 0.9.4 starting, pid {pid}"));
        let replay = rng.later(up, 60, 140);
        journal.say(replay, speaker, "replaying write-ahead log (3 segments)");
        let done = rng.later(replay, 900, 1800);
        if run > FAILED {
            journal.say(done, speaker, "ready on http://127.0.0.1:9200");
            archive(&mut journal, &mut rng, speaker, done);
            break;
        }
        journal.say(done, speaker, &CRASH.text());
        let gone = rng.later(done, 20, 60);
        UNIT.failed(&mut journal, gone, "exited, status=1/FAILURE", "exit-code");
        next = UNIT.scheduled(&mut journal, &mut rng, gone, run);
        UNIT.started(&mut journal, next);
    }
    let truth = Truth {
        program: "archiver",
        manager: Some("systemd"),
        restarts: FAILED,
        reached_ready: 1,
        verdict: Verdict::CrashLoop,
        also_acceptable: &[],
        root_causes: vec![("disk-full", "ENOSPC: no space left on device, write", FAILED)],
        symptoms: &[("systemd-exit-failure", "Main process exited, code=exited, status=1/FAILURE")],
        tolerated: &[],
        secrets: &[],
        notes: "The loop is over: the last run is ready and serves for 25 minutes to the end. Each line of a stack is \
                a journal record of its own.",
    };
    Corpus { name: "fixed-halfway", logs: vec![journal], truth }
}

/// Twenty-five minutes of ordinary work.
fn archive(journal: &mut Log, rng: &mut Rng, speaker: Speaker, from: Time) {
    let until = from.after(25 * 60_000);
    let mut time = rng.later(from, 4000, 9000);
    while time < until {
        let (count, ms) = (rng.between(2, 140), rng.between(12, 480));
        journal.say(time, speaker, &format!("archived {count} messages in {ms} ms"));
        time = rng.later(time, 12_000, 30_000);
    }
}
