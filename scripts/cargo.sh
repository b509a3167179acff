#!/bin/sh
# Explains how to install Rust if it is missing, because the shell's own message does not.
set -eu
command -v cargo >/dev/null && exit 0
echo 'cargo is not installed. Install Rust with rustup, which then uses the version in rust-toolchain.toml.' >&2
exit 1
