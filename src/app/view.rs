//! Owns the layers of the window: the screen, the staff corner, the PIN pad and the staff panel, the dark, and above all of
//! them the call. Only the dark shows no call until it is touched.

use std::sync::Arc;

use iced::widget::{Space, column, container, stack};
use iced::{Color, Element, Length};

use super::{App, Message, Screen, ScreenMessage, StaffLayer};
use crate::room::{Event, Trouble};
use crate::screen::farewell;
use crate::theme::{TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::call_band::{self, CallPlacement, StaffMessages};
use crate::widget::frame_monitor::frame_monitor;
use crate::widget::parts::{self, STAFF_HOLD};
use crate::widget::touch::{Trigger, touchable};

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
            StaffLayer::Pin(pad) => {
                let pad = pad.view(ctx, ctx.staff("staff-pin-title"), ctx.staff("staff-pin-forgotten"), Message::Pin);
                stack![parts::background(crate::theme::INK, pad), self.call(CallPlacement::Corner)].into()
            }
            StaffLayer::Open(panel) => {
                stack![panel.view(ctx).map(Message::Staff), self.call(CallPlacement::Corner)].into()
            }
            StaffLayer::Closed if ctx.snapshot.dark => self.dark(),
            StaffLayer::Closed => {
                let placement =
                    if matches!(self.screen, Screen::Session(_)) { CallPlacement::Band } else { CallPlacement::Corner };
                // A cloth that rests on the corner must not ask for the PIN.
                let is_being_cleaned =
                    matches!(&self.screen, Screen::Turnover(turnover) if turnover.is_being_cleaned());
                let corner = (!is_being_cleaned).then(|| self.corner());
                stack![self.base()].push(corner).push(self.call(placement)).into()
            }
        }
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
        let staff = StaffMessages { here: Message::HereSlid, cleared: Message::ClearSlid };
        call_band::call(&self.ctx, placement, Message::CallPressed, staff)
    }

    /// The unmarked corner that staff hold.
    fn corner(&self) -> Element<'_, Message> {
        let side = self.ctx.mm(TARGET_MM);
        let corner = touchable("staff-corner", Space::new().width(side).height(side))
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
