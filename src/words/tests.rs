//! Owns the tests of the built-in languages, and of languages in a clinic's folder, with their checks and fallbacks.

use std::fmt::Write;
use std::path::Path;

use expect_test::{Expect, expect};

use super::messages::messages;
use super::*;
use crate::findings::Finding;

fn language(tag: &str) -> Language {
    Language::from_name(tag).unwrap()
}

/// Returns the built-in languages, followed by those with these tags.
fn with_shipped(tags: &[&str]) -> Vec<Language> {
    Locales::shipped().languages().into_iter().chain(tags.iter().map(|tag| language(tag))).collect()
}

fn words(tag: &str) -> Words {
    Locales::shipped().words(language(tag))
}

/// Returns every message for patients in a built-in language, with its key.
fn patients(tag: &str) -> Vec<(&'static str, String)> {
    texts(tag, "patient.ftl")
}

fn texts(tag: &str, name: &str) -> Vec<(&'static str, String)> {
    let (_, files) = locales::shipped_texts().into_iter().find(|(shipped, _)| *shipped == language(tag)).unwrap();
    let (_, text) = files.into_iter().find(|(file, _)| *file == name).unwrap();
    messages(text).into_iter().map(|message| (message.key, message.text.replace('\n', " "))).collect()
}

fn has_word(message: &str, unwanted: &str) -> bool {
    let plain: Vec<&str> = message.split(|letter: char| !letter.is_alphanumeric()).collect();
    plain.windows(unwanted.split(' ').count()).any(|window| window.join(" ").eq_ignore_ascii_case(unwanted))
}

#[test]
fn the_built_in_languages_are_those_of_the_folder_and_check_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let mut folders: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let names: Vec<_> = folders.iter().map(|folder| folder.file_name().unwrap().to_str().unwrap()).collect();
    let shipped = Locales::shipped().languages();
    assert_eq!(shipped.first(), Some(&Language::FALLBACK));
    assert_eq!(names, shipped.iter().map(Language::name).collect::<Vec<_>>());
    for folder in folders {
        assert_eq!(lines(&check_folder(&folder), &folder), "");
    }
}

/// Creates a clinic's folder with one language. The language has the tag `tag`, the `language.toml` in `about`, and the
/// English messages as `change` returns them.
fn folder_with(tag: &str, about: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(tag)).unwrap();
    let english = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales/en-US");
    for name in ["patient.ftl", "staff.ftl"] {
        let text = std::fs::read_to_string(english.join(name)).unwrap();
        std::fs::write(folder.path().join(tag).join(name), change(&text)).unwrap();
    }
    std::fs::write(folder.path().join(tag).join("language.toml"), about).unwrap();
    folder
}

fn lines(findings: &[Finding], folder: &Path) -> String {
    let mut lines = String::new();
    for finding in findings {
        let _ = writeln!(lines, "{}", finding.to_string().replace(&*folder.to_string_lossy(), "FOLDER"));
    }
    lines
}

fn check(folder: &tempfile::TempDir, expected: &Expect) -> Locales {
    let (locales, findings) = Locales::with_folder(folder.path());
    expected.assert_eq(&lines(&findings, folder.path()));
    locales
}

const KEYS: &str =
    "[keyboard]\nletters = [\"qwertyuiop\", \"asdfghjkl\", \"zxcvbnm\"]\nmarks = [\"1234567890\", \"-\", \"é\"]\n";

#[test]
fn a_language_in_a_folder_is_offered_with_the_built_in_ones() {
    let folder = folder_with("en-GB", "name = \"British\"\n", |text| text.replace("color", "colour"));
    std::fs::write(folder.path().join("README.md"), "Files beside the languages are ignored.").unwrap();
    let locales = check(&folder, &expect![""]);
    assert_eq!(locales.languages(), with_shipped(&["en-GB"]));
    assert_eq!(
        (locales.own_name(language("en-GB")), locales.own_name(language("es-US"))),
        ("British".into(), "Español".into())
    );
    let british = locales.words(language("en-GB"));
    assert_eq!(british.say("place-drifting-colour"), "Drifting colour");
    assert_eq!(british.languages(), ["en-GB", "en-US"].map(language));
    assert_eq!(british.layout(), words("en-US").layout(), "without a keyboard of its own");
    assert_eq!(locales.choose("en-GB"), Ok(language("en-GB")));
    assert_eq!(locales.choose("en-UK"), Err("one of en-US, es-US, fr-FR, en-GB; did you mean en-US?".into()));
}

#[test]
fn a_message_is_looked_up_along_the_fallbacks_down_to_english() {
    let folder = folder_with("es-MX", "name = \"Español\"\nfallback = \"es-US\"\n", |_| "next = Sigue\n".into());
    let (locales, findings) = Locales::with_folder(folder.path());
    assert!(findings.len() > 300 && findings.iter().any(|finding| finding.key == "back"), "{}", findings.len());
    let words = locales.words(language("es-MX"));
    assert_eq!(words.languages(), ["es-MX", "es-US", "en-US"].map(language));
    assert_eq!((words.say("next"), words.say("back")), ("Sigue".into(), "Atrás".into()));
    assert_eq!(words.languages_up_to("next"), [language("es-MX")]);
    assert_eq!(words.languages_up_to("back"), ["es-MX", "es-US"].map(language));
    assert_eq!(words.layout().accented('e'), 'é', "the keyboard falls back too");
    assert_eq!(words.layout().accent_label().as_deref(), Some("á é"));
    let gone = locales.words(language("it-IT"));
    assert_eq!((gone.language(), gone.say("next")), (language("it-IT"), "Next".into()));
}

#[test]
fn what_a_language_lacks_is_reported_with_its_line() {
    let about = format!("nmae = \"X\"\nfallback = \"xx-YY\"\n{KEYS}accents = [\"aá\", \"aà\", \"ñn\", \"abc\"]\n")
        .replace("asdf", "asd1")
        .replace("zxcvbnm", "zxcvbn,");
    let folder = folder_with("de-DE", &about, |text| {
        let text = text.replace("{ $name }", "{ $nombre }").replace("back = Back\n", "bakc = Back\n");
        text.replace("done = Done\n", "done = Done\ndone = Ready\n").replace("skip = Skip\n", "skip = { \n")
    });
    let found = lines(&check_folder(&folder.path().join("de-DE")), folder.path());
    expect![[r#"
        FOLDER/de-DE/language.toml:1: name: found nothing, allowed the language's own name, a text of 1 to 24 characters
        FOLDER/de-DE/language.toml:1: nmae: found an unknown key, allowed name, fallback, keyboard; did you mean name?
        FOLDER/de-DE/language.toml:2: fallback: found "xx-YY", allowed a language that is part of the program, or one in a folder beside this one
        FOLDER/de-DE/language.toml:4: keyboard.letters: found "," twice, allowed each key once; comma and period are there
        FOLDER/de-DE/language.toml:4: keyboard.letters: found no key for f m, allowed a key for each digit and for each letter that the patient's words use
        FOLDER/de-DE/language.toml:5: keyboard.marks: found "1" twice, allowed each key once; comma and period are there
        FOLDER/de-DE/language.toml:6: keyboard.accents: found "abc", allowed two characters: a letter and what it becomes
        FOLDER/de-DE/language.toml:6: keyboard.accents: found "a" twice, allowed one pair for each letter
        FOLDER/de-DE/language.toml:6: keyboard.accents: found "ñ", allowed a letter of the layer letters
        FOLDER/de-DE/patient.ftl:11: call-on-the-way-named: found $nombre, allowed $name
        FOLDER/de-DE/patient.ftl:13: call-here-named: found $nombre, allowed $name
        FOLDER/de-DE/patient.ftl:35: back: found nothing, allowed a message with no variable
        FOLDER/de-DE/patient.ftl:36: bakc: found an unknown message, allowed a message that English has; did you mean back?
        FOLDER/de-DE/patient.ftl:38: syntax: found a message that cannot be read (Expected a token starting with "}"), allowed a message in the syntax of Fluent
        FOLDER/de-DE/patient.ftl:39: done: found a second message of this name, allowed one; the first is on line 38
        FOLDER/de-DE/staff.ftl:84: staff-back: found nothing, allowed a message with no variable
        FOLDER/de-DE/staff.ftl:85: staff-bakc: found an unknown message, allowed a message that English has; did you mean staff-back?
        FOLDER/de-DE/staff.ftl:202: turnover-back: found nothing, allowed a message with no variable
        FOLDER/de-DE/staff.ftl:203: turnover-bakc: found an unknown message, allowed a message that English has; did you mean turnover-back?
    "#]].assert_eq(&found);
}

#[test]
fn a_language_that_cannot_be_offered_is_reported_and_the_others_stay() {
    let folder = folder_with("it-IT", &format!("name = \"Italiano\"\n{KEYS}"), str::to_owned);
    for tag in ["english", "es-US", "ar-EG", "pt-BR"] {
        std::fs::create_dir(folder.path().join(tag)).unwrap();
        if tag != "pt-BR" {
            std::fs::write(folder.path().join(tag).join("language.toml"), "name = \"X\"").unwrap();
            std::fs::write(folder.path().join(tag).join("patient.ftl"), "next = X\n").unwrap();
        }
    }
    std::fs::remove_file(folder.path().join("it-IT/staff.ftl")).unwrap();
    let locales = check(
        &folder,
        &expect![[r#"
            FOLDER/ar-EG: file: found a language that is written from right to left, allowed one that is not
            FOLDER/english: file: found the name "english", allowed a language tag such as en-US
            FOLDER/es-US: file: found the tag "es-US", allowed a language that is not part of the program
            FOLDER/pt-BR/language.toml: file: found nothing there, allowed a text file that can be read
            FOLDER/pt-BR/patient.ftl: file: found nothing there, allowed a text file that can be read
        "#]],
    );
    assert_eq!(locales.languages(), with_shipped(&["it-IT"]));
    assert_eq!(locales.words(language("it-IT")).say("staff-close"), "Close", "a language need not have staff's words");
    let (locales, findings) = Locales::with_folder(&folder.path().join("gone"));
    assert_eq!((locales, findings.len()), (Locales::shipped(), 1));
}

#[test]
fn languages_are_limited_in_number_and_fallbacks_form_no_circle() {
    let folder = folder_with("aa-AA", "name = \"A\"\nfallback = \"bb-BB\"\n", str::to_owned);
    for (tag, fallback) in [("bb-BB", "aa-AA"), ("cc-CC", "cc-CC"), ("dd-DD", "ee-EE"), ("ee-EE", "es-US")] {
        std::fs::create_dir(folder.path().join(tag)).unwrap();
        for name in ["patient.ftl", "staff.ftl"] {
            std::fs::copy(folder.path().join("aa-AA").join(name), folder.path().join(tag).join(name)).unwrap();
        }
        let about = format!("name = \"{tag}\"\nfallback = \"{fallback}\"\n");
        std::fs::write(folder.path().join(tag).join("language.toml"), about).unwrap();
    }
    let locales = check(
        &folder,
        &expect![[r#"
            FOLDER/aa-AA/language.toml:2: fallback: found "bb-BB", allowed one of en-US, es-US, fr-FR, bb-BB, cc-CC, dd-DD, ee-EE, but none that leads back here
            FOLDER/bb-BB/language.toml:2: fallback: found "aa-AA", allowed one of en-US, es-US, fr-FR, aa-AA, cc-CC, dd-DD, ee-EE, but none that leads back here
            FOLDER/cc-CC/language.toml:2: fallback: found "cc-CC", allowed one of en-US, es-US, fr-FR, aa-AA, bb-BB, dd-DD, ee-EE, but none that leads back here
        "#]],
    );
    assert_eq!(locales.languages().len(), LANGUAGES_MAX);
    assert_eq!(locales.words(language("dd-DD")).languages(), ["dd-DD", "ee-EE", "es-US", "en-US"].map(language));
    assert_eq!(locales.words(language("aa-AA")).languages(), ["aa-AA", "en-US"].map(language));
    std::fs::write(folder.path().join("cc-CC/language.toml"), "name = \"C\"\nfallback = \"zz-ZZ\"\n").unwrap();
    let found = lines(&Locales::with_folder(folder.path()).1, folder.path());
    assert!(found.contains("FOLDER/cc-CC/language.toml:2: fallback: found \"zz-ZZ\", allowed one of"), "{found}");
    std::fs::create_dir(folder.path().join("hh-HH")).unwrap();
    for name in ["patient.ftl", "staff.ftl", "language.toml"] {
        std::fs::copy(folder.path().join("ee-EE").join(name), folder.path().join("hh-HH").join(name)).unwrap();
    }
    let (locales, findings) = Locales::with_folder(folder.path());
    assert!(!locales.has(language("hh-HH")) && lines(&findings, folder.path()).contains("one language too many"));
}

#[test]
fn only_readable_text_counts_toward_the_letters() {
    let text = "# é\nfirst = Ôte { $name } { $count ->\n    [one] ü { $x }\n   *[other] ß\n}\n-term = ž\nlast = Ñ\n";
    let found: String = messages::letters(text).into_iter().collect();
    assert_eq!(found, "etßñôü");
}

#[test]
fn words_can_be_sent_between_threads() {
    fn travels<T: Send + Sync>() {}
    travels::<Words>();
}

#[test]
fn values_replace_variables() {
    let (english, spanish) = (words("en-US"), words("es-US"));
    assert_eq!(english.say("call-line-down"), "I can’t reach the staff desk. Press the wall button or call out.");
    assert_eq!(english.say_with("call-on-the-way-named", &[("name", "Ana".into())]), "Ana is coming to you.");
    assert_eq!(spanish.say_with("call-on-the-way-named", &[("name", "Ana".into())]), "Ana viene a verle.");
    let sound: [(&str, Value<'_>); 3] = [("step", 2_usize.into()), ("of", 5_usize.into()), ("db", (-30.0_f32).into())];
    assert_eq!(english.say_with("staff-volume", &sound), "Sound 2/5, −30 dB");
    assert_eq!(english.say_with("first-run-cap-db", &[("db", (-0.001).into())]), "0 dB");
    let size = english.say_with("first-run-screen-size", &[("inches", 10.1_f32.into())]);
    assert_eq!(size, "10.1 inches, corner to corner");
    assert_eq!(english.say_with("staff-line-up", &[("desks", 1_usize.into())]), "1 desk is listening");
    assert_eq!(english.say_with("staff-line-up", &[("desks", 3_usize.into())]), "3 desks are listening");
    assert_eq!(spanish.say_with("staff-line-up", &[("desks", 1_usize.into())]), "1 estación lista");
}

#[test]
fn a_missing_key_or_value_never_panics() {
    let unknown = "no-such-message";
    for language in Locales::shipped().languages() {
        let words = words(language.name());
        assert_eq!(words.say(unknown), unknown);
        assert_eq!(words.say(""), "");
        assert!(words.say("staff-minutes").contains("min"));
    }
}

#[test]
fn patients_read_nothing_loud_or_brusque() {
    let unwanted = ["just", "simply", "please wait", "ok", "okay", "error", "failed", "user"];
    for language in Locales::shipped().languages() {
        for (key, message) in patients(language.name()) {
            assert!(!message.contains(['!', '¡', '\'', '"']), "{key}: {message}");
            for word in unwanted {
                assert!(!has_word(&message, word), "{key} says {word:?}: {message}");
            }
        }
    }
    assert!(has_word("It is OK.", "ok") && has_word("Now please wait.", "please wait"));
    assert!(!has_word("Adjust it. Justice.", "just"));
}

#[test]
fn spanish_questions_open_and_close() {
    for name in ["patient.ftl", "staff.ftl"] {
        for (key, message) in texts("es-US", name) {
            assert!(!message.contains(['!', '¡']), "{key}: {message}");
            let mut open = false;
            for letter in message.chars().filter(|letter| matches!(letter, '¿' | '?')) {
                assert_ne!(open, letter == '¿', "{key}: {message}");
                open = letter == '¿';
            }
            assert!(!open, "{key}: {message}");
        }
    }
}

#[test]
fn french_marks_are_held_to_their_words() {
    for name in ["patient.ftl", "staff.ftl"] {
        for (key, message) in texts("fr-FR", name) {
            // French also allows a narrow no-break space before these marks, but the typefaces lack it.
            assert!(!message.contains(['!', '\'', '\u{202f}']), "{key}: {message}");
            for (before, mark) in message.chars().zip(message.chars().skip(1)) {
                assert!(!matches!(mark, ':' | ';' | '?' | '»') || before == '\u{a0}', "{key}: {message}");
                assert!(before != '«' || mark == '\u{a0}', "{key}: {message}");
            }
        }
    }
}

#[test]
fn patients_read_with_ease() {
    for (key, message) in patients("en-US") {
        // A message with variants is left out, because a patient reads only one of them, for example one month of
        // twelve.
        if words_in(&message).count() >= 8 && !message.contains("->") {
            let grade = reading_grade(&message);
            assert!(grade <= 6.0, "{key} reads at grade {grade:.1}: {message}");
        }
    }
}

#[test]
fn the_reading_grade_separates_plain_from_learned_text() {
    assert!(reading_grade("The cat sat on the mat. It was warm in the sun.") < 2.0);
    assert!(reading_grade("Dissociative anaesthesia necessitates continuous physiological observation.") > 14.0);
    let counted = ["breathe", "medicine", "table", "loosen", "wiped", "needed", "places", "idea"].map(syllables);
    assert_eq!(counted, [1, 3, 2, 2, 1, 2, 2, 2]);
}

fn words_in(message: &str) -> impl Iterator<Item = &str> {
    message
        .split(|letter: char| !letter.is_alphanumeric() && letter != '’')
        .filter(|word| word.starts_with(char::is_alphabetic))
}

/// Returns the school grade needed to read a message: 0.39 × words per sentence + 11.8 × syllables per word − 15.59
/// (Kincaid et al. 1975).
fn reading_grade(message: &str) -> f64 {
    let words = words_in(message).count().max(1) as f64;
    let sentences = message.split(['.', '?', ':']).filter(|part| words_in(part).count() > 0).count().max(1) as f64;
    let syllables: usize = words_in(message).map(syllables).sum();
    0.39 * words / sentences + 11.8 * syllables as f64 / words - 15.59
}

/// Returns the approximate number of syllables in an English word: the number of its vowel groups, not counting a
/// silent e at the end.
fn syllables(word: &str) -> usize {
    let word = word.to_lowercase();
    let is_vowel = |letter: char| "aeiouy".contains(letter);
    let letters: Vec<char> = word.chars().filter(|letter| letter.is_alphabetic()).collect();
    let groups = letters.split(|letter| !is_vowel(*letter)).filter(|group| !group.is_empty()).count();
    let ends_in = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    let is_last_e_silent = (ends_in(&["e"]) && !ends_in(&["le", "ee"]))
        || (ends_in(&["ed"]) && !ends_in(&["ted", "ded"]))
        || (ends_in(&["es"]) && !ends_in(&["ces", "ses", "zes", "ges", "hes", "xes", "les"]));
    groups.saturating_sub(usize::from(is_last_e_silent)).max(1)
}
