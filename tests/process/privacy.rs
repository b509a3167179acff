//! Owns the test that nothing a patient writes appears in any output or file, even at the most verbose log level.

use std::fs;

use serde_json::json;

use crate::chance::Chance;
use crate::kiosk::{Home, eventually};
use crate::memory::Pieces;

#[test]
fn no_word_of_a_patient_is_written_even_when_everything_is_logged() {
    let words = Chance::new().letters(32);
    let stroke = json!([[7351, 6142], [6143, 2417], [1273, 3761]]);
    // The drawing is searched for in the form in which the test sends it, as the text of a JSON array.
    let pieces = Pieces::of_all(&[words.clone(), stroke.to_string()]);
    let mut home = Home::new();
    home.log = "trace";
    let mut kiosk = home.start(60);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    for question in 1..=3 {
        kiosk.send(&json!({"event": "intention", "question": question, "text": words}));
        kiosk.send(&json!({"event": "intention_drawn", "question": question, "strokes": [stroke]}));
    }
    kiosk.send(&json!({"event": "for_clinician", "text": words}));
    kiosk.send(&json!({"event": "share", "on": true}));
    kiosk.send(&json!({"event": "note_typed", "text": words}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    // These lines are invalid and contain the patient's words, which the error messages must not quote.
    let wrong = [
        format!(r#"{{"event":"note_typed","text":"{words}""#),
        format!(r#"{{"event":"note_typed","text":{{"{words}":1}}}}"#),
        format!(r#"{{"event":"intention_drawn","question":1,"strokes":"{words}"}}"#),
        format!(r#"{{"event":"intention_drawn","question":4,"strokes":[{stroke}]}}"#),
        format!(r#"{{"event":"{words}"}}"#),
        format!(r#"{{"event":"note_typed","text":"a","{words}":1}}"#),
        format!(r#"{{"event":"session_begins","profile":"{words}"}}"#),
        format!(r#"{{"event":"note_typed","text":"{}"}}"#, words.repeat(200)),
        words.clone(),
    ];
    for line in &wrong {
        kiosk.write(&format!("{line}\n"));
        kiosk.error();
    }
    eventually("sealed notes", || home.is_sealed());
    for file in home.files() {
        assert_eq!(pieces.count_in(&fs::read(&file).unwrap()), 0, "in {}", file.display());
    }
    let earlier = (kiosk.said(), kiosk.complaints());
    kiosk.kill_9();

    let mut kiosk = home.start(60);
    kiosk.first();
    kiosk.reach("the page again", |line| line["note_pages"] == 1);
    kiosk.tell("staff_reset");
    kiosk.wait("ready", |line| line["stage"] == "ready");
    for (said, complained) in [earlier, (kiosk.said(), kiosk.complaints())] {
        assert_eq!(pieces.count_in(&said), 0, "on standard output");
        assert_eq!(pieces.count_in(complained.as_bytes()), 0, "on standard error");
        assert!(complained.contains("TRACE") || complained.contains("DEBUG") || complained.contains("INFO"));
    }
}
