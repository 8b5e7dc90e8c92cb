//! Service managers: what each writes of a run, how long it waits before the next, and when it gives up.

use super::causes::Blow;
use super::rng::Rng;
use super::time::Time;
use super::world::{Mark, Pen, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Systemd,
    Supervisord,
    Pm2,
    Compose,
    Kubernetes,
    Launchd,
    /// A shell's loop that says nothing.
    Alone,
}

pub const KINDS: [Kind; 7] =
    [Kind::Systemd, Kind::Supervisord, Kind::Pm2, Kind::Compose, Kind::Kubernetes, Kind::Launchd, Kind::Alone];

/// How a process left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(u8),
    /// Its name without `SIG`, and its number.
    Signal(&'static str, u8),
    Blow(Blow),
}

/// One run, as its manager knows it.
#[derive(Clone, Copy)]
pub struct Run {
    pub spawned: Time,
    pub pid: u32,
    pub ready: bool,
    pub mark: Option<Mark>,
}

pub struct Manager {
    pub kind: Kind,
    /// Where it writes; none for one that says nothing.
    pub pen: Option<Pen>,
    /// Where the kernel writes.
    pub kernel: Option<Pen>,
    pub name: String,
    pub title: String,
    /// What the kernel calls the process.
    pub process: String,
    /// systemd's `Type=notify`
    pub notifies: bool,
    pub pause_ms: u64,
    pub startsecs: u64,
    pub retries: u64,
    /// Kubernetes' pod.
    pub pod: String,
    /// Early ends in a row.
    pub early: u64,
    pub restarts: u64,
    pub starts: Vec<Time>,
}

impl Manager {
    /// Whether it writes a line for each start.
    pub fn tells_starts(&self) -> bool {
        self.pen.is_some() && self.kind != Kind::Compose
    }

    fn say(&self, world: &mut World, time: Time, text: &str) {
        self.tell(world, time, text, None);
    }

    /// Its own heads, where the stream has none.
    fn tell(&self, world: &mut World, time: Time, text: &str, mark: Option<Mark>) {
        let Some(pen) = &self.pen else { return };
        let stamp = world.stamp(pen.stream, time);
        let (pid, text) = match self.kind {
            Kind::Systemd => (1, text.to_owned()),
            Kind::Supervisord => (0, format!("{} {text}", stamp.supervisord())),
            Kind::Pm2 => (0, format!("{}: PM2 log: {text}", stamp.pm2())),
            Kind::Launchd => (0, format!("{} ({text}", stamp.launchd())),
            Kind::Kubernetes => (0, klog(stamp, text)),
            Kind::Compose | Kind::Alone => (0, text.to_owned()),
        };
        world.say(pen, time, pid, &text, mark);
    }

    fn launchd(&self, pid: Option<u32>, text: &str) -> String {
        let pid = pid.map_or(String::new(), |pid| format!(" [{pid}]"));
        format!("gui/501/com.acme.{}{pid}) <Notice>: {text}", self.name)
    }

    fn event(&self, kind: &str, reason: &str, message: &str) -> String {
        let Self { name, pod, .. } = self;
        format!(
            "I event.go:307] \"Event occurred\" object=\"default/{pod}\" fieldPath=\"spec.containers{{{name}}}\" \
             kind=\"Pod\" apiVersion=\"v1\" type=\"{kind}\" reason=\"{reason}\" message=\"{message}\""
        )
    }

    /// Before the first start.
    pub fn opens(&self, world: &mut World, time: Time) {
        match self.kind {
            Kind::Supervisord => {
                self.say(world, time, "INFO RPC interface 'supervisor' initialized");
                let text = "CRIT Server 'unix_http_server' running without any HTTP authentication checking";
                self.say(world, time.after(1), text);
                self.say(world, time.after(2), "INFO supervisord started with pid 702");
            }
            Kind::Pm2 => {
                let rule = "=".repeat(79);
                let banner = format!("--- New PM2 Daemon started {}", "-".repeat(52));
                for text in [&rule, &banner, "PM2 version          : 6.0.5", "Node.js version      : 22.14.0", &rule] {
                    self.say(world, time, text);
                }
            }
            _ => {}
        }
    }

    pub fn spawns(&mut self, world: &mut World, run: Run) {
        let Run { spawned, pid, mark, .. } = run;
        let name = self.name.clone();
        self.starts.push(spawned);
        match self.kind {
            Kind::Systemd if self.notifies => {
                self.tell(world, spawned, &format!("Starting {name}.service - {}...", self.title), mark);
            }
            Kind::Systemd => {
                self.tell(world, spawned, &format!("Started {name}.service - {}.", self.title), mark);
            }
            Kind::Supervisord => self.tell(world, spawned, &format!("INFO spawned: '{name}' with pid {pid}"), mark),
            Kind::Pm2 => {
                self.tell(world, spawned, &format!("App [{name}:0] starting in -fork mode-"), mark);
                self.say(world, spawned.after(4), &format!("App [{name}:0] online"));
            }
            Kind::Launchd => {
                let text = self.launchd(Some(pid), &format!("xpcproxy spawned with pid {pid}"));
                self.say(world, spawned, &text);
                let reason = if self.restarts == 0 { "speculative" } else { "inefficient" };
                let text = self.launchd(None, &format!("Successfully spawned {name}[{pid}] because {reason}"));
                self.tell(world, spawned.after(6), &text, mark);
            }
            Kind::Kubernetes => {
                let text = self.event("Normal", "Started", &format!("Started container {name}"));
                self.tell(world, spawned, &text, mark);
            }
            Kind::Compose | Kind::Alone => {}
        }
    }

    /// systemd is told.
    pub fn hears_ready(&self, world: &mut World, time: Time) {
        if self.kind == Kind::Systemd && self.notifies {
            self.say(world, time.after(1), &format!("Started {}.service - {}.", self.name, self.title));
        }
    }

    /// supervisord's own idea of success, for a run that lasts.
    fn stays_up(&mut self, world: &mut World, run: Run, until: Time) -> bool {
        let at = run.spawned.after(self.startsecs * 1000 + 20);
        if self.kind != Kind::Supervisord || at > until {
            return false;
        }
        let why = format!("process has stayed up for > than {} seconds (startsecs)", self.startsecs);
        self.say(world, at, &format!("INFO success: {} entered RUNNING state, {why}", self.name));
        self.early = 0;
        true
    }

    /// The evidence ends while a run is up.
    pub fn closes(&mut self, world: &mut World, run: Run, until: Time) {
        self.stays_up(world, run, until);
    }

    /// Writes the end of a run that nobody asked for. Returns when the next one starts; none when it gives up.
    pub fn sees_exit(&mut self, world: &mut World, run: Run, time: Time, exit: Exit) -> Option<Time> {
        self.kernel_says(world, run, time, exit);
        self.restarts += 1;
        let ran = time.ms_since(run.spawned);
        let name = self.name.clone();
        match self.kind {
            Kind::Systemd => self.systemd_exit(world, run, time, exit),
            Kind::Supervisord => {
                // What was never started cannot stay up.
                if exit == Exit::Blow(Blow::NoProgram) || !self.stays_up(world, run, time) {
                    self.early += 1;
                }
                let how = match exit {
                    Exit::Code(code) => format!("exit status {code}"),
                    Exit::Signal("ABRT", _) => "terminated by SIGABRT (core dumped)".into(),
                    Exit::Signal(name, _) => format!("terminated by SIG{name}"),
                    Exit::Blow(_) => "terminated by SIGKILL".into(),
                };
                if exit == Exit::Blow(Blow::NoProgram) {
                    self.say(world, time, &format!("INFO spawnerr: can't find command '/opt/{name}/bin/{name}'"));
                } else {
                    self.say(world, time, &format!("WARN exited: {name} ({how}; not expected)"));
                }
                if self.early > self.retries {
                    let text = format!("INFO gave up: {name} entered FATAL state, too many start retries too quickly");
                    self.say(world, time.after(1008), &text);
                    return None;
                }
                Some(world.rng.later(time, self.early.max(1) * 1000 + 4, self.early.max(1) * 1000 + 30))
            }
            Kind::Pm2 => {
                if exit == Exit::Blow(Blow::MemoryLimit) {
                    let text = "[PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value \
                                (current_memory=537919488 max_memory_limit=524288000 [octets])";
                    self.say(world, time, text);
                    self.say(world, time.after(3), &format!("Stopping app:{name} id:0"));
                    self.say(
                        world,
                        time.after(90),
                        &format!("App [{name}:0] exited with code [0] via signal [SIGINT]"),
                    );
                    self.say(world, time.after(110), &format!("pid={} msg=process killed", run.pid));
                    return Some(time.after(160));
                }
                let (code, signal) = match exit {
                    Exit::Code(code) => (code, "INT"),
                    Exit::Signal(name, _) => (0, name),
                    Exit::Blow(_) => (0, "KILL"),
                };
                self.say(world, time, &format!("App [{name}:0] exited with code [{code}] via signal [SIG{signal}]"));
                self.early = if ran < 1000 { self.early + 1 } else { 0 };
                if self.early >= 16 {
                    let script = format!("Script /srv/{name}/server.js had too many unstable restarts (16)");
                    self.say(world, time.after(2), &format!("{script}. Stopped. \"errored\""));
                    return None;
                }
                if self.pause_ms > 0 {
                    self.say(world, time.after(1), &format!("App [{name}:0] will restart in {}ms", self.pause_ms));
                }
                Some(world.rng.later(time, self.pause_ms + 20, self.pause_ms + 160))
            }
            Kind::Compose => {
                let code = match exit {
                    Exit::Code(code) => code,
                    Exit::Signal(_, number) => 128 + number,
                    Exit::Blow(Blow::Format) => 255,
                    Exit::Blow(_) => 137,
                };
                self.say(world, time, &format!("{name}-1 exited with code {code}"));
                Some(self.backs_off(world, time, ran, 100, 60_000))
            }
            Kind::Kubernetes => {
                if exit == Exit::Blow(Blow::Liveness) {
                    let failed = "Liveness probe failed: Get \\\"http://10.42.0.17:8080/healthz\\\": context deadline \
                                  exceeded (Client.Timeout exceeded while awaiting headers)";
                    let text = self.event("Warning", "Unhealthy", failed);
                    for ago in [51_000, 41_000, 31_000] {
                        self.say(world, time.before(ago), &text);
                    }
                    let killing = format!("Container {name} failed liveness probe, will be restarted");
                    let text = self.event("Normal", "Killing", &killing);
                    self.say(world, time.before(30_980), &text);
                    return Some(world.rng.later(time, 400, 1400));
                }
                let next = self.backs_off(world, time, ran, 10_000, 300_000);
                let seconds = next.ms_since(time) / 1000;
                let text = format!(
                    "E pod_workers.go:1301] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \
                     \\\"{name}\\\" with CrashLoopBackOff: \\\"back-off {seconds}s restarting failed container={name} \
                     pod={0}_default(6f2c)\\\"\" pod=\"default/{0}\" podUID=\"6f2c\"",
                    self.pod
                );
                self.say(world, time.after(900), &text);
                Some(next)
            }
            Kind::Launchd => {
                let how = match exit {
                    Exit::Code(code) => format!("exit({code})"),
                    Exit::Signal(signal, _) => format!("SIG{signal} | sent by {}[{}]", self.process, run.pid),
                    Exit::Blow(_) => "SIGKILL".into(),
                };
                let text = self.launchd(Some(run.pid), &format!("exited due to {how}, ran for {ran}ms"));
                self.say(world, time, &text);
                let seconds = ran / 1000;
                if seconds >= 10 {
                    return Some(world.rng.later(time, 18, 60));
                }
                let wait = 10 - seconds;
                let pushed = format!("Service only ran for {seconds} seconds. Pushing respawn out by {wait} seconds.");
                let text = self.launchd(None, &pushed);
                self.say(world, time.after(1), &text);
                Some(world.rng.later(time, wait * 1000 + 4, wait * 1000 + 40))
            }
            Kind::Alone => Some(world.rng.later(time, self.pause_ms, self.pause_ms + 40)),
        }
    }

    /// Doubles the pause after each short run.
    fn backs_off(&mut self, world: &mut World, time: Time, ran: u64, least: u64, most: u64) -> Time {
        self.early = if ran > 10_000 { 0 } else { self.early + 1 };
        let pause = (least << self.early.saturating_sub(1).min(12)).min(most);
        world.rng.later(time, pause, pause + 300)
    }

    fn systemd_exit(&mut self, world: &mut World, run: Run, time: Time, exit: Exit) -> Option<Time> {
        let unit = format!("{}.service", self.name);
        let program = format!("/opt/{0}/bin/{0}", self.name);
        let mut at = time;
        let mut say = |world: &mut World, text: String| {
            self.say(world, at, &text);
            at = at.after_micros(180);
        };
        let (how, result) = match exit {
            Exit::Code(code) => (format!("exited, status={code}/{}", status_word(code)), "exit-code"),
            Exit::Signal("ABRT", _) => ("dumped, status=6/ABRT".to_owned(), "core-dump"),
            Exit::Signal(name, number) => (format!("killed, status={number}/{name}"), "signal"),
            Exit::Blow(Blow::Segfault) => ("dumped, status=11/SEGV".to_owned(), "core-dump"),
            Exit::Blow(Blow::KernelOom) => {
                say(world, format!("{unit}: A process of this unit has been killed by the OOM killer."));
                ("killed, status=9/KILL".to_owned(), "oom-kill")
            }
            Exit::Blow(Blow::Watchdog) => {
                say(world, format!("{unit}: Watchdog timeout (limit 30s)!"));
                say(world, format!("{unit}: Killing process {} ({}) with signal SIGABRT.", run.pid, self.process));
                ("dumped, status=6/ABRT".to_owned(), "watchdog")
            }
            Exit::Blow(blow) => {
                let (step, text, status) = match blow {
                    Blow::Format => (format!("EXEC spawning {program}"), "Exec format error", "203/EXEC"),
                    Blow::NoFolder => ("CHDIR spawning /opt".into(), "No such file or directory", "200/CHDIR"),
                    Blow::NoUser => (format!("USER spawning {program}"), "No such process", "217/USER"),
                    _ => (format!("EXEC spawning {program}"), "No such file or directory", "203/EXEC"),
                };
                // The child says what it could not do before it leaves.
                let child = Pen { ident: format!("({})", self.name), ..self.pen.clone().expect("systemd writes") };
                let what = match blow {
                    Blow::Format => format!("{unit}: Failed to execute {program}: {text}"),
                    Blow::NoFolder => format!("{unit}: Changing to the requested working directory failed: {text}"),
                    Blow::NoUser => format!("{unit}: Failed to determine user credentials: {text}"),
                    _ => format!("{unit}: Unable to locate executable '{program}': {text}"),
                };
                world.say(&child, time.before(2), run.pid, &what, None);
                world.say(&child, time.before(1), run.pid, &format!("{unit}: Failed at step {step}: {text}"), None);
                (format!("exited, status={status}"), "exit-code")
            }
        };
        say(world, format!("{unit}: Main process exited, code={how}"));
        say(world, format!("{unit}: Failed with result '{result}'."));
        if self.notifies && !run.ready {
            say(world, format!("Failed to start {unit} - {}.", self.title));
        }
        let next = world.rng.later(at, self.pause_ms + 8, self.pause_ms + 240);
        let recent = self.starts.iter().filter(|&&start| next.ms_since(start) < 10_000).count();
        let text = format!("{unit}: Scheduled restart job, restart counter is at {}.", self.restarts);
        self.say(world, next.before(6), &text);
        if recent >= 5 {
            self.say(world, next, &format!("{unit}: Start request repeated too quickly."));
            self.say(world, next.after_micros(90), &format!("{unit}: Failed with result '{result}'."));
            self.say(world, next.after_micros(180), &format!("Failed to start {unit} - {}.", self.title));
            return None;
        }
        Some(next)
    }

    fn kernel_says(&self, world: &mut World, run: Run, time: Time, exit: Exit) {
        let (Exit::Blow(blow), Some(pen)) = (exit, &self.kernel) else { return };
        let (process, pid) = (&self.process, run.pid);
        match blow {
            Blow::KernelOom => {
                let at = time.before(60);
                for text in [
                    format!("{process} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"),
                    format!(
                        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,\
                         task_memcg=/system.slice,task={process},pid={pid},uid=1000"
                    ),
                    format!(
                        "Out of memory: Killed process {pid} ({process}) total-vm:8122412kB, anon-rss:3712220kB, \
                         file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:9120kB oom_score_adj:0"
                    ),
                ] {
                    world.say(pen, at, 0, &text, None);
                }
            }
            Blow::Segfault => {
                let text = format!(
                    "{process}[{pid}]: segfault at 18 ip 00007f31a2c4e0b4 sp 00007ffd1c0a0e40 error 4 in \
                     libimage.so.2[7f31a2c31000+4a000] likely on CPU 1 (core 1, socket 0)"
                );
                world.say(pen, time.before(40), 0, &text, None);
            }
            _ => {}
        }
    }

    /// Somebody asks for a stop; the program's own words are not the manager's.
    pub fn asks_stop(&mut self, world: &mut World, run: Run, asked: Time, mark: Option<Mark>) {
        self.stays_up(world, run, asked);
        let name = &self.name;
        let text = match self.kind {
            Kind::Systemd => format!("Stopping {name}.service - {}...", self.title),
            Kind::Supervisord => format!("INFO waiting for {name} to stop"),
            Kind::Pm2 => format!("Stopping app:{name} id:0"),
            Kind::Launchd | Kind::Compose | Kind::Kubernetes | Kind::Alone => return,
        };
        self.tell(world, asked, &text, mark);
    }

    /// The process that was asked to stop is gone. Returns when the next one starts.
    pub fn sees_stop(&mut self, world: &mut World, run: Run, gone: Time) -> Time {
        let name = self.name.clone();
        self.early = 0;
        match self.kind {
            Kind::Systemd => {
                self.say(world, gone, &format!("{name}.service: Deactivated successfully."));
                self.say(world, gone.after_micros(150), &format!("Stopped {name}.service - {}.", self.title));
            }
            Kind::Supervisord => self.say(world, gone, &format!("INFO stopped: {name} (exit status 0)")),
            Kind::Pm2 => {
                self.say(world, gone, &format!("App [{name}:0] exited with code [0] via signal [SIGINT]"));
                self.say(world, gone.after(20), &format!("pid={} msg=process killed", run.pid));
            }
            Kind::Compose => self.say(world, gone, &format!("{name}-1 exited with code 0")),
            Kind::Launchd => {
                let ran = gone.ms_since(run.spawned);
                let text = self.launchd(Some(run.pid), &format!("exited due to exit(0), ran for {ran}ms"));
                self.say(world, gone, &text);
            }
            Kind::Kubernetes | Kind::Alone => {}
        }
        self.restarts += 1;
        world.rng.later(gone, 60, 1800)
    }
}

fn status_word(code: u8) -> &'static str {
    match code {
        1 => "FAILURE",
        2 => "INVALIDARGUMENT",
        3 => "NOTIMPLEMENTED",
        78 => "CONFIG",
        _ => "n/a",
    }
}

/// `I0203 04:12:07.114225    2207 file.go:1] text`; the letter leads the text.
fn klog(time: Time, text: &str) -> String {
    let c = time.civil();
    let (letter, text) = text.split_at(1);
    format!(
        "{letter}{:02}{:02} {:02}:{:02}:{:02}.{:06}    2207{text}",
        c.month, c.day, c.hour, c.minute, c.second, c.micro
    )
}

/// How much milliseconds a manager waits by its settings.
pub fn pause(rng: &mut Rng, kind: Kind) -> u64 {
    match kind {
        Kind::Systemd => *rng.pick(&[1000, 2000, 5000, 10_000, 30_000]),
        Kind::Pm2 => *rng.pick(&[0, 0, 200, 3000]),
        _ => *rng.pick(&[1000, 2000, 5000]),
    }
}
