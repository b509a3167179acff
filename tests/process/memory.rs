//! Owns the search for a patient's words in bytes, such as those of a file, and in the memory of a process.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

/// Number of consecutive characters of a text that count as the patient's words if they are found.
const PIECE_CHARS: usize = 8;
/// Maximum number of bytes of a process's memory that are read at once.
const READ_BYTES: usize = 1 << 20;

/// Every piece of [`PIECE_CHARS`] characters of a text, in UTF-8, UTF-16 and UTF-32.
pub struct Pieces {
    /// The encoded pieces, by their first four bytes.
    by_start: HashMap<[u8; 4], Vec<Vec<u8>>>,
    starts: Vec<bool>,
    longest: usize,
}

impl Pieces {
    /// The pieces of one text.
    pub fn of(text: &str) -> Self {
        Self::of_all(&[text])
    }

    /// The pieces of several texts.
    pub fn of_all(texts: &[impl AsRef<str>]) -> Self {
        let texts: Vec<Vec<char>> = texts.iter().map(|text| text.as_ref().chars().collect()).collect();
        let (mut by_start, mut starts, mut longest) = (HashMap::<_, Vec<Vec<u8>>>::new(), vec![false; 1 << 16], 0);
        for piece in texts.iter().flat_map(|chars| chars.windows(PIECE_CHARS)) {
            let piece: String = piece.iter().collect();
            let utf16 = piece.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let utf32 = piece.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect();
            for form in [piece.into_bytes(), utf16, utf32] {
                starts[usize::from(u16::from_le_bytes([form[0], form[1]]))] = true;
                longest = longest.max(form.len());
                by_start.entry([form[0], form[1], form[2], form[3]]).or_default().push(form);
            }
        }
        Self { by_start, starts, longest }
    }

    /// Counts the positions in these bytes at which a piece begins.
    pub fn count_in(&self, bytes: &[u8]) -> usize {
        let is_here = |at: usize| {
            let here = &bytes[at..];
            self.starts[usize::from(u16::from_le_bytes([here[0], here[1]]))]
                && self
                    .by_start
                    .get(&here[..4])
                    .is_some_and(|pieces| pieces.iter().any(|piece| here.starts_with(piece)))
        };
        (0..bytes.len().saturating_sub(3)).filter(|at| is_here(*at)).count()
    }

    /// Counts the positions in the readable memory of a process at which a piece begins.
    ///
    /// # Errors
    /// If this user may not read the memory of that process.
    pub fn count_in_process(&self, pid: u32) -> io::Result<usize> {
        let mut found = 0;
        through_process(pid, self.longest, |bytes| found += self.count_in(bytes))?;
        Ok(found)
    }
}

/// Whether the readable memory of a process contains these bytes in sequence.
///
/// # Errors
/// If this user may not read the memory of that process.
pub fn is_in_process(pid: u32, bytes: &[u8]) -> io::Result<bool> {
    let mut found = false;
    through_process(pid, bytes.len(), |memory| {
        let mut rest = memory;
        while let Some(at) = rest.iter().position(|byte| *byte == bytes[0]).filter(|_| !found) {
            found = rest[at..].starts_with(bytes);
            rest = &rest[at + 1..];
        }
    })?;
    Ok(found)
}

/// Passes all readable memory of a process to `look`, in chunks. The chunks overlap, so that any sequence of up to
/// `longest` bytes is whole in one of them.
fn through_process(pid: u32, longest: usize, mut look: impl FnMut(&[u8])) -> io::Result<()> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut read_bytes = 0;
    let mut buffer = vec![0; READ_BYTES];
    for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|rights| rights.starts_with('r'))) {
        let range = map.split(' ').next().and_then(|range| range.split_once('-')).unwrap();
        let parse = |number| u64::from_str_radix(number, 16).unwrap();
        let (mut at, end) = (parse(range.0), parse(range.1));
        while at < end {
            let wanted = usize::try_from(end - at).unwrap().min(READ_BYTES);
            // Some mappings cannot be read although they are marked as readable. The rest of such a mapping is
            // skipped.
            let Ok(read @ 1..) = memory.read_at(&mut buffer[..wanted], at) else { break };
            look(&buffer[..read]);
            read_bytes += read;
            // The next chunk begins before the end of this one, so that it contains any sequence across the boundary.
            let back = if at + read as u64 >= end { 0 } else { longest - 1 };
            at += (read - back.min(read - 1)) as u64;
        }
    }
    if read_bytes == 0 { Err(io::Error::other("not one byte could be read")) } else { Ok(()) }
}

#[test]
fn the_search_finds_every_encoding_and_nothing_else() {
    let pieces = Pieces::of("sandpiper");
    assert_eq!(pieces.count_in(b"a sandpiper"), 2);
    assert_eq!(pieces.count_in(b"a sandpip"), 0);
    assert_eq!(pieces.count_in(b"s\0a\0n\0d\0p\0i\0p\0e\0"), 1);
    assert_eq!(pieces.count_in(&"andpiper".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<_>>()), 1);
}
