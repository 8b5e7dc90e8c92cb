//! How to see that a fix helped: a measure for each cause, taken from the very logs that showed it.

use super::shown::{many, seconds};
use crate::diagnosis::model::{Cause, Incident};

/// So many times the usual pause between starts must pass before quiet means something.
const PATIENCE: f64 = 5.0;

/// What must be seen after the fix of a cause, in a sentence or two.
pub(super) fn how_to_check(cause: &Cause, incident: &Incident) -> String {
    let wait = match incident.interval_s {
        Some(interval) => format!(
            "lives longer than {} (the failed ones began every {})",
            seconds((interval.p95 * PATIENCE).ceil().max(1.0)),
            seconds(interval.median)
        ),
        None => "stays up".to_string(),
    };
    let past = if incident.ready_runs == 0 && incident.runs > 0 {
        format!(" None of {} was ready before.", many(incident.runs, "run"))
    } else {
        String::new()
    };
    format!(
        "a run started after the fix becomes ready and {wait}, and `relapse analyze --since TIME LOGS`, with the time of \
         the fix, no longer names `{}`.{past}",
        cause.id
    )
}
