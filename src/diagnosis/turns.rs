//! Causes that take turns: what the end of one run leaves behind is what the next one dies of.

use super::causes::Verdict;
use super::faults::Faults;
use crate::evidence::Id;
use std::collections::BTreeMap;

/// Two causes that follow each other, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Titles, the one that came first before the other.
    pub causes: [String; 2],
    /// How often one followed the other.
    pub times: usize,
}

/// So often each must follow the other.
const EACH: usize = 2;
/// So large a share of what follows what they must be.
const SHARE: f64 = 0.75;

/// Among failed runs one after the other, the two causes that take turns, if any do.
pub fn turns(failed: &[usize], judged: &[Option<Verdict>], faults: &Faults) -> Option<Turns> {
    let root = |at: &usize| judged[*at].as_ref().and_then(|verdict| verdict.root);
    let mut follows: BTreeMap<(Id, Id), usize> = BTreeMap::new();
    let mut all = 0;
    for pair in failed.windows(2).filter(|pair| pair[1] == pair[0] + 1) {
        all += 1;
        if let Some((before, after)) = root(&pair[0]).zip(root(&pair[1])) {
            *follows.entry((before, after)).or_default() += 1;
        }
    }
    let back = |a: Id, b: Id| follows.get(&(b, a)).copied().unwrap_or(0);
    let found = follows.iter().find_map(|(&(a, b), &there)| {
        let times = there + back(a, b);
        (a != b && there.min(back(a, b)) >= EACH && times as f64 >= SHARE * all as f64).then_some((a, b, times))
    })?;
    let (a, b, times) = found;
    let first = failed.iter().filter_map(root).find(|id| *id == a || *id == b)?;
    let title = |id: Id| faults.get(id).map(|fault| fault.title());
    let causes = if first == a { [title(a)?, title(b)?] } else { [title(b)?, title(a)?] };
    Some(Turns { causes, times })
}
