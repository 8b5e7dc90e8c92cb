//! Evidence as bytes: a mark, a version, and the value in postcard's compact form.

use super::Evidence;
use std::fmt;

const FAMILY: &[u8] = b"relapse evidence ";
const MAGIC: &[u8] = b"relapse evidence 10\n";

/// Why bytes are no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    NotEvidence,
    Damaged(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::NotEvidence => {
                write!(f, "this is no evidence file of this version; write one with `relapse scan -o FILE`")
            }
            DecodeError::Damaged(why) => write!(f, "the evidence file is damaged ({why}); scan its source again"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Whether bytes begin as an evidence file of any version does.
pub fn is_evidence(bytes: &[u8]) -> bool {
    bytes.starts_with(FAMILY)
}

pub fn encode(evidence: &Evidence) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(evidence, MAGIC.to_vec())
}

pub fn decode(bytes: &[u8]) -> Result<Evidence, DecodeError> {
    let body = bytes.strip_prefix(MAGIC).ok_or(DecodeError::NotEvidence)?;
    match postcard::take_from_bytes(body) {
        Ok((evidence, [])) => Ok(evidence),
        Ok((_, rest)) => Err(DecodeError::Damaged(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(DecodeError::Damaged(error.to_string())),
    }
}
