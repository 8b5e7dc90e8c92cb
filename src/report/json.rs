//! The JSON contract, one object.

use crate::diagnosis::Diagnosis;
use std::io::{self, Write};

pub fn json(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, diagnosis)?;
    writeln!(out)
}
