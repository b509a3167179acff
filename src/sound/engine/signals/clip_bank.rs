//! Owns the clinic's recorded clips in memory, and the choice of the clip that currently replaces a signal's tones. The
//! callback reads both without waiting. Does not own the reading of clips from files (`tracks::clips`).

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::vocabulary::signal::Signal;

/// Sample rate of every clip in memory.
pub const CLIP_RATE_HZ: u32 = 48_000;
/// Stands for "no clip" where an index of a clip is stored.
const NONE: u8 = u8::MAX;

/// One clip, mono, at [`CLIP_RATE_HZ`].
pub struct Clip {
    /// Language of the clip, such as `en-US`: the name of the folder that its file was in.
    pub language: String,
    /// File name without extension.
    pub name: String,
    /// Samples at [`CLIP_RATE_HZ`], −1 to 1.
    pub samples: Box<[f32]>,
}

/// Returns the file name of the clip that can replace a signal, without its extension.
const fn file_name(signal: Signal) -> Option<&'static str> {
    match signal {
        Signal::CallPlaced => Some("calling"),
        Signal::DeskHasIt => Some("received"),
        Signal::SomeoneComing => Some("coming"),
        Signal::NoDesk => Some("line-down"),
        Signal::PracticeNoDesk | Signal::DarkPanel => Some("dark-press-again"),
        Signal::TalkNow => Some("talk-now"),
        Signal::TestTone | Signal::MeterTone => None,
    }
}

/// The clips, shared between the thread that reads their files, the sound's handle and the callback. The callback never
/// takes the lock.
#[derive(Default)]
pub struct ClipBank {
    clips: OnceLock<Vec<Clip>>,
    selection: Mutex<ClipSelection>,
    /// Index of the clip for each of [`Signal::ALL`], or [`NONE`].
    chosen: [AtomicU8; Signal::ALL.len()],
}

/// The criteria for selecting clips: the language, and the clinician's name as it appears in file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ClipSelection {
    language: String,
    clinician: Option<String>,
}

impl ClipBank {
    /// Maximum number of clips. An index has eight bits, and one value means that there is no clip.
    pub const CLIPS_MAX: usize = NONE as usize;

    /// Creates an empty bank.
    pub fn empty() -> Self {
        Self { chosen: [const { AtomicU8::new(NONE) }; Signal::ALL.len()], ..Self::default() }
    }

    /// Fills the bank. Does nothing if the bank has been filled before, because clips that the callback may be reading
    /// must not be freed.
    pub fn fill(&self, clips: Vec<Clip>) {
        if self.clips.set(clips).is_ok() {
            self.choose();
        }
    }

    /// Selects clips in `language`. [`Signal::SomeoneComing`] uses the clip that names `clinician`, if there is one.
    pub fn select(&self, language: &str, clinician: Option<&str>) {
        let selection = ClipSelection { language: language.to_owned(), clinician: clinician.map(name_slug) };
        let mut current = self.selection.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != selection {
            *current = selection;
            drop(current);
            self.choose();
        }
    }

    fn choose(&self) {
        let selection = self.selection.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let clips = self.clips.get().map_or(&[][..], Vec::as_slice);
        let find = |name: &str| clips.iter().position(|clip| clip.language == selection.language && clip.name == name);
        for (signal, chosen) in Signal::ALL.into_iter().zip(&self.chosen) {
            let Some(name) = file_name(signal) else { continue };
            let by_person = selection.clinician.as_ref().filter(|_| signal == Signal::SomeoneComing);
            let personal = by_person.and_then(|person| find(&format!("{name}-{person}")));
            let clip = personal.or_else(|| find(name)).and_then(|at| u8::try_from(at).ok());
            chosen.store(clip.unwrap_or(NONE), Ordering::Release);
        }
    }

    /// Returns the index of the clip that currently replaces `signal`; `None` if its tones sound.
    pub fn clip_for(&self, signal: Signal) -> Option<u8> {
        let at = Signal::ALL.iter().position(|known| *known == signal)?;
        Some(self.chosen[at].load(Ordering::Acquire)).filter(|clip| *clip != NONE)
    }

    /// Returns the samples of a clip; empty if there is no such clip.
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

/// Returns a person's name as it appears in a file name: the words in lower case, joined by hyphens. A word consists of
/// letters and digits only.
fn name_slug(person: &str) -> String {
    let words = person.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Returns whether a clip with this name (a file name without its extension) can replace a signal.
pub fn is_clip_name(name: &str) -> bool {
    Signal::ALL.into_iter().filter_map(file_name).any(|known| known == name)
        || name.strip_prefix("coming-").is_some_and(|person| !person.is_empty() && name_slug(person) == person)
}

/// Returns every valid clip name, for an error message.
pub fn clip_names() -> String {
    let mut names: Vec<&str> = Signal::ALL.into_iter().filter_map(file_name).collect();
    // Two neighbouring signals share a clip.
    names.dedup();
    format!("{} and coming-<clinician>", names.join(", "))
}
