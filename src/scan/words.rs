//! What the words of a line say where no signature knows them.

use crate::evidence::Class;
use crate::grammar::{Level, Reading};
use crate::signature::{FAILURE_WORDS, GLYPHS};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Whether an error only sums up what was said before it: it says so, or tells how another process ended that spoke for
/// itself.
pub fn sums_up(text: &[u8]) -> bool {
    const SUMS_UP: [&[u8]; 4] = [
        b"root cause above",
        b"rocess exited with code ",
        b"ommand failed with exit code ",
        // Perl's, after the error proper
        b"BEGIN failed--compilation aborted",
    ];
    SUMS_UP.iter().any(|words| memchr::memmem::find(text, words).is_some())
}

/// Whether an error says no more than that it all came to nothing: the warnings before it say why.
pub fn points_above(text: &[u8]) -> bool {
    const POINTS_ABOVE: [&[u8]; 6] = [
        b"ee warnings above",
        b"ee logs for details",
        b"Check logs for more info",
        b"ailed to start",
        b"Terminating",
        b"Aborting",
    ];
    POINTS_ABOVE.iter().any(|words| memchr::memmem::find(text, words).is_some())
}

/// Building a finder costs more than most lines take to search.
static FINDERS: LazyLock<Vec<Finder>> = LazyLock::new(|| FAILURE_WORDS.iter().map(Finder::new).collect());

/// Whether an unmatched line tells of a fault, and how surely.
pub fn class_of(reading: &Reading, text: &[u8]) -> Option<Class> {
    // A request that failed is not the server's failure, whatever its status.
    if reading.is_answer {
        return None;
    }
    if reading.formats.is_empty() && is_prompt(text) {
        return None;
    }
    // A head alone, `Error:`, says nothing of what the next line tells.
    let trimmed = text.trim_ascii();
    if reading.level.is_none() && trimmed.ends_with(b":") && !trimmed.contains(&b' ') {
        return None;
    }
    // Command line programs set their errors in.
    let set_in = text.strip_prefix(b"    ").filter(|_| reading.level.is_none());
    if is_exception_head(text) || set_in.is_some_and(|text| text.starts_with(b"Error: ")) {
        return Some(if sums_up(text) { Class::Outcome } else { Class::Exception });
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
    // Elixir: `** (RuntimeError) message`.
    if let Some(name) = text.strip_prefix(b"** (") {
        let len = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
        return len > 0 && name.first().is_some_and(u8::is_ascii_uppercase) && name[len..].starts_with(b") ");
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
    GLYPHS.iter().any(|glyph| text.starts_with(glyph.as_bytes()))
        || FINDERS.iter().any(|finder| finder.find(text).is_some())
}

/// Whether a line is a command at a shell's prompt, as pastes have them: `$ …`, `me@host:~$ …`, `mac:~ me$ …`, `PS C:\> …`.
pub fn is_prompt(line: &[u8]) -> bool {
    if line.starts_with(b"PS ") {
        return memchr::memmem::find(&line[..line.len().min(80)], b"> ").is_some();
    }
    let head = &line[..line.len().min(100)];
    let Some(end) = head.iter().position(|byte| b"$#%".contains(byte)) else { return false };
    let before = &head[..end];
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.@:~/[]() ".contains(byte);
    let names_place = before.contains(&b'@') || before.windows(2).any(|pair| pair == b":~" || pair == b":/");
    // A share is none: `80% used`.
    if before.last().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let is_bare = before.is_empty() && line[0] == b'$';
    line.get(end + 1) == Some(&b' ') && (is_bare || names_place && before.iter().all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_from_words() {
        for line in [
            "$ docker compose up",
            "ops@vm3:/srv/n8n$ ls",
            "imac:~ ruth$ grep x",
            "[root@gw ~]# journalctl",
            r"PS C:\> Get-EventLog",
        ] {
            assert!(is_prompt(line.as_bytes()), "{line}");
        }
        for line in
            ["# a comment", "error: 7 % of 9", "cost: 5$ a day", "user@host: 80% used", "12:00:01 cpu 3% idle", "", "$"]
        {
            assert!(!is_prompt(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn heads_of_exceptions_are_known() {
        for line in ["** (RuntimeError) key too short", "KeyError: 'x'", "[cause]: Error: no", "Uncaught Error: x"] {
            assert!(is_exception_head(line.as_bytes()), "{line}");
        }
        for line in ["** (see above)", "** (RuntimeError)", "Error", "a KeyError: x"] {
            assert!(!is_exception_head(line.as_bytes()), "{line}");
        }
    }
}
