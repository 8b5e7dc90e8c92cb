//! One text, ready to be looked for.

use memchr::memmem;
use serde::{Deserialize, Serialize};

/// A text to be found in others. Making one costs as much as looking through some hundred bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<u8>", into = "Vec<u8>")]
pub struct Text {
    bytes: Vec<u8>,
    finder: memmem::Finder<'static>,
}

impl Text {
    pub fn of(bytes: impl Into<Vec<u8>>) -> Text {
        Text::from(bytes.into())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it stands first.
    pub fn find(&self, within: &[u8]) -> Option<usize> {
        match self.bytes.as_slice() {
            [byte] => memchr::memchr(*byte, within),
            _ => self.finder.find(within),
        }
    }

    pub fn is_in(&self, within: &[u8]) -> bool {
        self.find(within).is_some()
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Text {
        Text { finder: memmem::Finder::new(&bytes).into_owned(), bytes }
    }
}

impl From<Text> for Vec<u8> {
    fn from(text: Text) -> Vec<u8> {
        text.bytes
    }
}
