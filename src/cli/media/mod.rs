//! Owns `stillroom media`: the commands for the clinic's music library, and how they show a track. Does not own the
//! files of the library (`library`), or the measuring of loudness (`sound`).

mod add;
mod list;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use crate::library::LibraryTrack;
use crate::sound::MeasuredLoudness;

/// True peak in dBTP above which a recording was probably clipped when it was made.
const CLIPPED_DB: f32 = 1.0;
/// Minimum length of a track in seconds. A shorter one would be over before it has faded in.
const SECONDS_MIN: f64 = 20.0;

#[derive(Debug, Subcommand)]
pub(super) enum MediaCommand {
    /// Copy music into the room's library, after checking that it can be played, and note what it is
    ///
    /// Each file is read to its end and measured first; what cannot be played is refused with the reason. To change
    /// what is noted about a track of the library, add it again with the options that should change
    Add(add::AddArgs),
    /// List the music of the library: title, composer, family, voices, length, loudness, licence and file
    ///
    /// Problems of a track are listed below the table, and make the exit code 1
    List(list::ListArgs),
}

pub(super) fn media(command: &MediaCommand) -> ExitCode {
    match command {
        MediaCommand::Add(args) => add::add(args),
        MediaCommand::List(args) => list::list(args),
    }
}

/// Why a measured file is not music for a session, and what to do; `None` if nothing is wrong.
fn unfit(measured: &MeasuredLoudness) -> Option<String> {
    if let Some(trouble) = &measured.trouble {
        return Some(format!("{trouble}; copy it again from where it comes from"));
    }
    if measured.loudness_lufs.is_none() {
        return Some("it is silent; play it elsewhere, to see whether it is the right file".to_owned());
    }
    (measured.seconds < SECONDS_MIN).then(|| {
        let seconds = measured.seconds;
        format!("it lasts {seconds:.1} s, and music needs at least {SECONDS_MIN:.0} s to fade in and out; use a longer recording")
    })
}

/// What to listen for in a recording that is accepted; `None` if there is nothing.
fn advice(measured: &MeasuredLoudness) -> Option<String> {
    let peak_db = measured.true_peak_db.filter(|peak_db| *peak_db > CLIPPED_DB)?;
    Some(format!("its peaks reach {peak_db:+.1} dBTP, so it may be distorted: listen to its loudest part"))
}

/// The keys that a track's entry lacks, with the command that adds them; `None` if none is missing.
fn missing(media_dir: &Path, track: &LibraryTrack) -> Option<String> {
    let missing = track.tags.missing();
    let options = missing.iter().map(|key| match *key {
        "family" => " --family NAME",
        "voices" => " --voices no",
        "title" => " --title \"…\"",
        _ => " --licence \"…\"",
    });
    let options: String = options.collect();
    let file = quoted(&media_dir.join(&track.file));
    (!missing.is_empty()).then(|| format!("no {} yet: stillroom media add {file}{options}", missing.join(", no ")))
}

/// The path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |char: char| char.is_alphanumeric() || "/._-+:,@%".contains(char);
    if path.chars().all(is_plain) { path.into_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// A length as minutes and seconds.
fn length(seconds: f64) -> String {
    let seconds = seconds.round().max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::TrackTags;

    #[test]
    fn what_cannot_be_played_is_told_from_what_sounds_bad() {
        let music =
            MeasuredLoudness { loudness_lufs: Some(-20.0), true_peak_db: Some(-1.0), seconds: 200.0, trouble: None };
        assert_eq!((unfit(&music), advice(&music)), (None, None));
        let why = |measured: &MeasuredLoudness| unfit(measured).unwrap_or_default();
        assert!(why(&MeasuredLoudness { loudness_lufs: None, ..music.clone() }).starts_with("it is silent; "));
        assert!(why(&MeasuredLoudness { seconds: 19.9, ..music.clone() }).starts_with("it lasts 19.9 s, "));
        let cut = MeasuredLoudness { trouble: Some("it is cut short".to_owned()), ..music.clone() };
        assert!(why(&cut).starts_with("it is cut short; copy"));
        let hot = MeasuredLoudness { true_peak_db: Some(1.2), ..music };
        assert!(unfit(&hot).is_none() && advice(&hot).is_some_and(|advice| advice.contains("+1.2 dBTP")));
    }

    #[test]
    fn what_is_missing_comes_with_a_command_that_a_shell_reads() {
        let tags = TrackTags { licence: Some("own".to_owned()), ..TrackTags::default() };
        let track = LibraryTrack { file: "music/it's.ogg".into(), tags, findings: Vec::new() };
        assert_eq!(
            missing(Path::new("media"), &track).unwrap(),
            r#"no title, no family, no voices yet: stillroom media add 'media/music/it'\''s.ogg' --title "…" --family NAME --voices no"#
        );
        assert_eq!((length(59.6), length(612.2)), ("1:00".to_owned(), "10:12".to_owned()));
    }
}
