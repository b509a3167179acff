//! Owns the order of tracks: which piece comes first, which piece follows another, and which files have been heard in
//! this session. Accesses no files. Does not own the reading of pieces (`piece`), or the decks (`reader`).

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::sound::Mix;
use crate::sound::score::{Instrument, recordings_of};
use crate::vocabulary::sound::CROSSFADE_MAX_S;

/// One entry of a playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// The file.
    pub path: PathBuf,
    /// Whether the file is the next part of the previous entry's work, and follows that entry without a gap or a fade.
    pub joins: bool,
}

impl From<PathBuf> for Track {
    fn from(path: PathBuf) -> Self {
        Self { path, joins: false }
    }
}

impl From<&Path> for Track {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

/// What a mix asks to be read: tracks, and recorded instruments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrackRequest {
    /// See [`crate::sound::Mix::tracks`].
    pub tracks: Vec<Track>,
    /// See [`crate::sound::Mix::skips`].
    pub skips: u32,
    /// See [`crate::sound::Mix::session`].
    pub session: u64,
    /// See [`crate::sound::Mix::crossfade_s`].
    pub crossfade_s: f32,
    /// The recorded instruments that the score is played on.
    pub instruments: Vec<Instrument>,
}

impl TrackRequest {
    /// Extracts the request from `mix`.
    pub fn of(mix: &Mix) -> Self {
        Self {
            tracks: mix.tracks.clone(),
            skips: mix.skips,
            session: mix.session,
            crossfade_s: mix.crossfade_s.clamp(0.0, CROSSFADE_MAX_S),
            instruments: mix.score.map_or_else(Vec::new, |aim| recordings_of(aim.character).collect()),
        }
    }
}

/// A list of tracks, some of which are joined into works, and the record of what has been heard.
#[derive(Debug, Default)]
pub struct Playlist {
    tracks: Vec<Track>,
    /// Files heard in this session, most recent last.
    heard: Vec<PathBuf>,
    /// Files that could not be opened at the last attempt.
    unreadable: Vec<PathBuf>,
}

impl Playlist {
    /// Returns the current list.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Replaces the list, but keeps the record of what has been heard.
    pub fn replace(&mut self, tracks: &[Track]) {
        self.tracks = tracks.to_vec();
        self.unreadable.clear();
    }

    /// Forgets what has been heard, at the start of a new session.
    pub fn forget_heard(&mut self) {
        self.heard.clear();
    }

    /// Marks `path` as heard.
    pub fn mark_heard(&mut self, path: &Path) {
        self.heard.retain(|other| other != path);
        self.heard.push(path.to_owned());
    }

    /// Marks `path` as unreadable. Returns `true` unless it was marked already.
    pub fn mark_unreadable(&mut self, path: &Path) -> bool {
        let new = !self.is_unreadable(path);
        if new {
            self.unreadable.push(path.to_owned());
        }
        new
    }

    /// Removes the marks of all unreadable files, because a disk may have come back.
    pub fn try_all_again(&mut self) {
        self.unreadable.clear();
    }

    /// Returns the index of `path` in the list; `None` if it is not there.
    pub fn index_of(&self, path: &Path) -> Option<usize> {
        self.tracks.iter().position(|track| track.path == path)
    }

    /// Returns the entries from `index` to the end of the work that contains it.
    pub fn rest_of_work(&self, index: usize) -> Range<usize> {
        let from = index.min(self.tracks.len());
        let joined = self.tracks[from..].iter().skip(1).take_while(|track| track.joins).count();
        from..(from + 1 + joined).min(self.tracks.len())
    }

    /// Returns the index of the entry to start with. It belongs to the first piece not yet heard or, if all have been
    /// heard, to the piece heard longest ago. `None` if no entry is readable.
    pub fn first(&self) -> Option<usize> {
        self.choose(0, None)
    }

    /// Returns the index of the entry to play after the piece that contains the entry `index`: the first readable entry
    /// of the next piece. `None` if no entry is readable.
    pub fn after(&self, index: usize) -> Option<usize> {
        self.choose(self.rest_of_work(index).end, Some(index))
    }

    /// Returns the index of the entry to play instead of the entry `index`, which is unreadable. It is another entry of
    /// the same work, or the first readable entry of another piece. `None` if no entry is readable.
    pub fn instead_of(&self, index: usize) -> Option<usize> {
        self.choose(index, None)
    }

    /// Returns the first readable entry of the first piece not yet heard in this session, searching from entry `from`
    /// to the end and then from the start. If all have been heard, the piece heard longest ago is chosen. The piece
    /// that contains the entry `playing` is chosen only if there is no other.
    fn choose(&self, from: usize, playing: Option<usize>) -> Option<usize> {
        let count = self.tracks.len();
        let starts = (0..count).map(|step| (from + step) % count).filter(|index| self.begins_a_piece(*index));
        let mut best: Option<(usize, usize)> = None;
        for start in starts {
            let work = self.rest_of_work(start);
            let is_playing = playing.is_some_and(|index| work.contains(&index));
            let Some(entry) = work.into_iter().find(|index| !self.is_unreadable(&self.tracks[*index].path)) else {
                continue;
            };
            let heard = self.heard.iter().position(|path| *path == self.tracks[entry].path);
            let rank = match heard {
                _ if is_playing => usize::MAX,
                None => 0,
                Some(index) => index + 1,
            };
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, entry));
            }
        }
        best.map(|(_, entry)| entry)
    }

    fn begins_a_piece(&self, index: usize) -> bool {
        index == 0 || !self.tracks[index].joins
    }

    fn is_unreadable(&self, path: &Path) -> bool {
        self.unreadable.iter().any(|other| other == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &str) -> Playlist {
        let tracks: Vec<Track> = names
            .split(' ')
            .map(|name| Track { path: name.trim_start_matches('+').into(), joins: name.starts_with('+') })
            .collect();
        let mut playlist = Playlist::default();
        playlist.replace(&tracks);
        playlist
    }

    /// Plays at least `pieces` entries, and returns their names.
    fn heard(playlist: &mut Playlist, pieces: usize) -> String {
        let mut names = Vec::new();
        let mut at = playlist.first();
        while let Some(index) = at.filter(|_| names.len() < pieces) {
            for part in playlist.rest_of_work(index) {
                let path = playlist.tracks()[part].path.clone();
                playlist.mark_heard(&path);
                names.push(path.display().to_string());
            }
            at = playlist.after(index);
        }
        names.join(" ")
    }

    #[test]
    fn a_playlist_repeats_in_order() {
        assert_eq!(heard(&mut list("a b c"), 7), "a b c a b c a");
        assert_eq!(heard(&mut list("a"), 3), "a a a");
        assert_eq!(heard(&mut list("a +b c"), 6), "a b c a b c");
    }

    #[test]
    fn heard_tracks_come_last() {
        let mut playlist = list("a b c d");
        assert_eq!(heard(&mut playlist, 2), "a b");
        playlist.replace(list("b x a y").tracks());
        assert_eq!(heard(&mut playlist, 5), "x y a b x");
        playlist.forget_heard();
        assert_eq!(heard(&mut playlist, 2), "b x");
    }

    #[test]
    fn unreadable_tracks_are_skipped_and_a_work_continues_with_its_next_part() {
        let mut playlist = list("a +b +c d");
        assert!(playlist.mark_unreadable(Path::new("a")) && !playlist.mark_unreadable(Path::new("a")));
        assert_eq!((playlist.first(), playlist.instead_of(0), playlist.after(1)), (Some(1), Some(1), Some(3)));
        for name in ["b", "c", "d"] {
            playlist.mark_unreadable(Path::new(name));
        }
        assert_eq!(playlist.first(), None);
        playlist.try_all_again();
        assert_eq!(playlist.first(), Some(0));
    }

    #[test]
    fn an_empty_list_has_no_first() {
        let playlist = Playlist::default();
        assert_eq!((playlist.first(), playlist.after(3)), (None, None));
    }
}
