use std::sync::Arc;

use super::*;
use crate::room::drawing::{Stroke as Drawn, StrokePoint};

const TYPEFACE: Typeface = Typeface {
    regular: include_bytes!("../../../media/fonts/Literata_400Regular.ttf"),
    medium: include_bytes!("../../../media/fonts/Literata_500Medium.ttf"),
};

/// Returns a stroke in the form of a spiral that gets narrower towards the outside.
fn spiral(tint: Tint, turns: f32) -> Arc<Drawn> {
    let points = (0_u8..=200).map(|step| {
        let along = f32::from(step) / 200.0;
        let (sin, cos) = (along * turns * std::f32::consts::TAU).sin_cos();
        let x = (6_000.0 + cos * along * 2_800.0) as u16;
        let y = (3_125.0 + sin * along * 2_800.0) as u16;
        StrokePoint { x, y, width: (60.0 + 120.0 * (1.0 - along)) as u16 }
    });
    Arc::new(Drawn::new(tint, points.collect()).unwrap())
}

fn note() -> Vec<Block> {
    let drawing = Drawing::new(vec![spiral(Tint::Sea, 3.0), spiral(Tint::Rose, -1.2), spiral(Tint::Sand, 0.7)]);
    vec![
        Block::Title("What came up".into()),
        Block::Date("November 22, 2026".into()),
        Block::Words("A blue door at the end of the garden.\n\nI did not open it. It was enough to know it is there, and that it is mine. My grandmother’s kitchen, the smell of quince; she said “no hay prisa, corazón” and I believed her. 🌊".into()),
        Block::Divider,
        Block::Drawing(drawing),
        Block::Heading("What I wrote before".into()),
        Block::Quiet("What would I like to shift or change in my life? Where do I feel stuck?".into()),
        Block::Words("I would like to stop running ahead of every day.".into()),
    ]
}

fn file(blocks: &[Block]) -> Zeroizing<Vec<u8>> {
    pdf(blocks, PaperSize::Letter, TYPEFACE, "en-US", |sheet, of| format!("{sheet} of {of}")).unwrap()
}

#[test]
fn the_pdf_has_no_metadata_about_its_origin() {
    let file = file(&note());
    assert!(file.starts_with(b"%PDF-") && file.len() < 200_000, "{} bytes", file.len());
    let text = String::from_utf8_lossy(&file);
    for key in ["/Author", "/Title", "/CreationDate", "/Keywords", "/Subject"] {
        assert!(!text.contains(key), "{key}");
    }
    if let Some(path) = std::env::var_os("STILLROOM_SHOW_PDF") {
        std::fs::write(path, &*file).unwrap();
    }
}

#[test]
fn the_same_note_gives_the_same_bytes() {
    assert!(*file(&note()) == *file(&note()));
}

#[test]
fn an_unreadable_typeface_is_reported() {
    let broken = Typeface { regular: b"no font", ..TYPEFACE };
    let refused = pdf(&note(), PaperSize::A4, broken, "en-US", |_, _| String::new());
    assert!(matches!(refused, Err(PdfError::Typeface)));
}
