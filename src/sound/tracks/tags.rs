//! Owns the reading of what a music file says about itself: its title, and who wrote or plays it. Does not own the
//! decoding of its sound (`file`).

use std::fs::File;
use std::path::Path;

use symphonia::core::formats::FormatOptions;
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::{Metadata, MetadataOptions, MetadataRevision, StandardTagKey};
use symphonia::core::probe::Hint;
use symphonia::default::get_probe;

use super::decode;

/// Maximum number of characters of a tag; the rest is left out.
const TAG_CHARS_MAX: usize = 120;

/// What a music file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTags {
    /// The title, if it has one.
    pub title: Option<String>,
    /// The composer; without one, the artist.
    pub composer: Option<String>,
}

/// Reads the tags of the file at `path`: `ID3v2`, Vorbis comments, those of MP4 and of WAV. A file without tags, or that
/// cannot be read, has none. Each tag is on one line and has at most [`TAG_CHARS_MAX`] characters.
#[must_use]
pub fn read_tags(path: &Path) -> FileTags {
    // Broken tags may make a reader panic, as broken sound does a decoder.
    decode::guarded(|| tags_in(path)).flatten().unwrap_or_default()
}

fn tags_in(path: &Path) -> Option<FileTags> {
    let file = File::open(path).ok()?;
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
        hint.with_extension(ending);
    }
    let mut probed = get_probe().format(&hint, stream, &FormatOptions::default(), &MetadataOptions::default()).ok()?;
    let mut revisions = revisions_of(probed.format.metadata());
    // ID3v2 tags precede the sound, so the probe has read them.
    revisions.extend(probed.metadata.get().into_iter().flat_map(revisions_of));
    let first = |keys: &[StandardTagKey]| {
        keys.iter().find_map(|key| {
            let tags = revisions.iter().flat_map(MetadataRevision::tags);
            tags.filter(|tag| tag.std_key == Some(*key)).find_map(|tag| one_line(&tag.value.to_string()))
        })
    };
    Some(FileTags {
        title: first(&[StandardTagKey::TrackTitle]),
        composer: first(&[StandardTagKey::Composer, StandardTagKey::Artist, StandardTagKey::AlbumArtist]),
    })
}

/// Returns every set of tags, because a file may have several.
fn revisions_of(mut metadata: Metadata<'_>) -> Vec<MetadataRevision> {
    let mut revisions = Vec::new();
    while let Some(revision) = metadata.pop() {
        revisions.push(revision);
    }
    revisions.extend(metadata.current().cloned());
    revisions
}

/// Returns a tag without control characters and needless whitespace; `None` if nothing is left.
fn one_line(tag: &str) -> Option<String> {
    let visible: String = tag.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(TAG_CHARS_MAX).collect();
    (!line.is_empty()).then(|| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ID3v2.3 text frame in Latin-1.
    fn frame(id: &str, text: &str) -> Vec<u8> {
        let size = u32::try_from(text.len() + 1).unwrap().to_be_bytes();
        [id.as_bytes(), &size, &[0, 0, 0], text.as_bytes()].concat()
    }

    /// The MP3 of `tests/media`, preceded by a tag with these frames.
    fn tagged(frames: &[Vec<u8>]) -> tempfile::NamedTempFile {
        let frames = frames.concat();
        let length = u8::try_from(frames.len()).unwrap();
        assert!(length < 128);
        let sound = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/a.mp3")).unwrap();
        let file = tempfile::Builder::new().suffix(".mp3").tempfile().unwrap();
        std::fs::write(file.path(), [&b"ID3\x03\x00\x00\x00\x00\x00"[..], &[length], &frames, &sound].concat())
            .unwrap();
        file
    }

    #[test]
    fn the_composer_is_preferred_to_the_artist() {
        let tags = |title: Option<&str>, composer: Option<&str>| FileTags {
            title: title.map(str::to_owned),
            composer: composer.map(str::to_owned),
        };
        let both = tagged(&[frame("TIT2", "A  \n song"), frame("TPE1", "Player"), frame("TCOM", "Writer")]);
        assert_eq!(read_tags(both.path()), tags(Some("A song"), Some("Writer")));
        let artist = tagged(&[frame("TPE1", "Player"), frame("TIT2", " ")]);
        assert_eq!(read_tags(artist.path()), tags(None, Some("Player")));
        let broken = tempfile::Builder::new().suffix(".mp3").tempfile().unwrap();
        std::fs::write(broken.path(), b"ID3\x03\x00\x00\x7f\x7f\x7f\x7fTIT2").unwrap();
        assert_eq!(read_tags(broken.path()), FileTags::default());
        assert_eq!(read_tags(Path::new("/nowhere.flac")), FileTags::default());
    }
}
