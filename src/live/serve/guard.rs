//! Who is let in, and what every answer says of itself.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use std::hint::black_box;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Log text is hostile: the page may run its own script and nothing else, and talk to nobody but this server.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What holds no data, or nothing but whether the watcher lives.
const OPEN: [&str; 3] = ["/healthz", "/page.css", "/page.js"];

/// Decides who is let in.
#[derive(Debug)]
pub struct Guard {
    /// Where only this machine can connect. A name that leads here from elsewhere is a web page's trick (DNS rebinding).
    loopback: Option<IpAddr>,
    token: Option<String>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Host,
    Method,
    Token,
}

impl Refusal {
    /// As HTTP has it.
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::Host => StatusCode::FORBIDDEN,
            Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Token => StatusCode::UNAUTHORIZED,
        }
    }

    /// What to do about it.
    pub fn text(self) -> &'static str {
        match self {
            Refusal::Host => "Ask for 127.0.0.1, [::1] or localhost: this server answers to no other name.\n",
            Refusal::Method => "Only GET and HEAD.\n",
            Refusal::Token => {
                "The token is missing or wrong: add ?token=TOKEN, or send `Authorization: Bearer TOKEN`.\n"
            }
        }
    }

    /// A header that goes with it.
    pub fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Refusal::Host => None,
            Refusal::Method => Some((header::ALLOW, HeaderValue::from_static("GET, HEAD"))),
            Refusal::Token => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        }
    }
}

impl Guard {
    /// Fails where strangers could read the logs.
    pub fn new(address: SocketAddr, token: Option<String>) -> io::Result<Guard> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        let ip = address.ip().to_canonical();
        if token.as_ref().is_some_and(String::is_empty) {
            return Err(invalid("the token is empty: give one that is hard to guess".into()));
        }
        if token.is_none() && !ip.is_loopback() {
            return Err(invalid(format!(
                "{address} can be reached from other machines: give a token that readers must know, \
                 or listen on 127.0.0.1"
            )));
        }
        Ok(Guard { loopback: ip.is_loopback().then_some(ip), token })
    }

    /// Lets a request in or says why not.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.knows_host(uri, headers) {
            return Err(Refusal::Host);
        }
        if method != Method::GET && method != Method::HEAD {
            return Err(Refusal::Method);
        }
        if !OPEN.contains(&uri.path()) && !self.knows_token(uri, headers) {
            return Err(Refusal::Token);
        }
        Ok(())
    }

    fn knows_host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(loopback) = self.loopback else { return true };
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let is_ours = |authority: &Authority| {
            let host = authority.host();
            let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            let is_plain = !authority.as_str().contains('@');
            is_plain
                && (host.eq_ignore_ascii_case("localhost")
                    || ip.is_ok_and(|ip| ip == loopback || ["127.0.0.1", "::1"].contains(&ip.to_string().as_str())))
        };
        // A request in absolute form names the host twice.
        Authority::try_from(host.as_bytes()).is_ok_and(|host| is_ours(&host)) && uri.authority().is_none_or(is_ours)
    }

    fn knows_token(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().as_bytes().to_vec())
        });
        let asked = || {
            let mut parts = uri.query().unwrap_or_default().split('&');
            parts.find_map(|part| part.strip_prefix("token=")).map(decoded)
        };
        bearer.or_else(asked).is_some_and(|given| is_same(&given, token.as_bytes()))
    }
}

/// Takes as long whatever of it is wrong, so that nobody finds a token byte by byte. Its length is no secret.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    let differs = given.iter().zip(wanted).fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    given.len() == wanted.len() && differs == 0
}

/// A part of a query without its percent signs.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let two = after.get(..2).filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let hex = two.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (byte, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// Puts what browsers are to know of it on an answer.
pub fn seal(headers: &mut HeaderMap) {
    let all = [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(guard: &Guard, uri: &str, host: &str) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        guard.check(&Method::GET, &uri.parse().unwrap(), &headers)
    }

    #[test]
    fn this_machine_has_three_names() {
        let guard = Guard::new("127.0.0.1:80".parse().unwrap(), None).unwrap();
        for host in ["127.0.0.1", "127.0.0.1:9", "localhost", "LOCALHOST:80", "[::1]", "[::1]:8080"] {
            assert_eq!(asks(&guard, "/", host), Ok(()), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "a@localhost", "10.0.0.1", "", "127.1"]
        {
            assert_eq!(asks(&guard, "/", host), Err(Refusal::Host), "{host}");
        }
        assert_eq!(asks(&guard, "http://evil.example/", "localhost"), Err(Refusal::Host));
        assert_eq!(guard.check(&Method::GET, &"/".parse().unwrap(), &HeaderMap::new()), Err(Refusal::Host));
    }

    #[test]
    fn others_need_a_token() {
        let error = Guard::new("0.0.0.0:80".parse().unwrap(), None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("token"), "{error}");
        assert!(Guard::new("127.0.0.1:80".parse().unwrap(), Some(String::new())).is_err());
        let guard = Guard::new("0.0.0.0:80".parse().unwrap(), Some("a b&%".into())).unwrap();
        assert_eq!(asks(&guard, "/?x=1&token=a%20b%26%25", "any.example"), Ok(()));
        for uri in ["/", "/?token=", "/?token=a", "/events?token=a%20b%26%2", "/?token=a%20b%26%25x"] {
            assert_eq!(asks(&guard, uri, "any.example"), Err(Refusal::Token), "{uri}");
        }
        assert_eq!(asks(&guard, "/healthz", "any.example"), Ok(()));
    }

    #[test]
    fn what_is_no_percent_code_stays() {
        assert_eq!(decoded("%41%zz%4"), b"A%zz%4");
        assert_eq!(decoded("%+1%é"), "%+1%é".as_bytes());
    }
}
