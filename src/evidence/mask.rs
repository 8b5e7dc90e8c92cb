//! Secrets, masked before a text enters the evidence.

use crate::finder::{Finder, Grams};
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What stands for a secret.
const HIDDEN: &str = "****";

/// Keys by their own shape: providers' prefixes, JSON web tokens, private keys.
static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?-u:\b)(?:
            (?P<openai>sk-(?:[a-z]{2,10}-)?)[A-Za-z0-9_-]{16,}
          | (?P<github>gh[pousr]_)[A-Za-z0-9]{20,}
          | (?P<slack>xox[abeprs]-)[A-Za-z0-9-]{10,}
          | (?P<aws>AKIA|ASIA)[0-9A-Z]{16}
          | (?P<google>AIza)[0-9A-Za-z_-]{30,}
          | (?P<jwt>eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
          | (?P<telegram>bot)[0-9]{8,10}:[A-Za-z0-9_-]{30,}
        )",
    )
    .ok()
});

/// `name = value` where the name says that the value is secret, `Bearer VALUE`, and credentials in URLs.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?xi)
        (?P<head>
            (?:api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|token|passw(?:or)?d|pwd|authorization|credential s?|private[_-]?key)
            ["']? \s* [:=] \s* ["']? (?:(?:bearer|basic)\s+)?
          | (?-u:\b)(?:bearer|basic)\s+
        )
        (?P<value>[^\s"',;&)\]}]{6,})
      | (?P<url>[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<password>[^\s/@]+)@
        "#,
    )
    .ok()
});

/// Some of these stands, whatever its case, in every text that the expressions above match; most texts have none.
static TRIGGERS: LazyLock<Finder> = LazyLock::new(|| {
    let words = [
        "sk-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "xox",
        "akia",
        "asia",
        "aiza",
        "eyj",
        "bot",
        "key",
        "secret",
        "token",
        "passw",
        "pwd",
        "authorization",
        "credential",
        "bearer",
        "basic",
        "://",
    ];
    Finder::new(&words, &Grams::default())
});

/// The text with its secrets hidden. Borrowed when it has none.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !TRIGGERS.stands_in(text.to_ascii_lowercase().as_bytes()) {
        return Cow::Borrowed(text);
    }
    let Some((shapes, named)) = SHAPES.as_ref().zip(NAMED.as_ref()) else { return Cow::Borrowed(HIDDEN) };
    let shaped = shapes.replace_all(text, |found: &Captures| {
        let prefix = found.iter().skip(1).flatten().next().map_or("", |group| group.as_str());
        format!("{prefix}{HIDDEN}")
    });
    match named.replace_all(&shaped, hide_value) {
        Cow::Borrowed(_) => shaped,
        Cow::Owned(masked) => Cow::Owned(masked),
    }
}

/// Whether it stands for a secret that its writer hid: `***`, `xxxxx`, `[redacted]`.
fn is_hidden(value: &str) -> bool {
    let word = value.trim_matches(['[', ']', '<', '>', '*']).to_ascii_lowercase();
    matches!(word.as_str(), "" | "redacted" | "hidden" | "masked" | "filtered") || word.bytes().all(|byte| byte == b'x')
}

fn hide_value(found: &Captures) -> String {
    let password = found.name("password").map_or("", |password| password.as_str());
    if let Some(url) = found.name("url") {
        // Its writer hid it already.
        let hidden = is_hidden(password);
        return if hidden { format!("{}{password}@", url.as_str()) } else { format!("{}{HIDDEN}@", url.as_str()) };
    }
    let head = found.name("head").map_or("", |head| head.as_str());
    let value = found.name("value").map_or("", |value| value.as_str());
    // A plain short word after `token:` is prose, not a secret.
    let looks_secret = value.len() >= 16 || value.bytes().any(|byte| byte.is_ascii_digit());
    if looks_secret && !value.starts_with("***") && !is_hidden(value) {
        format!("{head}{HIDDEN}")
    } else {
        format!("{head}{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn secrets_are_hidden_and_prose_is_not() {
        check("key sk-proj-abcdEFGH1234abcdEFGH1234 refused", "key sk-proj-**** refused");
        check("Incorrect API key provided: sk-proj-********Xy9A.", "Incorrect API key provided: sk-proj-********Xy9A.");
        check("Authorization: Bearer abc123def456", "Authorization: Bearer ****");
        check("postgres://app:hunter2@db:5432/x", "postgres://app:****@db:5432/x");
        check("Cannot connect to redis://:**@10.0.0.7:6379/0", "Cannot connect to redis://:**@10.0.0.7:6379/0");
        check("postgres://app:[redacted]@db:5432/x", "postgres://app:[redacted]@db:5432/x");
        check("amqp://app:xxxxx@mq:5672", "amqp://app:xxxxx@mq:5672");
        check("password=correct-horse-battery", "password=****");
        check(r#"{"api_key": "a1b2c3d4"}"#, r#"{"api_key": "****"}"#);
        check("invalid token: expired", "invalid token: expired");
        check("reason=token_missing status=401", "reason=token_missing status=401");
        check(
            "FATAL: password authentication failed for user \"app\"",
            "FATAL: password authentication failed for user \"app\"",
        );
    }
}
