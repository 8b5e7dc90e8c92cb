//! The fault table's keys: stable hashes of what a fault is known by.

use crate::evidence::{Class, FaultKind, Id, plain_id};
use crate::template::{skeleton, stable_hash};

/// The fault table's key of what a name stands for.
pub(super) fn fault_id(name: &str) -> Id {
    plain_id(stable_hash(name.as_bytes()))
}

/// The fault table's key of an error that no signature knows.
pub(super) fn unknown_id(class: Class, template: &str) -> Id {
    fault_id(&format!("unknown\0{}\0{template}", class as u8))
}

/// What a line of a fault is about.
pub(super) fn aspect_of(fault: &str, text: &[u8]) -> (Id, FaultKind) {
    let template = skeleton(text.trim_ascii());
    let id = fault_id(&format!("aspect\0{fault}\0{template}"));
    (id, FaultKind::Aspect { of: fault.to_string(), template })
}

/// Of a signature in lines that say that the program went on.
pub(super) fn dealt_with_id(id: &str) -> Id {
    fault_id(&format!("dealt-with\0{id}"))
}

/// The fault table's key of a signature.
pub(super) fn signature_id(id: &str) -> Id {
    fault_id(&format!("signature\0{id}"))
}
