//! Owns the copy of the open call's id, in a file beside the journal. Because the id is in two files, an open call
//! survives damage to either of them. Does not own the handling of a call.
//!
//! The file has one line, which consists of a checksum, a space, and the call's ULID or `none`. The checksum is the
//! first 16 hexadecimal digits of the SHA-256 of what follows the space.

use std::io;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::reader::checksum;
use crate::paths::private;
use crate::room::call::CallId;

/// Name of the copy's file in the state directory.
pub const OPEN_CALL_FILE: &str = "open-call";
const NONE: &str = "none";
const BYTES_MAX: usize = 256;

/// What was found in the file of the copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenCallCopy {
    /// The file does not exist, usually because the room is new or was last run by a version of the program that did
    /// not write this file.
    #[default]
    Absent,
    /// The file cannot be read, or its content does not match its checksum.
    Damaged,
    /// The file is intact. It names the open call; `None` if no call is open.
    Intact(Option<CallId>),
}

/// The open call to write to the file; `None` if no call is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenCall(pub Option<CallId>);

pub(super) fn path_in(dir: &Path) -> PathBuf {
    dir.join(OPEN_CALL_FILE)
}

pub(super) fn write(path: &Path, OpenCall(call): OpenCall) -> io::Result<()> {
    let name = call.map_or_else(|| NONE.to_owned(), |call| Ulid(call.0).to_string());
    private::write_atomic(path, format!("{} {name}\n", checksum(name.as_bytes())).as_bytes())
}

pub(super) fn read(path: &Path) -> OpenCallCopy {
    match private::read_limited(path, BYTES_MAX) {
        Ok(None) => OpenCallCopy::Absent,
        Ok(Some(bytes)) => parse(&bytes).unwrap_or(OpenCallCopy::Damaged),
        Err(_) => OpenCallCopy::Damaged,
    }
}

fn parse(bytes: &[u8]) -> Option<OpenCallCopy> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (found_checksum, name) = line.split_once(' ')?;
    if checksum(name.as_bytes()) != found_checksum {
        return None;
    }
    let call = if name == NONE { None } else { Some(CallId(Ulid::from_string(name).ok()?.0)) };
    Some(OpenCallCopy::Intact(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_and_a_cut_are_always_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        assert_eq!(read(&path), OpenCallCopy::Absent);
        for call in [None, Some(CallId(12)), Some(CallId(u128::MAX >> 3))] {
            write(&path, OpenCall(call)).unwrap();
            assert_eq!(read(&path), OpenCallCopy::Intact(call));
            let bytes = std::fs::read(&path).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, &changed).unwrap();
                assert_eq!(read(&path), OpenCallCopy::Damaged, "bit {bit} of {call:?}");
            }
            for end in 0..bytes.len() {
                std::fs::write(&path, &bytes[..end]).unwrap();
                assert_eq!(read(&path), OpenCallCopy::Damaged, "cut at {end} of {call:?}");
            }
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(read(&path), OpenCallCopy::Damaged);
    }
}
