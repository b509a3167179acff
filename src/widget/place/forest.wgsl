// layers: 6
// Owns the picture of the forest, a path at the edge of a friendly wood. Does not own the clock, the breath, the light
// through the session, or the enlargement of a small target to the screen.
//
// What does not move is baked once into layers, from far to near:
//   0 air, far rows of trees, ground and path (opaque; alpha: distance, 0 near .. 1 lost in mist)
//   1 leaves of the middle distance    2 near trunks    3 near leaves    4 ferns (alpha: coverage, premultiplied)
//   5 light: two sets of shafts (r, g), drifting mist (b), strength of the breath at this point (a)
// The live pass composites the layers and adds light, mist, sway and motes.
//
// Lengths are fractions of the picture's height, x from its middle, y down from its top. Every motion is a sine with a
// whole number of turns per 3600 s, so it does not jump when the clock wraps.

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
  mood: f32,            // weather: 0 clear air .. 1 deep mist
  scale_hint: f32,
  pad: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var soft: sampler;

const TAU: f32 = 6.2831853;
const HORIZON: f32 = 0.535;
const OPENING: vec2<f32> = vec2<f32>(0.13, 0.405);   // centre of the bright opening ahead
const STORED: f32 = 2.0;                             // brightest light that a layer can store

struct Stage {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) core: vec3<f32>,    // colour of the opening
  @location(1) @interpolate(flat) haze: vec3<f32>,    // colour of lit mist
  @location(2) @interpolate(flat) shade: vec3<f32>,   // colour of mist away from the light
  @location(3) @interpolate(flat) lamp: vec4<f32>,    // xy: where the shafts come from; z: their strength; w: night
  @location(4) @interpolate(flat) sway: vec4<f32>,    // four slow sways
  @location(5) @interpolate(flat) veil: f32,     // dimming toward night, 0 .. 1
};

fn of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let h = max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
  return pow(dawn * h.x + day * h.y + dusk * h.z + night * h.w, vec3<f32>(2.2));
}

fn of_hour_one(v: vec4<f32>) -> f32 {
  return dot(v, max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0))));
}

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Stage {
  var out: Stage;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  out.core = of_hour(vec3<f32>(1.10, 0.88, 0.72), vec3<f32>(1.04, 1.02, 0.80), vec3<f32>(1.14, 0.78, 0.42), vec3<f32>(0.50, 0.62, 0.74));
  out.haze = of_hour(vec3<f32>(0.80, 0.71, 0.70), vec3<f32>(0.72, 0.81, 0.62), vec3<f32>(0.80, 0.53, 0.46), vec3<f32>(0.25, 0.36, 0.47));
  out.shade = of_hour(vec3<f32>(0.38, 0.51, 0.61), vec3<f32>(0.34, 0.49, 0.42), vec3<f32>(0.37, 0.30, 0.48), vec3<f32>(0.085, 0.15, 0.24));
  let x = of_hour_one(vec4<f32>(0.13, 0.42, 0.13, 0.34));
  let y = of_hour_one(vec4<f32>(0.30, -0.22, 0.33, -0.14));
  out.lamp = vec4<f32>(x, y, of_hour_one(vec4<f32>(0.42, 0.9, 0.45, 0.55)), smoothstep(2.3, 2.9, scene.hour));
  out.veil = night_veil(scene.light);
  out.sway = vec4<f32>(sway(311.0, 0.0), sway(433.0, 1.3), sway(197.0, 2.6), sway(71.0, 0.7));
  return out;
}

// ---- randomness

fn hash_4(n: vec4<u32>) -> vec4<f32> {
  var m = (n ^ (n >> vec4<u32>(15u))) * 0x2C1B3C6Du;
  m = (m ^ (m >> vec4<u32>(12u))) * 0x297A2D39u;
  m = m ^ (m >> vec4<u32>(15u));
  return vec4<f32>(m >> vec4<u32>(8u)) * (1.0 / 16777216.0);
}

fn cell_seed(cell: vec2<f32>, seed: u32) -> u32 {
  let c = bitcast<vec2<u32>>(vec2<i32>(cell));
  return (c.x * 0x9E3779B1u) ^ (c.y * 0x85EBCA77u) ^ (seed * 0xC2B2AE3Du);
}

fn chance(cell: vec2<f32>, seed: u32) -> vec4<f32> {
  return hash_4(vec4<u32>(cell_seed(cell, seed)) + vec4<u32>(0u, 0x68E31DA4u, 0xB5297A4Du, 0x1B56C4E9u));
}

// Returns smooth noise, -0.5..0.5.
fn noise(p: vec2<f32>) -> f32 {
  let base = floor(p);
  let f = p - base;
  let u = f * f * (3.0 - 2.0 * f);
  let cell = bitcast<vec2<u32>>(vec2<i32>(base));
  let column = vec2<u32>(cell.x, cell.x + 1u) * 0x9E3779B1u;
  let row = vec2<u32>(cell.y, cell.y + 1u) * 0x85EBCA77u;
  let h = hash_4(vec4<u32>(column.x ^ row.x, column.y ^ row.x, column.x ^ row.y, column.y ^ row.y));
  return mix(mix(h.x, h.y, u.x), mix(h.z, h.w, u.x), u.y) - 0.5;
}

fn clouded(p: vec2<f32>) -> f32 {
  return noise(p) + 0.5 * noise(p * 2.03 + vec2<f32>(17.3, 5.1)) + 0.25 * noise(p * 4.1 + vec2<f32>(3.7, 29.2));
}

// ---- air

// Returns the colour of the mist in the direction of `p`.
fn air(stage: Stage, p: vec2<f32>) -> vec3<f32> {
  let away = (p - OPENING) * vec2<f32>(0.85, 1.0);
  let r = length(away);
  var c = mix(stage.haze, stage.shade, smoothstep(-0.02, 0.76, r + 0.10 * noise(p * 3.0)));
  c = mix(c, stage.core, 0.92 * exp2(-r * r * 22.0) + 0.25 * exp2(-r * 5.0));
  return c;
}

// ---- leaves

// Returns where leaves of a kind grow. x: how deep a point lies within their mass, before the mass is broken up into
// clumps; less than 0 in open air. y: number of clumps per unit of length.
fn mass_at(kind: i32, p: vec2<f32>) -> vec2<f32> {
  let side = abs(p.x - 0.10);
  switch kind {
    // far crowns, denser towards the top, with a gap above the opening
    case 0, 1, 2: {
      let k = f32(kind);
      return vec2<f32>((0.33 - 0.02 * k + 0.16 * side - p.y) * 3.2 - 1.25 * exp2(-side * side * 30.0), 9.0 - 1.5 * k);
    }
    case 3: { return vec2<f32>((0.15 + 0.34 * smoothstep(0.12, 0.80, side) - p.y) * 3.4 - 0.15, 4.6); }
    case 4: { return vec2<f32>((0.035 + 0.42 * smoothstep(0.30, 0.95, side) * (1.0 + 0.25 * sign(p.x)) - p.y) * 3.6 - 0.05, 3.6); }
    // bushes along the edge of the clearing
    case 5: { return vec2<f32>((0.17 * smoothstep(0.28, 0.66, side) - 0.06 - abs(p.y - HORIZON - 0.005)) * 9.0 - 0.2, 8.0); }
    // the far edge of the glade
    default: { return vec2<f32>((p.y - HORIZON + 0.035 + 0.24 * smoothstep(0.02, 0.50, side)) * 4.5 + 0.05, 7.0); }
  }
}

fn depth_in_leaves(kind: i32, p: vec2<f32>) -> f32 {
  let mass = mass_at(kind, p);
  let q = p * mass.y + vec2<f32>(f32(kind) * 13.7, 4.0);
  let warp = vec2<f32>(noise(q * 0.8 + 40.0), noise(q * 0.8 + 90.0));
  // Folded noise swells into rounded clumps with narrow gaps between them.
  let swell = 1.1 * noise(q + warp) + 1.5 * (0.24 - abs(noise(q * 2.3 + warp + 31.0))) + 0.5 * noise(q * 5.1 + 57.0);
  // Away from the mass the clumps fade out, so that no leaf hangs alone in the air.
  return mass.x + swell * smoothstep(-0.45, 0.25, mass.x) - 0.9 * smoothstep(-0.05, -0.5, mass.x);
}

struct Leaves { dark: vec3<f32>, middle: vec3<f32>, lit: vec3<f32> };

fn leaf_colours() -> Leaves {
  var out: Leaves;
  out.dark = of_hour(vec3<f32>(0.12, 0.22, 0.27), vec3<f32>(0.075, 0.19, 0.14), vec3<f32>(0.13, 0.145, 0.245), vec3<f32>(0.025, 0.065, 0.105));
  out.middle = of_hour(vec3<f32>(0.27, 0.46, 0.40), vec3<f32>(0.27, 0.47, 0.20), vec3<f32>(0.25, 0.31, 0.29), vec3<f32>(0.085, 0.18, 0.205));
  out.lit = of_hour(vec3<f32>(1.04, 0.86, 0.48), vec3<f32>(0.76, 0.88, 0.34), vec3<f32>(1.14, 0.70, 0.30), vec3<f32>(0.40, 0.58, 0.58));
  return out;
}

// Draws one sheet of single leaves over `under`. `grid`: leaves per unit of length; `bar`: how deep in the mass a leaf
// has to be to grow; `tone`: brightness of the leaves in shade; `glow`: amount of light that shines through them;
// `fog`: opacity of the mist in front of them.
fn lay_leaves(under: vec4<f32>, stage: Stage, p: vec2<f32>, kind: i32, grid: f32, seed: u32, bar: f32, tone: f32, glow: f32, fog: f32) -> vec4<f32> {
  if mass_at(kind, p).x < -0.75 { return under; }
  var out = under;
  let leaf = leaf_colours();
  let through_hour = glow * of_hour_one(vec4<f32>(0.62, 1.0, 0.54, 0.85));
  let q = p * grid;
  let base = floor(q);
  let pixel = grid / scene.size.y;
  for (var j = 0; j < 9; j++) {
    let cell = base + vec2<f32>(f32(j % 3 - 1), f32(j / 3 - 1));
    let r = chance(cell, seed);
    let at = cell + 0.5 + (r.xy - 0.5) * 0.9;
    let o = q - at;
    if dot(o, o) > 1.05 { continue; }
    let place = at / grid;
    // leaves hang down, fanned out at random and by the direction of their twig
    let turn = 1.57 + (r.w - 0.5) * 2.6 + 1.6 * noise(place * 7.0);
    let dir = vec2<f32>(cos(turn), sin(turn));
    let along = dot(o, dir);
    let across = dot(o, vec2<f32>(-dir.y, dir.x));
    let size = 0.62 + 0.40 * fract(r.z * 7.31);
    let s = along / size;
    let breadth = size * (0.30 + 0.16 * fract(r.w * 5.7)) * max(1.0 - s * s, 0.0) * (1.0 - 0.25 * s);
    let cover = smoothstep(-0.8, 0.8, (breadth - abs(across)) / pixel) * step(abs(s), 1.0);
    if cover <= 0.0 { continue; }
    let deep = depth_in_leaves(kind, place) - bar + (r.z - 0.5) * 0.30;
    if deep <= 0.0 { continue; }
    let to_lamp = normalize(stage.lamp.xy - place);
    let behind = depth_in_leaves(kind, place + to_lamp * 0.045);
    let open = clamp(0.45 + 1.1 * (deep + bar - behind), 0.0, 1.0);
    let thin = exp2(-max(deep, 0.0) * 2.2);
    let far = length((place - OPENING) * vec2<f32>(0.9, 1.0));
    let near = exp2(-far * 3.0);
    var c = mix(leaf.dark, leaf.middle, clamp((tone + 0.85 * open) * (0.30 + 1.10 * near) + 0.30 * (r.y - 0.5), 0.0, 1.0));
    let through = through_hour * thin * (0.25 + 0.75 * open) * (0.10 + near) * (0.55 + 0.9 * r.x);
    c = mix(c, leaf.lit, clamp(through, 0.0, 0.95));
    // one half of a leaf is darker than the other, and the tip is a little lighter
    c *= 1.0 + 0.18 * clamp(across / max(breadth, 0.02), -1.0, 1.0) + 0.12 * s;
    out = mix(out, vec4<f32>(mix(c, air(stage, place), fog), 1.0), cover);
  }
  return out;
}

// ---- trunks

struct Bark { dark: vec3<f32>, lit: vec3<f32>, rim: vec3<f32>, moss: vec3<f32> };

fn bark_colours() -> Bark {
  var out: Bark;
  out.dark = of_hour(vec3<f32>(0.17, 0.18, 0.25), vec3<f32>(0.165, 0.155, 0.14), vec3<f32>(0.17, 0.13, 0.21), vec3<f32>(0.045, 0.065, 0.11));
  out.lit = of_hour(vec3<f32>(0.52, 0.45, 0.45), vec3<f32>(0.47, 0.41, 0.32), vec3<f32>(0.52, 0.34, 0.32), vec3<f32>(0.14, 0.19, 0.26));
  out.rim = of_hour(vec3<f32>(1.05, 0.80, 0.62), vec3<f32>(0.98, 0.94, 0.66), vec3<f32>(1.10, 0.66, 0.34), vec3<f32>(0.38, 0.49, 0.60));
  out.moss = of_hour(vec3<f32>(0.33, 0.39, 0.33), vec3<f32>(0.28, 0.40, 0.15), vec3<f32>(0.33, 0.28, 0.20), vec3<f32>(0.065, 0.115, 0.135));
  return out;
}

// The trunks: x, y of the foot, half of the width, lean. The first six are near, the others are in the middle distance.
const TRUNKS = array<vec4<f32>, 12>(
  vec4<f32>(-0.735, 0.815, 0.072, 0.02), vec4<f32>(0.585, 0.770, 0.056, -0.05), vec4<f32>(0.900, 0.870, 0.075, 0.05),
  vec4<f32>(-0.505, 0.690, 0.034, 0.05), vec4<f32>(-1.150, 0.860, 0.080, 0.03), vec4<f32>(1.240, 0.820, 0.060, 0.02),
  vec4<f32>(0.385, 0.632, 0.023, 0.03), vec4<f32>(-0.300, 0.612, 0.0165, -0.03), vec4<f32>(0.725, 0.640, 0.026, 0.02),
  vec4<f32>(-0.620, 0.622, 0.022, -0.04), vec4<f32>(-0.86, 0.640, 0.025, 0.01), vec4<f32>(0.475, 0.600, 0.014, 0.05));

// The ferns: x and y of the root, and length of the fronds.
const FERNS = array<vec3<f32>, 11>(
  vec3<f32>(-0.43, 0.715, 0.085), vec3<f32>(0.50, 0.785, 0.12), vec3<f32>(0.685, 0.80, 0.14), vec3<f32>(-0.625, 0.815, 0.13),
  vec3<f32>(-0.86, 0.89, 0.20), vec3<f32>(0.77, 0.885, 0.18), vec3<f32>(1.02, 0.93, 0.22), vec3<f32>(-0.66, 0.985, 0.22),
  vec3<f32>(-0.83, 1.08, 0.36), vec3<f32>(0.88, 1.09, 0.36), vec3<f32>(0.66, 1.04, 0.22));

// Returns the premultiplied colour and the coverage of one trunk.
fn trunk(stage: Stage, p: vec2<f32>, t: vec4<f32>, seed: f32, fog: f32) -> vec4<f32> {
  let bark = bark_colours();
  let up = t.y - p.y;
  let w = t.z;
  let wander = 0.5 * w * noise(vec2<f32>(p.y * 2.6, seed * 7.1)) + t.w * up + 0.10 * t.w * sin(up * 5.0 + seed);
  let flare = exp2(-max(up, -0.3 * w) / (0.75 * w));
  let edge = noise(vec2<f32>(p.y * 0.35 / w, seed * 3.3 + sign(p.x - t.x)));
  let half_width = w * (1.0 - 0.30 * clamp(up, 0.0, 1.0) + 0.75 * flare * flare + 0.30 * flare + 0.10 * edge);
  let u = (p.x - t.x - wander) / half_width;
  if abs(u) > 1.3 || up < -w { return vec4<f32>(0.0); }
  let pixel = 1.0 / scene.size.y;
  // The foot widens into roots, with grass in front of it.
  let roots = 0.10 + 0.30 * noise(vec2<f32>(u * 2.6 + seed * 5.0, 1.0)) + 0.12 * noise(vec2<f32>(u * 7.0, seed));
  let blades = 0.45 * abs(noise(vec2<f32>(p.x * 2.6 / w + 0.3 * sin(p.x * 9.0 / w), seed))) + 0.5 * abs(noise(vec2<f32>((p.x + 0.25 * up) * 9.0 / w, seed + 0.5)));
  let foot = smoothstep(-0.10 * w - pixel, 0.16 * w + pixel, up + w * (roots * (1.0 - u * u) + 0.1 - blades));
  let cover = smoothstep(0.5, -0.5, (abs(u) - 1.0) * half_width / pixel) * foot;

  let around = asin(clamp(u, -0.99, 0.99)) * w;
  let grain_at = vec2<f32>(around / 0.0085, up / 0.085) * (0.055 / max(w, 0.03)) + vec2<f32>(seed * 11.0, 0.0);
  let bend = noise(grain_at * vec2<f32>(0.2, 0.35) + 9.0) * 1.3;
  let plates = noise(vec2<f32>(grain_at.x + bend, grain_at.y));
  let fine = noise(vec2<f32>(grain_at.x * 2.3 + bend * 1.4, grain_at.y * 2.1 + 7.0));
  let furrow = smoothstep(0.0, 0.16, abs(plates) + 0.05 * fine);
  let mottle = clouded(vec2<f32>(around * 14.0 + seed, up * 5.0));

  let to_light = sign(OPENING.x - t.x);
  let facing = u * to_light;
  var tone = 0.30 + 0.30 * facing + 0.25 * mottle + 0.25 * fine + 0.16 * (1.0 - u * u);
  tone *= 0.64 + 0.36 * furrow;
  var c = mix(bark.dark, bark.lit, clamp(tone, 0.0, 1.0));
  let mossy = smoothstep(0.0, 0.5, mottle + 1.1 * exp2(-up / (1.5 * w)) - 0.30 * facing - 0.24 + 0.4 * fine);
  c = mix(c, bark.moss * (0.55 + 0.6 * furrow + 0.5 * fine), 0.75 * mossy);
  let near = exp2(-length(p - OPENING) * 1.3);
  let rim = smoothstep(0.45, 1.0, facing) * (0.35 + 0.65 * furrow) * smoothstep(-0.6 * w, 3.5 * w, up);
  c = mix(c, bark.rim, clamp(rim * (0.25 + 0.75 * near) * (0.8 + 0.8 * mottle), 0.0, 0.9));
  c += bark.rim * 0.10 * smoothstep(0.7, 1.0, -facing) * near;
  c *= 0.55 + 0.45 * smoothstep(0.0, 2.6 * w, up + 0.3 * w);
  return vec4<f32>(mix(c, air(stage, p), fog * (1.0 - 0.22 * exp2(-max(up, 0.0) / w))), 1.0) * cover;
}

fn over(under: vec3<f32>, top: vec4<f32>) -> vec3<f32> {
  return under * (1.0 - top.a) + top.rgb;
}

// Returns the colour and coverage of a far row of straight stems at random positions, none of them in front of the
// opening.
fn far_row(stage: Stage, p: vec2<f32>, row: i32) -> vec4<f32> {
  let k = f32(row);
  let pitch = 0.038 * pow(1.55, k);
  let w = 0.0042 * pow(1.52, k);
  let foot = HORIZON + 0.004 + 0.0035 * k * k;
  let fog = thick(0.89 - 0.125 * k);
  var out = vec4<f32>(0.0);
  let base = floor(p.x / pitch);
  let bark = bark_colours();
  for (var j = -1; j < 2; j++) {
    let cell = vec2<f32>(base + f32(j), 3.0 + k);
    let r = chance(cell, 77u);
    let x = (cell.x + 0.5 + (r.x - 0.5) * 0.8) * pitch;
    let gap = 0.03 + 0.045 * k;
    let crowd = 0.62 + 0.9 * noise(vec2<f32>(x * 3.1, 5.0 + k * 3.0));
    if r.y < crowd && abs(x - OPENING.x + 0.01 * k) > gap {
      let up = foot - p.y;
      let width = w * (0.45 + 1.1 * r.z * r.z) * (1.0 - 0.35 * clamp(up, 0.0, 1.0) + 0.5 * exp2(-max(up, 0.0) / (0.9 * w)));
      let lean = (r.w - 0.5) * 0.20;
      let centre = x + lean * up + 0.012 * sin(up * 7.0 + r.z * 20.0) * (0.3 + 0.3 * k);
      let u = (p.x - centre) / width;
      let blur = 0.9 / scene.size.y + 0.0011 * fog;
      let cover = smoothstep(blur, -blur, (abs(u) - 1.0) * width) * smoothstep(-0.004, 0.07 - 0.022 * k, up);
      let facing = u * sign(OPENING.x - x);
      var c = mix(bark.dark, bark.lit, 0.30 + 0.3 * facing + 0.3 * noise(vec2<f32>(p.x * 300.0, p.y * 30.0)));
      c = mix(c, bark.rim, 0.55 * smoothstep(0.4, 1.0, facing) * exp2(-abs(x - OPENING.x) * 2.0));
      out = mix(out, vec4<f32>(mix(c, air(stage, p), fog), 1.0), cover * (0.92 - 0.05 * f32(4 - row)));
    }
  }
  return out;
}

// ---- ground

fn ground(stage: Stage, p: vec2<f32>) -> vec4<f32> {
  let roll = 0.010 * noise(vec2<f32>(p.x * 3.0, 2.0)) + 0.02 * smoothstep(0.2, 1.0, abs(p.x - 0.1));
  let dark = of_hour(vec3<f32>(0.18, 0.29, 0.34), vec3<f32>(0.11, 0.23, 0.165), vec3<f32>(0.20, 0.175, 0.33), vec3<f32>(0.035, 0.075, 0.11));
  let lit = of_hour(vec3<f32>(0.70, 0.68, 0.46), vec3<f32>(0.62, 0.70, 0.28), vec3<f32>(0.78, 0.53, 0.30), vec3<f32>(0.20, 0.30, 0.34));
  let earth = of_hour(vec3<f32>(0.62, 0.54, 0.51), vec3<f32>(0.60, 0.54, 0.40), vec3<f32>(0.60, 0.41, 0.36), vec3<f32>(0.16, 0.205, 0.26));
  let d = max(p.y - HORIZON + roll, 0.0);
  let flat = vec2<f32>((p.x - OPENING.x) / (d + 0.02), log2(d + 0.02));
  // Stems cast shadows that fan out from the light towards the viewer.
  var shadow = 0.0;
  for (var i = 0; i < 12; i++) {
    let t = TRUNKS[i];
    let reach = (p.y - HORIZON + 0.03) / (t.y - HORIZON + 0.03);
    let x = OPENING.x + (t.x - OPENING.x) * reach;
    let past = smoothstep(0.97, 1.10, reach);
    shadow = max(shadow, past * smoothstep(t.z * reach * 1.35, t.z * reach * 0.5, abs(p.x - x)) * exp2(-(reach - 1.0) * 0.55));
    let under = (p - t.xy) / vec2<f32>(t.z * 2.6, t.z * 0.9);
    shadow = max(shadow, 0.9 * exp2(-1.4 * dot(under, under)));
  }
  for (var i = 0; i < 11; i++) {
    let f = FERNS[i];
    let under = (p - f.xy - vec2<f32>(0.0, 0.02 * f.z)) / (f.z * vec2<f32>(0.62, 0.20));
    shadow = max(shadow, 0.85 * exp2(-1.2 * dot(under, under)));
  }
  var colour = vec3<f32>(0.0);
  // Tufts and small leaves are flat dabs, each of them lit like the ground below it.
  for (var sheet = 0; sheet < 2; sheet++) {
    let grid = select(vec2<f32>(24.0, 34.0), vec2<f32>(36.0, 30.0), sheet == 1);
    let q = flat * grid;
    let base = floor(q);
    let pixel = grid / (scene.size.y * (d + 0.02));
    for (var j = 0; j < 15; j++) {
      let cell = base + vec2<f32>(f32(j % 3 - 1), f32(j / 3 - 1));
      let r = chance(cell, 200u + u32(sheet));
      let at = cell + 0.5 + (r.xy - 0.5) * select(0.9, 1.25, sheet == 1);
      let g = at / grid;
      let z = exp2(g.y);
      let place = vec2<f32>(g.x * z + OPENING.x, z - 0.02 + HORIZON);
      let o = q - at;
      // the path winds towards the opening
      let middle = OPENING.x - 0.04 * sin(z * 7.5) - 0.16 * z;
      let beside = abs(place.x - middle) - (0.012 + 0.30 * z);
      let wear = smoothstep(0.10 * z, -0.13 * z, beside + 0.20 * z * noise(g * vec2<f32>(2.0, 5.0)));
      let patch_at = noise(g * vec2<f32>(1.7, 4.4) + 7.0) + 0.24 * exp2(-abs(place.x - middle) * 2.0);
      let spots = noise(g * vec2<f32>(5.1, 11.0) + 3.0);
      let dapple = 0.75 * smoothstep(-0.36, 0.42, patch_at) + 0.45 * smoothstep(0.02, 0.20, spots + 0.5 * patch_at - 0.10);
      let near = exp2(-z * 3.4) * exp2(-abs(place.x - middle) * 1.1);
      let sun = clamp(dapple * (0.30 + 0.9 * near), 0.0, 1.0) * (1.0 - 0.85 * shadow);
      let soil = mix(dark, lit, clamp(0.16 + 0.72 * sun + 0.20 * (r.z - 0.5), 0.0, 1.0));
      let worn = mix(dark * 1.25, earth, clamp(0.36 + 0.66 * sun + 0.09 * (r.z - 0.5), 0.0, 1.0));
      var c = mix(soil, worn, wear * 0.9);
      // a few small pale flowers stand in the light
      let flower = step(0.978, r.w) * f32(sheet) * step(0.05, beside) * step(z, 0.30) * smoothstep(0.25, 0.7, noise(g * vec2<f32>(1.1, 2.3) + 21.0) + 0.5);
      c = mix(c, mix(stage.haze, stage.core, 0.6) * (0.35 + 0.5 * sun), 0.85 * flower);
      // blades stand upright beside the path, litter lies flat on it
      let tall = mix(1.0, 0.45, wear);
      let shape = select(length(o * vec2<f32>(0.75 + 0.4 * r.z, 1.05)) - 0.72, abs(o.x + (r.w - 0.5) * 0.5 * o.y) - 0.34 * (1.0 - clamp((o.y * -1.0 + 0.9 * tall) / (2.2 * tall), 0.0, 1.0)) + 4.0 * max(o.y - 0.7, 0.0), sheet == 1 && flower < 0.5);
      let small = 0.55 * step(0.5, flower);
      let ink = smoothstep(0.5, -0.5, (shape + small) / max(pixel.x, select(0.45, 0.12, sheet == 1)));
      colour = mix(colour, c, ink * select(1.0, 0.85, sheet == 1));
      if sheet == 0 && j == 0 { colour = c; }
    }
  }
  let fog = exp2(-d * mix(20.0, 9.0, scene.mood)) * 0.96;
  colour = mix(colour, air(stage, p), fog);
  let cover = smoothstep(-0.002, 0.004, p.y - HORIZON + roll);
  return vec4<f32>(colour, 1.0) * cover;
}

// ---- ferns

// Draws one frond of a fern over `under`.
fn frond(under: vec4<f32>, stage: Stage, p: vec2<f32>, root: vec2<f32>, angle: f32, reach: f32, seed: f32, fog: f32) -> vec4<f32> {
  let o = (p - root) / reach;
  let dir = vec2<f32>(cos(angle), -sin(angle));
  let s = dot(o, dir);
  let side = sign(dir.x);
  let bow = 0.55 * abs(dir.x) + 0.10;
  let v = dot(o, vec2<f32>(-dir.y, dir.x)) - side * bow * s * s;
  if s < -0.02 || s > 1.05 || abs(v) > 0.30 { return under; }
  let swept = s - 0.42 * abs(v);
  let length_here = 0.30 * pow(max(1.0 - swept, 0.0), 0.8) * smoothstep(0.02, 0.30, swept);
  let out_along = abs(v) / max(length_here, 0.004);
  let n = 25.0;
  let k = swept * n + 0.5 * step(v, 0.0);
  let tooth = abs(fract(k) - 0.5);
  let blade = 0.44 * sqrt(max(1.0 - out_along, 0.0)) * smoothstep(-0.10, 0.22, out_along + 0.12) + 0.5 * smoothstep(0.80, 0.97, swept);
  let pixel = 1.0 / (scene.size.y * reach);
  var cover = smoothstep(-0.6, 0.6, (blade - tooth) / (n * pixel)) * step(0.0, swept) * step(out_along, 1.0);
  let stem = smoothstep(0.6, -0.6, (abs(v) - 0.007 * (1.1 - s)) / pixel) * step(0.0, s) * step(s, 1.0);
  cover = max(cover, stem);
  let leaf = leaf_colours();
  let r = fract(sin(floor(k) * 12.9 + seed * 7.7 + sign(v)) * 43.7);
  let near = exp2(-length(p - OPENING) * 1.5);
  let toward = 0.5 + 0.5 * side * sign(OPENING.x - root.x);
  var tone = 0.62 * s + 0.22 * (r - 0.5) + 0.16 * sign(v) * side + 0.10 * near;
  var c = mix(leaf.dark * 0.85, leaf.middle, clamp(tone, 0.0, 1.0));
  c = mix(c, leaf.lit, clamp((0.30 + 0.45 * toward) * s * near * (0.5 + r) * (0.5 + 0.9 * out_along), 0.0, 0.8) * of_hour_one(vec4<f32>(0.55, 1.0, 0.48, 0.9)));
  c = mix(c, leaf.middle * 1.25, stem * 0.6);
  // The nearest fronds are in shade, so they frame the picture without drawing attention.
  c *= 1.0 - 0.50 * smoothstep(0.80, 1.0, p.y + 0.25 * abs(p.x) - 0.20) * (1.0 - 0.5 * s);
  c = mix(c, air(stage, p), fog);
  return mix(under, vec4<f32>(c, 1.0), cover);
}

// ---- the bakes

fn from_middle(at: vec4<f32>) -> vec2<f32> {
  return (at.xy - vec2<f32>(0.5 * scene.size.x, 0.0)) / scene.size.y;
}

fn grain(at: vec4<f32>) -> f32 {
  let r = chance(floor(at.xy), 5u);
  return (r.x + r.y - 1.0) / 255.0;
}

// Returns a colour as a layer stores it: the square root of light, premultiplied by the coverage, so that filtering
// leaves no dark seams.
fn keep(colour: vec4<f32>, at: vec4<f32>) -> vec4<f32> {
  let own = clamp(colour.rgb / (max(colour.a, 0.001) * STORED), vec3<f32>(0.0), vec3<f32>(1.0));
  return vec4<f32>((sqrt(own) + grain(at)) * colour.a, colour.a);
}

fn thick(fog: f32) -> f32 {
  return 1.0 - pow(1.0 - fog, mix(0.80, 1.85, scene.mood));
}

@fragment
fn bake_0(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  var c = air(stage, p);
  // The source of the light is soft behind the mist: a low sun, or the moon between the crowns.
  let disc = of_hour_one(vec4<f32>(1.0, 0.0, 1.0, 1.0));
  let off = length(p - mix(vec2<f32>(0.13, 0.345), vec2<f32>(0.225, 0.170), stage.lamp.w));
  let lamp = mix(stage.core * 1.5, vec3<f32>(0.62, 0.68, 0.69), stage.lamp.w);
  c = mix(c, lamp, disc * (mix(0.55, 0.80, stage.lamp.w) * smoothstep(mix(0.034, 0.029, stage.lamp.w), mix(0.014, 0.025, stage.lamp.w), off) + 0.35 * exp2(-off * 16.0)) * (1.0 - 0.5 * scene.mood));
  let bank = smoothstep(-0.3, 0.9, mass_at(6, p).x + 0.9 * noise(p * 9.0) + 0.3 * noise(p * 21.0));
  c = mix(c, mix(leaf_colours().middle, c, thick(0.80)), 0.8 * bank);
  for (var row = 0; row < 3; row++) {
    let k = f32(row);
    c = over(c, far_row(stage, p, row) * 0.9);
    var l = vec4<f32>(c, 0.0);
    l = lay_leaves(l, stage, p, row, 85.0 - 20.0 * k, 10u + u32(row), 0.25, 0.1, 0.8, thick(0.86 - 0.11 * k));
    l = lay_leaves(l, stage, p, row, 95.0 - 22.0 * k, 20u + u32(row), 0.45, 0.3, 1.0, thick(0.84 - 0.12 * k));
    c = l.rgb;
  }
  if p.y > HORIZON - 0.04 { c = over(c, ground(stage, p)); }
  c = over(c, far_row(stage, p, 3));
  var l = vec4<f32>(c, 0.0);
  l = lay_leaves(l, stage, p, 5, 80.0, 31u, 0.0, 0.1, 0.9, thick(0.60));
  l = lay_leaves(l, stage, p, 5, 90.0, 32u, 0.2, 0.35, 1.0, thick(0.55));
  c = l.rgb;
  for (var i = 11; i > 5; i--) {
    let t = TRUNKS[i];
    c = over(c, trunk(stage, p, t, f32(i), thick(0.62 - 9.0 * (t.z - 0.014))));
  }
  let depth = exp2(-max(p.y - HORIZON, 0.0) * 8.0);
  return vec4<f32>(keep(vec4<f32>(c, 1.0), stage.position).rgb, depth);
}

@fragment
fn bake_1(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  var l = vec4<f32>(0.0);
  l = lay_leaves(l, stage, p, 3, 62.0, 41u, 0.20, -0.1, 0.6, thick(0.42));
  l = lay_leaves(l, stage, p, 3, 70.0, 42u, 0.40, 0.08, 1.0, thick(0.35));
  l = lay_leaves(l, stage, p, 3, 78.0, 43u, 0.62, 0.25, 1.3, thick(0.28));
  return keep(l, stage.position);
}

@fragment
fn bake_2(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  var c = vec4<f32>(0.0);
  for (var i = 5; i >= 0; i--) {
    let t = TRUNKS[i];
    let top = trunk(stage, p, t, f32(i), thick(clamp(0.22 - 3.8 * (t.z - 0.030), 0.05, 1.0)));
    c = c * (1.0 - top.a) + top;
  }
  return keep(c, stage.position);
}

@fragment
fn bake_3(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  var l = vec4<f32>(0.0);
  l = lay_leaves(l, stage, p, 4, 42.0, 51u, 0.10, -0.32, 0.5, thick(0.10));
  l = lay_leaves(l, stage, p, 4, 47.0, 52u, 0.32, -0.12, 0.9, thick(0.06));
  l = lay_leaves(l, stage, p, 4, 52.0, 53u, 0.58, 0.12, 1.3, thick(0.04));
  return keep(l, stage.position);
}

@fragment
fn bake_4(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  var c = vec4<f32>(0.0);
  for (var i = 0; i < 11; i++) {
    let f = FERNS[i];
    if length(p - f.xy) < f.z * 1.25 {
      for (var j = 0; j < 9; j++) {
        // outer fronds first, the upright ones last
        let k = f32((j % 2) * 2 - 1) * f32(8 - j) / 8.0;
        let r = chance(vec2<f32>(f32(i), f32(j)), 61u);
        let angle = 1.57 + 1.22 * k + 0.25 * (r.x - 0.5);
        c = frond(c, stage, p, f.xy + vec2<f32>((r.y - 0.5) * 0.10 * f.z, 0.0), angle, f.z * (0.75 + 0.4 * r.z), f32(i * 9 + j), thick(0.16 - 0.4 * f.z));
      }
    }
  }
  return keep(c, stage.position);
}

@fragment
fn bake_5(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  let ray = p - stage.lamp.xy;
  let a = atan2(ray.x, ray.y);
  let r = length(ray);
  let spread = exp2(-dot(p - OPENING, p - OPENING) * 2.6);
  let broken = 0.7 + 0.6 * noise(vec2<f32>(a * 9.0, r * 2.2));
  let one = smoothstep(0.02, 0.55, noise(vec2<f32>(a * 9.0 + 3.0, r * 0.5)) + 0.5 * noise(vec2<f32>(a * 23.0, r * 0.7 + 5.0)));
  let two = smoothstep(0.02, 0.55, noise(vec2<f32>(a * 11.0 + 31.0, r * 0.5 + 8.0)) + 0.5 * noise(vec2<f32>(a * 27.0 + 9.0, r * 0.6)));
  let starts = smoothstep(0.05, 0.42, r) * smoothstep(1.05, 0.45, p.y);
  let mist = 0.5 + 0.55 * clouded(p * vec2<f32>(2.2, 4.5) + 11.0);
  let takes = exp2(-length((p - OPENING) * vec2<f32>(0.8, 1.0)) * 2.0);
  return vec4<f32>(vec2<f32>(one, two) * spread * broken * starts, mist, takes) + grain(stage.position);
}

// ---- the live picture

fn film(light: vec3<f32>) -> vec3<f32> {
  let peak = max(light.r, max(light.g, light.b));
  let bled = mix(light, vec3<f32>(peak), 0.06 * smoothstep(0.6, 2.4, peak));
  let shoulder = 1.0 - exp2(-bled * 2.2);
  return mix(shoulder, shoulder * shoulder * (3.0 - 2.0 * shoulder), 0.30) * 0.965;
}

fn encode(linear: vec3<f32>) -> vec3<f32> {
  let c = clamp(linear, vec3<f32>(0.0), vec3<f32>(1.0));
  return select(1.055 * pow(c, vec3<f32>(1.0 / 2.4)) - 0.055, 12.92 * c, c <= vec3<f32>(0.0031308));
}

fn layer(under: vec3<f32>, uv: vec2<f32>, index: i32, level: f32) -> vec3<f32> {
  let s = textureSampleLevel(layers, soft, uv, index, level);
  return under * (1.0 - s.a) + s.rgb * s.rgb * (STORED / max(s.a, 0.004));
}

// Returns the brightness at `p` of drifting specks, and the phase of their slow pulse, 0..1. Each cell of a grid has at
// most one speck, and a fraction `share` of the cells has one.
fn specks(p: vec2<f32>, grid: f32, seed: u32, share: f32, radius: f32) -> vec2<f32> {
  let q = p * grid;
  let cell = floor(q);
  let r = chance(cell, seed);
  let turn = TAU * fract(scene.time_s * (floor(r.zw * 70.0) + 50.0) / 3600.0 + r.xy);
  let at = 0.5 + 0.46 * (r.xy - 0.5) + 0.22 * sin(turn.xy + vec2<f32>(0.0, 1.6)) * scene.movement;
  let size = max(radius, 0.9 / scene.size.y) * grid;
  let o = (q - cell - at) / size;
  let pulse = 0.5 + 0.5 * sin(TAU * fract(scene.time_s * floor(230.0 + 200.0 * r.z) / 3600.0 + r.w)) * scene.movement;
  let d = dot(o, o);
  return vec2<f32>((exp2(-d * 1.5) + 0.16 * exp2(-d * 0.12)) * step(r.w, share), pulse);
}

@fragment
fn fragment_main(stage: Stage) -> @location(0) vec4<f32> {
  let p = from_middle(stage.position);
  let uv = stage.position.xy / scene.size;
  let level = max(0.0, log2(f32(textureDimensions(layers).y) / scene.size.y));
  let per_height = vec2<f32>(scene.size.y / scene.size.x, 1.0);

  // Boughs swing a little as a whole, and leaves flutter on them. Each depth has a period of its own.
  let wide = sin(p.x * 5.0 + p.y * 3.0 + stage.sway.z * 1.4);
  let flutter = sin(p.x * 31.0 + p.y * 23.0 + 2.2 * stage.sway.x) * stage.sway.y;
  let swing_near = vec2<f32>(0.0046 * wide * stage.sway.x + 0.0014 * flutter, 0.0020 * stage.sway.y * wide + 0.0010 * flutter);
  let swing_middle = vec2<f32>(0.0024 * wide * stage.sway.y - 0.0009 * flutter, 0.0012 * stage.sway.x);
  let low = smoothstep(1.05, 0.70, p.y);
  let swing_ferns = vec2<f32>(0.0045 * sin(p.x * 7.0 + 1.2 * stage.sway.z) * stage.sway.x + 0.0008 * flutter, 0.0) * low;

  let far = textureSampleLevel(layers, soft, uv, 0, level);
  let drift = vec2<f32>(0.030 * stage.sway.w, 0.008 * stage.sway.z);
  let what = textureSampleLevel(layers, soft, uv * 0.94 + 0.03 + drift, 5, level + 1.0);
  let lit = textureSampleLevel(layers, soft, uv, 5, level + 1.0);

  let breath = scene.breath;
  let veil = mix(stage.haze, stage.core, lit.a);
  var c = far.rgb * far.rgb * STORED;
  let mist = (what.b - 0.5) * (0.30 + 0.25 * scene.mood) * far.a;
  c = max(c + veil * mist * 0.5, c * 0.7);
  c = layer(c, uv + swing_middle * per_height, 1, level);
  let shafts = mix(lit.r, lit.g, 0.5 + 0.5 * stage.sway.w) * stage.lamp.z;
  let beam = stage.core * shafts * (0.30 + 0.22 * breath);
  c += beam;
  c = layer(c, uv, 2, level);
  c = layer(c, uv + swing_near * per_height, 3, level);
  c += beam * 0.45;
  c = layer(c, uv + swing_ferns * per_height, 4, level);
  c += veil * lit.a * (0.02 * scene.mood + 0.11 * breath);
  c *= 0.95 + 0.14 * breath * lit.a;

  let dust = specks(p + vec2<f32>(0.0, 0.01 * stage.sway.w), 11.0, 91u, 0.42, 0.0016);
  c += stage.core * (dust.x * (0.10 + 0.30 * dust.y) * (lit.a + 0.8 * shafts) * (1.0 - 0.6 * stage.lamp.w));
  let night = stage.lamp.w;
  let large = specks(p, mix(6.0, 4.2, night), 92u, mix(0.5, 0.36, night), mix(0.0034, 0.0036, night));
  let low_down = smoothstep(0.40, 0.56, p.y) * smoothstep(0.86, 0.74, p.y);
  let by_day = stage.core * (0.05 + 0.14 * large.y) * lit.a;
  c += mix(by_day, vec3<f32>(0.95, 0.80, 0.30) * (0.55 * large.y * large.y * low_down), night) * large.x;

  let corner = vec2<f32>(p.x / scene.size.x * scene.size.y, p.y - 0.45);
  c *= 1.0 - 0.55 * dot(corner, corner);
  c *= vec3<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth);
  let grey = dot(c, vec3<f32>(0.2126, 0.7152, 0.0722));
  c = max(mix(vec3<f32>(grey), c, scene.saturation), vec3<f32>(0.0));
  return vec4<f32>(toward_night(encode(film(c)), stage.veil) + grain(stage.position), 1.0);
}
