//! Which process a line is of, where its place says so rather than a pid.

use crate::template::stable_hash;

/// An id of a swarm's task is longer than a number or a name's part.
const SHORTEST_TASK: usize = 12;

/// A number that stands for the process: one for each log that the kubelet keeps of a container's runs, one for each task
/// of a swarm.
pub(super) fn by_place(section: &[u8], pod: Option<&[u8]>) -> Option<u32> {
    log_number(section).or_else(|| task(pod?))
}

/// `/var/log/pods/shop_web-0_c1b4f6a2/web/4.log`: the container has been restarted four times.
fn log_number(path: &[u8]) -> Option<u32> {
    memchr::memmem::find(path, b"/pods/")?;
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    std::str::from_utf8(name.strip_suffix(b".log")?).ok()?.parse().ok()
}

/// `2.x9k2m41qvz0ue7bd1`: the slot and the task that stands in it.
fn task(pod: &[u8]) -> Option<u32> {
    let dot = memchr::memchr(b'.', pod)?;
    let (slot, id) = (&pod[..dot], &pod[dot + 1..]);
    let is_task = !slot.is_empty()
        && slot.iter().all(u8::is_ascii_digit)
        && id.len() >= SHORTEST_TASK
        && id.iter().all(u8::is_ascii_alphanumeric);
    is_task.then(|| stable_hash(pod) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_tell_processes_apart() {
        let log = |section: &str| by_place(section.as_bytes(), None);
        assert_eq!(log("/var/log/pods/shop_web-0_c1b4f6a2/web/4.log"), Some(4));
        assert_eq!(log("/var/log/pods/shop_web-0_c1b4f6a2/web/web.log"), None);
        assert_eq!(log("/var/log/web/4.log"), None);
        let pod = |pod: &str| by_place(b"", Some(pod.as_bytes()));
        assert_ne!(pod("1.x9k2m41qvz0ue7bd1"), None);
        assert_ne!(pod("1.x9k2m41qvz0ue7bd1"), pod("1.x9k2m41qvz0ue7bd2"));
        assert_eq!(pod("web-6d9f7c5b8d-x2k4p"), None);
        assert_eq!(pod("10.0.0.12"), None);
    }
}
