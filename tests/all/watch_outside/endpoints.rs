//! What programs ask the live server for: numbers, the diagnosis, whether it lives.

use super::{Watch, crash_loop, part, ready_run, until};
use crate::schema::wrongs;
use crate::support::{Place, run_with_input};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What a GET brings: its status, its type and its body.
#[track_caller]
fn get(url: &str) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut response = agent.get(url).call().expect("an answer");
    let kind =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
    let body = response.body_mut().read_to_string().expect("text");
    (response.status().as_u16(), kind, body)
}

#[track_caller]
pub fn diagnosis(address: &str) -> Value {
    let (status, kind, body) = get(&format!("{address}/diagnosis"));
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    serde_json::from_str(&body).expect("JSON")
}

type Labels = BTreeMap<String, String>;

/// A page in Prometheus' text format 0.0.4, strictly: every family has its help and its type, stands together, and has no
/// sample twice.
#[derive(Debug, Default)]
struct Metrics {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Metrics {
    #[track_caller]
    fn of(page: &str) -> Metrics {
        let mut metrics = Metrics::default();
        let mut helped = BTreeSet::new();
        let mut family = String::new();
        assert!(page.ends_with('\n'), "the last line has no end");
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(name) && !text.is_empty(), "{line}");
                assert!(helped.insert(name.to_string()), "twice: {line}");
                family = name.to_string();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(name == family && ["counter", "gauge"].contains(&kind), "{line}");
                assert!(metrics.kinds.insert(name.into(), kind.into()).is_none(), "twice: {line}");
            } else {
                let (name, labels, value) = sample(line).unwrap_or_else(|| panic!("no sample: {line}"));
                assert!(name == family && metrics.kinds.contains_key(&name), "outside its family: {line}");
                if metrics.kinds[&name] == "counter" {
                    assert!(name.ends_with("_total") && value >= 0.0, "{line}");
                }
                assert!(metrics.samples.insert((name, labels), value).is_none(), "twice: {line}");
            }
        }
        metrics
    }

    #[track_caller]
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Labels = labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let value = self.samples.get(&(name.to_string(), labels.clone()));
        *value.unwrap_or_else(|| panic!("no {name} {labels:?} in {:#?}", self.samples))
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `name{label="value",…} number`
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find([' ', '{'])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(label) || labels.insert(label.into(), value).is_some() {
                return None;
            }
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None => {
                    rest = after.strip_prefix('}')?;
                    break;
                }
            }
        }
    }
    is_name(name).then_some(())?;
    Some((name.into(), labels, rest.strip_prefix(' ')?.parse().ok()?))
}

/// The text before a quotation mark that nothing escapes, and what comes behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}

/// Asks until the numbers are so.
#[track_caller]
fn metrics(address: &str, restarts: u64) -> (Metrics, String) {
    until("the restarts in the metrics", || {
        let (status, kind, page) = get(&format!("{address}/metrics"));
        assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
        let metrics = Metrics::of(&page);
        let told = metrics.samples.iter().find(|((name, _), _)| name == "relapse_restarts_total");
        told.is_some_and(|(_, value)| *value == restarts as f64).then_some((metrics, page))
    })
}

#[test]
fn numbers_follow_the_log() {
    let place = Place::new();
    let mut watch = Watch::start(&place, &["--listen", "0", "--quiet-time", "1s", "--alert-exec", "cat > /dev/null"]);
    let address = watch.address();
    assert_eq!(get(&format!("{address}/healthz")), (200, "text/plain; charset=utf-8".into(), "ok\n".into()));
    let (_, _, page) = get(&format!("{address}/metrics"));
    assert!(Metrics::of(&page).samples.len() > 5);

    watch.write(&crash_loop(6));
    let (numbers, _) = metrics(&address, 5);
    let service = ("service", "payments");
    assert_eq!(numbers.value("relapse_runs_total", &[service]), 6.0);
    assert_eq!(numbers.value("relapse_ready_runs_total", &[service]), 0.0);
    assert_eq!(numbers.value("relapse_lines_total", &[]), 18.0);
    assert_eq!(numbers.value("relapse_verdict", &[service, ("verdict", "crash-loop")]), 1.0);
    assert_eq!(numbers.value("relapse_verdict", &[service, ("verdict", "healthy")]), 0.0);
    assert_eq!(numbers.value("relapse_alarm", &[service, ("alarm", "firing")]), 1.0);
    let cause = [service, ("cause", "node-module-not-found"), ("role", "root")];
    assert_eq!(numbers.value("relapse_cause_runs", &cause), 6.0);
    let object = diagnosis(&address);
    assert_eq!(wrongs(&object), [""; 0]);
    assert_eq!(object["services"][0]["restarts"], 5);

    watch.write(&ready_run());
    let (numbers, _) = metrics(&address, 6);
    assert_eq!(numbers.value("relapse_ready_runs_total", &[service]), 1.0);
    until("both alerts in the metrics", || {
        let (_, _, page) = get(&format!("{address}/metrics"));
        (Metrics::of(&page).value("relapse_alerts_total", &[]) == 2.0).then_some(())
    });
    let object = diagnosis(&address);
    assert_eq!(wrongs(&object), [""; 0]);
    assert_eq!((&object["verdict"], &object["services"][0]["state"]), (&"crash-loop".into(), &"ready".into()));
    assert_eq!(get(&format!("{address}/nothing")).0, 404);
    assert_eq!(watch.end().code(), Some(0));
    assert_eq!(watch.errors.text().lines().count(), 1, "{}", watch.errors.text());
}

/// Reads a page as Prometheus' own client does, and prints each sample as JSON.
const CLIENT: &str = "import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([[s.name, s.labels, s.value] for f in families(sys.stdin.read()) for s in f.samples]))";

/// Names that a log chooses must not break a page, whoever reads it.
#[test]
fn hostile_names_are_read_by_others_as_they_are_by_us() {
    let place = Place::new();
    let mut watch = Watch::start(&place, &["--listen", "0"]);
    let address = watch.address();
    let hostile = r#"pay"} 1\n{x="\"#;
    let named =
        crash_loop(4).replace("'payments'", &format!("'{hostile}'")).replace(": payments (", &format!(": {hostile} ("));
    watch.write(&named);
    let (numbers, page) = metrics(&address, 3);
    assert_eq!(numbers.value("relapse_restarts_total", &[("service", hostile)]), 3.0);
    assert_eq!(wrongs(&diagnosis(&address)), [""; 0]);

    let Some(python) = part("python3") else { return };
    let has_client = Command::new(&python).args(["-c", "import prometheus_client"]).output().expect("python runs");
    if !has_client.status.success() {
        assert!(std::env::var_os("RELAPSE_TEST_ALL").is_none(), "prometheus_client is missing; .ci/run installs it");
        return;
    }
    let ran = run_with_input(Command::new(&python).args(["-c", CLIENT]), page.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let theirs: Vec<(String, Labels, f64)> = serde_json::from_str(&ran.stdout).expect("JSON");
    let theirs: BTreeMap<(String, Labels), f64> =
        theirs.into_iter().map(|(name, labels, value)| ((name, labels), value)).collect();
    assert_eq!(theirs, numbers.samples);
}
