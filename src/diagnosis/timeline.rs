//! The course of events, in a few dozen moments.

use super::ends::{End, Stopper};
use super::model::{Incident, Moment, order_of};
use super::runs::Chronicle;
use crate::grammar::Time;

/// More moments than this do not help anybody.
const MAX_MOMENTS: usize = 60;

pub fn timeline(chronicle: &Chronicle, ends: &[End], incidents: &[Incident]) -> Vec<Moment> {
    let mut moments: Vec<(Option<String>, &'static str, String)> = Vec::new();
    if let Some(first) = chronicle.runs.first() {
        let text = if first.start.is_some() { "first start seen" } else { "first sign of a run" };
        moments.push((first.began().map(Time::rfc3339), "start", text.into()));
    }
    for incident in incidents {
        let verdict = incident.verdict.word();
        moments.push((incident.first.clone(), "incident-start", format!("{verdict} begins")));
        for cause in incident.causes.iter().filter(|cause| cause.role == "root") {
            moments.push((cause.first.clone(), "cause-appears", format!("{} ({})", cause.title, cause.id)));
            if incident.causes.iter().filter(|cause| cause.role == "root").count() > 1 || !incident.ongoing {
                moments.push((cause.last.clone(), "cause-vanishes", format!("last seen: {}", cause.id)));
            }
        }
        if !incident.ongoing {
            moments.push((incident.last.clone(), "incident-end", format!("{verdict} ends")));
        }
    }
    for (at, end) in ends.iter().enumerate() {
        if let End::Planned(stopper) = end
            && let Some(next) = chronicle.runs.get(at + 1)
        {
            let by = if *stopper == Stopper::Unknown { String::new() } else { format!(" (by {})", stopper.word()) };
            moments.push((next.began().map(Time::rfc3339), "planned-restart", format!("planned restart{by}")));
        }
    }
    if let Some(first) = chronicle.gave_up.first() {
        moments.push((first.time.map(Time::rfc3339), "gave-up", "the service manager stopped trying".into()));
    }
    if let Some(first) = chronicle.refused.first() {
        let text = format!("the service manager refused to start it ({} times)", chronicle.refused.len());
        moments.push((first.time.map(Time::rfc3339), "refused", text));
    }
    let recovered =
        |at: usize| at > 0 && ends[at - 1].is_unplanned() && !ends[at].is_unplanned() && chronicle.runs[at].is_ready();
    for at in (0..ends.len()).filter(|&at| recovered(at)) {
        let ready = chronicle.runs[at].ready.and_then(|point| point.time);
        moments.push((ready.map(Time::rfc3339), "recovered", "ready again".into()));
    }
    moments.sort_by(|a, b| order_of(&a.0).cmp(&order_of(&b.0)));
    if moments.len() > MAX_MOMENTS {
        let half = MAX_MOMENTS / 2;
        moments.drain(half..moments.len() - half);
    }
    moments.into_iter().map(|(time, kind, text)| Moment { time, kind: kind.into(), text }).collect()
}
