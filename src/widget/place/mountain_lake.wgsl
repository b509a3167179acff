// layers: 2
// Owns the picture of the mountain lake: snow peaks over still water, firs on its shore, and mist that breathes. Does
// not own the clock, the breath, the light through the session, or the enlargement of a small target to the screen.
//
// Layer 0 is everything above the waterline except the mist; a: how far away it is, 0 near .. 1 sky. Its colours are
// stored as square roots of light. Layer 1 is mist and water; r and g: two sheets of mist, b: lanes that moving air
// draws on the water. The mountains are modelled in kilometres, and traced with rays when the layers are baked. The
// water shows the upper half of the picture, mirrored and rippled.
//
// Units: lengths that are marked `screen` are fractions of the picture's height; the mountains are in kilometres from
// the eye. Every motion is a sine with a whole number of turns per 3600 s, so it does not jump when the clock wraps.

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
  mood: f32,            // weather: 0 clear .. 1 deep mist
  scale_hint: f32,      // width of the target relative to that of the window, 0 .. 1
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var soft: sampler;

const TAU: f32 = 6.2831853;
const SHORE: f32 = 0.535;         // top of the water, as a fraction of the picture's height
const LENS: f32 = 1.55;           // screen heights for a slope of one
const PEAK: f32 = 1.5;            // brightest light that a layer can store
const CABIN: vec2<f32> = vec2<f32>(0.352, 0.004); // position of its floor (screen): from the middle, and over the water
const MIRROR: f32 = 0.80;         // height of the mirror image relative to what it shows

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

fn hour_weights() -> vec4<f32> {
  return max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
}

// Returns a direction for the time of day.
fn way_of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let h = hour_weights();
  return normalize(dawn * h.x + day * h.y + dusk * h.z + night * h.w);
}

// Returns a colour for the time of day.
fn of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let h = hour_weights();
  return pow(dawn * h.x + day * h.y + dusk * h.z + night * h.w, vec3<f32>(2.2));
}

fn hash(seed: vec2<i32>) -> vec4<f32> {
  var n = bitcast<u32>(seed.x) * 0x9E3779B1u ^ bitcast<u32>(seed.y) * 0x85EBCA77u;
  n = (n ^ (n >> 15u)) * 0x2C1B3C6Du;
  n = (n ^ (n >> 12u)) * 0x297A2D39u;
  n = n ^ (n >> 15u);
  let m = vec4<u32>(n, n * 0x9E3779B1u, n * 0x85EBCA77u, n * 0xC2B2AE3Du);
  return vec4<f32>((m ^ (m >> vec4<u32>(13u))) >> vec4<u32>(8u)) * (1.0 / 16777216.0);
}

fn noise(p: vec2<f32>) -> f32 {
  let base = floor(p);
  let c = vec2<i32>(base);
  let f = p - base;
  let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
  let low = mix(hash(c).x, hash(c + vec2<i32>(1, 0)).x, u.x);
  let high = mix(hash(c + vec2<i32>(0, 1)).x, hash(c + vec2<i32>(1, 1)).x, u.x);
  return mix(low, high, u.y) - 0.5;
}

// Returns layered noise, about -0.5..0.5.
fn cloudy(start: vec2<f32>, octaves: i32, fall: f32) -> f32 {
  var p = start;
  var size = 0.5;
  var sum = 0.0;
  for (var o = 0; o < octaves; o += 1) {
    sum += size * noise(p);
    p = vec2<f32>(0.80 * p.x - 0.60 * p.y, 0.60 * p.x + 0.80 * p.y) * 2.03 + vec2<f32>(17.3, 9.1);
    size *= fall;
  }
  return sum * 1.3;
}

// Returns the position of a pixel (screen): x from the middle, and height over the water.
fn place_of(p: vec2<f32>) -> vec2<f32> {
  return vec2<f32>((p.x - 0.5 * scene.size.x) / scene.size.y, SHORE - p.y / scene.size.y);
}

// Returns the window's aspect ratio relative to the one for which the picture was composed, at most 1.
fn narrow() -> f32 {
  return min(1.0, scene.size.x / (scene.size.y * 1.6));
}

fn keep(light: vec3<f32>, p: vec2<f32>) -> vec3<f32> {
  let grain = hash(vec2<i32>(p)).xyz + hash(vec2<i32>(p) + vec2<i32>(5171, 911)).xyz - 1.0;
  return sqrt(clamp(light / PEAK, vec3<f32>(0.0), vec3<f32>(1.0))) + grain / 255.0;
}

// Returns the light of stars of three sizes, which fade towards the horizon.
fn stars(at: vec2<f32>) -> vec3<f32> {
  let h = hour_weights();
  let shown = h.w + 0.30 * h.z * smoothstep(0.25, 0.50, at.y);
  var sum = vec3<f32>(0.0);
  if shown < 0.01 { return sum; }
  for (var k = 0; k < 3; k += 1) {
    let cells = vec3<f32>(11.0, 27.0, 74.0)[k];
    let grid = at * cells;
    let base = floor(grid);
    let r = hash(vec2<i32>(base) + vec2<i32>(401 + 97 * k, 33 * k));
    let off = (grid - base - 0.15 - 0.7 * r.xy) / cells;
    let wide = 0.00062 + 0.00075 * r.z * r.z * r.z * r.z * r.z;
    let radius = max(wide, 0.72 / scene.size.y);
    let rare = pow(r.z, vec3<f32>(5.0, 7.0, 6.0)[k]);
    let peak = vec3<f32>(0.95, 0.30, 0.12)[k] * rare * (wide * wide) / (radius * radius) * 1.5;
    let hue = mix(vec3<f32>(0.78, 0.87, 1.0), vec3<f32>(1.0, 0.90, 0.78), r.w * r.w);
    sum += hue * (peak * exp2(-dot(off, off) / (radius * radius)));
  }
  return sum * (shown * smoothstep(0.06, 0.40, at.y));
}

// ---- the mountains, in kilometres: x to the right, z away

// The peaks: position x and z, height, and width.
const PEAKS = array<vec4<f32>, 9>(
  vec4<f32>(1.15, 10.6, 2.55, 2.0),
  vec4<f32>(0.30, 11.4, 1.75, 1.5),
  vec4<f32>(2.35, 11.0, 1.80, 1.5),
  vec4<f32>(-1.05, 12.6, 1.62, 2.3),
  vec4<f32>(-2.55, 12.9, 2.02, 2.4),
  vec4<f32>(4.20, 12.4, 2.25, 1.9),
  vec4<f32>(-4.30, 11.0, 2.15, 2.2),
  vec4<f32>(-2.70, 6.2, 0.95, 1.3),
  vec4<f32>(3.70, 6.6, 1.05, 1.5),
);

// Returns layered noise with sharp crests, 0..1. Each layer is rougher near the crests of the previous layer.
fn ridged(start: vec2<f32>, octaves: i32) -> f32 {
  var p = start;
  var size = 0.5;
  var sum = 0.0;
  var weight = 1.0;
  for (var o = 0; o < octaves; o += 1) {
    var n = 1.0 - abs(2.0 * noise(p));
    n = n * n * weight;
    weight = clamp(n * 1.7, 0.0, 1.0);
    sum += size * n;
    p = vec2<f32>(0.80 * p.x - 0.60 * p.y, 0.60 * p.x + 0.80 * p.y) * 2.07 + vec2<f32>(17.3, 9.1);
    size *= 0.46;
  }
  return sum;
}

// Returns the height of the land over the water, in kilometres.
fn land(p: vec2<f32>, octaves: i32) -> f32 {
  var crest = 0.0;
  let bent = p + 0.35 * vec2<f32>(noise(p * 0.9 + 3.0), noise(p * 0.9 + 41.0));
  for (var i = 0; i < 9; i += 1) {
    let peak = PEAKS[i];
    let off = bent - peak.xy;
    // Spurs run down from each summit.
    let round = dot(off * off, vec2<f32>(1.0, 0.7)) / (peak.w * peak.w);
    let turn = atan2(off.x, -off.y);
    let spur = abs(noise(vec2<f32>(turn * 1.5 + f32(i) * 7.3, 0.5 + f32(i)))) + 0.5 * abs(noise(vec2<f32>(turn * 3.7 + f32(i) * 3.1, 9.5)));
    let d = sqrt(round * (0.80 + 1.25 * spur) + 0.006);
    crest = max(crest, peak.z * exp2(-1.30 * d));
  }
  let shape = ridged(p * 0.62 + 7.0, octaves);
  let rise = smoothstep(0.0, 2.6, p.y - 3.6 + 0.9 * smoothstep(0.4, 2.5, abs(p.x - 0.3)));
  return (crest * (0.74 + 0.42 * shape) + 0.34 * (shape - 0.45)) * rise - 0.02;
}

struct Sky {
  zenith: vec3<f32>,
  middle: vec3<f32>,
  low: vec3<f32>,
  glow: vec3<f32>,
  glow_at: vec2<f32>,
};

fn sky_of_hour() -> Sky {
  let h = hour_weights();
  var s: Sky;
  s.zenith = of_hour(vec3<f32>(0.34, 0.45, 0.68), vec3<f32>(0.26, 0.48, 0.76), vec3<f32>(0.15, 0.18, 0.38), vec3<f32>(0.045, 0.075, 0.155));
  s.middle = of_hour(vec3<f32>(0.66, 0.64, 0.78), vec3<f32>(0.50, 0.70, 0.87), vec3<f32>(0.46, 0.35, 0.54), vec3<f32>(0.085, 0.140, 0.255));
  s.low = of_hour(vec3<f32>(0.96, 0.78, 0.74), vec3<f32>(0.80, 0.88, 0.91), vec3<f32>(0.92, 0.57, 0.46), vec3<f32>(0.165, 0.245, 0.370));
  s.glow = of_hour(vec3<f32>(1.04, 0.88, 0.72), vec3<f32>(0.98, 0.97, 0.92), vec3<f32>(1.10, 0.76, 0.44), vec3<f32>(0.27, 0.36, 0.48));
  s.glow_at = vec2<f32>(dot(h, vec4<f32>(-0.35, -0.5, 0.30, 0.30)) * narrow(), 0.12);
  return s;
}

fn clear_sky(s: Sky, at: vec2<f32>) -> vec3<f32> {
  let up = max(at.y, 0.0);
  var c = mix(s.middle, s.zenith, smoothstep(0.16, 0.60, up));
  c = mix(s.low, c, smoothstep(0.06, 0.34, up));
  let off = (at - s.glow_at) * vec2<f32>(1.0, 1.5);
  let near = 1.0 / (1.0 + 7.0 * dot(off, off));
  c = mix(c, s.glow, 0.72 * near * near);
  // A low bank of cloud far behind the mountains.
  let h = hour_weights();
  let bent = at + 0.05 * vec2<f32>(noise(at * 7.0 + 3.0), noise(at * 7.0 + 31.0));
  let fold = cloudy(bent * vec2<f32>(2.0, 6.5) + 15.0, 6, 0.52);
  let band = exp2(-pow((up - 0.27 - 0.05 * at.x) * 7.5, 2.0));
  let cover = smoothstep(0.02, 0.42, fold + 0.26 * band - 0.02) * band;
  let lit = of_hour(vec3<f32>(1.06, 0.82, 0.78), vec3<f32>(0.99, 0.99, 0.98), vec3<f32>(1.08, 0.64, 0.52), vec3<f32>(0.155, 0.215, 0.325));
  let shade = of_hour(vec3<f32>(0.72, 0.64, 0.76), vec3<f32>(0.74, 0.83, 0.91), vec3<f32>(0.50, 0.34, 0.50), vec3<f32>(0.085, 0.130, 0.225));
  let top = clamp(0.5 + 2.6 * (fold - cloudy((bent + vec2<f32>(0.0, 0.018)) * vec2<f32>(2.0, 6.5) + 15.0, 4, 0.52)), 0.0, 1.0);
  return mix(c, mix(shade, lit, top), cover * dot(h, vec4<f32>(0.62, 0.75, 0.60, 0.55)));
}

// Returns the colour of the mountains at a point of the screen, in front of `air`; a: how far away they are, 0 near ..
// 1 sky.
fn mountains(s: Sky, at: vec2<f32>, air: vec3<f32>) -> vec4<f32> {
  let h = hour_weights();
  let pixel = 1.0 / scene.size.y;
  let ray = vec3<f32>(at.x * pow(narrow(), -0.40), at.y * pow(narrow(), -0.12), LENS) / LENS;   // for each kilometre of depth
  var z = 3.4;
  var hit = false;
  var before = z;
  // The smallest distance to the land of a ray that does not hit it, in pixels, and the depth at which the ray is
  // there. They soften the skyline.
  var miss = 9.0;
  var nearest = z;
  for (var i = 0; i < 120; i += 1) {
    let p = ray * z;
    let clear = p.y + 0.02 - land(p.xz, 7);
    if clear < 0.0 { hit = true; break; }
    let away = clear * LENS / (z * pixel);
    if away < miss { miss = away; nearest = z; }
    before = z;
    z += max(clear * 0.42, 0.004 * z);
    if z > 17.0 { break; }
  }
  if !hit && miss > 1.0 { return vec4<f32>(air, 1.0); }
  if hit {
    miss = 0.0;
    var a = before;
    for (var i = 0; i < 6; i += 1) {
      let m = 0.5 * (a + z);
      let p = ray * m;
      if p.y + 0.02 - land(p.xz, 7) < 0.0 { z = m; } else { a = m; }
    }
  } else {
    z = nearest;
  }
  let p = ray * z;
  let e = max(0.9 * z * pixel / LENS, 0.0015);
  let here = land(p.xz, 10);
  let n = normalize(vec3<f32>(here - land(p.xz + vec2<f32>(e, 0.0), 10), e, here - land(p.xz + vec2<f32>(0.0, e), 10)));
  // The normal of the whole flank, on which the woods and the light of the sky depend.
  let wide = 0.06;
  let along = land(p.xz - vec2<f32>(wide, 0.0), 5) - land(p.xz + vec2<f32>(wide, 0.0), 5);
  let away = land(p.xz - vec2<f32>(0.0, wide), 5) - land(p.xz + vec2<f32>(0.0, wide), 5);
  let flank = normalize(vec3<f32>(along, 2.0 * wide, away));

  let sun = way_of_hour(vec3<f32>(-0.85, 0.34, -0.30), vec3<f32>(-0.62, 0.66, -0.42), vec3<f32>(0.90, 0.26, -0.10), vec3<f32>(0.62, 0.62, -0.22));
  let sun_colour = of_hour(vec3<f32>(1.45, 0.92, 0.74), vec3<f32>(1.17, 1.11, 1.00), vec3<f32>(1.42, 0.72, 0.56), vec3<f32>(0.60, 0.70, 0.84));
  let ambient = of_hour(vec3<f32>(0.40, 0.46, 0.66), vec3<f32>(0.42, 0.57, 0.79), vec3<f32>(0.30, 0.27, 0.47), vec3<f32>(0.10, 0.15, 0.26));
  // Mountains cast shadows on other mountains.
  var lit = 1.0;
  var t = 0.05;
  for (var i = 0; i < 26; i += 1) {
    let q = p + sun * t;
    let gap = q.y - land(q.xz, 5);
    lit = min(lit, 0.5 + 9.0 * gap / t);
    t += clamp(gap * 0.7, 0.04, 0.4);
    if lit < 0.0 || q.y > 2.9 { break; }
  }
  lit = smoothstep(0.0, 1.0, lit);
  // At dawn and dusk, only the heights are in the sun.
  let reach = dot(h, vec4<f32>(0.75, 0.0, 0.85, 0.0));
  lit *= smoothstep(reach - 0.35, reach + 0.55, p.y);

  let grain = noise(p.xz * 26.0) + 0.5 * noise(p.xz * 61.0);
  let snow_line = 0.66 + 0.20 * noise(p.xz * 2.3) + 0.10 * grain;
  let snow = smoothstep(snow_line - 0.22, snow_line + 0.30, p.y) * smoothstep(0.44, 0.64, n.y + 0.10 * smoothstep(1.0, 2.2, p.y) + 0.05 * grain);
  let woods = smoothstep(0.62, 0.40, p.y + 0.10 * grain) * smoothstep(0.45, 0.62, flank.y);
  let rock = mix(vec3<f32>(0.17, 0.165, 0.175), vec3<f32>(0.30, 0.285, 0.275), 0.5 + 0.7 * grain);
  var albedo = mix(rock, mix(vec3<f32>(0.050, 0.078, 0.074), vec3<f32>(0.052, 0.105, 0.050), h.y) * (1.0 + 0.5 * grain), woods);
  albedo = mix(albedo, vec3<f32>(0.90, 0.92, 0.95), snow);
  let facing = max(dot(n, sun), 0.0);
  let open = clamp(0.45 + 0.55 * flank.y + 0.2 * (n.y - flank.y), 0.0, 1.0);
  var c = albedo * (sun_colour * (facing * lit * 1.15) + ambient * open + sun_colour * 0.05 * max(dot(flank, normalize(vec3<f32>(-sun.x, 0.2, -sun.z))), 0.0));
  // The haze in front of the mountains is thicker far away and low down.
  let far = z * length(ray);
  let haze = of_hour(vec3<f32>(0.71, 0.66, 0.77), vec3<f32>(0.66, 0.78, 0.86), vec3<f32>(0.56, 0.42, 0.57), vec3<f32>(0.125, 0.195, 0.315));
  let thick = 1.0 - exp2(-(far - 2.5) * (0.042 + 0.12 * exp2(-p.y * 3.0)));
  let tint = mix(haze, air, 0.40 * smoothstep(0.4, 1.8, p.y));
  c = mix(c, tint, clamp(thick * dot(h, vec4<f32>(0.80, 0.56, 0.80, 0.62)), 0.0, 1.0));
  return vec4<f32>(mix(c, air, miss), clamp(far / 18.0, 0.0, 0.9));
}

// ---- firs

// Returns the coverage of a pixel by one row of firs, whose feet are at the height `foot`.
fn firs(at: vec2<f32>, foot: f32, tall: f32, cell: f32, seed: i32, blur: f32) -> f32 {
  var cover = 0.0;
  let here = floor(at.x / cell);
  for (var j = -2; j <= 2; j += 1) {
    let k = here + f32(j);
    let r = hash(vec2<i32>(i32(k), seed));
    let height = tall * (0.45 + 0.55 * r.x) * (0.75 + 0.5 * noise(vec2<f32>(k * 0.21, f32(seed))));
    let x = (at.x - (k + 0.2 + 0.6 * r.y) * cell);
    let up = (at.y - foot) / height;
    if up < 1.06 {
      let t = clamp(1.0 - up, 0.0, 1.2);
      let tier = fract(up * (9.0 + 4.0 * r.z) + 0.35 * sin(x / height * 30.0));
      let ragged = 0.72 + 0.34 * (1.0 - tier) + 0.25 * noise(vec2<f32>(x / height * 18.0 + k, up * 26.0));
      let half = height * 0.19 * (0.16 + t) * t * ragged / (0.35 + 0.65 * t) + 0.0008 * step(up, 1.0);
      cover = max(cover, smoothstep(blur, -blur, abs(x) - half) * step(up, 1.03));
    }
  }
  return cover;
}

// Returns the coverage of a pixel by the cabin, by its roof, and by its lit window.
fn cabin(at: vec2<f32>) -> vec3<f32> {
  let pixel = 1.0 / scene.size.y;
  let p = at - vec2<f32>(CABIN.x * narrow(), CABIN.y);
  let half = vec2<f32>(0.0190, 0.0080);
  let wall = smoothstep(pixel, -pixel, max(abs(p.x) - half.x, abs(p.y - half.y) - half.y));
  let rise = p.y - 2.0 * half.y + 0.0012;
  let roof = smoothstep(pixel, -pixel, max(abs(p.x) - 0.0232 + 0.60 * rise, max(rise - 0.0125, -rise)));
  let stack = smoothstep(pixel, -pixel, max(abs(p.x - 0.0085) - 0.0019, abs(p.y - 0.0275) - 0.0050));
  let pane = abs(p - vec2<f32>(-0.0085, 0.0084)) - vec2<f32>(0.0040, 0.0034);
  let door = abs(p - vec2<f32>(0.0085, 0.0058)) - vec2<f32>(0.0019, 0.0058);
  let window = max(smoothstep(pixel, -pixel, max(pane.x, pane.y)), 0.45 * smoothstep(pixel, -pixel, max(door.x, door.y)));
  return vec3<f32>(max(max(wall, roof), stack), max(roof, stack) * (1.0 - wall), window);
}

@fragment
fn bake_0(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  var at = place_of(position.xy);
  // A strip below the shore mirrors what is above it. Filtering a small picture then does not darken the waterline.
  if at.y < -0.08 { return vec4<f32>(0.0); }
  at.y = abs(at.y);
  let h = hour_weights();
  let s = sky_of_hour();
  let air = clear_sky(s, at);
  var c = air;
  var far = 1.0;
  let m = mountains(s, at, air + stars(at));
  c = m.rgb;
  far = m.a;
  // Three rows of woods stand along the far shore, with mist between them.
  let woods = of_hour(vec3<f32>(0.20, 0.24, 0.33), vec3<f32>(0.15, 0.24, 0.235), vec3<f32>(0.15, 0.13, 0.23), vec3<f32>(0.034, 0.056, 0.098));
  let mist = of_hour(vec3<f32>(0.78, 0.70, 0.78), vec3<f32>(0.70, 0.81, 0.86), vec3<f32>(0.62, 0.45, 0.57), vec3<f32>(0.130, 0.205, 0.320));
  for (var i = 0; i < 3; i += 1) {
    let k = f32(i);
    let hump = 0.030 - 0.014 * k + 0.026 * noise(vec2<f32>(at.x * 2.2 + k * 7.0, k)) + (0.040 - 0.012 * k) * smoothstep(0.10, 0.75, abs(at.x - 0.14 + 0.05 * k));
    let foot = max(hump, 0.0);
    let cover = max(firs(at, foot, 0.027 + 0.003 * k, 0.0062, 11 + i, pixel), smoothstep(pixel, -pixel, at.y - foot - 0.007));
    let deep = clamp((foot + 0.02 - at.y) / 0.045, 0.0, 1.0);
    let fog = (0.40 - 0.14 * k) + 0.30 * deep * deep * (1.0 - 0.25 * k);
    c = mix(c, mix(woods * (1.0 + 0.35 * noise(at * vec2<f32>(190.0, 120.0))), mist, clamp(fog, 0.0, 0.9)), cover);
    far = mix(far, 0.20 - 0.05 * k, cover);
  }
  // A low headland with a cabin is on the right.
  let point = of_hour(vec3<f32>(0.125, 0.150, 0.205), vec3<f32>(0.105, 0.175, 0.150), vec3<f32>(0.085, 0.078, 0.145), vec3<f32>(0.021, 0.036, 0.064));
  let along = at.x / narrow() - 0.27;
  let bank = 0.012 * smoothstep(0.0, 0.22, along) + 0.020 * smoothstep(0.25, 0.55, along) + 0.003 * noise(vec2<f32>(at.x * 22.0, 8.0)) - 0.0025 + 0.002 * smoothstep(0.0, 0.03, along);
  if along > -0.02 && at.y < 0.22 {
    let size = 0.050 + 0.080 * smoothstep(0.18, 0.50, along);
    var cover = smoothstep(pixel, -pixel, at.y - bank) * smoothstep(0.0, 0.02, along);
    if along > 0.035 {
      cover = max(cover, firs(at, bank - 0.004, size * smoothstep(0.02, 0.10, along), 0.0170, 41, pixel));
      cover = max(cover, firs(at, bank - 0.004, size * 0.70 * smoothstep(0.02, 0.10, along), 0.0115, 42, pixel));
    }
    let fog = 0.20 * smoothstep(0.06, 0.0, at.y);
    c = mix(c, mix(point * (1.0 + 0.6 * noise(at * vec2<f32>(150.0, 90.0))), mist, fog), cover);
    far = mix(far, 0.05, cover);
    let home = cabin(at);
    if home.x > 0.0 {
      let wall = of_hour(vec3<f32>(0.20, 0.18, 0.20), vec3<f32>(0.30, 0.25, 0.21), vec3<f32>(0.12, 0.09, 0.13), vec3<f32>(0.030, 0.038, 0.058));
      let roof = of_hour(vec3<f32>(0.38, 0.37, 0.46), vec3<f32>(0.36, 0.36, 0.37), vec3<f32>(0.20, 0.17, 0.27), vec3<f32>(0.060, 0.085, 0.135));
      c = mix(c, mix(wall, roof, home.y), home.x);
      c = mix(c, vec3<f32>(1.30, 0.56, 0.15) * dot(h, vec4<f32>(0.55, 0.05, 1.0, 1.0)) + wall * 0.5 * h.y, home.z);
      far = mix(far, 0.04, home.x);
    }
  }
  // The near headland is on the left.
  let near = of_hour(vec3<f32>(0.075, 0.095, 0.145), vec3<f32>(0.060, 0.115, 0.105), vec3<f32>(0.050, 0.046, 0.098), vec3<f32>(0.014, 0.024, 0.046));
  let side = -at.x / narrow() - 0.44;
  let ground = 0.045 * smoothstep(0.0, 0.40, side) + 0.007 * noise(vec2<f32>(at.x * 14.0, 3.0)) * smoothstep(0.0, 0.1, side) + 0.0022;
  let tall = 0.050 + 0.31 * smoothstep(0.06, 0.36, side);
  if side > -0.06 {
    var cover = smoothstep(pixel, -pixel, at.y - ground) * smoothstep(0.0, 0.01, side);
    if side > -0.01 {
      let grown = tall * smoothstep(0.0, 0.05, side);
      cover = max(cover, firs(at, ground - 0.004, grown, 0.043, 71, pixel));
      cover = max(cover, firs(at, ground - 0.006, grown * 0.72, 0.027, 75, pixel));
      cover = max(cover, firs(at, ground - 0.006, grown * 0.45, 0.017, 73, pixel));
    }
    c = mix(c, near * (1.0 + 0.8 * noise(at * vec2<f32>(120.0, 60.0)) + 1.2 * smoothstep(0.0, 0.3, at.y)), cover);
    far = mix(far, 0.02, cover);
  }
  return vec4<f32>(keep(c, position.xy), far);
}

@fragment
fn bake_1(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let at = place_of(position.xy);
  let bent = at + 0.10 * vec2<f32>(cloudy(at * 3.0 + 2.0, 4, 0.5), cloudy(at * 3.0 + 51.0, 4, 0.5));
  let one = 0.5 + 1.1 * cloudy(bent * vec2<f32>(2.4, 9.0) + 5.0, 5, 0.5);
  let two = 0.5 + 1.1 * cloudy(bent * vec2<f32>(3.6, 13.0) + 61.0, 5, 0.5);
  let far = 1.0 / (0.03 + abs(at.y));
  let lanes = smoothstep(0.02, 0.30, cloudy(vec2<f32>(at.x * far * 0.16, far * 0.55) + 5.0, 4, 0.5));
  let grain = (hash(vec2<i32>(position.xy)) + hash(vec2<i32>(position.xy) + vec2<i32>(31, 77)) - 1.0) / 255.0;
  return vec4<f32>(clamp(vec3<f32>(one, two, lanes) + grain.xyz, vec3<f32>(0.0), vec3<f32>(1.0)), 1.0);
}

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

// What is the same for every pixel is computed in the three vertices, and passed on without interpolation.
struct Moment {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) mist: vec4<f32>,    // colour of the mist; w: its height
  @location(1) @interpolate(flat) deep: vec4<f32>,    // colour of deep water; w: mip level
  @location(2) @interpolate(flat) dull: vec4<f32>,    // colour of ruffled water; w: visibility of the lanes
  @location(3) @interpolate(flat) drift: vec4<f32>,   // drift of the two sheets of mist
  @location(4) @interpolate(flat) turn: vec4<f32>,    // phases of three ripples
  @location(5) @interpolate(flat) grade: vec4<f32>,   // gains for the warmth; w: dimming toward night
  @location(6) @interpolate(flat) frame: vec4<f32>,   // aspect ratio, height of a pixel, density of the mist; w: breath
  @location(7) @interpolate(flat) lamp: vec4<f32>,    // light of the cabin's window; w: length of its path on the water
};

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Moment {
  var out: Moment;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  let h = hour_weights();
  let s = sky_of_hour();
  let mood = clamp(scene.mood, 0.0, 1.0);
  let breath = clamp(scene.breath, 0.0, 1.0);
  let white = of_hour(vec3<f32>(0.95, 0.81, 0.82), vec3<f32>(0.88, 0.93, 0.95), vec3<f32>(0.82, 0.57, 0.62), vec3<f32>(0.22, 0.32, 0.45));
  out.mist = vec4<f32>(white, dot(h, vec4<f32>(0.040, 0.034, 0.034, 0.030)) + dot(h, vec4<f32>(0.022, 0.028, 0.044, 0.060)) * breath + 0.05 * mood);
  out.deep = vec4<f32>(of_hour(vec3<f32>(0.22, 0.31, 0.42), vec3<f32>(0.10, 0.36, 0.42), vec3<f32>(0.085, 0.10, 0.20), vec3<f32>(0.020, 0.042, 0.080)), max(-log2(max(scene.scale_hint, 0.05)), 0.0));
  out.dull = vec4<f32>(mix(s.middle, s.low, 0.5), 0.13 + 0.04 * sway(43.0, 0.0));
  out.drift = vec4<f32>(0.050 * sway(11.0, 0.0), 0.004 * sway(17.0, 1.0), -0.060 * sway(7.0, 1.3), 0.005 * sway(13.0, 2.0));
  out.turn = TAU * fract(scene.time_s * vec4<f32>(210.0, 331.0, 147.0, 500.0) / 3600.0);
  out.grade = vec4<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth, night_veil(scene.light));
  out.lamp = vec4<f32>(vec3<f32>(1.18, 0.53, 0.16) * (dot(h, vec4<f32>(0.28, 0.0, 0.85, 1.0)) * (0.55 + 0.75 * breath)), 0.055 + 0.085 * breath);
  out.frame = vec4<f32>(scene.size.x / scene.size.y, 1.0 / scene.size.y, dot(h, vec4<f32>(0.92, 0.58, 0.75, 0.70)) * (dot(h, vec4<f32>(0.80, 0.76, 0.68, 0.62)) + dot(h, vec4<f32>(0.20, 0.24, 0.32, 0.38)) * breath), breath);
  return out;
}

@fragment
fn fragment_main(now: Moment) -> @location(0) vec4<f32> {
  let pixel = now.frame.y;
  let aspect = now.frame.x;
  let at = place_of(now.position.xy);
  let detail = now.deep.w;
  let is_lake = at.y < 0.0;
  let down = max(-at.y, 0.0);
  let far = 1.0 / (down + 0.030);
  let spread = pixel * far * far;
  var ripple = 0.0;
  if is_lake {
    let a = sin(far * 4.1 + 5.0 * at.x + now.turn.x) * exp2(-spread * spread * 4.0);
    let b = sin(far * 7.3 - 9.0 * at.x + now.turn.y + 1.5 * a) * exp2(-spread * spread * 12.0);
    let c = sin(far * 2.3 + 2.6 * at.x * far - now.turn.z) * exp2(-spread * spread * 2.0);
    ripple = (0.5 * a + 0.35 * b + 0.4 * c) * scene.movement;
  }
  let far_down = max(down - 0.28, 0.0);
  let up = select(at.y, max(down / MIRROR - 1.65 * far_down * far_down + ripple * (0.002 + 0.050 * down - 0.20 * far_down * far_down), 0.0), is_lake);
  let side = at.x + select(0.0, ripple * 0.006 * down, is_lake);
  let uv = vec2<f32>(side / aspect + 0.5, SHORE - up);
  let blur = select(0.0, 0.8 + 4.0 * down, is_lake);
  let still = textureSampleLevel(layers, soft, uv, 0, detail + blur * 0.5);
  var colour = still.rgb * still.rgb * PEAK;

  // Mist lies on the water along the far shore, and rises with each in-breath.
  let sheet = floor(detail + 0.4) + select(0.0, 1.0, is_lake);
  let one = textureSampleLevel(layers, soft, (vec2<f32>(uv.x, SHORE - abs(at.y)) - 0.5) * vec2<f32>(0.86, 1.0) + 0.5 + now.drift.xy, 1, sheet);
  let two = textureSampleLevel(layers, soft, (vec2<f32>(uv.x, SHORE - abs(at.y)) - 0.5) * vec2<f32>(0.82, 1.0) + 0.5 + now.drift.zw, 1, sheet);
  let body = 0.40 + 1.2 * (one.r * two.g);
  let lift = abs(at.y) * select(1.0, 1.9, is_lake) / (now.mist.w * (0.5 + body));
  let bank = exp2(-lift * lift * 1.1) * (0.45 + 0.75 * body);
  let before = max(smoothstep(0.03, 0.12, still.a), 0.12);
  colour = mix(colour, now.mist.rgb * (1.0 + 0.06 * now.frame.w), clamp(bank * now.frame.z * before, 0.0, 0.94));

  // Water absorbs some light, and more of it where the view is steeper. Lanes of moving air make it dull.
  if is_lake {
    colour = mix(colour, now.deep.rgb, 0.10 + 1.05 * down);
    colour = mix(colour, now.dull.rgb, one.b * now.dull.w * smoothstep(0.30, 0.02, down));
  }

  // The cabin's window has a halo in the mist, and a path of light on the water that grows towards the viewer with each
  // in-breath.
  let off = vec2<f32>(side - (CABIN.x * narrow() - 0.008), abs(at.y) - CABIN.y - 0.008);
  let halo = 0.16 / (1.0 + dot(off, off) * 900.0) + 0.30 / (1.0 + dot(off, off) * 9000.0);
  let broken = 0.5 + 0.5 * ripple;
  let path = exp2(-off.x * off.x * 15000.0 / (1.0 + 26.0 * down)) * exp2(-pow(down / now.lamp.w, 2.0)) * smoothstep(0.0, 0.02, down) * (0.45 + 0.75 * broken);
  colour += now.lamp.rgb * select(halo, 0.6 * halo + 0.55 * path, is_lake);

  // A slight vignette draws the eye to the middle of the picture.
  let corner = vec2<f32>(at.x / aspect, SHORE - at.y - 0.5);
  colour *= 1.0 - 0.42 * dot(corner, corner);
  colour *= now.grade.rgb;
  let grey = dot(colour, vec3<f32>(0.2126, 0.7152, 0.0722));
  colour = max(mix(vec3<f32>(grey), colour, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular noise of one step, which hides bands. The noise depends only on the pixel, so
  // it does not move.
  let r = hash(vec2<i32>(now.position.xy));
  return vec4<f32>(toward_night(encode(film(colour)), now.grade.w) + (r.x + r.y - 1.0) / 255.0, 1.0);
}
