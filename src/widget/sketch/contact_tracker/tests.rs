use super::*;
use proptest::prelude::*;

fn point(x: f32, y: f32) -> PagePoint {
    PagePoint { x, y }
}

/// Simulates a finger that draws along `path` in steps of 8 ms, and lifts at its end.
fn draw(tracker: &mut ContactTracker<u8>, finger: u8, path: &[PagePoint], from_ms: u64) -> Option<Vec<InkPoint>> {
    let mut now_ms = from_ms;
    tracker.press(finger, path[0], now_ms);
    for at in &path[1..] {
        now_ms += 8;
        tracker.move_to(finger, *at, now_ms);
    }
    tracker.release(finger, path[path.len() - 1], now_ms + 8)
}

fn straight(from: PagePoint, to: PagePoint, steps: usize) -> Vec<PagePoint> {
    let part = |step: usize| step as f32 / steps as f32;
    (0..=steps)
        .map(|step| point(from.x + (to.x - from.x) * part(step), from.y + (to.y - from.y) * part(step)))
        .collect()
}

#[test]
fn a_finger_draws_from_where_it_landed_to_where_it_lifted() {
    let stroke =
        draw(&mut ContactTracker::default(), 1, &straight(point(10.0, 10.0), point(60.0, 30.0), 40), 0).unwrap();
    assert_eq!(stroke[0].at, point(10.0, 10.0));
    assert!(stroke[stroke.len() - 1].at.distance(point(60.0, 30.0)) < 0.1);
}

#[test]
fn a_tap_leaves_a_dot_and_a_resting_contact_leaves_nothing() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(50.0, 50.0), 0);
    assert_eq!(tracker.release(1, point(50.3, 50.0), 120).unwrap().len(), 1);
    tracker.press(2, point(50.0, 50.0), 5_000);
    for step in 0..1_000 {
        assert!(!tracker.move_to(2, point(50.0 + (step % 3) as f32 * 0.4, 50.0), 5_000 + step * 8));
    }
    assert_eq!(tracker.release(2, point(50.0, 50.0), 14_000), None);
}

#[test]
fn a_resting_palm_draws_nothing_while_a_finger_draws_even_if_it_slips() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(120.0, 80.0), 0);
    tracker.move_to(1, point(120.2, 80.0), 400);
    let path = straight(point(60.0, 30.0), point(110.0, 40.0), 60);
    tracker.press(2, path[0], 500);
    for (step, at) in path.iter().enumerate() {
        let now_ms = 508 + step as u64 * 8;
        tracker.move_to(2, *at, now_ms);
        // The palm slips, because it moves with the drawing hand.
        tracker.move_to(1, point(120.0 + step as f32 * 0.5, 80.0), now_ms);
        assert!(tracker.strokes().all(|(finger, ..)| finger == 2));
    }
    assert!(tracker.release(2, path[59], 1_000).is_some());
    assert_eq!(tracker.release(1, point(150.0, 80.0), 1_100), None);
}

#[test]
fn a_palm_that_lands_during_a_stroke_leaves_no_dot() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(10.0, 10.0), 0);
    tracker.move_to(1, point(20.0, 10.0), 50);
    tracker.press(2, point(80.0, 60.0), 60);
    assert_eq!(tracker.release(2, point(81.0, 60.0), 160), None);
    assert!(tracker.release(1, point(20.0, 10.0), 200).is_some());
}

#[test]
fn contacts_too_close_for_two_fingers_are_a_palm() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(100.0, 60.0), 0);
    tracker.press(2, point(108.0, 64.0), 10);
    assert!(!tracker.move_to(1, point(130.0, 60.0), 80) && !tracker.move_to(2, point(138.0, 64.0), 80));
    assert_eq!(tracker.release(1, point(130.0, 60.0), 100), None);
    assert_eq!(tracker.release(2, point(138.0, 64.0), 100), None);
}

#[test]
fn each_of_several_fingers_draws_its_own_stroke() {
    let mut tracker = ContactTracker::default();
    for finger in 0..4_u8 {
        tracker.press(finger, point(20.0 + f32::from(finger) * 25.0, 20.0), 0);
    }
    for step in 1..40_u16 {
        for finger in 0..4_u8 {
            tracker.move_to(
                finger,
                point(20.0 + f32::from(finger) * 25.0, 20.0 + f32::from(step)),
                u64::from(step) * 8,
            );
        }
    }
    for finger in 0..4_u8 {
        let stroke = tracker.release(finger, point(20.0 + f32::from(finger) * 25.0, 59.0), 400).unwrap();
        assert!(stroke.iter().all(|ink| (ink.at.x - 20.0 - f32::from(finger) * 25.0).abs() < 0.01));
    }
}

#[test]
fn a_finger_that_waits_before_the_first_stroke_still_draws_it() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(50.0, 50.0), 0);
    tracker.move_to(1, point(50.2, 50.0), 2_000);
    assert!(tracker.move_to(1, point(55.0, 50.0), 2_100));
    assert!(tracker.release(1, point(80.0, 50.0), 2_400).is_some());
}

#[test]
fn a_touch_that_is_cancelled_at_once_was_a_palm() {
    let mut tracker = ContactTracker::default();
    tracker.press(1, point(50.0, 50.0), 0);
    tracker.move_to(1, point(60.0, 50.0), 100);
    assert_eq!(tracker.lose(1, 200), None);
    tracker.press(1, point(50.0, 50.0), 10_000);
    tracker.move_to(1, point(60.0, 50.0), 10_100);
    assert!(tracker.lose(1, 11_000).is_some());
}

#[test]
fn a_quick_stroke_is_narrower_than_a_slow_one_and_its_width_changes_smoothly() {
    let widest = |stroke: &[InkPoint]| stroke.iter().map(|ink| ink.width_mm).fold(0.0, f32::max);
    let slow =
        draw(&mut ContactTracker::default(), 1, &straight(point(10.0, 10.0), point(60.0, 10.0), 250), 0).unwrap();
    let quick =
        draw(&mut ContactTracker::default(), 1, &straight(point(10.0, 10.0), point(160.0, 10.0), 20), 0).unwrap();
    assert!(widest(&slow) > 1.8, "{}", widest(&slow));
    assert!(quick[quick.len() - 1].width_mm < 1.25, "{}", quick[quick.len() - 1].width_mm);
    for stroke in [slow, quick] {
        for pair in stroke.windows(2) {
            let distance_mm = pair[0].at.distance(pair[1].at);
            assert!((pair[0].width_mm - pair[1].width_mm).abs() <= distance_mm * WIDTH_SLOPE * 1.2 + 0.01);
        }
    }
}

#[test]
fn tremor_is_smoothed() {
    let path: Vec<PagePoint> =
        (0..200).map(|step| point(10.0 + step as f32 * 0.3, 50.0 + if step % 2 == 0 { 0.25 } else { -0.25 })).collect();
    let stroke = draw(&mut ContactTracker::default(), 1, &path, 0).unwrap();
    let middle = &stroke[stroke.len() / 4..stroke.len() - 2];
    let deviation_mm = middle.iter().map(|ink| (ink.at.y - 50.0).abs()).fold(0.0, f32::max);
    assert!(deviation_mm < 0.17, "{deviation_mm}");
}

proptest! {
    /// For any touches in any order, a finger that lifts is no longer tracked, and every stroke has valid widths.
    #[test]
    fn any_touches_in_any_order_make_valid_strokes(
        touches in prop::collection::vec((0_u8..12, 0_u8..4, 0.0_f32..183.0, 0.0_f32..95.0, 0_u64..400), 0..200),
    ) {
        let mut tracker = ContactTracker::default();
        let mut now_ms = 0;
        for (finger, what, x, y, later_ms) in touches {
            now_ms += later_ms;
            let at = point(x, y);
            let stroke = match what {
                0 => { tracker.press(finger, at, now_ms); None }
                1 => { tracker.move_to(finger, at, now_ms); None }
                2 => tracker.release(finger, at, now_ms),
                _ => tracker.lose(finger, now_ms),
            };
            if let Some(stroke) = stroke {
                prop_assert!(!stroke.is_empty());
                prop_assert!(stroke.iter().all(|ink| (0.5..=DOT_WIDTH_MM).contains(&ink.width_mm) && ink.at.x.is_finite()));
            }
            if what >= 2 {
                prop_assert!(tracker.contacts.iter().all(|contact| contact.finger != finger));
            }
            prop_assert!(tracker.contacts.len() <= CONTACTS_MAX);
        }
    }
}
