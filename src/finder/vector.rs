//! The passes by vectors: 64 places a step.
//!
//! This is the only module with `unsafe`: instructions that a processor may not have, and loads through pointers. What
//! each needs stands beside it; the public functions are safe, as they look whether both hold.
#![allow(unsafe_code)]

use super::class::{self, LOOKED_AT, NOTHING_ABOVE, STEPS};
use super::{BLOCK, ClassMasks, Masks, PARTS, Places, STRIP, WINDOW};
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

pub fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
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

pub fn places_avx2(masks: &ClassMasks, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    let blocks = check(text, from, to);
    assert!(blocks <= STRIP / BLOCK && has_avx2());
    // SAFETY: the processor has the instructions, and `check` held the blocks against the text; they are a strip.
    unsafe { blocks_avx2(masks, text, from, blocks, places) }
}

/// Places of a byte in whole blocks, all of which are in the text.
pub fn bytes_avx2(byte: u8, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    assert!(from <= to && (to - from).is_multiple_of(BLOCK) && to <= text.len() && has_avx2());
    // SAFETY: the processor has the instructions, and the blocks were held against the text.
    unsafe { blocks_of_byte(byte, text, from, (to - from) / BLOCK, places) }
}

/// # Safety
/// The processor has these features, and `blocks` blocks from `from` on are in the text.
#[target_feature(enable = "avx2,bmi1,popcnt")]
unsafe fn blocks_of_byte(byte: u8, text: &[u8], from: usize, blocks: usize, places: &mut Places) -> usize {
    let wanted = _mm256_set1_epi8(byte as i8);
    let mut count = 0;
    for block in 0..blocks {
        let at = from + block * BLOCK;
        // SAFETY: the block is in the text.
        let (first, second) = unsafe {
            let start = text.as_ptr().add(at);
            (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(32).cast()))
        };
        let half = |bytes: __m256i| u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, wanted)) as u32);
        let bits = half(first) | half(second) << 32;
        // Few blocks have more than two line ends, and two are written faster than they are asked for.
        let rest = bits & bits.wrapping_sub(1);
        places[count] = (at as u32).wrapping_add(bits.trailing_zeros());
        places[count + 1] = (at as u32).wrapping_add(rest.trailing_zeros());
        let all = bits.count_ones() as usize;
        if all > 2 {
            flatten(bits, at, count, places);
        }
        count += all;
    }
    count
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

/// The places of a block.
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

/// # Safety
/// The processor has these features, and `blocks` blocks from `from` on are in the text, with what a window reaches to after them.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,bmi1,popcnt")]
unsafe fn blocks_avx512(masks: &Masks, text: &[u8], from: usize, blocks: usize, places: &mut Places) -> usize {
    // Not by `map`: a closure that is not inlined hands vectors over in memory.
    let mut tables = [[[_mm512_setzero_si512(); 2]; PARTS]; WINDOW];
    for (tables, masks) in tables.iter_mut().zip(masks) {
        for (table, mask) in tables.iter_mut().zip(masks) {
            // SAFETY: a table is 128 bytes, and these are the first and the second 64 of them.
            *table =
                unsafe { [_mm512_loadu_si512(mask.as_ptr().cast()), _mm512_loadu_si512(mask.as_ptr().add(64).cast())] };
        }
    }
    // SAFETY: an array of 64 bytes.
    let numbers = unsafe { _mm512_loadu_si512(NUMBERS.as_ptr().cast()) };
    let mut count = 0;
    for block in 0..blocks {
        let at = from + block * BLOCK;
        let mut parts = [_mm512_set1_epi8(-1); PARTS];
        for (place, tables) in tables.iter().enumerate() {
            // SAFETY: the block is in the text, and so are the `WINDOW - 1` bytes after it.
            let bytes = unsafe { _mm512_loadu_si512(text.as_ptr().add(at + place).cast()) };
            for (part, table) in parts.iter_mut().zip(tables) {
                // The lookup goes by the low seven bits.
                *part = _mm512_and_si512(*part, _mm512_permutex2var_epi8(table[0], bytes, table[1]));
            }
        }
        let mut any = parts[0];
        for &part in &parts[1..] {
            any = _mm512_or_si512(any, part);
        }
        let bits = _mm512_test_epi8_mask(any, any);
        let all = bits.count_ones() as usize;
        let found = _mm512_maskz_compress_epi8(bits, numbers);
        let base = _mm512_set1_epi32(at as i32);
        let own = &mut places[count..][..BLOCK];
        // SAFETY: 64 places are written at most, and they are there.
        unsafe {
            let first = _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)));
            _mm512_storeu_si512(own.as_mut_ptr().cast(), first);
            if all > 16 {
                let second = _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<1>(found)));
                _mm512_storeu_si512(own.as_mut_ptr().add(16).cast(), second);
                let third = _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<2>(found)));
                _mm512_storeu_si512(own.as_mut_ptr().add(32).cast(), third);
                let fourth = _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<3>(found)));
                _mm512_storeu_si512(own.as_mut_ptr().add(48).cast(), fourth);
            }
        }
        count += all;
    }
    count
}

/// Bytes of a vector.
const VECTOR: usize = 32;

/// By the classes of bytes: first what each step looks up, for a strip and what a window reaches to after it, then one
/// part of the tables after the other, as all of them are more than there are registers.
///
/// # Safety
/// The processor has these features, `blocks` blocks from `from` on are in the text, with what a window reaches to after
/// them, and they are no more than a strip.
#[target_feature(enable = "avx2,bmi1,popcnt")]
unsafe fn blocks_avx2(masks: &ClassMasks, text: &[u8], from: usize, blocks: usize, places: &mut Places) -> usize {
    let length = blocks * BLOCK;
    // Clearing them would cost as much as all lookups.
    let mut indices = [[MaybeUninit::<u8>::uninit(); STRIP + VECTOR]; STEPS];
    let above = _mm256_set1_epi8(NOTHING_ABOVE as i8);
    for at in (0..length).step_by(VECTOR) {
        // SAFETY: the blocks are in the text.
        let bytes = unsafe { _mm256_loadu_si256(text.as_ptr().add(from + at).cast()) };
        for (indices, (bits, own)) in indices.iter_mut().zip(LOOKED_AT) {
            let seen = _mm256_and_si256(bytes, _mm256_set1_epi8(bits as i8));
            let index = _mm256_adds_epu8(_mm256_xor_si256(seen, _mm256_set1_epi8(own as i8)), above);
            // SAFETY: the vector is in the strip.
            unsafe { _mm256_storeu_si256(indices.as_mut_ptr().add(at).cast(), index) };
        }
    }
    for (at, &byte) in text[from + length..][..WINDOW - 1].iter().enumerate() {
        for (step, indices) in indices.iter_mut().enumerate() {
            indices[length + at].write(class::index(step, byte));
        }
    }
    let mut any = [MaybeUninit::<u8>::uninit(); STRIP];
    for part in 0..PARTS {
        let mut tables = [[_mm256_setzero_si256(); STEPS]; WINDOW];
        for (tables, masks) in tables.iter_mut().zip(masks) {
            for (table, mask) in tables.iter_mut().zip(&masks[part]) {
                // SAFETY: a table is 16 bytes.
                *table = unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(mask.as_ptr().cast())) };
            }
        }
        for at in (0..length).step_by(VECTOR) {
            let mut all = _mm256_set1_epi8(-1);
            for (place, tables) in tables.iter().enumerate() {
                let mut own = _mm256_setzero_si256();
                for (table, indices) in tables.iter().zip(&indices) {
                    // SAFETY: it ends with what a window reaches to after the strip at the latest, all of which was written.
                    let index = unsafe { _mm256_loadu_si256(indices.as_ptr().add(at + place).cast()) };
                    own = _mm256_or_si256(own, _mm256_shuffle_epi8(*table, index));
                }
                all = _mm256_and_si256(all, own);
            }
            // SAFETY: the vector is in the strip, and the first part has written it.
            unsafe {
                let known = any.as_mut_ptr().add(at).cast();
                let all = if part == 0 { all } else { _mm256_or_si256(_mm256_loadu_si256(known), all) };
                _mm256_storeu_si256(known, all);
            }
        }
    }
    let zero = _mm256_setzero_si256();
    let mut count = 0;
    for block in 0..blocks {
        let mut bits = 0;
        for side in 0..2 {
            // SAFETY: the block is in the strip, and every part wrote it.
            let any = unsafe { _mm256_loadu_si256(any.as_ptr().add(block * BLOCK + side * VECTOR).cast()) };
            bits |= u64::from(!_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, zero)) as u32) << (VECTOR * side);
        }
        count = flatten(bits, from + block * BLOCK, count, places);
    }
    count
}
