//! Owns the tracker of contacts, which distinguishes drawing fingers from resting palms and turns the movement of a
//! finger into a smooth stroke. The width of the stroke follows the speed of the finger. The tracker reads no clock:
//! positions in millimetres and times in milliseconds are passed in. Does not own the drawing of a stroke.
//!
//! iced reports neither the size nor the pressure of a touch, so a palm is recognised by its behaviour:
//! - A contact that lands and does not move draws nothing, however long it stays. Only a tap leaves a dot.
//! - A contact that has rested for `REST_AFTER_MS` keeps resting while another finger draws, and for `REST_KEPT_MS`
//!   after that, even if it slips.
//! - A contact that lands while another finger draws has to move further before it draws, and leaves no dot.
//! - If a contact lands closer to an earlier one than two fingers can be to each other, it is part of a palm. So is the other
//!   contact, unless it is drawing. A contact that is part of a palm never draws.
//!
//! The figures are estimates, not measurements.

/// Distance from the landing point at which a finger starts to draw, in mm.
const START_MM: f32 = 1.5;
/// Distance from the landing point at which a contact starts to draw if it has rested, or if another finger was drawing
/// when it landed, in mm.
const START_FAR_MM: f32 = 4.0;
/// Time after which a contact that has not started to draw counts as resting, in milliseconds.
const REST_AFTER_MS: u64 = 350;
/// Time for which a resting contact keeps resting after another finger has drawn, in milliseconds.
const REST_KEPT_MS: u64 = 1_200;
/// Smallest distance between two fingertips, in mm.
const FINGER_SPACING_MM: f32 = 13.0;
/// Time after landing within which a touch that the screen cancels counts as a palm, in milliseconds.
const CANCELLED_PALM_MS: u64 = 500;
/// Smoothing distance in mm, which is about the size of a tremor. The stroke follows only movements that are larger.
const SMOOTHING_MM: f32 = 0.5;
/// Minimum distance between two points of a slow stroke, in mm.
const POINT_SPACING_MM: f32 = 0.5;
/// Minimum distance between two points of the quickest stroke, in mm.
const POINT_SPACING_MAX_MM: f32 = 3.0;
/// Time in which a finger covers the minimum distance between two points, in milliseconds. The distance is limited by
/// [`POINT_SPACING_MM`] and [`POINT_SPACING_MAX_MM`].
const POINT_INTERVAL_MS: f32 = 12.0;
/// Width of a slow stroke, in mm.
pub(super) const WIDTH_MAX_MM: f32 = 2.4;
/// Width of a quick stroke, in mm.
const WIDTH_MIN_MM: f32 = 0.9;
/// Width of a dot, in mm.
const DOT_WIDTH_MM: f32 = 3.2;
/// Speed at which a stroke is halfway between [`WIDTH_MAX_MM`] and [`WIDTH_MIN_MM`] in width, in mm/s.
const HALF_WIDTH_SPEED_MM_S: f32 = 110.0;
/// Maximum change of a stroke's width, in mm for each mm of its length.
const WIDTH_SLOPE: f32 = 0.14;
/// Width at which a stroke starts, in mm.
const START_WIDTH_MM: f32 = 1.2;
/// Minimum time over which speed is measured, in milliseconds. Several touches can arrive in one batch, and the times
/// between them mean nothing.
const SPEED_WINDOW_MS: u64 = 6;
/// Maximum number of contacts tracked.
const CONTACTS_MAX: usize = 10;

/// A point on the page, in mm from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PagePoint {
    /// Distance from the left edge, in mm.
    pub x: f32,
    /// Distance from the top edge, in mm.
    pub y: f32,
}

impl PagePoint {
    fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// A point of a stroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InkPoint {
    /// Position on the page.
    pub at: PagePoint,
    /// The width of the stroke, in mm.
    pub width_mm: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContactRole {
    /// The contact has landed and draws nothing yet.
    Undecided,
    /// The contact draws.
    Drawing,
    /// The contact rests and draws nothing.
    Resting,
    /// The contact is part of a palm, and never draws.
    Palm,
}

#[derive(Debug)]
struct TrackedContact<F> {
    finger: F,
    role: ContactRole,
    landed_ms: u64,
    landed: PagePoint,
    last: PagePoint,
    /// Whether another finger was drawing when this contact landed.
    landed_during_stroke: bool,
    stroke: InkStroke,
}

/// Tracks all contacts on one page.
#[derive(Debug)]
pub struct ContactTracker<F> {
    contacts: Vec<TrackedContact<F>>,
    last_drawn_ms: Option<u64>,
}

impl<F> Default for ContactTracker<F> {
    fn default() -> Self {
        Self { contacts: Vec::new(), last_drawn_ms: None }
    }
}

impl<F: Copy + PartialEq> ContactTracker<F> {
    /// Handles a finger that lands.
    pub fn press(&mut self, finger: F, at: PagePoint, now_ms: u64) {
        if self.contacts.len() >= CONTACTS_MAX || self.contacts.iter().any(|contact| contact.finger == finger) {
            return;
        }
        let mut role = ContactRole::Undecided;
        for contact in self.contacts.iter_mut().filter(|contact| contact.last.distance(at) < FINGER_SPACING_MM) {
            role = ContactRole::Palm;
            if contact.role != ContactRole::Drawing {
                contact.role = ContactRole::Palm;
            }
        }
        let landed_during_stroke = self.is_drawing();
        let stroke = InkStroke::from(at, now_ms);
        self.contacts.push(TrackedContact {
            finger,
            role,
            landed_ms: now_ms,
            landed: at,
            last: at,
            landed_during_stroke,
            stroke,
        });
    }

    /// Handles a finger that moves. Returns whether it draws.
    pub fn move_to(&mut self, finger: F, to: PagePoint, now_ms: u64) -> bool {
        let another_drew = self.another_drew(&finger, now_ms);
        let Some(contact) = self.contacts.iter_mut().find(|contact| contact.finger == finger) else { return false };
        contact.move_to(to, now_ms, another_drew);
        let draws = contact.role == ContactRole::Drawing;
        if draws {
            self.last_drawn_ms = Some(now_ms);
        }
        draws
    }

    /// Handles a finger that lifts. Returns the stroke that it drew or the dot that it left, if any.
    pub fn release(&mut self, finger: F, at: PagePoint, now_ms: u64) -> Option<Vec<InkPoint>> {
        self.move_to(finger, at, now_ms);
        let index = self.contacts.iter().position(|contact| contact.finger == finger)?;
        let contact = self.contacts.swap_remove(index);
        match contact.role {
            ContactRole::Drawing => Some(contact.stroke.finish()),
            ContactRole::Undecided
                if !contact.landed_during_stroke
                    && now_ms.saturating_sub(contact.landed_ms) < REST_AFTER_MS
                    && !self.is_drawing() =>
            {
                self.last_drawn_ms = Some(now_ms);
                Some(vec![InkPoint { at: contact.landed, width_mm: DOT_WIDTH_MM }])
            }
            ContactRole::Undecided | ContactRole::Resting | ContactRole::Palm => None,
        }
    }

    /// Handles a touch that the screen cancels. A touch that has just landed is taken for a palm, and its stroke is
    /// dropped. The stroke of an older touch is returned.
    pub fn lose(&mut self, finger: F, now_ms: u64) -> Option<Vec<InkPoint>> {
        let index = self.contacts.iter().position(|contact| contact.finger == finger)?;
        let contact = self.contacts.swap_remove(index);
        let is_kept =
            contact.role == ContactRole::Drawing && now_ms.saturating_sub(contact.landed_ms) >= CANCELLED_PALM_MS;
        is_kept.then(|| contact.stroke.finish())
    }

    /// Returns whether any finger is drawing.
    #[must_use]
    pub fn is_drawing(&self) -> bool {
        self.contacts.iter().any(|contact| contact.role == ContactRole::Drawing)
    }

    /// Returns the unfinished strokes, each with its finger, its fixed points, and its moving tip.
    pub fn strokes(&self) -> impl Iterator<Item = (F, &[InkPoint], InkPoint)> {
        let drawing = self.contacts.iter().filter(|contact| contact.role == ContactRole::Drawing);
        drawing.map(|contact| (contact.finger, contact.stroke.points.as_slice(), contact.stroke.tip))
    }

    /// Returns the number of points of all unfinished strokes.
    #[must_use]
    pub fn point_count(&self) -> usize {
        self.strokes().map(|(_, points, _)| points.len() + 1).sum()
    }

    fn another_drew(&self, finger: &F, now_ms: u64) -> bool {
        let draws =
            self.contacts.iter().any(|contact| contact.role == ContactRole::Drawing && contact.finger != *finger);
        draws || self.last_drawn_ms.is_some_and(|drawn_ms| now_ms.saturating_sub(drawn_ms) < REST_KEPT_MS)
    }
}

impl<F> TrackedContact<F> {
    fn move_to(&mut self, to: PagePoint, now_ms: u64, another_drew: bool) {
        self.last = to;
        let moved_mm = self.landed.distance(to);
        let has_rested = now_ms.saturating_sub(self.landed_ms) >= REST_AFTER_MS;
        if self.role == ContactRole::Undecided {
            let start_mm = if self.landed_during_stroke { START_FAR_MM } else { START_MM };
            if !has_rested && moved_mm >= start_mm {
                self.role = ContactRole::Drawing;
            } else if has_rested {
                self.role = ContactRole::Resting;
            }
        }
        // Somebody may have paused before drawing. The contact is not taken for a palm, because no other finger is
        // drawing or has just drawn.
        if self.role == ContactRole::Resting && !another_drew && moved_mm >= START_FAR_MM {
            self.role = ContactRole::Drawing;
        }
        if matches!(self.role, ContactRole::Undecided | ContactRole::Drawing) {
            self.stroke.extend_to(to, now_ms);
        } else {
            self.stroke = InkStroke::from(to, now_ms);
        }
    }
}

/// An unfinished stroke.
#[derive(Debug)]
struct InkStroke {
    points: Vec<InkPoint>,
    /// The end of the stroke, which follows the finger smoothly.
    tip: InkPoint,
    /// The position of the finger.
    finger: PagePoint,
    speed_mm_s: f32,
    measured_at_ms: u64,
    moved_since_mm: f32,
}

impl InkStroke {
    fn from(at: PagePoint, now_ms: u64) -> Self {
        let point = InkPoint { at, width_mm: START_WIDTH_MM };
        Self {
            points: vec![point],
            tip: point,
            finger: at,
            speed_mm_s: 0.0,
            measured_at_ms: now_ms,
            moved_since_mm: 0.0,
        }
    }

    fn extend_to(&mut self, to: PagePoint, now_ms: u64) {
        self.measure_speed(to, now_ms);
        self.finger = to;
        let ahead_mm = self.tip.at.distance(to);
        // A tremor hardly moves the tip, but the tip follows a longer movement almost without lag.
        self.move_tip(to, ahead_mm / (ahead_mm + SMOOTHING_MM));
        let spacing_mm = (self.speed_mm_s * POINT_INTERVAL_MS / 1_000.0).clamp(POINT_SPACING_MM, POINT_SPACING_MAX_MM);
        if self.last().at.distance(self.tip.at) >= spacing_mm {
            self.points.push(self.tip);
        }
    }

    fn measure_speed(&mut self, to: PagePoint, now_ms: u64) {
        self.moved_since_mm += self.finger.distance(to);
        let over_ms = now_ms.saturating_sub(self.measured_at_ms);
        if over_ms >= SPEED_WINDOW_MS {
            let speed_mm_s = self.moved_since_mm * 1_000.0 / over_ms as f32;
            self.speed_mm_s += (speed_mm_s - self.speed_mm_s) * 0.35;
            self.measured_at_ms = now_ms;
            self.moved_since_mm = 0.0;
        }
    }

    fn move_tip(&mut self, to: PagePoint, part: f32) {
        let from = self.tip.at;
        let at = PagePoint { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
        let target_mm = WIDTH_MIN_MM + (WIDTH_MAX_MM - WIDTH_MIN_MM) / (1.0 + self.speed_mm_s / HALF_WIDTH_SPEED_MM_S);
        let change_max_mm = from.distance(at) * WIDTH_SLOPE;
        let width_mm = self.tip.width_mm + (target_mm - self.tip.width_mm).clamp(-change_max_mm, change_max_mm);
        self.tip = InkPoint { at, width_mm };
    }

    /// Returns the stroke up to the point where the finger lifted.
    fn finish(mut self) -> Vec<InkPoint> {
        self.move_tip(self.finger, 1.0);
        if self.last().at.distance(self.tip.at) > 0.05 {
            self.points.push(self.tip);
        }
        self.points
    }

    fn last(&self) -> InkPoint {
        self.points.last().copied().unwrap_or(self.tip)
    }
}

#[cfg(test)]
mod tests;
