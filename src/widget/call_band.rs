//! Owns how the call looks in each of its states, on every screen. It is above everything else and never dims; only in the
//! dark is it hidden until the first touch, and then a dim panel. Does not own what a call does.

use iced::alignment::Vertical;
use iced::widget::{Space, column, container, row, stack};
use iced::{Background, Border, Color, Element, Length, Padding};

use super::icon::Icon;
use super::touch::{ControlStyle, Trigger, touchable};
use super::{ViewContext, glow, parts};
use crate::room::call::{Call, CallPhase};
use crate::theme::{self, CALL_MM, MARGIN_MM, TOUCH_SLOP_MM};
use crate::words::Value;

/// Background at rest.
const AT_REST: Color = Color::from_rgb8(0x1A, 0x1A, 0x1E);
/// Background under a finger. It appears at once, and the change is far smaller than a general flash of WCAG 2.3.1.
const PRESSED: Color = Color::from_rgb8(0x30, 0x24, 0x16);
/// Background while a call is open: warm and steady.
const OPEN: Color = Color::from_rgb8(0x42, 0x30, 0x1A);
/// Opacity of the light that rises from the foot, at rest and while a call is open. Words on it have a contrast of at
/// least 7.
const LIGHT_AT_REST: f32 = 0.13;
const LIGHT_OPEN: f32 = 0.10;
/// Diameter of the lamp beside the words.
const LAMP_MM: f32 = 15.0;
/// Diameter of a step's lamp.
const STEP_MM: f32 = 7.0;

/// Where the call is placed on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallPlacement {
    /// A band across the foot: in the session.
    Band,
    /// A fixed place in the upper right corner, which widens to a band while a call is open.
    Corner,
    /// A dim panel over most of a dark screen, after the first touch.
    DarkPanel,
}

/// The messages of the controls by which staff in the room handle a call.
#[derive(Clone, Debug)]
pub struct StaffMessages<M> {
    /// *Here* was slid.
    pub here: M,
    /// *Clear* was slid.
    pub cleared: M,
}

/// The call, as a layer over the whole screen.
pub fn call<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    place: CallPlacement,
    on_press: M,
    staff: StaffMessages<M>,
) -> Element<'a, M> {
    let open = ctx.snapshot.call.as_ref();
    let surface = surface(ctx, place, open, on_press);
    // A practice call ends with its screen; nobody has to come.
    let staff_row = open.filter(|call| !call.practice).map(|call| staff_control(ctx, call, staff));
    match place {
        CallPlacement::Band => {
            let margin = ctx.mm(MARGIN_MM);
            let top = staff_row.map_or_else(
                || container(Space::new()).height(Length::Shrink),
                |control| container(control).padding(Padding { left: margin, top: ctx.mm(26.0), ..Padding::ZERO }),
            );
            column![top, Space::new().height(Length::Fill), surface].into()
        }
        CallPlacement::Corner => {
            // Next to the staff corner and well away from the call.
            let beside = container(Space::new()).width(Length::Fixed(ctx.mm(26.0)));
            let controls = staff_row.map(|control| {
                container(control).padding(Padding { top: ctx.mm(6.0), right: ctx.mm(8.0), ..Padding::ZERO })
            });
            let gap = open.is_none().then(|| Space::new().width(Length::Fill));
            let has_controls = controls.is_some();
            let across = row![].push(has_controls.then_some(beside)).push(controls).push(gap).push(surface);
            if has_controls { parts::top_bar(ctx.mm(CALL_MM + 6.0), across) } else { across.into() }
        }
        CallPlacement::DarkPanel => {
            // It covers the band's place at the foot, where the patient has learned to find the call.
            let across = column![
                Space::new().height(Length::FillPortion(1)),
                container(surface).height(Length::FillPortion(3)),
            ];
            let padded = container(across).padding(ctx.mm(2.0));
            match staff_row {
                Some(control) => iced::widget::stack![
                    padded,
                    container(control).align_right(Length::Fill).padding(Padding {
                        right: ctx.mm(MARGIN_MM),
                        top: ctx.mm(4.0),
                        ..Padding::ZERO
                    })
                ]
                .into(),
                None => padded.into(),
            }
        }
    }
}

fn surface<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    place: CallPlacement,
    open: Option<&Call>,
    on_press: M,
) -> Element<'a, M> {
    let words =
        container(words(ctx, place, open)).center(Length::Fill).padding(Padding::from([ctx.mm(1.0), ctx.mm(4.0)]));
    let light = glow::rising(if open.is_some() { LIGHT_OPEN } else { LIGHT_AT_REST });
    let content = stack![light, words];
    let wide = place != CallPlacement::Corner || open.is_some();
    let style = ControlStyle {
        background: if open.is_some() { OPEN } else { AT_REST },
        pressed: PRESSED,
        border: theme::faded(theme::AMBER, if place == CallPlacement::DarkPanel { 0.62 } else { 0.85 }),
        border_px: ctx.mm(if open.is_some() { 0.9 } else { 0.5 }),
        radius_px: ctx.mm(if place == CallPlacement::Band { 0.0 } else { 7.0 }),
        progress: Color::TRANSPARENT,
        knob: None,
    };
    let height = if place == CallPlacement::DarkPanel { Length::Fill } else { Length::Fixed(ctx.mm(CALL_MM)) };
    let call = touchable("call", content)
        .trigger(Trigger::Press)
        .on_press(on_press)
        .slop_px(ctx.mm(TOUCH_SLOP_MM))
        .width(if wide { Length::Fill } else { Length::Fixed(ctx.mm(CALL_MM + 4.0)) })
        .height(height)
        .style(style);
    if place == CallPlacement::Corner {
        container(call).padding(ctx.mm(3.0)).width(if wide { Length::Fill } else { Length::Shrink }).into()
    } else {
        call.into()
    }
}

fn words<'a, M: 'a>(ctx: &ViewContext, place: CallPlacement, open: Option<&Call>) -> Element<'a, M> {
    let Some(call) = open else {
        let key = match place {
            CallPlacement::Band => "call-band-idle",
            CallPlacement::Corner => "call-button",
            CallPlacement::DarkPanel => "dark-panel",
        };
        if place == CallPlacement::Corner {
            let label = parts::text_line(ctx.say(key), ctx.scale.title(), theme::VOICE_STRONG, theme::AMBER);
            let bell = Icon::Bell.view(ctx.mm(9.5), theme::AMBER);
            return column![bell, label.center()].spacing(ctx.mm(0.6)).align_x(iced::Center).into();
        }
        let label = parts::text_line(ctx.say(key), ctx.scale.call(), theme::VOICE_STRONG, theme::AMBER);
        return beside_lamp(ctx, place, false, label.into());
    };
    let has_room =
        place == CallPlacement::DarkPanel || place == CallPlacement::Band && !call.no_desk_told && !call.practice;
    let is_narrow = place == CallPlacement::Band && super::page::PageGeometry::of(ctx).is_upright();
    let size = match (has_room && !is_narrow, call.no_desk_told && place == CallPlacement::Corner) {
        (true, _) => ctx.scale.phrase(),
        (false, false) => ctx.scale.title(),
        // A long text in a narrow space.
        (false, true) => ctx.mm(5.6),
    };
    let said = parts::text_line(state_words(ctx, call), size, theme::VOICE_STRONG, theme::SAND);
    let mark = call
        .practice
        .then(|| parts::text_line(ctx.say("call-practice"), ctx.scale.body(), theme::CONTROL_STRONG, theme::SAND));
    let trying = (call.no_desk_told && place != CallPlacement::Corner)
        .then(|| parts::text_line(ctx.say("call-keeps-trying"), ctx.scale.body(), theme::VOICE, theme::SAND));
    // While the line is down, no step may look as if it had been taken.
    let steps = (!call.no_desk_told && !call.practice).then(|| steps(ctx, call.phase));
    let told = column![].push(mark).push(said).push(trying).push(steps).align_x(iced::Left).spacing(ctx.mm(1.0));
    beside_lamp(ctx, place, true, told.into())
}

/// Words beside the lamp, or below it on the tall panel.
fn beside_lamp<'a, M: 'a>(
    ctx: &ViewContext,
    place: CallPlacement,
    is_lit: bool,
    words: Element<'a, M>,
) -> Element<'a, M> {
    let lamp = lamp(ctx, Icon::Bell, LAMP_MM, is_lit);
    if place == CallPlacement::DarkPanel {
        column![lamp, words].spacing(ctx.mm(5.0)).align_x(iced::Center).into()
    } else {
        row![lamp, words].spacing(ctx.mm(6.0)).align_y(Vertical::Center).into()
    }
}

/// An icon in a round lamp, which is filled with light if `is_lit`.
fn lamp<'a, M: 'a>(ctx: &ViewContext, icon: Icon, diameter_mm: f32, is_lit: bool) -> Element<'a, M> {
    let (ground, ink) = if is_lit { (theme::AMBER, theme::INK) } else { (Color::TRANSPARENT, theme::AMBER) };
    let diameter = ctx.mm(diameter_mm);
    let line = ctx.mm((diameter_mm * 0.04).max(0.35));
    container(icon.view(diameter * 0.58, ink))
        .center(Length::Fixed(diameter))
        .style(move |_| container::Style {
            background: Some(Background::Color(ground)),
            border: Border { color: theme::AMBER, width: line, radius: (diameter / 2.0).into() },
            ..container::Style::default()
        })
        .into()
}

/// The progress of the call, as three lamps: calling, received at the desk, somebody coming. *Sent* lights no lamp, since
/// nothing has confirmed the call yet.
fn steps<'a, M: 'a>(ctx: &ViewContext, phase: CallPhase) -> Element<'a, M> {
    let is_reached = |step: CallPhase| phase >= step;
    let line = |is_lit: bool| {
        let color = theme::faded(theme::AMBER, if is_lit { 1.0 } else { 0.45 });
        container(Space::new().width(ctx.mm(12.0)).height(ctx.mm(0.7))).style(move |_| container::Style {
            background: Some(Background::Color(color)),
            ..container::Style::default()
        })
    };
    row![
        lamp(ctx, Icon::Bell, STEP_MM, true),
        line(is_reached(CallPhase::Received)),
        lamp(ctx, Icon::Tick, STEP_MM, is_reached(CallPhase::Received)),
        line(is_reached(CallPhase::OnTheWay)),
        lamp(ctx, Icon::Person, STEP_MM, is_reached(CallPhase::OnTheWay)),
    ]
    .align_y(Vertical::Center)
    .into()
}

/// What the patient reads in each state of a call. No words promise help before a person has.
#[must_use]
pub fn state_words(ctx: &ViewContext, call: &Call) -> String {
    match call.phase {
        CallPhase::Placed | CallPhase::Sent if call.no_desk_told => ctx.say("call-line-down"),
        CallPhase::Placed | CallPhase::Sent => ctx.say("call-placed"),
        CallPhase::Received => ctx.say("call-received"),
        // In a practice call, nobody is really coming.
        CallPhase::OnTheWay if call.practice => ctx.say("call-practice-coming"),
        CallPhase::OnTheWay => match call.responder.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => ctx.words.say_with("call-on-the-way-named", &[("name", Value::from(name))]),
            None => ctx.say("call-on-the-way"),
        },
        CallPhase::Here => ctx.say("call-here"),
    }
}

/// *Here*, and then *Clear* once somebody is there. Both are slid and are away from the call: a resting hand cannot trigger
/// them.
fn staff_control<'a, M: Clone + 'a>(ctx: &ViewContext, call: &Call, staff: StaffMessages<M>) -> Element<'a, M> {
    let (id, key, message) = if call.phase == CallPhase::Here {
        ("staff-clear", "staff-clear", staff.cleared)
    } else {
        ("staff-here", "staff-here", staff.here)
    };
    row![parts::slide_control(ctx, id, ctx.staff(key), message)].align_y(Vertical::Center).into()
}
