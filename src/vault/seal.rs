//! Owns the formats of the key, the manifest and a sealed piece. Does not own the decisions to write or destroy them.
//!
//! Each slot of the notes is sealed with XChaCha20-Poly1305 as a separate piece, so damage to one piece does not affect
//! the others. Slot 0 contains the answers about intentions (written or drawn) and the words for the clinician; each
//! further slot contains one page. A piece consists of [`PIECE_MAGIC`], its number (8 bytes), its slot (4), a nonce
//! (24), a tag (16) and the ciphertext. The manifest, which is stored beside the key, consists of [`MANIFEST_MAGIC`],
//! the version of the notes (8), zeros (4), a nonce, a tag and the ciphertext. Its ciphertext lists the number and the
//! tag of each slot's current piece, so an older piece that was put in the place of a newer one is detected. Numbers
//! are little-endian. The bytes before the nonce are authenticated as associated data.

use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::{VaultError, failed, read};
use crate::paths::private;
use crate::room::drawing::{Drawing, PAGE_HEIGHT, PAGE_WIDTH, STROKE_WIDTH_MAX, Stroke, StrokePoint, Tint};
use crate::room::notes::{Answer, INTENTIONS, NotePage, Notes, PatientText};

const KEY_BYTES: usize = 32;
/// The first bytes of every sealed piece. If they are found in the state directory after a wipe, ciphertext was left
/// behind.
pub const PIECE_MAGIC: [u8; 16] = *b"\xf7STILLROOM-SEAL3";
const MANIFEST_MAGIC: [u8; 16] = *b"\xf7STILLROOM-MARK3";
const NUMBER_FROM: usize = 16;
const SLOT_FROM: usize = 24;
const NONCE_FROM: usize = 28;
const TAG_FROM: usize = 52;
const HEAD_BYTES: usize = 68;
const TAG_BYTES: usize = HEAD_BYTES - TAG_FROM;
/// Maximum size of a sealed piece, in bytes. It is large enough for a full page of four-byte characters and for the
/// largest drawing.
pub const PIECE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Maximum number of pieces in one visit's notes, including slot 0.
pub const PIECES_MAX: usize = 1_001;
/// Maximum size of a manifest, in bytes.
const MANIFEST_BYTES_MAX: usize = HEAD_BYTES + PIECES_MAX * (8 + TAG_BYTES);

/// First byte of a page of text. A page with a drawing begins with [`DRAWN`].
const WORDS: u8 = 0;
const DRAWN: u8 = 1;
/// Size of a stroke without its points, in bytes. Each point adds [`POINT_BYTES`].
const STROKE_BYTES: usize = 5;
const POINT_BYTES: usize = 6;

/// A visit's key. It is overwritten with zeros when it is dropped.
pub type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Identifies a sealed piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceId {
    /// The piece's number, which is also the stem of its file's name. Each new piece gets a higher number.
    pub number: u64,
    tag: [u8; TAG_BYTES],
}

/// Identifies the current piece of each slot, in slot order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The version of the notes that was last sealed.
    pub version: u64,
    /// The current piece of each slot; empty before notes are sealed for the first time.
    pub pieces: Vec<PieceId>,
}

/// A decrypted piece.
pub struct OpenPiece {
    /// The identity with which the piece was sealed.
    pub id: PieceId,
    /// The slot whose content the piece holds: 0 for the answers, or the number of a page, counted from 1.
    pub slot: usize,
    plain: Zeroizing<Vec<u8>>,
}

pub fn new_key() -> Result<Key, VaultError> {
    let mut key = Key::default();
    getrandom::fill(&mut key[..]).map_err(|_| VaultError::Random)?;
    Ok(key)
}

/// Reads the key. Returns `None` if the file does not exist or has the wrong length.
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
    private::write_atomic(path, &key[..]).map_err(failed("writing the visit's key", path))
}

/// Reads the manifest. Returns `None` if it does not exist, is damaged or was sealed with a different key.
pub fn read_manifest(path: &Path, key: &Key) -> Result<Option<Manifest>, VaultError> {
    let Some(bytes) = read(path, MANIFEST_BYTES_MAX)? else { return Ok(None) };
    Ok(open_in_place(key, MANIFEST_MAGIC, bytes).and_then(|opened| take_manifest(opened.number, opened.plain())))
}

pub fn write_manifest(path: &Path, key: &Key, manifest: &Manifest) -> Result<(), VaultError> {
    let bytes = HEAD_BYTES + manifest.pieces.len() * (8 + TAG_BYTES);
    let (bytes, _) = seal_in_place(key, MANIFEST_MAGIC, manifest.version, 0, Vec::with_capacity(bytes), |bytes| {
        for piece in &manifest.pieces {
            bytes.extend_from_slice(&piece.number.to_le_bytes());
            bytes.extend_from_slice(&piece.tag);
        }
    })?;
    private::write_atomic(path, &bytes).map_err(failed("writing the manifest of the notes", path))
}

/// Returns the number of slots that these notes take, which is one more than the number of pages.
pub fn slots(notes: &Notes) -> usize {
    1 + notes.pages.len()
}

/// Returns whether a slot has the same content in both versions of the notes.
pub fn is_same(slot: usize, one: &Notes, other: &Notes) -> bool {
    match slot.checked_sub(1) {
        None => {
            one.shared == other.shared && one.intentions == other.intentions && one.for_clinician == other.for_clinician
        }
        Some(page) => page < one.pages.len() && one.pages.get(page) == other.pages.get(page),
    }
}

/// Seals one slot of the notes as the piece with this number. Returns the piece and its identity.
pub fn seal_slot(key: &Key, number: u64, slot: usize, notes: &Notes) -> Result<(Vec<u8>, PieceId), VaultError> {
    let page = slot.checked_sub(1).and_then(|page| notes.pages.get(page));
    let bytes_needed = HEAD_BYTES + page.map_or_else(|| answers_bytes(notes), page_bytes);
    let slot_bound = u32::try_from(slot).unwrap_or(u32::MAX);
    if bytes_needed > PIECE_BYTES_MAX || slots(notes) > PIECES_MAX {
        return Err(VaultError::TooLarge);
    }
    // The buffer has its final capacity from the start and is encrypted in place, because no copy of the words may be
    // left behind in memory.
    let put = |bytes: &mut Vec<u8>| match page {
        Some(page) => put_page(bytes, page),
        None => put_answers(bytes, notes),
    };
    let (bytes, tag) = seal_in_place(key, PIECE_MAGIC, number, slot_bound, Vec::with_capacity(bytes_needed), put)?;
    Ok((bytes, PieceId { number, tag }))
}

/// Decrypts a piece. Returns `None` if it was sealed with a different key or has been changed.
pub fn open_piece(key: &Key, bytes: Vec<u8>) -> Option<OpenPiece> {
    let opened = open_in_place(key, PIECE_MAGIC, bytes)?;
    let id = PieceId { number: opened.number, tag: opened.tag };
    Some(OpenPiece { id, slot: usize::try_from(opened.slot).ok()?, plain: opened.bytes })
}

impl OpenPiece {
    /// Adds the content to the notes: slot 0 sets everything except the pages, and any other slot appends a page.
    /// Returns whether the content could be parsed.
    pub fn put_into(&self, notes: &mut Notes) -> bool {
        let plain = self.plain.get(HEAD_BYTES..).unwrap_or_default();
        let put = if self.slot == 0 {
            take_answers(plain, notes)
        } else {
            take_page(plain).map(|page| notes.pages.push(page))
        };
        put.is_some()
    }
}

fn seal_in_place(
    key: &Key,
    magic: [u8; 16],
    number: u64,
    slot: u32,
    mut bytes: Vec<u8>,
    put_plain: impl FnOnce(&mut Vec<u8>),
) -> Result<(Vec<u8>, [u8; TAG_BYTES]), VaultError> {
    let mut nonce = XNonce::default();
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Random)?;
    bytes.extend_from_slice(&magic);
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&slot.to_le_bytes());
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
    Ok((bytes, tag.into()))
}

struct OpenBytes {
    number: u64,
    slot: u32,
    tag: [u8; TAG_BYTES],
    /// The bytes before the ciphertext, followed by the decrypted content.
    bytes: Zeroizing<Vec<u8>>,
}

impl OpenBytes {
    fn plain(&self) -> &[u8] {
        self.bytes.get(HEAD_BYTES..).unwrap_or_default()
    }
}

fn open_in_place(key: &Key, magic: [u8; 16], bytes: Vec<u8>) -> Option<OpenBytes> {
    let mut bytes = Zeroizing::new(bytes);
    if bytes.len() < HEAD_BYTES || bytes[..NUMBER_FROM] != magic {
        return None;
    }
    let (head, words) = bytes.split_at_mut(HEAD_BYTES);
    let number = u64::from_le_bytes(head[NUMBER_FROM..SLOT_FROM].try_into().ok()?);
    let slot = u32::from_le_bytes(head[SLOT_FROM..NONCE_FROM].try_into().ok()?);
    let nonce = XNonce::from_slice(&head[NONCE_FROM..TAG_FROM]);
    let tag = Tag::clone_from_slice(&head[TAG_FROM..]);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher.decrypt_in_place_detached(nonce, &head[..NONCE_FROM], words, &tag).ok()?;
    Some(OpenBytes { number, slot, tag: tag.into(), bytes })
}

fn take_manifest(version: u64, mut bytes: &[u8]) -> Option<Manifest> {
    let rest = &mut bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let number = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
        pieces.push(PieceId { number, tag: take(rest, TAG_BYTES)?.try_into().ok()? });
    }
    Some(Manifest { version, pieces })
}

// The following functions serialise the notes by hand, because a general serialiser would leave copies of the words in
// its internal buffers.

fn answers_bytes(notes: &Notes) -> usize {
    let answers = notes.intentions.iter().map(|answer| text_bytes(&answer.text) + drawing_bytes(&answer.drawing));
    1 + answers.sum::<usize>() + text_bytes(&notes.for_clinician)
}

/// Writes whether the text for the clinician is shared (1 byte), then the text and the drawing of each answer, then the
/// text for the clinician.
fn put_answers(bytes: &mut Vec<u8>, notes: &Notes) {
    bytes.push(u8::from(notes.shared));
    for answer in &notes.intentions {
        put_text(bytes, &answer.text);
        put_drawing(bytes, &answer.drawing);
    }
    put_text(bytes, &notes.for_clinician);
}

fn take_answers(mut bytes: &[u8], notes: &mut Notes) -> Option<()> {
    let rest = &mut bytes;
    let shared = match take(rest, 1)? {
        [0] => false,
        [1] => true,
        _ => return None,
    };
    let mut intentions: [Answer; INTENTIONS] = Default::default();
    for answer in &mut intentions {
        *answer = Answer { text: take_text(rest)?, drawing: take_drawing(rest)? };
    }
    let for_clinician = take_text(rest)?;
    rest.is_empty().then_some(())?;
    (notes.shared, notes.intentions, notes.for_clinician) = (shared, intentions, for_clinician);
    Some(())
}

fn page_bytes(page: &NotePage) -> usize {
    1 + match page {
        NotePage::Words(text) => text_bytes(text),
        NotePage::Drawing(drawing) => drawing_bytes(drawing),
    }
}

fn drawing_bytes(drawing: &Drawing) -> usize {
    4 + drawing.strokes().len() * STROKE_BYTES + drawing.point_count() * POINT_BYTES
}

/// Writes the kind of page (1 byte), then the text or the drawing. A drawing consists of the number of strokes (4
/// bytes) and, for each stroke, its tint (1), the number of its points (4), and the x (2), y (2) and width (2) of each
/// point.
fn put_page(bytes: &mut Vec<u8>, page: &NotePage) {
    match page {
        NotePage::Words(text) => {
            bytes.push(WORDS);
            put_text(bytes, text);
        }
        NotePage::Drawing(drawing) => {
            bytes.push(DRAWN);
            put_drawing(bytes, drawing);
        }
    }
}

fn put_drawing(bytes: &mut Vec<u8>, drawing: &Drawing) {
    put_count(bytes, drawing.strokes().len());
    for stroke in drawing.strokes() {
        bytes.push(tint_byte(stroke.tint()));
        put_count(bytes, stroke.points().len());
        for point in stroke.points() {
            bytes.extend_from_slice(&point.x.to_le_bytes());
            bytes.extend_from_slice(&point.y.to_le_bytes());
            bytes.extend_from_slice(&point.width.to_le_bytes());
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

fn take_page(mut bytes: &[u8]) -> Option<NotePage> {
    let rest = &mut bytes;
    let page = match take(rest, 1)? {
        [WORDS] => NotePage::Words(take_text(rest)?),
        [DRAWN] => NotePage::Drawing(take_drawing(rest)?),
        _ => return None,
    };
    rest.is_empty().then_some(page)
}

fn take_drawing(bytes: &mut &[u8]) -> Option<Drawing> {
    let strokes = take_count(bytes)?;
    let strokes = (0..strokes).map(|_| take_stroke(bytes).map(Arc::new)).collect::<Option<Vec<_>>>()?;
    let drawing = Drawing::new(strokes);
    drawing.fits_a_page().then_some(drawing)
}

fn take_stroke(bytes: &mut &[u8]) -> Option<Stroke> {
    let [tint] = *take(bytes, 1)? else { return None };
    let tint = Tint::ALL.into_iter().find(|known| tint_byte(*known) == tint)?;
    let points = take_count(bytes)?;
    let points = take(bytes, points.checked_mul(POINT_BYTES)?)?;
    let points = points.chunks_exact(POINT_BYTES).map(|point| {
        let (x, y) = (u16::from_le_bytes([point[0], point[1]]), u16::from_le_bytes([point[2], point[3]]));
        let width = u16::from_le_bytes([point[4], point[5]]);
        let is_valid = x <= PAGE_WIDTH && y <= PAGE_HEIGHT && (1..=STROKE_WIDTH_MAX).contains(&width);
        is_valid.then_some(StrokePoint { x, y, width })
    });
    Stroke::new(tint, points.collect::<Option<Vec<_>>>()?)
}

fn text_bytes(text: &PatientText) -> usize {
    4 + text.reveal().len()
}

/// Writes the length (4 bytes), then the text as UTF-8.
fn put_text(bytes: &mut Vec<u8>, text: &PatientText) {
    put_count(bytes, text.reveal().len());
    bytes.extend_from_slice(text.reveal().as_bytes());
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn take_text(bytes: &mut &[u8]) -> Option<PatientText> {
    let count = take_count(bytes)?;
    Some(PatientText::new(std::str::from_utf8(take(bytes, count)?).ok()?))
}

fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?)).ok()
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}
