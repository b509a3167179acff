//! Owns the layers of the window: the screen, the staff corner, the PIN pad, the staff sheet, the dark, and the call
//! above all of them. The call is always visible, except in the dark, where a touch shows it for a while. Does not own
//! the content of a layer.

use std::sync::Arc;
use std::time::Duration;

use iced::widget::{Space, column, container, row, stack};
use iced::{Color, Element, Length};

use super::{App, Message, StaffLayer};
use crate::room::{Event, Stage, Trouble};
use crate::screen::{Screen, staff};
use crate::theme::{self, TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::ViewContext;
use crate::widget::call_band::{self, CallMessages, CallPlacement};
use crate::widget::frame_monitor::frame_monitor;
use crate::widget::icon::Icon;
use crate::widget::notice;
use crate::widget::page::PageGeometry;
use crate::widget::parts::{self, STAFF_HOLD};
use crate::widget::redraw;
use crate::widget::staff_sheet::SheetGeometry;
use crate::widget::timer::timer;
use crate::widget::touch::{HoldRing, Trigger, touchable};
use crate::widget::veil::Veil;

/// Time without a touch after which the PIN pad or the staff sheet closes by itself.
const IDLE_TIME: Duration = Duration::from_mins(1);
/// Time without a touch after which the staff sheet closes by itself while staff talk to the patient. It is longer than
/// [`IDLE_TIME`], because they look away from the screen.
const TALK_TIME: Duration = Duration::from_mins(10);
/// Maximum width of the line below the corner, in millimetres.
const LINE_MM: f32 = 78.0;
/// Diameter of the ring that fills while staff hold their corner, in millimetres. It is larger than a fingertip, which
/// would otherwise hide it.
const RING_MM: f32 = 24.0;

impl App {
    /// Returns the window's content: all layers, and two invisible widgets. One records each frame; the other makes the
    /// software renderer redraw the whole window once after each change of the view.
    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        let is_relied_on = self.ctx.snapshot.desks > 0;
        let monitor = frame_monitor(Arc::clone(&self.liveness), is_relied_on);
        stack![self.layers(), monitor, redraw::window(self.changes)].into()
    }

    /// Reports to the room whether the stored PIN is unreadable (`is_lost`). If a copy has replaced the damaged file of
    /// the PIN, reports this as well. A check of a typed PIN may be the first to notice either.
    pub(super) fn report_pin(&self, is_lost: bool) {
        self.room.report(Event::TroubleChanged { trouble: Trouble::StaffPinLost, on: is_lost });
        if self.pin.copy_was_used() {
            self.room.report(Event::TroubleChanged { trouble: Trouble::StateRestored, on: true });
        }
    }

    fn layers(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        if matches!(self.screen, Screen::FirstRun(_)) {
            return stack![self.base(), call(ctx, CallPlacement::Corner)].into();
        }
        match &self.staff {
            StaffLayer::Pin(pad) => self.with_sheet(pad.sheet(&ctx.for_staff()).map(Message::Pin), IDLE_TIME),
            StaffLayer::Open(sheet) => {
                let idle_time = if sheet.is_talking() { TALK_TIME } else { IDLE_TIME };
                self.with_sheet(sheet.view(&ctx.for_staff()).map(Message::Staff), idle_time)
            }
            StaffLayer::Closed if ctx.snapshot.dark => self.dark(),
            StaffLayer::Closed => {
                // While the screen is being cleaned, a cloth that rests on the corner must not open the PIN pad.
                let is_being_cleaned =
                    matches!(&self.screen, Screen::Turnover(turnover) if turnover.is_being_cleaned());
                let corner = (!is_being_cleaned).then(|| self.corner());
                let placement = self.call_placement();
                let notice = self.screen.has_room_for_notice().then(|| notice::layer(ctx, 0.0)).flatten();
                stack![self.base()].push(notice).push(corner).push(call(ctx, placement)).into()
            }
        }
    }

    /// Returns where the call is on the current screen. It stays there when staff open their sheet.
    fn call_placement(&self) -> CallPlacement {
        if matches!(self.screen, Screen::Session(_)) { CallPlacement::Band } else { CallPlacement::Corner }
    }

    /// Shows `sheet`, which is the PIN pad or the staff sheet. Beside it is the room's place or, in turnover and in the
    /// dark, a plain background. After `idle_time` without a touch, the pad or the sheet closes.
    fn with_sheet<'a>(&'a self, sheet: Element<'a, Message>, idle_time: Duration) -> Element<'a, Message> {
        let ctx = &self.ctx;
        let beside = if ctx.snapshot.dark {
            parts::background(Color::BLACK, Space::new())
        } else if ctx.snapshot.stage.is_in_turnover() {
            parts::background(theme::DEEP_WATER, Space::new())
        } else {
            parts::over_place(ctx, 1.0, Veil::None, Space::new())
        };
        let idle = timer(parts::deadline(self.staff_touched_at, idle_time), Message::StaffIdle);
        let covered_mm = SheetGeometry::of(ctx).covered_top_mm();
        // On a small landscape display, the sheet covers everything but the call, so a notice would not be visible.
        let is_covered = covered_mm >= PageGeometry::of(ctx).width_mm;
        let notice = (!is_covered).then(|| notice::layer(ctx, covered_mm)).flatten();
        stack![beside].push(notice).push(sheet).push(column![idle]).push(call(ctx, self.call_placement())).into()
    }

    fn base(&self) -> Element<'_, Message> {
        self.screen.view(&self.ctx).map(Message::Screen)
    }

    /// The corner that staff hold to open the PIN pad, away from the patient's free hand and from the call. A ring
    /// shows the progress of the hold. The corner says what it is for while the room is ready and in the farewell, when
    /// staff who are new here have to find it and nobody is in a session; at other times it is empty, because a patient
    /// reads the screen. The icon is brighter if there are warnings. It means nothing to the next patient; only the
    /// staff sheet explains the warnings.
    fn corner(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        let side = ctx.mm(TARGET_MM);
        let is_empty = ctx.snapshot.stage == Stage::Ready;
        let is_named = (is_empty || ctx.snapshot.stage == Stage::Farewell) && ctx.current_notice().is_none();
        let has_warnings = is_empty && staff::warning_count(&ctx.snapshot) > 0;
        let ring =
            HoldRing { color: theme::LAMPLIGHT, diameter_px: ctx.mm(RING_MM), centre_px: ctx.mm(RING_MM / 2.0 + 1.0) };
        let label = is_named.then(|| {
            let color = if has_warnings { theme::LAMPLIGHT } else { theme::faded(theme::SAND, 0.85) };
            let words = parts::staff_note(ctx, ctx.staff("staff-door")).line_height(1.2);
            let words = row![Icon::Person.view(ctx.mm(5.0), color), words].spacing(ctx.mm(2.0));
            parts::scrim_line(ctx, words.align_y(iced::Center))
        });
        let width = if is_named { Length::Shrink } else { Length::Fixed(side) };
        let content = container(column![].push(label)).padding(ctx.mm(3.0)).width(width).height(side);
        let corner = touchable("staff-corner", content)
            .ring(ring)
            .trigger(Trigger::Hold(STAFF_HOLD))
            .slop_px(self.ctx.mm(TOUCH_SLOP_MM))
            .on_press(Message::CornerHeld);
        // In an empty room, staff also read that no desk would receive a call.
        let is_deaf = is_empty && !ctx.snapshot.is_line_up();
        let line = is_deaf.then(|| {
            let words = parts::staff_note(ctx, ctx.staff("staff-no-desk-ready"));
            container(parts::scrim_line(ctx, words)).max_width(ctx.mm(LINE_MM)).padding([0.0, ctx.mm(3.0)])
        });
        let align = if ctx.is_mirrored() { iced::Right } else { iced::Left };
        let corner = container(column![corner].push(line).align_x(align));
        if ctx.is_mirrored() { corner.align_right(Length::Fill) } else { corner }.into()
    }

    /// The dark is a black picture, because a screen that is switched off may not report touches. The first touch
    /// anywhere shows the call as a dim panel; a second touch, on the panel, places the call.
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
        let leave = parts::offer(ctx, "dark-leave", ctx.say("dark-leave"), Message::DarkLeft).width(ctx.mm(52.0));
        let leave = container(leave).width(Length::Fill).padding(ctx.mm(3.0));
        let leave = if ctx.is_mirrored() { leave.align_right(Length::Fill) } else { leave };
        stack![black, column![leave], call(ctx, CallPlacement::DarkPanel)].into()
    }
}

fn call<'a>(ctx: &ViewContext, place: CallPlacement) -> Element<'a, Message> {
    let messages = CallMessages {
        press: Message::CallPressed,
        here: Message::HereSlid,
        cleared: Message::ClearSlid,
        reason: Message::ReasonTouched,
    };
    call_band::call(ctx, place, &messages)
}
