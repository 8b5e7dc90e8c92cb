//! Stories that need more than one service and its manager: a job that launchd refuses, two supervisors that fight.

use super::managers::{Kind, Manager, Run};
use super::programs::{Install, Level, Program};
use super::scenario::some_time;
use super::time::Time;
use super::truth::{Incident, Root, Truth};
use super::world::{Mark, Pen, World, Wrap};

pub fn draw(world: World, seed: u64) -> Incident {
    if seed.is_multiple_of(2) { refused(world, seed) } else { fight(world, seed) }
}

/// A script that boots the job out and in again, in a session without a desktop.
fn refused(mut world: World, seed: u64) -> Incident {
    let pen = Pen { stream: world.stream("gateway-restart.log", 0), wrap: Wrap::Bare, ident: String::new() };
    let mut time = some_time(&mut world);
    let agent = "/Users/relay/Library/LaunchAgents/ai.openclaw.gateway.plist";
    for _ in 0..world.rng.between(3, 30) {
        let text = format!("{} launchctl bootstrap gui/503 {agent}", time.zulu());
        world.say(&pen, time, 0, &text, None);
        world.say(&pen, time.after(40), 0, "Bootstrap failed: 125: Domain does not support specified action", None);
        time = world.rng.later(time, 300_000, 900_000);
    }
    let root = Root {
        key: "bootstrap-125",
        ids: vec!["launchd-bootstrap-125", "openclaw-gui-session"],
        texts: vec!["Bootstrap failed: 125".into()],
        or_unknown: false,
        runs: 0,
    };
    let truth = Truth {
        roots: vec![root],
        verdicts: vec!["crash-loop", "degraded"],
        classes: vec!["launchctl".into()],
        ..Truth::default()
    };
    Incident { seed, files: world.write(0, None).files, truth }
}

/// launchd and somebody else's supervisor start gateways in turn, and each new one clears away the other's.
fn fight(mut world: World, seed: u64) -> Incident {
    let name = "gateway".to_owned();
    let install = Install::draw(&mut world.rng, Program::OpenClaw, &name, "mini");
    let stream = world.stream("launchd.log", 0);
    let log = Pen { stream: world.stream("gateway.log", 0), wrap: Wrap::Bare, ident: "node".into() };
    let mut manager = Manager {
        kind: Kind::Launchd,
        pen: Some(Pen { stream, wrap: Wrap::Bare, ident: String::new() }),
        kernel: None,
        name,
        title: String::new(),
        process: "node".into(),
        notifies: false,
        pause_ms: 0,
        startsecs: 0,
        retries: 0,
        pod: String::new(),
        early: 0,
        restarts: 0,
        starts: Vec::new(),
    };
    let runs = world.rng.between(6, 20) as usize;
    let mut next = some_time(&mut world);
    let mut pid = 71_000;
    let say = |world: &mut World, time: Time, pid: u32, component: &str, text: &str, mark: Option<Mark>| {
        world.say(&log, time, pid, &install.line(time, pid, Level::Info, component, text), mark);
    };
    for at in 0..runs {
        pid = world.rng.next_pid(pid);
        let mark = Some(Mark::Start { service: 0, run: at });
        let run = Run { spawned: next, pid, ready: true, mark };
        manager.spawns(&mut world, run);
        let mut time = next;
        for step in install.boot(pid) {
            time = world.rng.later(time, step.ms * 8 / 10, step.ms * 12 / 10 + 1);
            say(&mut world, time, pid, step.component, &step.text, mark.filter(|_| step.start));
            if at > 0 && step.text == "starting..." {
                let text = "service-mode: cleared 1 stale gateway pid(s) before bind on port 18789";
                say(&mut world, time.after(90), pid, "gateway", text, None);
            }
        }
        if at + 1 == runs {
            break;
        }
        let mut end = world.rng.later(time, 3_000, 20_000);
        for (ms, component, text) in install.stop(pid) {
            end = end.after(ms);
            say(&mut world, end, pid, component, &text, None);
        }
        next = manager.sees_stop(&mut world, run, end.after(40));
    }
    let root = Root {
        key: "two-supervisors",
        ids: vec!["openclaw-stale-pid-cleared", "openclaw-sigterm", "openclaw-already-running"],
        texts: vec!["stale gateway pid(s) before bind".into()],
        or_unknown: false,
        runs: runs - 1,
    };
    let truth = Truth {
        roots: vec![root],
        restarts: runs - 1,
        ready: runs,
        verdicts: vec!["flapping", "crash-loop"],
        classes: vec!["OpenClaw/TwoSupervisors".into()],
        ..Truth::default()
    };
    Incident { seed, files: world.write(0, None).files, truth }
}

/// `ls -la` of a folder where each crash left an unfinished file behind: it makes things worse and is no cause.
pub fn sessions(world: &mut World, start: Time, crashes: usize) {
    let pen = Pen { stream: world.stream("sessions.txt", 0), wrap: Wrap::Bare, ident: String::new() };
    world.say(&pen, start, 0, "total 928", None);
    for at in 0..crashes as u64 {
        let name = world.rng.uuid();
        let stamp = start.after(at * 11_000).full_iso(417);
        world.say(&pen, start.after(at), 0, &format!("-rw-------   1 ops staff     80 {stamp} {name}.jsonl.tmp"), None);
    }
}
