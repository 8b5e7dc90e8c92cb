//! What the words of a line say where no signature knows them.

use crate::evidence::Class;
use crate::grammar::{Level, Reading};
use crate::signature::FAILURE_WORDS;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Building a finder costs more than most lines take to search.
static FINDERS: LazyLock<Vec<Finder>> = LazyLock::new(|| FAILURE_WORDS.iter().map(Finder::new).collect());

/// Whether an unmatched line tells of a fault, and how surely.
pub fn class_of(reading: &Reading, text: &[u8]) -> Option<Class> {
    // A request that failed is not the server's failure, whatever its status.
    if reading.is_answer {
        return None;
    }
    // A head alone, `Error:`, says nothing of what the next line tells.
    let trimmed = text.trim_ascii();
    if reading.level.is_none() && trimmed.ends_with(b":") && !trimmed.contains(&b' ') {
        return None;
    }
    if is_exception_head(text) {
        return Some(Class::Exception);
    }
    match reading.level {
        Some(Level::Fatal) => Some(Class::Fatal),
        Some(Level::Error) => Some(Class::Error),
        Some(_) => None,
        // Postfix, git, sshd.
        None if text.starts_with(b"fatal: ") => Some(Class::Fatal),
        None => is_worded(text).then_some(Class::Worded),
    }
}

/// `pkg.NameError: message`, `Error [CODE]: message`, `panic: message`, at the start of a line; the causes of a trace by
/// Java, .NET and Node as well.
pub fn is_exception_head(text: &[u8]) -> bool {
    let leads = [&b"Uncaught "[..], b"Caused by: ", b" ---> "];
    let cause = text.trim_ascii_start().strip_prefix(b"[cause]: ");
    // Node shows an error without a trace in brackets, with its members after it.
    let bracketed = text.strip_prefix(b"[").filter(|_| text.ends_with(b"]") || text.ends_with(b"] {"));
    let cause = cause.or(bracketed.filter(|inner| memchr::memmem::find(inner, b"Error: ").is_some()));
    let text = cause.or_else(|| leads.iter().find_map(|lead| text.strip_prefix(*lead))).unwrap_or(text);
    if text.starts_with(b"panic: ") {
        return true;
    }
    let name_len =
        text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$')).count();
    let (name, rest) = text.split_at(name_len);
    let ends = [&b"Error"[..], b"Exception", b"SystemExit", b"KeyboardInterrupt"];
    name.len() < 120
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && ends.iter().any(|end| name.ends_with(end))
        && (rest.is_empty() || rest.starts_with(b": ") || rest.starts_with(b" [") || rest == b":")
        && !(name == b"Error" && rest.is_empty())
}

/// Whether a reason is no more than a value that a program did not have.
pub fn says_nothing(reason: &[u8]) -> bool {
    [&b"undefined"[..], b"null", b"None", b"nil", b"{}", b"[object Object]"].contains(&reason.trim_ascii())
}

/// Words of failure in a line that has no level.
fn is_worded(text: &[u8]) -> bool {
    if text.first().is_none_or(|byte| byte.is_ascii_whitespace()) {
        return false;
    }
    FINDERS.iter().any(|finder| finder.find(text).is_some())
}
