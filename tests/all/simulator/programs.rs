//! Programs: how each prints a line, what it says while it boots, when it is ready, and when it is asked to stop.

use super::rng::Rng;
use super::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    OpenClaw,
    Node,
    Python,
    Java,
    Go,
    Rust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    OpenClaw,
    /// Node with pino.
    Pino,
    /// Node with `console.log`: no time, no level.
    Console,
    /// Node with winston's usual `TIME [LEVEL] MESSAGE`.
    Winston,
    Uvicorn,
    Gunicorn,
    /// A Python process of its own with `logging`.
    PyWorker,
    Spring,
    /// Go with `log`.
    GoLog,
    /// Go with `slog`'s text handler.
    Slog,
    /// Go with zap's JSON.
    Zap,
    Tracing,
    EnvLogger,
}

pub const PROGRAMS: [Program; 13] = [
    Program::OpenClaw,
    Program::Pino,
    Program::Console,
    Program::Winston,
    Program::Uvicorn,
    Program::Gunicorn,
    Program::PyWorker,
    Program::Spring,
    Program::GoLog,
    Program::Slog,
    Program::Zap,
    Program::Tracing,
    Program::EnvLogger,
];

/// One program as it is installed here.
#[derive(Clone, Debug)]
pub struct Install {
    pub program: Program,
    pub name: String,
    pub host: String,
    pub version: String,
    pub port: u64,
}

/// A line of the boot: after which checks it comes, how long it takes, and what it says.
pub struct Step {
    pub stage: u8,
    pub ms: u64,
    pub level: Level,
    pub component: &'static str,
    pub text: String,
    /// It tells that the process starts.
    pub start: bool,
    /// It tells that the service is ready.
    pub ready: bool,
}

impl Program {
    pub fn family(self) -> Family {
        match self {
            Self::OpenClaw => Family::OpenClaw,
            Self::Pino | Self::Console | Self::Winston => Family::Node,
            Self::Uvicorn | Self::Gunicorn | Self::PyWorker => Family::Python,
            Self::Spring => Family::Java,
            Self::GoLog | Self::Slog | Self::Zap => Family::Go,
            Self::Tracing | Self::EnvLogger => Family::Rust,
        }
    }

    /// Its lines have no time of their own.
    pub fn is_untimed(self) -> bool {
        matches!(self, Self::Console | Self::Uvicorn)
    }

    /// What journald calls it.
    pub fn ident(self, name: &str) -> String {
        match self.family() {
            Family::OpenClaw | Family::Node => "node".into(),
            Family::Python if self == Self::Gunicorn => "gunicorn".into(),
            Family::Python if self == Self::Uvicorn => "uvicorn".into(),
            Family::Python => "python3".into(),
            Family::Java => "java".into(),
            Family::Go | Family::Rust => name.to_owned(),
        }
    }

    /// Whether a line of this level goes to standard error.
    pub fn is_error(self, level: Level) -> bool {
        match self {
            Self::OpenClaw | Self::Console => matches!(level, Level::Warn | Level::Error | Level::Fatal),
            Self::Uvicorn | Self::Gunicorn | Self::PyWorker | Self::GoLog | Self::EnvLogger | Self::Zap => true,
            Self::Slog | Self::Pino | Self::Winston | Self::Spring | Self::Tracing => false,
        }
    }
}

impl Install {
    pub fn draw(rng: &mut Rng, program: Program, name: &str, host: &str) -> Self {
        let version = format!("{}.{}.{}", rng.between(1, 6), rng.between(0, 20), rng.between(0, 9));
        Self { program, name: name.into(), host: host.into(), version, port: rng.between(3000, 9500) }
    }

    /// A line of its log, with its own head.
    pub fn line(&self, time: Time, pid: u32, level: Level, component: &str, text: &str) -> String {
        let word = match level {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        };
        let name = &self.name;
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let dotted = name.replace('-', "_");
        match self.program {
            Program::OpenClaw if component.is_empty() => format!("{} {text}", time.offset()),
            Program::OpenClaw => format!("{} [{component}] {text}", time.offset()),
            Program::Console => text.to_owned(),
            Program::Winston => format!("{} [{}] {text}", time.zulu(), word.to_lowercase()),
            Program::Pino => {
                let level = match level {
                    Level::Debug => 20,
                    Level::Info => 30,
                    Level::Warn => 40,
                    Level::Error => 50,
                    Level::Fatal => 60,
                };
                let head = format!(r#""level":{level},"time":{},"pid":{pid}"#, time.millis());
                format!(r#"{{{head},"hostname":"{}","name":"{name}","msg":{}}}"#, self.host, json(text))
            }
            Program::Uvicorn => {
                let word = python_level(level);
                format!("{:<9} {text}", format!("{word}:"))
            }
            Program::Gunicorn => format!("[{}] [{pid}] [{}] {text}", time.gunicorn(), python_level(level)),
            Program::PyWorker => {
                format!("{} {:<8} {dotted}.{component}: {text}", time.supervisord(), python_level(level))
            }
            Program::Spring => {
                let stamp = time.zulu();
                let logger = format!("com.acme.{dotted}.{}", java_name(component));
                format!("{stamp} {word:>5} {pid} --- [{name}] [           main] {logger:<40} : {text}")
            }
            Program::GoLog => format!("{} {text}", go_time(time)),
            Program::Slog => {
                let quoted = if text.contains([' ', '"', '=']) { json(text) } else { text.to_owned() };
                format!(
                    "time={} level={} msg={quoted} component={component}",
                    time.zulu(),
                    word.replace("FATAL", "ERROR")
                )
            }
            Program::Zap => {
                let seconds = time.micros() as f64 / 1e6;
                let word = word.to_lowercase();
                format!(
                    r#"{{"level":"{word}","ts":{seconds:.6},"caller":"{component}/main.go:41","msg":{}}}"#,
                    json(text)
                )
            }
            Program::Tracing => {
                let c = time.civil();
                let clock = format!("{:02}:{:02}:{:02}.{:06}", c.hour, c.minute, c.second, c.micro);
                format!("{}T{clock}Z {:>5} {dotted}::{component}: {text}", time.date(), word.replace("FATAL", "ERROR"))
            }
            Program::EnvLogger => {
                let stamp = time.zulu();
                let stamp = format!("{}Z", &stamp[..19]);
                format!("[{stamp} {:<5} {dotted}::{component}] {text}", word.replace("FATAL", "ERROR"))
            }
        }
    }

    /// The boot, in order. Checks of a stage are made before the first step of the next one.
    pub fn boot(&self, pid: u32) -> Vec<Step> {
        let Self { name, version, port, .. } = self;
        let step = |stage, ms, component, text: String| Step {
            stage,
            ms,
            level: Level::Info,
            component,
            text,
            start: false,
            ready: false,
        };
        let mut steps: Vec<Step> = match self.program {
            Program::OpenClaw => vec![
                step(1, 700, "gateway", "loading configuration…".into()),
                step(2, 340, "gateway", "resolving authentication…".into()),
                step(2, 5, "gateway", "starting...".into()),
                step(2, 140, "gateway", format!("spawn broker ready pid={}", pid + 3)),
                step(3, 1700, "gateway", "starting HTTP server...".into()),
                step(4, 2300, "gateway", "agent model: openai/gpt-6-astra (thinking=medium, fast=off)".into()),
                step(
                    4,
                    4,
                    "gateway",
                    "http server listening (7 plugins: anthropic, browser, canvas, memory-core, \
                                       openai, telegram, xai; 4.4s)"
                        .into(),
                ),
                step(4, 800, "gateway", "starting channels and sidecars...".into()),
                step(5, 1400, "heartbeat", "started".into()),
                step(6, 15, "gateway", "ready".into()),
            ],
            Program::Pino | Program::Console | Program::Winston => vec![
                step(1, 240, "main", format!("{name} {version} starting, pid {pid}")),
                step(2, 20, "main", format!("config /srv/{name}/config.yaml loaded (4 routes)")),
                step(3, 60, "store", "store opened".into()),
                step(4, 140, "db", "connected to postgres".into()),
                step(5, 80, "main", "5 routes registered".into()),
                step(6, 9, "main", format!("listening on http://0.0.0.0:{port}")),
            ],
            Program::Uvicorn => vec![
                step(1, 400, "", format!("Started server process [{pid}]")),
                step(1, 2, "", "Waiting for application startup.".into()),
                step(6, 350, "", "Application startup complete.".into()),
                step(6, 3, "", format!("Uvicorn running on http://0.0.0.0:{port} (Press CTRL+C to quit)")),
            ],
            Program::Gunicorn => vec![
                step(0, 200, "", "Starting gunicorn 23.0.0".into()),
                step(0, 1, "", format!("Listening at: http://0.0.0.0:{port} ({pid})")),
                step(0, 1, "", "Using worker: uvicorn.workers.UvicornWorker".into()),
                step(0, 4, "", format!("Booting worker with pid: {}", pid + 2)),
                step(6, 300, "", format!("Started server process [{}]", pid + 2)),
                step(6, 1, "", "Waiting for application startup.".into()),
                step(6, 200, "", "Application startup complete.".into()),
            ],
            Program::PyWorker => vec![
                step(1, 420, "main", format!("starting {name} {version} (pid {pid})")),
                step(2, 30, "config", format!("settings read from /etc/{name}/settings.toml")),
                step(3, 60, "store", "store opened".into()),
                step(4, 160, "db", "database connection pool ready (5)".into()),
                step(5, 90, "queue", "consuming from queue jobs.default".into()),
                step(
                    6,
                    8,
                    "main",
                    match port % 3 {
                        0 => format!("{name} ready"),
                        1 => "worker ready".into(),
                        _ => "ready, waiting for jobs".into(),
                    },
                ),
            ],
            Program::Spring => vec![
                step(
                    1,
                    1400,
                    "App",
                    format!(
                        "Starting App v{version} using Java 21.0.4 with PID {pid} \
                                              (/opt/{name}/app.jar started by app in /opt/{name})"
                    ),
                ),
                step(1, 4, "App", "No active profile set, falling back to 1 default profile: \"default\"".into()),
                step(2, 900, "web", format!("Tomcat initialized with port {port} (http)")),
                step(3, 300, "jpa", "Bootstrapping Spring Data JPA repositories in DEFAULT mode.".into()),
                step(4, 700, "db", "HikariPool-1 - Start completed.".into()),
                step(5, 200, "web", "Exposing 3 endpoints beneath base path '/actuator'".into()),
                step(6, 40, "web", format!("Tomcat started on port {port} (http) with context path '/'")),
                step(6, 8, "App", "Started App in 4.215 seconds (process running for 4.804)".into()),
            ],
            Program::GoLog | Program::Slog | Program::Zap => vec![
                step(1, 30, "main", format!("starting {name} v{version}")),
                step(2, 4, "config", format!("config loaded from /etc/{name}/config.yaml")),
                step(3, 20, "store", "store opened".into()),
                step(4, 60, "db", "database connected".into()),
                step(5, 20, "jobs", "4 jobs scheduled".into()),
                step(6, 2, "http", format!("listening on :{port}")),
            ],
            Program::Tracing | Program::EnvLogger => vec![
                step(1, 12, "main", format!("starting {name} {version}")),
                step(2, 3, "config", format!("configuration read from /etc/{name}.toml")),
                step(3, 20, "store", "store opened".into()),
                step(4, 60, "db", "connected to postgres".into()),
                step(5, 20, "jobs", "4 jobs scheduled".into()),
                step(6, 2, "http", format!("listening on 0.0.0.0:{port}")),
            ],
        };
        if let Some(first) = steps.first_mut() {
            first.start = true;
        }
        if let Some(last) = steps.last_mut() {
            last.ready = true;
        }
        steps
    }

    /// What it says when it is asked to stop: after how long, and what.
    pub fn stop(&self, pid: u32) -> Vec<(u64, &'static str, String)> {
        let line = |ms, component, text: &str| (ms, component, text.to_owned());
        match self.program {
            Program::OpenClaw => vec![
                line(4, "gateway", "received SIGTERM; shutting down"),
                line(9, "gateway", "active-work drain settled; beginning server close"),
                line(340, "shutdown", "completed cleanly in 340ms"),
            ],
            Program::Pino | Program::Console | Program::Winston => vec![
                line(3, "main", "received SIGTERM, shutting down gracefully"),
                line(120, "main", "server closed, bye"),
            ],
            Program::Uvicorn => vec![
                line(30, "", "Shutting down"),
                line(100, "", "Waiting for application shutdown."),
                line(4, "", "Application shutdown complete."),
                (2, "", format!("Finished server process [{pid}]")),
            ],
            Program::Gunicorn => vec![
                line(5, "", "Handling signal: term"),
                (60, "", format!("Worker exiting (pid: {})", pid + 2)),
                line(40, "", "Shutting down: Master"),
            ],
            Program::PyWorker => {
                vec![line(6, "main", "received signal 15, stopping"), line(200, "main", "all jobs done, bye")]
            }
            Program::Spring => vec![
                line(20, "web", "Commencing graceful shutdown. Waiting for active requests to complete"),
                line(200, "web", "Graceful shutdown complete"),
                line(30, "db", "HikariPool-1 - Shutdown completed."),
            ],
            Program::GoLog | Program::Slog | Program::Zap => {
                vec![
                    line(1, "main", "received signal terminated, shutting down"),
                    line(30, "main", "shutdown complete"),
                ]
            }
            Program::Tracing | Program::EnvLogger => {
                vec![line(1, "main", "received SIGTERM, shutting down"), line(30, "main", "shutdown complete")]
            }
        }
    }
}

pub fn python_level(level: Level) -> &'static str {
    match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARNING",
        Level::Error => "ERROR",
        Level::Fatal => "CRITICAL",
    }
}

/// `2026/02/03 04:12:07`
pub fn go_time(time: Time) -> String {
    let c = time.civil();
    format!("{:04}/{:02}/{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)
}

fn java_name(component: &str) -> String {
    match component {
        "" => "App".into(),
        _ => {
            let mut letters = component.chars();
            let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
            format!("{first}{}", letters.as_str())
        }
    }
}
