//! Owns the clips that a clinic has spoken, in memory, and which of them stands for a signal now. The callback reads
//! them without waiting. Does not own how they are read from files (`tracks::clips`).

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Signal;

/// The rate that clips are kept at.
pub const CLIP_RATE_HZ: u32 = 48_000;
/// What may be spoken, by the name of its file.
const NAMES: [(Signal, &str); 6] = [
    (Signal::CallPlaced, "calling"),
    (Signal::DeskHasIt, "received"),
    (Signal::SomeoneComing, "coming"),
    (Signal::LineDown, "line-down"),
    (Signal::DarkPanel, "dark-press-again"),
    (Signal::TalkNow, "talk-now"),
];
/// No clip.
const NONE: u8 = u8::MAX;

/// One clip, mono, at [`CLIP_RATE_HZ`].
pub struct Clip {
    /// The language that is spoken, as its folder is named.
    pub language: String,
    /// The name of the file without its ending.
    pub name: String,
    /// Its samples.
    pub samples: Box<[f32]>,
}

/// The clips, shared between their reader, the handle and the callback, which only reads and never waits.
#[derive(Default)]
pub struct ClipBank {
    clips: OnceLock<Vec<Clip>>,
    wanted: Mutex<Wanted>,
    /// The clip for each of [`NAMES`].
    chosen: [AtomicU8; NAMES.len()],
}

/// Whose words are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    language: String,
    clinician: Option<String>,
}

impl ClipBank {
    /// The most clips that it holds.
    pub const CLIPS_MAX: usize = NONE as usize;

    /// Speaks nothing yet.
    pub fn empty() -> Self {
        Self { chosen: [const { AtomicU8::new(NONE) }; NAMES.len()], ..Self::default() }
    }

    /// Fills it, once: clips that the callback reads are never freed.
    pub fn fill(&self, clips: Vec<Clip>) {
        if self.clips.set(clips).is_ok() {
            self.choose();
        }
    }

    /// From now on speaks `language` and, of somebody who is coming, names `clinician` where there is a clip for it.
    pub fn want(&self, language: &str, clinician: Option<&str>) {
        let wanted = Wanted { language: language.to_owned(), clinician: clinician.map(file_name) };
        let mut known = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != wanted {
            *known = wanted;
            drop(known);
            self.choose();
        }
    }

    fn choose(&self) {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let clips = self.clips.get().map_or(&[][..], Vec::as_slice);
        let find = |name: &str| clips.iter().position(|clip| clip.language == wanted.language && clip.name == name);
        for ((signal, name), chosen) in NAMES.iter().zip(&self.chosen) {
            let by_person = wanted.clinician.as_ref().filter(|_| *signal == Signal::SomeoneComing);
            let personal = by_person.and_then(|person| find(&format!("{name}-{person}")));
            let clip = personal.or_else(|| find(name)).and_then(|at| u8::try_from(at).ok());
            chosen.store(clip.unwrap_or(NONE), Ordering::Release);
        }
    }

    /// The clip that stands for `signal` now.
    pub fn clip_for(&self, signal: Signal) -> Option<u8> {
        let at = NAMES.iter().position(|(known, _)| *known == signal)?;
        Some(self.chosen[at].load(Ordering::Acquire)).filter(|clip| *clip != NONE)
    }

    /// The samples of a clip.
    pub fn samples(&self, clip: u8) -> &[f32] {
        let clips = self.clips.get().map_or(&[][..], Vec::as_slice);
        clips.get(usize::from(clip)).map_or(&[], |clip| &clip.samples)
    }
}

impl std::fmt::Debug for ClipBank {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClipBank").field("clips", &self.clips.get().map(Vec::len)).finish_non_exhaustive()
    }
}

/// A person's name as part of a file's: small letters and digits, everything else a hyphen.
fn file_name(person: &str) -> String {
    let words = person.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Whether some signal is spoken by a clip of this name.
pub fn is_clip_name(name: &str) -> bool {
    NAMES.iter().any(|(_, known)| name == *known)
        || name.strip_prefix("coming-").is_some_and(|person| !person.is_empty() && file_name(person) == person)
}

/// Every name that a clip may have, for an error.
pub fn clip_names() -> String {
    let names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
    format!("{} and coming-<clinician>", names.join(", "))
}
