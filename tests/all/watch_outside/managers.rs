//! A real service under a real manager: it crashes until a file is made, and a watch follows what both of them write.

use super::{Group, Watch, part, until};
use crate::support::Place;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Needs `policy.js` beside it; when that is there it is ready, and stays.
const SERVICE: &str = r#"
const http = require("http");
const path = require("path");
const say = (text) => console.log(`${new Date().toISOString()} [policyd] ${text}`);
say("starting policyd 1.4.2");
require(path.join(__dirname, "policy.js"));
const server = http.createServer((request, answer) => answer.end("ok\n"));
server.listen(0, "127.0.0.1", () => say(`policyd listening on http://127.0.0.1:${server.address().port}`));
"#;
/// Cannot reach its database until there is a file.
const CLIENT: &str = r#"
const fs = require("fs");
const net = require("net");
const path = require("path");
const say = (text) => console.log(`${new Date().toISOString()} [policyd] ${text}`);
say("starting policyd 1.4.2");
const file = path.join(__dirname, "policy.js");
const begin = (port) => {
  const database = net.connect(port, "127.0.0.1", () => {
    database.end();
    const server = net.createServer();
    server.listen(0, "127.0.0.1", () => say(`policyd listening on 127.0.0.1:${server.address().port}`));
  });
  database.on("error", (error) => {
    console.error(`${new Date().toISOString()} [policyd] cannot reach the database: ${error}`);
    process.exit(1);
  });
};
if (fs.existsSync(file)) {
  const database = net.createServer();
  database.listen(0, "127.0.0.1", () => begin(database.address().port));
} else {
  begin(1);
}
"#;

/// Watches the folder of logs while the service crashes and after it was mended. `count` is the manager's own count of
/// starts after the first one.
#[track_caller]
fn incident(place: &Place, cause: &str, manager: &str, count: impl Fn() -> u64) {
    let arguments = ["logs", "--format", "ndjson", "--quiet-time", "2s", "--listen", "0"];
    let mut watch = Watch::start(place, &arguments);
    let address = watch.address();
    let alerts = |watch: &Watch| -> Vec<Value> {
        watch.objects("alert").into_iter().map(|line| line["alert"].clone()).collect()
    };
    until("the alert", || alerts(&watch).first().cloned());
    let restarts = count();
    until("further restarts", || (count() > restarts + 2).then_some(()));
    place.file("policy.js", "module.exports = {};\n");
    let service = until("a service that is ready and counted", || {
        let told = super::endpoints::diagnosis(&address)["services"].clone();
        let service = told.as_array().into_iter().flatten().find(|service| service["service"] == "policyd")?.clone();
        (service["state"] == "ready" && service["restarts"] == count()).then_some(service)
    });
    until("the end of the alert", || alerts(&watch).get(1).cloned());
    assert!(watch.finish().success(), "{}", watch.errors.text());

    let alerts = alerts(&watch);
    let turns: Vec<&str> = alerts.iter().filter_map(|alert| alert["status"].as_str()).collect();
    assert_eq!(turns, ["firing", "resolved"]);
    for alert in &alerts {
        assert_eq!(alert["service"], "policyd");
        assert_eq!(alert["causes"][0]["id"], cause, "{alert}");
    }
    assert!(["crash-loop", "flapping"].contains(&alerts[0]["verdict"].as_str().expect("a word")), "{}", alerts[0]);
    let last = watch.objects("diagnosis").pop().expect("the last line")["diagnosis"].clone();
    let services = last["services"].as_array().expect("services");
    assert_eq!(services.len(), 1, "{last:#}");
    let told = &services[0];
    assert_eq!(told["restarts"], count(), "{told:#}");
    assert_eq!(told["restarts"], service["restarts"], "{told:#}");
    assert_eq!((&told["manager"], &told["ready_runs"]), (&manager.into(), &1.into()), "{told:#}");
    let roots = told["incidents"][0]["causes"].as_array().into_iter().flatten().filter(|cause| cause["role"] == "root");
    let roots: Vec<&str> = roots.filter_map(|cause| cause["id"].as_str()).collect();
    assert_eq!(roots, [cause], "{told:#}");
}

struct Supervisor {
    log: PathBuf,
    _process: Group,
}

impl Supervisor {
    /// None where supervisord or Node is missing.
    #[track_caller]
    fn start(place: &Place, service: &str) -> Option<Supervisor> {
        let (supervisord, node) = (part("supervisord")?, part("node")?);
        place.file("server.js", service);
        std::fs::create_dir_all(place.path().join("logs")).expect("a folder");
        let log = place.path().join("logs/supervisord.log");
        // It gives up a program that dies before `startsecs` a few times.
        let configuration = format!(
            "[supervisord]\nnodaemon=true\nlogfile=logs/supervisord.log\npidfile=supervisord.pid\nchildlogdir=logs\n\n\
             [program:policyd]\ncommand={} server.js\nautorestart=true\nstartsecs=0\n\
             stdout_logfile=logs/policyd.out.log\nstderr_logfile=logs/policyd.err.log\n",
            node.display()
        );
        place.file("supervisord.conf", configuration);
        let mut command = Command::new(supervisord);
        command.args(["-c", "supervisord.conf"]).current_dir(place.path()).env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Supervisor { log, _process: Group::start(&mut command) })
    }

    fn restarts(&self) -> u64 {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let starts = log.lines().filter(|line| line.contains("spawned: 'policyd'")).count();
        (starts as u64).saturating_sub(1)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Its programs have groups of their own: it is the one to end them.
        let _ = rustix::process::kill_process(self._process.pid(), rustix::process::Signal::TERM);
        let began = std::time::Instant::now();
        while self._process.0.try_wait().is_ok_and(|status| status.is_none()) && began.elapsed() < super::DEADLINE {
            std::thread::sleep(super::GLANCE);
        }
    }
}

#[test]
fn a_missing_module_under_supervisord() {
    let place = Place::new();
    let Some(supervisor) = Supervisor::start(&place, SERVICE) else { return };
    incident(&place, "node-module-not-found", "supervisord", || supervisor.restarts());
}

#[test]
fn an_unreachable_database_under_supervisord() {
    let place = Place::new();
    let Some(supervisor) = Supervisor::start(&place, CLIENT) else { return };
    incident(&place, "econnrefused", "supervisord", || supervisor.restarts());
}

struct Pm2 {
    program: PathBuf,
    home: PathBuf,
}

impl Pm2 {
    /// None where pm2 or Node is missing.
    #[track_caller]
    fn start(place: &Place, service: &str) -> Option<Pm2> {
        let (program, _) = (part("pm2")?, part("node")?);
        place.file("server.js", service);
        let home = place.path().join("logs");
        std::fs::create_dir_all(&home).expect("a folder");
        let pm2 = Pm2 { program, home };
        let script = place.path().join("server.js");
        // It would give up after sixteen quick ends, which a busy machine may reach before the fault is mended.
        let patience = ["--restart-delay", "500", "--max-restarts", "1000"];
        pm2.run(&[&["start", &script.display().to_string(), "--name", "policyd"], &patience[..]].concat());
        Some(pm2)
    }

    /// What pm2 says to a command.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.home.parent().unwrap_or(Path::new("/")));
        command.env("PM2_HOME", &self.home).env("TZ", "UTC").stdin(Stdio::null());
        let output = command.output().expect("pm2 runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As it counts them.
    fn restarts(&self) -> u64 {
        let told = self.run(&["jlist"]);
        let list: Value = told.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_default();
        list[0]["pm2_env"]["restart_time"].as_u64().unwrap_or_default()
    }
}

impl Drop for Pm2 {
    fn drop(&mut self) {
        self.run(&["kill"]);
    }
}

#[test]
fn a_missing_module_under_pm2() {
    let place = Place::new();
    let Some(pm2) = Pm2::start(&place, SERVICE) else { return };
    incident(&place, "node-module-not-found", "pm2", || pm2.restarts());
}
