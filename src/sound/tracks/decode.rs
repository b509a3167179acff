//! Owns the protection of the program from decoders that panic on untrusted files, and the reading of a WAV file's
//! format, because the WAV decoder panics on an invalid format. Does not own the decoding (`file`, `clips`).

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread is decoding a file. If it is, a panic is the fault of the file rather than of the
/// program, and must be reported as such.
#[must_use]
pub fn decodes_here() -> bool {
    DECODES.get()
}

/// Runs `work`, which decodes a file. Returns `None` if it panics.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    DECODES.set(true);
    let made = catch_unwind(AssertUnwindSafe(work));
    DECODES.set(false);
    made.ok()
}

/// Returns the number of channels and the sample rate in Hz that a WAV file declares; `None` if it is not a WAV file or
/// ends before its format is declared. Rewinds the file.
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
        // Chunks are padded to even lengths.
        file.seek_relative(i64::from(length) + i64::from(length & 1))?;
    }
}
