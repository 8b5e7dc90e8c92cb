//! Names of services as managers, envelopes and files give them, and when two of them mean one thing.

use crate::grammar::is_pod;

/// A service's name without its manager's dress: `.service`, a launchd domain, a compose number.
pub fn normal(name: &str) -> String {
    let name = name.trim().trim_matches(['"', '\'', '`']);
    let name = name.split_once(" [").map_or(name, |(label, _)| label);
    // What systemd forked and has not yet turned into the program.
    let name = name.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(name);
    let is_domain = ["gui/", "user/", "system/", "pid/"].iter().any(|domain| name.starts_with(domain));
    // A supervised folder goes by its last part.
    let is_path = name.starts_with('/') && !name.ends_with('/');
    let name = if is_domain || is_path { name.rsplit('/').next().unwrap_or(name) } else { name };
    let name = name.strip_suffix(".service").unwrap_or(name);
    let name = match name.rsplit_once(['-', '_']) {
        Some((stem, number))
            if !stem.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    };
    name.to_string()
}

/// The words of a name in lower case.
pub fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// A shorter name and a `d` may be another word.
const SHORTEST_DAEMON: usize = 4;

/// Two names for one thing: the same words, or all words of the shorter one within the longer one.
pub fn same_name(a: &str, b: &str) -> bool {
    same_words(&words(a), &words(b))
}

/// Likewise, of names whose words are known.
pub fn same_words(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    // `home-assistant` and `homeassistant`.
    let is_there = |word: &String| long.iter().any(|other| is_same_word(word, other));
    !short.is_empty() && (short.iter().all(is_there) || short.concat() == long.concat())
}

/// `docker` and `dockerd`: a unit and its daemon.
fn is_same_word(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long == short || short.len() >= SHORTEST_DAEMON && long.strip_suffix('d') == Some(short)
}

/// Whether a name is that of a pod of a workload or a container: its name, mostly a hash, and what was drawn.
pub fn is_pod_of(pod: &str, owner: &str) -> bool {
    let drawn = pod.strip_prefix(owner).filter(|rest| rest.starts_with('-') && is_pod(pod.as_bytes()));
    drawn.is_some_and(|rest| rest.matches('-').count() <= 2)
}

/// A log file's stem: without folder, extensions, numbers, dates, and the words for its kind.
pub fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kinds = [
        "log", "err", "error", "errors", "out", "stdout", "stderr", "gz", "zst", "txt", "json", "jsonl", "ndjson",
        "current", "access",
    ];
    let parts: Vec<&str> = name
        .split(['.', '-', '_'])
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()) && !kinds.contains(part))
        .collect();
    parts.join("-")
}

pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_has_its_units_name() {
        assert!(same_name("docker", "dockerd"));
        assert!(same_name("docker.service", "dockerd"));
        assert!(!same_name("web", "webd"));
        assert!(!same_name("docker", "docked"));
    }

    #[test]
    fn pods_have_the_name_of_their_workload() {
        assert!(is_pod_of("n8n-6b7d9c5f8-q4xzl", "n8n"));
        assert!(is_pod_of("node-exporter-x7k2p", "node-exporter"));
        assert!(!is_pod_of("n8n-worker-6b7d9c5f8-q4xzl", "n8n"));
        assert!(!is_pod_of("n8n-extra", "n8n"));
    }

    #[test]
    fn names_lose_their_managers_dress() {
        assert_eq!(normal("gui/501/ai.openclaw.gateway [812]"), "ai.openclaw.gateway");
        assert_eq!(normal("openclaw-gateway.service"), "openclaw-gateway");
        assert_eq!(normal("gateway-1"), "gateway");
        assert_eq!(normal("(gateway)"), "gateway");
        assert_eq!(stem("/var/log/gateway.err.log"), "gateway");
        assert_eq!(stem("logs/openclaw-2026-11-24.log"), "openclaw");
        assert!(same_name("openclaw-gateway", "OpenClaw Gateway (v2026.4.1)"));
        assert!(!same_name("gateway", "redis"));
    }
}
