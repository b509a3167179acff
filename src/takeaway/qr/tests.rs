use super::*;

const CANARY: &str = "the blue door at the end of the garden";

/// Generates a text of at least `chars` characters from a seed. It contains words, accents, multi-byte characters,
/// graphemes of several characters, and line breaks.
fn text(seed: u64, chars: usize) -> String {
    const PIECES: [&str; 20] = [
        "wave",
        "light",
        "é",
        "ñandú",
        "corazón",
        "Straße",
        "ça va",
        "naïve",
        "e\u{301}",
        "🌊",
        "👩\u{200d}👧\u{200d}👦",
        "👍🏽",
        "❤\u{fe0f}",
        "🇪🇸",
        "日本",
        "привет",
        "—",
        "“so”",
        "\n",
        "\n\n",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    while text.chars().count() < chars {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        if !state.is_multiple_of(3) {
            text.push(' ');
        }
    }
    text
}

#[test]
fn the_pieces_fit_and_joined_they_are_the_text() {
    for seed in 0..300 {
        let text = text(seed, 1 + seed as usize * 7);
        let pieces = split(&text);
        assert_eq!(pieces.concat(), text, "seed {seed}");
        for (at, piece) in pieces.iter().enumerate() {
            assert!(!piece.is_empty() && piece.len() <= CODE_BYTES_MAX, "seed {seed}: {} bytes", piece.len());
            assert!(at == 0 || !piece.starts_with(is_joined), "seed {seed}: a grapheme is cut before piece {at}");
            assert!(at + 1 == pieces.len() || !piece.ends_with(ZERO_WIDTH_JOINER), "seed {seed}");
        }
    }
}

#[test]
fn cuts_are_between_words() {
    let text = "word ".repeat(400);
    let pieces = split(&text);
    assert!(pieces.iter().all(|piece| piece.starts_with("word") && piece.ends_with(' ')));
    let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
    assert!(pieces.len() == 7 && lengths.iter().all(|length| (100..=CODE_BYTES_MAX).contains(length)), "{lengths:?}");
}

#[test]
fn endless_graphemes_are_cut_between_characters() {
    for unit in ["👩\u{200d}", "\u{301}", "🇪🇸", "é"] {
        let text = unit.repeat(600);
        let pieces = split(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= CODE_BYTES_MAX));
    }
}

#[test]
fn an_accent_after_a_space_stays_with_it() {
    let text = "a \u{301}".repeat(400);
    assert!(split(&text).iter().all(|piece| !piece.starts_with(is_joined)));
}

#[test]
fn every_code_declares_utf8() {
    // The bits are ECI mode 7 (4 bits), designator 26 (8), byte mode 4 (4), length 1 (8), and the letter (8).
    let bytes = bits("a", Version::Normal(1)).unwrap().into_bytes();
    assert_eq!(bytes[..4], [0x71, 0xa4, 0x01, b'a']);
}

#[test]
fn an_exceeded_limit_is_reported_with_a_remedy() {
    assert_eq!(series("").unwrap_err(), QrError::Empty);
    let problem = series(&"a".repeat(CODE_BYTES_MAX * (CODES_MAX + 1))).unwrap_err();
    assert!(matches!(problem, QrError::TooLong { codes } if codes > CODES_MAX));
    assert!(problem.to_string().contains("print"));
    assert_eq!(series(&"é".repeat(CODE_BYTES_MAX / 2)).unwrap().len(), 1);
}

#[test]
fn codes_are_numbered_and_debug_shows_no_content() {
    let pages = series(&CANARY.repeat(40)).unwrap();
    assert!(pages.len() > 2);
    for (at, page) in pages.iter().enumerate() {
        assert_eq!((page.index, page.of), (at + 1, pages.len()));
        assert_eq!(page.modules.len(), page.width * page.width);
        assert_eq!(page.number(), format!("{}/{}", at + 1, pages.len()));
        assert_eq!(format!("{page:?}"), format!("QrPage({}, …)", page.number()));
    }
    assert_eq!(series("a").unwrap()[0].number(), "");
    assert!(!pages[0].is_dark(pages[0].width, 0));
    assert!(pages[0].is_dark(0, 0));
}
