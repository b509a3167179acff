//! The `stillroom` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    stillroom::cli::main()
}
