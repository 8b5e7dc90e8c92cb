//! Which cause of a diagnosis a user means.

use super::model::Diagnosis;
use std::collections::BTreeSet;
use std::fmt;

/// Why a name leads to no cause; with the ids that it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSuchCause {
    Unknown(Vec<String>),
    Ambiguous(Vec<String>),
}

impl fmt::Display for NoSuchCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSuchCause::Unknown(there) if there.is_empty() => write!(f, "these logs show no cause at all"),
            NoSuchCause::Unknown(there) => write!(f, "no cause has this id; there are {}", there.join(", ")),
            NoSuchCause::Ambiguous(there) => write!(f, "several causes begin so: {}", there.join(", ")),
        }
    }
}

impl std::error::Error for NoSuchCause {}

impl Diagnosis {
    /// The id of the cause that is called so, or the only one that begins so.
    pub fn cause_named(&self, wanted: &str) -> Result<&str, NoSuchCause> {
        let incidents = self.services.iter().flat_map(|service| &service.incidents);
        let ids: BTreeSet<&str> =
            incidents.flat_map(|incident| &incident.causes).map(|cause| cause.id.as_str()).collect();
        if let Some(id) = ids.get(wanted) {
            return Ok(id);
        }
        let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        let close: Vec<&str> = ids.iter().copied().filter(|id| id.starts_with(wanted)).collect();
        match close.as_slice() {
            [one] => Ok(one),
            [] => Err(NoSuchCause::Unknown(owned(&ids.into_iter().collect::<Vec<_>>()))),
            many => Err(NoSuchCause::Ambiguous(owned(many))),
        }
    }
}
