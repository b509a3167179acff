#!/bin/sh
# Says what to do if Rust is missing, since the shell's own message does not.
set -eu
command -v cargo >/dev/null && exit 0
echo 'cargo is not installed. Install Rust with rustup, which then uses the version in rust-toolchain.toml.' >&2
exit 1
