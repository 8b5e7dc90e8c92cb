//! What a line's words suggest, by its template: a beginning, a try, a reason, a goodbye.
//!
//! None of it is proof: it only chooses among lines that the log's repetition singles out.

use crate::signature::wording::complains;

/// Words, and no line of a trace, no request, no aside.
pub fn is_prose(template: &str) -> bool {
    let template = template.trim_end();
    let is_request = ["GET ", "POST ", "PUT ", "HEAD "].iter().any(|method| template.starts_with(method));
    // Of `version=1.9.14` its key.
    let is_word = |word: &&str| {
        let word = word.split_once('=').map_or(*word, |(key, _)| key);
        word.len() >= 2 && word.chars().all(|c| c.is_alphabetic() || "',.:;!\"".contains(c))
    };
    let is_aside = template.starts_with(['(', '-']) || template.contains("Warning:") || template.contains("eprecat");
    !is_request && !is_aside && !template.ends_with(':') && template.split(' ').any(|word| is_word(&word))
}

/// `Usage: …`, `NoSuchTariff: …`: an error's first line rather than a program's. Where lines have times a logger's name
/// may stand so.
pub fn is_labelled(template: &str, is_timed: bool) -> bool {
    let label = template.split(' ').next().filter(|first| first.ends_with(':'));
    label.is_some_and(|label| !is_timed || label.starts_with(char::is_uppercase))
}

/// It tells people what to do, as what stands below an error does.
pub fn advises(template: &str) -> bool {
    let first = template.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    ADVICE.contains(&first.to_lowercase().as_str())
}

/// It says what is not so, or must be: a reason and no step of a boot.
pub fn denies(template: &str) -> bool {
    let lower = template.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    // What the Rust runtime adds to a panic.
    !lower.starts_with("note:")
        && !holds(&lower, AGAIN)
        && (complains(template) || lower.contains(" != ") || words.any(|word| DENIALS.binary_search(&word).is_ok()))
}

/// It speaks of a beginning.
pub fn begins(template: &str) -> bool {
    holds(&template.to_lowercase(), BEGINNINGS)
}

/// It tells of work that is no work yet.
pub fn tries(template: &str) -> bool {
    holds(&template.to_lowercase(), TRIES)
}

/// It says what is said at any end, in few words.
pub fn is_goodbye(template: &str) -> bool {
    template.split(' ').count() <= GOODBYE_WORDS && holds(&template.to_lowercase(), GOODBYES)
}

/// Likewise, and of a process rather than of its work.
pub fn leaves(template: &str) -> bool {
    is_goodbye(template) && holds(&template.to_lowercase(), LEAVINGS)
}

fn holds(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// A program's beginning, in lower case.
const BEGINNINGS: &[&str] = &[
    "assembling",
    "begin",
    "boot",
    "bringing up",
    "build ",
    "coming up",
    "firing up",
    "hello",
    "initiali",
    "launch",
    "opening",
    "powering up",
    "process created",
    "setting up",
    "spinning up",
    "start",
    "unpacking",
    "version",
    "waking up",
    "warming up",
];

/// How advice begins, in lower case.
const ADVICE: &[&str] = &["check", "hint", "if", "note", "or", "please", "see", "tip", "to", "try", "use"];

/// Work that is no work yet, in lower case.
const TRIES: &[&str] = &["attempt", "connecting", "retry", "trying", "waiting"];

/// Words that deny or demand, in lower case.
const DENIALS: &[&str] = &[
    "above",
    "below",
    "beyond",
    "dead",
    "disabled",
    "empty",
    "ended",
    "gone",
    "less",
    "locked",
    "lost",
    "maintenance",
    "must",
    "need",
    "needs",
    "neither",
    "never",
    "no",
    "none",
    "not",
    "nothing",
    "old",
    "only",
    "over",
    "past",
    "required",
    "requires",
    "stale",
    "stays",
    "too",
    "without",
    "zero",
];

/// What whoever starts it anew says, in lower case.
const AGAIN: &[&str] = &["again in", "next try", "relaunch", "respawn", "restart"];

/// What is said at any end, in lower case, in few words.
const GOODBYES: &[&str] = &[
    "bye",
    "cleanup",
    "closed",
    "closing",
    "complete",
    "done",
    "drain",
    "exit",
    "finished",
    "leaving",
    "shut down",
    "shutdown",
    "shutting",
    "stopped",
    "stopping",
    "terminat",
];
const GOODBYE_WORDS: usize = 5;

/// Of these, what is said of no task.
const LEAVINGS: &[&str] = &["bye", "exiting", "shut down", "shutdown", "stopped", "terminated"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_from_steps_and_goodbyes() {
        assert!(DENIALS.is_sorted());
        assert!(denies("no tenants configured, nothing to serve, leaving"));
        assert!(denies("gzip: stdin: not in gzip format"));
        assert!(denies("licence for site <*> ended <*>; the office stays closed"));
        assert!(!denies("<*> routes registered"));
        assert!(!denies("note: run with `RUST_BACKTRACE=<*>` environment variable to display a backtrace"));
        assert!(!denies("ledger is gone, restarting it"));
        assert!(is_goodbye("shutdown complete"));
        assert!(!is_goodbye("courier: no manifest hub, no parcels. exit."));
    }

    #[test]
    fn traces_and_requests_are_no_prose() {
        assert!(is_prose("kilnd firing up, firmware <*>"));
        assert!(!is_prose("GET <*>/me <*>"));
        assert!(!is_prose("- <*>/server.js"));
        assert!(!is_prose("Traceback (most recent call last):"));
        assert!(!is_prose("<*>/loader:<*>"));
        assert!(is_labelled("QuotaSpent: monthly allotment of <*> pages is spent", true));
        assert!(!is_labelled("fares: fare office opening, site <*>", true));
        assert!(is_labelled("usage: fares [options]", false));
        assert!(advises("If the gateway is supervised, stop it with: openclaw gateway stop"));
        assert!(advises("Tip: openclaw gateway stop"));
        assert!(!advises("tipping service starts"));
    }
}
