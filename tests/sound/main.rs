//! Tests on a real sound server: each test has a PulseAudio or PipeWire of its own, whose outputs can be recorded,
//! removed, suspended and killed.
//!
//! Only a real server shows what is heard where, and how soon. Each test runs twice: the outer run starts the test
//! again in a subprocess, with an environment that leads to the server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a test that panics is a test that fails

mod devices;
mod fresh;
mod server;
mod timing;
