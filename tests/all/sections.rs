//! Several logs in one stream, each under a head that names it, as `tail` writes them.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use std::fmt::Write;

/// launchd's log, and after it the one of the service that it runs.
fn one_after_the_other() -> String {
    let mut log = String::from("==> /var/log/system.log <==\n");
    for run in 0..4 {
        let _ = write!(
            log,
            "Feb  3 15:30:{:02} mini com.apple.xpc.launchd[1] (org.example.ledgerdb[71{run}]): Service exited with abnormal code: 1\n\
             Feb  3 15:30:{:02} mini com.apple.xpc.launchd[1] (org.example.ledgerdb): Service only ran for 0 seconds. Pushing respawn out by 10 seconds.\n",
            run * 10 + 3,
            run * 10 + 3
        );
    }
    log.push_str("\n==> /usr/local/var/log/ledgerdb.log <==\n");
    for run in 0..4 {
        let _ = write!(
            log,
            "2024-02-03 15:30:{:02}.691 UTC [71{run}] FATAL:  could not access file \"geo_index\": No such file or directory\n\
             2024-02-03 15:30:{:02}.691 UTC [71{run}] LOG:  database system is shut down\n",
            run * 10 + 3,
            run * 10 + 3
        );
    }
    log
}

#[test]
fn the_times_of_one_do_not_disturb_those_of_the_other() {
    let told = analyze(&[("pasted.log", &one_after_the_other())]);
    let service = &told["services"][0];
    assert_eq!(told["services"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(
        (service["service"].as_str(), service["runs"].as_u64()),
        (Some("org.example.ledgerdb"), Some(4)),
        "{told}"
    );
    let cause = &service["incidents"][0]["causes"][0];
    assert_eq!((cause["runs"].as_u64(), cause["role"].as_str()), (Some(4), Some("root")), "{told}");
    // A line is told by the file that was read, whatever a head in it says.
    assert_eq!(cause["evidence"][0]["path"], "pasted.log", "{told}");
    assert_eq!(cause["evidence"][0]["line"], 12, "{told}");
    whole_wherever_cut(&one_after_the_other());
}

#[test]
fn a_date_without_a_year_is_near_the_dates_with_one() {
    let told = analyze(&[("pasted.log", &one_after_the_other())]);
    let first = told["services"][0]["first"].as_str().unwrap_or_default().to_string();
    assert!(first.starts_with("2024-02-03T15:30:03"), "{first}");
}

#[test]
fn pieces_of_one_log_are_one() {
    let mut log = String::new();
    for (piece, second) in [(6, 10), (7, 20), (8, 40)] {
        let _ = write!(
            log,
            "==> /var/log/pods/shop_gw-0_6d0f/ledger/{piece}.log <==\n\
             2026-02-03T15:30:{second}.100000000Z stdout F Starting ledger\n\
             2026-02-03T15:30:{second}.200000000Z stderr F Traceback (most recent call last):\n\
             2026-02-03T15:30:{second}.200000000Z stderr F   File \"/srv/ledger.py\", line 4, in <module>\n\
             2026-02-03T15:30:{second}.200000000Z stderr F ValueError: no such book: 2026\n\n"
        );
    }
    let told = analyze(&[("kept.log", &log)]);
    let service = &told["services"][0];
    assert_eq!((service["service"].as_str(), service["restarts"].as_u64()), (Some("ledger"), Some(2)), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn what_only_looks_like_a_head_is_a_line() {
    let log = "2026-02-03T15:30:10Z INFO starting\n==> 4 of 9 migrations done\n==>  <==\n";
    let told = analyze(&[("gateway.log", log)]);
    assert_eq!(told["inputs"][0]["lines"], 3, "{told}");
    whole_wherever_cut(log);
}

#[test]
fn heads_by_the_thousand_are_one_log() {
    let mut log = String::new();
    for at in 0..3000 {
        let _ = write!(
            log,
            "==> {at}-{}.log <==\n2026-02-03T15:{:02}:{:02}Z ERROR no books\n",
            "x".repeat(at % 700),
            at / 60 % 60,
            at % 60
        );
    }
    let told = analyze(&[("pasted.log", &log)]);
    assert_eq!((told["complete"].as_bool(), told["inputs"][0]["lines"].as_u64()), (Some(true), Some(6000)), "{told}");
}
