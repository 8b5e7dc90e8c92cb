//! A progress bar on standard error, for work that takes longer than a second, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Quiet time before the bar shows.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

/// Runs `work` and shows how many of `total` bytes it has done; 0 for a total that nobody knows.
pub fn with_bar<T>(total: u64, done: &AtomicU64, work: impl FnOnce() -> T) -> T {
    if !io::stderr().is_terminal() {
        return work();
    }
    let finished = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| show(total, done, &finished));
        let result = work();
        finished.store(true, Ordering::Relaxed);
        result
    })
}

fn show(total: u64, done: &AtomicU64, finished: &AtomicBool) {
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        if finished.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(STEP);
        waited += STEP;
    }
    let (bar, template) = match total {
        0 => (ProgressBar::no_length(), "{spinner} {bytes} at {bytes_per_sec}"),
        total => (ProgressBar::new(total), "{bar:40} {bytes} of {total_bytes} at {bytes_per_sec}, {eta} left"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    while !finished.load(Ordering::Relaxed) {
        let at = done.load(Ordering::Relaxed);
        // Decoded bytes may outgrow the size on disk.
        if total > 0 && at > total {
            bar.set_length(at);
        }
        bar.set_position(at);
        std::thread::sleep(STEP);
    }
    bar.finish_and_clear();
}
