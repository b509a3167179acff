//! Owns how the call looks in each of its states, on every screen, and the reasons that a patient may touch once the desk
//! has it. It is above everything else and never dims; only in the dark is it hidden until the first touch, and then a dim
//! panel. Does not own what a call does (`room::call`).

use iced::alignment::Vertical;
use iced::widget::{Space, column, container, row, stack};
use iced::{Background, Border, Color, Element, Length, Padding};

use super::icon::Icon;
use super::page::{PageGeometry, lines_of};
use super::touch::{ControlStyle, Trigger, touchable};
use super::{ViewContext, glow, parts};
use crate::room::call::{Call, CallPhase};
use crate::theme::{self, CALL_MM, GAP_MM, MARGIN_MM, TARGET_MM, TOUCH_SLOP_MM};
use crate::vocabulary::patient::CallReason;
use crate::words::Value;

/// Background at rest.
const AT_REST: Color = Color::from_rgb8(0x1A, 0x1A, 0x1E);
/// Background under a finger. It appears at once, and the change is far smaller than a general flash of WCAG 2.3.1.
const PRESSED: Color = Color::from_rgb8(0x30, 0x24, 0x16);
/// Background while a call is open: warm and steady.
const OPEN: Color = Color::from_rgb8(0x42, 0x30, 0x1A);
/// Background while somebody is here: a little brighter. Sand on it, with the light, has a contrast of at least 7.
const HERE: Color = Color::from_rgb8(0x4A, 0x36, 0x1D);
/// Opacity of the light that rises from the foot, at rest and while a call is open. Words on it have a contrast of at
/// least 7.
const LIGHT_AT_REST: f32 = 0.13;
const LIGHT_OPEN: f32 = 0.10;
/// Opacity of the ink of the band at rest, and the height over which it melts into the place above it.
const MELT_ALPHA: f32 = 0.80;
const MELT_MM: f32 = 6.0;
/// Diameter of the lamp beside the words, and while somebody is here.
const LAMP_MM: f32 = 15.0;
const LAMP_HERE_MM: f32 = 19.0;
/// Room for the words of a call within its band, beside the lamp and above the steps.
const WORDS_MARGIN_MM: f32 = 40.0;
const WORDS_HEIGHT_MM: f32 = 20.0;
/// Sizes of the words of an open call, the largest that fits: a phrase in larger and normal type, and a title in both.
const WORDS_SIZES_MM: [f32; 4] = [11.25, 9.0, 8.75, 7.0];
/// Size of words that are too long for all of these.
const WORDS_LEAST_MM: f32 = 5.6;
/// Distance of the staff's control from the top of the session's screen.
const STAFF_TOP_MM: f32 = 3.0;
/// Height of a reason, the gap between the reasons and the call, and the most columns of reasons.
const REASON_MM: f32 = 22.0;
const REASONS_GAP_MM: f32 = 7.0;
const REASON_COLUMNS: usize = 3;
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

/// The messages of the call and of the controls that belong to an open one.
#[derive(Clone, Copy, Debug)]
pub struct CallMessages<M> {
    /// The call was pressed.
    pub press: M,
    /// Staff in the room slid *Here*.
    pub here: M,
    /// Staff in the room slid *Clear*.
    pub cleared: M,
    /// The patient touched a reason.
    pub reason: fn(CallReason) -> M,
}

/// The call, as a layer over the whole screen.
pub fn call<'a, M: Clone + 'a>(ctx: &ViewContext, place: CallPlacement, messages: &CallMessages<M>) -> Element<'a, M> {
    let open = ctx.snapshot.call.as_ref();
    let surface = surface(ctx, place, open, messages.press.clone());
    // A practice call ends with its screen; nobody has to come.
    let staff_control = open.filter(|call| !call.practice).map(|call| staff_control(ctx, call, messages));
    match place {
        CallPlacement::Band => {
            // Beside the staff's corner and well away from the call.
            let top = staff_control.map(|control| {
                let corner = Space::new().width(ctx.mm(TARGET_MM + GAP_MM)).into();
                let fill = Space::new().width(Length::Fill).into();
                container(parts::row_by_hand(ctx, vec![corner, control, fill]))
                    .padding(Padding { top: ctx.mm(STAFF_TOP_MM), ..Padding::ZERO })
            });
            let reasons = open.and_then(|call| reasons(ctx, call, messages.reason));
            let melt = open.is_none().then(|| melting(ctx));
            column![].push(top).push(Space::new().height(Length::Fill)).push(reasons).push(melt).push(surface).into()
        }
        CallPlacement::Corner => {
            // Next to the staff's corner and well away from the call.
            let has_controls = staff_control.is_some();
            let beside = has_controls.then(|| Space::new().width(Length::Fixed(ctx.mm(26.0))).into());
            let controls = staff_control.map(|control| {
                let (left, right) = if ctx.is_mirrored() { (ctx.mm(8.0), 0.0) } else { (0.0, ctx.mm(8.0)) };
                container(control).padding(Padding { top: ctx.mm(6.0), right, bottom: 0.0, left }).into()
            });
            let gap = open.is_none().then(|| Space::new().width(Length::Fill).into());
            let across = [beside, controls, gap, Some(surface)].into_iter().flatten().collect();
            let across = parts::row_by_hand(ctx, across);
            if has_controls { parts::top_bar(ctx.mm(CALL_MM + 6.0), across) } else { across.into() }
        }
        CallPlacement::DarkPanel => {
            // It covers the band's place at the foot, where the patient has learned to find the call.
            let across = column![
                Space::new().height(Length::FillPortion(1)),
                container(surface).height(Length::FillPortion(3)),
            ];
            let padded = container(across).padding(ctx.mm(2.0));
            match staff_control {
                Some(control) => {
                    let fill = Space::new().width(Length::Fill).into();
                    let across = parts::row_by_hand(ctx, vec![fill, control]);
                    let margin = ctx.mm(MARGIN_MM);
                    let padding = Padding { top: ctx.mm(4.0), right: margin, bottom: 0.0, left: margin };
                    stack![padded, container(across).padding(padding)].into()
                }
                None => padded.into(),
            }
        }
    }
}

/// The reasons for a call, once the desk has it and until somebody is here. None has to be touched.
fn reasons<'a, M: Clone + 'a>(ctx: &ViewContext, call: &Call, message: fn(CallReason) -> M) -> Option<Element<'a, M>> {
    let is_asked = match call.phase {
        CallPhase::Received | CallPhase::OnTheWay => !call.practice,
        CallPhase::Placed | CallPhase::Sent | CallPhase::Here => false,
    };
    if !is_asked {
        return None;
    }
    let choices = CallReason::ALL.iter().map(|reason| {
        let icon = match reason {
            CallReason::Bathroom => Icon::Bathroom,
            CallReason::Sick => Icon::Sick,
            CallReason::Pain => Icon::Pain,
            CallReason::Temperature => Icon::Warm,
            CallReason::SoundOrLight => Icon::SoundOrLight,
            CallReason::Company => Icon::Stay,
        };
        let (id, label) = (format!("reason-{}", reason.name()), ctx.say(&format!("reason-{}", reason.name())));
        parts::icon_choice(ctx, id, icon, label, call.reason == Some(*reason), message(*reason)).into()
    });
    let geometry = PageGeometry::of(ctx);
    let columns = if geometry.is_upright() { 2 } else { REASON_COLUMNS };
    // An upright screen is narrow, and has more height for longer labels.
    let height_mm = if geometry.is_upright() { REASON_MM * geometry.type_factor * 1.1 } else { REASON_MM };
    let grid = parts::control_grid(ctx, choices.collect(), columns, geometry.content_width_mm(), height_mm);
    let hint = parts::scrim_line(ctx, parts::body(ctx, ctx.say("call-reasons")));
    let sheet = column![hint, grid].spacing(ctx.mm(GAP_MM)).align_x(iced::Center);
    let padding = Padding { bottom: ctx.mm(REASONS_GAP_MM), ..Padding::ZERO };
    Some(container(sheet).center_x(Length::Fill).padding(padding).into())
}

/// Ink that melts the upper edge of the band at rest into the place.
fn melting<'a, M: 'a>(ctx: &ViewContext) -> Element<'a, M> {
    let ink = |alpha: f32| theme::faded(AT_REST, alpha);
    let rise = iced::gradient::Linear::new(iced::Radians(0.0))
        .add_stop(0.0, ink(MELT_ALPHA))
        .add_stop(0.4, ink(MELT_ALPHA * 0.5))
        .add_stop(1.0, ink(0.0));
    container(Space::new().width(Length::Fill).height(ctx.mm(MELT_MM).round()))
        .style(move |_| container::Style {
            background: Some(Background::Gradient(rise.into())),
            snap: true,
            ..container::Style::default()
        })
        .into()
}

fn surface<'a, M: Clone + 'a>(
    ctx: &ViewContext,
    place: CallPlacement,
    open: Option<&Call>,
    on_press: M,
) -> Element<'a, M> {
    let words =
        container(words(ctx, place, open)).center(Length::Fill).padding(Padding::from([ctx.mm(1.0), ctx.mm(4.0)]));
    let is_here = open.is_some_and(|call| call.phase == CallPhase::Here);
    let light = glow::rising(if open.is_some() { LIGHT_OPEN } else { LIGHT_AT_REST });
    let content = stack![light, words];
    let wide = place != CallPlacement::Corner || open.is_some();
    let border_alpha = match place {
        // A light that rises from the foot has no frame.
        CallPlacement::Band if open.is_none() => 0.0,
        CallPlacement::DarkPanel => 0.62,
        CallPlacement::Band | CallPlacement::Corner => 0.85,
    };
    let style = ControlStyle {
        background: match (open.is_some(), is_here) {
            (_, true) => HERE,
            (true, false) => OPEN,
            (false, false) => AT_REST,
        },
        pressed: PRESSED,
        border: theme::faded(theme::AMBER, border_alpha),
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
            let words = ctx.say(key);
            // Letters of a single word in a strong weight are wider than those of a text.
            let letters = words.chars().count().max(1) as f32;
            let size = ctx.scale.title().min(ctx.mm(CALL_MM / (letters * 0.6)));
            let label = parts::text_line(words, size, theme::VOICE_STRONG, theme::AMBER);
            let bell = Icon::Bell.view(ctx.mm(9.5), theme::AMBER);
            return column![bell, label.center()].spacing(ctx.mm(0.6)).align_x(iced::Center).into();
        }
        let label = parts::text_line(ctx.say(key), ctx.scale.call(), theme::VOICE_STRONG, theme::AMBER);
        return beside_lamp(ctx, place, None, label.into());
    };
    let said = state_words(ctx, call);
    let size = words_size(ctx, place, call, &said);
    let said = parts::text_line(said, size, theme::VOICE_STRONG, theme::SAND);
    let mark = call
        .practice
        .then(|| parts::text_line(ctx.say("call-practice"), ctx.mm(5.6), theme::CONTROL_STRONG, theme::SAND));
    let trying = (call.no_desk_told && place != CallPlacement::Corner)
        .then(|| parts::text_line(ctx.say("call-keeps-trying"), ctx.mm(5.6), theme::VOICE, theme::SAND));
    // While the line is down, no step may look as if it had been taken.
    let steps = (!call.no_desk_told && !call.practice).then(|| steps(ctx, call.phase));
    let told = column![].push(mark).push(said).push(trying).push(steps).align_x(iced::Left).spacing(ctx.mm(1.0));
    beside_lamp(ctx, place, Some(call.phase), told.into())
}

/// The largest size for the words of an open call that its space has room for.
fn words_size(ctx: &ViewContext, place: CallPlacement, call: &Call, words: &str) -> f32 {
    let geometry = PageGeometry::of(ctx);
    let (width_mm, height_mm) = match place {
        CallPlacement::DarkPanel => (geometry.width_mm - 2.0 * MARGIN_MM, geometry.height_mm * 0.4),
        CallPlacement::Band => (geometry.width_mm - WORDS_MARGIN_MM, WORDS_HEIGHT_MM),
        // Beside the staff's control, and with a mark in a practice call.
        CallPlacement::Corner => {
            let staff_mm = if call.practice { 0.0 } else { 2.0 * parts::STAFF_SLIDE_MM + 34.0 };
            (geometry.width_mm - WORDS_MARGIN_MM - staff_mm, WORDS_HEIGHT_MM)
        }
    };
    let most_mm = if place == CallPlacement::Corner { 7.0 } else { 9.0 } * ctx.scale.type_factor();
    let fits = |size_mm: f32| {
        lines_of(words, size_mm, width_mm) * size_mm * theme::LINE_HEIGHT <= height_mm && size_mm <= most_mm + 0.01
    };
    ctx.mm(WORDS_SIZES_MM.into_iter().find(|size_mm| fits(*size_mm)).unwrap_or(WORDS_LEAST_MM))
}

/// Words beside the lamp, or below it on the tall panel.
fn beside_lamp<'a, M: 'a>(
    ctx: &ViewContext,
    place: CallPlacement,
    phase: Option<CallPhase>,
    words: Element<'a, M>,
) -> Element<'a, M> {
    let lamp = match phase {
        None => lamp(ctx, Icon::Bell, LAMP_MM, false),
        Some(CallPhase::Placed | CallPhase::Sent | CallPhase::Received | CallPhase::OnTheWay) => {
            lamp(ctx, Icon::Bell, LAMP_MM, true)
        }
        Some(CallPhase::Here) => lamp(ctx, Icon::Person, LAMP_HERE_MM, true),
    };
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
        CallPhase::OnTheWay => match responder(call) {
            Some(name) => ctx.words.say_with("call-on-the-way-named", &[("name", Value::from(name))]),
            None => ctx.say("call-on-the-way"),
        },
        CallPhase::Here => match responder(call) {
            Some(name) => ctx.words.say_with("call-here-named", &[("name", Value::from(name))]),
            None => ctx.say("call-here"),
        },
    }
}

fn responder(call: &Call) -> Option<&str> {
    call.responder.as_deref().filter(|name| !name.is_empty())
}

/// *Here*, and then *Clear* once somebody is there. Both are slid and are away from the call: a resting hand cannot trigger
/// them.
fn staff_control<'a, M: Clone + 'a>(ctx: &ViewContext, call: &Call, messages: &CallMessages<M>) -> Element<'a, M> {
    let (id, key, message) = if call.phase == CallPhase::Here {
        ("staff-clear", "staff-clear", messages.cleared.clone())
    } else {
        ("staff-here", "staff-here", messages.here.clone())
    };
    parts::slide_control(ctx, id, ctx.staff(key), message).into()
}
