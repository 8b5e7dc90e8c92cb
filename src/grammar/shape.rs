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
    /// Its bytes, as first and last of each range.
    pub fn ranges(self) -> &'static [(u8, u8)] {
        match self {
            Class::Digit => &[(b'0', b'9')],
            Class::Hex => &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')],
            Class::Upper => &[(b'A', b'Z')],
            Class::Letter => &[(b'A', b'Z'), (b'a', b'z'), (b'.', b'.'), (0x80, 0xff)],
            Class::Point => &[(b'.', b'.'), (b',', b',')],
            Class::Gap => &[(b'T', b'T'), (b' ', b' ')],
            Class::Sign => &[(b'+', b'+'), (b'-', b'-')],
        }
    }
}
