use super::*;

const REGULAR: &[u8] = include_bytes!("../../../media/fonts/Literata_400Regular.ttf");
const MEDIUM: &[u8] = include_bytes!("../../../media/fonts/Literata_500Medium.ttf");

fn measure() -> TextMeasure<'static> {
    TextMeasure::new(REGULAR, MEDIUM).unwrap()
}

fn sheets(blocks: &[Block], size: PaperSize) -> Vec<Sheet> {
    typeset(blocks, size, &measure(), |sheet, of| format!("{sheet} / {of}"))
}

fn lines(sheet: &Sheet) -> Vec<(f32, f32, TextStyle, &str)> {
    let lines = sheet.items.iter().filter_map(|item| {
        let SheetItem::Line { x, y, style, text } = item else { return None };
        Some((*x, *y, *style, text.as_str()))
    });
    lines.collect()
}

/// Generates `count` words from a seed, some of them longer than a line, with spaces or line breaks between them.
fn words(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let long = if state.is_multiple_of(97) { 140 } else { 1 + (state >> 40) as usize % 9 };
        text.extend("añéíßlwoà".chars().cycle().skip((state >> 20) as usize % 9).take(long));
        text.push(if state.is_multiple_of(23) { '\n' } else { ' ' });
    }
    text
}

#[test]
fn no_word_is_lost_and_none_exceeds_the_column() {
    let measure = measure();
    for seed in 0..40 {
        for size in [PaperSize::Letter, PaperSize::A4] {
            let text = words(seed, 30 + seed as usize * 40);
            let sheets = sheets(&[Block::Words(text.clone())], size);
            let (width, height) = size.points();
            let mut read = String::new();
            for sheet in &sheets {
                let lines = lines(sheet);
                let (foot, body) = lines.split_last().unwrap();
                assert!(foot.3.ends_with(&format!("/ {}", sheets.len())), "seed {seed}");
                let mut above = 0.0;
                for (x, y, style, text) in body {
                    let right = x + measure.width_pt(text, *style);
                    assert!(right <= width - MARGIN_PT && *y <= height - MARGIN_PT, "seed {seed}: {right} {y}");
                    assert!(*y > above, "seed {seed}: a line over another");
                    above = *y;
                    read.push_str(text);
                }
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(bare(&read), bare(&text), "seed {seed}");
        }
    }
}

#[test]
fn a_mark_stays_with_the_word_that_a_no_break_space_joins_it_to() {
    for blank in ['\u{a0}', '\u{202f}'] {
        for count in 0..60 {
            let text = format!("{}ici{blank}?", "un ".repeat(count));
            let sheets = sheets(&[Block::Words(text)], PaperSize::Letter);
            let last = lines(&sheets[0]).into_iter().nth_back(1).unwrap();
            assert!(last.3.ends_with("ici\u{a0}?"), "{count} words: {:?}", last.3);
        }
    }
}

#[test]
fn each_grapheme_that_the_typeface_lacks_is_replaced_by_one_character() {
    let measure = measure();
    let printable = |text: &str| measure.printable(text, FontWeight::Regular);
    assert_eq!(printable("corazón, ¿qué? “ñ” – €"), "corazón, ¿qué? “ñ” – €");
    let mark = printable("🌊");
    assert_eq!(mark.chars().count(), 1);
    assert_eq!(printable("a 👩\u{200d}👧\u{200d}👦 b 👍🏽"), format!("a {mark} b {mark}"));
    assert_eq!(printable("a\u{200b}b\tc\u{7}"), "ab c");
}

#[test]
fn a_heading_is_never_alone_at_the_foot_of_a_sheet() {
    for count in 150..330 {
        let blocks = [Block::Words(words(9, count)), Block::Heading("Before".into()), Block::Words("So it is.".into())];
        let sheets = sheets(&blocks, PaperSize::Letter);
        for sheet in &sheets {
            let lines = lines(sheet);
            if let Some(at) = lines.iter().position(|line| line.3 == "Before") {
                assert!(lines.get(at + 1).is_some_and(|next| next.3 == "So it is."), "{count} words");
            }
        }
    }
}

#[test]
fn a_drawing_is_never_split_and_stays_within_the_margins() {
    for count in [1, 60, 200, 300] {
        let blocks = [Block::Words(words(3, count)), Block::Divider, Block::Drawing(Drawing::default())];
        for size in [PaperSize::Letter, PaperSize::A4] {
            let (width_pt, height_pt) = size.points();
            let sheets = sheets(&blocks, size);
            let drawn = sheets.iter().flat_map(|sheet| &sheet.items).filter_map(|item| {
                let SheetItem::Drawing { x, y, width, .. } = item else { return None };
                Some((*x, *y, *width))
            });
            let drawn: Vec<_> = drawn.collect();
            assert_eq!(drawn.len(), 1);
            let (x, y, width) = drawn[0];
            assert!(x + width <= width_pt - MARGIN_PT + 0.1 && y + drawing_height(width) <= height_pt - MARGIN_PT);
        }
    }
}

#[test]
fn an_empty_note_is_one_numbered_sheet() {
    let sheets = sheets(&[], PaperSize::A4);
    assert_eq!(sheets.len(), 1);
    assert_eq!(lines(&sheets[0])[0].3, "1 / 1");
}
