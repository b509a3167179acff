//! Owns the form of the key, of its mark and of sealed notes. Does not own when they are written or destroyed.
//!
//! Sealed notes: `SRN1`, version (8 bytes), nonce (24), tag (16), ciphertext. The mark: `SRM1`, version, nonce, tag.
//! Numbers are little-endian. Form and version are authenticated with the words.

use std::path::Path;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use super::{VaultError, failed, read};
use crate::paths::private;
use crate::room::notes::{INTENTIONS, Notes, PatientText};

const KEY_BYTES: usize = 32;
const NOTES_FORM: [u8; 4] = *b"SRN1";
const MARK_FORM: [u8; 4] = *b"SRM1";
const VERSION_FROM: usize = 4;
const NONCE_FROM: usize = 12;
const TAG_FROM: usize = 36;
const HEAD_BYTES: usize = 52;
/// Sealed notes are never larger; the room's own limits lie far below.
pub const SEALED_BYTES_MAX: usize = 4 * 1024 * 1024;
const PAGES_MAX: usize = 1_000;

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
    1 + 4 + all_texts(notes).map(|text| 4 + text.reveal().len()).sum::<usize>()
}

fn all_texts(notes: &Notes) -> impl Iterator<Item = &PatientText> {
    notes.intentions.iter().chain([&notes.for_clinician]).chain(&notes.pages)
}

/// Shared or not (1 byte), how many pages (4), then each text: length (4) and UTF-8. No general serialiser, since
/// those keep copies of words in buffers of their own.
fn put_notes(bytes: &mut Vec<u8>, notes: &Notes) {
    bytes.push(u8::from(notes.shared));
    put_count(bytes, notes.pages.len());
    for text in all_texts(notes) {
        put_count(bytes, text.reveal().len());
        bytes.extend_from_slice(text.reveal().as_bytes());
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
    let pages = (0..pages).map(|_| take_text(rest)).collect::<Option<Vec<_>>>()?;
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
