//! Composes the three pieces that ship with the product: `cargo run --release --example compose [FOLDER]`.
//!
//! Each is written as a WAV and, where `ffmpeg` is installed, encoded to Ogg Vorbis and the WAV removed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use stillroom::sound::{COMPOSED_RATE_HZ, Piece, WavWriter, compose};

/// Seed and length in seconds of what ships.
const SHIPPED: [(Piece, u64, f64); 3] =
    [(Piece::Tide, 11, 226.0), (Piece::Canopy, 4, 208.0), (Piece::Hearth, 7, 214.0)];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "media/music".to_owned()));
    for (piece, seed, seconds) in SHIPPED {
        let wav = folder.join(piece.name()).with_extension("wav");
        let mut file = WavWriter::create(&wav, COMPOSED_RATE_HZ)?;
        file.write(&compose(seed, piece, seconds))?;
        file.finish()?;
        encode(&wav)?;
    }
    Ok(())
}

fn encode(wav: &Path) -> Result<(), Box<dyn Error>> {
    let ogg = wav.with_extension("ogg");
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
        .arg(wav)
        .args([
            "-c:a",
            "libvorbis",
            "-q:a",
            "3",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:a",
            "+bitexact",
        ])
        .arg(&ogg)
        .status();
    match status {
        Ok(status) if status.success() => {
            std::fs::remove_file(wav)?;
            println!("{}", ogg.display());
            Ok(())
        }
        Ok(status) => Err(format!("ffmpeg could not encode {}: {status}", wav.display()).into()),
        Err(_) => {
            println!("{} (ffmpeg is not installed, so it stays a WAV)", wav.display());
            Ok(())
        }
    }
}
