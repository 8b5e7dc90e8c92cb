//! What the kernel knows of a process: its memory and its time.

use std::fs;
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    pub rss_kib: u64,
    /// The most it ever was.
    pub peak_kib: u64,
    pub cpu_s: f64,
    pub threads: u64,
}

/// None once the process is gone.
pub fn sample(pid: u32) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
    let fields: Vec<i64> = stat.rsplit(')').next()?.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // The state, the first field, is no number.
    let ticks = fields.get(10)? + fields.get(11)?;
    Some(Sample {
        rss_kib: field("VmRSS")?,
        peak_kib: field("VmHWM")?,
        cpu_s: ticks as f64 / 100.0,
        threads: field("Threads")?,
    })
}

/// Looks at a process until it is gone; gives the most memory that it ever had, in KiB.
pub fn peak(pid: u32) -> JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(sample) = sample(pid) {
            peak = sample.peak_kib;
            std::thread::sleep(Duration::from_millis(20));
        }
        peak
    })
}
