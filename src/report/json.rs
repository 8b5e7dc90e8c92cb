//! The JSON contract, one object.

use crate::diagnosis::Diagnosis;
use std::io::{self, Write};

pub fn json(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    // JSON lets DEL and the C1 controls stand as they are, and terminals obey some of them. They stand in strings alone.
    let mut text = serde_json::to_string(diagnosis)?;
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
    writeln!(out, "{text}")
}

fn is_bare_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}
