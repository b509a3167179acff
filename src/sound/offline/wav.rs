//! Owns the WAV writer for stereo files with 16 bits and dither, or with 24 bits. Does not own the content of the
//! files.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::sound::output::dither::Dither;

const HEADER_BYTES: u32 = 44;

/// Sample format of a WAV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 16 bits with triangular dither: compact, and plays everywhere.
    Bits16,
    /// 24 bits without dither, for measurements: the noise floor lies below −140 dB.
    Bits24,
}

impl Depth {
    const fn bytes(self) -> u16 {
        match self {
            Self::Bits16 => 2,
            Self::Bits24 => 3,
        }
    }
}

/// A WAV file being written. Until [`WavWriter::finish`] has run, its header says that it is empty.
pub struct WavWriter {
    file: BufWriter<File>,
    rate_hz: u32,
    depth: Depth,
    dither: Dither,
    data_bytes: u32,
}

impl WavWriter {
    /// Creates or replaces a 16-bit file at `path`.
    pub fn create(path: &Path, rate_hz: u32) -> io::Result<Self> {
        Self::create_as(path, rate_hz, Depth::Bits16)
    }

    /// Creates or replaces the file at `path`.
    pub fn create_as(path: &Path, rate_hz: u32, depth: Depth) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&header(rate_hz, depth, 0))?;
        Ok(Self { file, rate_hz, depth, dither: Dither::new(16), data_bytes: 0 })
    }

    /// Appends frames; samples beyond ±1 are clipped. Fails if the file cannot be written or exceeds 4 GiB, that is,
    /// six hours at 48 kHz and 16 bits, or four hours at 24 bits.
    pub fn write(&mut self, frames: &[[f32; 2]]) -> io::Result<()> {
        for sample in frames.as_flattened() {
            match self.depth {
                Depth::Bits16 => self.file.write_all(&(self.dither.step(*sample) as i16).to_le_bytes())?,
                Depth::Bits24 => {
                    let step = (f64::from(sample.clamp(-1.0, 1.0)) * 8_388_608.0).round().min(8_388_607.0) as i32;
                    self.file.write_all(&step.to_le_bytes()[..3])?;
                }
            }
        }
        let bytes = frames.len() as u64 * 2 * u64::from(self.depth.bytes());
        let grown = u64::from(self.data_bytes) + bytes;
        self.data_bytes = u32::try_from(grown)
            .ok()
            .filter(|bytes| *bytes < u32::MAX - 64)
            .ok_or_else(|| io::Error::other("a WAV file cannot hold more than 4 GiB"))?;
        Ok(())
    }

    /// Rewrites the header with the actual length and flushes the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.rate_hz, self.depth, self.data_bytes))?;
        self.file.flush()
    }
}

fn header(rate_hz: u32, depth: Depth, data_bytes: u32) -> Vec<u8> {
    let frame_bytes = depth.bytes() * 2;
    let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(HEADER_BYTES - 8 + data_bytes).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16_u32.to_le_bytes());
    bytes.extend_from_slice(&1_u16.to_le_bytes());
    bytes.extend_from_slice(&2_u16.to_le_bytes());
    bytes.extend_from_slice(&rate_hz.to_le_bytes());
    bytes.extend_from_slice(&(rate_hz * u32::from(frame_bytes)).to_le_bytes());
    bytes.extend_from_slice(&frame_bytes.to_le_bytes());
    bytes.extend_from_slice(&(depth.bytes() * 8).to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data_bytes.to_le_bytes());
    bytes
}
