//! Owns the rule that the program replaces files only through `src/paths/private.rs`, so that a power cut leaves either
//! the old file or the new one. Source files that must write differently are listed here with the reason.

use std::collections::BTreeSet;

use crate::sources;

/// Functions that open a file for writing, or that create, replace or change one.
const WRITES: [&str; 8] = [
    "File::create",
    "File::options",
    "OpenOptions::new",
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "fs::set_permissions",
];

/// The source files that may contain such code, each with the reason. Remove a file once it no longer writes; the test
/// rejects needless entries.
const WRITERS: [(&str, &str); 11] = [
    ("src/paths/private.rs", "the one place"),
    (
        "src/paths/mod.rs",
        "the lock file stays open and locked, and its id is overwritten in place, which works on a full disk",
    ),
    ("src/driver/journal/writer.rs", "the journal is append-only; when it is replaced, it goes through the one place"),
    ("src/driver/journal/reader.rs", "a damaged journal gets a second name, so that its content is kept as it is"),
    ("src/vault/receipts.rs", "the receipts are append-only"),
    (
        "src/takeaway/seal/mod.rs",
        "a sealed note leaves the machine: no mode 0600, and a file system that may not sync a folder",
    ),
    (
        "src/library/storing.rs",
        "music may be larger than memory, and the room must be able to read it whichever user adds it",
    ),
    ("src/app/trace.rs", "the trace is for a test program; a sync at each change would hold up the window"),
    ("src/cli/scene.rs", "a result goes where the user says, with the user's own permissions"),
    ("src/sound/offline/wav.rs", "a result goes where the user says, and may be larger than memory"),
    ("src/sound/output/stderr.rs", "opens /dev/null"),
];

/// A folder whose code is compiled only for tests, and may therefore write.
const TEST_ONLY: &str = "src/sound/proof/";

#[test]
fn files_are_replaced_in_one_place() {
    let mut writers = BTreeSet::new();
    for source in sources().iter().filter(|source| !source.is_test() && !source.path.starts_with(TEST_ONLY)) {
        let code = source.code_in_use();
        let is_whole_word = |at: usize| !code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_');
        if WRITES.iter().any(|name| code.match_indices(name).any(|(at, _)| is_whole_word(at))) {
            writers.insert(source.path.clone());
        }
    }
    let listed: BTreeSet<String> = WRITERS.iter().map(|(path, _)| (*path).to_owned()).collect();
    let unlisted: Vec<_> = writers.difference(&listed).collect();
    assert!(unlisted.is_empty(), "use paths::private::write_atomic, or list the reason: {unlisted:#?}");
    let stale: Vec<_> = listed.difference(&writers).collect();
    assert!(stale.is_empty(), "no longer needed, take these away: {stale:#?}");
}
