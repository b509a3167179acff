//! Owns what a hand on the page means: which contact draws and which only rests, and how a moving finger becomes a
//! smooth line whose width follows its speed. Pure: millimetres and milliseconds come in. Does not own how it is seen.
//!
//! A screen tells no size and no force of a touch, so a palm is known by what it does:
//! - What lands and lies still draws nothing, however long it lies. Only a tap leaves a dot.
//! - What has lain still for a while goes on resting while another finger draws, and a moment longer, even if it slips.
//! - What lands while another finger draws has to set out boldly, and leaves no dot.
//! - Contacts so near each other that no two fingers could be are a palm, and draw nothing until they lift.

/// A finger that has gone so far from where it landed draws, in mm.
const SETS_OUT_MM: f32 = 1.5;
/// One that has rested, or landed beside a finger that draws, has to go so far, in mm.
const SETS_OUT_BOLDLY_MM: f32 = 4.0;
/// What has not set out by now rests.
const RESTS_AFTER_MS: u64 = 350;
/// A hand that rests is not a finger until so long after another finger has drawn.
const HAND_STAYS_MS: u64 = 1_200;
/// No two fingers land closer to each other, in mm.
const FINGERS_APART_MM: f32 = 13.0;
/// A line that the screen takes back this soon was a palm's.
const TAKEN_BACK_MS: u64 = 500;
/// A finger trembles by about so much, in mm; further than that the line follows it.
const TREMBLE_MM: f32 = 0.5;
/// Points lie at least so far apart, in mm, and further where the finger is quick.
const POINT_EVERY_MM: f32 = 0.5;
const POINT_EVERY_MM_MAX: f32 = 3.0;
const POINT_EVERY_MS: f32 = 12.0;
/// A slow line, a quick one, and a dot, in mm.
const WIDEST_MM: f32 = 2.4;
const NARROWEST_MM: f32 = 0.9;
const DOT_MM: f32 = 3.2;
/// At this speed a line is midway between its widest and its narrowest, in mm/s.
const MIDWAY_MM_S: f32 = 110.0;
/// Width changes by at most so much on each millimetre of way.
const WIDTH_SLOPE: f32 = 0.14;
/// A line begins this narrow and grows.
const BEGINS_MM: f32 = 1.2;
/// Speed is taken over at least so long: several touches can come in one batch.
const SPEED_OVER_MS: u64 = 6;
/// Hands have ten fingers; more contacts are not followed.
const CONTACTS_MAX: usize = 10;

/// A place on the page, in mm from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

impl Spot {
    fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A point of a line under way, in mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PenPoint {
    /// Where it is.
    pub at: Spot,
    /// How wide the line is there, in mm.
    pub width_mm: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It has landed, and nothing shows yet.
    Unsure,
    /// It draws.
    Draws,
    /// It lies there.
    Rests,
    /// It is part of a palm, and stays that.
    Palm,
}

#[derive(Debug)]
struct Contact<F> {
    finger: F,
    manner: Manner,
    landed_ms: u64,
    landed: Spot,
    last: Spot,
    beside_a_drawing_finger: bool,
    line: Line,
}

/// A hand, or several, on one page.
#[derive(Debug)]
pub struct Hand<F> {
    contacts: Vec<Contact<F>>,
    last_drawn_ms: Option<u64>,
}

impl<F> Default for Hand<F> {
    fn default() -> Self {
        Self { contacts: Vec::new(), last_drawn_ms: None }
    }
}

impl<F: Copy + PartialEq> Hand<F> {
    /// A finger lands.
    pub fn lands(&mut self, finger: F, at: Spot, now_ms: u64) {
        if self.contacts.len() >= CONTACTS_MAX || self.contacts.iter().any(|contact| contact.finger == finger) {
            return;
        }
        let mut manner = Manner::Unsure;
        for contact in self.contacts.iter_mut().filter(|contact| contact.last.distance(at) < FINGERS_APART_MM) {
            manner = Manner::Palm;
            if contact.manner != Manner::Draws {
                contact.manner = Manner::Palm;
            }
        }
        let beside_a_drawing_finger = self.draws();
        let line = Line::from(at, now_ms);
        self.contacts.push(Contact {
            finger,
            manner,
            landed_ms: now_ms,
            landed: at,
            last: at,
            beside_a_drawing_finger,
            line,
        });
    }

    /// A finger moves. Says whether something that shows has changed.
    pub fn moves(&mut self, finger: F, to: Spot, now_ms: u64) -> bool {
        let another_drew = self.another_drew(&finger, now_ms);
        let Some(contact) = self.contacts.iter_mut().find(|contact| contact.finger == finger) else { return false };
        contact.moves(to, now_ms, another_drew);
        let draws = contact.manner == Manner::Draws;
        if draws {
            self.last_drawn_ms = Some(now_ms);
        }
        draws
    }

    /// A finger lifts: the line it drew, or the dot it left.
    pub fn lifts(&mut self, finger: F, at: Spot, now_ms: u64) -> Option<Vec<PenPoint>> {
        self.moves(finger, at, now_ms);
        let index = self.contacts.iter().position(|contact| contact.finger == finger)?;
        let contact = self.contacts.swap_remove(index);
        match contact.manner {
            Manner::Draws => Some(contact.line.finished()),
            Manner::Unsure
                if !contact.beside_a_drawing_finger
                    && now_ms.saturating_sub(contact.landed_ms) < RESTS_AFTER_MS
                    && !self.draws() =>
            {
                self.last_drawn_ms = Some(now_ms);
                Some(vec![PenPoint { at: contact.landed, width_mm: DOT_MM }])
            }
            Manner::Unsure | Manner::Rests | Manner::Palm => None,
        }
    }

    /// The screen takes a touch back. Soon after landing it was a palm's; later the line stands as it is.
    pub fn is_lost(&mut self, finger: F, now_ms: u64) -> Option<Vec<PenPoint>> {
        let index = self.contacts.iter().position(|contact| contact.finger == finger)?;
        let contact = self.contacts.swap_remove(index);
        let stands = contact.manner == Manner::Draws && now_ms.saturating_sub(contact.landed_ms) >= TAKEN_BACK_MS;
        stands.then(|| contact.line.finished())
    }

    /// Whether any finger draws now.
    #[must_use]
    pub fn draws(&self) -> bool {
        self.contacts.iter().any(|contact| contact.manner == Manner::Draws)
    }

    /// The lines under way: whose they are, the points that stay, and where the line goes on to.
    pub fn lines(&self) -> impl Iterator<Item = (F, &[PenPoint], PenPoint)> {
        let drawing = self.contacts.iter().filter(|contact| contact.manner == Manner::Draws);
        drawing.map(|contact| (contact.finger, contact.line.points.as_slice(), contact.line.tip))
    }

    /// How many points all lines under way have.
    #[must_use]
    pub fn points(&self) -> usize {
        self.lines().map(|(_, points, _)| points.len() + 1).sum()
    }

    fn another_drew(&self, finger: &F, now_ms: u64) -> bool {
        let draws = self.contacts.iter().any(|contact| contact.manner == Manner::Draws && contact.finger != *finger);
        draws || self.last_drawn_ms.is_some_and(|drawn_ms| now_ms.saturating_sub(drawn_ms) < HAND_STAYS_MS)
    }
}

impl<F> Contact<F> {
    fn moves(&mut self, to: Spot, now_ms: u64, another_drew: bool) {
        self.last = to;
        let gone_mm = self.landed.distance(to);
        let lies = now_ms.saturating_sub(self.landed_ms) >= RESTS_AFTER_MS;
        if self.manner == Manner::Unsure {
            let sets_out_mm = if self.beside_a_drawing_finger { SETS_OUT_BOLDLY_MM } else { SETS_OUT_MM };
            if !lies && gone_mm >= sets_out_mm {
                self.manner = Manner::Draws;
            } else if lies {
                self.manner = Manner::Rests;
            }
        }
        // Someone who thinks before the first line: nobody else draws, so this is no palm.
        if self.manner == Manner::Rests && !another_drew && gone_mm >= SETS_OUT_BOLDLY_MM {
            self.manner = Manner::Draws;
        }
        if matches!(self.manner, Manner::Unsure | Manner::Draws) {
            self.line.goes_to(to, now_ms);
        } else {
            self.line = Line::from(to, now_ms);
        }
    }
}

/// A line under way.
#[derive(Debug)]
struct Line {
    points: Vec<PenPoint>,
    /// Where the smoothed line is now.
    tip: PenPoint,
    /// Where the finger is.
    finger: Spot,
    speed_mm_s: f32,
    speed_since_ms: u64,
    way_since_mm: f32,
}

impl Line {
    fn from(at: Spot, now_ms: u64) -> Self {
        let point = PenPoint { at, width_mm: BEGINS_MM };
        Self { points: vec![point], tip: point, finger: at, speed_mm_s: 0.0, speed_since_ms: now_ms, way_since_mm: 0.0 }
    }

    fn goes_to(&mut self, to: Spot, now_ms: u64) {
        self.takes_speed(to, now_ms);
        self.finger = to;
        let ahead_mm = self.tip.at.distance(to);
        // A tremble moves the line little; a way is followed with hardly a lag.
        self.pull(to, ahead_mm / (ahead_mm + TREMBLE_MM));
        let every_mm = (self.speed_mm_s * POINT_EVERY_MS / 1_000.0).clamp(POINT_EVERY_MM, POINT_EVERY_MM_MAX);
        if self.last().at.distance(self.tip.at) >= every_mm {
            self.points.push(self.tip);
        }
    }

    fn takes_speed(&mut self, to: Spot, now_ms: u64) {
        self.way_since_mm += self.finger.distance(to);
        let over_ms = now_ms.saturating_sub(self.speed_since_ms);
        if over_ms >= SPEED_OVER_MS {
            let speed_mm_s = self.way_since_mm * 1_000.0 / over_ms as f32;
            self.speed_mm_s += (speed_mm_s - self.speed_mm_s) * 0.35;
            self.speed_since_ms = now_ms;
            self.way_since_mm = 0.0;
        }
    }

    fn pull(&mut self, to: Spot, part: f32) {
        let from = self.tip.at;
        let at = Spot { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
        let wished_mm = NARROWEST_MM + (WIDEST_MM - NARROWEST_MM) / (1.0 + self.speed_mm_s / MIDWAY_MM_S);
        let most_mm = from.distance(at) * WIDTH_SLOPE;
        let width_mm = self.tip.width_mm + (wished_mm - self.tip.width_mm).clamp(-most_mm, most_mm);
        self.tip = PenPoint { at, width_mm };
    }

    /// The line to where the finger lifted.
    fn finished(mut self) -> Vec<PenPoint> {
        self.pull(self.finger, 1.0);
        if self.last().at.distance(self.tip.at) > 0.05 {
            self.points.push(self.tip);
        }
        self.points
    }

    fn last(&self) -> PenPoint {
        self.points.last().copied().unwrap_or(self.tip)
    }
}

#[cfg(test)]
mod tests;
