//! Owns what lies over what: the screen, the staff corner, the staff panel, the dark, and above all the call.

use std::sync::Arc;

use iced::widget::{Space, column, container, stack};
use iced::{Color, Element, Length};

use super::{App, Message, Screen, ScreenMessage, StaffLayer};
use crate::room::{Event, Trouble};
use crate::screen::farewell;
use crate::theme::{TARGET_MM, TOUCH_SLOP_MM};
use crate::widget::call_band::{self, CallPlace, StaffMessages};
use crate::widget::parts::{self, STAFF_HOLD};
use crate::widget::pulse::pulse;
use crate::widget::touch::{Trigger, touchable};

impl App {
    /// The window's content.
    #[must_use]
    pub fn view(&self) -> Element<'_, Message> {
        let relied_on = self.ctx.snapshot.desks > 0;
        stack![self.layers(), pulse(Arc::clone(&self.vitals), relied_on)].into()
    }

    /// The pad may be the first to find that the PIN's file is damaged, and the first to find it set anew.
    pub(super) fn tell_of_the_pin(&self, is_lost: bool) {
        self.room.report(Event::TroubleChanged { trouble: Trouble::StaffPinLost, on: is_lost });
        if self.pin.copy_was_used() {
            self.room.report(Event::TroubleChanged { trouble: Trouble::StateRestored, on: true });
        }
    }

    fn layers(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        if matches!(self.screen, Screen::FirstRun(_)) {
            let call = self.call(CallPlace::Corner);
            return stack![self.base(), call].into();
        }
        match &self.staff {
            StaffLayer::Pin(pad) => {
                let pad = pad.view(ctx, ctx.staff("staff-pin-title"), ctx.staff("staff-pin-forgotten"), Message::Pin);
                stack![parts::ground(crate::theme::INK, pad), self.call(CallPlace::Corner)].into()
            }
            StaffLayer::Open(panel) => stack![panel.view(ctx).map(Message::Staff), self.call(CallPlace::Corner)].into(),
            StaffLayer::Closed if ctx.snapshot.dark => self.dark(),
            StaffLayer::Closed => {
                let place = if matches!(self.screen, Screen::Session(_)) { CallPlace::Band } else { CallPlace::Corner };
                // A cloth that lingers must not ask for the PIN.
                let wiped = matches!(&self.screen, Screen::Turnover(turnover) if turnover.is_being_cleaned());
                let corner = (!wiped).then(|| self.corner());
                stack![self.base()].push(corner).push(self.call(place)).into()
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

    fn call(&self, place: CallPlace) -> Element<'_, Message> {
        let staff = StaffMessages { here: Message::HereSlid, cleared: Message::ClearSlid };
        call_band::call(&self.ctx, place, Message::CallPressed, staff)
    }

    /// An unmarked corner that staff hold.
    fn corner(&self) -> Element<'_, Message> {
        let side = self.ctx.mm(TARGET_MM);
        let corner = touchable("staff-corner", Space::new().width(side).height(side))
            .trigger(Trigger::Hold(STAFF_HOLD))
            .slop_px(self.ctx.mm(TOUCH_SLOP_MM))
            .on_press(Message::CornerHeld);
        container(corner).into()
    }

    /// A black frame, never a screen switched off. The first touch anywhere shows the call; the second touch on it
    /// calls.
    fn dark(&self) -> Element<'_, Message> {
        let ctx = &self.ctx;
        let snapshot = &ctx.snapshot;
        let touch = touchable("dark-anywhere", Space::new().width(Length::Fill).height(Length::Fill))
            .trigger(Trigger::Press)
            .width(Length::Fill)
            .height(Length::Fill)
            .on_press(Message::DarkTouched);
        let black = parts::ground(Color::BLACK, touch);
        let shows = snapshot.dark_panel_until.is_some() || snapshot.call.is_some();
        if !shows {
            return black;
        }
        let leave = parts::control(ctx, "dark-leave", ctx.say("dark-leave"), Message::DarkLeft).width(ctx.mm(52.0));
        let leave = column![container(leave).align_left(Length::Fill).padding(ctx.mm(3.0))];
        let panel = self.call(CallPlace::DarkPanel);
        stack![black, panel, leave].into()
    }
}
