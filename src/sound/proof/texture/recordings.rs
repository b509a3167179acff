//! Owns the stored figures of real recordings, and how near a texture is to those of a kind. The figures, and where the
//! recordings came from, are in `tests/sound/textures`. Does not own how a texture is measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Texture;
use crate::sound::tracks::TrackFile;

/// Names of the kinds of sound of which recordings are stored.
pub const KINDS: [&str; 6] = ["sea", "fire", "rain", "stream", "wind", "crickets"];
/// Names of mixtures of which recordings are stored. A mixture is near several kinds, so no sound is ever judged to be
/// nearest to one.
pub const MIXTURES: [&str; 2] = ["rain-thunder", "night-forest"];
/// The figures are stored as whole numbers of this size.
const STORED: f64 = 0.01;

/// The recordings of one kind of sound.
pub struct Kind {
    pub name: &'static str,
    /// Recordings with which beds are compared.
    pub kept: Vec<(String, Texture)>,
    /// Recordings that had no part in making the beds.
    pub held_back: Vec<(String, Texture)>,
}

#[derive(Deserialize)]
struct File {
    recording: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    held_back: bool,
    figures: [Vec<i32>; 5],
}

/// Returns the folder of the stored figures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sound/textures")
}

impl Kind {
    fn read(name: &'static str) -> Self {
        let text = std::fs::read_to_string(folder().join(name).with_extension("toml")).unwrap();
        let mut kind = Self { name, kept: Vec::new(), held_back: Vec::new() };
        for entry in toml::from_str::<File>(&text).unwrap().recording {
            let texture =
                Texture(entry.figures.map(|group| group.into_iter().map(|at| f64::from(at) * STORED).collect()));
            let into = if entry.held_back { &mut kind.held_back } else { &mut kind.kept };
            into.push((entry.name, texture));
        }
        kind
    }

    /// Returns the median distance from `texture` to the recordings of this kind.
    pub fn distance(&self, texture: &Texture, spread: &Texture) -> f64 {
        median(self.kept.iter().map(|(_, recorded)| texture.distance(recorded, spread)).collect())
    }

    /// Returns the median distance between two recordings of this kind.
    pub fn own_distance(&self, spread: &Texture) -> f64 {
        let pairs = self
            .kept
            .iter()
            .enumerate()
            .flat_map(|(at, (_, one))| self.kept[..at].iter().map(move |(_, other)| one.distance(other, spread)));
        median(pairs.collect())
    }

    /// Returns the median distance from `texture` to the recordings that were held back, as a multiple of the median
    /// distance from the other recordings to these.
    pub fn held_back_ratio(&self, texture: &Texture, spread: &Texture) -> f64 {
        let to_held_back = |one: &Texture| -> Vec<f64> {
            self.held_back.iter().map(|(_, recorded)| one.distance(recorded, spread)).collect()
        };
        median(to_held_back(texture)) / median(self.kept.iter().flat_map(|(_, one)| to_held_back(one)).collect())
    }
}

/// All recordings whose figures are stored.
pub struct Recordings {
    pub kinds: Vec<Kind>,
    /// How much each statistic differs among the recordings of all [`KINDS`].
    pub spread: Texture,
}

impl Recordings {
    pub fn read() -> Self {
        let mut kinds: Vec<Kind> = KINDS.into_iter().map(Kind::read).collect();
        let kept: Vec<&Texture> = kinds.iter().flat_map(|kind| &kind.kept).map(|(_, texture)| texture).collect();
        let spread = Texture::spread(&kept);
        kinds.extend(MIXTURES.into_iter().map(Kind::read));
        Self { kinds, spread }
    }

    pub fn kind(&self, name: &str) -> &Kind {
        self.kinds.iter().find(|kind| kind.name == name).unwrap()
    }

    /// Returns the name of the kind to whose recordings `texture` is nearest.
    pub fn nearest(&self, texture: &Texture) -> &'static str {
        let distance = |kind: &&Kind| kind.distance(texture, &self.spread);
        let all = self.kinds.iter().filter(|kind| KINDS.contains(&kind.name));
        all.min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap().name
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

/// Measures the recordings in the folder that `STILLROOM_RECORDINGS` names, and writes their figures to [`folder`]. The
/// recordings of a kind are in `KIND/kept` and `KIND/held-back`, in any form that the program plays.
#[test]
#[ignore = "needs recordings, which are not in the repository"]
fn measure_recordings() {
    let recordings = PathBuf::from(std::env::var_os("STILLROOM_RECORDINGS").unwrap());
    for kind in KINDS.into_iter().chain(MIXTURES) {
        let mut text =
            "# Written by the test `measure_recordings`. README.md says where the recordings came from.\n".to_owned();
        for (held_back, part) in [(false, "kept"), (true, "held-back")] {
            let listed = std::fs::read_dir(recordings.join(kind).join(part)).unwrap();
            let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            for path in paths {
                println!("{}", path.display());
                let name = path.file_stem().unwrap().display();
                writeln!(text, "\n[[recording]]\nname = \"{name}\"\nheld_back = {held_back}\nfigures = [").unwrap();
                for group in measure(&path).0 {
                    let stored: Vec<String> = group.iter().map(|at| format!("{:.0}", at / STORED)).collect();
                    writeln!(text, "  [{}],", stored.join(",")).unwrap();
                }
                text += "]\n";
            }
        }
        std::fs::write(folder().join(kind).with_extension("toml"), text).unwrap();
    }
}

/// Reads a recording with the program's own decoder, and measures it.
fn measure(path: &Path) -> Texture {
    let mut file = TrackFile::open(path).unwrap();
    let mut frames = Vec::new();
    while file.read(&mut frames) {}
    Texture::of(&frames, file.rate_hz() as usize)
}
