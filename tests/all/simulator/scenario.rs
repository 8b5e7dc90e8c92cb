//! Draws an incident from a seed: which services on which machine, under which manager, with what befalling them.

use super::causes::{self, Blow, End};
use super::managers::{self, KINDS, Kind, Manager};
use super::noise;
use super::programs::{Install, PROGRAMS, Program};
use super::service::{History, Plan, Service};
use super::special;
use super::time::Time;
use super::truth::{Incident, Root, Truth, Verdicts};
use super::words;
use super::world::{Mark, Pen, World, Wrap, chance};

/// The machine that the services of one incident share.
struct Site {
    kind: Kind,
    host: String,
    /// The stream that all write into; none where each service has its own.
    shared: Option<usize>,
    /// The manager's own.
    manager: Option<usize>,
    /// What the journal is printed as.
    style: u64,
    timed: bool,
    /// What is hard about it.
    traits: Vec<&'static str>,
}

/// An incident: something is wrong with one service at least.
pub fn ill(seed: u64) -> Incident {
    let mut world = World::new(seed.wrapping_mul(2).wrapping_add(1));
    if chance(&mut world.rng, 4) {
        return special::draw(world, seed);
    }
    drawn(world, seed, true)
}

/// Services that are well: restarts that were asked for, errors that are handled, noise.
pub fn healthy(seed: u64) -> Incident {
    drawn(World::new(seed.wrapping_mul(2) ^ 0x5eed_0000_0000), seed, false)
}

/// A moment of February 2026.
pub fn some_time(world: &mut World) -> Time {
    let (day, hour) = (world.rng.between(2, 20), world.rng.below(24));
    Time::february(day, hour, world.rng.below(60), world.rng.below(60)).after_micros(world.rng.below(1_000_000))
}

fn drawn(mut world: World, seed: u64, is_ill: bool) -> Incident {
    let site = Site::draw(&mut world);
    let several = site.shared.is_some() && chance(&mut world.rng, 35);
    let count = if several { world.rng.between(2, 4) as usize } else { 1 };
    let start = some_time(&mut world);
    let mut names: Vec<String> = Vec::new();
    let mut services = Vec::new();
    // In a journal each unit may have an identifier of its own; else it is the program's name, and the unit's name stands
    // in the manager's lines alone.
    let named = count > 1 && site.kind == Kind::Systemd && chance(&mut world.rng, 60);
    for index in 0..count {
        let mut name = words::service(&mut world.rng);
        while names.contains(&name) {
            name = words::service(&mut world.rng);
        }
        names.push(name.clone());
        let mut service = site.service(&mut world, index, name.clone());
        let is_twice = services.iter().any(|other: &Service| other.out.ident == service.out.ident);
        if named || is_twice {
            (service.out.ident, service.err.ident) = (name.clone(), name);
        }
        services.push(service);
    }
    // One is ill, the others may be.
    for (index, service) in services.iter_mut().enumerate() {
        if is_ill && (index == 0 || chance(&mut world.rng, 20)) {
            let want = [1, 1, 1, 2, 2, 2, 3, 3, 4, 5][world.rng.below(10) as usize];
            let program = service.install.program;
            let is_watched = service.manager.pen.is_some();
            let catalog = causes::catalog(&mut world.rng, program, site.kind, &service.install.name, is_watched);
            service.causes = causes::draw(&mut world.rng, catalog, want);
        }
    }
    if site.kind != Kind::Systemd && services.iter().any(|service| service.causes.iter().any(is_kernels)) {
        let stream = world.stream("kern.log", 0);
        let pen = Pen { stream, wrap: Wrap::Short { host: site.host.clone() }, ident: "kernel".into() };
        services.iter_mut().for_each(|service| service.manager.kernel = Some(pen.clone()));
    }
    let mut histories = Vec::new();
    for service in &mut services {
        let plan = Plan {
            start: world.rng.later(start, 0, 40_000),
            max_runs: if service.causes.is_empty() { 8 } else { world.rng.between(5, 26) as usize },
            planned: planned(&mut world, &service.causes, site.kind),
            settle_ms: world.rng.between(120_000, 1_200_000),
        };
        histories.push(service.lives(&mut world, &plan));
    }
    if services[0].install.program == Program::OpenClaw && histories[0].failed > 2 && chance(&mut world.rng, 40) {
        special::sessions(&mut world, start, histories[0].failed);
    }
    let lost = *world.rng.pick(&[0, 0, 0, 0, 0, 0, 50, 100, 200, 500]);
    let mut traits = site.traits.clone();
    let also = [
        (lost > 0, "lines lost"),
        (count > 1, "several services"),
        (count > 1 && site.kind == Kind::Systemd && !named, "journal without identifiers"),
        (services.iter().any(|service| service.causes.len() > 1), "several causes"),
        (services.iter().any(|service| service.background.is_some()), "background errors"),
    ];
    traits.extend(also.into_iter().filter_map(|(holds, name)| holds.then_some(name)));
    let mut incident = finish(world, seed, &services, &histories, lost);
    incident.truth.traits = traits;
    incident
}

fn is_kernels(cause: &causes::Cause) -> bool {
    matches!(cause.end, End::Outside(Blow::KernelOom))
}

/// How many restarts somebody asks for. A rollout in Kubernetes makes another pod, and is another story.
fn planned(world: &mut World, causes: &[causes::Cause], kind: Kind) -> usize {
    match kind {
        Kind::Kubernetes => 0,
        _ if causes.is_empty() => world.rng.below(4) as usize,
        _ => world.rng.below(3) as usize,
    }
}

fn finish(world: World, seed: u64, services: &[Service], histories: &[History], lost: u64) -> Incident {
    let written = world.write(lost, None);
    let mut truth = Truth::default();
    let mut worst: (usize, Verdicts) = (0, vec!["healthy"]);
    for (service, history) in services.iter().zip(histories) {
        truth.restarts += history.starts.saturating_sub(1);
        truth.ready += history.ready;
        truth.start_lost |= history.silent_start;
        truth.classes.push(format!("{:?}/{:?}", service.install.program, service.manager.kind));
        for (cause, &runs) in service.causes.iter().zip(&history.deaths) {
            let is_told = written.files.iter().any(|(_, bytes)| holds(bytes, &cause.texts));
            if runs > 0 && is_told {
                let (key, ids, texts) = (cause.key, cause.ids.clone(), cause.texts.clone());
                truth.roots.push(Root { key, ids, texts, or_unknown: cause.or_unknown, runs });
            }
        }
        let verdicts = verdicts(history);
        let rank = ["healthy", "degraded", "flapping", "crash-loop"].iter().position(|word| *word == verdicts[0]);
        if rank > Some(worst.0) {
            worst = (rank.unwrap_or_default(), verdicts);
        }
    }
    truth.verdicts = worst.1;
    // A run that ends without the words that ask for its end is as good as a failed one.
    if written.lost.iter().any(|mark| matches!(mark, Mark::Stop { .. })) {
        truth.verdicts.extend(["degraded", "flapping"]);
    }
    truth.start_lost |= written.damaged.iter().any(|mark| matches!(mark, Mark::Start { .. }));
    truth.ready_lost = written.damaged.iter().any(|mark| matches!(mark, Mark::Ready { .. }));
    Incident { seed, files: written.files, truth }
}

fn holds(bytes: &[u8], texts: &[String]) -> bool {
    texts.iter().any(|text| {
        let escaped = serde_json::Value::from(text.as_str()).to_string();
        let escaped = &escaped.as_bytes()[1..escaped.len() - 1];
        [text.as_bytes(), escaped].iter().any(|text| memchr::memmem::find(bytes, text).is_some())
    })
}

/// What an operator would call it; the first one is the best, the others are fair.
fn verdicts(history: &History) -> Verdicts {
    let share_ready = history.ready * 100 / history.starts.max(1);
    match history.failed {
        0 => vec!["healthy"],
        1 if history.gave_up => vec!["degraded", "crash-loop"],
        1 => vec!["degraded", "flapping"],
        2 if history.gave_up => vec!["crash-loop", "degraded"],
        2 => vec!["degraded", "flapping", "crash-loop"],
        _ if history.failed_ready == 0 => vec!["crash-loop", "flapping"],
        _ if share_ready > 80 => vec!["flapping", "crash-loop"],
        _ => vec!["crash-loop", "flapping"],
    }
}

impl Site {
    fn draw(world: &mut World) -> Self {
        let kind = *world.rng.pick(&KINDS);
        let host = words::host(&mut world.rng);
        let style = world.rng.below(4);
        let timed = chance(&mut world.rng, 50);
        let skew = if chance(&mut world.rng, 40) { world.rng.between(0, 4000) as i64 - 2000 } else { 0 };
        let (mut shared, mut manager) = (None, None);
        match kind {
            Kind::Systemd => {
                let path = ["journal.log", "journal.txt", "journal.json", "syslog"][style as usize];
                shared = Some(world.stream(path, 0));
                manager = shared;
            }
            Kind::Compose => {
                shared = Some(world.stream("compose.log", 0));
                manager = shared.filter(|_| !timed);
            }
            Kind::Kubernetes => {
                shared = Some(world.stream("pods.log", 0));
                // Half of the time only the pods' own logs are at hand.
                if !timed {
                    return Self { kind, host, shared, manager, style, timed, traits: vec!["no kubelet log"] };
                }
                let kubelet = world.stream("kubelet.log", skew);
                let pen = Pen { stream: kubelet, wrap: Wrap::Bare, ident: String::new() };
                let opened = Time::february(1, 0, 0, 0);
                for text in [
                    "Log file created at: 2026/02/01 00:00:00",
                    "Running on machine: node-11",
                    "Binary: Built with gc go1.22.5 for linux/amd64",
                    "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg",
                ] {
                    world.say(&pen, opened, 0, text, None);
                }
                manager = Some(kubelet);
            }
            Kind::Supervisord => manager = Some(world.stream("supervisord.log", skew)),
            Kind::Pm2 => manager = Some(world.stream("pm2.log", skew)),
            Kind::Launchd => manager = Some(world.stream("launchd.log", skew)),
            Kind::Alone => {}
        }
        let own_clock = manager.is_some() && shared != manager;
        let traits = match skew.abs() {
            _ if !own_clock => vec![],
            0 => vec!["clocks agree"],
            ..1000 => vec!["clocks differ below 1 s"],
            _ => vec!["clocks differ by 1 to 2 s"],
        };
        Self { kind, host, shared, manager, style, timed, traits }
    }

    /// Whether lines without a time of their own have one in their stream.
    fn gives_times(&self) -> bool {
        match self.kind {
            Kind::Systemd | Kind::Kubernetes => true,
            Kind::Compose | Kind::Pm2 => self.timed,
            Kind::Supervisord | Kind::Launchd | Kind::Alone => false,
        }
    }

    fn program(&self, world: &mut World) -> Program {
        loop {
            let program = *world.rng.pick(&PROGRAMS);
            if program.is_untimed() && !self.gives_times() {
                continue;
            }
            return program;
        }
    }

    fn service(&self, world: &mut World, index: usize, name: String) -> Service {
        let program = self.program(world);
        let install = Install::draw(&mut world.rng, program, &name, &self.host);
        let pod = format!("{name}-{}-{}", world.rng.hex(9), world.rng.hex(5));
        let ident = program.ident(&name);
        let (out, err) = self.pens(world, &name, &pod, &ident);
        let wrap = match self.kind {
            Kind::Systemd => self.journal(&name),
            _ => Wrap::Bare,
        };
        let pen = self.manager.map(|stream| Pen { stream, wrap: wrap.clone(), ident: "systemd".into() });
        let kernel = (self.kind == Kind::Systemd).then(|| Pen {
            stream: self.shared.unwrap_or_default(),
            wrap,
            ident: "kernel".into(),
        });
        let title = words::title(&mut world.rng, &name);
        let manager = Manager {
            kind: self.kind,
            pen,
            kernel,
            name,
            title,
            process: ident,
            notifies: chance(&mut world.rng, 25),
            pause_ms: managers::pause(&mut world.rng, self.kind),
            startsecs: *world.rng.pick(&[1, 1, 5, 10]),
            retries: *world.rng.pick(&[3, 10, 20]),
            pod,
            early: 0,
            restarts: 0,
            starts: Vec::new(),
        };
        let background = chance(&mut world.rng, 40).then(|| noise::background(&mut world.rng));
        let pace_ms = *world.rng.pick(&[3_000, 8_000, 20_000]);
        let pid = world.rng.between(900, 30_000) as u32;
        Service { index, install, manager, out, err, causes: Vec::new(), background, pace_ms, pid }
    }

    fn journal(&self, name: &str) -> Wrap {
        let host = self.host.clone();
        match self.style {
            0 => Wrap::ShortIso { host },
            1 => Wrap::ShortIsoPrecise { host },
            2 => Wrap::JournalJson { host, unit: format!("{name}.service") },
            _ => Wrap::Short { host },
        }
    }

    /// Where the program's two outputs go.
    fn pens(&self, world: &mut World, name: &str, pod: &str, ident: &str) -> (Pen, Pen) {
        let pen = |stream, wrap| Pen { stream, wrap, ident: ident.to_owned() };
        if let Some(stream) = self.shared {
            let wrap = match self.kind {
                Kind::Compose => Wrap::Compose { name: format!("{:<14}", format!("{name}-1")), timed: self.timed },
                Kind::Kubernetes => Wrap::Kubectl { pod: pod.to_owned(), container: name.to_owned() },
                _ => self.journal(name),
            };
            return (pen(stream, wrap.clone()), pen(stream, wrap));
        }
        let wrap = if self.kind == Kind::Pm2 && self.timed { Wrap::Pm2 } else { Wrap::Bare };
        let names = match self.kind {
            Kind::Pm2 => [format!("{name}-out.log"), format!("{name}-error.log")],
            Kind::Launchd => [format!("{name}.log"), format!("{name}.err.log")],
            _ => [format!("{name}.out.log"), format!("{name}.err.log")],
        };
        if self.kind == Kind::Alone || chance(&mut world.rng, 50) {
            let stream = world.stream(format!("{name}.log"), 0);
            return (pen(stream, wrap.clone()), pen(stream, wrap));
        }
        let [out, err] = names.map(|name| world.stream(name, 0));
        (pen(out, wrap.clone()), pen(err, wrap))
    }
}
