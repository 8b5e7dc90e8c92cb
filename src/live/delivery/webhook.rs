//! One POST to a webhook, and what its answer means.

use crate::live::delivery::shapes::plain;
use crate::live::delivery::{Options, Receiver, Shape};
use std::fmt::Write;
use std::io::Read;
use std::time::Duration;
use ureq::http::{Response, Uri, header, uri::Authority};
use ureq::{Agent, Body, Timeout};

/// How much of an answer is read for a note.
const MAX_ANSWER: u64 = 1024;

/// What became of an attempt. The texts are parts of a sentence: what the receiver did.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Delivered,
    /// Trying again is of no use.
    Refused(String),
    Later {
        why: String,
        /// How long it asked to be left alone.
        after: Option<Duration>,
        /// Whether others would fare no better, as when it cannot be reached.
        all: bool,
    },
}

/// A webhook at this address. What is wrong with it otherwise; the address itself is not repeated, it may hold secrets.
pub fn webhook(url: &str, shape: Shape) -> Result<Receiver, String> {
    let url = url.trim();
    let example = "it has to look like https://example.com/path";
    match url.split_once("://") {
        None => return Err(format!("A webhook's address begins with http:// or https://: {example}.")),
        Some((scheme, _)) if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            return Err(format!("A webhook is reached by http or https, not by {}.", plain(scheme, 40)));
        }
        Some(_) => {}
    }
    let uri: Uri = url.parse().map_err(|error| format!("This is no address of a webhook ({error}): {example}."))?;
    let authority = uri.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or_else(|| format!("The address of a webhook needs a host: {example}."))?;
    // http::Uri takes any text for a port until it is asked for its number.
    let rest = host_and_port(authority).strip_prefix(authority.host()).unwrap_or_default();
    if !rest.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
        return Err(format!("The port of a webhook is a number from 1 to 65535: {example}."));
    }
    let uri = match shape {
        Shape::Alertmanager if uri.path() == "/" || uri.path().is_empty() => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let scheme = uri.scheme_str().unwrap_or("http");
            format!("{scheme}://{authority}/api/v2/alerts{query}")
        }
        _ => uri.to_string(),
    };
    Ok(Receiver::Webhook { url: uri, shape })
}

/// The address without what may be secret in it: who asks, the path (Slack's is a password) and the query.
pub(super) fn shown(url: &str) -> String {
    let Ok(uri) = url.parse::<Uri>() else { return "(no address)".to_string() };
    let Some(authority) = uri.authority() else { return "(no address)".to_string() };
    let more = if uri.path().len() > 1 || uri.query().is_some() { "/…" } else { "" };
    format!("{}://{}{more}", uri.scheme_str().unwrap_or("http"), host_and_port(authority))
}

fn host_and_port(authority: &Authority) -> &str {
    let all = authority.as_str();
    all.rsplit_once('@').map_or(all, |(_, host)| host)
}

pub(super) struct Hook {
    agent: Agent,
    url: String,
    authorization: Option<String>,
    /// What must not be repeated from an answer.
    secrets: Vec<String>,
}

impl Hook {
    pub fn new(url: &str, options: &Options) -> Hook {
        let mut hook =
            Hook { agent: Agent::new_with_defaults(), url: url.into(), authorization: None, secrets: vec![] };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would carry the alert, and a GET instead of the POST, to wherever the answer says.
            .max_redirects(0)
            // Alerts are rare: a connection that was kept would be stale.
            .max_idle_connections(0)
            .user_agent(concat!("relapse/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(options.connect))
            .timeout_connect(Some(options.connect));
        if let Ok(uri) = url.parse::<Uri>()
            && let Some(authority) = uri.authority()
        {
            if is_here(authority.host()) {
                config = config.proxy(None);
            }
            let target = uri.path_and_query().map(|target| target.as_str()).unwrap_or_default();
            if let Some((user, _)) = authority.as_str().rsplit_once('@') {
                hook.authorization = Some(format!("Basic {}", base64(&decoded(user))));
                hook.secrets.push(user.to_string());
                hook.url = format!("{}://{}{target}", uri.scheme_str().unwrap_or("http"), host_and_port(authority));
            }
            hook.secrets.extend(uri.query().map(str::to_string));
            hook.secrets.push(uri.path().to_string());
            hook.secrets.extend(uri.path().rsplit('/').next().map(str::to_string));
            // What is this short is found in any text.
            hook.secrets.retain(|secret| secret.len() > 3);
        }
        hook.agent = config.build().new_agent();
        hook
    }

    /// Takes no longer than this.
    pub fn post(&self, body: &str, most: Duration) -> Outcome {
        let mut request = self.agent.post(&self.url).header(header::CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        match request.config().timeout_global(Some(most)).build().send(body) {
            Ok(answer) => self.judge(answer),
            Err(error) => failed(error),
        }
    }

    fn judge(&self, mut answer: Response<Body>) -> Outcome {
        let status = answer.status();
        if status.is_success() {
            return Outcome::Delivered;
        }
        let mut why = format!("answered {}", status.as_u16());
        if let Some(reason) = status.canonical_reason() {
            let _ = write!(why, " {reason}");
        }
        if status.is_redirection() {
            why.push_str(", a redirect, which is not followed");
            return Outcome::Refused(why);
        }
        let all = matches!(status.as_u16(), 429 | 502..=504);
        if !(status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)) {
            if let Some(text) = self.text(&mut answer) {
                let _ = write!(why, " ({text})");
            }
            return Outcome::Refused(why);
        }
        let asked = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs).filter(|_| all);
        Outcome::Later { why, after, all }
    }

    /// What the answer says, if that is text and repeats nothing of the address.
    fn text(&self, answer: &mut Response<Body>) -> Option<String> {
        let mut read = Vec::new();
        // What came until it broke off will do.
        let _ = answer.body_mut().as_reader().take(MAX_ANSWER).read_to_end(&mut read);
        let text = String::from_utf8(read).ok()?;
        let text = text.trim();
        let tells = self.secrets.iter().any(|secret| text.contains(secret.as_str()));
        if text.is_empty() || text.starts_with('<') || tells { None } else { Some(plain(text, 120)) }
    }
}

fn failed(error: ureq::Error) -> Outcome {
    use ureq::Error;
    // Only what is known to repeat no address.
    let why = match &error {
        Error::Timeout(Timeout::Resolve) => "could not be found in time".to_string(),
        Error::Timeout(Timeout::Connect) => "could not be reached in time".to_string(),
        Error::Timeout(_) => "did not answer in time".to_string(),
        Error::HostNotFound => "could not be found".to_string(),
        Error::Io(error) => format!("could not be reached: {error}"),
        Error::Rustls(error) => format!("could not be reached safely: {}", plain(&error.to_string(), 200)),
        Error::Tls(error) => format!("could not be reached safely: {error}"),
        Error::Protocol(_) => "did not answer in HTTP".to_string(),
        Error::ConnectProxyFailed(_) => "could not be reached through the proxy".to_string(),
        Error::BadUri(_) | Error::Http(_) => return Outcome::Refused("has no address that can be used".to_string()),
        Error::InvalidProxyUrl => return Outcome::Refused("has a proxy without a usable address".to_string()),
        Error::LargeResponseHeader(..) => return Outcome::Refused("answered with too large a header".to_string()),
        _ => "could not be reached".to_string(),
    };
    Outcome::Later { why, after: None, all: true }
}

/// Whether it is this machine: a proxy would reach another one under that name.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `%41` and the like resolved.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|c| c.is_ascii_hexdigit()));
        let hex = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex.filter(|_| *byte == b'%') {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| number << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let value = (number >> (18 - 6 * digit)) as usize & 63;
            let filled = digit <= group.len();
            out.push(if filled { DIGITS.get(value).map_or('=', |digit| char::from(*digit)) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_in_the_rfc() {
        for (text, code) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), code);
        }
        assert_eq!(decoded("a%40b%zz%4"), b"a@b%zz%4");
    }

    fn url(url: &str, shape: Shape) -> Result<String, String> {
        match webhook(url, shape)? {
            Receiver::Webhook { url, .. } => Ok(url),
            _ => unreachable!(),
        }
    }

    #[test]
    fn addresses_are_checked_at_once() {
        assert_eq!(url("https://u:p@h/x?y", Shape::Json).unwrap(), "https://u:p@h/x?y");
        assert_eq!(url("http://[::1]:9093", Shape::Json).unwrap(), "http://[::1]:9093/");
        assert_eq!(url("http://h:9093", Shape::Alertmanager).unwrap(), "http://h:9093/api/v2/alerts");
        assert_eq!(url("HTTP://h/?a=b", Shape::Alertmanager).unwrap(), "http://h/api/v2/alerts?a=b");
        assert_eq!(url("http://h/am/api/v2/alerts", Shape::Alertmanager).unwrap(), "http://h/am/api/v2/alerts");
        for wrong in [
            "",
            "example.com/secret",
            "ftp://h/secret",
            "http://",
            "http:///secret",
            "http://h:99999/secret",
            "http://h:x/secret",
            "http://a b/secret",
            "https://h:/secret",
        ] {
            let error = url(wrong, Shape::Json).unwrap_err();
            assert!(error.ends_with('.') && !error.contains("secret"), "{wrong}: {error}");
        }
    }

    #[test]
    fn secrets_of_an_address_are_not_shown() {
        assert_eq!(shown("https://u:p@hooks.slack.com/services/T0/B0/x?token=1"), "https://hooks.slack.com/…");
        assert_eq!(shown("http://u@h:9093/"), "http://h:9093");
        let receiver = webhook("https://u:p@h/t0ken?q=1", Shape::Json).unwrap();
        assert_eq!(format!("{receiver} {receiver:?}"), "webhook https://h/… webhook https://h/…");
    }

    #[test]
    fn proxies_are_not_asked_for_this_machine() {
        assert!(is_here("localhost") && is_here("127.0.0.9") && is_here("[::1]"));
        assert!(!is_here("10.0.0.1") && !is_here("localhost.example.com"));
    }
}
