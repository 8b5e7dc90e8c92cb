//! Short names of months, English and as other locales write them.

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// By month: its short names in most locales of Europe, as `journalctl` writes them. Of names that two languages give to
/// different months (`lis` is November in Polish and Czech, October in Croatian) the more spoken one's.
const FOREIGN_MONTHS: [&[&str]; 12] = [
    &[
        "Ιαν", "сту", "січ", "янв", "яну", "јан", "janv.", "saus.", "tammi", "Jän", "jaan", "jan.", "Oca", "Xan",
        "ene", "gen", "ian", "jan", "led", "sij", "sty", "urt",
    ],
    &[
        "févr.", "Φεβ", "лют", "феб", "фев", "helmi", "veebr", "feb.", "febr", "fév", "vas.", "velj", "úno", "Şub",
        "Shk", "feb", "fev", "lut", "ots",
    ],
    &["maalis", "märts", "Μαρ", "бер", "мар", "сак", "márc", "Mär", "bře", "kov.", "mars", "ožu", "Mrz", "mar", "mrt"],
    &[
        "Απρ", "апр", "кві", "кра", "april", "avril", "huhti", "avr.", "bal.", "ápr", "Abr", "Nis", "Pri", "abr",
        "api", "apr", "avr", "dub", "kwi", "tra",
    ],
    &[
        "Μαΐ", "май", "мая", "мај", "тра", "touko", "geg.", "kvě", "maí", "máj", "Mai", "Maj", "Mei", "mag", "mai",
        "maj", "may", "mei", "svi",
    ],
    &[
        "Ιουν", "birž.", "июн", "чер", "чэр", "юни", "јун", "juuni", "kesä", "Xuñ", "juin", "juni", "jún", "jūn",
        "čen", "Haz", "Qer", "cze", "eka", "giu", "iun", "jun",
    ],
    &[
        "Ιουλ", "heinä", "июл", "лип", "ліп", "юли", "јул", "juil.", "juuli", "liep.", "juli", "júl", "jūl", "čec",
        "Kor", "Tem", "Xul", "iul", "jui", "jul", "lip", "lug", "uzt",
    ],
    &[
        "Αυγ", "авг", "жні", "сер", "août", "rugp.", "ágú", "Ağu", "aoû", "aug.", "Ago", "Agu", "Gsh", "abu", "ago",
        "aug", "avg", "elo", "kol", "sie", "srp",
    ],
    &[
        "Σεπ", "вер", "сен", "сеп", "rugs.", "sept.", "szept", "zář", "sep.", "sept", "syys", "Eyl", "Set", "Sht",
        "ira", "ruj", "sep", "set", "wrz",
    ],
    &[
        "Οκτ", "жов", "кас", "окт", "spal.", "říj", "loka", "oct.", "okt.", "paź", "Eki", "Okt", "Out", "Tet", "oct",
        "okt", "ott", "out", "urr",
    ],
    &[
        "lapkr.", "marras", "Νοε", "лис", "ліс", "нов", "ное", "ноя", "Nën", "nov.", "nóv", "Kas", "aza", "lis", "nov",
        "stu",
    ],
    &[
        "gruod.", "Δεκ", "гру", "дек", "дец", "сне", "déc.", "joulu", "des.", "dets", "déc", "Ara", "Des", "Dez",
        "Dhj", "abe", "dec", "des", "dez", "dic", "gru", "pro",
    ],
];

/// By first byte: in which months' lists a name begins with it, a bit for each.
const STARTS: [u16; 256] = {
    let mut starts = [0; 256];
    let mut month = 0;
    while month < FOREIGN_MONTHS.len() {
        let mut at = 0;
        while at < FOREIGN_MONTHS[month].len() {
            starts[FOREIGN_MONTHS[month][at].as_bytes()[0] as usize] |= 1 << month;
            at += 1;
        }
        month += 1;
    }
    starts
};

/// What stands after a month's number in Chinese and Japanese, and in Korean.
const COUNTED_MONTHS: [&str; 2] = ["月", "월"];

/// A month by its short name, and the name's length in bytes; Java ends those that are cut short by a full stop.
pub fn month_of(text: &[u8]) -> Option<(u8, usize)> {
    let english = MONTHS.iter().position(|month| text.starts_with(month.as_slice()));
    let (month, len) = match (english, text.first()?) {
        (Some(at), _) => (at as u8 + 1, 3),
        (None, b' ' | b'0'..=b'9') => return counted_month(text),
        (None, first) => foreign_month(text, STARTS[usize::from(*first)])?,
    };
    Some((month, len + usize::from(text[len..].starts_with(b".-"))))
}

/// The longest name among these months', as one may begin like another.
fn foreign_month(text: &[u8], months: u16) -> Option<(u8, usize)> {
    (0..12)
        .filter(|month| months >> month & 1 == 1)
        .flat_map(|month| FOREIGN_MONTHS[usize::from(month)].iter().map(move |name| (month + 1, name.len(), name)))
        .filter(|(.., name)| text.starts_with(name.as_bytes()))
        .map(|(month, len, _)| (month, len))
        .max_by_key(|(_, len)| *len)
}

/// `10月`, and ` 9月` as the C library pads it.
fn counted_month(text: &[u8]) -> Option<(u8, usize)> {
    let padded = text.iter().take_while(|&&byte| byte == b' ').count();
    let digits = text[padded..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(text.get(padded..padded + digits)?).ok()?;
    let month = number.parse().ok().filter(|month| (1..=12).contains(month) && padded + digits <= 2)?;
    let rest = &text[padded + digits..];
    let mark = COUNTED_MONTHS.iter().find(|mark| rest.starts_with(mark.as_bytes()))?;
    Some((month, padded + digits + mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_whole_in_every_locale() {
        assert_eq!(month_of(b"Jan 14"), Some((1, 3)));
        assert_eq!(month_of("août 14".as_bytes()), Some((8, 5)));
        assert_eq!(month_of(b"mars 14"), Some((3, 4)));
        assert_eq!(month_of(b"Sep.-2026"), Some((9, 4)));
        assert_eq!(month_of(b"Okt.-2026"), Some((10, 4)));
        assert_eq!(month_of(b"mar 14"), Some((3, 3)));
        assert_eq!(month_of(b"juin 14"), Some((6, 4)));
        assert_eq!(month_of(b"jui 14"), Some((7, 3)));
        assert_eq!(month_of(b"lis 14"), Some((11, 3)));
        assert_eq!(month_of("paź 14".as_bytes()), Some((10, 4)));
        assert_eq!(month_of("Eki 14".as_bytes()), Some((10, 3)));
        assert_eq!(month_of("июл 14".as_bytes()), Some((7, 6)));
        assert_eq!(month_of(b"Foo 14"), None);
        assert_eq!(month_of(b""), None);
    }

    #[test]
    fn numbers_count_months_where_they_say_so() {
        assert_eq!(month_of("10月 08".as_bytes()), Some((10, 5)));
        assert_eq!(month_of(" 9月 08".as_bytes()), Some((9, 5)));
        assert_eq!(month_of("9월 08".as_bytes()), Some((9, 4)));
        assert_eq!(month_of("13月 08".as_bytes()), None);
        assert_eq!(month_of("10 08".as_bytes()), None);
        assert_eq!(month_of(" 10月 08".as_bytes()), None);
    }

    #[test]
    fn no_name_stands_for_two_months() {
        let names: Vec<&&str> = FOREIGN_MONTHS.iter().copied().flatten().collect();
        let once: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len());
    }
}
