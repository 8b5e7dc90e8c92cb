//! So much a second, by absolute time: who falls behind catches up, and nothing drifts.

use std::time::{Duration, Instant};

/// The last part of a wait is spent awake: a sleep wakes later than it was asked to.
const AWAKE: Duration = Duration::from_micros(70);

pub struct Pace {
    began: Instant,
    rate: u64,
}

impl Pace {
    pub fn new(rate: u64) -> Pace {
        Pace { began: Instant::now(), rate }
    }

    /// Waits for the moment that a number is due at.
    pub fn wait_for(&self, number: u64) {
        let due =
            self.began + Duration::from_nanos((u128::from(number) * 1_000_000_000 / u128::from(self.rate)) as u64);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match left.checked_sub(AWAKE).filter(|sleep| !sleep.is_zero()) {
                Some(sleep) => std::thread::sleep(sleep),
                None => std::hint::spin_loop(),
            }
        }
    }

    /// How many are due by now.
    pub fn due(&self) -> u64 {
        (self.began.elapsed().as_nanos() * u128::from(self.rate) / 1_000_000_000) as u64
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}
