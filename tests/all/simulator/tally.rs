//! Sums outcomes up, and prints them.

use super::judge::Outcome;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Tally {
    found: usize,
    missed: usize,
    wrong: usize,
    strictly: (usize, usize),
    restarts: (usize, usize),
    restarts_with_losses: (usize, usize),
    ready: (usize, usize),
    verdicts: (usize, usize),
    alarms: (usize, usize),
    by_cause: BTreeMap<&'static str, (usize, usize)>,
    by_class: BTreeMap<String, (usize, usize)>,
    by_trait: BTreeMap<&'static str, (usize, usize)>,
}

/// Counts a case, and whether it is well.
fn count(pair: &mut (usize, usize), well: bool) {
    pair.0 += usize::from(well);
    pair.1 += 1;
}

fn share((well, all): (usize, usize)) -> f64 {
    if all == 0 { 1.0 } else { well as f64 / all as f64 }
}

/// The harmonic mean of precision and recall.
fn f1(found: usize, all: usize, wrong: usize) -> f64 {
    share((2 * found, all + found + wrong))
}

impl Tally {
    pub fn add(&mut self, outcome: &Outcome) {
        for (key, found) in &outcome.roots {
            if *found {
                self.found += 1
            } else {
                self.missed += 1
            }
            count(self.by_cause.entry(key).or_default(), *found);
        }
        self.wrong += outcome.false_roots.len();
        self.strictly.0 += outcome.strictly.0;
        self.strictly.1 += outcome.strictly.1;
        if let Some((truth, got)) = outcome.restarts {
            count(&mut self.restarts, truth == got);
        }
        count(&mut self.restarts_with_losses, outcome.all_restarts.0 == outcome.all_restarts.1);
        if let Some((truth, got)) = outcome.ready {
            count(&mut self.ready, truth == got);
        }
        count(&mut self.verdicts, outcome.verdict_holds());
        if outcome.healthy {
            count(&mut self.alarms, outcome.verdict.1 != "healthy" || !outcome.false_roots.is_empty());
        }
        for what in &outcome.traits {
            count(self.by_trait.entry(what).or_default(), outcome.is_right());
        }
        for class in &outcome.classes {
            count(self.by_class.entry(class.clone()).or_default(), outcome.is_right());
        }
    }

    pub fn precision(&self) -> f64 {
        share((self.found, self.found + self.wrong))
    }

    pub fn recall(&self) -> f64 {
        share((self.found, self.found + self.missed))
    }

    pub fn f1(&self) -> f64 {
        f1(self.found, self.found + self.missed, self.wrong)
    }

    /// Where nothing is let pass: no symptom in the place of a lost line, no wrapper in that of the error within.
    pub fn strict_f1(&self) -> f64 {
        f1(self.strictly.0, self.found + self.missed, self.strictly.1)
    }

    pub fn restarts_exact(&self) -> f64 {
        share(self.restarts)
    }

    pub fn ready_exact(&self) -> f64 {
        share(self.ready)
    }

    pub fn verdicts_right(&self) -> f64 {
        share(self.verdicts)
    }

    /// Healthy services that were called ill.
    pub fn false_alarms(&self) -> usize {
        self.alarms.0
    }

    pub fn figures(&self) -> String {
        let exact = |(well, all): (usize, usize)| format!("{:.4} ({well} of {all})", share((well, all)));
        [
            format!(
                "root causes     F1 {:.4}, precision {:.4}, recall {:.4}",
                self.f1(),
                self.precision(),
                self.recall()
            ),
            format!("                {} found, {} missed, {} false", self.found, self.missed, self.wrong),
            format!(
                "  nothing let pass F1 {:.4}, {} found, {} false",
                self.strict_f1(),
                self.strictly.0,
                self.strictly.1
            ),
            format!("restarts exact  {}", exact(self.restarts)),
            format!("  lost starts too {}", exact(self.restarts_with_losses)),
            format!("ready exact     {}", exact(self.ready)),
            format!("verdicts        {}", exact(self.verdicts)),
            format!("false alarms    {} of {} healthy", self.alarms.0, self.alarms.1),
        ]
        .join("\n")
    }

    /// Recall of each kind of cause, and how many services of each kind were told without a mistake.
    pub fn tables(&self) -> String {
        let row = |name: &str, (well, all): (usize, usize)| format!("  {name:<26} {well:>5} of {all}\n");
        let causes: String = self.by_cause.iter().map(|(key, pair)| row(key, *pair)).collect();
        let classes: String = self.by_class.iter().map(|(class, pair)| row(class, *pair)).collect();
        let traits: String = self.by_trait.iter().map(|(what, pair)| row(what, *pair)).collect();
        format!("found, by cause:\n{causes}all right, by program and manager:\n{classes}all right, by trait:\n{traits}")
    }
}

/// What is wrong with one incident, in a line or more.
pub fn miss(outcome: &Outcome) -> String {
    let mut text = format!("seed {} {}", outcome.seed, outcome.classes.join(", "));
    if outcome.healthy {
        text.push_str(" (healthy)");
    }
    if !outcome.traits.is_empty() {
        text.push_str(&format!(" [{}]", outcome.traits.join(", ")));
    }
    for (key, _) in outcome.roots.iter().filter(|(_, found)| !found) {
        text.push_str(&format!("\n    missed {key}"));
    }
    for wrong in &outcome.false_roots {
        text.push_str(&format!("\n    false  {wrong}"));
    }
    for (what, pair) in [("restarts", outcome.restarts), ("ready", outcome.ready)] {
        if let Some((truth, got)) = pair.filter(|(truth, got)| truth != got) {
            text.push_str(&format!("\n    {what} {got}, truth {truth}"));
        }
    }
    if !outcome.verdict_holds() {
        text.push_str(&format!("\n    verdict {}, fair: {}", outcome.verdict.1, outcome.verdict.0.join(" ")));
    }
    text
}
