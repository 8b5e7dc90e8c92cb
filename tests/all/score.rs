//! Holds a diagnosis against what is true of its logs, by the rules that relapse is accepted by.

use serde_json::Value;

/// Evidence texts of a cause that count, and the longest that does.
const LINES: usize = 5;
const LONGEST: usize = 500;

/// What is wrong with a diagnosis; nothing when all is right.
pub fn wrongs(diagnosis: &Value, truth: &Value) -> Vec<String> {
    let mut wrongs = causes(diagnosis, truth);
    let mut compare = |what: &str, got: Value, want: &Value| {
        if &got != want {
            wrongs.push(format!("{what} {got}, truth {want}"));
        }
    };
    compare("services", list(diagnosis, "services").len().into(), &1.into());
    compare("restarts", total(diagnosis, "restarts"), &truth["restarts"]);
    compare("ready runs", total(diagnosis, "ready_runs"), &truth["reached_ready"]);
    let verdict = &diagnosis["verdict"];
    if verdict != &truth["verdict"] && !list(truth, "also_acceptable").contains(verdict) {
        wrongs.push(format!("verdict {verdict}, truth {}", truth["verdict"]));
    }
    if truth["verdict"] == "healthy" && incidents(diagnosis).next().is_some() {
        wrongs.push("an incident in a healthy service".into());
    }
    wrongs
}

/// One cause answers for one root cause of the truth; one that is left over is false, unless it is tolerated.
fn causes(diagnosis: &Value, truth: &Value) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut roots: Vec<&Value> =
        incidents(diagnosis).flat_map(|incident| list(incident, "causes")).filter(|c| c["role"] == "root").collect();
    for wanted in list(truth, "root_causes") {
        match roots.iter().position(|cause| shows(cause, wanted)) {
            Some(at) => drop(roots.remove(at)),
            None => wrongs.push(format!("missed {}", wanted["cause"])),
        }
    }
    let tolerated = |cause: &Value| list(truth, "tolerated").iter().any(|fault| shows(cause, fault));
    wrongs.extend(roots.iter().filter(|cause| !tolerated(cause)).map(|cause| format!("false root {}", cause["id"])));
    wrongs
}

/// Whether a cause is the one that the truth means: by its id, or by the text that shows it.
fn shows(cause: &Value, wanted: &Value) -> bool {
    let id = cause["id"].as_str().unwrap_or_default();
    let want = squash(&wanted["evidence"]);
    let shown = list(cause, "evidence").iter().take(LINES).map(|line| &line["text"]).chain([&cause["template"]]);
    let by_text = !want.is_empty()
        && shown
            .filter(|text| text.as_str().is_some_and(|text| text.len() <= LONGEST))
            .any(|text| squash(text).contains(&want));
    match wanted["cause"].as_str() {
        Some("unknown") => id.starts_with("unknown/") && by_text,
        name => name == Some(id) || by_text,
    }
}

fn squash(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn incidents(diagnosis: &Value) -> impl Iterator<Item = &Value> {
    list(diagnosis, "services").iter().flat_map(|service| list(service, "incidents"))
}

fn total(diagnosis: &Value, member: &str) -> Value {
    list(diagnosis, "services").iter().filter_map(|service| service[member].as_u64()).sum::<u64>().into()
}

fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn it_sees_what_is_wrong() {
    use serde_json::json;
    let truth = json!({
        "restarts": 2, "reached_ready": 0, "verdict": "crash-loop", "also_acceptable": [],
        "root_causes": [{"cause": "port-in-use", "evidence": "EADDRINUSE"}], "tolerated": [],
    });
    let diagnosis = |causes: Value| {
        json!({
            "verdict": "crash-loop",
            "services": [{"restarts": 2, "ready_runs": 0, "incidents": [{"causes": causes}]}],
        })
    };
    let right = json!({"id": "port-in-use", "role": "root"});
    let by_text = json!({"id": "unknown/1", "role": "root", "evidence": [{"text": "listen eaddrinuse :80"}]});
    let other = json!({"id": "disk-full", "role": "root"});
    assert_eq!(wrongs(&diagnosis(json!([right])), &truth), [""; 0]);
    assert_eq!(wrongs(&diagnosis(json!([by_text])), &truth), [""; 0]);
    assert_eq!(wrongs(&diagnosis(json!([other])), &truth), ["missed \"port-in-use\"", "false root \"disk-full\""]);
    assert_eq!(wrongs(&json!({"verdict": "healthy", "services": []}), &truth).len(), 4);
}
