//! `relapse watch` from outside: what it says while a log grows, and that it ends in the diagnosis of `analyze`.

mod alarms;
mod ends;
mod files;
mod model;
mod pipe;
mod rotation;
mod running;
mod signals;
mod state;
mod writing;
