//! Owns the layers of the window: the screen, the staff corner, the PIN pad and the staff sheet, the dark, and above all of
//! them the call. Only the dark shows no call until it is touched.

use std::sync::Arc;
use std::time::Duration;

use iced::widget::{Space, column, container, row, stack};
use iced::{Color, Element, Length, Padding};

use super::{App, Message, Screen, ScreenMessage, StaffLayer};
use crate::room::{Event, Stage, Trouble};
use crate::screen::{farewell, staff};
use crate::theme::{self, CALL_MM, MARGIN_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::call_band::{self, CallPlacement, StaffMessages};
use crate::widget::frame_monitor::frame_monitor;
use crate::widget::icon::Icon;
use crate::widget::page::PageGeometry;
use crate::widget::parts::{self, STAFF_HOLD};
use crate::widget::timer::timer;
use crate::widget::touch::{HoldRing, Trigger, touchable};

/// Time without a touch after which the PIN pad and the staff sheet close by themselves.
const IDLE_TIME: Duration = Duration::from_mins(1);
/// The same while staff talk to the patient and look away from the screen.
const TALK_TIME: Duration = Duration::from_mins(10);
/// Diameter of the ring that fills while the corner is held: a fingertip covers less.
const RING_MM: f32 = 24.0;
/// Widest line that tells the patient that staff are talking.
const TALK_LINE_MM: f32 = 92.0;

impl App {
    /// The window's content.
    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        let is_relied_on = self.ctx.snapshot.desks > 0;
        stack![self.layers(), frame_monitor(Arc::clone(&self.liveness), is_relied_on)].into()
    }

    /// Reports whether the PIN can be read. Checking a PIN may be the first to find its file damaged, or replaced.
    pub(super) fn report_pin(&self, is_lost: bool) {
        self.room.report(Event::TroubleChanged { trouble: Trouble::StaffPinLost, on: is_lost });
        if self.pin.copy_was_used() {
            self.room.report(Event::TroubleChanged { trouble: Trouble::StateRestored, on: true });
        }
    }

    fn layers(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        if matches!(self.screen, Screen::FirstRun(_)) {
            let call = self.call(CallPlacement::Corner);
            return stack![self.base(), call].into();
        }
        match &self.staff {
            StaffLayer::Pin(pad) => self.with_sheet(pad.sheet(ctx).map(Message::Pin), IDLE_TIME),
            StaffLayer::Open(sheet) => {
                let idle_time = if sheet.is_talking() { TALK_TIME } else { IDLE_TIME };
                self.with_sheet(sheet.view(ctx).map(Message::Staff), idle_time)
            }
            StaffLayer::Closed if ctx.snapshot.dark => self.dark(),
            StaffLayer::Closed => {
                // A cloth that rests on the corner must not ask for the PIN.
                let is_being_cleaned =
                    matches!(&self.screen, Screen::Turnover(turnover) if turnover.is_being_cleaned());
                let corner = (!is_being_cleaned).then(|| self.corner());
                let call = self.call(self.call_placement());
                stack![self.base()].push(corner).push(self.talk_line()).push(call).into()
            }
        }
    }

    /// Where the call is in this stage. It does not move when staff open their sheet.
    fn call_placement(&self) -> CallPlacement {
        if matches!(self.screen, Screen::Session(_)) { CallPlacement::Band } else { CallPlacement::Corner }
    }

    /// A sheet of staff beside what the patient sees, until nobody has touched it for `idle_time`.
    fn with_sheet<'a>(&'a self, sheet: Element<'a, Message>, idle_time: Duration) -> Element<'a, Message> {
        let ctx = &self.ctx;
        let beside = if ctx.snapshot.dark {
            parts::background(Color::BLACK, Space::new())
        } else if ctx.snapshot.stage.is_in_turnover() {
            parts::background(theme::DEEP_WATER, Space::new())
        } else {
            parts::over_place(ctx, 1.0, Space::new())
        };
        let idle = timer(parts::deadline(self.staff_touched_at, idle_time), Message::StaffIdle);
        stack![beside, sheet, column![idle]].push(self.talk_line()).push(self.call(self.call_placement())).into()
    }

    /// While staff talk, the patient reads why the music is quiet. An open call has its place.
    fn talk_line(&self) -> Option<Element<'_, Message>> {
        let ctx = &self.ctx;
        let snapshot = &ctx.snapshot;
        if !snapshot.talk_now || !snapshot.is_in_visit() || snapshot.call.is_some() {
            return None;
        }
        let line = parts::text_line(ctx.say("talk-line"), ctx.scale.body(), theme::VOICE, theme::SAND).line_height(1.2);
        let line = row![Icon::Person.view(ctx.mm(7.0), theme::LAMPLIGHT), line.width(Length::Shrink)];
        let line = parts::scrim(ctx, line.spacing(ctx.mm(3.0)).align_y(iced::Center));
        let top = Padding { top: ctx.mm(2.0), left: ctx.mm(TARGET_MM + 4.0), ..Padding::ZERO };
        // Between the corner of staff and that of the call.
        let free_mm = PageGeometry::of(ctx).width_mm - TARGET_MM - CALL_MM - 2.0 * MARGIN_MM;
        let width_mm = TALK_LINE_MM.min(free_mm);
        Some(container(container(line).max_width(ctx.mm(width_mm))).padding(top).into())
    }

    fn base(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        let screen = match &self.screen {
            Screen::FirstRun(first_run) => first_run.view(ctx).map(ScreenMessage::FirstRun),
            Screen::Ready(ready) => ready.view(ctx).map(ScreenMessage::Ready),
            Screen::Arrive(arrive) => arrive.view(ctx).map(ScreenMessage::Arrive),
            Screen::Session(session) => session.view(ctx).map(ScreenMessage::Session),
            Screen::After(after) => after.view(ctx).map(ScreenMessage::After),
            Screen::Farewell => farewell::view(ctx),
            Screen::Turnover(turnover) => turnover.view(ctx).map(ScreenMessage::Turnover),
        };
        screen.map(Message::Screen)
    }

    fn call(&self, placement: CallPlacement) -> Element<'_, Message> {
        let staff_messages = StaffMessages { here: Message::HereSlid, cleared: Message::ClearSlid };
        call_band::call(&self.ctx, placement, Message::CallPressed, staff_messages)
    }

    /// The corner that staff hold, which shows the hold as a ring. A mark in it tells staff of an empty room that something
    /// needs them, and nothing to the next patient; the sheet has the words.
    fn corner(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        let side = ctx.mm(TARGET_MM);
        let is_marked = ctx.snapshot.stage == Stage::Ready && staff::warning_count(&ctx.snapshot) > 0;
        let mark = is_marked.then(|| Icon::Person.view(ctx.mm(5.0), theme::faded(theme::SAND, 0.85)));
        let ring =
            HoldRing { color: theme::LAMPLIGHT, diameter_px: ctx.mm(RING_MM), centre_px: ctx.mm(RING_MM / 2.0 + 1.0) };
        let content = container(column![].push(mark)).padding(ctx.mm(5.0)).width(side).height(side);
        let corner = touchable("staff-corner", content)
            .ring(ring)
            .trigger(Trigger::Hold(STAFF_HOLD))
            .slop_px(self.ctx.mm(TOUCH_SLOP_MM))
            .on_press(Message::CornerHeld);
        container(corner).into()
    }

    /// The dark: a black frame, since a screen that is switched off may not report touches. The first touch anywhere shows
    /// the call as a dim panel; a second one, on the panel, calls.
    fn dark(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        let snapshot = &ctx.snapshot;
        let touch = touchable("dark-anywhere", Space::new().width(Length::Fill).height(Length::Fill))
            .trigger(Trigger::Press)
            .width(Length::Fill)
            .height(Length::Fill)
            .on_press(Message::DarkTouched);
        let black = parts::background(Color::BLACK, touch);
        let shows_panel = snapshot.dark_panel_until.is_some() || snapshot.call.is_some();
        if !shows_panel {
            return black;
        }
        let leave = parts::control(ctx, "dark-leave", ctx.say("dark-leave"), Message::DarkLeft).width(ctx.mm(52.0));
        let leave = column![container(leave).align_left(Length::Fill).padding(ctx.mm(3.0))];
        let panel = self.call(CallPlacement::DarkPanel);
        stack![black, leave, panel].into()
    }
}
