//! Owns giving a decoder a file that anybody may have made: a panic of the decoder is a fault of that file, not of the
//! program. Also reads the form of a WAV file, with which its decoder panics if there is none.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is decoding a file just now: if it panics, the file is to blame and is told of as such.
#[must_use]
pub fn decodes_here() -> bool {
    DECODES.get()
}

/// What a decoder makes of a file; none if it panics.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    DECODES.set(true);
    let made = catch_unwind(AssertUnwindSafe(work));
    DECODES.set(false);
    made.ok()
}

/// The channels and the rate in Hz that a WAV file says it has; none if it is no WAV file or says nothing.
pub fn wav_form(file: &mut File) -> io::Result<Option<(u16, u32)>> {
    let form = read_wav_form(file);
    file.seek(SeekFrom::Start(0))?;
    match form {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        form => form,
    }
}

fn read_wav_form(file: &mut File) -> io::Result<Option<(u16, u32)>> {
    let mut head = [0; 12];
    file.read_exact(&mut head)?;
    if !matches!(&head[..4], b"RIFF" | b"RF64") || &head[8..] != b"WAVE" {
        return Ok(None);
    }
    loop {
        let mut chunk = [0; 8];
        file.read_exact(&mut chunk)?;
        let [_, _, _, _, length @ ..] = chunk;
        let length = u32::from_le_bytes(length);
        if chunk.starts_with(b"fmt ") {
            let mut form = [0; 8];
            file.read_exact(&mut form)?;
            let [_, _, a, b, rate_hz @ ..] = form;
            return Ok(Some((u16::from_le_bytes([a, b]), u32::from_le_bytes(rate_hz))));
        }
        // Chunks begin at even places.
        file.seek_relative(i64::from(length) + i64::from(length & 1))?;
    }
}
