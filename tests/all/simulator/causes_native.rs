//! What befalls Go and Rust services.

use super::causes::{Cause, End, Fault, Phase, Style, at_work, unknown};
use super::rng::Rng;

type Row<'a> = (&'static str, &'a [&'static str], &'a str, u8, &'a str, &'a str);

fn logged((key, ids, text, stage, what, message): Row) -> Cause {
    Cause::new(key, ids, text, Phase::Boot(stage), End::Inside(Fault::new(Style::Logged, what, message)))
}

/// anyhow prints what was tried and, lines below, why it failed. Either line shows the cause, whatever its id.
fn or_what_was_tried(mut cause: Cause) -> Cause {
    let is_plain = cause.ids.is_empty() || cause.key == "db-refused";
    if let (true, End::Inside(fault)) = (is_plain, &cause.end) {
        cause.or_unknown = true;
        cause.texts.push(format!("Error: {}", fault.class));
    }
    cause
}

/// The class of a logged error is what the program was about to do.
pub fn go(rng: &mut Rng, name: &str) -> Vec<Cause> {
    let work = at_work(rng);
    let panic = |key, ids: &[&'static str], text: &str, phase, message: &str, members: &[&str]| {
        let fault = Fault::new(Style::Panic, "", message).members(members);
        Cause::new(key, ids, text, phase, End::Inside(fault))
    };
    let denied = format!("open /var/lib/{name}/state.db: permission denied");
    let full = format!("write /var/lib/{name}/wal-0001: no space left on device");
    let rows: [Row; 9] = [
        (
            "config-invalid",
            &[],
            "did not find expected key",
            1,
            "load config",
            "yaml: line 12: did not find expected key",
        ),
        (
            "folder-missing",
            &["sqlite-cantopen-text", "sqlite-cantopen"],
            "unable to open database file",
            2,
            "open store",
            "unable to open database file: no such file or directory",
        ),
        ("permission-denied", &["eacces"], "permission denied", 2, "open store", &denied),
        ("disk-full", &["disk-full"], "no space left on device", 2, "open wal", &full),
        (
            "db-refused",
            &["econnrefused"],
            "connect: connection refused",
            3,
            "connect to database",
            "dial tcp 10.0.3.7:5432: connect: connection refused",
        ),
        (
            "dns",
            &["go-dns-failed"],
            "no such host",
            3,
            "connect to database",
            "dial tcp: lookup db.internal on 10.0.0.2:53: no such host",
        ),
        (
            "cert-expired",
            &["tls-expired-go"],
            "certificate has expired or is not yet valid",
            3,
            "fetch keys",
            "Get \"https://auth.internal/keys\": tls: failed to verify certificate: x509: certificate has expired or is \
             not yet valid: current time 2026-02-20T10:00:00Z is after 2026-01-12T23:59:59Z",
        ),
        (
            "pg-auth",
            &["pg-auth"],
            "password authentication failed for user",
            3,
            "connect to database",
            "failed SASL auth: FATAL: password authentication failed for user \"app\" (SQLSTATE 28P01)",
        ),
        (
            "port-held",
            &["go-port-in-use", "port-in-use"],
            "bind: address already in use",
            5,
            "serve",
            "listen tcp :8080: bind: address already in use",
        ),
    ];
    let mut causes: Vec<Cause> = rows.into_iter().map(logged).collect();
    let nil = "runtime error: invalid memory address or nil pointer dereference";
    let segv = "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6f21c4]";
    let nil_phase = if rng.below(2) == 0 { Phase::Boot(4) } else { work };
    causes.push(panic("nil-deref", &["go-nil-deref"], "nil pointer dereference", nil_phase, nil, &[segv]));
    let range = "runtime error: index out of range [4] with length 4";
    causes.push(panic("index-range", &["go-panic"], "index out of range", work, range, &[]));
    let maps = "fatal error: concurrent map writes";
    causes.push(panic("map-writes", &["go-concurrent-map"], "concurrent map writes", work, maps, &["fatal"]));
    let class = |error: &str| format!("check {}", error.to_lowercase());
    let stage = Phase::Boot(rng.between(1, 5) as u8);
    causes.push(unknown(rng, Style::Logged, "unknown-boot", stage, &class));
    causes.push(unknown(rng, Style::Panic, "unknown-work", work, &|_| String::new()));
    causes
}

pub fn rust(rng: &mut Rng, name: &str) -> Vec<Cause> {
    let work = at_work(rng);
    let config = format!("parsing /etc/{name}.toml");
    let state = format!("opening /var/lib/{name}/state");
    let address = "resolving db.internal";
    let rows: [Row; 7] = [
        (
            "config-invalid",
            &[],
            "TOML parse error at line 7, column 9",
            1,
            &config,
            "TOML parse error at line 7, column 9",
        ),
        ("permission-denied", &["eacces"], "Permission denied", 2, &state, "Permission denied (os error 13)"),
        ("disk-full", &["disk-full"], "No space left on device", 2, &state, "No space left on device (os error 28)"),
        (
            "folder-missing",
            &["sqlite-cantopen-text", "sqlite-cantopen"],
            "unable to open database file",
            2,
            &state,
            "error returned from database: (code: 14) unable to open database file",
        ),
        (
            "db-refused",
            &["econnrefused"],
            "Connection refused",
            3,
            "connecting to postgres",
            "Connection refused (os error 111)",
        ),
        (
            "pg-auth",
            &["pg-auth"],
            "password authentication failed for user",
            3,
            "connecting to postgres",
            "error returned from database: password authentication failed for user \"app\"",
        ),
        (
            "dns",
            &[],
            "failed to lookup address information",
            3,
            address,
            "failed to lookup address information: Name or service not known",
        ),
    ];
    let mut causes: Vec<Cause> = rows.into_iter().map(logged).collect();
    let panic = |key, ids: &[&'static str], text: &str, phase, message: &str| {
        Cause::new(key, ids, text, phase, End::Inside(Fault::new(Style::Panic, "", message)))
    };
    let held = "called `Result::unwrap()` on an `Err` value: Os { code: 98, kind: AddrInUse, message: \"Address already \
                in use\" }";
    causes.push(panic("port-held", &["rust-addr-in-use"], "kind: AddrInUse", Phase::Boot(5), held));
    let bounds = "index out of bounds: the len is 4 but the index is 9";
    causes.push(panic("rust-panic", &[], "index out of bounds", work, bounds));
    let class = |error: &str| format!("checking {}", error.to_lowercase());
    let stage = Phase::Boot(rng.between(1, 5) as u8);
    causes.push(unknown(rng, Style::Logged, "unknown-boot", stage, &class));
    causes.into_iter().map(or_what_was_tried).collect()
}
