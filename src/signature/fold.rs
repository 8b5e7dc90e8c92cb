//! Messages with their values alike: what many lines that differ in numbers and ids have in common.
//!
//! Digits become `0`, and ids of hexadecimal digits one and the same byte throughout. Lengths stay, so that what stands
//! somewhere in one message stands there in all that fold to the same. Whether they also mean the same is not said here;
//! `Matcher::may_differ` tells of those where a text that something is known by could be part of a value.

/// What the bytes of an id become.
pub const ID: u8 = 1;
/// Longer messages are not folded.
pub const MAX_FOLDED: usize = 480;

/// The shortest id.
const MIN_ID: usize = 8;
/// An id has so many digits; fewer could be a name's.
const MIN_DIGITS: usize = 4;
/// Letters in a row that make a word rather than an id.
const MAX_LETTERS: usize = 3;

/// Writes a message with its values alike; false where it cannot be folded, for its length or for a byte in it.
pub fn fold(message: &[u8], folded: &mut Vec<u8>) -> bool {
    folded.clear();
    if message.len() > MAX_FOLDED || memchr::memchr(ID, message).is_some() {
        return false;
    }
    folded.extend_from_slice(message);
    for byte in folded.iter_mut() {
        *byte = if byte.is_ascii_digit() { b'0' } else { *byte };
    }
    let mut from = 0;
    while let Some(digit) = memchr::memchr(b'0', &folded[from..]).map(|at| from + at) {
        // What stands after a colon may be a place in a file, and what begins a message its class.
        let start = digit - folded[from..digit].iter().rev().take_while(|byte| WORD[usize::from(**byte)]).count();
        let end = word_end(folded, digit);
        if end - start >= MIN_ID && start > 0 && folded[start - 1] != b':' && is_id(&folded[start..end]) {
            folded[start..end].fill(ID);
        }
        from = end;
    }
    true
}

/// All that a text may look like in a folded message where some of it is part of a value.
pub fn folds_of(text: &[u8]) -> Vec<Vec<u8>> {
    let mut plain = Vec::new();
    if !fold(text, &mut plain) {
        return Vec::new();
    }
    // What stands at an edge may be a piece of a longer word.
    let first = word_end(text, 0);
    let last = text.len() - text.iter().rev().take_while(|byte| WORD[usize::from(**byte)]).count();
    for (folded, byte) in plain[last..].iter_mut().zip(&text[last..]) {
        *folded = if byte.is_ascii_digit() { b'0' } else { *byte };
    }
    let as_id = |range: std::ops::Range<usize>, of: &[u8]| {
        may_be_of_id(&text[range.clone()]).then(|| {
            let mut folded = of.to_vec();
            folded[range].fill(ID);
            folded
        })
    };
    let mut folds = vec![plain.clone()];
    folds.extend(as_id(0..first, &plain));
    if last > first {
        let ended: Vec<_> = folds.iter().filter_map(|fold| as_id(last..text.len(), fold)).collect();
        folds.extend(ended);
    }
    folds.retain(|fold| fold.iter().any(|byte| matches!(byte, b'0' | &ID)));
    folds.sort();
    folds.dedup();
    folds
}

/// Which bytes words are made of.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    word
};

fn word_end(text: &[u8], from: usize) -> usize {
    from + text[from..].iter().take_while(|byte| WORD[usize::from(**byte)]).count()
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_id(word: &[u8]) -> bool {
    word.len() >= MIN_ID && may_be_of_id(word) && word.iter().filter(|byte| byte.is_ascii_digit()).count() >= MIN_DIGITS
}

/// Whether it may be an id or a piece of one.
fn may_be_of_id(piece: &[u8]) -> bool {
    !piece.is_empty()
        && piece.iter().all(|byte| is_hex(*byte))
        && piece.split(u8::is_ascii_digit).all(|letters| letters.len() <= MAX_LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finder::Text;
    use proptest::prelude::*;

    fn folded(message: &str) -> Option<String> {
        let mut out = Vec::new();
        fold(message.as_bytes(), &mut out).then(|| String::from_utf8_lossy(&out).replace('\u{1}', "*"))
    }

    #[test]
    fn numbers_and_ids_are_alike() {
        assert_eq!(folded("run 7 of 0e41c03f failed").as_deref(), Some("run 0 of ******** failed"));
        assert_eq!(folded("sessions/12345678.jsonl").as_deref(), Some("sessions/********.jsonl"));
        assert_eq!(
            folded("0e41c03f: at f:12345678, deadbeef01").as_deref(),
            Some("0e00c00f: at f:00000000, deadbeef00")
        );
        assert_eq!(folded("a\u{1}b"), None);
    }

    /// Any message of the same fold.
    fn another(message: &[u8], seed: u64) -> Vec<u8> {
        let mut folded = Vec::new();
        assert!(fold(message, &mut folded));
        let mut state = seed | 1;
        let mut next = |of: &[u8]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            of[(state >> 33) as usize % of.len()]
        };
        let mut letters = 0;
        let pieces = folded.iter().enumerate().map(|(at, byte)| match byte {
            b'0' => next(b"0123456789"),
            &ID => {
                // As few letters as every id has room for.
                let may_be_letter = at % 2 == 0 && letters < 3;
                let byte = next(if may_be_letter { b"0123456789abcdef" } else { b"0123456789" });
                letters = if byte.is_ascii_digit() { letters } else { letters + 1 };
                byte
            }
            byte => {
                letters = 0;
                *byte
            }
        });
        pieces.collect()
    }

    proptest! {
        #[test]
        fn a_text_stands_in_all_messages_of_a_fold_or_is_told_of(
            message in "[a-f0-9]{0,3}[ :/x_]([0-9a-f ]{8,12}[ .,:]|[a-f0-9g_:. ]{1,6}){1,6}",
            text in "[a-f0-9]{0,3}[a-f0-9 :._g]{1,4}",
            seed: u64,
        ) {
            let mut own = Vec::new();
            prop_assert!(fold(message.as_bytes(), &mut own));
            let other = another(message.as_bytes(), seed);
            let mut others = Vec::new();
            prop_assert!(fold(&other, &mut others));
            // Letters may be too many now for an id; then it is no message of the same fold.
            if own == others {
                let stands = |message: &[u8]| Text::of(text.as_bytes()).is_in(message);
                let may_differ = folds_of(text.as_bytes()).iter().any(|fold| Text::of(fold.clone()).is_in(&own));
                prop_assert!(may_differ || stands(message.as_bytes()) == stands(&other));
            }
        }
    }
}
