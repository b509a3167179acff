//! Randomised clumsy hands: people who try to call, and people who only rest their hands on the screen. Lengths are in
//! millimetres on a 10.1-inch screen. The seed is printed, and `STILLROOM_SEED` replays it.
//!
//! | what | distribution | source |
//! |---|---|---|
//! | aim | normal, standard deviation 5 mm; 8 mm for one person in five | people with motor impairments keep improving with targets of up to 30 mm, and miss three times as often on a touch screen as with a mouse (Findlater et al., CHI 2017) |
//! | vision | a constant vertical error of up to 4 mm | blurred and double vision; an estimate |
//! | tremor | 4 to 12 Hz, up to 4 mm | physiological 8 to 12, essential 4 to 12 Hz (PMC6806079); the amplitude is an estimate |
//! | lift | after 40 ms to 3 s, drifting up to 20 mm | slow taps; the design requires at least 15 mm |
//! | more fingers | in one attempt in three, up to three more fingers land near the first | spurious touches are common (Findlater et al.) |
//! | a resting hand | half of the people have up to three contacts elsewhere on the screen | a tablet in the lap |
//! | the edge | a fingertip centred up to 5 mm off the screen is reported at its edge | capacitive screens |
//! | a lost finger | one contact in twenty is cancelled | the touch driver takes the finger for a palm |

use std::f32::consts::TAU;
use std::time::{SystemTime, UNIX_EPOCH};

use iced::touch::{Event as Touch, Finger};
use iced::{Event as WindowEvent, Point, Rectangle};
use stillroom::room::Event;
use stillroom::room::Stage;
use stillroom::room::call::CallPhase;

use crate::tablet::{SIZE, Tablet, mm};

/// Shortest and longest time from a failed attempt to the next one, in seconds.
const RETRY_AFTER_S: (f32, f32) = (0.8, 2.0);
/// Time limit for a person to place a call, in seconds.
const WITHIN_S: f32 = 5.0;
/// Number of times per hour that a resting hand is laid on the screen.
const GRIPS_PER_HOUR: u32 = 60;

/// A xorshift generator of pseudo-random numbers.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let from_clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("STILLROOM_SEED").map_or_else(|_| from_clock(), |seed| seed.parse().unwrap());
        println!("STILLROOM_SEED={seed}");
        Self(seed | 1)
    }

    fn part(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + self.part() * (high - low)
    }

    fn one_in(&mut self, many: f32) -> bool {
        self.part() < 1.0 / many
    }

    fn normal(&mut self, deviation: f32) -> f32 {
        (-2.0 * self.part().max(1e-6).ln()).sqrt() * (TAU * self.part()).cos() * deviation
    }
}

/// The position at which the screen reports a finger centred at `at`. `None` if the finger is more than 5 mm off the
/// screen.
fn reported(at: Point) -> Option<Point> {
    let beyond = |x: f32, far: f32| (-mm(5.0)..far + mm(5.0)).contains(&x);
    (beyond(at.x, SIZE.width) && beyond(at.y, SIZE.height))
        .then(|| Point::new(at.x.clamp(0.0, SIZE.width - 1.0), at.y.clamp(0.0, SIZE.height - 1.0)))
}

fn moved(finger: u64, at: Point) -> WindowEvent {
    WindowEvent::Touch(Touch::FingerMoved { id: Finger(finger), position: at })
}

fn gone(chance: &mut Chance, finger: u64, at: Point) -> WindowEvent {
    let id = Finger(finger);
    let lost = chance.one_in(20.0);
    WindowEvent::Touch(if lost {
        Touch::FingerLost { id, position: at }
    } else {
        Touch::FingerLifted { id, position: at }
    })
}

/// How one person aims and trembles: lengths in millimetres, the frequency in hertz.
struct Hands {
    deviation_mm: f32,
    bias_mm: f32,
    tremor_mm: f32,
    tremor_hz: f32,
}

impl Hands {
    fn of_somebody(chance: &mut Chance) -> Self {
        Self {
            deviation_mm: if chance.one_in(5.0) { 8.0 } else { 5.0 },
            bias_mm: chance.between(-4.0, 4.0),
            tremor_mm: chance.between(0.0, 4.0),
            tremor_hz: chance.between(4.0, 12.0),
        }
    }

    /// The events of one attempt, and the time until the finger lands, in seconds.
    fn attempt(&self, chance: &mut Chance, target: Rectangle) -> (Vec<WindowEvent>, f32) {
        let lands_after_s = chance.between(0.3, 1.0);
        // On a wide target such as the call button, people aim anywhere but at its ends.
        let wanted = Point::new(
            target.x + target.width * if target.width > mm(60.0) { chance.between(0.15, 0.85) } else { 0.5 },
            target.center_y(),
        );
        let shake =
            |chance: &mut Chance, t_s: f32| self.tremor_mm * (TAU * (self.tremor_hz * t_s + chance.part())).sin();
        let hit = Point::new(
            wanted.x + mm(chance.normal(self.deviation_mm) + shake(chance, lands_after_s)),
            wanted.y + mm(chance.normal(self.deviation_mm) + self.bias_mm + shake(chance, lands_after_s)),
        );
        let more = if chance.one_in(3.0) { 1 + (chance.part() * 3.0) as u64 } else { 0 };
        let mut contacts: Vec<(u64, Point)> = vec![(10, hit)];
        for other in 0..more {
            let beside = Point::new(hit.x + mm(chance.between(-25.0, 25.0)), hit.y + mm(chance.between(-25.0, 25.0)));
            contacts.push((11 + other, beside));
        }
        if chance.one_in(2.0) {
            contacts.reverse();
        }
        let mut events = Vec::new();
        for (finger, at) in &contacts {
            events.extend(reported(*at).map(|at| Tablet::down(*finger, at)));
        }
        let held_s = chance.between(0.04, 3.0);
        let (drift, heading) = (chance.between(0.0, 20.0), chance.between(0.0, TAU));
        for (finger, start) in &contacts {
            let Some(reported_at) = reported(*start) else { continue };
            let mut at = reported_at;
            for step in 1..=3_u8 {
                let part = f32::from(step) / 3.0;
                let x = start.x + mm(drift * part * heading.cos() + shake(chance, held_s * part));
                let y = start.y + mm(drift * part * heading.sin() + shake(chance, held_s * part));
                if let Some(reported_now) = reported(Point::new(x, y)) {
                    at = reported_now;
                    events.push(moved(*finger, at));
                }
            }
            events.push(gone(chance, *finger, at));
        }
        (events, lands_after_s)
    }
}

/// The contacts of a hand laid at a random position on the screen. Those within `band`, the call button, are left out.
/// The ids of the fingers begin at `first`.
fn resting(chance: &mut Chance, first: u64, band: Rectangle) -> Vec<(u64, Point)> {
    let middle = Point::new(chance.between(0.0, SIZE.width), chance.between(0.0, SIZE.height));
    let count = 1 + (chance.part() * 5.0) as u64;
    let around = |chance: &mut Chance| mm(chance.normal(18.0));
    (0..count)
        .filter_map(|finger| {
            let at = reported(Point::new(middle.x + around(chance), middle.y + around(chance)))?;
            (!band.contains(at)).then_some((first + finger, at))
        })
        .collect()
}

fn in_session() -> Tablet {
    let mut tablet = Tablet::new();
    tablet.send(Event::SessionBegins { profile: None, infusion_minutes: None, settle: false });
    tablet.until("the session runs", |snapshot| snapshot.stage == Stage::Session);
    tablet
}

fn has_called(tablet: &mut Tablet) -> bool {
    tablet.settle();
    // The snapshot shows the call only once the journal has answered or 300 ms have passed, so the room is asked as
    // well.
    let called = tablet.snapshot().call.is_some();
    if !called {
        // The room refuses *Here* without a call.
        return tablet.try_send(Event::CallHere { id: None });
    }
    true
}

fn clear(tablet: &mut Tablet) {
    tablet.until("the call is seen", |snapshot| snapshot.call.is_some());
    if tablet.snapshot().call.is_some_and(|call| call.phase != CallPhase::Here) {
        tablet.send(Event::CallHere { id: None });
    }
    tablet.send(Event::CallCleared);
    tablet.until("no call", |snapshot| snapshot.call.is_none());
}

/// Simulates this many people. Returns the number of those who failed to call within two attempts and [`WITHIN_S`].
fn failures_among(people: u32) -> u32 {
    let mut chance = Chance::new();
    let mut tablet = in_session();
    let mut failures = 0;
    for _ in 0..people {
        reset(&mut tablet);
        let hands = Hands::of_somebody(&mut chance);
        let target = tablet.at("call");
        let rests = if chance.one_in(2.0) { resting(&mut chance, 1, target) } else { Vec::new() };
        for (finger, at) in rests.iter().take(3) {
            tablet.press(*finger, *at);
        }
        let (mut took_s, mut called) = (0.0, false);
        for attempt in 0..2 {
            let (events, lands_after_s) = hands.attempt(&mut chance, target);
            took_s += lands_after_s + if attempt > 0 { chance.between(RETRY_AFTER_S.0, RETRY_AFTER_S.1) } else { 0.0 };
            for event in events {
                tablet.batch(&[event]);
            }
            called = has_called(&mut tablet);
            if called {
                break;
            }
        }
        failures += u32::from(!called || took_s > WITHIN_S);
        for (finger, at) in rests.iter().take(3) {
            tablet.lift(*finger, *at);
        }
        if called {
            clear(&mut tablet);
        } else {
            // A stray touch may have opened something else, so the next person gets a new tablet.
            tablet = in_session();
        }
    }
    failures
}

#[test]
fn clumsy_hands_call_within_two_attempts() {
    let failures = failures_among(150);
    assert!(failures <= 2, "{failures} of 150 could not");
}

#[test]
#[ignore = "takes minutes; make soak"]
fn soak_clumsy_hands_call_within_two_attempts() {
    let people: u32 = std::env::var("STILLROOM_PEOPLE").map_or(20_000, |many| many.parse().unwrap());
    let failures = failures_among(people);
    let part = f64::from(people - failures) / f64::from(people) * 100.0;
    println!("{part:.3} % of {people} people called within two attempts and {WITHIN_S} s");
    assert!(part >= 99.9, "{part} %");
}

/// Simulates this many hours of resting hands, with and without an open call. Returns how often the hands pressed the
/// call button, and how often they slid *Here* or *Clear*.
fn caused_by_resting_hands(hours: u32) -> (u32, u32) {
    let mut chance = Chance::new();
    let mut tablet = in_session();
    let (mut calls, mut staff) = (0, 0);
    for grip in 0..hours * GRIPS_PER_HOUR {
        // A call is open every other quarter of an hour, so that hands can rest on *Here* and *Clear*.
        let open = grip / 15 % 2 == 1;
        let is_open = tablet.snapshot().call.is_some();
        if open && !is_open {
            tablet.key("F12");
            tablet.until("the call is seen", |snapshot| snapshot.call.is_some());
            if grip / 30 % 2 == 1 {
                tablet.send(Event::CallHere { id: None });
            }
        } else if !open && is_open {
            clear(&mut tablet);
        }
        let before = tablet.snapshot().call.map(|call| (call.phase, call.presses));
        let hand = resting(&mut chance, 1, tablet.at("call"));
        for (finger, at) in &hand {
            tablet.press(*finger, *at);
        }
        let lasts_s = chance.between(1.0, 59.0);
        tablet.after(std::time::Duration::from_secs_f32(lasts_s));
        let mut ends = Vec::new();
        for (finger, at) in &hand {
            let drifted = Point::new(at.x + mm(chance.normal(4.0)), at.y + mm(chance.normal(4.0)));
            ends.push(moved(*finger, drifted));
            ends.push(gone(&mut chance, *finger, drifted));
        }
        tablet.batch(&ends);
        tablet.settle();
        let after = tablet.snapshot().call.map(|call| (call.phase, call.presses));
        match (before, after) {
            (None, Some(_)) => calls += 1,
            (Some((phase, _)), now) if now.is_none_or(|(after, _)| after != phase) => staff += 1,
            (Some((_, presses)), Some((_, after))) if after != presses => calls += 1,
            _ => {}
        }
        reset(&mut tablet);
    }
    (calls, staff)
}

/// Closes everything that the hands have opened, such as the PIN pad or *Dark*, the black screen. Opening these is
/// harmless and not counted.
fn reset(tablet: &mut Tablet) {
    for event in [Event::Dark { on: false }, Event::Anchor { on: false }, Event::TalkNow { on: false }] {
        tablet.send(event);
    }
    for _ in 0..4 {
        let Some(close) = ["pin-close", "close"].into_iter().find(|close| tablet.shows(close)) else { return };
        tablet.tap(99, tablet.at(close).center());
    }
    panic!("what a resting hand opened cannot be closed: {:?}", tablet.controls());
}

#[test]
fn a_hand_that_rests_anywhere_but_on_the_band_does_not_call_or_press_here_or_clear() {
    assert_eq!(caused_by_resting_hands(5), (0, 0));
}

#[test]
#[ignore = "takes minutes; make soak"]
fn soak_a_thousand_hours_of_resting_hands() {
    let hours: u32 = std::env::var("STILLROOM_HOURS").map_or(1_000, |many| many.parse().unwrap());
    let (calls, staff) = caused_by_resting_hands(hours);
    println!("{hours} hours of resting hands: {calls} calls, {staff} times here or cleared");
    assert!(calls * 1_000 <= hours && staff == 0);
}
