//! A regular expression that is compiled when it is first asked.
//!
//! Most signatures never meet a message that has their literals, and compiling all of them takes longer than most logs.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Over bytes, without Unicode classes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Compiles at once; the error says what is wrong with it.
    pub fn compile(text: &str) -> Result<LazyRegex, regex::Error> {
        let compiled = compile(text)?;
        Ok(LazyRegex { text: text.into(), compiled: OnceLock::from(Some(compiled)) })
    }

    /// Whether a text has a match. What cannot be compiled matches nothing.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).build()
}

impl From<String> for LazyRegex {
    fn from(text: String) -> LazyRegex {
        LazyRegex { text, compiled: OnceLock::new() }
    }
}

impl From<LazyRegex> for String {
    fn from(regex: LazyRegex) -> String {
        regex.text
    }
}
