//! Reports: a diagnosis as text for people and as JSON for programs. Pure functions; no clock, no terminal.

pub mod json;
pub mod text;

pub use text::{Style, text};
