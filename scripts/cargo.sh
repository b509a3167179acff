#!/bin/sh
# Says what to do where Rust is missing, since every other message about it is worse.
set -eu
command -v cargo >/dev/null && exit 0
echo 'There is no cargo here. Install Rust with rustup; rust-toolchain.toml names the version it then takes.' >&2
exit 1
