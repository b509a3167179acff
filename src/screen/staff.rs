//! Owns the staff sheet on the tablet, which opens after staff have held the corner and entered the PIN. It offers the
//! main action of the stage, controls for the patient's comfort and, separately, the reset. Does not own the PIN, or
//! the time after which the sheet closes by itself.

use iced::widget::{Column, Space, column, container, row};
use iced::{Background, Element, Length};

use super::Action;
use crate::config::LoudnessStep;
use crate::profile::Profile;
use crate::room::snapshot::SessionView;
use crate::room::timeline::{MINUTE_MS, SessionTimeline};
use crate::room::{Event, Snapshot, Stage, Trouble};
use crate::theme::{self, GAP_MM, MARGIN_MM};
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::widget::icon::Icon;
use crate::widget::staff_parts::{self, PictureChoice, STAFF_CONTROL_MM};
use crate::widget::staff_sheet::{SheetGeometry, staff_sheet};
use crate::widget::touch::touchable;
use crate::widget::{ViewContext, parts, tile_faces};
use crate::words::Value;

/// Lengths of an infusion that staff can choose besides the profile's, in minutes.
const MINUTES_OFFERED: [u32; 3] = [40, 60, 120];
/// Number of columns in which profiles and places are listed; where the sheet has two halves, places have twice as many.
const PROFILE_COLUMNS: usize = 2;
/// Minimum and maximum height of the tile of a profile, in millimetres. If not all profiles fit at the minimum height,
/// they are on several pages.
const PROFILE_MM: (f32, f32) = (STAFF_CONTROL_MM, 30.0);
/// Height of the two lines that describe the chosen profile, in millimetres.
const ABOUT_MM: f32 = 8.8;
/// Mean advance of a letter in those lines, in millimetres, rounded up.
const ABOUT_LETTER_MM: f32 = 1.95;
/// Height of a control that begins the session, in millimetres.
const BEGIN_MM: f32 = 14.0;
/// Maximum number of controls that begin the session in a row.
const BEGIN_COLUMNS: usize = 3;
/// Height of *Calm now* and *Quiet to talk*, in millimetres.
const CALM_MM: f32 = 15.0;
/// Width of a control at the top of the sheet, in millimetres.
const HEAD_CONTROL_MM: f32 = 17.0;
/// Area that each warning is assumed to need, in square millimetres. The longest warning and the gap below it need this
/// much.
const WARNING_MM2: f32 = 1_950.0;
/// Minimum height of the sheet's body at which the controls for comfort leave space for the note about the reset, in
/// millimetres.
const NOTE_BODY_MIN_MM: f32 = 82.0;
/// Time by which one press extends the session, in minutes.
const EXTEND_MINUTES: u32 = 5;
/// Change of the volume by one step, in dB.
const VOLUME_STEP_DB: f32 = 2.0;
/// Change of the brightness by one step, as a fraction of full brightness.
const LIGHT_STEP: f32 = 0.1;

/// The staff sheet.
#[derive(Debug, Default)]
pub struct StaffSheet {
    page: SheetPage,
    settle: bool,
    /// Index of the page to which staff turned in the list of profiles. If `None`, the page with the chosen profile is
    /// shown.
    profile_page: Option<usize>,
    /// The place that the patient chose on arrival, and the volume, both as they were before staff replaced them with
    /// those of the profile. They are kept so that they can be restored. `None` unless they are replaced.
    exchanged: Option<(Place, f32)>,
    /// Whether staff have quieted the music to talk. The music comes back when the sheet closes.
    is_talking: bool,
}

/// What the sheet shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SheetPage {
    /// The stage's main action and the controls for the patient's comfort or, before the session, the choice of
    /// profile.
    #[default]
    Main,
    /// What is needed less often, and the reset.
    More,
    /// The choice of a place.
    Places,
    /// The list of what is wrong with the room.
    Warnings,
    /// The question whether the session is to begin although no desk is connected.
    BeginWithoutDesk {
        /// Length of the infusion, in minutes.
        minutes: u32,
    },
    /// The question whether the session is to end.
    End,
}

/// What happened in the sheet.
#[derive(Clone, Debug)]
pub enum Message {
    /// This page was requested.
    PagePressed(SheetPage),
    /// The profile with this name was chosen.
    ProfileChosen(String),
    /// The page with this index in the list of profiles was requested.
    ProfilesTurned(usize),
    /// Staff chose to keep the place from the patient's arrival (`true`), or to use the place and the volume of the
    /// profile (`false`). The second field is the place from arrival.
    KeepPressed(bool, Place),
    /// Staff chose whether the session begins with settling, in which the clock waits for the pump.
    SettlePressed(bool),
    /// A control that begins the session was pressed, for an infusion of this many minutes.
    BeginPressed(u32),
    /// Staff confirmed that the session begins although no desk is connected.
    BeginConfirmed,
    /// Staff confirmed that the session ends.
    EndConfirmed,
    /// Staff began (`true`) or stopped (`false`) talking to the patient.
    TalkPressed(bool),
    /// A control that sends this event was pressed.
    EventPressed(Event),
    /// A control that sends this event and closes the sheet was pressed.
    ClosingEventPressed(Event),
    /// *Close* was pressed, or the screen was touched outside the sheet.
    ClosePressed,
    /// Staff asked for the program to end.
    ExitPressed,
}

impl StaffSheet {
    /// Handles a message.
    pub fn update(&mut self, message: Message, snapshot: &Snapshot) -> Action {
        match message {
            Message::PagePressed(page) => self.page = page,
            // Choosing the current profile again does nothing, because the event would replace the patient's place with
            // that of the profile.
            Message::ProfileChosen(name) if name == snapshot.profile => {}
            Message::ProfileChosen(name) => {
                self.exchanged = None;
                return Action::Send(Event::ProfileChosen { name });
            }
            Message::ProfilesTurned(page) => self.profile_page = Some(page),
            Message::KeepPressed(keep, place) => return self.keep(keep, place, snapshot),
            Message::SettlePressed(settle) => self.settle = settle,
            Message::BeginPressed(minutes) if snapshot.is_line_up() => return self.begin(minutes),
            Message::BeginPressed(minutes) => self.page = SheetPage::BeginWithoutDesk { minutes },
            Message::BeginConfirmed => {
                if let SheetPage::BeginWithoutDesk { minutes } = self.page {
                    return self.begin(minutes);
                }
            }
            Message::EndConfirmed if self.page == SheetPage::End => {
                self.page = SheetPage::Main;
                return Action::Send(Event::End { landing_minutes: None });
            }
            Message::EndConfirmed => {}
            Message::TalkPressed(on) => {
                self.is_talking = on;
                return Action::Send(Event::TalkNow { on });
            }
            Message::EventPressed(event) => return Action::Send(event),
            Message::ClosingEventPressed(event) => return Action::Batch(vec![Action::Send(event), self.close()]),
            Message::ClosePressed => return self.close(),
            Message::ExitPressed => return Action::Exit,
        }
        Action::None
    }

    /// Returns the action that closes the sheet. If staff quieted the music to talk, the music comes back.
    pub fn close(&mut self) -> Action {
        let talk = std::mem::take(&mut self.is_talking).then_some(Action::Send(Event::TalkNow { on: false }));
        Action::Batch(talk.into_iter().chain([Action::CloseSheet]).collect())
    }

    /// Whether staff are talking to the patient. The app then keeps the sheet open longer, because no other screen of
    /// the tablet has the control that ends the talk.
    #[must_use]
    pub const fn is_talking(&self) -> bool {
        self.is_talking
    }

    fn keep(&mut self, keep: bool, place: Place, snapshot: &Snapshot) -> Action {
        match (keep, self.exchanged.take()) {
            (true, Some((place, db))) => Action::send_all([Event::PlaceChosen(place), Event::Volume { db }]),
            (true, None) => Action::None,
            (false, _) => {
                self.exchanged = Some((place, snapshot.volume_db));
                Action::Send(Event::ProfileChosen { name: snapshot.profile.clone() })
            }
        }
    }

    fn begin(&mut self, minutes: u32) -> Action {
        let event = Event::SessionBegins { profile: None, infusion_minutes: Some(minutes), settle: self.settle };
        Action::Batch(vec![Action::Send(event), self.close()])
    }

    /// The sheet, with the page that is open and the frame around it.
    #[must_use]
    pub fn view<'a>(&'a self, ctx: &ViewContext) -> Element<'a, Message> {
        let geometry = SheetGeometry::of(ctx);
        let stage = ctx.snapshot.stage;
        let (upper, lower) = match self.page {
            SheetPage::Main => match stage {
                Stage::Ready | Stage::Arrive => self.before(ctx, geometry),
                Stage::Session | Stage::After | Stage::Farewell => {
                    let (levels, place) = (levels(ctx), place_row(ctx));
                    // Where the two halves are side by side, a low display has no room for all rows in one of them.
                    if geometry.has_two_columns() {
                        (levels, Some(column![place].push(main_action(ctx).spacing(ctx.mm(GAP_MM)))))
                    } else {
                        (levels.push(place), Some(main_action(ctx)))
                    }
                }
                Stage::Turnover | Stage::Blocked => (column![], Some(reset(ctx, false))),
            },
            SheetPage::More => {
                let (upper, lower) = (more(ctx), reset(ctx, false).spacing(ctx.mm(GAP_MM)));
                match accept_output(ctx) {
                    Some(accept) if geometry.has_two_columns() => (upper, Some(column![accept].push(lower))),
                    accept => (upper.push(accept), Some(lower)),
                }
            }
            SheetPage::Places => (places(ctx, geometry), None),
            SheetPage::Warnings => (warnings(ctx), None),
            SheetPage::BeginWithoutDesk { .. } => question(
                ctx,
                "staff-line-ask",
                staff_parts::primary(ctx, "cancel", ctx.staff("staff-cancel"), Message::PagePressed(SheetPage::Main)),
                staff_parts::action(ctx, "begin-anyway", ctx.staff("staff-begin-anyway"), Message::BeginConfirmed),
            ),
            SheetPage::End => question(
                ctx,
                "staff-end-confirm",
                staff_parts::action(ctx, "cancel", ctx.staff("staff-cancel"), Message::PagePressed(SheetPage::Main)),
                staff_parts::primary(ctx, "end-meant", ctx.staff("staff-end"), Message::EndConfirmed),
            ),
        };
        staff_sheet(ctx, self.head(ctx, geometry), upper, lower, Message::ClosePressed)
    }

    /// The top of the sheet: the state of the visit, and the controls for the other pages and for closing.
    fn head<'a>(&self, ctx: &ViewContext, geometry: SheetGeometry) -> Element<'a, Message> {
        let control = |id: &str, key: &str, message: Message| -> Element<'a, Message> {
            staff_parts::action(ctx, id.to_owned(), ctx.staff(key), message).into()
        };
        let page = if self.page == SheetPage::Main {
            control("staff-more", "staff-more", Message::PagePressed(SheetPage::More))
        } else {
            control("staff-back", "staff-back", Message::PagePressed(SheetPage::Main))
        };
        let close = control("staff-close", "staff-close", Message::ClosePressed);
        let controls = row![page, close].spacing(ctx.mm(GAP_MM));
        let status = status(ctx);
        if geometry.has_tall_head() {
            return column![container(status).height(Length::Fill), controls].spacing(ctx.mm(GAP_MM)).into();
        }
        let controls = controls.width(ctx.mm(2.0 * HEAD_CONTROL_MM + GAP_MM));
        let upper = row![container(status).width(Length::Fill), controls]
            .spacing(ctx.mm(GAP_MM))
            .height(Length::Fixed(ctx.mm(STAFF_CONTROL_MM)));
        column![upper].push(ctx.snapshot.session.map(|session| clock(ctx, session))).spacing(ctx.mm(2.0)).into()
    }

    fn before<'a>(
        &self,
        ctx: &ViewContext,
        geometry: SheetGeometry,
    ) -> (Column<'a, Message>, Option<Column<'a, Message>>) {
        let begin = begin_rows(ctx);
        let lower_mm = STAFF_CONTROL_MM + begin.len() as f32 * (GAP_MM + BEGIN_MM);
        let beside_mm = if geometry.has_two_columns() { 0.0 } else { lower_mm + GAP_MM };
        let profiles_mm = geometry.body_height_mm - beside_mm - ABOUT_MM - GAP_MM;
        let upper = column![self.profiles(ctx, profiles_mm), about_profile(ctx, geometry)];
        let settle = ctx.staff("staff-settle");
        let settle =
            staff_parts::toggle(ctx, "settle", settle, self.settle, false, Message::SettlePressed(!self.settle));
        let switches = self.keep_choice(ctx).into_iter().chain([settle.into()]);
        let lower = column![staff_parts::side_by_side(ctx, switches)].extend(begin);
        (upper, Some(lower))
    }

    /// A toggle that keeps the place from the patient's arrival. `None` if the patient chose no place then, or chose
    /// the profile's own.
    fn keep_choice<'a>(&self, ctx: &ViewContext) -> Option<Element<'a, Message>> {
        let of_profile = ctx.profile()?.place;
        let chosen = ctx.snapshot.place_on_arrival.filter(|place| *place != of_profile);
        let place = self.exchanged.map(|(place, _)| place).or(chosen)?;
        let name = ctx.staff(&format!("place-{}", place.name()));
        let words = ctx.staff_words.say_with("staff-keep", &[("place", Value::from(name))]);
        let is_kept = self.exchanged.is_none();
        let message = Message::KeepPressed(!is_kept, place);
        Some(staff_parts::toggle(ctx, "keep-choice", words, is_kept, false, message).into())
    }

    /// The profiles, in as many rows as fit. If they need several pages, the last cell of each page is a control that
    /// turns to the next page; on the last page, it turns to the first.
    fn profiles<'a>(&self, ctx: &ViewContext, height_mm: f32) -> Column<'a, Message> {
        let profiles = &ctx.clinic.profiles;
        let rows_max = (((height_mm + GAP_MM) / (PROFILE_MM.0 + GAP_MM)) as usize).max(1);
        let (cells, count) = (rows_max * PROFILE_COLUMNS, profiles.len());
        // If there are several pages, one cell of each is needed for the control that turns to the next.
        let on_a_page = if count <= cells { cells } else { cells - 1 };
        let pages = count.div_ceil(on_a_page).max(1);
        let chosen = profiles.iter().position(|profile| profile.name == ctx.snapshot.profile);
        let page = self.profile_page.unwrap_or(chosen.unwrap_or(0) / on_a_page).min(pages - 1);
        let rows = if pages > 1 { rows_max } else { count.div_ceil(PROFILE_COLUMNS).max(1) };
        let each_mm = (height_mm + GAP_MM) / rows as f32 - GAP_MM;
        let each_mm = each_mm.clamp(PROFILE_MM.0, PROFILE_MM.1);
        let shown = profiles.chunks(on_a_page).nth(page).unwrap_or_default();
        let mut tiles: Vec<Element<'a, Message>> =
            shown.iter().map(|profile| profile_tile(ctx, profile, each_mm)).collect();
        if pages > 1 {
            tiles.resize_with(on_a_page, || Space::new().width(Length::Fill).height(ctx.mm(each_mm)).into());
            // The number is shown to people, who count pages from 1.
            let words = ctx
                .staff_words
                .say_with("staff-profiles-more", &[("page", Value::from(page + 1)), ("pages", Value::from(pages))]);
            let message = Message::ProfilesTurned((page + 1) % pages);
            tiles.push(
                staff_parts::icon_action(ctx, "profiles-more", Icon::Forward, words, message)
                    .height(ctx.mm(each_mm))
                    .into(),
            );
        }
        in_columns(ctx, PROFILE_COLUMNS, tiles)
    }
}

/// For each length of infusion, a control that begins the session. The control with the profile's length is the
/// primary one.
fn begin_rows<'a>(ctx: &ViewContext) -> Vec<Element<'a, Message>> {
    let own = ctx.snapshot.infusion_minutes;
    let mut offered: Vec<u32> = MINUTES_OFFERED.into_iter().chain([own]).collect();
    offered.sort_unstable();
    offered.dedup();
    let control = |minutes: u32| -> Element<'a, Message> {
        let is_own = minutes == own;
        // The others have no room for the verb, and being in one row with it, they don't need it.
        let key = if is_own { "staff-begin" } else { "staff-begin-other" };
        let words = ctx.staff_words.say_with(key, &[("minutes", Value::from(minutes))]);
        let of = SessionTimeline::new(minutes).end_ms / MINUTE_MS;
        let in_all = ctx.staff_words.say_with("staff-in-all", &[("of", Value::from(of))]);
        let id = if is_own { "begin-session".to_owned() } else { format!("begin-{minutes}") };
        let message = Message::BeginPressed(minutes);
        staff_parts::noted_action(ctx, id, words, in_all, is_own, message)
            .width(Length::FillPortion(if is_own { 5 } else { 3 }))
            .height(ctx.mm(BEGIN_MM))
            .into()
    };
    let columns = offered.len().div_ceil(offered.len().div_ceil(BEGIN_COLUMNS));
    let row = |minutes: &[u32]| staff_parts::side_by_side(ctx, minutes.iter().copied().map(control));
    offered.chunks(columns).map(row).collect()
}

fn profile_tile<'a>(ctx: &ViewContext, profile: &Profile, height_mm: f32) -> Element<'a, Message> {
    let choice = PictureChoice {
        id: format!("profile-{}", profile.name),
        title: profile.title_in(&ctx.staff_words.languages()).to_owned(),
        face: tile_faces::of_place(profile.place, profile.time),
        is_chosen: profile.name == ctx.snapshot.profile,
        message: Message::ProfileChosen(profile.name.clone()),
    };
    staff_parts::picture_choice(ctx, choice, height_mm)
}

/// Two lines about the chosen profile: its description or, if it has none that fits, its length and its place.
fn about_profile<'a>(ctx: &ViewContext, geometry: SheetGeometry) -> Element<'a, Message> {
    let letters_max = (2.0 * geometry.column_width_mm() / ABOUT_LETTER_MM) as usize;
    let words = ctx.profile().map_or_else(String::new, |profile| {
        let description = profile.description_in(&ctx.staff_words.languages());
        if (1..=letters_max).contains(&description.chars().count()) {
            return description.to_owned();
        }
        let place = ctx.staff(&format!("place-{}", profile.place.name()));
        let minutes = profile.infusion_minutes.unwrap_or(ctx.clinic.config.session.infusion_minutes);
        ctx.staff_words
            .say_with("staff-profile-line", &[("minutes", Value::from(minutes)), ("place", Value::from(place))])
    });
    container(parts::staff_note(ctx, words).line_height(1.15)).height(ctx.mm(ABOUT_MM)).into()
}

fn in_columns<'a>(ctx: &ViewContext, columns: usize, mut tiles: Vec<Element<'a, Message>>) -> Column<'a, Message> {
    // Empty cells keep the tiles of the last row as wide as the others.
    tiles.resize_with(tiles.len().next_multiple_of(columns), || Space::new().width(Length::Fill).into());
    let mut rows = column![].spacing(ctx.mm(GAP_MM));
    let mut tiles = tiles.into_iter().peekable();
    while tiles.peek().is_some() {
        rows = rows.push(staff_parts::side_by_side(ctx, tiles.by_ref().take(columns)));
    }
    rows
}

/// Controls for the patient's comfort: calm, talk, volume and light.
fn levels<'a>(ctx: &ViewContext) -> Column<'a, Message> {
    let snapshot = &ctx.snapshot;
    let event = |event: Event| Message::EventPressed(event);
    let calm = event(Event::Calm { on: !snapshot.calm });
    let calm = staff_parts::urgent_toggle(ctx, "calm-now", ctx.staff("staff-calm"), snapshot.calm, calm)
        .width(Length::FillPortion(3))
        .height(ctx.mm(CALM_MM));
    let talk = Message::TalkPressed(!snapshot.talk_now);
    let talk = staff_parts::toggle(ctx, "talk-now", ctx.staff("staff-talk-now"), snapshot.talk_now, true, talk)
        .width(Length::FillPortion(2))
        .height(ctx.mm(CALM_MM));
    let volume = |steps: f32| event(Event::Volume { db: snapshot.volume_db + steps * VOLUME_STEP_DB });
    let light = |steps: f32| event(Event::Brightness { trim: snapshot.brightness_trim + steps * LIGHT_STEP });
    let volume = staff_parts::stepper(
        ctx,
        volume_text(ctx, snapshot.volume_db),
        ("volume-less", volume(-1.0)),
        ("volume-more", volume(1.0)),
    );
    let light = staff_parts::stepper(
        ctx,
        light_text(ctx, snapshot.brightness_trim),
        ("light-less", light(-1.0)),
        ("light-more", light(1.0)),
    );
    column![staff_parts::side_by_side(ctx, [calm.into(), talk.into()]), staff_parts::side_by_side(ctx, [volume, light]),]
}

/// The control that opens the choice of a place, and the one for silence.
fn place_row<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let place = ctx.staff(&format!("place-{}", snapshot.place.name()));
    let note = ctx.staff("staff-place");
    let to_places = Message::PagePressed(SheetPage::Places);
    let place = staff_parts::noted_action(ctx, "staff-places", place, note, false, to_places);
    let silence = Message::EventPressed(Event::Silence { on: !snapshot.silence });
    let words = ctx.staff("staff-silence");
    let silence = staff_parts::toggle(ctx, "staff-silence", words, snapshot.silence, false, silence);
    staff_parts::side_by_side(ctx, [place.into(), silence.into()])
}

/// The stage's main action and, in a session that was not ended early, a control that extends the session.
fn main_action<'a>(ctx: &ViewContext) -> Column<'a, Message> {
    let snapshot = &ctx.snapshot;
    let primary = |id: &str, key: &str, message: Message| -> Element<'a, Message> {
        staff_parts::primary(ctx, id.to_owned(), ctx.staff(key), message).into()
    };
    let event = |event: Event| Message::EventPressed(event);
    let row = match (snapshot.stage, snapshot.session) {
        (Stage::Farewell, _) => return reset(ctx, true),
        (Stage::After, _) | (_, None) => {
            vec![primary("to-farewell", "staff-farewell", Message::ClosingEventPressed(Event::Farewell))]
        }
        (_, Some(session)) => {
            let main = if session.clock_at_snapshot_ms.is_none() {
                primary("infusion-starts", "staff-infusion-starts", event(Event::InfusionStarts))
            } else if session.landed {
                primary("to-after", "staff-after", Message::ClosingEventPressed(Event::AfterBegins))
            } else if session.paused {
                primary("resume", "staff-resume", event(Event::Resume))
            } else {
                primary("pause", "staff-pause", event(Event::Pause))
            };
            vec![main].into_iter().chain((!session.timeline.is_ended()).then(|| extend(ctx))).collect()
        }
    };
    column![staff_parts::side_by_side(ctx, row)]
}

fn extend<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let words = ctx.staff_words.say_with("staff-extend", &[("minutes", Value::from(EXTEND_MINUTES))]);
    staff_parts::action(ctx, "extend", words, Message::EventPressed(Event::Extend { minutes: EXTEND_MINUTES })).into()
}

/// Actions that are needed less often than those of the first page.
fn more<'a>(ctx: &ViewContext) -> Column<'a, Message> {
    let snapshot = &ctx.snapshot;
    let action = |id: &str, key: &str, message: Message| -> Element<'a, Message> {
        staff_parts::action(ctx, id.to_owned(), ctx.staff(key), message).into()
    };
    let after = || action("to-after", "staff-after", Message::ClosingEventPressed(Event::AfterBegins));
    let farewell = || action("to-farewell", "staff-farewell", Message::ClosingEventPressed(Event::Farewell));
    match snapshot.stage {
        Stage::Arrive => levels(ctx).push(place_row(ctx)),
        Stage::Session => {
            let is_ended = snapshot.session.is_none_or(|session| session.timeline.is_ended());
            let end = (!is_ended).then(|| action("end", "staff-end", Message::PagePressed(SheetPage::End)));
            column![].push(end).push(staff_parts::side_by_side(ctx, [after(), farewell()]))
        }
        Stage::Ready => {
            column![staff_parts::hold(ctx, "staff-exit", ctx.staff("staff-exit"), Message::ExitPressed)]
        }
        Stage::After | Stage::Farewell | Stage::Turnover | Stage::Blocked => column![],
    }
}

/// The control that lets sound play on an output that was not measured; `None` if the output was.
fn accept_output<'a>(ctx: &ViewContext) -> Option<Element<'a, Message>> {
    let accepted = Message::EventPressed(Event::OutputAccepted);
    let is_offered = ctx.snapshot.troubles.contains(&Trouble::OutputNotCalibrated);
    is_offered.then(|| staff_parts::hold(ctx, "accept-output", ctx.staff("staff-accept-output"), accepted).into())
}

/// The reset, which has to be held. While a real call is open, words say why there is no reset.
fn reset<'a>(ctx: &ViewContext, is_primary: bool) -> Column<'a, Message> {
    if ctx.snapshot.call.as_ref().is_some_and(|call| !call.practice) {
        return column![parts::staff_note(ctx, ctx.staff("staff-reset-call-open"))];
    }
    let (words, message) = (ctx.staff("staff-reset-hold"), Message::ClosingEventPressed(Event::StaffReset));
    let hold = if is_primary {
        staff_parts::primary_hold(ctx, "staff-reset", words, message)
    } else {
        staff_parts::hold(ctx, "staff-reset", words, message)
    };
    // The note is left out if the control that accepts the sound output needs its space, or if the sheet is low and has
    // the controls for comfort above it. The label of the reset is then enough.
    let is_below_comfort =
        ctx.snapshot.stage == Stage::Arrive && SheetGeometry::of(ctx).body_height_mm < NOTE_BODY_MIN_MM;
    let has_room = !ctx.snapshot.troubles.contains(&Trouble::OutputNotCalibrated) && !is_below_comfort;
    column![].push(has_room.then(|| parts::staff_note(ctx, ctx.staff("staff-reset-note")))).push(hold)
}

fn places<'a>(ctx: &ViewContext, geometry: SheetGeometry) -> Column<'a, Message> {
    let places = ctx.places();
    let hour = ctx.profile().map_or(TimeOfDay::Dusk, |profile| profile.time);
    let columns = if geometry.has_two_columns() { 2 * PROFILE_COLUMNS } else { PROFILE_COLUMNS };
    let rows = places.len().div_ceil(columns).max(1) as f32;
    let each_mm = ((geometry.body_height_mm + GAP_MM) / rows - GAP_MM).clamp(STAFF_CONTROL_MM, PROFILE_MM.1);
    let tile = |place: Place| {
        let choice = PictureChoice {
            id: format!("staff-place-{}", place.name()),
            title: ctx.staff(&format!("place-{}", place.name())),
            face: tile_faces::of_place(place, hour),
            is_chosen: place == ctx.snapshot.place,
            message: Message::EventPressed(Event::PlaceChosen(place)),
        };
        staff_parts::picture_choice(ctx, choice, each_mm)
    };
    in_columns(ctx, columns, places.into_iter().map(tile).collect())
}

/// What is wrong with the room, in words. Only the staff sheet shows them, because a patient reads the other screens of
/// the tablet.
fn warnings<'a>(ctx: &ViewContext) -> Column<'a, Message> {
    let geometry = SheetGeometry::of(ctx);
    let lines_max = ((geometry.body_height_mm * geometry.column_width_mm() / WARNING_MM2) as usize).max(1);
    let line = |words: String| -> Element<'a, Message> {
        parts::text_line(words, ctx.scale.small(), theme::CONTROL, theme::SAND).line_height(1.25).into()
    };
    let lines = parts::trouble_lines(ctx, own_warnings(&ctx.snapshot).map(|key| ctx.staff(key)), lines_max);
    Column::with_children(lines.into_iter().map(line))
}

/// The keys of the warnings that are no troubles of the room: no desk is connected, or the last turnover ended although
/// nobody heard the test tone.
fn own_warnings(snapshot: &Snapshot) -> impl Iterator<Item = &'static str> + use<> {
    let is_before_session = matches!(snapshot.stage, Stage::Ready | Stage::Arrive);
    let is_unheard = is_before_session && snapshot.receipt.is_some() && !snapshot.speaker_tested;
    let no_desk = (!snapshot.is_line_up()).then_some("staff-no-desk-ready");
    no_desk.into_iter().chain(is_unheard.then_some("staff-tone-unheard"))
}

/// Number of warnings: the room's troubles, and those of the sheet itself.
#[must_use]
pub fn warning_count(snapshot: &Snapshot) -> usize {
    snapshot.troubles.len() + own_warnings(snapshot).count()
}

/// The words at the top of the sheet: that the session is paused, or the part of the arc or the stage; and the number of
/// warnings or, if there are none, of connected desks. A touch opens the warnings, if there are any.
fn status<'a>(ctx: &ViewContext) -> Element<'a, Message> {
    let snapshot = &ctx.snapshot;
    let (state, color) = match snapshot.session {
        Some(session) if session.paused => (ctx.staff("staff-paused"), theme::LAMPLIGHT),
        Some(session) => (ctx.staff(&format!("part-{}", session.part.name())), theme::SAND),
        None => (ctx.staff(&format!("stage-{}", snapshot.stage.name())), theme::SAND),
    };
    let note = |words: String| parts::staff_note(ctx, words).line_height(1.2);
    let count = warning_count(snapshot);
    let well = if count > 0 {
        ctx.staff_words.say_with("staff-warnings", &[("count", Value::from(count))])
    } else {
        ctx.staff_words.say_with("staff-line-up", &[("desks", Value::from(snapshot.desks))])
    };
    let lines = column![parts::text_line(state, ctx.scale.label(), theme::CONTROL_STRONG, color).line_height(1.15)]
        .spacing(ctx.mm(0.8));
    if count == 0 {
        return lines.push(note(well)).into();
    }
    let well = row![
        parts::text_line(well, ctx.scale.small(), theme::CONTROL_STRONG, theme::LAMPLIGHT).line_height(1.2),
        Icon::Forward.view(ctx.mm(4.0), theme::LAMPLIGHT),
    ]
    .spacing(ctx.mm(1.0));
    touchable("staff-warnings", container(lines.push(well)).center_y(Length::Fill))
        .on_press(Message::PagePressed(SheetPage::Warnings))
        .slop_px(ctx.mm(MARGIN_MM))
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}

/// The arc and, below it, the session clock with the lengths of the infusion and of the session.
fn clock<'a>(ctx: &ViewContext, session: SessionView) -> Element<'a, Message> {
    let timeline = session.timeline;
    let infusion = Value::from(timeline.infusion_ms / MINUTE_MS);
    let of = Value::from(timeline.end_ms / MINUTE_MS);
    let clock_ms = session.clock_ms(ctx.clock.now());
    let minutes = Value::from(clock_ms.unwrap_or(0) / MINUTE_MS);
    let words = match clock_ms {
        None => ctx.staff_words.say_with("staff-clock-before", &[("infusion", infusion), ("of", of)]),
        Some(now_ms) if now_ms < timeline.infusion_ms && !timeline.is_ended() => {
            ctx.staff_words.say_with("staff-clock", &[("minutes", minutes), ("infusion", infusion), ("of", of)])
        }
        Some(_) => ctx.staff_words.say_with("staff-clock-after", &[("minutes", minutes), ("of", of)]),
    };
    column![arc(ctx, session), parts::staff_note(ctx, words).line_height(1.2)].spacing(ctx.mm(0.8)).into()
}

/// A bar for each part of the arc that takes time on the session clock; settling takes none. The time that has passed
/// is lit.
fn arc<'a>(ctx: &ViewContext, session: SessionView) -> Element<'a, Message> {
    let timeline = session.timeline;
    let now_ms = session.clock_ms(ctx.clock.now()).unwrap_or(0);
    let ends = [timeline.peak_from_ms, timeline.return_from_ms, timeline.landing_from_ms, timeline.end_ms];
    let height = ctx.mm(2.2);
    let bar = |length_ms: u64, color: iced::Color| -> Element<'a, Message> {
        // Portions are whole numbers, so lengths are in thousandths of the arc, fine enough even for a long session.
        let portion = u16::try_from(length_ms * 1_000 / timeline.end_ms.max(1)).unwrap_or(u16::MAX).max(1);
        container(Space::new().height(height))
            .width(Length::FillPortion(portion))
            .style(move |_| container::Style {
                background: Some(Background::Color(color)),
                ..container::Style::default()
            })
            .into()
    };
    let mut across = row![].width(Length::Fill);
    let mut from_ms = 0;
    for to_ms in ends {
        if to_ms <= from_ms {
            continue;
        }
        if from_ms > 0 {
            across = across.push(Space::new().width(ctx.mm(0.8)));
        }
        let done_ms = now_ms.clamp(from_ms, to_ms);
        if done_ms > from_ms {
            across = across.push(bar(done_ms - from_ms, theme::LAMPLIGHT));
        }
        if to_ms > done_ms {
            across = across.push(bar(to_ms - done_ms, theme::faded(theme::SAND, 0.26)));
        }
        from_ms = to_ms;
    }
    across.into()
}

/// Words for the volume: its step, and its level in dB(A) at the pillow if a meter was read, or else in dB.
fn volume_text(ctx: &ViewContext, volume_db: f32) -> String {
    let (loudness, dba) = ctx.clinic.config.sound.loudness(volume_db);
    let (key, unit, level) = match dba {
        Some(dba) => ("staff-volume-dba", "dba", dba),
        None => ("staff-volume", "db", volume_db),
    };
    let values = [
        ("step", Value::from(loudness.step())),
        ("of", Value::from(LoudnessStep::ALL.len())),
        (unit, Value::from(f64::from(level.round()))),
    ];
    ctx.staff_words.say_with(key, &values)
}

/// Words for the brightness that staff have added to, or subtracted from, the brightness of the arc.
fn light_text(ctx: &ViewContext, trim: f32) -> String {
    let percent = (trim * 100.0).round();
    if percent.abs() < 1.0 {
        return ctx.staff("staff-light-planned");
    }
    let sign = if percent > 0.0 { "+" } else { "−" };
    let trim = format!("{sign}{}", percent.abs());
    ctx.staff_words.say_with("staff-light", &[("trim", Value::from(trim))])
}

/// A question with its two answers, of which the caller makes one the primary action.
fn question<'a>(
    ctx: &ViewContext,
    key: &str,
    cancel: impl Into<Element<'a, Message>>,
    yes: impl Into<Element<'a, Message>>,
) -> (Column<'a, Message>, Option<Column<'a, Message>>) {
    let words = parts::text_line(ctx.staff(key), ctx.scale.staff(), theme::CONTROL, theme::SAND);
    (column![words], Some(column![staff_parts::side_by_side(ctx, [cancel.into(), yes.into()])]))
}
