//! What one service suffers by another: it cannot reach what itself fails beside it.
//!
//! That a name or a port does not answer is the root of a failure only where nothing tells why it does not. Where the
//! error names another service of these logs, and that one was failing at the time, that one is to be mended first.

use super::model::{Cause, Incident, Service, Verdict, order_of};

/// Words of an error over a link that is not there, lower case.
const LOST_LINK: [&str; 20] = [
    "connect",
    "refused",
    "unreachable",
    "enotfound",
    "getaddrinfo",
    "resolve",
    "timed out",
    "timeout",
    "no such host",
    "not known",
    "eai_again",
    "econn",
    "etimedout",
    "hang up",
    "not available",
    "unavailable",
    "no route",
    "lost",
    "broken pipe",
    "did not answer",
];

/// Words of services' names that say nothing of what they are.
const COMMON: [&str; 30] = [
    "agent",
    "apache",
    "api",
    "app",
    "application",
    "backend",
    "client",
    "cluster",
    "compose",
    "container",
    "daemon",
    "data",
    "dev",
    "docker",
    "frontend",
    "gateway",
    "host",
    "local",
    "localhost",
    "main",
    "master",
    "node",
    "prod",
    "proxy",
    "server",
    "service",
    "system",
    "user",
    "web",
    "worker",
];

/// A word of a name that is shorter is meant only where a port follows it.
const SHORT: usize = 4;

/// Takes what comes of a failing neighbour for the symptom that it is.
pub fn settle(services: &mut [Service]) {
    let failing: Vec<(&str, Vec<&Incident>)> = services
        .iter()
        .map(|service| {
            (service.service.as_str(), service.incidents.iter().filter(|own| fails_by_itself(own)).collect())
        })
        .filter(|(_, incidents): &(_, Vec<_>)| !incidents.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, service) in services.iter().enumerate() {
        for (nth, incident) in service.incidents.iter().enumerate() {
            for (cause, known) in incident.causes.iter().enumerate().filter(|(_, cause)| cause.role == "root") {
                let text = text_of(known);
                if !tells_lost_link(&text) {
                    continue;
                }
                let is_behind = |(other, incidents): &&(&str, Vec<&Incident>)| {
                    *other != service.service
                        && incidents.iter().any(|theirs| overlap(incident, theirs))
                        && names(&text, other, &service.service)
                };
                if let Some((other, _)) = failing.iter().find(is_behind) {
                    found.push((at, nth, cause, other.to_string()));
                }
            }
        }
    }
    for (at, nth, cause, other) in found {
        let cause = &mut services[at].incidents[nth].causes[cause];
        cause.role = "symptom".into();
        // What spoke for it as a root speaks no more.
        cause.why = vec![format!("`{other}`, which it names, was failing itself at the time")];
        cause.comes_of = Some(other);
    }
}

fn tells_lost_link(text: &str) -> bool {
    LOST_LINK.iter().any(|word| text.contains(word))
}

/// All that a cause shows, lower case.
fn text_of(cause: &Cause) -> String {
    let mut text = cause.template.as_deref().unwrap_or(&cause.title).to_lowercase();
    for line in &cause.evidence {
        text.push('\n');
        text.push_str(&line.text.to_lowercase());
    }
    text
}

/// Whether an incident is a loop with a root that is no lost link.
fn fails_by_itself(incident: &Incident) -> bool {
    let is_own = |cause: &Cause| cause.role == "root" && !tells_lost_link(&text_of(cause));
    incident.verdict >= Verdict::Flapping && incident.causes.iter().any(is_own)
}

/// Whether two incidents may have been at one time; what has no time may.
fn overlap(one: &Incident, other: &Incident) -> bool {
    let begins_before = |a: &Incident, b: &Incident| match (order_of(&a.first), order_of(&b.last)) {
        (Some(first), Some(last)) => b.ongoing || first <= last,
        _ => true,
    };
    begins_before(one, other) && begins_before(other, one)
}

/// Whether a text in lower case names a service: by a word of its name that its own teller's name does not have.
fn names(text: &str, service: &str, teller: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let words = name.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.chars().any(char::is_alphabetic) && !COMMON.contains(&word.as_str())).collect()
    };
    let own = words(teller);
    words(service).iter().filter(|word| !own.contains(word)).any(|word| {
        text.match_indices(word.as_str()).any(|(at, _)| {
            let begins = !text[..at].ends_with(|letter: char| letter.is_alphanumeric());
            let rest = &text[at + word.len()..];
            let port =
                rest.strip_prefix(':').is_some_and(|port| port.starts_with(|digit: char| digit.is_ascii_digit()));
            let ends = !rest.starts_with(|letter: char| letter.is_alphanumeric());
            begins && (port || word.len() >= SHORT && (ends || word.len() > SHORT))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_by_a_word_of_its_own() {
        assert!(names("unable to connect to redis after trying", "shop-redis-1", "n8n-worker"));
        assert!(names("getaddrinfo enotfound chat-mongodb", "mongodb", "librechat"));
        assert!(names("(kafka.zookeeper.zookeeperclient)", "my-cluster-zookeeper", "my-cluster-kafka"));
        assert!(names("connect to db:5432 refused", "db", "web"));
        assert!(!names("no row in the db", "db", "web"));
        assert!(!names("cannot connect to the api server", "api-server", "web"));
        assert!(!names("kafka cannot connect", "kafka", "kafka"));
    }
}
