//! Owns the tests of the whole program in headless mode, each in its own folders. They cover whole visits, calls,
//! kills, resets, and the mistakes of a new user. They run the program as a process, and use none of its code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // a test that panics is a test that fails

mod call;
mod chance;
mod check;
mod damage;
mod desk_page;
mod disk;
mod faults;
mod flood;
mod forgetting;
mod kiosk;
mod languages;
mod library;
mod memory;
mod newcomer;
mod privacy;
#[path = "../common/pseudo.rs"]
mod pseudo;
mod reset;
mod restart;
mod strangers;
mod take_home;
mod visit;
