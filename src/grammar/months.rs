//! Short names of months, English and as other locales write them.

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Short names of other locales (German, French, Spanish, Italian, Portuguese, Dutch), as `journalctl` writes them; the
/// longer ones first where one begins like another.
const FOREIGN_MONTHS: &[(&str, u8)] = &[
    ("Mär", 3),
    ("Mrz", 3),
    ("Mai", 5),
    ("Okt", 10),
    ("Dez", 12),
    ("janv.", 1),
    ("févr.", 2),
    ("mars", 3),
    ("avril", 4),
    ("avr.", 4),
    ("mai", 5),
    ("juin", 6),
    ("juil.", 7),
    ("août", 8),
    ("sept.", 9),
    ("oct.", 10),
    ("nov.", 11),
    ("déc.", 12),
    ("sept", 9),
    ("ene", 1),
    ("gen", 1),
    ("jan", 1),
    ("feb", 2),
    ("fev", 2),
    ("mar", 3),
    ("mrt", 3),
    ("abr", 4),
    ("apr", 4),
    ("may", 5),
    ("mag", 5),
    ("mei", 5),
    ("jun", 6),
    ("giu", 6),
    ("jul", 7),
    ("lug", 7),
    ("ago", 8),
    ("aug", 8),
    ("sep", 9),
    ("set", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("nov", 11),
    ("dic", 12),
    ("dec", 12),
    ("dez", 12),
];

/// A month by its short name, and the name's length in bytes.
pub fn month_of(text: &[u8]) -> Option<(u8, usize)> {
    let english = MONTHS.iter().position(|month| text.starts_with(month.as_slice()));
    if let Some(at) = english {
        return Some((at as u8 + 1, 3));
    }
    let (name, month) = FOREIGN_MONTHS.iter().find(|(name, _)| text.starts_with(name.as_bytes()))?;
    Some((*month, name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_whole_in_every_locale() {
        assert_eq!(month_of(b"Jan 14"), Some((1, 3)));
        assert_eq!(month_of("août 14".as_bytes()), Some((8, 5)));
        assert_eq!(month_of(b"mars 14"), Some((3, 4)));
        assert_eq!(month_of(b"mar 14"), Some((3, 3)));
        assert_eq!(month_of(b"Foo 14"), None);
    }
}
