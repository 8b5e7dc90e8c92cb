//! What a program wrote last before it died, where no level and no signature says that it is an error.
//!
//! Go's `log.Fatal`, shell scripts and many small programs complain in plain words and exit. The last line of a run
//! counts as its reason when its words complain and do not say that the trouble was dealt with.

/// Words of trouble, in lower case.
const TROUBLE: &[&str] = &[
    "abort", "aborted", "aborting", "bad", "broken", "can't", "cannot", "conflict", "corrupt", "corrupted", "couldn't",
    "crash", "crashed", "denied", "doesn't", "error", "errors", "exceeded", "exhausted", "expired", "fail", "failed",
    "fails", "failure", "fatal", "forbidden", "illegal", "invalid", "malformed", "mismatch", "missing", "panic",
    "refused", "rejected", "unable", "unauthorized", "undefined", "unexpected", "unknown", "unreachable",
    "unrecognized", "unsupported", "violates", "violation", "wrong",
];

/// Words that only together tell of trouble, in lower case.
const PHRASES: &[&str] = &[
    "already in use", "already running", "can not", "could not", "did not", "do not", "does not", "gave up", "giving up",
    "has no", "is not", "must be", "must not", "no such", "no space", "not allowed", "not found", "not permitted",
    "out of", "timed out", "too large", "too long", "too many", "too small", "was not",
];

/// The program went on after this, or nothing was wrong.
const DEALT_WITH: &[&str] = &[
    "0 errors", "0 failed", "<*> errors", "<*> failed", "again", "continuing", "fall back", "fallback", "falling back", "ignored", "ignoring",
    "no error", "reconnect", "recovered", "retried", "retries", "retry", "skipped", "skipping", "using default",
    "without error",
];

/// Whether a line, or its template, complains of something that was not dealt with.
pub fn complains(text: &str) -> bool {
    let text = text.to_lowercase();
    let is_word = |word: &&str| TROUBLE.binary_search(word).is_ok();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let troubled = words.any(|word| is_word(&word)) || PHRASES.iter().any(|phrase| text.contains(phrase));
    troubled && !DEALT_WITH.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

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
