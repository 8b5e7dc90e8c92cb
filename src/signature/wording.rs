//! What plain words say of trouble: that there is some, and that the program went on.
//!
//! Go's `log.Fatal`, shell scripts and many small programs complain in plain words and exit, without a level. And errors
//! are told that ended nothing, because what failed was tried again or done without.

use super::fold::folds_of;
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// Words of trouble, in lower case.
const TROUBLE: &[&str] = &[
    "abort",
    "aborted",
    "aborting",
    "ambiguous",
    "bad",
    "bailing",
    "broken",
    "can't",
    "cannot",
    "collides",
    "collision",
    "conflict",
    "corrupt",
    "corrupted",
    "couldn't",
    "crash",
    "crashed",
    "damaged",
    "deadlock",
    "deadlocked",
    "denied",
    "disagree",
    "disagrees",
    "diverged",
    "diverges",
    "doesn't",
    "duplicate",
    "error",
    "errors",
    "exceeded",
    "exceeds",
    "exhausted",
    "expired",
    "fail",
    "failed",
    "fails",
    "failure",
    "fatal",
    "forbidden",
    "garbled",
    "halted",
    "halting",
    "illegal",
    "impossible",
    "inaccessible",
    "incompatible",
    "incomplete",
    "inconsistent",
    "insufficient",
    "invalid",
    "isn't",
    "lack",
    "lacks",
    "leaked",
    "malformed",
    "misconfigured",
    "mismatch",
    "missing",
    "orphaned",
    "overflow",
    "overlaps",
    "panic",
    "panicked",
    "refuse",
    "refused",
    "refuses",
    "refusing",
    "rejected",
    "revoked",
    "stuck",
    "torn",
    "truncated",
    "unable",
    "unauthorized",
    "unavailable",
    "undefined",
    "underflow",
    "unexpected",
    "unknown",
    "unreachable",
    "unreadable",
    "unrecognized",
    "unresolved",
    "unset",
    "unsupported",
    "unusable",
    "unwritable",
    "violated",
    "violates",
    "violation",
    "wrong",
];

/// Words that only together tell of trouble, in lower case.
const PHRASES: &[&str] = &[
    "already in use",
    "already running",
    "can not",
    "could not",
    "did not",
    "do not",
    "does not",
    "gave up",
    "giving up",
    "has no",
    "is not",
    "minimum required",
    "must be",
    "must not",
    "no space",
    "no such",
    "not allowed",
    "not found",
    "not permitted",
    "or greater",
    "or higher",
    "or later is required",
    "or newer",
    "out of",
    "timed out",
    "too large",
    "too long",
    "too many",
    "too new",
    "too old",
    "too small",
    "was not",
    "will not",
];

/// The program went on after this.
const DEALT_WITH: &[&str] = &[
    "backing off",
    "continuing",
    "failing over",
    "fall back to",
    "falling back",
    "ignored",
    "ignoring",
    "keeping last",
    "keeping old",
    "keeping previous",
    "keeping the last",
    "left out",
    "reconnect in",
    "reconnecting",
    "recovered",
    "retry #",
    "retry 1",
    "retry 2",
    "retry 3",
    "retry 4",
    "retry 5",
    "retry attempt",
    "retry in ",
    "retrying",
    "rotating to",
    "served from cache",
    "serving stale",
    "serving the last",
    "skipped",
    "skipping",
    "tried again",
    "trying again",
    "trying next",
    "trying the next",
    "using cached",
    "using default",
    "using fallback",
    "using last",
    "using previous",
    "using the last",
    "using the previous",
    "will be retried",
    "will reconnect",
    "will retry",
];

/// What a program says of its work, of itself, or of what to do: no reason to die.
const NO_REASON: &[&str] = &[
    "bye",
    "connected",
    "done",
    "exit",
    "finished",
    "for more information",
    "hint",
    "http",
    "init",
    "listen",
    "load",
    "ready",
    "run ",
    "see ",
    "shut",
    "start",
    "stop",
    "success",
    "try ",
    "usage",
    "version",
    "welcome",
];

/// Nothing was wrong, or it is over.
const NO_TROUBLE: &[&str] =
    &["0 errors", "0 failed", "<*> errors", "<*> failed", "crash dump is being written", "no error", "without error"];

/// What denies that something was dealt with: `not serving stale`, `cannot be ignored`, `stopped retrying`.
const DENYING: &[&str] = &["can't be ", "never ", "no longer ", "not ", "not be ", "stopped ", "won't be "];

/// It was not dealt with, or no longer is.
fn no_longer() -> impl Iterator<Item = String> {
    DEALT_WITH.iter().flat_map(|phrase| DENYING.iter().map(move |denying| format!("{denying}{phrase}")))
}

/// Phrases to be looked for whatever their case.
struct Phrases(LazyLock<Option<AhoCorasick>>);

impl Phrases {
    fn are_in(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|finder| finder.is_match(text))
    }
}

fn finder<P: AsRef<[u8]>>(phrases: impl IntoIterator<Item = P>) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(phrases).ok()
}

static DEALT_WITH_PHRASES: Phrases = Phrases(LazyLock::new(|| finder(DEALT_WITH)));
static NO_LONGER_PHRASES: Phrases = Phrases(LazyLock::new(|| finder(no_longer())));
static TROUBLE_PHRASES: Phrases = Phrases(LazyLock::new(|| finder(PHRASES)));
static NO_TROUBLE_PHRASES: Phrases = Phrases(LazyLock::new(|| finder(NO_TROUBLE)));

/// What phrases with a digit look like in a folded message.
static FOLDED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    // A denial holds what it denies.
    finder(DEALT_WITH.iter().flat_map(|phrase| folds_of(phrase.as_bytes())))
});

/// Whether `is_dealt_with` may tell messages of one fold apart.
pub fn may_differ(folded: &[u8]) -> bool {
    FOLDED.as_ref().is_none_or(|finder| finder.is_match(folded))
}

/// Whether a line says of its own trouble that the program went on.
pub fn is_dealt_with(text: &[u8]) -> bool {
    DEALT_WITH_PHRASES.are_in(text) && !NO_LONGER_PHRASES.are_in(text)
}

/// Whether a line, or its template, complains of something that was not dealt with.
pub fn complains(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_word = |word: &str| TROUBLE.binary_search(&word).is_ok();
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let bytes = text.as_bytes();
    (words.any(is_word) || TROUBLE_PHRASES.are_in(bytes)) && !NO_TROUBLE_PHRASES.are_in(bytes) && !is_dealt_with(bytes)
}

/// Whether a line may be the reason of an end that it stands before, though it does not complain.
pub fn may_tell_why(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let first = lower.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    let goes_on = first.ends_with("ing") || lower.ends_with("...") || lower.ends_with('…');
    let words = lower.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    words >= 3 && !goes_on && !NO_REASON.iter().any(|phrase| lower.contains(phrase))
}

/// What programs say when they use a value that is not there. Most often something before it failed to give it.
const NO_VALUE: [&str; 9] = [
    "Cannot read properties of undefined",
    "Cannot read properties of null",
    "Cannot set properties of undefined",
    "'NoneType' object",
    "NullPointerException",
    "nil pointer dereference",
    "for nil:NilClass",
    "for nil",
    "Object reference not set to an instance",
];

/// Whether an error is no more than a value that was not there.
pub fn lacks_value(text: &str) -> bool {
    NO_VALUE.iter().any(|words| text.contains(words))
}

const NO_FILE: &[&str] = &[
    "ENOENT: no such file",
    "connect ENOENT",
    "No such file or directory",
    "FileNotFoundError",
    "NoSuchFileException",
];

/// Whether an error is no more than a file that was not there.
pub fn lacks_file(text: &str) -> bool {
    NO_FILE.iter().any(|words| text.contains(words))
}

/// What says that something was asked for and not given; numbers are left out of templates.
const NOT_GIVEN: &[&str] = &[
    ": HTTP <*>",
    " HTTP <*> ",
    "not loaded",
    "failed to load",
    "Failed to load",
    "could not load",
    "Could not load",
    "failed to fetch",
    "Failed to fetch",
    "could not fetch",
    "nauthorized",
    "orbidden",
    "xpired",
];

/// Whether an error tells of something that was asked for and not given, so that its value is missing later.
pub fn was_not_given(text: &str) -> bool {
    NOT_GIVEN.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_given_is_told() {
        for text in ["charts: not read: HTTP <*> plan_lapsed", "rates failed to load", "GET /rates: Unauthorized"] {
            assert!(was_not_given(text), "{text}");
        }
        for text in ["cannot read properties of undefined", "listening on HTTP port <*>", "rates loaded"] {
            assert!(!was_not_given(text), "{text}");
        }
    }

    #[test]
    fn what_goes_on_was_dealt_with() {
        for text in [
            "connect ECONNREFUSED 10.0.0.12:6379, Retrying in 500ms",
            "read ECONNRESET, retry 1/5 in 233ms",
            "recall skipped, embedding request failed: Error: 401",
            "model call failed with 401, rotating to profile backup",
        ] {
            assert!(is_dealt_with(text.as_bytes()), "{text}");
        }
        for text in [
            "Max retries exceeded with url: / (Caused by ConnectionRefusedError)",
            "Rate limit reached. Please try again in 20s",
            "connection lost, not retrying",
            "month 2026-11 lacks GBP, not serving stale prices",
            "a torn seal cannot be ignored",
            "connect ECONNREFUSED 10.0.0.12:6379",
        ] {
            assert!(!is_dealt_with(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn complaints_are_told_from_work() {
        assert!(TROUBLE.is_sorted());
        for text in [
            "load config: yaml: line 12: did not find expected key",
            "check ledger: cannot renumber tenant map: it ends before it begins",
            "open wal: no space left on device",
            "the license of this host has expired",
            "worker: out of file descriptors",
        ] {
            assert!(complains(text), "{text}");
        }
        for text in [
            "GET /v1/items 200 12ms",
            "database connected",
            "served 149 requests, 0 errors",
            "dial tcp 10.0.0.12:6379: i/o timeout, retrying in 500ms",
            "upstream failed; will be tried again",
            "cache file missing, ignored",
            "all jobs done, bye",
        ] {
            assert!(!complains(text), "{text}");
        }
    }
}
