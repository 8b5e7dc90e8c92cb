//! Windows chosen anew where logs defeat them.
//!
//! The windows of the build are rare in the logs of many programs, but some may be common in the logs at hand: then place
//! after place is compared with texts in vain. Once that has cost what choosing costs, windows are chosen anew with the
//! text at hand in the sample. What is found stays the same, only sooner.

use super::{Finder, Grams};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// So many places are compared in the time that choosing takes, which is some ten milliseconds.
const WORTH_CHOOSING: u64 = 1 << 20;
/// What was of no use is waited for longer.
const PATIENCE: u64 = 4;

/// What looks for a finder's texts by the windows that suit the logs met so far.
#[derive(Debug, Default)]
pub struct Lookout {
    /// What was chosen last; none as long as the windows of the build do.
    chosen: RwLock<Option<Arc<Finder>>>,
    tally: Mutex<Tally>,
}

#[derive(Debug)]
struct Tally {
    /// Places that were compared in vain since windows were chosen.
    in_vain: u64,
    limit: u64,
    sample: Option<Grams>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { in_vain: 0, limit: WORTH_CHOOSING, sample: None }
    }
}

impl Lookout {
    /// As `built` tells of a text's lines; `sample` is the one that it was made with.
    pub fn lines(
        &self,
        built: &Finder,
        text: &[u8],
        from: usize,
        places: &mut Vec<u32>,
        sample: impl FnOnce() -> Grams,
    ) {
        let chosen = self.chosen.read().unwrap_or_else(PoisonError::into_inner).clone();
        let in_vain = chosen.as_deref().unwrap_or(built).lines(text, from, places);
        if self.is_defeated(in_vain) {
            let known = self.tally().sample.take();
            let mut grams = known.unwrap_or_else(sample);
            grams.add(text);
            let anew = Arc::new(built.anew(&grams));
            self.tally().sample = Some(grams);
            *self.chosen.write().unwrap_or_else(PoisonError::into_inner) = Some(anew);
        }
    }

    /// Whether comparing in vain has cost enough; true for one of the threads that ask.
    fn is_defeated(&self, in_vain: u64) -> bool {
        let mut tally = self.tally();
        tally.in_vain += in_vain;
        let enough = tally.in_vain >= tally.limit;
        if enough {
            tally.in_vain = 0;
            tally.limit = tally.limit.saturating_mul(PATIENCE);
        }
        enough
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_here_is_looked_for_by_something_else() {
        // To the sample of the build `aaaa` is rare; in the text at hand it stands everywhere.
        let sample = || {
            let mut sample = Grams::default();
            sample.add(b"bbbb bbbb bbbb bbbb");
            sample
        };
        let built = Finder::new(&["aaaa!bbbb"], &sample());
        let line = b"aaaa bbb aaaa bbb aaaa\n";
        let mut text: Vec<u8> = line.repeat(200);
        text.extend(b"aaaa!bbbb\n");
        let lookout = Lookout { tally: Mutex::new(Tally { limit: 1000, ..Tally::default() }), ..Lookout::default() };
        let mut expected = Vec::new();
        assert!(built.lines(&text, 0, &mut expected) >= 600);
        for round in 0..4 {
            let mut places = Vec::new();
            lookout.lines(&built, &text, 0, &mut places, sample);
            assert_eq!(places.len(), expected.len(), "round {round}");
        }
        let chosen = lookout.chosen.read().unwrap().clone().expect("chosen anew");
        assert_eq!(chosen.lines(&text, 0, &mut Vec::new()), 0);
    }
}
