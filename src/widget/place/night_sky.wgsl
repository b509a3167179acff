// layers: 3
// Owns the picture of the night sky: a wide calm sky over low hills and a still lake, seen from a grassy bank. Does not
// own the clock, the breath, the light through the session, or the enlargement of a small target to the screen.
//
// Layer 0 is the sky with the milky way, the moon and the hills; a: how much of the pixel is sky. Below the shore, it
// is the near bank; a: how much of the pixel is bank. Layer 1 is the stars. Layer 2 is r and g: two sheets of thin
// cloud, b: rays of the aurora, a: lanes that moving air draws on the lake. Colours in layers are stored as square
// roots of light.
//
// Units: lengths that are marked `screen` are fractions of the picture's height. Every motion is a sine with a whole
// number of turns per 3600 s, so it does not jump when the clock wraps.

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
  mood: f32,            // weather: 0 clear .. 1 veils of cloud, at night the aurora
  scale_hint: f32,      // width of the target relative to that of the window, 0 .. 1
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var soft: sampler;

const TAU: f32 = 6.2831853;
const SHORE: f32 = 0.615;          // fraction of the picture's height, from the top
const STAR_PEAK: f32 = 1.3;       // brightest light that a layer can store

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

fn of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let h = hour_weights();
  return pow(dawn * h.x + day * h.y + dusk * h.z + night * h.w, vec3<f32>(2.2));
}

fn hour_weights() -> vec4<f32> {
  return max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
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

// Returns layered noise with sharp dark threads, 0..1, which look like dust against light.
fn thready(start: vec2<f32>, octaves: i32) -> f32 {
  var p = start;
  var size = 0.5;
  var sum = 0.0;
  for (var o = 0; o < octaves; o += 1) {
    sum += size * (1.0 - abs(noise(p)) * 2.6);
    p = vec2<f32>(0.80 * p.x - 0.60 * p.y, 0.60 * p.x + 0.80 * p.y) * 2.07 + vec2<f32>(7.7, 19.3);
    size *= 0.52;
  }
  return sum;
}

// Returns the position of a pixel (screen): x from the middle, and height over the shore.
fn place_of(p: vec2<f32>) -> vec2<f32> {
  return vec2<f32>((p.x - 0.5 * scene.size.x) / scene.size.y, SHORE - p.y / scene.size.y);
}

// Returns the window's aspect ratio relative to the one for which the picture was composed, at most 1.
fn narrow() -> f32 {
  return min(1.0, scene.size.x / (scene.size.y * 1.6));
}

fn keep(light: vec3<f32>, p: vec2<f32>) -> vec3<f32> {
  let grain = hash(vec2<i32>(p)).xyz + hash(vec2<i32>(p) + vec2<i32>(5171, 911)).xyz - 1.0;
  return sqrt(clamp(light / STAR_PEAK, vec3<f32>(0.0), vec3<f32>(1.0))) + grain / 255.0;
}

// Returns the position along (x) and across (y) the milky way, and the strengths of its band (z) and of its central
// bulge (w), 0..1.
fn galaxy(at: vec2<f32>) -> vec4<f32> {
  let x = -at.x / narrow();
  let apart = vec2<f32>(x + 0.36, at.y - 0.02);
  let way = vec2<f32>(0.646, 0.763);
  let along = dot(apart, way);
  let bend = 0.055 * sin(along * 3.1 + 0.4) + 0.10 * cloudy(at * 2.3 + 4.0, 3, 0.5);
  let across = dot(apart, vec2<f32>(way.y, -way.x)) + bend;
  let bulge = exp2(-along * along * 9.0);
  let wide = 0.115 + 0.11 * bulge;
  let body = exp2(-across * across / (wide * wide) * 1.2);
  return vec4<f32>(along, across, body, bulge);
}

// Returns the light of the milky way, as far as its dust lets it through.
fn milky_way(at: vec2<f32>) -> vec3<f32> {
  let g = galaxy(at);
  let warp = vec2<f32>(cloudy(g.xy * 5.0 + 3.1, 4, 0.5), cloudy(g.xy * 5.0 + 40.7, 4, 0.5));
  let q = g.xy * vec2<f32>(3.4, 5.6) + warp * 1.1;
  let billow = 0.5 + cloudy(q * 1.5 + 11.0, 6, 0.56);
  let threads = thready(q * 1.15 + 70.0, 5);
  // The dark rift runs along the middle and frays to both sides.
  let rift = exp2(-pow((g.y - 0.018 + 0.045 * warp.x) / (0.040 + 0.030 * g.w), 2.0));
  let dust = clamp(smoothstep(0.36, 1.02, threads) * (0.22 + 0.80 * rift) + 0.42 * rift * smoothstep(0.1, 0.8, billow), 0.0, 0.82);
  let grain = 0.72 + 0.85 * max(cloudy(at * 95.0, 3, 0.7) + 0.12, 0.0);
  let core = g.z * g.z * (0.30 + 0.70 * g.w) * (0.35 + 1.15 * billow);
  let outer = exp2(-g.y * g.y * 26.0) * (0.30 + 0.5 * billow);
  var light = vec3<f32>(0.98, 0.80, 0.62) * core * 0.20 + vec3<f32>(0.46, 0.60, 0.88) * outer * 0.034;
  light += vec3<f32>(0.80, 0.42, 0.52) * (g.z * 0.020 * smoothstep(0.16, 0.42, cloudy(q * 0.9 + 31.0, 4, 0.5)));
  let tint = mix(vec3<f32>(1.0), vec3<f32>(1.0, 0.80, 0.62), dust);
  return light * tint * ((1.0 - dust) * grain) * smoothstep(-0.02, 0.20, at.y);
}

fn clear_sky(at: vec2<f32>) -> vec3<f32> {
  let zenith = of_hour(vec3<f32>(0.075, 0.125, 0.285), vec3<f32>(0.060, 0.110, 0.235), vec3<f32>(0.055, 0.070, 0.190), vec3<f32>(0.040, 0.060, 0.130));
  let high = of_hour(vec3<f32>(0.150, 0.240, 0.440), vec3<f32>(0.105, 0.180, 0.340), vec3<f32>(0.115, 0.125, 0.300), vec3<f32>(0.062, 0.098, 0.190));
  let low = of_hour(vec3<f32>(0.45, 0.43, 0.60), vec3<f32>(0.195, 0.300, 0.455), vec3<f32>(0.40, 0.26, 0.42), vec3<f32>(0.110, 0.168, 0.262));
  let rim = of_hour(vec3<f32>(0.98, 0.72, 0.60), vec3<f32>(0.300, 0.420, 0.550), vec3<f32>(0.93, 0.55, 0.39), vec3<f32>(0.185, 0.255, 0.330));
  let glow = of_hour(vec3<f32>(1.05, 0.86, 0.64), vec3<f32>(0.52, 0.60, 0.68), vec3<f32>(1.06, 0.76, 0.44), vec3<f32>(0.27, 0.335, 0.37));
  let h = hour_weights();
  let up = max(at.y, 0.0);
  var colour = mix(high, zenith, smoothstep(0.22, 0.80, up));
  colour = mix(low, colour, smoothstep(0.02, 0.36, up));
  colour = mix(colour, rim, exp2(-up * 11.0));
  let apart = vec2<f32>((at.x - dot(h, vec4<f32>(0.20, 0.30, 0.24, 0.22)) * narrow()) * 1.25, up * 3.0);
  let near = 1.0 / (1.0 + 5.0 * dot(apart, apart));
  return mix(colour, glow, 0.78 * near * near * exp2(-up * 3.0));
}

// Returns the moon's position (xy) and visibility (z), and the weight of the day (w).
fn moon_at() -> vec4<f32> {
  let h = hour_weights();
  let at = vec2<f32>(0.34 * narrow(), dot(h, vec4<f32>(0.345, 0.375, 0.36, 0.40)));
  return vec4<f32>(at, h.y + 0.85 * h.x, h.y);
}

fn ridge(x: f32, which: f32, rough: f32) -> f32 {
  let p = vec2<f32>(x, which * 7.7);
  return noise(p * vec2<f32>(1.7, 1.0) + 3.0) + 0.42 * noise(p * vec2<f32>(4.1, 1.0) + 9.0) + 0.16 * noise(p * vec2<f32>(11.0, 1.0)) + rough * (0.5 * noise(p * vec2<f32>(38.0, 1.0)) + 0.4 * noise(p * vec2<f32>(97.0, 1.0)) + 0.3 * noise(p * vec2<f32>(211.0, 1.0)));
}

@fragment
fn bake_0(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  let at = place_of(position.xy);
  let h = hour_weights();
  let air = clear_sky(at);
  var colour = air + milky_way(at) * (h.w + 0.30 * h.z * smoothstep(0.10, 0.45, at.y) + 0.16 * h.x * smoothstep(0.20, 0.50, at.y) + 0.10 * h.y * smoothstep(0.10, 0.40, at.y));

  let moon = moon_at();
  let off = at - moon.xy;
  let away = length(off);
  let radius = 0.030;
  let disc = 1.0 - smoothstep(radius - pixel, radius + pixel, away);
  // The lit side is round, the edge of the shadow is a soft ellipse, and the dark side shows the sky.
  let turned = vec2<f32>(dot(off, vec2<f32>(0.90, -0.43)), dot(off, vec2<f32>(0.43, 0.90))) / radius;
  let limb = mix(0.62, -0.78, moon.w) * sqrt(max(1.0 - turned.y * turned.y, 0.0));
  let lit = smoothstep(-0.12, 0.20, turned.x - limb);
  let maria = 0.86 + 0.30 * cloudy(off * 70.0 + 5.0, 4, 0.55);
  let moonlight = mix(vec3<f32>(1.0, 0.93, 0.84), vec3<f32>(0.95, 0.955, 0.95), moon.w);
  colour = mix(colour, mix(colour, moonlight * maria, mix(0.92, 0.80, moon.w)), disc * lit * moon.z);
  colour += moonlight * (0.05 * moon.z * exp2(-away * 26.0));

  // Hills are drawn from far to near, each behind less haze.
  let haze = of_hour(vec3<f32>(0.72, 0.57, 0.62), vec3<f32>(0.235, 0.335, 0.470), vec3<f32>(0.60, 0.38, 0.42), vec3<f32>(0.120, 0.178, 0.262));
  let land = of_hour(vec3<f32>(0.120, 0.135, 0.225), vec3<f32>(0.075, 0.115, 0.180), vec3<f32>(0.085, 0.085, 0.155), vec3<f32>(0.045, 0.068, 0.112));
  var sky_part = 1.0;
  for (var i = 0; i < 4; i += 1) {
    let d = f32(i);
    let x = at.x + d * 3.17;
    let valley = 1.0 - 0.55 * exp2(-pow((at.x / narrow() - 0.12 + 0.10 * d) * 2.2, 2.0));
    let top = (0.098 - 0.024 * d) * valley + (0.060 - 0.006 * d) * ridge(x * (0.8 + 0.35 * d), d, 0.02 + 0.045 * d * d * 0.35) * valley + 0.004;
    let blur = pixel * 0.8 + 0.0006;
    let cover = smoothstep(-blur, blur, top - at.y);
    let near = vec4<f32>(0.20, 0.42, 0.66, 0.92)[i];
    let inside = clamp((top - at.y) / max(top, 0.01), 0.0, 1.0);
    var face = mix(haze, land, near);
    face *= 1.0 + 0.10 * noise(vec2<f32>(at.x * 60.0, at.y * 160.0) + d * 9.0) * d;
    // Mist gathers in the valleys.
    face = mix(face, mix(haze, air, 0.35), (0.62 - 0.16 * d) * inside * inside * (0.75 + 0.8 * noise(vec2<f32>(at.x * 3.0 + d * 5.0, d))));
    colour = mix(colour, face, cover);
    sky_part *= 1.0 - cover;
  }
  // Thin mist lies along the far shore.
  let mist = dot(h, vec4<f32>(0.62, 0.34, 0.36, 0.26)) * exp2(-max(at.y, 0.0) * 150.0) * (0.75 + 0.9 * cloudy(vec2<f32>(at.x * 2.6, at.y * 9.0) + 21.0, 4, 0.5));
  colour = mix(colour, mix(haze, air, 0.4), clamp(mist, 0.0, 0.85));

  // The near bank is low ground, with grass in front of the water.
  var bank = 0.0;
  var shade = 0.0;
  let down = -at.y;
  let ground = 0.340 + 0.016 * sin(at.x * 1.7 + 0.9) + 0.010 * noise(vec2<f32>(at.x * 5.0, 2.0)) - 0.022 * smoothstep(0.25, 0.85, abs(at.x + 0.05));
  for (var tier = 0; tier < select(0, 3, down > 0.22); tier += 1) {
    let t = f32(tier);
    let cell_width = 0.0052 + 0.0011 * t;
    let here = floor(at.x / cell_width);
    let foot_y = ground + 0.012 * t;
    for (var j = -5; j <= 5; j += 1) {
      let cell = here + f32(j);
      let r = hash(vec2<i32>(i32(cell), 77 + tier * 31));
      let clump = 0.30 + 1.1 * smoothstep(-0.12, 0.30, noise(vec2<f32>(cell * cell_width * 5.5, 3.0 + t * 5.0)));
      let tall = (0.010 + 0.046 * r.x * r.x) * clump;
      let rise = (foot_y - down) / tall;
      let lean = (r.y - 0.46) * 0.80 * tall;
      let blade_x = (cell + r.z) * cell_width + lean * rise * rise;
      let width = (0.00115 + 0.0005 * t) * (1.0 - clamp(rise, 0.0, 1.0)) + 0.00010;
      let cover = smoothstep(width + pixel * 0.7, width - pixel * 0.7, abs(at.x - blade_x)) * step(-0.4, rise) * (1.0 - smoothstep(0.80, 1.0, rise));
      bank = max(bank, cover);
    }
    let solid = smoothstep(-0.002 - pixel, 0.002 + pixel, down - foot_y);
    bank = max(bank, solid);
    shade = mix(shade, 0.35 + 0.28 * t, solid);
  }
  let soil = of_hour(vec3<f32>(0.085, 0.090, 0.135), vec3<f32>(0.058, 0.080, 0.115), vec3<f32>(0.095, 0.085, 0.125), vec3<f32>(0.050, 0.066, 0.092));
  let tip = of_hour(vec3<f32>(0.130, 0.130, 0.180), vec3<f32>(0.095, 0.130, 0.175), vec3<f32>(0.13, 0.105, 0.14), vec3<f32>(0.078, 0.104, 0.138));
  let tufts = 0.85 + 0.7 * cloudy(vec2<f32>(at.x * 50.0, at.y * 22.0), 4, 0.6);
  let bank_colour = mix(tip, soil, clamp(0.3 + (down - ground) * 16.0, 0.0, 1.0)) * mix(1.0, tufts, clamp((down - ground) * 60.0, 0.0, 1.0) * 0.6);
  let lower = at.y < -0.22;
  colour = select(colour, bank_colour, lower);
  return vec4<f32>(keep(colour, position.xy), select(sky_part, bank, lower));
}

// Returns the light of stars on a grid with this number of `cells` to the height of the screen. Each cell has a star
// with the probability `chance`; the four nearest cells count.
fn stars(at: vec2<f32>, cells: f32, chance: f32, strength: f32, seed: i32, pixel: f32) -> vec3<f32> {
  let grid = at * cells;
  let corner = floor(grid - 0.5);
  var sum = vec3<f32>(0.0);
  for (var i = 0; i < 4; i += 1) {
    let c = corner + vec2<f32>(f32(i & 1), f32(i >> 1));
    let r = hash(vec2<i32>(c) + vec2<i32>(seed, seed * 3));
    let s = hash(vec2<i32>(c) + vec2<i32>(seed * 7 + 11, seed));
    let off = (grid - c - 0.1 - 0.8 * r.xy) / cells;
    let size = s.x * s.x * s.x;
    // A star that is smaller than a pixel is spread over a pixel, and dimmed in proportion.
    let radius = 0.00085 + 0.00062 * size;
    let drawn = max(radius, 0.85 * pixel);
    let d = dot(off, off) / (drawn * drawn);
    let peak = (0.05 + 0.95 * size * s.x) * strength * (radius * radius) / (drawn * drawn);
    let heat = s.y * 2.0 - 1.0;
    let hue = mix(mix(vec3<f32>(0.96, 0.96, 1.0), vec3<f32>(0.68, 0.79, 1.0), clamp(heat * 1.3, 0.0, 1.0)), vec3<f32>(1.0, 0.80, 0.58), clamp(-heat * 1.5 - 0.5, 0.0, 1.0));
    let shape = exp2(-d * 1.1) + 0.05 * size / (1.0 + dot(off, off) * 1.2e5) * smoothstep(0.011, 0.002, length(off)) ;
    sum += hue * (shape * peak * step(r.z, chance));
  }
  return sum;
}

@fragment
fn bake_1(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  let at = place_of(position.xy);
  let h = hour_weights();
  let shown = h.w + 0.85 * h.z * smoothstep(0.05, 0.36, at.y) + 0.80 * h.x * smoothstep(0.08, 0.42, at.y) + 0.62 * h.y * smoothstep(0.02, 0.30, at.y);
  let g = galaxy(at);
  let band = g.z * (h.w + 0.4 * h.z + 0.25 * h.x);
  var light = stars(at, 9.0, 0.62, 1.25, 401, pixel) * (0.70 + 0.30 * h.w);
  light += stars(at, 21.0, 0.42, 0.46, 733, pixel) * (0.70 + 0.30 * h.w);
  light += stars(at, 62.0, 0.26 + 0.34 * band, 0.16 + 0.06 * band, 911, pixel) * (h.w + 0.7 * h.z + 0.55 * h.x + 0.45 * h.y);
  light += stars(at, 130.0, 0.20 + 0.55 * band, 0.085 + 0.05 * band, 1201, pixel) * (h.w + 0.4 * h.z + 0.25 * h.x);
  // The evening star is visible at dusk, and the morning star at dawn.
  let planet = at - vec2<f32>(select(0.30, 0.46, h.x > 0.5) * narrow(), select(0.205, 0.165, h.x > 0.5));
  let d2 = dot(planet, planet);
  light += vec3<f32>(1.0, 0.95, 0.86) * ((1.2 * exp2(-d2 / max(3.2e-6, pixel * pixel)) + 0.05 / (1.0 + d2 * 6.0e4) * smoothstep(0.05, 0.0, sqrt(d2))) * (h.z + 0.6 * h.x)) / max(shown, 0.05);
  // Air near the ground absorbs starlight.
  light *= smoothstep(0.015, 0.22, at.y);
  return vec4<f32>(keep(light * shown, position.xy), 1.0);
}

@fragment
fn bake_2(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let at = place_of(position.xy);
  // Cloud sheets lie flat overhead, so clouds look smaller and denser towards the horizon.
  let dome = 1.0 / (max(at.y, 0.0) + 0.20);
  let p = vec2<f32>(at.x * dome * 0.75, dome * 1.5);
  let bent = p + 0.5 * vec2<f32>(cloudy(p * 1.1 + 2.0, 4, 0.5), cloudy(p * 1.1 + 51.0, 4, 0.5));
  let comb = vec2<f32>(0.94 * bent.x + 0.34 * bent.y, -0.34 * bent.x + 0.94 * bent.y);
  let first = 0.5 + cloudy(comb * vec2<f32>(0.9, 2.6) + 8.0, 7, 0.55);
  let second = 0.5 + cloudy(bent * vec2<f32>(0.7, 1.5) + 63.0, 6, 0.52);
  let x = at.x + 0.03 * noise(vec2<f32>(at.y * 2.0, 3.0));
  let rays = 0.5 + 0.75 * (noise(vec2<f32>(x * 9.0, at.y * 0.7)) + 0.55 * noise(vec2<f32>(x * 23.0, at.y * 0.9)) + 0.32 * noise(vec2<f32>(x * 57.0, at.y * 1.2)));
  // Lanes of moving air on the lake are seen at a shallow angle.
  let far = 1.0 / max(0.03 - at.y, 0.012);
  let lanes = smoothstep(0.05, 0.30, cloudy(vec2<f32>(at.x * far * 0.16, far * 0.55) + 5.0, 4, 0.5));
  let grain = (hash(vec2<i32>(position.xy)) + hash(vec2<i32>(position.xy) + vec2<i32>(31, 77)) - 1.0) / 255.0;
  return clamp(vec4<f32>(first, second, rays, lanes) + grain, vec4<f32>(0.0), vec4<f32>(1.0));
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
  @location(0) @interpolate(flat) cloud_low: vec4<f32>,   // w: horizontal drift of the cloud sheets
  @location(1) @interpolate(flat) cloud_high: vec4<f32>,  // w: vertical drift of the cloud sheets
  @location(2) @interpolate(flat) deep: vec4<f32>,        // colour of deep water; w: mip level
  @location(3) @interpolate(flat) dull: vec4<f32>,        // colour of ruffled water; w: visibility of the lanes
  @location(4) @interpolate(flat) grade: vec4<f32>,       // gains for the warmth; w: strength of the aurora
  @location(5) @interpolate(flat) turn: vec4<f32>,        // phases of three ripples and of the twinkle
  @location(6) @interpolate(flat) fold: vec4<f32>,        // phases of the aurora's two curtains
  @location(7) @interpolate(flat) cover: vec4<f32>,       // noise at which cloud begins, and is full; opacity; w: gain near the horizon
  @location(9) @interpolate(flat) path: vec4<f32>,        // colour of the path of light on the lake; w: its x (screen)
  @location(8) @interpolate(flat) frame: vec4<f32>,       // aspect ratio, height of a pixel, dimming toward night; w: rise of the curtains
};

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Moment {
  var out: Moment;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  let h = hour_weights();
  let mood = clamp(scene.mood, 0.0, 1.0);
  let breath = clamp(scene.breath, 0.0, 1.0);
  out.cloud_low = vec4<f32>(of_hour(vec3<f32>(1.00, 0.68, 0.60), vec3<f32>(0.34, 0.45, 0.58), vec3<f32>(0.98, 0.56, 0.44), vec3<f32>(0.155, 0.215, 0.290)), 0.060 * sway(7.0, 0.4));
  out.cloud_high = vec4<f32>(of_hour(vec3<f32>(0.36, 0.38, 0.54), vec3<f32>(0.19, 0.28, 0.41), vec3<f32>(0.30, 0.23, 0.38), vec3<f32>(0.098, 0.142, 0.218)), 0.004 * sway(11.0, 1.0));
  out.deep = vec4<f32>(of_hour(vec3<f32>(0.10, 0.15, 0.27), vec3<f32>(0.040, 0.080, 0.145), vec3<f32>(0.09, 0.10, 0.19), vec3<f32>(0.022, 0.040, 0.070)), max(-log2(max(scene.scale_hint, 0.05)), 0.0));
  out.dull = vec4<f32>(of_hour(vec3<f32>(0.44, 0.42, 0.54), vec3<f32>(0.18, 0.28, 0.42), vec3<f32>(0.34, 0.26, 0.36), vec3<f32>(0.062, 0.098, 0.155)), 0.22 + 0.06 * sway(43.0, 0.0));
  let veils = (0.04 + 0.96 * smoothstep(0.25, 1.0, mood)) * (0.21 + 0.10 * breath) * h.w;
  out.grade = vec4<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth, veils);
  out.turn = TAU * fract(scene.time_s * vec4<f32>(210.0, 331.0, 147.0, 500.0) / 3600.0);
  out.fold = vec4<f32>(0.9 * sway(19.0, 0.0), 1.3 * sway(29.0, 2.0), 2.4 + 0.8 * sway(23.0, 1.0), 1.1 * sway(37.0, 0.5));
  out.cover = vec4<f32>(0.62 - 0.40 * mood, 1.06 - 0.22 * mood, (0.35 + 0.50 * mood) * (0.86 + 0.14 * breath), dot(h, vec4<f32>(0.06, 0.025, 0.07, 0.16)) * (breath - 0.5));
  let lies = of_hour(vec3<f32>(1.02, 0.84, 0.66), vec3<f32>(0.72, 0.80, 0.88), vec3<f32>(1.08, 0.74, 0.42), vec3<f32>(0.34, 0.42, 0.52));
  out.path = vec4<f32>(lies * (dot(h, vec4<f32>(0.26, 0.30, 0.34, 0.10)) * (0.45 + 0.95 * breath)), dot(h, vec4<f32>(0.20, 0.34, 0.24, 0.22)) * narrow());
  out.frame = vec4<f32>(scene.size.x / scene.size.y, 1.0 / scene.size.y, night_veil(scene.light), 0.014 * breath);
  return out;
}

@fragment
fn fragment_main(now: Moment) -> @location(0) vec4<f32> {
  let pixel = now.frame.y;
  let aspect = now.frame.x;
  let at = place_of(now.position.xy);
  let detail = now.deep.w;
  let coarse = floor(detail + 0.4);
  let is_lake = at.y < 0.0;
  let down = max(-at.y, 0.0);

  // The lake reflects the sky, distorted a little by slow ripples that grow towards the near bank.
  let far = 1.0 / (down + 0.035);
  let spread = pixel * far * far;
  var ripple = 0.0;
  if is_lake {
    let a = sin(far * 4.1 + 5.0 * at.x + now.turn.x) * exp2(-spread * spread * 4.0);
    let b = sin(far * 7.3 - 9.0 * at.x + now.turn.y + 1.5 * a) * exp2(-spread * spread * 12.0);
    let c = sin(far * 2.3 + 2.6 * at.x * far - now.turn.z) * exp2(-spread * spread * 2.0);
    ripple = (0.5 * a + 0.35 * b + 0.4 * c) * scene.movement;
  }
  let up = select(at.y, max(down * 0.98 + ripple * (0.002 + 0.055 * down), 0.0), is_lake);
  let side = at.x + select(0.0, ripple * 0.006 * down, is_lake);
  let sky_uv = vec2<f32>(side / aspect + 0.5, SHORE - up);
  let blur = select(0.0, 1.2 + 5.0 * down, is_lake);

  let still = textureSampleLevel(layers, soft, sky_uv, 0, detail + blur * 0.5);
  var colour = still.rgb * still.rgb * STAR_PEAK;
  let sky_part = still.a;

  // Each star twinkles separately, slowly and a little.
  let star = textureSampleLevel(layers, soft, sky_uv, 1, detail + blur * 0.3);
  let twinkle = 1.0 + 0.22 * sin(side * 217.0 + up * 389.0 + now.turn.w) * scene.movement;

  // Thin cloud consists of two sheets that slide against each other, so that clouds form and fade as well as drift.
  let drift = vec2<f32>(now.cloud_low.w, now.cloud_high.w);
  let sheet_1 = textureSampleLevel(layers, soft, vec2<f32>((sky_uv.x - 0.5) * 0.86 + 0.5, sky_uv.y) + drift, 2, coarse + select(0.0, 1.0, is_lake));
  let sheet_2 = textureSampleLevel(layers, soft, vec2<f32>((0.5 - sky_uv.x) * 0.80 + 0.5, sky_uv.y * 0.95) + 1.4 * vec2<f32>(-drift.x, drift.y), 2, coarse + select(0.0, 1.0, is_lake));
  let rim = smoothstep(0.0, 0.10, up);
  let cover = smoothstep(now.cover.x, now.cover.y, sheet_1.r * 0.62 + sheet_2.g * 0.62) * rim * now.cover.z;
  let cloud = mix(now.cloud_low.rgb, now.cloud_high.rgb, smoothstep(0.05, 0.45, up));
  let starlight = star.rgb * star.rgb * (STAR_PEAK * twinkle * (1.0 + 0.35 * detail));
  colour += starlight * (sky_part * (1.0 - 0.8 * cover) * select(1.0, 0.55, is_lake));
  colour = mix(colour, cloud, cover * sky_part);

  // The aurora consists of two faint curtains with soft lower edges and rays in them. They rise with the in-breath.
  if now.grade.w * sky_part > 0.001 {
    let fold_1 = 0.165 + 0.045 * sin(side * 2.6 + now.fold.x) + 0.020 * sin(side * 6.1 + now.fold.y) + now.frame.w;
    let fold_2 = 0.255 + 0.050 * sin(side * 1.9 + now.fold.z) + 0.018 * sin(side * 5.3 + now.fold.w) + now.frame.w;
    let over_1 = up - fold_1;
    let over_2 = up - fold_2;
    let tall_1 = exp2(-max(over_1, 0.0) * 7.0);
    let tall_2 = exp2(-max(over_2, 0.0) * 6.5);
    let veil_1 = smoothstep(-0.115, 0.075, over_1 + 0.05 * (sheet_1.b - 0.5)) * tall_1;
    let veil_2 = smoothstep(-0.120, 0.080, over_2 + 0.05 * (sheet_2.b - 0.5)) * tall_2;
    let aside = side / narrow() + 0.16;
    let reach = 1.0 / (1.0 + 1.8 * aside * aside);
    let rays = mix(0.30, 1.0, sheet_1.b) * mix(0.50, 1.0, sheet_2.b);
    let rosy = smoothstep(0.03, 0.26, over_1) * tall_1;
    let glow = vec3<f32>(0.20, 0.66, 0.44) * veil_1 + vec3<f32>(0.20, 0.46, 0.52) * (0.7 * veil_2) + vec3<f32>(0.40, 0.22, 0.46) * (0.7 * rosy);
    colour += glow * (rays * reach * now.grade.w * sky_part);
  }

  // Water absorbs some light, and more of it where the view is steeper. Lanes of moving air make it dull.
  if is_lake {
    let own = textureSampleLevel(layers, soft, now.position.xy / scene.size, 0, detail);
    let lanes = textureSampleLevel(layers, soft, now.position.xy / scene.size, 2, coarse).a;
    var water = mix(colour, now.deep.rgb, 0.16 + 0.9 * down);
    water = mix(water, now.dull.rgb, lanes * now.dull.w * smoothstep(0.30, 0.02, down));
    // The line of the far shore catches a little light.
    water = mix(water, now.dull.rgb * 1.25, 0.55 * exp2(-down * 420.0));
    // A path of light from near the horizon runs towards the viewer. The ripples break it up, and it grows with the
    // breath.
    let across = (at.x - now.path.w) / (0.035 + 0.30 * down);
    let lane = exp2(-across * across * 1.6) * (1.0 - exp2(-down * 60.0)) * (0.35 + 0.65 * clamp(0.5 + 0.9 * ripple, 0.0, 1.0));
    water += now.path.rgb * lane;
    water = mix(water, own.rgb * own.rgb * STAR_PEAK, own.a * step(0.22, down));
    colour = water;
  }

  // The breath brightens the light near the horizon a little.
  let low = exp2(-abs(at.y) * 7.0);
  colour *= 1.0 + now.cover.w * low;

  let corner = vec2<f32>(at.x / aspect, SHORE - at.y - 0.5);
  colour *= 1.0 - 0.42 * dot(corner, corner);
  colour *= now.grade.rgb;
  let grey = dot(colour, vec3<f32>(0.2126, 0.7152, 0.0722));
  colour = max(mix(vec3<f32>(grey), colour, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular noise of one step, which hides bands. The noise depends only on the pixel, so
  // it does not move.
  let r = hash(vec2<i32>(now.position.xy));
  return vec4<f32>(toward_night(encode(film(colour)), now.frame.z) + (r.x + r.y - 1.0) / 255.0, 1.0);
}
