//! Owns the tests of a language that a clinic adds as a folder. The program's code does not name this language.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::kiosk::{Home, eventually, has_trouble};
use crate::pseudo;

const TAG: &str = "qps-XA";

/// Creates a room whose default language is the pseudo-language. Returns the room and the folder of that language.
fn home() -> (Home, PathBuf) {
    let home = Home::new();
    pseudo::write(&home.folder().join("languages"), TAG);
    home.configure(&format!("[room]\nlocale = \"{TAG}\"\nlocales = \"languages\"\n"));
    let folder = home.folder().join("languages").join(TAG);
    (home, folder)
}

fn check(home: &Home, paths: &[&str]) -> (Option<i32>, String) {
    let config = home.config();
    let arguments = [&["check", "--config", config.to_str().unwrap()], paths].concat();
    let output = home.run(&arguments, "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_language_in_a_folder_checks_clean_and_is_used() {
    let (home, folder) = home();
    assert_eq!(check(&home, &[]), (Some(0), String::new()));
    assert_eq!(check(&home, &[folder.to_str().unwrap()]), (Some(0), String::new()));
    let mut kiosk = home.start(1);
    assert!(!has_trouble(&kiosk.first(), "files-wrong"));
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    for tag in [TAG, "es-US", TAG] {
        kiosk.send(&json!({"event": "language", "name": tag}));
    }
    kiosk.refused(r#"{"event":"language","name":"it-IT"}"#, "it must be one of en-US, es-US, fr-FR, qps-XA");
    kiosk.refused(r#"{"event":"language","name":"French"}"#, "a language tag");
    eventually("record of the language that was chosen", || home.journal().contains(TAG));
}

#[test]
fn what_a_language_lacks_is_a_finding_and_the_room_still_comes_up() {
    let (home, folder) = home();
    let words = fs::read_to_string(folder.join("patient.ftl")).unwrap();
    let (line, next) = words.lines().enumerate().find(|(_, line)| line.starts_with("next = ")).unwrap();
    // The name of a message is misspelt, and its text has a Georgian letter, which is in none of the typefaces.
    let wrong = words.replace(next, &next.replace("next = ", "nxet = ქ"));
    fs::write(folder.join("patient.ftl"), wrong).unwrap();
    let (code, said) = check(&home, &[]);
    let unknown = format!("{TAG}/patient.ftl:{}: nxet: found an unknown message", line + 1);
    assert!(code == Some(1) && said.contains(&unknown) && said.contains("next: found nothing"), "{said}");
    assert!(said.contains("the typefaces lack: ქ") && said.contains("keyboard.letters: found no key for ქ"), "{said}");
    let mut kiosk = home.start(1);
    assert!(has_trouble(&kiosk.first(), "files-wrong"));
    kiosk.send(&json!({"event": "language", "name": TAG}));
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
}

#[test]
fn a_visit_in_a_removed_language_continues_where_it_was() {
    let (home, folder) = home();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.tell("visit_begins");
    kiosk.send(&json!({"event": "language", "name": TAG}));
    kiosk.send(&json!({"event": "session_begins", "profile": "quiet-room", "infusion_minutes": 20}));
    kiosk.send(&json!({"event": "place", "name": "night-sky"}));
    kiosk.wait("the stars", |line| line["place"] == "night-sky");
    eventually("record of all that", || home.journal().contains(TAG) && home.journal().contains("night-sky"));
    kiosk.kill_9();
    fs::remove_dir_all(folder).unwrap();
    home.configure("");
    let mut kiosk = home.start(1);
    let first = kiosk.first();
    assert_eq!((&first["stage"], &first["place"]), (&json!("session"), &json!("night-sky")), "{first}");
    assert!(!has_trouble(&first, "journal-damaged") && !has_trouble(&first, "record-set-aside"), "{first}");
    kiosk.refused(&json!({"event": "language", "name": TAG}).to_string(), "it must be one of en-US, es-US, fr-FR");
}
