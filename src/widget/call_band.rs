//! Owns the look of the call in each of its states, the reasons that the patient may choose in the session once the
//! desk has received the call, and the controls with which staff in the room answer and clear it. The call is drawn
//! above everything else and never dims. The exception is the dark screen (*Dark*), where the call is hidden until a
//! touch shows it for a while as a dim panel. Does not own what a call does (`room::call`).

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

/// Background of the call while no call is open.
const AT_REST: Color = Color::from_rgb8(0x1A, 0x1A, 0x1E);
/// Background while a finger is on the call. It may appear at once, because the change of brightness is far below that
/// of a general flash as WCAG 2.3.1 defines it.
const PRESSED: Color = Color::from_rgb8(0x30, 0x24, 0x16);
/// Background while a call is open: a warm colour that does not blink.
const OPEN: Color = Color::from_rgb8(0x42, 0x30, 0x1A);
/// Background while somebody is here: a little brighter than [`OPEN`]. Text in [`theme::SAND`] has a contrast of at
/// least 7 on it, even where the glow from the bottom edge reaches the words.
const HERE: Color = Color::from_rgb8(0x4A, 0x36, 0x1D);
/// Opacity of the glow from the bottom edge while no call is open, 0 to 1. Words on it have a contrast of at least 7.
const LIGHT_AT_REST: f32 = 0.13;
/// Opacity of the glow from the bottom edge while a call is open, 0 to 1. Words on it have a contrast of at least 7.
const LIGHT_OPEN: f32 = 0.10;
/// Opacity of the gradient above the band at its lower end, where it meets the band, 0 to 1.
const MELT_ALPHA: f32 = 0.80;
/// Height of the gradient that blends the band into the place above it while no call is open, in millimetres.
const MELT_MM: f32 = 6.0;
/// Diameter of the lamp beside the words of the call, in millimetres.
const LAMP_MM: f32 = 15.0;
/// Diameter of the lamp beside the words of the call while somebody is here, in millimetres.
const LAMP_HERE_MM: f32 = 19.0;
/// Width that the lamp and the margins need beside the words of a call, in millimetres.
const WORDS_MARGIN_MM: f32 = 40.0;
/// Height that is left for the words of a call above the lamps for its progress, in millimetres.
const WORDS_HEIGHT_MM: f32 = 20.0;
/// Font sizes to try for the words of an open call, in millimetres, from large to small: those of a phrase in larger
/// and in normal type, and of a title in larger and in normal type.
const WORDS_SIZES_MM: [f32; 4] = [11.25, 9.0, 8.75, 7.0];
/// Font size of words that fit at none of [`WORDS_SIZES_MM`], in millimetres.
const WORDS_LEAST_MM: f32 = 5.6;
/// Distance of the control for staff from the top of the screen in the session, in millimetres.
const STAFF_TOP_MM: f32 = 3.0;
/// Width of the call in the corner of a screen, in millimetres.
pub const CORNER_CALL_MM: f32 = CALL_MM + 4.0;
/// Distance of the call in the corner from the edges of the screen, in millimetres.
pub const CORNER_MARGIN_MM: f32 = 3.0;
/// Width that the staff's corner takes up beside an open call at the top of the screen, in millimetres.
const STAFF_CORNER_MM: f32 = 26.0;
/// Height that the line about further attempts needs below the words of a call, in millimetres.
const TRYING_MM: f32 = 5.0;
/// Height that the line above the words of a practice call needs, in millimetres.
const PRACTICE_MM: f32 = 4.0;
/// Height of the control for a reason, in millimetres.
const REASON_MM: f32 = 22.0;
/// Gap between the reasons and the call, in millimetres.
const REASONS_GAP_MM: f32 = 7.0;
/// Number of columns of reasons on a landscape screen.
const REASON_COLUMNS: usize = 3;
/// Diameter of the small lamps that show the progress of a call, in millimetres.
const STEP_MM: f32 = 7.0;

/// Where the call is on a screen, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallPlacement {
    /// A band across the bottom of the screen, used in the session.
    Band,
    /// A button in the upper right corner, or the upper left one if screens are mirrored. While a call is open, it
    /// widens along the top of the screen.
    Corner,
    /// A dim panel over most of a dark screen, shown for a while after a touch, and as long as a call is open.
    DarkPanel,
}

/// The messages that the call and the controls of an open call publish.
#[derive(Clone, Copy, Debug)]
pub struct CallMessages<M> {
    /// The call was pressed.
    pub press: M,
    /// Staff in the room slid the control that says that they are here.
    pub here: M,
    /// Staff in the room slid the control that clears the call.
    pub cleared: M,
    /// The patient touched a reason for the open call.
    pub reason: fn(CallReason) -> M,
}

/// Draws the call as a layer over the whole screen. An open call adds the control for staff and, in the session, the
/// reasons.
pub fn call<'a, M: Clone + 'a>(ctx: &ViewContext, place: CallPlacement, messages: &CallMessages<M>) -> Element<'a, M> {
    let open = ctx.snapshot.call.as_ref();
    let surface = surface(ctx, place, open, messages.press.clone());
    // A practice call brings nobody, and ends when its screen is left, so staff need no control for it.
    let staff_control = open.filter(|call| !call.practice).map(|call| staff_control(ctx, call, messages));
    match place {
        CallPlacement::Band => {
            // The control is next to the staff's corner, and well away from the call.
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
            // The control is next to the staff's corner, and separate from the call.
            let has_controls = staff_control.is_some();
            let beside = has_controls.then(|| Space::new().width(Length::Fixed(ctx.mm(STAFF_CORNER_MM))).into());
            let controls = staff_control.map(|control| {
                let (left, right) = if ctx.is_mirrored() { (ctx.mm(8.0), 0.0) } else { (0.0, ctx.mm(8.0)) };
                container(control).padding(Padding { top: ctx.mm(6.0), right, bottom: 0.0, left }).into()
            });
            // A portrait screen is too narrow for the control beside the words.
            let (controls, below) =
                if PageGeometry::of(ctx).is_portrait() { (None, controls) } else { (controls, None) };
            let gap = open.is_none().then(|| Space::new().width(Length::Fill).into());
            let across = [beside, controls, gap, Some(surface)].into_iter().flatten().collect();
            let across = parts::row_by_hand(ctx, across);
            let below_mm = if below.is_some() { TARGET_MM + 9.0 } else { 0.0 };
            let below = below.map(|controls| {
                let fill = Space::new().width(Length::Fill).into();
                let corner = Space::new().width(Length::Fixed(ctx.mm(STAFF_CORNER_MM))).into();
                parts::row_by_hand(ctx, vec![corner, controls, fill])
            });
            let across = column![across].push(below);
            if has_controls { parts::top_bar(ctx.mm(CALL_MM + 6.0 + below_mm), across) } else { across.into() }
        }
        CallPlacement::DarkPanel => {
            // The panel reaches down to where the band is in the session, because the patient has learned to find the
            // call there.
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

/// Returns the controls with which the patient may, but need not, choose a reason for the call. They are shown from the
/// time at which the desk has received the call until somebody is here, and never for a practice call.
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
    let columns = if geometry.is_portrait() { 2 } else { REASON_COLUMNS };
    // A portrait screen is narrow, so labels take more lines. It is also tall, so it has space for them.
    let height_mm = if geometry.is_portrait() { REASON_MM * geometry.type_factor * 1.1 } else { REASON_MM };
    let grid = parts::control_grid(ctx, choices.collect(), columns, geometry.content_width_mm(), height_mm);
    let hint = parts::scrim_line(ctx, parts::body(ctx, ctx.say("call-reasons")));
    let sheet = column![hint, grid].spacing(ctx.mm(GAP_MM)).align_x(iced::Center);
    let padding = Padding { bottom: ctx.mm(REASONS_GAP_MM), ..Padding::ZERO };
    Some(container(sheet).center_x(Length::Fill).padding(padding).into())
}

/// A gradient that blends the band's upper edge into the place above it while no call is open.
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
        // While no call is open, the band is to look like a glow from below, which has no border.
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
        .width(if wide { Length::Fill } else { Length::Fixed(ctx.mm(CORNER_CALL_MM)) })
        .height(height)
        .style(style);
    if place == CallPlacement::Corner {
        container(call).padding(ctx.mm(CORNER_MARGIN_MM)).width(if wide { Length::Fill } else { Length::Shrink }).into()
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
            // A letter in this strong weight is assumed to be 0.6 of the font size wide, more than a letter of running
            // text.
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
    let (size, lines) = words_size(ctx, place, call, &said);
    let is_full = place == CallPlacement::Corner && lines > 1.0;
    let said = parts::text_line(said, size, theme::VOICE_STRONG, theme::SAND);
    let mark = call
        .practice
        .then(|| parts::text_line(ctx.say("call-practice"), ctx.mm(5.6), theme::CONTROL_STRONG, theme::SAND));
    let trying = (call.no_desk_told && place != CallPlacement::Corner)
        .then(|| parts::text_line(ctx.say("call-keeps-trying"), ctx.mm(5.6), theme::VOICE, theme::SAND));
    // If no desk can be reached, no lamp may suggest that the call has made progress. In the corner, words of two lines
    // leave no space for the lamps.
    let steps = (!call.no_desk_told && !call.practice && !is_full).then(|| steps(ctx, call.phase));
    let align = if place == CallPlacement::DarkPanel { iced::Center } else { iced::Left.into() };
    let told = column![].push(mark).push(said).push(trying).push(steps).align_x(align).spacing(ctx.mm(1.0));
    beside_lamp(ctx, place, Some(call.phase), told.into())
}

/// Returns the font size for the words of an open call, in logical pixels, and their number of lines. The size is the largest of [`WORDS_SIZES_MM`] that
/// the type size allows and at which the words fit, or [`WORDS_LEAST_MM`] if they fit at none.
fn words_size(ctx: &ViewContext, place: CallPlacement, call: &Call, words: &str) -> (f32, f32) {
    let geometry = PageGeometry::of(ctx);
    let (width_mm, height_mm) = match place {
        CallPlacement::DarkPanel => (geometry.width_mm - 2.0 * MARGIN_MM, geometry.height_mm * 0.4),
        CallPlacement::Band => {
            let trying_mm = if call.no_desk_told { TRYING_MM } else { 0.0 };
            (geometry.width_mm - WORDS_MARGIN_MM, WORDS_HEIGHT_MM - trying_mm)
        }
        // The control for staff takes up part of the width. A practice call has no such control.
        CallPlacement::Corner => {
            let staff_mm = match (call.practice, geometry.is_portrait()) {
                (true, _) => 0.0,
                (false, true) => STAFF_CORNER_MM,
                (false, false) => 2.0 * parts::STAFF_SLIDE_MM + STAFF_CORNER_MM + 8.0,
            };
            let practice_mm = if call.practice { PRACTICE_MM } else { 0.0 };
            (geometry.width_mm - WORDS_MARGIN_MM - staff_mm, WORDS_HEIGHT_MM - practice_mm)
        }
    };
    let most_mm = if place == CallPlacement::Corner { 7.0 } else { 9.0 } * ctx.scale.type_factor();
    let fits = |size_mm: f32| {
        lines_of(words, size_mm, width_mm) * size_mm * theme::LINE_HEIGHT <= height_mm && size_mm <= most_mm + 0.01
    };
    let size_mm = WORDS_SIZES_MM.into_iter().find(|size_mm| fits(*size_mm)).unwrap_or(WORDS_LEAST_MM);
    (ctx.mm(size_mm), lines_of(words, size_mm, width_mm))
}

/// Puts the words of the call beside its lamp, or below the lamp on the tall panel of the dark screen.
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

/// Draws a round lamp with an icon. The lamp is filled with amber if `is_lit`, and otherwise only outlined.
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

/// Draws the progress of the call as three lamps: calling, received at the desk, somebody here. The line to the last lamp
/// is lit while somebody is on the way. [`CallPhase::Sent`]
/// lights no further lamp, because no desk has confirmed the call yet.
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
        lamp(ctx, Icon::Person, STEP_MM, is_reached(CallPhase::Here)),
    ]
    .align_y(Vertical::Center)
    .into()
}

/// Returns what the patient reads in each state of a call. The words promise help only after a person has promised it.
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

/// The control with which staff in the room say that they are here or, once they have said so, the control that clears
/// the call. Both have to be slid and are away from the call, so a resting hand cannot trigger them.
fn staff_control<'a, M: Clone + 'a>(ctx: &ViewContext, call: &Call, messages: &CallMessages<M>) -> Element<'a, M> {
    let (id, key, message) = if call.phase == CallPhase::Here {
        ("staff-clear", "staff-clear", messages.cleared.clone())
    } else {
        ("staff-here", "staff-here", messages.here.clone())
    };
    parts::slide_control(ctx, id, ctx.staff(key), message).into()
}
