//! Owns the tests of mistakes that people make when they set up a room. For each mistake the program prints one clear
//! line, and the room runs if it can.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use crate::kiosk::{Home, eventually, has_trouble, own_lines};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn exit(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_wrong_configuration_is_reported_line_by_line_and_the_room_comes_up() {
    let home = Home::new();
    home.configure("colour = \"red\"\n[sound]\ncap_db = 3\n");
    let config = home.config();
    let checked = home.run(&["check", "--config", config.to_str().unwrap()], "");
    let expected = format!(
        "{0}:7: desk.colour: found an unknown key, allowed listen, tls, tls_cert, tls_key, clinicians\n\
         {0}:9: sound.cap_db: found 3, allowed a number from -60 to 0\n",
        config.display()
    );
    assert_eq!((text(&checked.stdout), exit(&checked)), (expected.as_str(), Some(1)));

    let mut kiosk = home.start(1);
    assert_eq!(kiosk.first()["stage"], "ready");
    kiosk.reach("the trouble", |line| has_trouble(line, "files-wrong"));
    eventually("the findings", || expected.lines().all(|line| kiosk.complaints().contains(line)));
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
}

#[test]
fn a_valid_configuration_reports_nothing() {
    let home = Home::new();
    let checked = home.run(&["check", "--config", home.config().to_str().unwrap()], "");
    assert_eq!((text(&checked.stdout), exit(&checked)), ("", Some(0)));
}

#[test]
fn a_missing_configuration_is_reported_and_the_room_comes_up() {
    let home = Home::new();
    // Without the file, the desk has the default port 8737, which another room may be using. The test therefore ignores
    // messages that are not about the file.
    let checked = home.run(&["check", "--config", "none.toml"], "");
    assert_eq!(exit(&checked), Some(1));
    assert!(text(&checked.stdout).starts_with("none.toml: file: found "), "{}", text(&checked.stdout));
    let mut kiosk = home.start_with(&crate::kiosk::program(), &["--config", "none.toml"]);
    assert_eq!(kiosk.first()["stage"], "ready");
    kiosk.reach("the trouble", |line| has_trouble(line, "files-wrong"));
    eventually("the finding", || kiosk.complaints().contains("none.toml: file: found "));
    // Without a valid profile, a session is still possible. It is silent.
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    kiosk.wait("a session", |line| line["part"] == "onset");
}

#[test]
fn a_room_without_a_sound_output_reports_it_and_runs() {
    let home = Home::new();
    let mut kiosk = home.start(60);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "sound-lost"));
    kiosk.send(&json!({"event": "session_begins", "infusion_minutes": 20}));
    kiosk.wait("a session", |line| line["part"] == "onset");
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed");
}

#[test]
fn an_impossible_state_directory_gives_one_clear_line_and_the_room_runs() {
    let mut home = Home::new();
    // The parent of the state directory is a file, so not even root can create the directory.
    fs::write(home.folder().join("file"), "").unwrap();
    home.state = home.folder().join("file/state");
    let mut kiosk = home.start(60);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "state-unwritable"));
    eventually("a line", || !kiosk.complaints_of_its_own().is_empty());
    let lines = kiosk.complaints_of_its_own();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("file/state") && lines[0].contains("nothing outlives a restart"), "{lines:?}");
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "note_typed", "text": "still"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    kiosk.tell("call_pressed");
    kiosk.wait("a call, on no disk", |line| line["call"] == "placed");
}

/// A temporary folder that is not in memory. `None` if this machine has no disk for it.
fn folder_on_disk() -> Option<tempfile::TempDir> {
    let target = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(target).ok()?;
    let kind = Command::new("stat").args(["-f", "-c", "%T"]).arg(folder.path()).output().ok()?;
    let is_disk = kind.status.success() && !["tmpfs", "ramfs"].contains(&text(&kind.stdout).trim());
    is_disk.then_some(folder)
}

#[test]
fn keys_are_never_written_to_a_disk_and_the_note_continues_in_memory() {
    let Some(disk) = folder_on_disk() else {
        println!("left out: no folder on a disk to be had here");
        return;
    };
    let mut home = Home::new();
    home.runtime = disk.path().join("keys");
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "keys-in-memory-only"));
    eventually("a line", || !kiosk.complaints_of_its_own().is_empty());
    let lines = kiosk.complaints_of_its_own();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("memory-backed") && lines[0].contains("RUNTIME_DIRECTORY"), "{lines:?}");
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
    kiosk.send(&json!({"event": "note_typed", "text": "still"}));
    kiosk.wait("a page", |line| line["note_pages"] == 1);
    kiosk.tell("staff_reset");
    let ready = kiosk.wait("ready", |line| line["stage"] == "ready");
    assert_eq!(ready["receipt"]["verified"], true, "{ready}");
    assert!(!home.sealed().exists());
    let left: Vec<_> = fs::read_dir(&home.runtime).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_port_in_use_gives_one_clear_line_and_the_room_runs() {
    let home = Home::new();
    let _other = TcpListener::bind(("127.0.0.1", home.port)).unwrap();
    let mut kiosk = home.start(1);
    kiosk.first();
    kiosk.reach("the trouble", |line| has_trouble(line, "desk-closed"));
    eventually("a line", || !kiosk.complaints_of_its_own().is_empty());
    let lines = kiosk.complaints_of_its_own();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let port = home.port.to_string();
    assert!(lines[0].contains(&port) && lines[0].contains("listen =") && lines[0].contains("kiosk.toml"), "{lines:?}");
    kiosk.tell("call_pressed");
    kiosk.wait("a call", |line| line["call"] == "placed");
}

#[test]
fn a_second_room_on_the_same_state_exits_with_one_clear_line() {
    let home = Home::new();
    let mut kiosk = home.start(1);
    kiosk.first();
    let second = home.run(&["run", "--headless", "--config", home.config().to_str().unwrap()], "");
    assert_eq!((exit(&second), text(&second.stdout)), (Some(2), ""));
    let lines = own_lines(text(&second.stderr));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("another room is running") && lines[0].contains("stop it first"), "{lines:?}");
    // The first room still runs, and can create the key of a visit.
    kiosk.tell("visit_begins");
    kiosk.wait("arrive", |line| line["stage"] == "arrive");
}

#[test]
fn an_invalid_state_directory_exits() {
    let mut home = Home::new();
    home.state = Path::new("relative").to_owned();
    let run = home.run(&["run", "--headless"], "");
    assert_eq!(exit(&run), Some(2));
    assert!(own_lines(text(&run.stderr)).iter().any(|line| line.contains("STATE_DIRECTORY")));
}

#[test]
fn unusable_arguments_exit_with_2_and_help_with_0() {
    let home = Home::new();
    for arguments in [&["run", "--speed", "0"][..], &["run", "--speed", "fast"], &["run", "--loud"], &["walk"], &[]] {
        let run = home.run(arguments, "");
        assert_eq!((exit(&run), text(&run.stdout)), (Some(2), ""), "{arguments:?}");
        assert!(!run.stderr.is_empty());
    }
    for arguments in [&["--help"][..], &["run", "--help"], &["help"], &["staff", "--help"], &["--version"]] {
        let run = home.run(arguments, "");
        assert_eq!(exit(&run), Some(0), "{arguments:?}");
        assert!(!run.stdout.is_empty());
    }
    assert!(!home.state.exists(), "asking for help creates no folders");
}

#[test]
fn a_pin_is_set_only_by_two_equal_lines() {
    let home = Home::new();
    let pin = home.state.join("staff-pin");
    for input in ["1234\n1235\n", "1234\n", "", "12\n12\n", "12ab\n12ab\n", "1234567890123\n1234567890123\n"] {
        let run = home.run(&["staff", "set-pin"], input);
        assert_eq!(exit(&run), Some(1), "{input:?}");
        let lines = own_lines(text(&run.stderr));
        assert!(lines.len() == 1 && lines[0].contains("nothing was changed"), "{input:?}: {lines:?}");
        assert!(!pin.exists(), "{input:?}");
    }
    let run = home.run(&["staff", "set-pin"], "4711\r\n4711\r\n");
    assert_eq!(exit(&run), Some(0), "{}", text(&run.stderr));
    let kept = fs::read_to_string(&pin).unwrap();
    assert!(kept.contains("$argon2id$") && !kept.contains("4711"), "{kept}");
    assert!(!text(&run.stdout).contains("4711") && !text(&run.stderr).contains("4711"));
    assert_eq!(exit(&home.run(&["staff", "set-pin"], "1111\n2222\n")), Some(1));
    assert_eq!(fs::read_to_string(&pin).unwrap(), kept);

    let run = home.run(&["desk", "set-password"], "wide water\nwide water\n");
    assert_eq!(exit(&run), Some(0), "{}", text(&run.stderr));
    assert!(fs::read_to_string(home.state.join("desk-password")).unwrap().contains("$argon2id$"));
    assert!(
        fs::read_dir(home.folder_in_memory()).unwrap().next().is_none(),
        "setting a secret creates no folder for keys"
    );
}
