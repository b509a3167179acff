// Owns the types of the messages from the desk's server, and of what the page keeps of them. This file is for the type
// check only and is not served. The messages are written by `src/line/view.rs`, `src/desk/single_room/view.rs` and
// `src/desk/multi_room/message.rs`.

type Phase = "placed" | "sent" | "received" | "on_the_way" | "here";

interface Call {
  id: string;
  practice: boolean;
  phase: Phase;
  placed_ago_ms: number;
  phase_ago_ms: number;
  name: string | null;
  reason: string | null;
  presses: number;
  line_down_told: boolean;
  risen: boolean;
  escalated: boolean;
  journaled: boolean;
}

interface Profile {
  name: string;
  title: string;
  description: string;
  scored: boolean;
  place: string;
  time: string;
}

interface Offers {
  profiles: Profile[];
  cap_db: number;
  previews: boolean;
}

/** A session's clock and the boundaries of its parts. */
interface Session {
  infusion_ms: number;
  peak_from_ms: number;
  return_from_ms: number;
  landing_from_ms: number;
  end_ms: number;
  ended: boolean;
  clock_ms: number | null;
  running: boolean;
  paused: boolean;
  landed: boolean;
  speed: number;
}

interface Receipt {
  number: number;
  at: string;
  verified: boolean;
  checks: { name: string; ok: boolean }[];
  chain: string;
}

interface PastCall {
  id: string;
  practice: boolean;
  at: string;
  name: string | null;
  received_ms: number | null;
  coming_ms: number | null;
  here_ms: number | null;
  cleared_ms: number | null;
}

/**
 * A room. An empty name or a null means that there is no such value, that the room did not send it, or that it could
 * not be parsed.
 */
interface RoomView {
  room: string;
  stage: string;
  in_visit: boolean;
  part: string | null;
  session: Session | null;
  profile: string;
  infusion_minutes: number | null;
  place: string;
  language: string;
  volume_db: number | null;
  breath: string | null;
  dark: boolean;
  anchor: boolean;
  calm: boolean;
  silence: boolean;
  brightness_trim: number | null;
  intensity_nudge: number | null;
  talk_now: boolean;
  desks: number;
  line: string;
  shared: string | null;
  troubles: string[];
  receipt: Receipt | null;
  wiping: boolean;
  speaker_tested: boolean;
  offers: Omit<Offers, "previews"> | null;
}

/** A room's view, with its call and the recent calls. */
interface ShownRoom extends RoomView {
  call: Call | null;
  recent: PastCall[];
}

/** The first message of a stream, with everything that does not change while the page is open. */
interface Hello {
  desk: string;
  version: string;
  several?: boolean;
  name?: string;
  locale: string;
  clinicians: string[];
  places: string[];
  /** The address of each place's picture, by time of day. */
  pictures?: Record<string, Record<string, string>>;
  signed_in: boolean;
  previews: boolean;
  profiles?: Profile[];
  cap_db?: number;
}

/** The state of the connection to the broker. */
interface BrokerLine {
  linked: boolean;
  was_linked: boolean;
  why: string | null;
  broker: string;
  rooms: number;
  fought_over: boolean;
  left_out: { count: number; rooms: string[] };
}

/** The message about one room at a desk of several rooms. */
interface RoomMessage {
  id: string;
  name: string;
  lost: boolean;
  troubles: string[];
  call: Call | null;
  left: string[];
  view: RoomView | null;
  view_age_ms: number;
  recent: PastCall[];
}

/**
 * A room as the page keeps it. Fields whose names end in `At` are the times at which the values were current, as
 * `performance.now()`.
 */
interface Room {
  id: string;
  name: string;
  view: ShownRoom | null;
  viewAt: number;
  call: Call | null;
  callAt: number;
  lost: boolean;
  left: string[];
  troubles: string[];
  toldAt: number;
}

/** Something that is wrong with a room, the page or a connection. `fill` are the values of its text's placeholders. */
interface Trouble {
  key: string;
  name: string;
  room: Room | null;
  cutsOff: boolean;
  call?: string;
  fill?: Record<string, string | number>;
}
