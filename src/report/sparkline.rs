//! Counts over time as a row of blocks.

/// The least to the most; nothing at all is a blank.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A row of at most so many columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparkline {
    pub row: String,
    /// The most in one column.
    pub peak: u64,
    /// How many counts a column adds up.
    pub per_column: usize,
}

impl Sparkline {
    /// `columns` is at least one.
    pub fn of(counts: &[u64], columns: usize) -> Sparkline {
        let per_column = counts.len().div_ceil(columns.max(1)).max(1);
        let sums: Vec<u64> = counts.chunks(per_column).map(|some| some.iter().sum()).collect();
        let peak = sums.iter().copied().max().unwrap_or_default();
        Sparkline { row: sums.iter().map(|&sum| block(sum, peak)).collect(), peak, per_column }
    }
}

fn block(sum: u64, peak: u64) -> char {
    if sum == 0 {
        return ' ';
    }
    let height = (sum as f64 / peak as f64 * BLOCKS.len() as f64).ceil() as usize;
    BLOCKS[height.clamp(1, BLOCKS.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_height_has_its_block() {
        let line = Sparkline::of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 0], 40);
        assert_eq!(line, Sparkline { row: " ▁▂▃▄▅▆▇█ ".into(), peak: 8, per_column: 1 });
    }

    #[test]
    fn counts_are_added_up_where_columns_are_few() {
        let line = Sparkline::of(&[1, 1, 0, 0, 4], 3);
        assert_eq!(line, Sparkline { row: "▄ █".into(), peak: 4, per_column: 2 });
    }

    #[test]
    fn little_beside_very_much_is_seen() {
        assert_eq!(Sparkline::of(&[1, u64::MAX / 2], 40).row, "▁█");
        assert_eq!(Sparkline::of(&[], 40).row, "");
    }
}
