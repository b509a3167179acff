//! Owns the second copy of the one fact that must outlive anything: which call is open. The journal tells it as well, so
//! no single damage, to either file, can lose an open call. Does not own what is done about a call.
//!
//! One line: 16 hexadecimal digits (the start of the SHA-256 of the rest), then the call's name, or `none`.

use std::io;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::reading::sum;
use crate::paths::private;
use crate::room::call::CallId;

/// The file in the state directory.
pub const OPEN_CALL_FILE: &str = "open-call";
const NONE: &str = "none";
const BYTES_MAX: usize = 256;

/// What the file says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptCall {
    /// There is no such file: the room is new, or was last run by a version that wrote none.
    #[default]
    Absent,
    /// It is not what was written.
    Damaged,
    /// It is whole: this call is open, or none.
    Whole(Option<CallId>),
}

/// What the file is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ToKeep(pub Option<CallId>);

pub(super) fn path_in(dir: &Path) -> PathBuf {
    dir.join(OPEN_CALL_FILE)
}

pub(super) fn write(path: &Path, ToKeep(call): ToKeep) -> io::Result<()> {
    let name = call.map_or_else(|| NONE.to_owned(), |call| Ulid(call.0).to_string());
    private::write_atomic(path, format!("{} {name}\n", sum(name.as_bytes())).as_bytes())
}

pub(super) fn read(path: &Path) -> KeptCall {
    match private::read_limited(path, BYTES_MAX) {
        Ok(None) => KeptCall::Absent,
        Ok(Some(bytes)) => parse(&bytes).unwrap_or(KeptCall::Damaged),
        Err(_) => KeptCall::Damaged,
    }
}

fn parse(bytes: &[u8]) -> Option<KeptCall> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (found, name) = line.split_once(' ')?;
    if sum(name.as_bytes()) != found {
        return None;
    }
    let call = if name == NONE { None } else { Some(CallId(Ulid::from_string(name).ok()?.0)) };
    Some(KeptCall::Whole(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_and_no_byte_of_it_can_change_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let path = path_in(dir.path());
        assert_eq!(read(&path), KeptCall::Absent);
        for call in [None, Some(CallId(12)), Some(CallId(u128::MAX >> 3))] {
            write(&path, ToKeep(call)).unwrap();
            assert_eq!(read(&path), KeptCall::Whole(call));
            let bytes = std::fs::read(&path).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&path, &changed).unwrap();
                assert_eq!(read(&path), KeptCall::Damaged, "bit {bit} of {call:?}");
            }
            for end in 0..bytes.len() {
                std::fs::write(&path, &bytes[..end]).unwrap();
                assert_eq!(read(&path), KeptCall::Damaged, "cut at {end} of {call:?}");
            }
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(read(&path), KeptCall::Damaged);
    }
}
