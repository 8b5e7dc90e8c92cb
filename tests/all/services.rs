//! Which logs are one service: by its starts, its manager's word, its folder.

use crate::support::{Place, corpus_file};
use serde_json::Value;
use std::collections::BTreeSet;

const LOG: &str = "two-supervisors/gateway.log";

/// The names of the services, and the restarts of each.
#[track_caller]
fn services(place: &Place) -> Vec<(String, u64)> {
    let ran = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "."]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let object = ran.json();
    let services = object["services"].as_array().into_iter().flatten();
    let told = |service: &Value| {
        (service["service"].as_str().unwrap_or_default().to_string(), service["restarts"].as_u64().unwrap_or_default())
    };
    services.map(told).collect()
}

/// The gateway's log some seconds later, as that of another one.
fn later(seconds: i64) -> String {
    let text = String::from_utf8(corpus_file(LOG)).expect("the corpora are UTF-8");
    let moved = |line: &str| {
        let time: jiff::Timestamp = line.get(..29)?.parse().ok()?;
        let time = time + jiff::SignedDuration::from_secs(seconds);
        Some(format!("{time:.3}{}", &line[29..]))
    };
    text.split_inclusive('\n').map(|line| moved(line).unwrap_or_else(|| line.to_string())).collect()
}

#[test]
fn two_gateways_in_one_folder_are_two_services() {
    let place = Place::new();
    place.file("gw-a.log", corpus_file(LOG));
    place.file("gw-b.log", later(7));
    let services = services(&place);
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["openclaw (gw-a)", "openclaw (gw-b)"]));
    assert!(services.iter().all(|(_, restarts)| *restarts == 13), "{services:?}");
}

#[test]
fn two_gateways_in_two_folders_are_two_services() {
    let place = Place::new();
    place.file("a/gateway.log", corpus_file(LOG));
    place.file("b/gateway.log", later(7));
    let services = services(&place);
    assert_eq!(services.len(), 2, "{services:?}");
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["openclaw (a)", "openclaw (b)"]));
}

#[test]
fn two_logs_of_one_gateway_are_one_service() {
    let place = Place::new();
    place.file("gateway.log", corpus_file(LOG));
    // Its other log has less of it.
    let less: String = later(0).split_inclusive('\n').filter(|line| !line.contains("resolving")).collect();
    place.file("openclaw-console.log", less);
    let services = services(&place);
    assert_eq!(services.len(), 1, "{services:?}");
    assert_eq!(services[0].1, 13);
}
