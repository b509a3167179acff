//! Owns the form of the key, of its mark and of sealed notes. Does not own when they are written or destroyed.
//!
//! Sealed notes: `SRN2`, version (8 bytes), nonce (24), tag (16), ciphertext. The mark: `SRM1`, version, nonce, tag.
//! Numbers are little-endian. Form and version are authenticated with the words.

use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::{VaultError, failed, read};
use crate::paths::private;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, Stroke, StrokePoint, Tint};
use crate::room::notes::{INTENTIONS, Notes, Page, PatientText};

const KEY_BYTES: usize = 32;
const NOTES_FORM: [u8; 4] = *b"SRN2";
const MARK_FORM: [u8; 4] = *b"SRM1";
const VERSION_FROM: usize = 4;
const NONCE_FROM: usize = 12;
const TAG_FROM: usize = 36;
const HEAD_BYTES: usize = 52;
/// Sealed notes are never larger: the most pages a clinic can allow, full of the longest letters, and as much drawing as
/// a note holds.
pub const SEALED_BYTES_MAX: usize = 24 * 1024 * 1024;
const PAGES_MAX: usize = 1_000;
/// The first byte of a page of words, and of a drawn one.
const WORDS: u8 = 0;
const DRAWN: u8 = 1;
/// A stroke's tint and its count of points, and one point.
const STROKE_BYTES: usize = 5;
const POINT_BYTES: usize = 5;

/// A key that leaves no copy of itself behind.
pub type Key = Zeroizing<[u8; KEY_BYTES]>;

pub fn new_key() -> Result<Key, VaultError> {
    let mut key = Key::default();
    getrandom::fill(&mut key[..]).map_err(|_| VaultError::Random)?;
    Ok(key)
}

/// The key on file; a file of another length is no key.
pub fn read_key(path: &Path) -> Result<Option<Key>, VaultError> {
    let Some(bytes) = read(path, KEY_BYTES)?.map(Zeroizing::new) else { return Ok(None) };
    let mut key = Key::default();
    if bytes.len() != KEY_BYTES {
        return Ok(None);
    }
    key.copy_from_slice(&bytes);
    Ok(Some(key))
}

pub fn write_key(path: &Path, key: &Key) -> Result<(), VaultError> {
    private::write_whole(path, &key[..]).map_err(failed("writing the visit's key", path))
}

/// The highest version sealed; `None` if the mark is missing or not of this key.
pub fn read_mark(path: &Path, key: &Key) -> Result<Option<u64>, VaultError> {
    let Some(bytes) = read(path, HEAD_BYTES)? else { return Ok(None) };
    Ok(open_in_place(key, MARK_FORM, bytes).map(|(version, _)| version))
}

pub fn write_mark(path: &Path, key: &Key, version: u64) -> Result<(), VaultError> {
    let bytes = seal_in_place(key, MARK_FORM, version, Vec::with_capacity(HEAD_BYTES), |_| ())?;
    private::write_whole(path, &bytes).map_err(failed("writing the version's mark", path))
}

pub fn seal(key: &Key, notes: &Notes) -> Result<Vec<u8>, VaultError> {
    let bytes_needed = HEAD_BYTES + plain_bytes(notes);
    if bytes_needed > SEALED_BYTES_MAX || notes.pages.len() > PAGES_MAX {
        return Err(VaultError::TooLarge);
    }
    // The words stand once in this one buffer, which never grows, and are turned into ciphertext where they stand.
    seal_in_place(key, NOTES_FORM, notes.version, Vec::with_capacity(bytes_needed), |bytes| put_notes(bytes, notes))
}

/// The notes, unless the bytes are not what was sealed with this key or are older than `highest`.
pub fn unseal(key: &Key, bytes: Vec<u8>, highest: u64) -> Option<Notes> {
    let (version, plain) = open_in_place(key, NOTES_FORM, bytes)?;
    if version < highest {
        return None;
    }
    take_notes(plain.get(HEAD_BYTES..)?, version)
}

fn seal_in_place(
    key: &Key,
    form: [u8; 4],
    version: u64,
    mut bytes: Vec<u8>,
    put_plain: impl FnOnce(&mut Vec<u8>),
) -> Result<Vec<u8>, VaultError> {
    let mut nonce = XNonce::default();
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Random)?;
    bytes.extend_from_slice(&form);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.resize(HEAD_BYTES, 0);
    put_plain(&mut bytes);
    let (head, words) = bytes.split_at_mut(HEAD_BYTES);
    let (bound, rest) = head.split_at_mut(NONCE_FROM);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let Ok(tag) = cipher.encrypt_in_place_detached(&nonce, bound, words) else {
        words.zeroize();
        return Err(VaultError::TooLarge);
    };
    rest[TAG_FROM - NONCE_FROM..].copy_from_slice(&tag);
    Ok(bytes)
}

/// The version and the same bytes with the words in the clear.
fn open_in_place(key: &Key, form: [u8; 4], bytes: Vec<u8>) -> Option<(u64, Zeroizing<Vec<u8>>)> {
    let mut bytes = Zeroizing::new(bytes);
    if bytes.len() < HEAD_BYTES || bytes[..VERSION_FROM] != form {
        return None;
    }
    let (head, words) = bytes.split_at_mut(HEAD_BYTES);
    let version = u64::from_le_bytes(head[VERSION_FROM..NONCE_FROM].try_into().ok()?);
    let nonce = XNonce::from_slice(&head[NONCE_FROM..TAG_FROM]);
    let tag = Tag::from_slice(&head[TAG_FROM..]);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher.decrypt_in_place_detached(nonce, &head[..NONCE_FROM], words, tag).ok()?;
    Some((version, bytes))
}

fn plain_bytes(notes: &Notes) -> usize {
    let texts: usize = all_texts(notes).map(|text| 4 + text.reveal().len()).sum();
    let pages = notes.pages.iter().map(|page| match page {
        Page::Words(text) => 1 + 4 + text.reveal().len(),
        Page::Drawing(drawing) => 1 + 4 + drawing.strokes().len() * STROKE_BYTES + drawing.points() * POINT_BYTES,
    });
    1 + 4 + texts + pages.sum::<usize>()
}

fn all_texts(notes: &Notes) -> impl Iterator<Item = &PatientText> {
    notes.intentions.iter().chain([&notes.for_clinician])
}

/// Shared or not (1 byte), how many pages (4), the intentions and the words for the clinician, then each page behind a
/// byte of its kind. A text: length (4) and UTF-8. A drawing: how many strokes (4), and of each its tint (1), how many
/// points (4), and of each point x (2), y (2) and width (1). No general serialiser, since those keep copies of words in
/// buffers of their own.
fn put_notes(bytes: &mut Vec<u8>, notes: &Notes) {
    bytes.push(u8::from(notes.shared));
    put_count(bytes, notes.pages.len());
    for text in all_texts(notes) {
        put_text(bytes, text);
    }
    for page in &notes.pages {
        match page {
            Page::Words(text) => {
                bytes.push(WORDS);
                put_text(bytes, text);
            }
            Page::Drawing(drawing) => {
                bytes.push(DRAWN);
                put_drawing(bytes, drawing);
            }
        }
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &PatientText) {
    put_count(bytes, text.reveal().len());
    bytes.extend_from_slice(text.reveal().as_bytes());
}

fn put_drawing(bytes: &mut Vec<u8>, drawing: &Drawing) {
    put_count(bytes, drawing.strokes().len());
    for stroke in drawing.strokes() {
        bytes.push(tint_byte(stroke.tint()));
        put_count(bytes, stroke.points().len());
        for point in stroke.points() {
            bytes.extend_from_slice(&point.x.to_le_bytes());
            bytes.extend_from_slice(&point.y.to_le_bytes());
            bytes.push(point.width);
        }
    }
}

const fn tint_byte(tint: Tint) -> u8 {
    match tint {
        Tint::Sand => 0,
        Tint::Honey => 1,
        Tint::Rose => 2,
        Tint::Moss => 3,
        Tint::Sea => 4,
    }
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn take_notes(mut bytes: &[u8], version: u64) -> Option<Notes> {
    let rest = &mut bytes;
    let shared = match take(rest, 1)? {
        [0] => false,
        [1] => true,
        _ => return None,
    };
    let pages = take_count(rest)?;
    if pages > PAGES_MAX {
        return None;
    }
    let mut intentions: [PatientText; INTENTIONS] = Default::default();
    for intention in &mut intentions {
        *intention = take_text(rest)?;
    }
    let for_clinician = take_text(rest)?;
    let pages = (0..pages).map(|_| take_page(rest)).collect::<Option<Vec<_>>>()?;
    rest.is_empty().then_some(Notes { pages, intentions, for_clinician, shared, version })
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?)).ok()
}

fn take_text(bytes: &mut &[u8]) -> Option<PatientText> {
    let count = take_count(bytes)?;
    Some(PatientText::new(std::str::from_utf8(take(bytes, count)?).ok()?))
}

fn take_page(bytes: &mut &[u8]) -> Option<Page> {
    match take(bytes, 1)? {
        [WORDS] => take_text(bytes).map(Page::Words),
        [DRAWN] => take_drawing(bytes).map(Page::Drawing),
        _ => None,
    }
}

fn take_drawing(bytes: &mut &[u8]) -> Option<Drawing> {
    let strokes = take_count(bytes)?;
    let strokes = (0..strokes).map(|_| take_stroke(bytes).map(Arc::new)).collect::<Option<Vec<_>>>()?;
    let drawing = Drawing::of(strokes);
    drawing.fits_a_page().then_some(drawing)
}

fn take_stroke(bytes: &mut &[u8]) -> Option<Stroke> {
    let [tint] = *take(bytes, 1)? else { return None };
    let tint = Tint::ALL.into_iter().find(|known| tint_byte(*known) == tint)?;
    let points = take_count(bytes)?;
    let points = take(bytes, points.checked_mul(POINT_BYTES)?)?;
    let points = points.chunks_exact(POINT_BYTES).map(|point| {
        let (x, y) = (u16::from_le_bytes([point[0], point[1]]), u16::from_le_bytes([point[2], point[3]]));
        (x <= PAGE_WIDTH && y <= PAGE_HEIGHT && point[4] > 0).then_some(StrokePoint { x, y, width: point[4] })
    });
    Stroke::new(tint, points.collect::<Option<Vec<_>>>()?)
}
