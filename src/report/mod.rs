//! Reports: a diagnosis as text for people, as a postmortem in Markdown, and as JSON for programs. Pure functions; no
//! clock, no terminal.

mod checking;
pub mod difference;
mod in_depth;
pub mod json;
pub mod markdown;
pub mod ndjson;
pub mod shown;
mod sparkline;
pub mod text;

pub use in_depth::in_depth;
pub use markdown::markdown;
pub use text::{Style, text};
