//! What a webhook is sent: the alert itself, a Slack message, an Alertmanager alert.

use crate::live::Alert;
use crate::live::alert::Turn;
use crate::live::delivery::Shape;
use crate::report::shown::printable;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The longest text of a Slack message's attachment and of an Alertmanager annotation, in characters.
const MAX_TEXT: usize = 3000;
/// The longest of the parts of these: a line of a log, a title.
const MAX_PART: usize = 300;
/// How many causes are named.
const MAX_CAUSES: usize = 3;
const RED: &str = "#d92d20";
const GREEN: &str = "#2e7d32";

/// The body of a request that tells of these alerts. Only Alertmanager takes more than one, or none.
pub(super) fn body(shape: Shape, alerts: &[&Alert], now: Timestamp) -> Result<String, String> {
    let first = alerts.first().ok_or("there is nothing to tell");
    let body = match shape {
        Shape::Json => serde_json::to_string(first?),
        Shape::Slack => serde_json::to_string(&slack(first?)),
        Shape::Alertmanager => {
            serde_json::to_string(&alerts.iter().map(|alert| alertmanager(alert, now)).collect::<Vec<Value>>())
        }
    };
    body.map_err(|error| format!("the alert makes no JSON: {error}"))
}

/// Text that does nothing wherever it is shown, in one line and not longer than this.
pub(super) fn plain(text: &str, most: usize) -> String {
    cut(&printable(&cut(text, most).replace(['\n', '\r'], " ")), most)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// What happened, in a few words.
pub(super) fn headline(alert: &Alert) -> String {
    let service = plain(&alert.service, 100);
    match alert.status {
        Turn::Firing => format!("{service} is failing ({})", alert.verdict.word()),
        Turn::Resolved => format!("{service} is well again"),
    }
}

/// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, with an attachment for its colour.
fn slack(alert: &Alert) -> Value {
    let color = match alert.status {
        Turn::Firing => RED,
        Turn::Resolved => GREEN,
    };
    json!({
        "text": format!("*{}*\n{}", mrkdwn(&headline(alert), MAX_PART), mrkdwn(&alert.summary, MAX_PART)),
        // A link in a log is not looked up.
        "unfurl_links": false,
        "unfurl_media": false,
        "attachments": [{
            "color": color,
            "fallback": mrkdwn(&headline(alert), MAX_PART),
            "mrkdwn_in": ["text"],
            "text": details(alert, MAX_TEXT, true),
        }],
    })
}

/// Text that Slack shows as it is: `&`, `<` and `>` are all that it takes for links and mentions; a backtick would end
/// the code that the text may stand in.
fn mrkdwn(text: &str, most: usize) -> String {
    plain(text, most).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

/// Causes and last lines, as Slack's markup or as plain text. Parts that do not fit are left out whole.
fn details(alert: &Alert, most: usize, marked: bool) -> String {
    let show = |text: &str| if marked { mrkdwn(text, MAX_PART) } else { plain(text, MAX_PART) };
    let mut parts = vec![match &alert.ends_at {
        Some(end) => format!("{} restarts from {} to {}", alert.restarts, show(&alert.starts_at), show(end)),
        None => format!("{} restarts since {}", alert.restarts, show(&alert.starts_at)),
    }];
    for cause in alert.causes.iter().take(MAX_CAUSES) {
        let runs = if cause.runs == 1 { "run" } else { "runs" };
        parts.push(format!("• {} ({} {runs})", show(&cause.title), cause.runs));
        if !cause.fix.is_empty() {
            parts.push(format!("   Fix: {}", show(&cause.fix)));
        }
        if !cause.evidence.is_empty() {
            let quote = if marked { "`" } else { "" };
            parts.push(format!("   {quote}{}{quote}", show(&cause.evidence)));
        }
    }
    let mut out = String::new();
    let mut left = most;
    for part in parts {
        take_in(&mut out, &mut left, &part);
    }
    let (open, close) = if marked { ("```", "```") } else { ("Last lines:", "") };
    // Both with their line ends.
    let Some(mut room) = left.checked_sub(open.len() + close.len() + 2) else { return out };
    // The last line tells most: it is the last to be left out.
    let mut lines: Vec<String> = Vec::new();
    for line in alert.last_lines.iter().rev().map(|line| show(line)) {
        let Some(after) = room.checked_sub(line.chars().count() + 1) else { break };
        room = after;
        lines.push(line);
    }
    if lines.is_empty() {
        return out;
    }
    lines.reverse();
    let lines = lines.join("\n");
    let end = if close.is_empty() { String::new() } else { format!("\n{close}") };
    format!("{out}\n{open}\n{lines}{end}")
}

fn take_in(out: &mut String, left: &mut usize, part: &str) {
    let Some(after) = left.checked_sub(part.chars().count() + 1) else { return };
    *left = after;
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(part);
}

/// https://prometheus.io/docs/alerting/latest/alerts_api: one element of the body. The labels are what tells alerts
/// apart, so whatever may change between an incident's turns is an annotation.
fn alertmanager(alert: &Alert, now: Timestamp) -> Value {
    // It refuses an alert that begins after its end, and takes one that ends in the future for one that still fires.
    let time = |text: &str| text.parse::<Timestamp>().ok().map(|time| time.min(now));
    let starts = time(&alert.starts_at);
    let mut value = json!({
        "labels": {
            "alertname": "relapse",
            "service": plain(&alert.service, MAX_PART),
            "incident": plain(&alert.id, MAX_PART),
        },
        "annotations": {
            "summary": plain(&alert.summary, MAX_PART),
            "description": details(alert, MAX_TEXT, false),
            "verdict": alert.verdict.word(),
            "severity": serde_json::to_value(alert.escalation).unwrap_or_default(),
            "fix": alert.causes.first().map(|cause| plain(&cause.fix, MAX_PART)).unwrap_or_default(),
        },
    });
    let ends = (alert.status == Turn::Resolved).then(|| {
        let ends = alert.ends_at.as_deref().and_then(time).unwrap_or(now);
        starts.map_or(ends, |starts| ends.max(starts))
    });
    if let Some(fields) = value.as_object_mut() {
        let times = [("startsAt", starts), ("endsAt", ends)];
        fields.extend(times.into_iter().filter_map(|(name, time)| Some((name.to_string(), json!(time?.to_string())))));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::delivery::tests::{alert, hostile};

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn made(shape: Shape, alert: &Alert) -> Value {
        serde_json::from_str(&body(shape, &[alert], now()).unwrap()).unwrap()
    }

    #[test]
    fn json_is_the_alert() {
        let alert = hostile();
        assert_eq!(serde_json::from_str::<Alert>(&body(Shape::Json, &[&alert], now()).unwrap()).unwrap(), alert);
    }

    #[test]
    fn slack_shows_log_text_as_it_is() {
        let value = made(Shape::Slack, &hostile());
        insta::assert_snapshot!(value["text"].as_str().unwrap(), @r#"
        *pay&lt;!channel&gt;'ments\u{202e} is failing (crash-loop)*
        &lt;!here&gt; &amp; &lt;https://evil.example|click&gt; second \u{1b}[31mline
        "#);
        insta::assert_snapshot!(value["attachments"][0]["text"].as_str().unwrap(), @r#"
        7 restarts since 2026-03-01T11:00:00Z
        • Out of 'memory' &lt;@U123&gt; (5 runs)
           Fix: Raise the limit &amp; restart
           `app.log:7: 'killed' &lt;/b&gt;`
        ```
        first ''' *bold*
        {"a": "&lt;b&gt;\n"}
        last\u{0}
        ```
        "#);
        assert_eq!(value["attachments"][0]["color"], RED);
        assert_eq!(made(Shape::Slack, &alert("a", Turn::Resolved))["attachments"][0]["color"], GREEN);
    }

    #[test]
    fn slack_messages_have_an_end() {
        let mut alert = hostile();
        alert.summary = "<".repeat(100_000);
        alert.causes = vec![alert.causes[0].clone(); 100];
        for cause in &mut alert.causes {
            (cause.title, cause.fix, cause.evidence) = ("&".repeat(9000), "`".repeat(9000), "\u{202e}".repeat(9000));
        }
        alert.last_lines = (0..500).map(|n| format!("line {n} {}", "<>".repeat(n % 50))).collect();
        let value = made(Shape::Slack, &alert);
        let text = value["attachments"][0]["text"].as_str().unwrap();
        assert!(text.chars().count() <= MAX_TEXT);
        assert!(value["text"].as_str().unwrap().chars().count() <= 2 * MAX_TEXT);
        alert.causes.truncate(1);
        alert.causes[0].title = "out of memory".into();
        let value = made(Shape::Slack, &alert);
        let text = value["attachments"][0]["text"].as_str().unwrap();
        assert!(text.chars().count() <= MAX_TEXT && text.contains("line 499") && text.ends_with("\n```"), "{text}");
    }

    #[test]
    fn alertmanager_gets_the_same_labels_for_both_turns() {
        let firing = hostile();
        let mut resolved = firing.clone();
        resolved.status = Turn::Resolved;
        resolved.ends_at = Some("2026-03-01T11:30:00Z".into());
        resolved.verdict = crate::diagnosis::Verdict::Healthy;
        resolved.restarts = 99;
        let (firing, resolved) = (made(Shape::Alertmanager, &firing), made(Shape::Alertmanager, &resolved));
        assert_eq!(firing[0]["labels"], resolved[0]["labels"]);
        assert_eq!(firing[0].get("endsAt"), None);
        assert_eq!(resolved[0]["startsAt"], firing[0]["startsAt"]);
        assert_eq!(resolved[0]["endsAt"], "2026-03-01T11:30:00Z");
        insta::assert_snapshot!(serde_json::to_string_pretty(&firing).unwrap(), @r#"
        [
          {
            "annotations": {
              "description": "7 restarts since 2026-03-01T11:00:00Z\n• Out of `memory` <@U123> (5 runs)\n   Fix: Raise the limit & restart\n   app.log:7: `killed` </b>\nLast lines:\nfirst ``` *bold*\n{\"a\": \"<b>\\n\"}\nlast\\u{0}",
              "fix": "Raise the limit & restart",
              "severity": "incident",
              "summary": "<!here> & <https://evil.example|click> second \\u{1b}[31mline",
              "verdict": "crash-loop"
            },
            "labels": {
              "alertname": "relapse",
              "incident": "7",
              "service": "pay<!channel>`ments\\u{202e}"
            },
            "startsAt": "2026-03-01T11:00:00Z"
          }
        ]
        "#);
    }

    #[test]
    fn alertmanager_gets_times_that_it_takes() {
        let mut alert = (*alert("a", Turn::Resolved)).clone();
        for (starts, ends, sent_starts, sent_ends) in [
            ("2026-03-01T10:00:00Z", Some("2026-03-01T09:00:00Z"), "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
            ("2027-03-01T10:00:00Z", Some("2028-03-01T09:00:00Z"), "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
            ("2026-03-01T10:00:00Z", None, "2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z"),
        ] {
            (alert.starts_at, alert.ends_at) = (starts.into(), ends.map(Into::into));
            let value = made(Shape::Alertmanager, &alert);
            assert_eq!((&value[0]["startsAt"], &value[0]["endsAt"]), (&json!(sent_starts), &json!(sent_ends)));
        }
        (alert.starts_at, alert.ends_at) = ("long ago".into(), Some("just now".into()));
        let value = made(Shape::Alertmanager, &alert);
        assert_eq!((value[0].get("startsAt"), &value[0]["endsAt"]), (None, &json!("2026-03-01T12:00:00Z")));
    }
}
