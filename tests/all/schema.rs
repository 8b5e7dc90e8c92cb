//! The JSON contract: every output is held against the schema that ships, and the schema against the model.

use crate::corpora::DIAGNOSES;
use crate::support::{Place, Ran, command, relapse, repository, run_with_input};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let path = repository().join("grammars/diagnosis.schema.json");
    serde_json::from_slice(&std::fs::read(path).expect("the schema ships")).expect("JSON")
});
static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft202012::new(&SCHEMA).expect("the schema is one of draft 2020-12"));

/// What is wrong with an object, one sentence each.
pub fn wrongs(object: &Value) -> Vec<String> {
    VALIDATOR.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The object that relapse printed, when it keeps the contract.
#[track_caller]
pub fn contract(ran: &Ran) -> Value {
    let object = ran.json();
    let wrongs = wrongs(&object);
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    object
}

#[test]
fn every_corpus_keeps_it() {
    for (corpus, ran) in &*DIAGNOSES {
        let wrongs = wrongs(&ran.json());
        assert!(wrongs.is_empty(), "{corpus}: {}", wrongs.join("\n"));
    }
}

#[test]
fn an_empty_input_keeps_it() {
    let place = Place::new();
    let object = contract(&run_with_input(&mut command(place.path(), &["analyze", "--format", "json", "-"]), b""));
    assert_eq!(object["verdict"], "healthy");
    assert_eq!(object["services"], json!([]));
}

#[test]
fn a_failing_input_keeps_it() {
    let object = contract(&Place::new().relapse(&["analyze", "--format", "json", "missing.log"]));
    assert_eq!(object["complete"], false);
    assert_eq!(object["inputs"], json!([]));
}

/// "Whatever goes wrong, `--format json` still prints one such object."
#[test]
fn an_option_that_cannot_be_met_keeps_it() {
    for wrong in [["--tz", "Nowhere/Land"], ["--since", "soon"], ["--grammars", "missing"], ["--threads", "0"]] {
        let ran = relapse(&["analyze", "--format", "json", wrong[0], wrong[1], "corpora/never-started"]);
        assert_eq!(ran.status, 2, "{wrong:?}");
        let object = contract(&ran);
        assert_eq!(object["complete"], false, "{wrong:?}");
    }
}

#[test]
fn broken_objects_do_not() {
    let whole = DIAGNOSES["quickstart"].json();
    let breaks: [(&str, Value); 11] = [
        ("/schema", json!("relapse.diagnosis/2")),
        ("/verdict", json!("ill")),
        ("/services/0/restarts", json!(-1)),
        ("/services/0/restarts_over_time/bucket_s", json!(0)),
        ("/services/0/restarts_over_time/counts", json!(vec![1; 61])),
        ("/services/0/state", json!("gone")),
        ("/services/0/first", json!("2026-02-03 04:10:00")),
        ("/services/0/incidents/0/rhythm", json!("sometimes")),
        ("/services/0/incidents/0/stopped_by", json!({"nobody": 1})),
        ("/services/0/incidents/0/causes/0/share", json!(1.2)),
        ("/services/0/incidents/0/causes/0/evidence/0/line", json!(0)),
    ];
    for (place, value) in breaks {
        let mut broken = whole.clone();
        *broken.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there")) = value;
        assert_eq!(wrongs(&broken).len(), 1, "{place}");
    }
    assert_eq!(wrongs(&json!({})).len(), 6, "every member of the object is required");
}

/// Members may be added later: a reader that holds to this schema must not fall over them.
#[test]
fn later_members_are_no_break() {
    let mut object = DIAGNOSES["never-started"].json();
    object["later"] = json!(1);
    object["services"][0]["later"] = json!(1);
    object["services"][0]["incidents"][0]["causes"][0]["later"] = json!(1);
    assert_eq!(wrongs(&object), [""; 0]);
}

/// Whatever is printed is described, and each description says something.
#[test]
fn every_member_is_described() {
    let mut unknown = Vec::new();
    for ran in DIAGNOSES.values() {
        undescribed(&ran.json(), &SCHEMA, "", &mut unknown);
    }
    unknown.sort();
    unknown.dedup();
    assert!(unknown.is_empty(), "not in the schema: {unknown:?}");
}

fn undescribed(value: &Value, schema: &Value, path: &str, unknown: &mut Vec<String>) {
    let schema = resolved(schema);
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| undescribed(item, &schema["items"], &format!("{path}[]"), unknown));
        }
        // A table of counts has no members of its own.
        Value::Object(_) if schema["properties"].is_null() && schema["additionalProperties"].is_object() => {}
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}/{name}");
                let described = &schema["properties"][name];
                if described["description"].as_str().is_none_or(str::is_empty) {
                    unknown.push(path.clone());
                }
                undescribed(member, described, &path, unknown);
            }
        }
        _ => {}
    }
}

/// The schema that a reference, or the choice between null and one, leads to.
fn resolved(schema: &Value) -> &Value {
    let schema = schema["oneOf"].get(1).unwrap_or(schema);
    match schema["$ref"].as_str() {
        Some(reference) => resolved(SCHEMA.pointer(&reference[1..]).expect("the reference leads somewhere")),
        None => schema,
    }
}

/// Every line of the stream of events is an object with a kind; the last one holds the ordinary diagnosis.
#[test]
fn the_stream_of_events_ends_with_it() {
    for (corpus, whole) in &*DIAGNOSES {
        let folder = format!("corpora/{corpus}");
        let ran = relapse(&["analyze", "--tz", "UTC", "--format", "ndjson", &folder]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{corpus}");
        let mut lines: Vec<Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        assert_eq!(lines.pop(), Some(json!({"kind": "diagnosis", "diagnosis": whole.json()})), "{corpus}");
        for line in &lines {
            let moment = json!({"time": line["time"], "kind": line["kind"], "text": line["text"]});
            let mut one = whole.json();
            one["services"][0]["timeline"] = json!([moment]);
            assert_eq!(wrongs(&one), [""; 0], "{corpus}: {line}");
            assert!(line["service"].is_string(), "{corpus}: {line}");
        }
        let of_kind = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
        let services = whole.json()["services"].as_array().cloned().unwrap_or_default();
        let incidents: Vec<&Value> =
            services.iter().flat_map(|service| service["incidents"].as_array()).flatten().collect();
        assert_eq!(of_kind("incident-start"), incidents.len(), "{corpus}");
        assert_eq!(of_kind("incident-end"), incidents.iter().filter(|one| one["ongoing"] == false).count(), "{corpus}");
        let causes: usize = incidents.iter().filter_map(|one| one["causes"].as_array()).map(Vec::len).sum();
        assert_eq!(of_kind("cause-appears"), causes, "{corpus}");
    }
}

#[test]
fn a_stream_of_events_that_cannot_begin_ends_as_well() {
    let ran = relapse(&["analyze", "--format", "ndjson", "--since", "soon", "corpora/never-started"]);
    assert_eq!(ran.status, 2);
    let object = ran.json();
    assert_eq!(object["kind"], "diagnosis");
    assert_eq!(wrongs(&object["diagnosis"]), [""; 0]);
}

#[test]
fn restarts_over_time_are_the_restarts() {
    for (corpus, ran) in &*DIAGNOSES {
        for service in ran.json()["services"].as_array().into_iter().flatten() {
            let counts = service["restarts_over_time"]["counts"].as_array().into_iter().flatten();
            let sum: u64 = counts.filter_map(Value::as_u64).sum();
            assert_eq!(Some(sum), service["restarts"].as_u64(), "{corpus}: {service}");
        }
    }
}
