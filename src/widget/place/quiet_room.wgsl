// layers: 3
// Owns the picture of the quiet room: a window, a lamp, a hearth and a chair. Does not own the clock, the breath, the
// light through the session, or the enlargement of a small target to the screen.
//
// The room is modelled in metres and seen from one point. It is baked into three layers, each of which holds the light
// of one source on everything, with shadows and one bounce. The live pass only adds up the layers with weights, and
// draws what moves:
//   0  window, sun or moon, sky   alpha: window glass
//   1  the fire at full           alpha: depth within the hearth; 0 outside it
//   2  the lamp at full           alpha: embers inside the hearth, sway outside it
// Light is stored as the cube root of its ratio to BRIGHTEST, so eight bits are enough in dark parts.
//
// Every motion is a sine or a lattice with a whole number of turns per 3600 s, so it does not jump when the clock
// wraps.

struct Scene {
  size: vec2<f32>,      // size of the target, in pixels
  time_s: f32,          // seconds on the clock, which wraps at 3600
  breath: f32,          // level of the breath: 0 out .. 1 in
  breath_wet: f32,      // not used here
  hour: f32,            // time of day: 0 dawn, 1 day, 2 dusk, 3 night
  light: f32,           // brightness: 0 darkest .. 1 as painted
  warmth: f32,          // -1 moonlight .. 1 lamplight
  saturation: f32,      // 0 grey .. 1 as painted
  movement: f32,        // 0 still .. 1 full motion
  mood: f32,            // weather: 0 clear .. 1 snow falls
  scale_hint: f32,
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var smooth_sampler: sampler;

const TAU: f32 = 6.2831853;
const BRIGHTEST: f32 = 2.5;
const EYE: vec3<f32> = vec3<f32>(0.95, 1.22, -0.10);
const AHEAD: vec3<f32> = vec3<f32>(-0.5, 0.0, 0.8660254);
const ASIDE: vec3<f32> = vec3<f32>(0.8660254, 0.0, 0.5);
const HORIZON: f32 = 0.345;         // fraction of the picture's height, from the top; as with a shifted lens, verticals stay vertical
const FIRE_AT: vec3<f32> = vec3<f32>(-0.68, 0.36, 4.42);
const LAMP_AT: vec3<f32> = vec3<f32>(-1.95, 1.50, 3.98);
const LEFT_X: f32 = -2.35;
const BACK_Z: f32 = 4.70;
const PANE_Y: vec2<f32> = vec2<f32>(0.78, 2.24);   // extent of the window's opening in the left wall
const PANE_Z: vec2<f32> = vec2<f32>(2.22, 3.92);
const GLASS_X: f32 = -2.53;

const FLOOR: f32 = 30.0;
const WALL: f32 = 31.0;
const GLASS: f32 = 32.0;
const REVEAL: f32 = 33.0;

// What is the same for every pixel is computed in the three vertices, and passed on without interpolation.
struct Corner {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) share: vec4<f32>,  // weights of fire and lamp, size of the flames; w: eased breath
  @location(1) @interpolate(flat) tint: vec4<f32>,   // gains for the warmth; w: dimming toward night
  @location(2) @interpolate(flat) flake: vec4<f32>,  // colour of the falling snow; w: its amount
};

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Corner {
  var out: Corner;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  // The fire brightens with the breath. Its own flicker is slow and small.
  let breath = smoothstep(0.0, 1.0, scene.breath);
  let unrest = 0.030 * sway(523.0, 0.0) + 0.022 * sway(331.0, 1.3) + 0.014 * sway(811.0, 2.1);
  let share = of_hour(vec3<f32>(0.46, 0.08, 0.72), vec3<f32>(0.34, 0.0, 0.66), vec3<f32>(0.92, 0.88, 0.95), vec3<f32>(1.08, 0.88, 1.08));
  out.share = vec4<f32>(share.x * (0.84 + 0.30 * breath + unrest), share.y * (0.95 + 0.09 * breath), share.z, breath);
  out.tint = vec4<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth, night_veil(scene.light));
  let white = of_hour(vec3<f32>(1.05, 0.88, 0.88), vec3<f32>(1.25, 1.28, 1.32), vec3<f32>(0.46, 0.42, 0.62), vec3<f32>(0.20, 0.24, 0.36));
  out.flake = vec4<f32>(white, 0.80 * clamp(scene.mood, 0.0, 1.0) * min(1.0, scene.movement * 4.0));
  return out;
}

// Returns the height of the view at a distance of one. A narrow picture has a wider view, which keeps the hearth and
// the window in it.
fn span() -> f32 {
  return 0.74 * max(1.0, 1.5 * scene.size.y / scene.size.x);
}

fn ray_through(pixel: vec2<f32>) -> vec3<f32> {
  let at = vec2<f32>(pixel.x - 0.5 * scene.size.x, HORIZON * scene.size.y - pixel.y) * (span() / scene.size.y);
  return normalize(AHEAD + ASIDE * at.x + vec3<f32>(0.0, at.y, 0.0));
}

fn hash(cell: vec2<i32>) -> f32 {
  var n = (bitcast<u32>(cell.x) * 0x9E3779B1u) ^ (bitcast<u32>(cell.y) * 0x85EBCA77u);
  n = (n ^ (n >> 15u)) * 0x2C1B3C6Du;
  n = n ^ (n >> 13u);
  return f32(n >> 8u) * (1.0 / 16777216.0);
}

// Returns smooth noise, 0..1, with a period of 512 cells in each direction.
fn noise(p: vec2<f32>) -> f32 {
  let base = floor(p);
  let f = p - base;
  let u = f * f * (3.0 - 2.0 * f);
  let a = vec2<i32>(base) & vec2<i32>(511);
  let b = (a + 1) & vec2<i32>(511);
  let low = mix(hash(a), hash(vec2<i32>(b.x, a.y)), u.x);
  return mix(low, mix(hash(vec2<i32>(a.x, b.y)), hash(b), u.x), u.y);
}

fn cloudy(p: vec2<f32>) -> f32 {
  let q = vec2<f32>(0.8 * p.x - 0.6 * p.y, 0.6 * p.x + 0.8 * p.y);
  return 0.50 * noise(p) + 0.31 * noise(q * 2.13 + 17.3) + 0.19 * noise(p.yx * 4.41 + 5.1);
}

fn of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let w = max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
  return dawn * w.x + day * w.y + dusk * w.z + night * w.w;
}

fn turned(p: vec2<f32>, angle: f32) -> vec2<f32> {
  let c = cos(angle);
  let s = sin(angle);
  return vec2<f32>(c * p.x - s * p.y, s * p.x + c * p.y);
}

// ---- the geometry ----

fn block(p: vec3<f32>, half: vec3<f32>, round: f32) -> f32 {
  let q = abs(p) - half + round;
  return length(max(q, vec3<f32>(0.0))) + min(max(q.x, max(q.y, q.z)), 0.0) - round;
}

fn rod(p: vec3<f32>, a: vec3<f32>, b: vec3<f32>, radius: f32) -> f32 {
  let along = b - a;
  return length(p - a - along * clamp(dot(p - a, along) / dot(along, along), 0.0, 1.0)) - radius;
}

fn drum(p: vec3<f32>, radius: f32, half: f32, round: f32) -> f32 {
  let q = vec2<f32>(length(p.xz) - radius, abs(p.y) - half) + round;
  return length(max(q, vec2<f32>(0.0))) + min(max(q.x, q.y), 0.0) - round;
}

fn melt(a: f32, b: f32, k: f32) -> f32 {
  let h = max(k - abs(a - b), 0.0) / k;
  return min(a, b) - h * h * k * 0.25;
}

fn nearer(best: vec2<f32>, d: f32, id: f32) -> vec2<f32> {
  return select(best, vec2<f32>(d, id), d < best.x);
}

var<private> unlike: f32 = 0.0;      // varies from pixel to pixel, so that the steps along a shadow ray leave no rings
var<private> fine: bool = true;     // whether thin things count; their shadows are not worth the cost

fn hearth(p: vec3<f32>) -> vec2<f32> {
  let q = p - vec3<f32>(-0.68, 0.0, 4.2);
  let breast = block(q - vec3<f32>(0.0, 1.5, 0.30), vec3<f32>(0.83, 1.6, 0.30), 0.02);
  let face = block(q - vec3<f32>(0.0, 0.52, 0.1), vec3<f32>(0.64, 0.52, 0.135), 0.012);
  // The opening has straight sides below and a flat arch above.
  let lift = vec2<f32>(q.x, max(q.y - 0.52, 0.0) * 1.25);
  let inside = max(length(lift) - 0.43, max(q.z - 0.44, 0.07 - q.y));
  var best = vec2<f32>(max(breast, -inside), 1.0);
  best = nearer(best, max(face, -inside), 2.0);
  best = nearer(best, block(q - vec3<f32>(0.0, 0.035, -0.10), vec3<f32>(0.86, 0.035, 0.42), 0.015), 2.0);
  let beam = block(q - vec3<f32>(0.0, 1.19, -0.09), vec3<f32>(0.90, 0.07, 0.14), 0.022);
  best = nearer(best, beam + 0.004 * sin(q.x * 9.0 + sin(q.x * 4.0)) , 3.0);
  if inside < 0.1 {
    var logs = rod(q, vec3<f32>(-0.31, 0.165, 0.15), vec3<f32>(0.29, 0.155, 0.12), 0.052);
    logs = min(logs, rod(q, vec3<f32>(-0.27, 0.165, 0.33), vec3<f32>(0.30, 0.160, 0.31), 0.060));
    logs = min(logs, rod(q, vec3<f32>(-0.22, 0.255, 0.32), vec3<f32>(0.10, 0.250, 0.15), 0.044));
    logs = min(logs, rod(q, vec3<f32>(-0.02, 0.185, 0.13), vec3<f32>(0.22, 0.300, 0.30), 0.036));
    logs -= 0.0035 * sin(q.x * 23.0 + q.y * 90.0) * sin(q.y * 71.0 + q.z * 47.0);
    best = nearer(best, logs * 0.85, 5.0);
    let ash = length((q - vec3<f32>(0.0, 0.02, 0.22)) * vec3<f32>(0.30, 1.0, 0.55)) - 0.105;
    best = nearer(best, ash + 0.006 * sin(q.x * 71.0) * sin(q.z * 83.0 + q.x * 37.0), 6.0);
  }
  if fine {
    let f = vec3<f32>(abs(q.x), q.y, q.z + 0.36);
    var rail = min(rod(f, vec3<f32>(0.0, 0.26, 0.0), vec3<f32>(0.60, 0.26, 0.0), 0.010), rod(f, vec3<f32>(0.0, 0.11, 0.0), vec3<f32>(0.60, 0.11, 0.0), 0.009));
    rail = min(rail, min(rod(f, vec3<f32>(0.60, 0.26, 0.0), vec3<f32>(0.68, 0.26, 0.30), 0.010), rod(f, vec3<f32>(0.60, 0.08, 0.0), vec3<f32>(0.60, 0.29, 0.0), 0.013)));
    let step_x = (fract(f.x * 7.5 + 0.5) - 0.5) / 7.5;
    let spoke = max(length(vec2<f32>(step_x, f.z)) - 0.0040, max(abs(f.y - 0.185) - 0.075, f.x - 0.58));
    best = nearer(best, min(rail, spoke), 7.0);
  }
  // Books, a cup and a vase stand on the mantel.
  let m = q - vec3<f32>(0.0, 1.26, -0.07);
  if fine && m.y < 0.45 && m.z < 0.2 {
    let lie = m - vec3<f32>(-0.52, 0.0, 0.0);
    best = nearer(best, block(lie - vec3<f32>(0.0, 0.021, 0.0), vec3<f32>(0.13, 0.019, 0.09), 0.005), 20.0);
    best = nearer(best, block(lie - vec3<f32>(0.015, 0.055, 0.01), vec3<f32>(0.11, 0.015, 0.08), 0.005), 21.0);
    best = nearer(best, max(abs(drum(lie - vec3<f32>(0.0, 0.115, 0.0), 0.042, 0.045, 0.012)) - 0.004, lie.y - 0.155), 11.0);
    let v = m - vec3<f32>(0.60, 0.0, 0.02);
    let belly = 0.060 - 0.030 * smoothstep(0.10, 0.22, v.y) - 0.020 * smoothstep(0.05, 0.0, v.y);
    best = nearer(best, max(length(v.xz) - belly, max(v.y - 0.25, -v.y)) * 0.8, 22.0);
  }
  return best;
}

fn chair(p: vec3<f32>) -> vec2<f32> {
  var q = p - vec3<f32>(-1.36, 0.0, 2.90);
  q = vec3<f32>(turned(q.xz, 1.65), q.y).xzy;
  let side = vec3<f32>(abs(q.x), q.y, q.z);
  let lean = vec3<f32>(q.x, turned(q.yz - vec2<f32>(0.42, -0.26), 0.20)).xyz;
  let wide = vec3<f32>(abs(lean.x), lean.y, lean.z);
  var d = block(q - vec3<f32>(0.0, 0.26, 0.0), vec3<f32>(0.36, 0.12, 0.35), 0.05);
  let back = block(lean - vec3<f32>(0.0, 0.28, -0.03), vec3<f32>(0.34, 0.40, 0.085), 0.085);
  d = melt(d, back, 0.05);
  d = melt(d, block(wide - vec3<f32>(0.33, 0.30, 0.08), vec3<f32>(0.06, 0.26, 0.12), 0.055), 0.06);
  let arm = block(side - vec3<f32>(0.375, 0.37, 0.03), vec3<f32>(0.075, 0.20, 0.35), 0.06);
  let roll = drum(vec3<f32>(side.x - 0.385, side.z - 0.03, side.y - 0.565), 0.092, 0.365, 0.05);
  d = melt(d, melt(arm, roll, 0.05), 0.035);
  var best = vec2<f32>(d, 8.0);
  let puff = block(q - vec3<f32>(0.0, 0.425 - 0.35 * q.x * q.x, 0.05), vec3<f32>(0.288, 0.080, 0.335), 0.065);
  best = nearer(best, puff, 8.0);
  // The throw follows the form of the chair. It is a finger thick and has wide folds.
  let fold = 0.010 * sin(q.z * 46.0 + 2.0 * sin(q.y * 6.0)) * smoothstep(0.60, 0.30, q.y);
  let laid = min(d, puff) - 0.020 - fold;
  let cut = block(q - vec3<f32>(0.36, 0.46, 0.06 + 0.03 * q.y), vec3<f32>(0.17, 0.26 + 0.014 * sin(q.z * 30.0), 0.18), 0.02);
  best = nearer(best, max(laid, cut) * 0.85, 9.0);
  var c = lean - vec3<f32>(-0.06, 0.20, 0.14);
  c = vec3<f32>(turned(c.xy, 0.20), c.z);
  let pinch = 0.055 * (1.0 - smoothstep(0.0, 0.24, abs(c.x)) * 0.8) * (1.0 - smoothstep(0.0, 0.24, abs(c.y)) * 0.8);
  best = nearer(best, (block(c, vec3<f32>(0.19, 0.19, 0.030 ), 0.028) - pinch) * 0.8, 10.0);
  let foot = rod(side, vec3<f32>(0.31, 0.0, sign(q.z) * 0.28), vec3<f32>(0.30, 0.16, sign(q.z) * 0.27), 0.022);
  return nearer(best, foot, 12.0);
}

fn curtain(p: vec3<f32>) -> f32 {
  // Both panels are computed as one, from the distance to the middle of the window.
  let z = p.z - 0.5 * (PANE_Z.x + PANE_Z.y);
  let along = abs(z);
  let hang = clamp((2.36 - p.y) / 2.3, 0.0, 1.0);
  let folds = sin(along * 62.0 + 1.6 * sin(along * 13.0 + select(0.0, 2.0, z > 0.0)) + 0.8 * hang);
  let sheet = abs(p.x + 2.25 - (0.018 + 0.026 * hang) * folds) - 0.010;
  let inner = 0.80 - 0.05 * smoothstep(0.0, 0.6, hang);
  return max(sheet * 0.42, max(max(inner - along, along - select(1.45, 1.20, z > 0.0) - 0.03 * hang), max(p.y - 2.36, 0.03 - p.y)));
}

fn plant(p: vec3<f32>) -> vec2<f32> {
  let q = p - vec3<f32>(-1.95, 0.0, 1.92);
  let weave = 0.003 * sin(q.y * 180.0) * sin(atan2(q.z, q.x) * 40.0);
  var best = vec2<f32>(drum(q - vec3<f32>(0.0, 0.16, 0.0), 0.15 + 0.10 * q.y, 0.16, 0.03) - weave, 15.0);
  best = nearer(best, drum(q - vec3<f32>(0.0, 0.28, 0.0), 0.155, 0.02, 0.005), 6.0);
  if !fine { return nearer(best, (length((q - vec3<f32>(0.0, 0.85, 0.0)) * vec3<f32>(1.0, 0.8, 1.0)) - 0.24) * 0.8, 16.0); }
  var d = 1.0;
  for (var i = 0; i < 13; i++) {
    let k = f32(i);
    let at = k * 2.4;
    let high = 0.42 + 0.062 * k;
    var l = vec3<f32>(turned(q.xz, at), q.y).xzy;
    let rise = 0.75 - 0.03 * k + 0.25 * sin(k * 1.7);
    let root = vec3<f32>(0.03, high, 0.0);
    l = l - root;
    l = vec3<f32>(turned(l.xy, -rise), l.z);
    let reach = 0.19 + 0.05 * sin(k * 2.9);
    // The blade of a leaf is broad, with a shallow keel along its midrib and a tip that bends down.
    let u = l.x / reach - 1.0;
    let keel = vec3<f32>(l.x - reach - 0.04, l.y + 0.45 * l.x * l.x - 0.12 * abs(l.z) * max(1.0 - u * u, 0.0), l.z * (1.0 + 0.35 * u));
    let e = keel / vec3<f32>(reach, 0.012, 0.075 + 0.02 * sin(k * 5.1));
    let n = length(e);
    d = min(d, max((n - 1.0) * 0.022, (n - 1.0) * n / max(length(e / vec3<f32>(reach, 0.012, 0.075)), 0.001) * 0.8));
    // The stalk of the leaf continues the bend of the blade.
    d = min(d, rod(l, vec3<f32>(-0.028, 0.004, 0.0), vec3<f32>(0.085, -0.004, 0.0), 0.0055));
    if (i & 3) == 0 {
      d = min(d, rod(q, vec3<f32>(0.0, 0.26, 0.0), vec3<f32>(0.02 * sin(k), high + 0.02, 0.02 * cos(k)), 0.008));
    }
  }
  return nearer(best, d * 0.8, 16.0);
}

fn shelf(p: vec3<f32>) -> vec2<f32> {
  let q = p - vec3<f32>(0.84, 0.0, 4.53);
  let row = clamp(floor((q.y - 0.08) / 0.36), 0.0, 3.0);
  let y = q.y - 0.08 - row * 0.36;
  let body = block(q - vec3<f32>(0.0, 0.775, 0.0), vec3<f32>(0.69, 0.775, 0.17), 0.01);
  let hollow = block(vec3<f32>(q.x, y - 0.175, q.z + 0.05), vec3<f32>(0.66, 0.158, 0.19), 0.005);
  if !fine { return vec2<f32>(max(body, -0.02 - q.z), 3.0); }
  var best = vec2<f32>(max(body, -hollow), 3.0);
  // Both neighbours of a cell are tested, too: if this cell is empty, a step along the ray must not skip the next book.
  for (var i = -1; i < 2; i++) {
    let cell = floor(q.x / 0.047) + f32(i);
    let pick = hash(vec2<i32>(i32(cell), i32(row) * 7 + 3));
    let kind = hash(vec2<i32>(i32(cell) + 91, i32(row) * 5 + 1));
    let tall = 0.105 + 0.035 * pick;
    let local = vec3<f32>(q.x - (cell + 0.5) * 0.047, y - 0.017 - tall, q.z - 0.01 - 0.02 * kind);
    let is_gap = noise(vec2<f32>(cell * 0.23 + 7.0 * row, row * 3.0)) > 0.73;
    let book = select(block(local, vec3<f32>(0.0215, tall, 0.085), 0.006), 0.065, is_gap);
    best = nearer(best, max(book, abs(q.x) - 0.66) * 0.6, 23.0 + floor(kind * 4.99));
  }
  return best;
}

fn lamp(p: vec3<f32>) -> vec2<f32> {
  let l = p - vec3<f32>(LAMP_AT.x, 0.0, LAMP_AT.z);
  let r = length(l.xz);
  let shade = vec2<f32>(max(abs(r - 0.205 + 0.30 * (l.y - 1.36)) * 0.95 - 0.004, abs(l.y - 1.51) - 0.155), 14.0);
  return nearer(shade, min(max(r - 0.011, l.y - 1.40), drum(l - vec3<f32>(0.0, 0.012, 0.0), 0.13, 0.012, 0.010)), 12.0);
}

fn side_table(p: vec3<f32>) -> vec2<f32> {
  let t = p - vec3<f32>(-1.06, 0.0, 3.52);
  var best = vec2<f32>(drum(t - vec3<f32>(0.0, 0.50, 0.0), 0.235, 0.014, 0.010), 12.0);
  let leg = vec3<f32>(turned(t.xz, 0.5), t.y).xzy;
  best = nearer(best, rod(vec3<f32>(abs(leg.x), leg.y, abs(leg.z)), vec3<f32>(0.15, 0.0, 0.15), vec3<f32>(0.09, 0.49, 0.09), 0.014), 12.0);
  let b = vec3<f32>(turned(t.xz, -0.5), t.y - 0.535).xzy;
  best = nearer(best, block(b - vec3<f32>(-0.05, 0.0, 0.04), vec3<f32>(0.065, 0.018, 0.095), 0.004), 24.0);
  let c = t - vec3<f32>(0.08, 0.558, -0.06);
  return nearer(best, max(abs(drum(c, 0.042, 0.048, 0.014)) - 0.0065, c.y - 0.040), 11.0);
}

fn pouf(p: vec3<f32>) -> vec2<f32> {
  let f = p - vec3<f32>(0.60, 0.155, 3.74);
  let round = atan2(f.z, f.x);
  let knit = 0.007 * abs(sin(round * 12.0 + f.y * 7.0)) * (1.0 - smoothstep(0.06, 0.15, abs(f.y)));
  let q = vec2<f32>(length(f.xz) - 0.13, f.y);
  return vec2<f32>((length(q * vec2<f32>(1.0, 0.92)) - 0.145 + knit) * 0.7, 28.0);
}

fn frame(p: vec3<f32>) -> f32 {
  let q = vec3<f32>(p.x - GLASS_X - 0.02, p.y - 1.51, p.z - 3.07);
  let a = abs(q.yz);
  var d = max(max(a.x - 0.75, a.y - 0.87), -max(a.x - 0.675, a.y - 0.79));
  d = min(d, min(abs(a.y - 0.265) - 0.022, abs(q.y - 0.30) - 0.022));
  return max(max(d, max(a.x - 0.75, a.y - 0.87)), abs(q.x) - 0.028) - 0.004;
}

// Returns the distance to the nearest thing in the room, and its id. Each group of things is evaluated only near its
// own box.
fn thing(p: vec3<f32>) -> vec2<f32> {
  var best = vec2<f32>(9.0, 0.0);
  var far = block(p - vec3<f32>(-0.68, 1.5, 4.30), vec3<f32>(0.91, 1.6, 0.62), 0.0);
  if far < 0.12 { best = hearth(p); } else { best = vec2<f32>(far, 0.0); }
  far = block(p - vec3<f32>(-1.36, 0.52, 2.90), vec3<f32>(0.56, 0.54, 0.56), 0.0);
  if far < best.x {
    if far < 0.1 { let c = chair(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); }
  }
  far = block(p - vec3<f32>(-2.25, 1.2, 3.07), vec3<f32>(0.07, 1.22, 1.68), 0.0);
  if far < best.x {
    if far < 0.1 {
      best = nearer(best, curtain(p), 13.0);
      best = nearer(best, rod(p, vec3<f32>(-2.26, 2.40, 1.40), vec3<f32>(-2.26, 2.40, 4.36), 0.014), 12.0);
      best = nearer(best, block(p - vec3<f32>(-2.42, 0.765, 3.07), vec3<f32>(0.13, 0.02, 0.92), 0.01), 17.0);
    } else { best = vec2<f32>(far, 0.0); }
  }
  far = block(p - vec3<f32>(-2.51, 1.51, 3.07), vec3<f32>(0.04, 0.75, 0.87), 0.0);
  if far < best.x { if far < 0.05 { best = nearer(best, frame(p), 17.0); } else { best = vec2<f32>(far, 0.0); } }
  far = length(p - vec3<f32>(-1.95, 0.72, 1.92)) - 0.74;
  if far < best.x {
    if far < 0.1 { let c = plant(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); }
  }
  far = block(p - vec3<f32>(0.84, 0.78, 4.53), vec3<f32>(0.70, 0.79, 0.18), 0.0);
  if far < best.x {
    if far < 0.1 { let c = shelf(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); }
  }
  far = max(length(p.xz - LAMP_AT.xz) - 0.22, p.y - 1.68);
  if far < best.x { if far < 0.06 { let c = lamp(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); } }
  far = max(length(p.xz - vec2<f32>(-1.06, 3.52)) - 0.25, p.y - 0.62);
  if far < best.x { if far < 0.06 { let c = side_table(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); } }
  far = length(p - vec3<f32>(0.60, 0.155, 3.74)) - 0.30;
  if far < best.x { if far < 0.06 { let c = pouf(p); best = nearer(best, c.x, c.y); } else { best = vec2<f32>(far, 0.0); } }
  return nearer(best, block(p - vec3<f32>(-0.42, 0.006, 2.78), vec3<f32>(0.98, 0.006, 0.80), 0.005), 18.0);
}

// Where a ray hits the walls, the floor or the window: distance along the ray, id, and normal.
struct Shell { way: f32, id: f32, normal: vec3<f32> };

fn shell(ray: vec3<f32>) -> Shell {
  var out = Shell(40.0, WALL, vec3<f32>(0.0, 0.0, -1.0));
  if ray.z > 0.0 { out.way = (BACK_Z - EYE.z) / ray.z; }
  if ray.y < 0.0 {
    let way = -EYE.y / ray.y;
    if way < out.way { out = Shell(way, FLOOR, vec3<f32>(0.0, 1.0, 0.0)); }
  }
  let right = (2.6 - EYE.x) / ray.x;
  if ray.x > 0.0 && right < out.way { out = Shell(right, WALL, vec3<f32>(-1.0, 0.0, 0.0)); }
  let left = (LEFT_X - EYE.x) / ray.x;
  if ray.x < 0.0 && left < out.way {
    out = Shell(left, WALL, vec3<f32>(1.0, 0.0, 0.0));
    let at = EYE + ray * left;
    if at.y > PANE_Y.x && at.y < PANE_Y.y && at.z > PANE_Z.x && at.z < PANE_Z.y {
      out = Shell((GLASS_X - EYE.x) / ray.x, GLASS, vec3<f32>(1.0, 0.0, 0.0));
      let jamb = (select(PANE_Z.x, PANE_Z.y, ray.z > 0.0) - EYE.z) / ray.z;
      if jamb < out.way { out = Shell(jamb, REVEAL, vec3<f32>(0.0, 0.0, -sign(ray.z))); }
      let lintel = (select(PANE_Y.x, PANE_Y.y, ray.y > 0.0) - EYE.y) / ray.y;
      if lintel < out.way { out = Shell(lintel, REVEAL, vec3<f32>(0.0, -sign(ray.y), 0.0)); }
    }
  }
  return out;
}

// ---- outside ----

// Returns whether the elevation `e` is below a line of hills or trees, 0..1, softened over a pixel.
fn under(e: f32, line: f32, soft: f32) -> f32 {
  return 1.0 - smoothstep(line - soft, line + soft, e);
}

fn tree_line(a: f32, cells: f32, seed: i32) -> f32 {
  var line = 0.0;
  let at = a * cells;
  for (var i = -1; i < 2; i++) {
    let cell = floor(at) + f32(i);
    let h = hash(vec2<i32>(i32(cell), seed));
    let off = (at - cell - 0.5 - 0.5 * (h - 0.5)) / (0.42 + 0.3 * h);
    line = max(line, sqrt(max(1.0 - off * off, 0.0)) * (0.45 + 0.55 * h));
  }
  return line;
}

fn outside(ray: vec3<f32>) -> vec3<f32> {
  let a = ray.z / -ray.x;
  let e = ray.y / -ray.x;
  let soft = 1.1 / scene.size.y;
  let snow = clamp(scene.mood, 0.0, 1.0);
  let low = of_hour(vec3<f32>(1.15, 0.60, 0.46), vec3<f32>(0.98, 1.02, 1.02), vec3<f32>(0.52, 0.27, 0.33), vec3<f32>(0.055, 0.085, 0.155));
  let high = of_hour(vec3<f32>(0.50, 0.46, 0.66), vec3<f32>(0.42, 0.66, 0.95), vec3<f32>(0.115, 0.115, 0.30), vec3<f32>(0.014, 0.024, 0.062));
  let grey = of_hour(vec3<f32>(0.62, 0.50, 0.52), vec3<f32>(0.80, 0.84, 0.88), vec3<f32>(0.22, 0.19, 0.30), vec3<f32>(0.034, 0.046, 0.080));
  let land = of_hour(vec3<f32>(0.17, 0.13, 0.14), vec3<f32>(0.15, 0.23, 0.11), vec3<f32>(0.040, 0.038, 0.072), vec3<f32>(0.008, 0.013, 0.026));
  let white = of_hour(vec3<f32>(0.62, 0.48, 0.52), vec3<f32>(0.78, 0.84, 0.92), vec3<f32>(0.20, 0.18, 0.32), vec3<f32>(0.050, 0.068, 0.125));
  var colour = mix(high, low, exp2(-max(e, 0.0) * 7.0));
  let bank = cloudy(vec2<f32>(a * 3.0 + 40.0, e * 11.0 + 8.0));
  let lit = of_hour(vec3<f32>(1.3, 0.74, 0.58), vec3<f32>(1.15, 1.13, 1.08), vec3<f32>(0.55, 0.26, 0.34), vec3<f32>(0.06, 0.08, 0.13));
  colour = mix(colour, lit, smoothstep(0.46, 0.78, bank) * 0.65);
  colour = mix(colour, grey * (0.9 + 0.2 * bank), snow * 0.92);
  if scene.hour > 2.5 {
    let moon = length(cross(ray, normalize(vec3<f32>(-1.0, 0.222, 0.915)))) * 1.9;
    let shine = 1.0 - snow * 0.85;
    colour += vec3<f32>(0.16, 0.19, 0.26) * (exp2(-moon * 22.0) * 0.9 + 0.35 * exp2(-moon * 6.0)) * shine;
    colour = mix(colour, vec3<f32>(1.02, 0.99, 0.88) * (0.74 + 0.36 * cloudy(vec2<f32>(a, e) * 62.0 + 30.0)), under(moon, 0.036, soft * 1.5) * shine);
    let cell = floor(vec2<f32>(a, e) * 40.0);
    let pick = hash(vec2<i32>(cell));
    let star = (cell + 0.25 + 0.5 * vec2<f32>(fract(pick * 71.0), fract(pick * 133.0))) / 40.0;
    let glint = exp2(-dot(vec2<f32>(a, e) - star, vec2<f32>(a, e) - star) * 1500000.0 * min(1.0, scene.size.y * scene.size.y / 640000.0));
    colour += vec3<f32>(0.42, 0.47, 0.56) * glint * step(0.5, pick) * pick * pick * pick * shine * smoothstep(0.06, 0.20, moon);
  }
  // Hills are darker and less hazy the nearer they are. In front of them are a wood, and a meadow with trees of its
  // own.
  let haze = mix(low, grey, snow * 0.8);
  let ridge = 0.085 + 0.060 * (cloudy(vec2<f32>(a * 4.0 + 3.0, 1.0)) - 0.5) + 0.022 * sin(a * 7.0);
  colour = mix(colour, mix(mix(land, white, snow * 0.55), haze, 0.68), under(e, ridge, soft));
  let hill = 0.038 + 0.070 * (cloudy(vec2<f32>(a * 3.1 + 60.0, 7.0)) - 0.42);
  colour = mix(colour, mix(mix(land, white, snow * 0.60), haze, 0.42 - 1.4 * min(hill - e, 0.1)), under(e, hill, soft));
  let wood = -0.030 + 0.022 * sin(a * 5.0 + 1.0) + 0.012 * tree_line(a, 66.0, 5);
  let crown = noise(vec2<f32>(a * 150.0, e * 150.0));
  colour = mix(colour, mix(mix(land * (0.55 + 0.5 * crown), white, snow * 0.42 * crown), haze, 0.22), under(e, wood, soft * 1.5));
  let field = -0.045 + 0.022 * sin(a * 5.0 + 1.0) + 0.012 * sin(a * 11.0);
  let meadow = land * of_hour(vec3<f32>(2.3, 1.8, 1.4), vec3<f32>(2.1, 1.75, 1.6), vec3<f32>(1.7), vec3<f32>(1.6)) * (0.85 + 0.3 * noise(vec2<f32>(a * 8.0, e * 70.0)));
  colour = mix(colour, mix(mix(meadow, white, snow * 0.95), haze, 0.10), under(e, field, soft * 2.0));
  return colour * of_hour(vec3<f32>(1.35), vec3<f32>(1.45), vec3<f32>(1.1), vec3<f32>(1.0));
}

// ---- what things are made of ----

struct Stuff { colour: vec3<f32>, gloss: f32, glow: f32 };

// Returns a thin line at every whole number of `x`, which fades out where it would be finer than a pixel. `f` is the
// size of a pixel in `x`.
fn seam(x: f32, width: f32, f: f32) -> f32 {
  let d = abs(fract(x + 0.5) - 0.5);
  return (1.0 - smoothstep(width, width + f * 1.5, d)) * clamp(width * 2.0 / max(f, 0.0001), 0.0, 1.0);
}

fn boards(p: vec2<f32>, width: f32, f: f32) -> vec2<f32> {
  let row = floor(p.x / width);
  let slip = p.y + 1.7 * hash(vec2<i32>(i32(row), 3));
  let plank = hash(vec2<i32>(i32(row), i32(floor(slip / 1.9))));
  let u = p.x + plank * 9.0;
  let wave = noise(vec2<f32>(u * 7.0, p.y * 0.9 + plank * 30.0));
  let grain = noise(vec2<f32>(u * 75.0 + 9.0 * wave, p.y * 2.2 + plank * 50.0));
  let pore = noise(vec2<f32>(u * 260.0, p.y * 7.0)) - 0.5;
  let tone = 0.70 + 0.32 * plank + 0.30 * (wave - 0.5) + (0.26 * (grain - 0.5)) / (1.0 + f * 90.0) + 0.14 * pore / (1.0 + f * 400.0);
  let gap = max(seam(p.x / width, 0.010, f / width), seam(slip / 1.9, 0.0008, f / 1.9));
  return vec2<f32>(tone, gap);
}

fn weave(p: vec2<f32>, count: f32, f: f32) -> f32 {
  return sin(p.x * count) * sin(p.y * count) * exp2(-f * f * count * count * 0.35);
}

fn stuff(id: f32, p: vec3<f32>, n: vec3<f32>, f: f32) -> Stuff {
  let k = i32(id + 0.5);
  let flat = select(select(p.xy, p.zy, abs(n.x) > 0.6), p.xz, abs(n.y) > 0.7);
  let blotch = cloudy(flat * 2.3 + 11.0);
  var c = vec3<f32>(0.60, 0.505, 0.405) * (0.93 + 0.11 * blotch + 0.05 * (noise(flat * 60.0) - 0.5) / (1.0 + f * 60.0));
  var gloss = 0.0;
  var glow = 0.0;
  if k == 30 {
    let b = boards(p.xz, 0.165, f);
    c = mix(vec3<f32>(0.20, 0.098, 0.045), vec3<f32>(0.40, 0.235, 0.125), clamp(b.x - 0.45, 0.0, 1.0)) * (1.0 - 0.65 * b.y);
    gloss = 0.75 * (1.0 - b.y);
  } else if k == 31 {
    let along = select(p.x, p.z, abs(n.x) > 0.6);
    if p.y < 0.80 {
      let rail = smoothstep(0.728, 0.732, p.y);
      let groove = seam(along / 0.125, 0.022, f / 0.125) * (1.0 - rail) * step(0.13, p.y);
      c = vec3<f32>(0.315, 0.335, 0.265) * (0.92 + 0.14 * blotch) * (1.0 - 0.45 * groove);
      c *= 1.0 - 0.40 * smoothstep(0.715, 0.73, p.y) * (1.0 - rail) + 0.16 * rail * smoothstep(0.795, 0.78, p.y);
      c *= 1.0 - 0.35 * smoothstep(0.118, 0.128, p.y) * step(p.y, 0.135);
      gloss = 0.10;
    }
  } else if k == 1 {
    c = vec3<f32>(0.66, 0.575, 0.465) * (0.93 + 0.11 * blotch);
    if p.z > 4.19 && (abs(n.z) < 0.5 || p.z > 4.3) && p.y > 0.05 && abs(p.x + 0.68) < 0.46 && p.y < 0.97 {
      let u = vec2<f32>(p.x + p.z, p.y) / vec2<f32>(0.20, 0.068);
      let row = floor(u.y);
      let x = u.x + 0.5 * fract(row * 0.5) * 2.0;
      let mortar = max(seam(x, 0.03, f / 0.20), seam(u.y, 0.075, f / 0.068));
      let tint = hash(vec2<i32>(i32(floor(x)), i32(row)));
      c = mix(vec3<f32>(0.30, 0.135, 0.085) * (0.65 + 0.6 * tint), vec3<f32>(0.26, 0.20, 0.16), mortar);
      c *= mix(0.46, 0.14, smoothstep(0.15, 0.80, p.y));
    }
  } else if k == 2 && p.z > 4.172 && abs(p.x + 0.68) < 0.44 && p.y > 0.09 && p.y < 0.90 {
    c = vec3<f32>(0.16, 0.105, 0.075);
  } else if k == 2 {
    // The hearth is of pale sandstone in dressed blocks.
    let u = p - vec3<f32>(-0.68, 0.07, 4.2);
    let row = floor(u.y / 0.225);
    // The jambs are single stones. Above the arch, the blocks are laid in bond.
    let across = select((u.x + select(0.12, 0.36, row > 3.5)) / 0.48, 0.5 * sign(u.x), row < 3.0);
    let upright = seam(across, 0.006, f / 0.48) * step(3.0, row);
    let joint = select(max(seam(u.y / 0.225, 0.012, f / 0.225), upright), seam((u.x + 0.2) / 0.43, 0.006, f / 0.43), n.y > 0.7);
    let tint = hash(vec2<i32>(i32(row), i32(floor(across + 0.5))));
    c = vec3<f32>(0.50, 0.43, 0.345) * (0.76 + 0.14 * tint + 0.30 * cloudy(flat * 9.0)) * (1.0 - 0.42 * joint);
  } else if k == 3 || k == 12 {
    let along = select(p.yx, p.xy, k == 3 && p.y > 1.0 && p.x < 0.25);
    let grain = noise(vec2<f32>(along.x * 3.0, (along.y + p.z) * 70.0)) * 0.6 + 0.4 * noise(vec2<f32>(along.x * 1.1, (along.y + p.z) * 17.0));
    c = mix(vec3<f32>(0.135, 0.068, 0.034), vec3<f32>(0.30, 0.17, 0.09), grain);
    gloss = 0.25;
  } else if k == 5 {
    c = vec3<f32>(0.066, 0.040, 0.027) * (0.5 + 1.0 * noise(vec2<f32>(p.x * 22.0, p.y * 130.0 + p.z * 60.0)));
  } else if k == 6 {
    c = vec3<f32>(0.12, 0.10, 0.09) * (0.6 + 0.8 * noise(p.xz * 50.0));
  } else if k == 7 {
    c = vec3<f32>(0.42, 0.28, 0.11);
    gloss = 0.8;
  } else if k == 8 {
    c = vec3<f32>(0.225, 0.245, 0.165) * (0.90 + 0.22 * cloudy(flat * 7.0) + 0.10 * weave(flat, 420.0, f));
  } else if k == 9 {
    let q = turned(p.xz - vec2<f32>(-1.36, 2.90), 1.65);
    let band = q.y * 7.5 + 0.02 * sin(p.y * 90.0);
    let stripe = smoothstep(0.30, 0.33 + f * 8.0, abs(fract(band) - 0.5)) ;
    let thin = smoothstep(0.42, 0.45 + f * 8.0, abs(fract(band + 0.27) - 0.5));
    c = mix(vec3<f32>(0.64, 0.52, 0.39), vec3<f32>(0.40, 0.145, 0.075), stripe);
    c = mix(c, vec3<f32>(0.30, 0.30, 0.24), thin * (1.0 - stripe)) * (0.92 + 0.12 * weave(flat, 330.0, f));
  } else if k == 10 {
    c = vec3<f32>(0.58, 0.315, 0.115) * (0.90 + 0.16 * cloudy(flat * 14.0) + 0.12 * weave(flat, 380.0, f));
  } else if k == 11 || k == 22 {
    c = select(vec3<f32>(0.62, 0.56, 0.48), vec3<f32>(0.24, 0.31, 0.34), k == 22 || p.y > 1.0) * (0.9 + 0.2 * blotch);
    gloss = 0.35;
  } else if k == 13 {
    c = vec3<f32>(0.62, 0.53, 0.42) * (0.94 + 0.05 * weave(p.zy, 520.0, f));
    glow = 1.0;
  } else if k == 14 {
    c = vec3<f32>(0.66, 0.56, 0.42) * (0.94 + 0.06 * noise(vec2<f32>(atan2(p.z - LAMP_AT.z, p.x - LAMP_AT.x) * 60.0, p.y * 4.0)));
    glow = 2.0;
  } else if k == 15 {
    c = vec3<f32>(0.40, 0.27, 0.155) * (0.75 + 0.35 * sin(p.y * 180.0) * exp2(-f * 200.0) + 0.2 * blotch);
  } else if k == 16 {
    c = vec3<f32>(0.088, 0.155, 0.060) * (0.75 + 0.5 * cloudy(flat * 6.0));
    gloss = 0.30;
    glow = 0.5;
  } else if k == 17 || k == 33 {
    c = vec3<f32>(0.64, 0.60, 0.52) * (0.92 + 0.12 * blotch);
    gloss = select(0.15, 0.0, k == 33);
  } else if k == 18 {
    let u = p.xz - vec2<f32>(-0.42, 2.78);
    let edge = min(0.98 - abs(u.x), 0.80 - abs(u.y));
    let wool = 0.88 + 0.14 * (noise(u * 130.0) - 0.5) / (1.0 + f * 120.0) + 0.10 * weave(u, 520.0, f) + 0.16 * (cloudy(u * 4.0) - 0.5);
    let s = 0.006 + f;
    let field = smoothstep(0.20, 0.20 + s, edge);
    let band = smoothstep(0.075, 0.075 + s, edge) * (1.0 - field);
    let line = (smoothstep(0.055, 0.055 + s, edge) - smoothstep(0.075, 0.075 + s, edge)) + (smoothstep(0.20, 0.20 + s, edge) - smoothstep(0.218, 0.218 + s, edge));
    let diamond = abs(fract(vec2<f32>(u.x, u.y) / 0.28) - 0.5);
    let lozenge = 1.0 - smoothstep(0.15, 0.16 + f * 4.0, abs(diamond.x + diamond.y - 0.36));
    c = mix(vec3<f32>(0.33, 0.115, 0.070), vec3<f32>(0.40, 0.175, 0.105), lozenge * 0.8 * field);
    c = mix(c, vec3<f32>(0.135, 0.155, 0.185), band);
    c = mix(c, vec3<f32>(0.56, 0.45, 0.33), clamp(line, 0.0, 1.0)) * wool;
  } else if k == 28 {
    c = vec3<f32>(0.47, 0.33, 0.20) * (0.90 + 0.2 * cloudy(flat * 12.0));
  } else if k >= 20 {
    c = select(vec3<f32>(0.36, 0.130, 0.080), vec3<f32>(0.56, 0.45, 0.29), k == 24);
    c = select(c, vec3<f32>(0.17, 0.225, 0.235), k == 25 || k == 20);
    c = select(c, vec3<f32>(0.235, 0.245, 0.135), k == 26);
    c = select(c, vec3<f32>(0.46, 0.27, 0.125), k == 27 || k == 21);
    if k >= 23 && p.z > 4.0 {
      let y = p.y - 0.08 - floor((p.y - 0.08) / 0.36) * 0.36;
      c *= (0.85 + 0.3 * hash(vec2<i32>(i32(floor((p.x - 0.84) / 0.047)), 77))) * (1.0 + 0.35 * (1.0 - smoothstep(0.004, 0.006 + f, abs(y - 0.065))));
    }
  }
  return Stuff(max(c, vec3<f32>(0.0)), gloss, glow);
}

// ---- light ----

// Light on a surface from a quadrilateral with a brightness of one. Only what is above the surface's horizon counts.
fn panel(p: vec3<f32>, n: vec3<f32>, a: vec3<f32>, b: vec3<f32>, c: vec3<f32>, d: vec3<f32>) -> f32 {
  let v = array<vec3<f32>, 4>(normalize(a - p), normalize(b - p), normalize(c - p), normalize(d - p));
  var sum = vec3<f32>(0.0);
  for (var i = 0; i < 4; i++) {
    let from_v = v[i];
    let to_v = v[(i + 1) & 3];
    sum += cross(from_v, to_v) * (acos(clamp(dot(from_v, to_v), -0.999, 0.999)) / max(length(cross(from_v, to_v)), 0.001));
  }
  sum /= TAU;
  let size = length(sum);
  return max((size * size + dot(sum, n)) / (size + 1.0), 0.0);
}

// Fraction of a round light that is visible from `p`. `wide` is its radius divided by its distance.
fn shadow(p: vec3<f32>, towards: vec3<f32>, reach: f32, wide: f32) -> f32 {
  var seen = 1.0;
  var t = 0.012 + 0.012 * unlike;
  for (var i = 0; i < 40; i++) {
    let d = thing(p + towards * t).x;
    seen = min(seen, d / (wide * t));
    t += clamp(d * (0.80 + 0.20 * unlike), 0.008 + (0.34 + 0.16 * unlike) * wide * t, 0.60);
    if seen < -1.0 || t > reach { break; }
  }
  seen = max(seen, -1.0);
  return 0.25 * (1.0 + seen) * (1.0 + seen) * (2.0 - seen);
}

fn through_panes(at: vec2<f32>, soft: f32) -> f32 {
  // A soft image of the window at (y, z): its opening, and its bars.
  let y = at.x - 1.51;
  let z = at.y - 3.07;
  let opening = smoothstep(0.69 + soft, 0.69 - soft, abs(y)) * smoothstep(0.79 + soft, 0.79 - soft, abs(z));
  let bars = min(smoothstep(0.0, 0.03 + soft, abs(abs(z) - 0.265)), smoothstep(0.0, 0.03 + soft, abs(y - 0.30)));
  return opening * mix(1.0, bars, 0.06 / (0.06 + soft));
}

// Returns the light of one layer's source that goes from `p` to the eye.
fn lit(layer: i32, id: f32, p: vec3<f32>, n: vec3<f32>, ray: vec3<f32>, f: f32, open: f32) -> vec3<f32> {
  let s = stuff(id, p, n, f);
  let snow = clamp(scene.mood, 0.0, 1.0);
  let back = reflect(ray, n);
  let facing = 1.0 - clamp(-dot(ray, n), 0.0, 1.0);
  let sheen = s.gloss * (0.035 + 0.75 * facing * facing * facing * facing * facing);
  let at = p + n * 0.012;

  var sun = normalize(of_hour(vec3<f32>(-0.90, 0.27, -0.20), vec3<f32>(-0.72, 0.57, -0.15), vec3<f32>(-1.0, 0.2, 0.0), vec3<f32>(-0.66, 0.60, -0.10)));
  let to_glass = (GLASS_X - p.x) / min(sun.x, -0.01);
  let sun_at = p + sun * to_glass;
  let panes = through_panes(sun_at.yz, 0.012 + 0.022 * to_glass);
  fine = false;
  var sum = vec3<f32>(0.0);
  var mirrored = vec3<f32>(0.0);
  let count = select(select(2, 3, layer == 1), 4, layer == 0);
  var window_seen = 0.0;
  for (var i = 0; i < count; i++) {
    var target_at = FIRE_AT + vec3<f32>(0.17 * (2.0 * f32(i) - 1.0), 0.0, 0.0);
    var wide = 0.22;
    var short = 0.14;
    if layer == 0 { target_at = vec3<f32>(-2.40, 1.30 + 0.40 * f32(i), 2.65 + 0.84 * f32(i)); wide = 0.60; short = 0.25; }
    if layer == 2 { target_at = LAMP_AT; wide = 0.14; short = 0.27; }
    var way = target_at - at;
    if layer == 0 && i == 2 { way = sun * 2.0; wide = 0.13; }
    if i == count - 1 {
      // The last ray is the reflection in a polished surface.
      if sheen < 0.002 { break; }
      way = back * 3.0;
      wide = 0.25;
    }
    let far = max(length(way), 0.01);
    let dir = way / far;
    if i < count - 1 && dot(n, dir) < -0.25 && s.glow == 0.0 { continue; }
    if layer == 0 && i == 2 && (panes < 0.01 || dot(n, sun) < 0.0 || snow > 0.99 || s.glow == 2.0) { continue; }
    let seen = shadow(at, dir, far - short, wide / far);
    if i == count - 1 {
      var image = vec3<f32>(0.0);
      if layer == 0 {
        let t = (LEFT_X - p.x) / min(back.x, -0.001);
        let hit = p + back * t;
        if back.x < 0.0 { image = of_hour(vec3<f32>(1.2, 0.8, 0.7), vec3<f32>(2.2), vec3<f32>(0.42, 0.32, 0.46), vec3<f32>(0.06, 0.085, 0.15)) * through_panes(hit.yz, 0.03 + 0.10 * t); }
        image += of_hour(vec3<f32>(0.14, 0.10, 0.09), vec3<f32>(0.34, 0.33, 0.31), vec3<f32>(0.05, 0.04, 0.06), vec3<f32>(0.012, 0.014, 0.02));
      } else if layer == 1 {
        let t = (4.40 - p.z) / max(back.z, 0.001);
        let off = (p + back * t - FIRE_AT) / vec3<f32>(0.34, 0.36, 1.0);
        image = vec3<f32>(3.4, 1.35, 0.36) * exp2(-dot(off.xy, off.xy) * 1.3) * step(0.0, back.z) * step(p.z, 4.15);
      } else {
        let t = max(dot(LAMP_AT - p, back), 0.0);
        let off = length(LAMP_AT - p - back * t);
        image = vec3<f32>(1.5, 0.95, 0.50) * exp2(-off * off * 22.0) + vec3<f32>(0.10, 0.065, 0.035) * exp2(-off * off * 1.2);
      }
      mirrored = image * seen;
      continue;
    }
    if layer == 0 {
      if i < 2 { window_seen += seen / 2.0; continue; }
      let warm = of_hour(vec3<f32>(3.6, 1.75, 1.05), vec3<f32>(4.2, 3.7, 2.9), vec3<f32>(0.0), vec3<f32>(0.09, 0.125, 0.20));
      sum += warm * (max(dot(n, sun), 0.0) * panes * seen * (1.0 - snow));
    } else if layer == 1 {
      let flat = clamp((dot(n, dir) + 0.12) / 1.12, 0.0, 1.0);
      sum += vec3<f32>(1.0, 0.42, 0.125) * (0.62 * flat * seen / (far * far * 0.50 + 0.17));
    } else {
      let down = -dir.y;
      let shade = 0.20 + 0.85 * smoothstep(-0.62, -0.82, down) + 0.85 * smoothstep(0.42, 0.66, down);
      let flat = clamp((dot(n, -(-dir)) + 0.15) / 1.15, 0.0, 1.0);
      sum += mix(vec3<f32>(1.0, 0.60, 0.29), vec3<f32>(1.0, 0.70, 0.40), shade) * (0.62 * shade * flat * seen / (far * far + 0.10));
    }
  }
  let corner = 0.30 + 0.70 * open;
  if layer == 0 {
    let sky = of_hour(vec3<f32>(2.25, 1.50, 1.32), vec3<f32>(3.7, 3.5, 3.2), vec3<f32>(0.50, 0.42, 0.66), vec3<f32>(0.105, 0.145, 0.27)) * (1.0 - 0.2 * snow);
    let f_window = panel(p, n, vec3<f32>(-2.33, PANE_Y.x, PANE_Z.x), vec3<f32>(-2.33, PANE_Y.x, PANE_Z.y), vec3<f32>(-2.33, PANE_Y.y, PANE_Z.y), vec3<f32>(-2.33, PANE_Y.y, PANE_Z.x));
    if id == REVEAL || id == 17.0 || s.glow == 2.0 { window_seen = 0.8; }
    sum += sky * f_window * window_seen;
    // Light also comes from the floor by the window and from the far walls.
    let fill = of_hour(vec3<f32>(0.270, 0.192, 0.165), vec3<f32>(0.60, 0.545, 0.475), vec3<f32>(0.052, 0.043, 0.062), vec3<f32>(0.0155, 0.0185, 0.030));
    sum += fill * open * (0.75 + 0.15 * n.y + 0.25 * n.x * smoothstep(2.0, -2.0, p.x));
    if s.glow == 1.0 { sum += sky * 0.16 * (0.4 + 0.6 * abs(n.x)) * smoothstep(0.2, 0.9, p.y); }
    if s.glow == 0.5 { sum += sky * f_window * 0.5 + sky * 0.05; }
  } else if layer == 1 {
    let floor_glow = panel(p + vec3<f32>(0.0, 0.01, 0.0), n, vec3<f32>(-1.5, 0.0, 2.9), vec3<f32>(-1.5, 0.0, 4.0), vec3<f32>(0.15, 0.0, 4.0), vec3<f32>(0.15, 0.0, 2.9));
    if p.y > 0.03 { sum += vec3<f32>(0.80, 0.285, 0.085) * abs(floor_glow) * corner; }
    let d = length(p - vec3<f32>(-0.68, 0.5, 3.4));
    sum += vec3<f32>(0.190, 0.078, 0.031) * open / (0.8 + 0.26 * d * d);
  } else {
    let d = length(p - vec3<f32>(-2.1, 2.2, 4.3));
    sum += vec3<f32>(0.34, 0.195, 0.092) * corner / (0.9 + 0.40 * d * d) + vec3<f32>(0.018, 0.011, 0.006) * open;
    if s.glow == 2.0 {
      let up = (p.y - 1.36) / 0.31;
      sum = vec3<f32>(1.75, 0.98, 0.42) * (0.62 + 0.55 * exp2(-(up - 0.42) * (up - 0.42) * 9.0)) * (0.75 + 0.45 * pow(clamp(-dot(ray, n), 0.0, 1.0), 0.8));
      if dot(n.xz, p.xz - LAMP_AT.xz) < 0.0 { sum *= 1.25; }
    }
    if s.glow == 1.0 { sum *= 1.1; }
  }
  return s.colour * sum * mix(1.0, open, 0.35) + mirrored * sheen;
}

struct Seen { id: f32, p: vec3<f32>, n: vec3<f32>, way: f32 };

fn bake(pixel: vec2<f32>, layer: i32) -> vec4<f32> {
  let cone = span() / scene.size.y;
  unlike = hash(vec2<i32>(pixel) + 300);
  var found: array<Seen, 4>;
  var start = 0.8;
  var grazed = false;
  var stopped = 40.0;
  var alike = false;
  var rays = 4;
  fine = true;
  // First, one wide ray goes as far as nothing is near it. From there, two fine rays go on, and two more if the first
  // two differ.
  for (var s = 0; s < 5; s++) {
    let k = s - 1;
    let shift = select(vec2<f32>(0.375, 0.375), vec2<f32>(0.125, -0.125), k >= 2) * f32(1 - 2 * (k & 1)) * f32(min(s, 1));
    let ray = ray_through(pixel + shift);
    let wall = shell(ray);
    var t = start;
    var hit = vec2<f32>(0.0, -1.0);
    let close = select(cone * 0.35, cone * 1.6, s == 0);
    var before = 9.0;
    for (var i = 0; i < 110; i++) {
      let d = thing(EYE + ray * t);
      if d.x < close * t { hit = d; break; }
      grazed = grazed || (s == 0 && before < cone * 3.5 * t && d.x > before);
      before = d.x;
      t += d.x * 0.92;
      if t > wall.way { break; }
    }
    if s == 0 {
      start = min(t, wall.way) - cone * t * 2.0;
      if hit.y >= 0.0 { stopped = t * (1.0 + 14.0 * cone); }
    } else {
      let at = min(t, wall.way);
      found[k] = Seen(select(wall.id, hit.y, hit.y > 0.0 && t <= wall.way), EYE + ray * at, wall.normal, at);
      if s == 2 {
        alike = !grazed && max(found[0].way, found[1].way) < stopped && found[0].id == found[1].id && (abs(found[0].way - found[1].way) < cone * at * 2.2 || found[0].id > 29.5) && dot(found[0].n, found[1].n) > 0.9;
        if alike { rays = 1; break; }
      }
    }
  }
  // A surface that several rays of a pixel hit is lit only once.
  var weight = array<f32, 4>(0.0, 0.0, 0.0, 0.0);
  for (var k = 0; k < rays; k++) {
    var owner = k;
    for (var j = k - 1; j >= 0; j--) {
      if found[j].id == found[k].id && abs(found[j].way - found[k].way) < cone * found[k].way * 6.0 && dot(found[j].n, found[k].n) > 0.9 { owner = j; }
    }
    weight[owner] += 1.0 / f32(rays);
  }
  var light = vec3<f32>(0.0);
  var mask = 0.0;
  for (var k = 0; k < rays; k++) {
    if weight[k] == 0.0 { continue; }
    var one = found[k];
    if alike { one.p = 0.5 * (found[0].p + found[1].p); }
    let ray = normalize(one.p - EYE);
    var colour = vec3<f32>(0.0);
    if one.id == GLASS {
      if layer == 0 { colour = outside(ray); mask += weight[k] * 1.0; }
    } else {
      // One loop computes both the slope and the openness, so that the long function `thing` is compiled in only once.
      let is_thing = one.id < 29.5;
      let e = max(cone * one.way * 0.7, 0.0012);
      var slope = vec3<f32>(0.0);
      var open = 1.0;
      fine = is_thing;
      for (var i = select(4, 0, is_thing); i < 8; i++) {
        let tip = vec3<f32>(f32((i + 3) >> 1 & 1), f32(i >> 1 & 1), f32(i & 1)) * 2.0 - 1.0;
        let h = 0.0135 * f32((i - 3) * (i - 3)) + 0.01;
        let at = select(one.p + tip * e, one.p + one.n * h, i > 3);
        var d = thing(at).x;
        if i < 4 { slope += tip * d; if i == 3 { one.n = normalize(slope); } } else {
          d = min(d, min(at.y, BACK_Z - at.z));
          if at.y > PANE_Y.y || at.y < PANE_Y.x || abs(at.z - 3.07) > 0.85 { d = min(d, at.x - LEFT_X); }
          open -= 0.31 * exp2(-f32(i - 4)) * clamp((h - max(d, 0.0)) / h, 0.0, 1.0) ;
        }
      }
      if dot(one.n, ray) > 0.0 { one.n = normalize(one.n - ray * dot(one.n, ray) * 1.02); }
      open = clamp(open, 0.0, 1.0);
      // By day the lamp is off, so its layer contains only the mask.
      if layer < 2 || abs(scene.hour - 1.0) > 0.5 { colour = lit(layer, one.id, one.p, one.n, ray, cone * one.way / max(-dot(one.n, ray), 0.12), open * open); }
      let deep = one.p.z - 4.19;
      let in_hearth = deep > 0.0 && abs(one.p.x - FIRE_AT.x) < 0.46 && one.p.y > 0.06 && one.p.y < 0.97 && (one.id == 1.0 || one.id == 5.0 || one.id == 6.0);
      if layer == 1 && in_hearth { mask += weight[k] * clamp(0.08 + deep * 2.0, 0.0, 1.0); }
      if layer == 2 {
        if in_hearth {
          let under_logs = smoothstep(0.35, -0.75, one.n.y) * 0.95 + 0.10;
          let patches = smoothstep(0.50, 0.82, noise(vec2<f32>(one.p.x * 24.0, one.p.y * 34.0 + one.p.z * 34.0))) * 0.75 + 0.25 * smoothstep(0.60, 0.8, noise(one.p.xy * 90.0));
          mask += weight[k] * (select(0.0, patches * under_logs, one.id == 5.0) + select(0.0, patches * 0.55 * smoothstep(0.36, 0.10, abs(one.p.x - FIRE_AT.x)), one.id == 6.0));
        } else {
          mask += weight[k] * (select(0.0, smoothstep(2.3, 0.6, one.p.y) * 0.35, one.id == 13.0) + select(0.0, smoothstep(0.3, 1.3, one.p.y), one.id == 16.0));
        }
      }
    }
    light += weight[k] * min(colour, vec3<f32>(BRIGHTEST));
  }
  let stored = pow(max(light, vec3<f32>(0.0)) / BRIGHTEST, vec3<f32>(1.0 / 3.0));
  let grain = hash(vec2<i32>(pixel) + layer * 57) + hash(vec2<i32>(pixel.yx) + layer * 91 + 13) - 1.0;
  return vec4<f32>(stored + grain * 0.5 / 255.0, mask);
}

@fragment
fn bake_0(at: Corner) -> @location(0) vec4<f32> { return bake(at.position.xy, 0); }

@fragment
fn bake_1(at: Corner) -> @location(0) vec4<f32> { return bake(at.position.xy, 1); }

@fragment
fn bake_2(at: Corner) -> @location(0) vec4<f32> { return bake(at.position.xy, 2); }

// ---- the living picture ----

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

// Returns how far a lattice of 512 cells has moved, in cells. It moves by its whole length `turns` times per hour of
// the clock.
fn run(turns: f32) -> f32 {
  return fract(scene.time_s * turns / 3600.0) * 512.0;
}

// Returns the heat of one upright sheet of flame, about 0..1, at `x` from its middle and `y` over the logs, in metres.
fn flame(x: f32, y: f32, sheet: f32, grown: f32) -> f32 {
  let slow = noise(vec2<f32>(x * 4.0 + sheet * 37.0, y * 3.6 + 512.0 - run(5.0 + sheet))) - 0.5;
  let quick = noise(vec2<f32>(x * 10.0 + sheet * 71.0, y * 7.0 + 512.0 - run(11.0 + sheet))) - 0.5;
  let bend = (slow * 0.16 * smoothstep(0.0, 0.40, y) + quick * 0.060 * smoothstep(0.0, 0.22, y)) * scene.movement;
  var cold = 1.0;
  for (var i = 0; i < 3; i++) {
    let k = f32(i) + sheet * 3.0;
    let lean = 0.06 * sin(k * 2.3);
    let middle = (f32(i) - 1.0) * 0.140 + 0.025 + 0.040 * sin(k * 4.1 + 1.0) + 0.014 * sway(211.0 + 46.0 * k, k);
    let tall = (0.47 - 0.13 * abs(f32(i) - 1.0) + 0.07 * sin(k * 1.9 + 2.0)) * grown * (1.0 + 0.12 * sway(367.0 + 61.0 * k, k * 2.0));
    let up = clamp(y / tall, 0.0, 1.0);
    let width = (0.088 + 0.014 * sin(k * 5.3)) * (sqrt(up + 0.16) * (1.0 - up * up) * 1.45 + 0.02);
    let off = (x + bend - middle - lean * up * up) / width;
    let body = clamp(1.0 - off * off, 0.0, 1.0);
    cold *= 1.0 - body * body * (0.92 - 0.62 * up * up) * (1.0 - smoothstep(0.72, 1.0, up));
  }
  return (1.0 - cold) * smoothstep(-0.06, 0.06, y) * (1.0 + 0.5 * quick * scene.movement);
}

fn fire_in(ray: vec3<f32>, depth: f32, embers: f32, breath: f32, size: f32) -> vec3<f32> {
  var glow = vec3<f32>(0.0);
  for (var s = 0; s < 3; s++) {
    let sheet = f32(s);
    let z = 4.50 - 0.075 * sheet;
    let at = EYE + ray * ((z - EYE.z) / ray.z);
    let seen = smoothstep(-0.06, 0.06, depth - (0.08 + (z - 4.19) * 2.0));
    let heat = flame(at.x - FIRE_AT.x - 0.02 * (sheet - 1.0), at.y - 0.175 + 0.02 * sheet, sheet, size * (0.84 + 0.26 * breath)) * seen;
    glow += vec3<f32>(0.95, 0.30, 0.042) * heat + vec3<f32>(0.85, 0.62, 0.20) * heat * heat * heat;
  }
  let at = EYE + ray * ((4.42 - EYE.z) / ray.z);
  let pulse = noise(vec2<f32>(at.x * 9.0 + 200.0 + 1.6 * sway(97.0, 0.0), at.y * 12.0 + 1.6 * sway(71.0, 2.0)));
  glow += vec3<f32>(2.6, 0.56, 0.065) * embers * (0.35 + 0.75 * pulse) * (0.70 + 0.40 * breath);
  return glow;
}

fn snow_in(ray: vec3<f32>) -> f32 {
  let a = ray.z / -ray.x;
  let e = ray.y / -ray.x;
  var much = 0.0;
  for (var i = 0; i < 3; i++) {
    let k = f32(i);
    let scale = 11.0 + 9.0 * k;
    let at = vec2<f32>(a + 0.012 * sway(173.0 + 40.0 * k, e * 9.0 + k), e) * scale + vec2<f32>(k * 17.0 + 64.0, 64.0 + run(4.0 + k));
    let cell = floor(at);
    let pick = hash((vec2<i32>(cell) & vec2<i32>(511)) + vec2<i32>(0, i * 600));
    let flake = 0.30 + 0.40 * vec2<f32>(fract(pick * 57.0), fract(pick * 191.0));
    let off = (at - cell - flake) / scale;
    let size = (0.0034 + 0.0018 * fract(pick * 411.0)) * (1.25 - 0.30 * k) + 0.6 / scene.size.y;
    much += (1.0 - smoothstep(0.15, 1.0, dot(off, off) / (size * size))) * step(pick, 0.62) * (0.85 - 0.20 * k);
  }
  return much;
}

fn film(light: vec3<f32>) -> vec3<f32> {
  // Bright colours shift a little towards white, as on film, instead of clipping to a saturated hue.
  let peak = max(light.r, max(light.g, light.b));
  let bled = mix(light, vec3<f32>(peak), 0.10 * smoothstep(0.5, 2.4, peak));
  let shoulder = 1.0 - exp2(-bled * 2.0);
  return mix(shoulder, shoulder * shoulder * (3.0 - 2.0 * shoulder), 0.25) * 0.965;
}

// Approximates the sRGB curve by three square roots, with an error of half an 8-bit step. Computed with powers, it
// would cost a CPU as much as the rest of the room.
fn encode(linear: vec3<f32>) -> vec3<f32> {
  let half_power = sqrt(clamp(linear, vec3<f32>(0.0), vec3<f32>(1.0)));
  let fourth = sqrt(half_power);
  return max(0.585122381 * half_power + 0.783140355 * fourth - 0.368262736 * sqrt(fourth), vec3<f32>(0.0));
}

@fragment
fn fragment_main(at: Corner) -> @location(0) vec4<f32> {
  let p = at.position.xy;
  let pixel = span() / scene.size.y;
  let view = vec2<f32>(p.x - 0.5 * scene.size.x, HORIZON * scene.size.y - p.y) * pixel;
  let level = log2(max(1.0, f32(textureDimensions(layers).y) / scene.size.y));
  var uv = p / scene.size;
  if view.x < -0.08 && scene.movement > 0.0 {
    // Leaves and cloth sway: where the blurred mask says so, the picture is shifted a little.
    let loose = textureSampleLevel(layers, smooth_sampler, uv, 2, level + 3.0).a * smoothstep(-0.08, -0.11, view.x);
    if loose > 0.004 {
      uv.x += loose * (0.0016 * sway(233.0, view.y * 7.0) + 0.0009 * sway(409.0, view.y * 13.0 + view.x * 9.0)) * scene.size.y / scene.size.x;
      uv.y += loose * 0.0010 * sway(307.0, view.x * 20.0);
    }
  }
  let window = textureSampleLevel(layers, smooth_sampler, uv, 0, level);
  let fire = textureSampleLevel(layers, smooth_sampler, uv, 1, level);
  let lamp = textureSampleLevel(layers, smooth_sampler, uv, 2, level);
  var colour = window.rgb * window.rgb * window.rgb + fire.rgb * fire.rgb * fire.rgb * at.share.x + lamp.rgb * lamp.rgb * lamp.rgb * at.share.y;
  colour *= BRIGHTEST;

  let ray = AHEAD + ASIDE * view.x + vec3<f32>(0.0, view.y, 0.0);
  if window.a > 0.01 && at.flake.w > 0.0 {
    colour = mix(colour, at.flake.rgb, min(snow_in(ray), 1.0) * window.a * at.flake.w);
  }
  if fire.a > 0.01 {
    colour += fire_in(ray, fire.a, lamp.a, at.share.w, at.share.z) * (0.42 + 0.52 * at.share.z) * (0.92 + 0.12 * at.share.w) * smoothstep(0.0, 0.08, fire.a);
  }

  // Warm air adds a faint glow around the fire and the lamp.
  let by_fire = (view - vec2<f32>(0.155, -0.190)) * vec2<f32>(1.0, 1.15);
  let by_lamp = view - vec2<f32>(-0.103, 0.065);
  colour += vec3<f32>(0.115, 0.040, 0.010) * (at.share.x / (1.0 + dot(by_fire, by_fire) * 95.0));
  colour += vec3<f32>(0.070, 0.042, 0.018) * (at.share.y / (1.0 + dot(by_lamp, by_lamp) * 110.0));

  let corner = uv - vec2<f32>(0.5, 0.46);
  colour *= at.tint.rgb * (1.0 - 0.50 * dot(corner, corner));
  let grey = dot(colour, vec3<f32>(0.2126, 0.7152, 0.0722));
  colour = max(mix(vec3<f32>(grey), colour, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular noise of one step, which hides bands. The noise depends only on the pixel, so
  // it does not move.
  let coarse = hash(vec2<i32>(p)) * 4096.0;
  let dither = fract(coarse) + floor(coarse) / 4096.0 - 1.0;
  return vec4<f32>(toward_night(encode(film(colour)), at.tint.w) + dither / 255.0, 1.0);
}
