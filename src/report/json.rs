//! The JSON contract, one object.

use crate::diagnosis::Diagnosis;
use serde::Serialize;
use std::io::{self, Write};

pub fn json(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", line(diagnosis)?)
}

/// A value as JSON on one line, without any byte that a terminal would obey.
pub fn line(value: &impl Serialize) -> io::Result<String> {
    // JSON lets DEL and the C1 controls stand as they are, and terminals obey some of them. They stand in strings alone.
    let mut text = serde_json::to_string(value)?;
    if text.contains(is_bare_control) {
        text = text.chars().fold(String::with_capacity(text.len() + 64), |mut safe, c| {
            if is_bare_control(c) {
                safe += &format!("\\u{:04x}", c as u32)
            } else {
                safe.push(c)
            }
            safe
        });
    }
    Ok(text)
}

fn is_bare_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}
