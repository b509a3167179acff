//! Composes the pieces that are shipped with the product: `cargo run --release --example compose [FOLDER]`.
//!
//! Each piece is written as a WAV file. If `ffmpeg` is installed, the file is then replaced with an Ogg Vorbis file.
#![allow(clippy::print_stdout, clippy::print_stderr)] // prints what it wrote

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use stillroom::sound::{COMPOSED_RATE_HZ, ComposedPiece, ScoreShape, WavWriter, compose};
use stillroom::vocabulary::sound::Character;

/// The pieces that are shipped with the product.
const SHIPPED: [ComposedPiece; 4] = [
    ComposedPiece {
        name: "tide",
        character: Character::Tidal,
        seed: 3,
        seconds: 268.0,
        shape: ScoreShape { intensity: 0.65, density: 0.55, register: 0.50, brightness: 0.50, movement: 0.60 },
    },
    ComposedPiece {
        name: "canopy",
        character: Character::Glass,
        seed: 6,
        seconds: 236.0,
        shape: ScoreShape { intensity: 0.60, density: 0.60, register: 0.55, brightness: 0.60, movement: 0.50 },
    },
    ComposedPiece {
        name: "hearth",
        character: Character::Strings,
        seed: 7,
        seconds: 252.0,
        shape: ScoreShape { intensity: 0.65, density: 0.60, register: 0.45, brightness: 0.50, movement: 0.55 },
    },
    ComposedPiece {
        name: "far-bells",
        character: Character::Bells,
        seed: 23,
        seconds: 244.0,
        shape: ScoreShape { intensity: 0.55, density: 0.50, register: 0.45, brightness: 0.45, movement: 0.45 },
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "media/music".to_owned()));
    for piece in &SHIPPED {
        let wav = folder.join(piece.name).with_extension("wav");
        let mut file = WavWriter::create(&wav, COMPOSED_RATE_HZ)?;
        file.write(&compose(piece))?;
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
