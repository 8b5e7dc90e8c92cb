//! Which logs are one service: by its starts, its manager's word, its folder.

use crate::merge_law::whole_wherever_cut;
use crate::support::{Place, analyze, corpus_file};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

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

/// Compose's log of a redis that refuses its configuration, and of a worker that cannot do without.
fn worker_without_its_redis() -> String {
    let redis = "redis-1   | *** FATAL CONFIG FILE ERROR (Redis 7.4.1) ***\n\
                 redis-1   | Reading the configuration file, at line 4\n\
                 redis-1   | >>> 'requirepass'\n\
                 redis-1   | wrong number of arguments\n\
                 redis-1 exited with code 1 (restarting)\n";
    let worker = "worker-1  | taking jobs from the queue\n\
                  worker-1  | Error: Unable to connect to Redis after trying to connect for 10s\n\
                  worker-1 exited with code 1 (restarting)\n";
    [redis, worker].concat().repeat(4)
}

#[test]
fn what_cannot_reach_a_neighbour_that_fails_is_its_symptom() {
    let told = analyze(&[("compose.log", &worker_without_its_redis())]);
    let service = |name: &str| {
        let services = told["services"].as_array().expect("services");
        services.iter().find(|service| service["service"] == name).unwrap_or_else(|| panic!("no {name}: {told}"))
    };
    let worker = &service("worker")["incidents"][0]["causes"];
    assert_eq!((&worker[0]["role"], &worker[0]["comes_of"]), (&"symptom".into(), &"redis".into()), "{worker}");
    let redis = &service("redis")["incidents"][0]["causes"];
    assert_eq!((&redis[0]["role"], &redis[0]["id"]), (&"root".into(), &"redis-config".into()), "{redis}");
    whole_wherever_cut(&worker_without_its_redis());
}

#[test]
fn a_description_of_one_word_is_its_units() {
    let mut log = String::new();
    for minute in 10..14 {
        let _ = write!(
            log,
            "Apr 26 09:{minute}:01 gw systemd[1]: Started node_export.\n\
             Apr 26 09:{minute}:02 gw node_exporter[6{minute}]: level=error err=\"listen tcp: unknown port\"\n\
             Apr 26 09:{minute}:02 gw systemd[1]: node_exporter.service: main process exited, code=exited, status=1/FAILURE\n\
             Apr 26 09:{minute}:02 gw systemd[1]: Unit node_exporter.service entered failed state.\n\
             Apr 26 09:{minute}:03 gw systemd[1]: Stopped node_export.\n"
        );
    }
    let told = analyze(&[("journal.log", &log)]);
    assert_eq!(told["services"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["services"][0]["restarts"], 3, "{told}");
}

#[test]
fn a_daemon_is_its_units() {
    let mut log = String::new();
    for minute in 10..13 {
        let _ = write!(
            log,
            "Nov 08 18:{minute}:04 gw systemd[1]: Starting Kiln Engine...\n\
             Nov 08 18:{minute}:05 gw kilnd[{}]: ERROR: no rates in the table\n\
             Nov 08 18:{minute}:05 gw systemd[1]: kiln.service: Main process exited, code=exited, status=1/FAILURE\n\
             Nov 08 18:{minute}:05 gw systemd[1]: kiln.service: Failed with result 'exit-code'.\n",
            4000 + minute
        );
    }
    let told = analyze(&[("journal.log", &log)]);
    assert_eq!(told["services"].as_array().map(Vec::len), Some(1), "{told}");
    assert!(told["services"][0]["incidents"][0]["causes"].to_string().contains("no rates in the table"), "{told}");
}

#[test]
fn who_speaks_beside_a_service_under_a_longer_name_is_another() {
    let run = "mill_1       | thread 'main' panicked at 'no stones', src/main.rs:68:25\n\
               mill_mill_1 exited with code 101\n\
               mill-ui_1    | FetchError: request to http://mill:8536/ failed, reason: getaddrinfo EAI_AGAIN mill\n";
    let told = analyze(&[("compose.log", &run.repeat(4))]);
    let mill = told["services"].as_array().into_iter().flatten().find(|service| service["service"] == "mill_mill");
    let causes = mill.map(|mill| mill["incidents"][0]["causes"].to_string()).unwrap_or_default();
    assert!(causes.contains("no stones") && !causes.contains("EAI_AGAIN"), "{told}");
}

#[test]
fn a_pod_is_its_containers_service() {
    let log = "+ mill-6b7d9c5f8-q4xzl › mill\nmill-6b7d9c5f8-q4xzl mill Error: no stones\n".to_string()
        + "- mill-6b7d9c5f8-q4xzl › mill\n+ mill-6b7d9c5f8-q4xzl › mill\nmill-6b7d9c5f8-q4xzl mill Error: no stones\n"
        + "- mill-6b7d9c5f8-q4xzl › mill\n"
        + "NAME                   READY   STATUS             RESTARTS       AGE\n"
        + "mill-6b7d9c5f8-q4xzl   0/1     CrashLoopBackOff   2 (3m34s ago)  9m44s\n";
    let told = analyze(&[("pods.log", &log)]);
    assert_eq!(told["services"].as_array().map(Vec::len), Some(1), "{told}");
}

#[test]
fn pods_that_are_followed_end_no_other_by_their_start() {
    let says = |pod: &str, minute: usize, text: &str| {
        format!("shop-{pod} web {{\"level\":\"info\",\"ts\":\"2026-05-19T04:{minute:02}:01Z\",\"msg\":\"{text}\"}}\n")
    };
    let (old, new) = (["7f9d4c6b58-kq7vn", "7f9d4c6b58-x2m4p"], ["5b8c77d9f4-2xwzt", "5b8c77d9f4-9bcd2"]);
    let mut log: String = old.iter().map(|pod| format!("+ shop-{pod} › web\n")).collect();
    log.extend(old.iter().map(|pod| says(pod, 1, "listening on :8080")));
    log.extend(old.iter().map(|pod| says(pod, 20, "GET /cart 200")));
    for (at, (old, new)) in old.iter().zip(new).enumerate() {
        log += &format!("+ shop-{new} › web\n{}", says(new, 30 + at, "listening on :8080"));
        log += &format!("{}- shop-{old} › web\n", says(old, 31 + at, "SIGTERM received, shutting down"));
    }
    log.extend(new.iter().map(|pod| says(pod, 50, "GET /cart 200")));
    let told = analyze(&[("pods.log", &log)]);
    assert_eq!(told["verdict"], "healthy", "{told}");
    let silent: String = log.lines().filter(|line| !line.contains("SIGTERM")).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(analyze(&[("pods.log", &silent)])["verdict"], "healthy");
}

#[test]
fn a_loop_of_another_day_is_not_laid_over_the_only_managed_service() {
    let mut loop_of_yesterday = String::new();
    for second in [10, 15, 20, 25, 30] {
        let time = format!("2026-02-02T04:00:{second}.100Z");
        let _ = write!(
            loop_of_yesterday,
            "{time} node:internal/modules/cjs/loader:1143\n{time}   throw err;\n{time} Error: Cannot find module './rye'\n{time} Node.js v22.11.0\n"
        );
    }
    let manager = "2026-02-03T15:30:00: PM2 log: App [parcels:0] starting in -fork mode-\n\
                   2026-02-03T15:30:00: PM2 log: App [parcels:0] online\n\
                   2026-02-03T15:40:00: PM2 log: Stopping app:parcels id:0\n\
                   2026-02-03T15:40:01: PM2 log: App [parcels:0] exited with code [0] via signal [SIGINT]\n";
    let told = analyze(&[("mill.log", &loop_of_yesterday), ("pm2.log", manager)]);
    assert_eq!(told["verdict"], "crash-loop", "{told}");
}
