//! What befalls Spring Boot services.

use super::causes::{Cause, End, Fault, Phase, Style, at_work, unknown};
use super::rng::Rng;
use super::world::chance;

pub fn causes(rng: &mut Rng, name: &str) -> Vec<Cause> {
    let work = at_work(rng);
    let failed = |key, ids: &[&'static str], text: &str, stage: u8, class: &str, message: &str| {
        Cause::new(key, ids, text, Phase::Boot(stage), End::Inside(Fault::new(Style::Uncaught, class, message)))
    };
    let mut causes = vec![
        failed(
            "jar-missing",
            &["java-jar-missing"],
            "Unable to access jarfile",
            0,
            "",
            &format!("Error: Unable to access jarfile /opt/{name}/app.jar"),
        ),
        failed(
            "class-version",
            &["java-class-version"],
            "UnsupportedClassVersionError",
            0,
            "java.lang.UnsupportedClassVersionError",
            "com/acme/App has been compiled by a more recent version of the Java Runtime (class file version 65.0), \
             this version of the Java Runtime only recognizes class file versions up to 61.0",
        ),
        failed(
            "placeholder",
            &["spring-placeholder"],
            "Could not resolve placeholder",
            1,
            "java.lang.IllegalArgumentException",
            "Could not resolve placeholder 'billing.api-key' in value \"${billing.api-key}\"",
        ),
        failed(
            "permission-denied",
            &["eacces"],
            "(Permission denied)",
            2,
            "java.io.FileNotFoundException",
            &format!("/var/lib/{name}/state.bin (Permission denied)"),
        ),
        failed(
            "disk-full",
            &["disk-full"],
            "No space left on device",
            2,
            "java.io.IOException",
            "No space left on device",
        ),
        failed(
            "db-refused",
            &["econnrefused"],
            "Connection refused",
            3,
            "java.net.ConnectException",
            "Connection refused",
        ),
        failed(
            "pg-auth",
            &["pg-auth"],
            "password authentication failed for user",
            3,
            "org.postgresql.util.PSQLException",
            "FATAL: password authentication failed for user \"app\"",
        ),
        failed(
            "cert-expired",
            &[],
            "CertificateExpiredException",
            3,
            "java.security.cert.CertificateExpiredException",
            "NotAfter: Mon Jan 12 23:59:59 UTC 2026",
        ),
        failed(
            "datasource",
            &["spring-datasource"],
            "'url' attribute is not specified",
            3,
            "<banner>",
            "Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be \
             configured.\n\nReason: Failed to determine a suitable driver class",
        ),
        failed(
            "port-held",
            &["spring-port-in-use", "java-port-in-use", "port-in-use"],
            "was already in use",
            5,
            "<banner>",
            "Web server failed to start. Port 8080 was already in use.",
        ),
        Cause::new(
            "heap-oom",
            &["java-oom"],
            "java.lang.OutOfMemoryError",
            work,
            End::Inside(Fault::new(Style::Memory, "java.lang.OutOfMemoryError", "Java heap space")),
        ),
    ];
    let class = |error: &str| format!("com.acme.{}.{error}Exception", name.replace('-', "."));
    let stage = Phase::Boot(rng.between(1, 5) as u8);
    let mut odd = unknown(rng, Style::Uncaught, "unknown-bean", stage, &class);
    if let (true, End::Inside(fault)) = (chance(rng, 40), &mut odd.end) {
        fault.members.push("cause first".into());
    }
    causes.push(odd);
    causes.push(unknown(rng, Style::Panic, "unknown-work", work, &class));
    causes
}
