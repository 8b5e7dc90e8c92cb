//! What a service says that means nothing for its life: small talk, warnings, errors that it handles or lives with.

use super::last_words::Word;
use super::programs::{Family, Install, Level, Program};
use super::rng::Rng;
use super::world::chance;

/// An error of the background: it comes again and again in every run, the healthy ones as well.
#[derive(Clone, Debug)]
pub struct Background {
    level: Level,
    component: &'static str,
    text: String,
}

pub fn background(rng: &mut Rng) -> Background {
    let rows: [(Level, &str, &str); 6] = [
        (Level::Error, "metrics", "metrics push to http://10.0.0.9:9091 failed: timeout after 2000ms (ignored)"),
        (Level::Error, "feed", "quote for NOK is stale, serving the last one"),
        (Level::Warn, "cache", "cache miss ratio above 0.9 for pool default"),
        (Level::Error, "mail", "bounce for message 4413: mailbox full"),
        (Level::Warn, "http", "client closed connection before answer"),
        (Level::Error, "http", "GET /v1/items failed with status 502 from upstream, served from cache"),
    ];
    let (level, component, text) = *rng.pick(&rows);
    Background { level, component, text: text.to_owned() }
}

fn line(level: Level, component: &'static str, text: impl Into<String>) -> Word {
    Word::Line(level, component, text.into())
}

impl Background {
    pub fn words(&self) -> Vec<Word> {
        vec![line(self.level, self.component, self.text.clone())]
    }
}

/// One thing of everyday, as what is said in a row.
pub fn talk(rng: &mut Rng, install: &Install) -> Vec<Word> {
    match rng.below(100) {
        0..6 => handled(rng, install),
        6..10 => vec![warning(rng)],
        _ => vec![routine(rng, install)],
    }
}

fn routine(rng: &mut Rng, install: &Install) -> Word {
    let (id, ms, n) = (rng.hex(8), rng.between(2, 900), rng.between(1, 400));
    if install.program == Program::OpenClaw {
        return match rng.below(5) {
            0 => line(Level::Info, "ws", format!("webchat connected conn={id} remote=127.0.0.1")),
            1 => line(Level::Info, "ws", format!("⇄ res ✓ chat.history {ms}ms conn={id}")),
            2 => line(Level::Info, "agent/embedded", format!("run completed runId={id} durationMs={ms}")),
            3 => line(Level::Info, "cron", format!("job daily-digest finished in {ms}ms")),
            _ => line(Level::Info, "heartbeat", "ok"),
        };
    }
    if install.program == Program::Uvicorn {
        let path = *rng.pick(&["/v1/items", "/healthz", "/v1/orders/4413"]);
        return line(Level::Info, "", format!("10.0.0.{} - \"GET {path} HTTP/1.1\" 200 OK", rng.between(2, 250)));
    }
    match rng.below(6) {
        0 => line(Level::Info, "http", format!("GET /v1/items/{n} 200 {ms}ms")),
        1 => line(Level::Info, "jobs", format!("job {id} done in {ms}ms")),
        2 => line(Level::Info, "http", format!("served {n} requests, 0 errors")),
        3 => line(Level::Info, "cache", format!("evicted {n} entries")),
        4 => line(Level::Info, "db", format!("checkpoint complete, {n} pages written")),
        _ => line(Level::Info, "queue", format!("message {id} acknowledged")),
    }
}

fn warning(rng: &mut Rng) -> Word {
    let ms = rng.between(900, 4000);
    match rng.below(4) {
        0 => line(Level::Warn, "db", format!("slow query took {ms}ms")),
        1 => line(Level::Warn, "http", "request without token turned away: 401 Unauthorized"),
        2 => line(Level::Warn, "config", "option `listen_addr` is deprecated, use `bind`"),
        _ => line(Level::Warn, "jobs", format!("job is {ms}ms late")),
    }
}

/// Something fails, and somebody takes care of it.
fn handled(rng: &mut Rng, install: &Install) -> Vec<Word> {
    let (ms, id) = (rng.between(120, 900), rng.hex(6));
    let again = |text: &str| line(Level::Info, "upstream", text);
    match rng.below(6) {
        0 => vec![
            line(Level::Error, "upstream", "model call failed with 401, rotating to profile backup"),
            again("call completed profile=backup"),
        ],
        1 => vec![
            line(Level::Warn, "upstream", format!("read ECONNRESET, retry 1/5 in {ms}ms")),
            again("retry 1 succeeded"),
        ],
        2 => vec![
            line(Level::Warn, "upstream", "connect ECONNREFUSED 10.0.0.12:6379, retrying in 500ms"),
            again("reconnected to redis"),
        ],
        3 => vec![
            line(Level::Warn, "auth", "token expired (401), refreshing"),
            line(Level::Info, "auth", "token refreshed"),
        ],
        4 => match install.program.family() {
            Family::Python if install.program != Program::Uvicorn => vec![
                line(
                    Level::Error,
                    "jobs",
                    format!(
                        "job {id} failed, will be tried again\nTraceback (most recent call last):\n  File \
                         \"/srv/app/jobs.py\", line 61, in attempt\n    return await call(job)\nTimeoutError: upstream \
                         did not answer in 30 s"
                    ),
                ),
                line(Level::Info, "jobs", format!("job {id} done at the second attempt")),
            ],
            Family::Java => vec![
                line(
                    Level::Warn,
                    "jobs",
                    "attempt 1 of 3 failed\n\njava.net.SocketTimeoutException: Read timed out\n\tat \
                     java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)\n\tat \
                     com.acme.Jobs.attempt(Jobs.java:61)",
                ),
                line(Level::Info, "jobs", "attempt 2 of 3 succeeded"),
            ],
            _ => vec![
                line(Level::Error, "jobs", format!("job {id} failed: upstream timed out; will be tried again")),
                line(Level::Info, "jobs", format!("job {id} done at the second attempt")),
            ],
        },
        _ => vec![line(Level::Error, "http", format!("request {id} failed: client sent malformed JSON (400)"))],
    }
}

/// What some programs say at boot in spite of being well.
pub fn at_boot(rng: &mut Rng, install: &Install, pid: u32) -> Vec<Word> {
    if chance(rng, 50) {
        return Vec::new();
    }
    match install.program.family() {
        Family::Node => vec![Word::Raw(format!(
            "(node:{pid}) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland \
             alternative instead.\n(Use `node --trace-deprecation ...` to show where the warning was created)"
        ))],
        Family::OpenClaw => vec![line(
            Level::Warn,
            "plugins",
            "OpenClaw can't verify where this plugin came from. Review it with 'openclaw plugins inspect memory-embed'.",
        )],
        Family::Python => vec![Word::Raw(
            "/srv/app/main.py:12: DeprecationWarning: datetime.datetime.utcnow() is deprecated and scheduled for removal \
             in a future version.\n  started = datetime.utcnow()"
                .into(),
        )],
        Family::Java => vec![line(
            Level::Warn,
            "jpa",
            "spring.jpa.open-in-view is enabled by default. Therefore, database queries may be performed during view \
             rendering.",
        )],
        Family::Go | Family::Rust => vec![
            line(Level::Warn, "redis", "dial tcp 10.0.0.12:6379: i/o timeout, retrying in 500ms"),
            line(Level::Info, "redis", "redis connected"),
        ],
    }
}
