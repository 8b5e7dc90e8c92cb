//! The options of `relapse watch`.

use crate::commands::Failure;
use crate::commands::grammars;
use crate::commands::output::FailOn;
use crate::commands::selecting::Selecting;
use clap::ValueEnum;
use relapse::live::delivery::{Receiver, Shape, desktop, webhook};
use relapse::live::source::Source;
use relapse::live::watch;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The whole picture on the terminal
    Dashboard,
    /// A line for each event and each change of a verdict
    Text,
    /// The same as objects, one a line; the last line holds the diagnosis
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExitOn {
    /// When a service begins to fail again and again: status 3
    Incident,
    /// When all that failed is well again: status 0
    Recovered,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files, folders or patterns to follow, through rotation; `-` for standard input, which is read when there is none
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run a shell command and watch what it prints; it is started again when it ends; may be given more than once
    #[arg(long, value_name = "COMMAND")]
    exec: Vec<String>,
    /// What to show [default: the dashboard on a terminal, else text]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Only services whose name holds this; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// A service is well again once a run has been ready for so long, such as 90s or 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub quiet_time: Duration,
    /// A line without its end is judged after so long
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub line_timeout: Duration,
    /// Tell of the lines as well that files hold when the watch begins
    #[arg(long)]
    pub history: bool,
    /// Keep what is known in this folder, and go on from there after a crash or a restart
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// How often to do so
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, requires = "state")]
    pub checkpoint_every: Duration,
    /// Run a shell command for each alert, with the alert as JSON on its standard input; may be given more than once
    #[arg(long, value_name = "COMMAND")]
    pub alert_exec: Vec<String>,
    /// Post each alert as JSON to this address; may be given more than once
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,
    /// Post each alert to a Slack webhook
    #[arg(long, value_name = "URL")]
    slack: Vec<String>,
    /// Post each alert to an Alertmanager
    #[arg(long, value_name = "URL")]
    alertmanager: Vec<String>,
    /// Show each alert on the desktop
    #[arg(long)]
    notify: bool,
    /// Serve a live page, /metrics, /diagnosis and /healthz here, such as 127.0.0.1:9464 or just a port
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// Ask for this token there; wanted for an address that others can reach
    #[arg(long, value_name = "TOKEN", env = "RELAPSE_TOKEN", hide_env_values = true, requires = "listen")]
    pub token: Option<String>,
    /// End by itself, for scripts
    #[arg(long, value_enum, value_name = "WHEN")]
    exit_on: Option<ExitOn>,
    /// Exit with status 3 when the verdict at the end is this one or worse
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub fail_on: Option<FailOn>,
    #[command(flatten)]
    pub selecting: Selecting,
    #[command(flatten)]
    pub reading: grammars::Reading,
}

impl Arguments {
    pub fn exit_on(&self) -> Option<watch::ExitOn> {
        self.exit_on.map(|on| match on {
            ExitOn::Incident => watch::ExitOn::Incident,
            ExitOn::Recovered => watch::ExitOn::Recovered,
        })
    }

    /// Who is told of alerts.
    pub fn receivers(&self) -> Result<Vec<Receiver>, Failure> {
        let mut receivers: Vec<Receiver> = self.alert_exec.iter().cloned().map(Receiver::Exec).collect();
        let shapes = [
            ("--webhook", &self.webhook, Shape::Json),
            ("--slack", &self.slack, Shape::Slack),
            ("--alertmanager", &self.alertmanager, Shape::Alertmanager),
        ];
        for (flag, urls, shape) in shapes {
            for url in urls {
                receivers.push(webhook(url, shape).map_err(|why| format!("{flag}: {why}"))?);
            }
        }
        if self.notify {
            receivers.push(desktop().ok_or("--notify: there is no desktop here that shows notices")?);
        }
        Ok(receivers)
    }

    /// What is followed, and what is read as it comes.
    pub fn inputs(&self) -> Result<(Vec<PathBuf>, Vec<Source>), Failure> {
        let (mut files, mut pipes) = (Vec::new(), Vec::new());
        for path in &self.paths {
            if path.as_os_str() == "-" {
                pipes.push(Source::Stdin);
            } else if is_pipe(path) {
                pipes.push(Source::Pipe(path.clone()));
            } else {
                files.push(path.clone());
            }
        }
        pipes.extend(self.exec.iter().cloned().map(Source::Command));
        if files.is_empty() && pipes.is_empty() {
            let stdin = super::stdin_source();
            let what = "nothing to watch: pipe a log into it, or name files, folders or --exec 'COMMAND'";
            pipes.push(stdin.ok_or(what)?);
        }
        Ok((files, pipes))
    }
}

fn is_pipe(path: &std::path::Path) -> bool {
    let is_descriptor = path.starts_with("/dev/fd") || path == std::path::Path::new("/dev/stdin");
    is_descriptor || std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// An address, or a port of this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse::<u16>().map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    port.or_else(|_| text.parse()).map_err(|_| "not an address; give one such as 127.0.0.1:9464".to_string())
}

/// A time such as `90s`, `5m` or `1h 30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Result<jiff::SignedDuration, _> = text.parse();
    let parsed = parsed.map_err(|_| "not a time; give one such as 90s, 5m or 1h30m".to_string())?;
    Duration::try_from(parsed).map_err(|_| "a time is not negative".to_string())
}
