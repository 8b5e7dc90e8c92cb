//! The passes by vectors: 64 places a step.
//!
//! This is the only module with `unsafe`: instructions that a processor may not have, and loads through pointers. What
//! each needs stands beside it; the public functions are safe, as they look whether both hold.
#![allow(unsafe_code)]

use super::{BLOCK, Masks, Nibbles, Places, WINDOW};
use std::arch::x86_64::*;

pub fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
}

pub fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
}

/// Blocks from `from` up to `to`; all bytes that a window in them reaches to are in the text.
fn check(text: &[u8], from: usize, to: usize) -> usize {
    assert!(from <= to && (to - from).is_multiple_of(BLOCK) && to + WINDOW - 1 <= text.len());
    (to - from) / BLOCK
}

pub fn places_avx512(masks: &Masks, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    let blocks = check(text, from, to);
    assert!(has_avx512());
    // SAFETY: the processor has the instructions, and `check` held the blocks against the text.
    unsafe { blocks_avx512(masks, text, from, blocks, places) }
}

pub fn places_avx2(nibbles: &Nibbles, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    let blocks = check(text, from, to);
    assert!(has_avx2());
    // SAFETY: the processor has the instructions, and `check` held the blocks against the text.
    unsafe { blocks_avx2(nibbles, text, from, blocks, places) }
}

/// Writes the places of a block's bits. Eight are written whatever there are: counting on few is faster than asking.
#[inline(always)]
fn flatten(mut bits: u64, block: usize, count: usize, places: &mut Places) -> usize {
    let all = bits.count_ones() as usize;
    let mut at = 0;
    loop {
        for place in &mut places[count + at..][..8] {
            *place = (block as u32).wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        at += 8;
        if at >= all {
            return count + all;
        }
    }
}

/// # Safety
/// The processor has these features, and `blocks` blocks from `from` on are in the text, with a window's rest after them.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,popcnt")]
unsafe fn blocks_avx512(masks: &Masks, text: &[u8], from: usize, blocks: usize, places: &mut Places) -> usize {
    // SAFETY: a table is 128 bytes, and this loads the first or the second 64 of them.
    let half = |table: &[u8; 128], second: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * second).cast()) };
    let tables = masks.each_ref().map(|halves| halves.each_ref().map(|table| [half(table, 0), half(table, 1)]));
    let mut count = 0;
    for block in 0..blocks {
        let at = from + block * BLOCK;
        let mut low = _mm512_set1_epi8(-1);
        let mut high = low;
        for (place, [first, second]) in tables.iter().enumerate() {
            // SAFETY: the block is in the text, and so are the three bytes after it.
            let bytes = unsafe { _mm512_loadu_si512(text.as_ptr().add(at + place).cast()) };
            // The lookup goes by the low seven bits.
            low = _mm512_and_si512(low, _mm512_permutex2var_epi8(first[0], bytes, first[1]));
            high = _mm512_and_si512(high, _mm512_permutex2var_epi8(second[0], bytes, second[1]));
        }
        let any = _mm512_or_si512(low, high);
        count = flatten(_mm512_test_epi8_mask(any, any), at, count, places);
    }
    count
}

/// # Safety
/// The processor has these features, and `blocks` blocks from `from` on are in the text, with a window's rest after them.
#[target_feature(enable = "avx2,bmi1,popcnt")]
unsafe fn blocks_avx2(nibbles: &Nibbles, text: &[u8], from: usize, blocks: usize, places: &mut Places) -> usize {
    // SAFETY: a table is 16 bytes.
    let load = |table: &[u8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())) };
    let tables = nibbles.each_ref().map(|halves| halves.each_ref().map(|[low, high]| [load(low), load(high)]));
    let four_bits = _mm256_set1_epi8(0x0f);
    let zero = _mm256_setzero_si256();
    let mut count = 0;
    for block in 0..blocks {
        let at = from + block * BLOCK;
        let mut bits = 0;
        for side in 0..2 {
            let mut low = _mm256_set1_epi8(-1);
            let mut high = low;
            for (place, [first, second]) in tables.iter().enumerate() {
                // SAFETY: the block is in the text, and so are the three bytes after it.
                let bytes = unsafe { _mm256_loadu_si256(text.as_ptr().add(at + 32 * side + place).cast()) };
                let below = _mm256_and_si256(bytes, four_bits);
                let above = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), four_bits);
                let look = |[low, high]: &[__m256i; 2]| {
                    _mm256_and_si256(_mm256_shuffle_epi8(*low, below), _mm256_shuffle_epi8(*high, above))
                };
                low = _mm256_and_si256(low, look(first));
                high = _mm256_and_si256(high, look(second));
            }
            let none = _mm256_cmpeq_epi8(_mm256_or_si256(low, high), zero);
            bits |= u64::from(!_mm256_movemask_epi8(none) as u32) << (32 * side);
        }
        count = flatten(bits, at, count, places);
    }
    count
}
