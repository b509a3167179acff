//! Owns writing a WAV file: 16-bit stereo, nothing else. Does not own what is in it.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

const HEADER_BYTES: u32 = 44;

/// A WAV file being written. Call [`WavWriter::finish`], or its header says that it is empty.
pub struct WavWriter {
    file: BufWriter<File>,
    rate_hz: u32,
    data_bytes: u32,
}

impl WavWriter {
    /// Makes or replaces the file at `path`.
    pub fn create(path: &Path, rate_hz: u32) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&header(rate_hz, 0))?;
        Ok(Self { file, rate_hz, data_bytes: 0 })
    }

    /// Adds frames; samples beyond ±1 are held at full scale.
    pub fn write(&mut self, frames: &[[f32; 2]]) -> io::Result<()> {
        for sample in frames.iter().flatten() {
            self.file.write_all(&((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16).to_le_bytes())?;
        }
        let grown = self.data_bytes.checked_add(frames.len() as u32 * 4).filter(|bytes| *bytes < u32::MAX - 64);
        self.data_bytes = grown.ok_or_else(|| io::Error::other("a WAV file cannot hold more than 4 GiB"))?;
        Ok(())
    }

    /// Writes the header anew with the true length and hands everything to the system.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.rate_hz, self.data_bytes))?;
        self.file.flush()
    }
}

fn header(rate_hz: u32, data_bytes: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(HEADER_BYTES - 8 + data_bytes).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&2_u16.to_le_bytes());
    bytes.extend_from_slice(&rate_hz.to_le_bytes());
    bytes.extend_from_slice(&(rate_hz * 4).to_le_bytes());
    bytes.extend_from_slice(&4_u16.to_le_bytes());
    bytes.extend_from_slice(&16_u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data_bytes.to_le_bytes());
    bytes
}
