//! Owns the tests on real sound servers. Each test starts its own PulseAudio or PipeWire. The test can record, remove
//! and suspend the server's outputs, and kill the server.
//!
//! Only a real server shows on which output a sound is heard, and how soon. Each test runs twice: the outer run starts
//! the same test in a subprocess, whose environment leads to the server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a test that panics is a test that fails

mod devices;
mod fresh;
mod server;
mod timing;
