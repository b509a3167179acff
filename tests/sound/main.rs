//! The sound on a real sound server: a PulseAudio or a PipeWire of its own for each test, with outputs that can be
//! listened to, taken away, put to sleep and killed.
//!
//! What is heard where, and how soon, can be known only there. Each test runs twice: from outside it starts the server
//! and then itself once more, with an environment that leads to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a test that panics is a test that fails

mod devices;
mod fresh;
mod server;
mod timing;
