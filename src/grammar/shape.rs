//! What texts of a kind look like, byte by byte.

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Is(u8),
    One(Class),
    /// One byte of the class or more.
    Run(Class),
    Either(Vec<Vec<Shape>>),
}

/// A class of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Digit,
    Hex,
    Upper,
    /// What names of months and days are made of: letters of any language, and the point after a short form.
    Letter,
    /// `T` or a blank.
    Gap,
    /// `.` or `,`
    Point,
    /// `+` or `-`
    Sign,
}

impl Class {
    pub fn has(self, byte: u8) -> bool {
        match self {
            Class::Digit => byte.is_ascii_digit(),
            Class::Hex => byte.is_ascii_hexdigit(),
            Class::Upper => byte.is_ascii_uppercase(),
            Class::Letter => byte.is_ascii_alphabetic() || byte == b'.' || !byte.is_ascii(),
            Class::Gap => byte == b'T' || byte == b' ',
            Class::Point => byte == b'.' || byte == b',',
            Class::Sign => byte == b'+' || byte == b'-',
        }
    }
}

/// Whether a byte can be the first of a text; None where the text may be empty and what follows it decides.
pub fn can_begin_with(shape: &[Shape], byte: u8) -> Option<bool> {
    let mut may_begin = false;
    for part in shape {
        let ends = match part {
            Shape::Is(own) => Some(*own == byte),
            Shape::One(class) | Shape::Run(class) => Some(class.has(byte)),
            Shape::Either(ways) => {
                let begins: Vec<Option<bool>> = ways.iter().map(|way| can_begin_with(way, byte)).collect();
                may_begin |= begins.contains(&Some(true));
                if begins.contains(&None) { None } else { Some(may_begin) }
            }
        };
        if let Some(begins) = ends {
            return Some(may_begin || begins);
        }
    }
    may_begin.then_some(true)
}
