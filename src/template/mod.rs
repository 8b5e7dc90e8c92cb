//! Unknown errors: a message's skeleton, which is what its kind has in common.
//!
//! `skeleton` is a pure function of one message. It masks what surely varies (numbers, addresses, ids, the heads of
//! paths, long quoted values) and keeps what tells faults apart (words, module names, error codes, last parts of paths).

mod general;
pub mod miner;
pub mod words;

/// The mark that stands for what was masked.
pub const MASK: &str = "<*>";

/// Only so much of a message takes part.
const MAX_BYTES: usize = 300;

/// The constant part of a message.
pub fn skeleton(message: &[u8]) -> String {
    let message = &message[..message.len().min(MAX_BYTES)];
    let text = String::from_utf8_lossy(message);
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        push_word(word, &mut out);
    }
    out
}

/// One word between blanks: its punctuation stays, its core is masked or kept.
fn push_word(word: &str, out: &mut String) {
    let is_core =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@' | '%' | '+' | '#' | '~' | '\\');
    let mut rest = word;
    while !rest.is_empty() {
        let core_len = rest.find(|c| !is_core(c)).unwrap_or(rest.len());
        if core_len == 0 {
            let Some(c) = rest.chars().next() else { break };
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        push_core(&rest[..core_len], out);
        rest = &rest[core_len..];
    }
}

fn push_core(core: &str, out: &mut String) {
    let trimmed = core.trim_end_matches([':', '.']);
    let tail = &core[trimmed.len()..];
    if let Some(at) = trimmed.rfind(['/', '\\']) {
        // A path: what it ends in tells faults apart, where it lies does not.
        let (last, position) = split_position(&trimmed[at + 1..]);
        if at > 0 || !last.is_empty() {
            out.push_str(MASK);
            out.push('/');
        }
        out.push_str(if varies(last) { MASK } else { last });
        if position {
            out.push(':');
            out.push_str(MASK);
        }
    } else {
        let (name, position) = split_position(trimmed);
        out.push_str(if varies(name) { MASK } else { name });
        if position {
            out.push(':');
            out.push_str(MASK);
        }
    }
    out.push_str(tail);
}

/// Cuts `:12:3` off the end of a file name or address.
fn split_position(text: &str) -> (&str, bool) {
    let cut = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
    if cut.len() < text.len() && text[cut.len()..].starts_with(':') && !cut.is_empty() {
        (cut, true)
    } else {
        (text, false)
    }
}

/// Whether a word looks like a value rather than a name.
fn varies(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        // Long runs of hexadecimal letters are ids as well.
        return word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_code = word.len() >= 3
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && letters >= 3;
    // `sqlite3`, `x509`, `oauth2`: a word with a digit or two is a name.
    let is_name = letters >= 3 && digits <= 3 && letters > digits && !word.contains(['-', ':', '%', '#', '.']);
    let dotted_name =
        letters >= 5 && digits <= 1 && word.contains('.') && !word.starts_with(|c: char| c.is_ascii_digit());
    !(is_code || is_name || dotted_name)
}

/// A stable 64-bit hash (FNV-1a): the same on every machine and in every version.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(skeleton(message.as_bytes()), expected);
    }

    #[test]
    fn values_go_and_names_stay() {
        check(
            "listen EADDRINUSE: address already in use 127.0.0.1:8080",
            "listen EADDRINUSE: address already in use <*>",
        );
        check(
            "ModuleNotFoundError: No module named 'audit_backend'",
            "ModuleNotFoundError: No module named 'audit_backend'",
        );
        check(
            "QuotaLedgerError: ledger epoch 4471 is ahead of shard 12",
            "QuotaLedgerError: ledger epoch <*> is ahead of shard <*>",
        );
        check("cannot read /srv/app/7f3a/config.json:12:3", "cannot read <*>/config.json:<*>");
        check("sqlite3.OperationalError: no such column", "sqlite3.OperationalError: no such column");
        check("job 4f9c2d1e8ab34417 (id=42) failed", "job <*> (id=<*>) failed");
    }

    #[test]
    fn two_instances_of_one_fault_have_one_skeleton() {
        let one = skeleton(b"worker 12 lost connection to 10.0.0.3:5432 after 31ms");
        let other = skeleton(b"worker 7 lost connection to 10.0.0.9:5433 after 4ms");
        assert_eq!(one, other);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_skeleton(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            skeleton(&bytes);
        }

        #[test]
        fn numbers_never_matter(a in 10u32..99999, b in 10u32..99999) {
            let text = |n: u32| skeleton(format!("request {n} timed out").as_bytes());
            prop_assert_eq!(text(a), text(b));
        }
    }
}
