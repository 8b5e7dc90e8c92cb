//! Conditions of the simulated world that end a service: what they are, when they bite, what they are known by.

use super::managers::Kind;
use super::programs::{Family, Level, Program};
use super::rng::Rng;
use super::words;
use super::world::chance;
use super::{causes_java, causes_native, causes_node, causes_python};

/// When a condition is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The process cannot even be made.
    Exec,
    /// A check at boot; 0 comes before the first line, 5 last.
    Boot(u8),
    /// At work, so many milliseconds after it became ready.
    Work(u64, u64),
}

/// How a program takes an error that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Nobody catches it: the runtime's own last words.
    Uncaught,
    /// The program logs it and leaves.
    Logged,
    /// The framework has a form of its own for it.
    Banner,
    /// Go's and Rust's way to crash; a signal or none stands in `members`.
    Panic,
    /// The runtime has no memory left.
    Memory,
}

/// An error inside the program.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is logged first, and survived.
    pub before: Vec<(Level, &'static str, String)>,
    pub style: Style,
    pub class: String,
    /// `{n}` is another number each time.
    pub message: String,
    /// Details in the language's own form.
    pub members: Vec<String>,
}

/// What ends a process from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    KernelOom,
    Segfault,
    Watchdog,
    Liveness,
    MemoryLimit,
    /// `exec format error`
    Format,
    /// No such program.
    NoProgram,
    NoFolder,
    NoUser,
}

#[derive(Clone, Debug)]
pub enum End {
    Inside(Fault),
    Outside(Blow),
}

#[derive(Clone, Debug)]
pub struct Cause {
    pub key: &'static str,
    /// Acceptable ids; none where no signature knows it.
    pub ids: Vec<&'static str>,
    /// Texts that show it, in one line.
    pub texts: Vec<String>,
    pub phase: Phase,
    pub end: End,
    /// Chance in a hundred that it bites when it is met.
    pub odds: u64,
    /// How many runs it ends before somebody mends it.
    pub bites: Option<usize>,
    /// An unknown error with one of the texts counts as well, though signatures have ids for the fault.
    pub or_unknown: bool,
}

impl Cause {
    pub fn new(key: &'static str, ids: &[&'static str], text: &str, phase: Phase, end: End) -> Self {
        Self {
            key,
            ids: ids.to_vec(),
            texts: vec![text.to_owned()],
            phase,
            end,
            odds: 100,
            bites: None,
            or_unknown: false,
        }
    }

    pub fn also(mut self, text: &str) -> Self {
        self.texts.push(text.to_owned());
        self
    }

    pub fn is_mended(&self, bitten: usize) -> bool {
        self.bites.is_some_and(|bites| bitten >= bites)
    }
}

impl Fault {
    pub fn new(style: Style, class: &str, message: &str) -> Self {
        Self { before: Vec::new(), style, class: class.into(), message: message.into(), members: Vec::new() }
    }

    pub fn members(mut self, members: &[&str]) -> Self {
        self.members = members.iter().map(|&member| member.to_owned()).collect();
        self
    }

    pub fn first(mut self, level: Level, component: &'static str, text: &str) -> Self {
        self.before.push((level, component, text.to_owned()));
        self
    }
}

/// A moment at work, soon or late.
pub fn at_work(rng: &mut Rng) -> Phase {
    match rng.below(3) {
        0 => Phase::Work(2_000, 9_000),
        1 => Phase::Work(15_000, 90_000),
        _ => Phase::Work(60_000, 400_000),
    }
}

/// Conditions at boot that need not be there each time.
const COMES_AND_GOES: [&str; 7] =
    ["db-refused", "dns", "port-held", "gateway-running", "disk-full", "nil-deref", "unknown-boot"];

/// All conditions that can befall a program under a manager.
pub fn catalog(rng: &mut Rng, program: Program, manager: Kind, name: &str, is_watched: bool) -> Vec<Cause> {
    let mut causes = match program.family() {
        Family::OpenClaw => causes_node::gateway(rng),
        Family::Node => causes_node::services(rng, name),
        Family::Python => causes_python::causes(rng, program, name),
        Family::Java => causes_java::causes(rng, name),
        Family::Go => causes_native::go(rng, name),
        Family::Rust => causes_native::rust(rng, name),
    };
    causes.extend(blows(rng, manager, name));
    // What only a manager's log tells.
    causes.retain(|cause| is_watched || cause.key != "liveness");
    causes
}

/// An error with a name and a text that no signature can know.
pub fn unknown(rng: &mut Rng, style: Style, key: &'static str, phase: Phase, class: &dyn Fn(&str) -> String) -> Cause {
    let (message, fixed) = words::complaint(rng);
    let fault = Fault::new(style, &class(&words::exception(rng)), &message);
    Cause::new(key, &[], &fixed, phase, End::Inside(fault))
}

fn blows(rng: &mut Rng, manager: Kind, name: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut add = |key, ids: &[&'static str], text: &str, phase, blow| {
        causes.push(Cause::new(key, ids, text, phase, End::Outside(blow)));
    };
    let (soon, late) = (at_work(rng), Phase::Work(20_000, 300_000));
    match manager {
        Kind::Systemd => {
            add("kernel-oom", &["kernel-oom", "systemd-oom"], "Out of memory: Killed process", late, Blow::KernelOom);
            add("segfault", &["segfault"], "segfault at", soon, Blow::Segfault);
            add("watchdog", &["systemd-watchdog"], "Watchdog timeout (limit", late, Blow::Watchdog);
            let program = format!("/opt/{name}/bin/{name}");
            let exec = &["systemd-203-exec", "exec-format"];
            add("exec-format", exec, &format!("{program}: Exec format error"), Phase::Exec, Blow::Format);
            add("program-missing", &["systemd-203-exec"], "status=203/EXEC", Phase::Exec, Blow::NoProgram);
            add("chdir", &["systemd-200-chdir"], "status=200/CHDIR", Phase::Exec, Blow::NoFolder);
            add("no-user", &["systemd-217-user"], "status=217/USER", Phase::Exec, Blow::NoUser);
        }
        Kind::Supervisord => {
            let ids = &["supervisord-spawnerr"];
            add("spawnerr", ids, "spawnerr: can't find command", Phase::Exec, Blow::NoProgram);
            add("kernel-oom", &["kernel-oom"], "Out of memory: Killed process", late, Blow::KernelOom);
        }
        Kind::Pm2 => {
            let ids = &["pm2-memory"];
            add("pm2-memory", ids, "exceeds --max-memory-restart value", late, Blow::MemoryLimit);
            add("kernel-oom", &["kernel-oom"], "Out of memory: Killed process", late, Blow::KernelOom);
        }
        Kind::Compose => {
            add("exec-format", &["exec-format"], "exec format error", Phase::Exec, Blow::Format);
            add("kernel-oom", &["kernel-oom"], "Out of memory: Killed process", late, Blow::KernelOom);
        }
        Kind::Kubernetes => {
            let text = "failed liveness probe, will be restarted";
            add("liveness", &["k8s-liveness"], text, Phase::Work(70_000, 300_000), Blow::Liveness);
            add("exec-format", &["exec-format"], "exec format error", Phase::Exec, Blow::Format);
        }
        Kind::Launchd | Kind::Alone => {}
    }
    // One way to lose the program is enough.
    let keep = rng.below(4) as usize;
    let mut exec = 0;
    causes.retain(|cause: &Cause| {
        exec += usize::from(cause.phase == Phase::Exec);
        cause.phase != Phase::Exec || exec == keep + 1 || manager != Kind::Systemd
    });
    causes
}

/// One to five conditions at once: each with its own ids, and few that leave no room for the others.
pub fn draw(rng: &mut Rng, mut catalog: Vec<Cause>, want: usize) -> Vec<Cause> {
    let mut drawn: Vec<Cause> = Vec::new();
    while drawn.len() < want && !catalog.is_empty() {
        let at = rng.below(catalog.len() as u64) as usize;
        let cause = catalog.swap_remove(at);
        let clashes = drawn.iter().any(|other| {
            other.ids.iter().any(|id| cause.ids.contains(id))
                || other.texts.iter().any(|text| cause.texts.contains(text))
                || other.key == cause.key
        });
        // Of those that are rare in life, fewer.
        if clashes || cause.phase == Phase::Exec && chance(rng, 60) {
            continue;
        }
        drawn.push(cause);
    }
    order_and_bites(rng, &mut drawn);
    drawn
}

/// The order in which they hide one another; each ends a few runs until it is mended, the last ones to the end.
fn order_and_bites(rng: &mut Rng, causes: &mut [Cause]) {
    let rank = |cause: &Cause| match cause.phase {
        Phase::Exec => 0,
        Phase::Boot(stage) => 1 + stage,
        Phase::Work(..) => 10,
    };
    causes.sort_by_key(rank);
    let last = causes.len().saturating_sub(1);
    for (at, cause) in causes.iter_mut().enumerate() {
        let at_work = matches!(cause.phase, Phase::Work(..));
        // A module that is missing is missing always; a database may be down now and then.
        let comes_and_goes = COMES_AND_GOES.contains(&cause.key) && !at_work;
        if comes_and_goes && chance(rng, 40) {
            cause.odds = rng.between(35, 75);
        }
        let mended = at < last && !at_work && cause.odds == 100 || chance(rng, 25);
        cause.bites = mended.then(|| rng.between(3, 8) as usize);
    }
}
