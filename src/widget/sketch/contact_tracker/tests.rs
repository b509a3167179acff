use super::*;
use proptest::prelude::*;

fn spot(x: f32, y: f32) -> Spot {
    Spot { x, y }
}

/// Draws along `way` from its first spot to its last, one step each 8 ms, and lifts.
fn draw(hand: &mut Hand<u8>, finger: u8, way: &[Spot], from_ms: u64) -> Option<Vec<PenPoint>> {
    let mut now_ms = from_ms;
    hand.lands(finger, way[0], now_ms);
    for at in &way[1..] {
        now_ms += 8;
        hand.moves(finger, *at, now_ms);
    }
    hand.lifts(finger, way[way.len() - 1], now_ms + 8)
}

fn straight(from: Spot, to: Spot, steps: usize) -> Vec<Spot> {
    let part = |step: usize| step as f32 / steps as f32;
    (0..=steps).map(|step| spot(from.x + (to.x - from.x) * part(step), from.y + (to.y - from.y) * part(step))).collect()
}

#[test]
fn a_finger_draws_from_where_it_landed_to_where_it_lifted() {
    let line = draw(&mut Hand::default(), 1, &straight(spot(10.0, 10.0), spot(60.0, 30.0), 40), 0).unwrap();
    assert_eq!(line[0].at, spot(10.0, 10.0));
    assert!(line[line.len() - 1].at.distance(spot(60.0, 30.0)) < 0.1);
}

#[test]
fn a_tap_leaves_a_dot_and_what_lies_there_leaves_nothing() {
    let mut hand = Hand::default();
    hand.lands(1, spot(50.0, 50.0), 0);
    assert_eq!(hand.lifts(1, spot(50.3, 50.0), 120).unwrap().len(), 1);
    hand.lands(2, spot(50.0, 50.0), 5_000);
    for step in 0..1_000 {
        assert!(!hand.moves(2, spot(50.0 + (step % 3) as f32 * 0.4, 50.0), 5_000 + step * 8));
    }
    assert_eq!(hand.lifts(2, spot(50.0, 50.0), 14_000), None);
}

#[test]
fn a_palm_that_lies_draws_nothing_while_a_finger_draws_even_if_it_slips_along() {
    let mut hand = Hand::default();
    hand.lands(1, spot(120.0, 80.0), 0);
    hand.moves(1, spot(120.2, 80.0), 400);
    let way = straight(spot(60.0, 30.0), spot(110.0, 40.0), 60);
    hand.lands(2, way[0], 500);
    for (step, at) in way.iter().enumerate() {
        let now_ms = 508 + step as u64 * 8;
        hand.moves(2, *at, now_ms);
        // The palm goes along with the hand.
        hand.moves(1, spot(120.0 + step as f32 * 0.5, 80.0), now_ms);
        assert!(hand.lines().all(|(finger, ..)| finger == 2));
    }
    assert!(hand.lifts(2, way[59], 1_000).is_some());
    assert_eq!(hand.lifts(1, spot(150.0, 80.0), 1_100), None);
}

#[test]
fn a_palm_that_comes_down_in_mid_line_leaves_no_dot() {
    let mut hand = Hand::default();
    hand.lands(1, spot(10.0, 10.0), 0);
    hand.moves(1, spot(20.0, 10.0), 50);
    hand.lands(2, spot(80.0, 60.0), 60);
    assert_eq!(hand.lifts(2, spot(81.0, 60.0), 160), None);
    assert!(hand.lifts(1, spot(20.0, 10.0), 200).is_some());
}

#[test]
fn contacts_too_close_for_two_fingers_are_a_palm() {
    let mut hand = Hand::default();
    hand.lands(1, spot(100.0, 60.0), 0);
    hand.lands(2, spot(108.0, 64.0), 10);
    assert!(!hand.moves(1, spot(130.0, 60.0), 80) && !hand.moves(2, spot(138.0, 64.0), 80));
    assert_eq!(hand.lifts(1, spot(130.0, 60.0), 100), None);
    assert_eq!(hand.lifts(2, spot(138.0, 64.0), 100), None);
}

#[test]
fn several_fingers_draw_each_its_own_line() {
    let mut hand = Hand::default();
    for finger in 0..4_u8 {
        hand.lands(finger, spot(20.0 + f32::from(finger) * 25.0, 20.0), 0);
    }
    for step in 1..40_u16 {
        for finger in 0..4_u8 {
            hand.moves(finger, spot(20.0 + f32::from(finger) * 25.0, 20.0 + f32::from(step)), u64::from(step) * 8);
        }
    }
    for finger in 0..4_u8 {
        let line = hand.lifts(finger, spot(20.0 + f32::from(finger) * 25.0, 59.0), 400).unwrap();
        assert!(line.iter().all(|point| (point.at.x - 20.0 - f32::from(finger) * 25.0).abs() < 0.01));
    }
}

#[test]
fn someone_who_waits_before_the_first_line_draws_it_all_the_same() {
    let mut hand = Hand::default();
    hand.lands(1, spot(50.0, 50.0), 0);
    hand.moves(1, spot(50.2, 50.0), 2_000);
    assert!(hand.moves(1, spot(55.0, 50.0), 2_100));
    assert!(hand.lifts(1, spot(80.0, 50.0), 2_400).is_some());
}

#[test]
fn a_touch_that_the_screen_takes_back_at_once_was_a_palm() {
    let mut hand = Hand::default();
    hand.lands(1, spot(50.0, 50.0), 0);
    hand.moves(1, spot(60.0, 50.0), 100);
    assert_eq!(hand.is_lost(1, 200), None);
    hand.lands(1, spot(50.0, 50.0), 10_000);
    hand.moves(1, spot(60.0, 50.0), 10_100);
    assert!(hand.is_lost(1, 11_000).is_some());
}

#[test]
fn a_quick_line_is_narrower_than_a_slow_one_and_changes_without_a_step() {
    let widest = |line: &[PenPoint]| line.iter().map(|point| point.width_mm).fold(0.0, f32::max);
    let slow = draw(&mut Hand::default(), 1, &straight(spot(10.0, 10.0), spot(60.0, 10.0), 250), 0).unwrap();
    let quick = draw(&mut Hand::default(), 1, &straight(spot(10.0, 10.0), spot(160.0, 10.0), 20), 0).unwrap();
    assert!(widest(&slow) > 1.8, "{}", widest(&slow));
    assert!(quick[quick.len() - 1].width_mm < 1.25, "{}", quick[quick.len() - 1].width_mm);
    for line in [slow, quick] {
        for pair in line.windows(2) {
            let way_mm = pair[0].at.distance(pair[1].at);
            assert!((pair[0].width_mm - pair[1].width_mm).abs() <= way_mm * WIDTH_SLOPE * 1.2 + 0.01);
        }
    }
}

#[test]
fn a_trembling_finger_draws_a_calmer_line() {
    let way: Vec<Spot> =
        (0..200).map(|step| spot(10.0 + step as f32 * 0.3, 50.0 + if step % 2 == 0 { 0.25 } else { -0.25 })).collect();
    let line = draw(&mut Hand::default(), 1, &way, 0).unwrap();
    let middle = &line[line.len() / 4..line.len() - 2];
    let strays_mm = middle.iter().map(|point| (point.at.y - 50.0).abs()).fold(0.0, f32::max);
    assert!(strays_mm < 0.17, "{strays_mm}");
}

proptest! {
    /// Whatever any number of fingers do in whatever order: nothing breaks, what lifts is no longer followed, and every
    /// line has sound widths.
    #[test]
    fn any_touches_in_any_order_make_sound_lines(
        touches in prop::collection::vec((0_u8..12, 0_u8..4, 0.0_f32..183.0, 0.0_f32..95.0, 0_u64..400), 0..200),
    ) {
        let mut hand = Hand::default();
        let mut now_ms = 0;
        for (finger, what, x, y, later_ms) in touches {
            now_ms += later_ms;
            let at = spot(x, y);
            let line = match what {
                0 => { hand.lands(finger, at, now_ms); None }
                1 => { hand.moves(finger, at, now_ms); None }
                2 => hand.lifts(finger, at, now_ms),
                _ => hand.is_lost(finger, now_ms),
            };
            if let Some(line) = line {
                prop_assert!(!line.is_empty());
                prop_assert!(line.iter().all(|point| (0.5..=DOT_MM).contains(&point.width_mm) && point.at.x.is_finite()));
            }
            if what >= 2 {
                prop_assert!(hand.contacts.iter().all(|contact| contact.finger != finger));
            }
            prop_assert!(hand.contacts.len() <= CONTACTS_MAX);
        }
    }
}
