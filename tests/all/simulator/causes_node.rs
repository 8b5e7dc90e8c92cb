//! What befalls Node services, and the OpenClaw gateway among them.

use super::causes::{Cause, End, Fault, Phase, Style, at_work, unknown};
use super::programs::Level::{Error, Warn};
use super::rng::Rng;

const KEY: &str = "401 Incorrect API key provided: sk-proj-********************************Xy9A. You can find your API \
                   key at https://platform.openai.com/account/api-keys.";

fn inside(key: &'static str, ids: &[&'static str], text: &str, phase: Phase, fault: Fault) -> Cause {
    Cause::new(key, ids, text, phase, End::Inside(fault))
}

/// Small services: JSON or plain lines, and Node's own last words.
pub fn services(rng: &mut Rng, name: &str) -> Vec<Cause> {
    let error = |class: &str, message: &str| Fault::new(Style::Uncaught, class, message);
    let work = at_work(rng);
    let db = format!("10.0.{}.7", rng.between(1, 9));
    let refused = format!("connect ECONNREFUSED {db}:5432");
    let logged = rng.below(2) == 0;
    let style = if logged { Style::Logged } else { Style::Uncaught };
    let mut causes = vec![
        inside(
            "module-missing",
            &["node-module-not-found"],
            "Cannot find module 'dotenv-flow'",
            Phase::Boot(0),
            error("Error", &format!("Cannot find module 'dotenv-flow'\nRequire stack:\n- /srv/{name}/server.js"))
                .members(&["code: 'MODULE_NOT_FOUND'", "requireStack: [ '/srv/app/server.js' ]"]),
        ),
        inside(
            "json-broken",
            &["node-json-parse"],
            "Expected ',' or '}' after property value in JSON",
            Phase::Boot(1),
            error("SyntaxError", "Expected ',' or '}' after property value in JSON at position 312 (line 14 column 3)")
                .members(&["<json>"]),
        ),
        inside(
            "folder-missing",
            &["sqlite-dir-missing"],
            "Cannot open database because the directory does not exist",
            Phase::Boot(2),
            error("TypeError", "Cannot open database because the directory does not exist"),
        ),
        inside(
            "sqlite-cantopen",
            &["sqlite-cantopen", "sqlite-cantopen-text"],
            "SQLITE_CANTOPEN",
            Phase::Boot(2),
            error("Error", &format!("SQLITE_CANTOPEN: unable to open database file /var/lib/{name}/main.db"))
                .members(&["errno: 14", "code: 'SQLITE_CANTOPEN'"]),
        ),
        inside(
            "permission-denied",
            &["eacces"],
            "EACCES: permission denied",
            Phase::Boot(2),
            error("Error", &format!("EACCES: permission denied, open '/var/lib/{name}/state.json'")).members(&[
                "errno: -13",
                "code: 'EACCES'",
                "syscall: 'open'",
            ]),
        ),
        inside(
            "disk-full",
            &["disk-full"],
            "ENOSPC: no space left on device",
            if rng.below(2) == 0 { Phase::Boot(2) } else { work },
            error("Error", "ENOSPC: no space left on device, write").members(&[
                "errno: -28",
                "code: 'ENOSPC'",
                "syscall: 'write'",
            ]),
        ),
        inside(
            "db-refused",
            &["econnrefused"],
            "ECONNREFUSED",
            Phase::Boot(3),
            Fault::new(style, "Error", &refused).members(&["errno: -111", "code: 'ECONNREFUSED'", "port: 5432"]),
        ),
        inside(
            "dns",
            &["dns-enotfound"],
            "getaddrinfo ENOTFOUND",
            Phase::Boot(3),
            error("Error", "getaddrinfo ENOTFOUND db.internal").members(&[
                "errno: -3008",
                "code: 'ENOTFOUND'",
                "hostname: 'db.internal'",
            ]),
        ),
        inside(
            "cert-expired",
            &["tls-expired-node"],
            "CERT_HAS_EXPIRED",
            Phase::Boot(3),
            error("Error", "certificate has expired").members(&["code: 'CERT_HAS_EXPIRED'"]),
        ),
        inside(
            "pg-auth",
            &["pg-auth"],
            "password authentication failed for user",
            Phase::Boot(3),
            Fault::new(style, "error", "password authentication failed for user \"app\"").members(&[
                "severity: 'FATAL'",
                "code: '28P01'",
                "routine: 'auth_failed'",
            ]),
        ),
        inside(
            "key-expired",
            &["api-key-invalid", "http-401"],
            "Incorrect API key provided",
            Phase::Boot(4),
            Fault::new(style, "AuthenticationError", KEY).members(&["status: 401", "code: 'invalid_api_key'"]),
        ),
        inside(
            "oauth-grant",
            &["oauth-invalid-grant", "oauth-refresh"],
            "invalid_grant",
            Phase::Boot(4),
            error("GaxiosError", "invalid_grant").members(&["code: '400'", "status: 400"]),
        ),
        inside(
            "port-held",
            &["port-in-use"],
            "EADDRINUSE",
            Phase::Boot(5),
            error("Error", "listen EADDRINUSE: address already in use 0.0.0.0:8080").members(&[
                "code: 'EADDRINUSE'",
                "errno: -98",
                "syscall: 'listen'",
                "address: '0.0.0.0'",
                "port: 8080",
            ]),
        ),
        inside(
            "heap-oom",
            &["node-heap-oom"],
            "JavaScript heap out of memory",
            work,
            Fault::new(Style::Memory, "", ""),
        ),
        inside(
            "fd-limit",
            &["fd-limit"],
            "EMFILE: too many open files",
            work,
            error("Error", &format!("EMFILE: too many open files, open '/var/lib/{name}/blob-{{n}}'")).members(&[
                "errno: -24",
                "code: 'EMFILE'",
                "syscall: 'open'",
            ]),
        ),
    ];
    let class = |name: &str| format!("{name}Error");
    let stage = Phase::Boot(rng.between(1, 5) as u8);
    causes.push(unknown(rng, style, "unknown-boot", stage, &class));
    causes.push(unknown(rng, Style::Uncaught, "unknown-work", work, &class));
    causes
}

/// The gateway catches what its parts throw, and says so before it leaves.
pub fn gateway(rng: &mut Rng) -> Vec<Cause> {
    let rejected = |class: &str, message: &str| Fault::new(Style::Uncaught, class, message).members(&["rejection"]);
    let thrown = |class: &str, message: &str| Fault::new(Style::Uncaught, class, message);
    let work = at_work(rng);
    let provider = rng.pick(&["embedding provider", "memory-embed", "session-store"]).to_string();
    let cascade = match rng.below(2) {
        0 => rejected("TypeError", "Cannot open database because the directory does not exist"),
        _ => rejected("SqliteError", "SQLITE_CANTOPEN: unable to open database file"),
    };
    let hook = "Failed to load hook session-memory: Cannot find module \
                '/home/ops/.openclaw/hooks/session-memory/handler.js'";
    let mut causes = vec![
        inside(
            "config-invalid",
            &["openclaw-config-invalid", "openclaw-unrecognized-key"],
            "Gateway failed to start: Invalid config at",
            Phase::Boot(1),
            Fault::new(
                Style::Banner,
                "",
                "Gateway failed to start: Invalid config at /home/ops/.openclaw/openclaw.json:\n\
                 openclaw.json:7 — gateway: Unrecognized key: \"bindd\"\n\
                 Run \"openclaw doctor --fix\" to repair, then retry.",
            ),
        )
        .also("Unrecognized key: \"bindd\""),
        inside(
            "gateway-running",
            &["openclaw-already-running", "openclaw-port-in-use", "openclaw-other-listening", "port-in-use"],
            "gateway already running",
            Phase::Boot(2),
            Fault::new(
                Style::Banner,
                "",
                "Gateway failed to start: gateway already running (pid 4312); lock timeout after 5000ms\n\
                 If the gateway is supervised, stop it with: openclaw gateway stop\n\
                 Port 18789 is already in use.",
            ),
        )
        .also("Port 18789 is already in use."),
        inside(
            "key-expired",
            &["plugin-init-401", "api-key-invalid", "http-401"],
            "401 Incorrect API key provided",
            Phase::Boot(4),
            cascade.first(Error, "plugins", &format!("{provider} init failed: Error: {KEY}")),
        ),
        inside(
            "hook-missing",
            &["hook-file-missing", "node-module-not-found"],
            "Failed to load hook",
            Phase::Boot(4),
            rejected("Error", hook),
        ),
        inside(
            "slack-auth",
            &["slack-invalid-auth"],
            "invalid_auth",
            Phase::Boot(4),
            rejected("Error", "An API error occurred: invalid_auth"),
        ),
        inside(
            "discord-intents",
            &["discord-4014"],
            "Fatal Gateway error: 4014",
            Phase::Boot(4),
            thrown("Error", "Fatal Gateway error: 4014"),
        ),
        inside(
            "sqlite-cantopen",
            &["sqlite-cantopen", "sqlite-cantopen-text"],
            "SQLITE_CANTOPEN",
            Phase::Boot(2),
            thrown("Error", "SQLITE_CANTOPEN: unable to open database file /data/memory/index.db"),
        ),
        inside(
            "sqlite-corrupt",
            &["sqlite-corrupt"],
            "database disk image is malformed",
            Phase::Boot(2),
            thrown("Error", "Failed to open the plugin state database: database disk image is malformed"),
        ),
        inside(
            "cert-expired",
            &["tls-expired-node"],
            "CERT_HAS_EXPIRED",
            Phase::Boot(4),
            rejected("Error", "certificate has expired (CERT_HAS_EXPIRED) https://models.internal/v1"),
        ),
        inside(
            "disk-full",
            &["disk-full"],
            "ENOSPC: no space left on device",
            work,
            thrown("Error", "ENOSPC: no space left on device, write"),
        )
        .also("ENOSPC"),
        inside(
            "heap-oom",
            &["node-heap-oom"],
            "JavaScript heap out of memory",
            work,
            Fault::new(Style::Memory, "", ""),
        )
        .also("FATAL ERROR: Reached heap limit"),
    ];
    let class = |name: &str| format!("{name}Error");
    let mut odd = unknown(rng, Style::Uncaught, "unknown-boot", Phase::Boot(4), &class);
    if let End::Inside(fault) = &mut odd.end {
        fault.members.push("rejection".into());
        if rng.below(3) == 0 {
            fault.before.push((Warn, "plugins", "summary: 12 total, 11 loaded, 1 disabled, 0 errored".into()));
        }
    }
    causes.push(odd);
    causes.push(unknown(rng, Style::Uncaught, "unknown-work", work, &class));
    causes
}
