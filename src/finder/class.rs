//! Classes of bytes: few enough to be looked up in four steps of sixteen.
//!
//! Small letters, which windows are mostly made of, have a class each. Of the others two share one, which differ in a
//! bit: a space and a `0`, a `B` and an `R`. Of such a pair a window seldom has one where logs have the other.

/// Lookups of sixteen classes each.
pub const STEPS: usize = 4;

/// By the low seven bits of a byte: the step, and its place in it.
pub const fn of(byte: u8) -> (usize, u8) {
    let step = match byte & 0x60 {
        0x00 | 0x20 => 0,
        0x40 => 1,
        _ => 2 + (byte >> 4 & 1) as usize,
    };
    (step, byte & 0x0f)
}

/// For each step which bits of a byte are looked at, and how they are in a byte of the step but for the low four.
pub const LOOKED_AT: [(u8, u8); STEPS] = [(0x4f, 0x00), (0x6f, 0x40), (0x7f, 0x60), (0x7f, 0x70)];

/// What a step looks up: its place for a byte of the step, and for all others something with the highest bit, which
/// finds nothing. As vectors do it: without a question.
pub const fn index(step: usize, byte: u8) -> u8 {
    let (bits, own) = LOOKED_AT[step];
    (byte & bits ^ own).saturating_add(NOTHING_ABOVE)
}

/// Added with saturation it lifts whatever is above fifteen over the highest bit, and leaves the low four bits of the
/// others.
pub const NOTHING_ABOVE: u8 = 0x70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_looked_up_in_its_own_step_alone() {
        for byte in 0..=255 {
            let (own, place) = of(byte);
            for step in 0..STEPS {
                let index = index(step, byte);
                assert_eq!(index < 128, step == own, "{byte} in step {step}");
                assert!(step != own || index & 0x0f == place, "{byte}");
            }
        }
    }
}
