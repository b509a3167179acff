// layers: 3
// Owns the picture of the beach, which depends only on the `Scene` below. Does not own the clock, the breath, the light
// through the session, or the enlargement of a small target to the screen.
//
// Layer 0 is the clear sky with its halo and the headland; a: how much of the pixel is sky. Its colours are stored as
// square roots of light.
// Layer 1 is cloud above the horizon; r: how much cloud, g: how its faces are lit, b: unevenness. Below the horizon, it
// is sand; r and g: its slopes, b: unevenness, a: grain.
// Layer 2 is foam on a patch of water that tiles; r: thin lace, g: thick lace, b: fine lace, a: unevenness.
//
// Units: lengths on the ground are metres from the eye. Lengths that are marked `screen` are fractions of the picture's
// height. Every motion is a sine with a whole number of turns per 3600 s, so it does not jump when the clock wraps.

struct Scene {
  size: vec2<f32>,      // size of the target, in pixels
  time_s: f32,          // seconds on the clock, which wraps at 3600
  breath: f32,          // level of the breath: 0 out .. 1 in
  breath_wet: f32,      // how far up the sand is wet, 0 .. 1
  hour: f32,            // time of day: 0 dawn, 1 day, 2 dusk, 3 night
  light: f32,           // brightness: 0 darkest .. 1 as painted
  warmth: f32,          // -1 moonlight .. 1 lamplight
  saturation: f32,      // 0 grey .. 1 as painted
  movement: f32,        // 0 still .. 1 full motion
  mood: f32,            // weather: 0 clear .. 1 a soft haze of cloud
  scale_hint: f32,      // width of the target relative to that of the window, 0 .. 1
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var soft: sampler;

const TAU: f32 = 6.2831853;
const HORIZON: f32 = 0.44;        // fraction of the picture's height, from the top
const EYE_HEIGHT_M: f32 = 2.4;
const SHORE_M: f32 = 12.4;        // distance to the water's edge at the end of a breath out, straight ahead
const RUN_M: f32 = 2.9;           // distance that the water runs up the sand in a full breath
const PATCH_M: vec2<f32> = vec2<f32>(14.5, 11.6); // size of the patch of foam, which tiles
const SKY_PEAK: f32 = 1.6;        // brightest light that layer 0 can store
const CLOUD_SPAN: f32 = 0.84;     // fraction of the baked sheet of cloud that is visible; the rest is room to drift

// What is the same for every pixel is computed in the three vertices, and passed on without interpolation.
struct Palette {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) zenith: vec4<f32>,    // w: weight of the night, for the stars
  @location(1) @interpolate(flat) middle: vec4<f32>,    // w: how much of the sky is cloudy
  @location(2) @interpolate(flat) horizon: vec4<f32>,   // w: radius of the disc, screen
  @location(3) @interpolate(flat) glow: vec4<f32>,      // w: strength of the halo
  @location(4) @interpolate(flat) lamp: vec4<f32>,      // colour of the sun or moon; w: strength of its path on the water
  @location(5) @interpolate(flat) lamp_ray: vec4<f32>,  // unit vector to the sun or moon; w: visibility of its disc
  @location(6) @interpolate(flat) cloud_lit: vec4<f32>, // w: screen x of the glow
  @location(7) @interpolate(flat) cloud_shade: vec4<f32>, // w: brightness of the disc
  @location(8) @interpolate(flat) deep: vec4<f32>,      // colour of deep water; w: horizontal sway of the clouds
  @location(9) @interpolate(flat) shallow: vec4<f32>,   // w: vertical sway of the clouds
  @location(10) @interpolate(flat) sand: vec4<f32>,     // colour of dry sand; w: sway of the wide tongues
  @location(11) @interpolate(flat) sand_ray: vec4<f32>, // what low light adds to the sand; w: sway of the small tongues
  @location(12) @interpolate(flat) foam: vec4<f32>,      // w: sway of the lace of foam
  @location(13) @interpolate(flat) land: vec4<f32>,     // colour of the headland; w: sway of the wind
  @location(14) @interpolate(flat) frame: vec4<f32>,    // aspect ratio, height of a pixel, dimming toward night, mip level
};

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

fn of_hour(weight: vec4<f32>, dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let shown = dawn * weight.x + day * weight.y + dusk * weight.z + night * weight.w;
  return pow(shown, vec3<f32>(2.2));
}

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Palette {
  var out: Palette;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);

  let hour = clamp(scene.hour, 0.0, 3.0);
  let h = max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(hour) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
  let narrow = min(1.0, scene.size.x / (scene.size.y * 1.6));

  let zenith = of_hour(h, vec3<f32>(0.36, 0.47, 0.68), vec3<f32>(0.29, 0.52, 0.76), vec3<f32>(0.17, 0.20, 0.38), vec3<f32>(0.055, 0.085, 0.165));
  let middle = of_hour(h, vec3<f32>(0.73, 0.66, 0.75), vec3<f32>(0.55, 0.73, 0.86), vec3<f32>(0.54, 0.37, 0.49), vec3<f32>(0.10, 0.155, 0.265));
  let horizon = of_hour(h, vec3<f32>(0.96, 0.79, 0.72), vec3<f32>(0.83, 0.88, 0.88), vec3<f32>(0.90, 0.55, 0.43), vec3<f32>(0.20, 0.265, 0.37));
  let glow = of_hour(h, vec3<f32>(1.00, 0.86, 0.66), vec3<f32>(1.00, 0.96, 0.86), vec3<f32>(1.05, 0.72, 0.40), vec3<f32>(0.46, 0.54, 0.64));
  let lamp = of_hour(h, vec3<f32>(1.10, 0.87, 0.60), vec3<f32>(1.10, 1.05, 0.94), vec3<f32>(1.15, 0.80, 0.46), vec3<f32>(0.92, 0.91, 0.86));
  // Haze makes the colours of the sky more alike, and the sun or moon a soft spot.
  let haze = 0.62 * clamp(scene.mood, 0.0, 1.0);
  let even = mix(middle, horizon, 0.45) * dot(h, vec4<f32>(0.98, 0.97, 0.95, 1.12));
  out.frame = vec4<f32>(scene.size.x / scene.size.y, 1.0 / scene.size.y, night_veil(scene.light), max(floor(0.4 - log2(max(scene.scale_hint, 0.05))), 0.0));
  out.zenith = vec4<f32>(mix(zenith, even * 0.85, haze), h.w);
  out.middle = vec4<f32>(mix(middle, even, haze), dot(h, vec4<f32>(0.46, 0.42, 0.46, 0.36)) + 0.52 * haze);
  out.horizon = vec4<f32>(mix(horizon, even, 0.6 * haze), mix(0.030, 0.021, smoothstep(2.3, 2.7, hour)));
  out.glow = vec4<f32>(glow, dot(h, vec4<f32>(0.80, 0.35, 1.0, 0.38)) * (1.0 - 0.55 * haze));

  // The sun fades out before the moon fades in, so that no disc slides across the sky.
  var at = vec2<f32>(0.22 * narrow, 0.072);
  if hour < 1.0 {
    at = mix(at, vec2<f32>(0.62 * narrow, 0.85), hour);
  } else if hour < 2.5 {
    at = mix(vec2<f32>(0.62 * narrow, 0.85), vec2<f32>(0.24 * narrow, 0.046), hour - 1.0);
  } else {
    at = vec2<f32>(0.27 * narrow, 0.265);
  }
  let shows = smoothstep(0.0, 0.4, abs(hour - 2.5));
  out.lamp = vec4<f32>(lamp, dot(h, vec4<f32>(0.75, 0.55, 0.95, 0.19)) * shows * (1.0 - 1.05 * haze));
  out.lamp_ray = vec4<f32>(normalize(vec3<f32>(at, 1.0)), shows * (1.0 - 1.2 * haze));

  out.cloud_lit = vec4<f32>(of_hour(h, vec3<f32>(1.00, 0.86, 0.80), vec3<f32>(0.97, 0.96, 0.94), vec3<f32>(1.08, 0.72, 0.55), vec3<f32>(0.25, 0.30, 0.39)), at.x);
  out.cloud_shade = vec4<f32>(of_hour(h, vec3<f32>(0.68, 0.63, 0.72), vec3<f32>(0.66, 0.76, 0.84), vec3<f32>(0.44, 0.33, 0.46), vec3<f32>(0.11, 0.15, 0.235)), dot(h, vec4<f32>(2.1, 1.6, 1.65, 1.5)));
  out.deep = vec4<f32>(of_hour(h, vec3<f32>(0.42, 0.53, 0.58), vec3<f32>(0.22, 0.52, 0.60), vec3<f32>(0.235, 0.27, 0.37), vec3<f32>(0.05, 0.12, 0.18)), sway(5.0, 0.4));
  out.shallow = vec4<f32>(of_hour(h, vec3<f32>(0.58, 0.66, 0.67), vec3<f32>(0.42, 0.72, 0.73), vec3<f32>(0.42, 0.42, 0.47), vec3<f32>(0.10, 0.20, 0.25)), sway(7.0, 2.0));
  out.sand = vec4<f32>(of_hour(h, vec3<f32>(0.72, 0.63, 0.58), vec3<f32>(0.84, 0.75, 0.65), vec3<f32>(0.56, 0.43, 0.41), vec3<f32>(0.155, 0.185, 0.235)), sway(67.0, 0.0));
  out.sand_ray = vec4<f32>(of_hour(h, vec3<f32>(0.58, 0.46, 0.37), vec3<f32>(0.46, 0.41, 0.34), vec3<f32>(0.64, 0.40, 0.26), vec3<f32>(0.20, 0.215, 0.235)), sway(97.0, 1.7));
  out.foam = vec4<f32>(of_hour(h, vec3<f32>(0.93, 0.87, 0.83), vec3<f32>(0.93, 0.94, 0.93), vec3<f32>(0.86, 0.71, 0.66), vec3<f32>(0.33, 0.39, 0.45)), sway(53.0, 0.0));
  out.land = vec4<f32>(of_hour(h, vec3<f32>(0.62, 0.60, 0.68), vec3<f32>(0.47, 0.60, 0.68), vec3<f32>(0.42, 0.30, 0.40), vec3<f32>(0.085, 0.125, 0.195)), sway(23.0, 0.0));
  return out;
}


fn hash_4(seed: vec4<u32>) -> vec4<f32> {
  var n = (seed ^ (seed >> vec4<u32>(15u))) * 0x2C1B3C6Du;
  n = n ^ (n >> vec4<u32>(13u));
  return vec4<f32>(n >> vec4<u32>(8u)) * (1.0 / 16777216.0);
}

fn hash_2d(cell: vec2<i32>) -> f32 {
  return hash_4(vec4<u32>(bitcast<u32>(cell.x) * 0x9E3779B1u ^ bitcast<u32>(cell.y) * 0x85EBCA77u)).x;
}

// Returns smooth noise, -0.5..0.5, and its slopes d/dx and d/dy.
fn noise(p: vec2<f32>) -> vec3<f32> {
  let base = floor(p);
  let cell = bitcast<vec2<u32>>(vec2<i32>(base));
  let f = p - base;
  let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
  let du = 30.0 * f * f * (f * (f - 2.0) + 1.0);
  let column = vec2<u32>(cell.x, cell.x + 1u) * 0x9E3779B1u;
  let row = vec2<u32>(cell.y, cell.y + 1u) * 0x85EBCA77u;
  let h = hash_4(vec4<u32>(column.x ^ row.x, column.y ^ row.x, column.x ^ row.y, column.y ^ row.y));
  let k = h.x - h.y - h.z + h.w;
  return vec3<f32>(h.x + (h.y - h.x) * u.x + (h.z - h.x) * u.y + k * u.x * u.y - 0.5, du * (h.yz - h.xx + k * u.yx));
}

// Returns the colour of the clear sky at `x` (screen) and `rise`, the height over the horizon at a distance of one.
fn sky(pal: Palette, x: f32, rise: f32) -> vec3<f32> {
  let up = max(rise, 0.0);
  let aside = x - pal.cloud_lit.w;
  var colour = mix(pal.middle.rgb, pal.zenith.rgb, 1.0 - exp2(-up * up * 11.0 - up * 0.9));
  let low = exp2(-up * 7.0);
  colour = mix(colour, pal.horizon.rgb, low);
  let near = 1.0 / (1.0 + aside * aside * 5.5 + up * up * 9.0);
  return mix(colour, pal.glow.rgb, 0.85 * pal.glow.w * near * near * low);
}

// Returns the wide, soft halo around the sun or moon in the direction `ray`, a unit vector.
fn halo(pal: Palette, ray: vec3<f32>) -> vec3<f32> {
  let off = max(1.0 - dot(ray, pal.lamp_ray.xyz), 0.0);
  let wide = exp2(-off * 30.0) * 0.20 + 0.42 / (1.0 + off * off * 160000.0 + off * 260.0);
  return pal.glow.rgb * (wide * pal.glow.w * pal.lamp_ray.w);
}

// Returns the heights of the far and of the near ridge over the horizon (screen).
fn ridges(x: f32) -> vec2<f32> {
  let fold = sin(x * 23.0);
  let crag = sin(x * 61.0 + 2.0);
  let far = smoothstep(-0.06, -0.62, x) * (0.030 + 0.008 * sin(x * 9.0 + 1.0) + 0.003 * fold + 0.0012 * crag);
  let near = smoothstep(-0.44, -0.86, x) * (0.052 + 0.009 * sin(x * 11.0 + 4.1) - 0.0030 * fold - 0.0013 * crag);
  return vec2<f32>(far, near);
}

fn grain_of(p: vec2<f32>) -> vec4<f32> {
  let c = bitcast<vec2<u32>>(vec2<i32>(p));
  let n = c.x * 0x9E3779B1u ^ c.y * 0x85EBCA77u;
  let m = vec4<u32>(n, n ^ 0x68E31DA4u, n ^ 0xB5297A4Du, n ^ 0x1B56C4E9u);
  return (hash_4(m) + hash_4(m * 0x9E3779B1u + 77u) - 1.0) / 255.0;
}

@fragment
fn bake_0(pal: Palette) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  let x = (pal.position.x - 0.5 * scene.size.x) * pixel;
  let rise = max(HORIZON - pal.position.y * pixel, 0.0);
  let ray = normalize(vec3<f32>(x, rise, 1.0));
  var above = sky(pal, x, rise);
  if pal.zenith.w > 0.01 {
    let grid = vec2<f32>(x, rise) * 26.0;
    let base = floor(grid);
    let r = hash_2d(vec2<i32>(base) + vec2<i32>(400, 90));
    let off = (grid - base - 0.5 - 0.68 * (fract(r * vec2<f32>(91.0, 57.0)) - 0.5)) / 26.0;
    let radius = max(0.0010, 0.75 * pixel);
    let rare = fract(r * 13.7);
    let bright = rare * rare * rare * rare * rare * 0.40 * (0.0010 / radius) * (1.0 - scene.mood);
    above += vec3<f32>(0.80, 0.86, 0.95) * (exp2(-dot(off, off) / (radius * radius)) * bright * smoothstep(0.05, 0.30, rise) * pal.zenith.w);
  }
  var colour = above + halo(pal, ray);
  let top = ridges(x);
  let haze = mix(pal.horizon.rgb, above, 0.5);
  let veil = exp2(-rise * 40.0) + 0.5 * scene.mood;
  let edge = vec2<f32>(smoothstep(-pixel, pixel, top.x - rise), smoothstep(-pixel, pixel, top.y - rise));
  colour = mix(colour, mix(pal.land.rgb, haze, clamp(0.50 + 0.16 * veil, 0.0, 1.0)), edge.x);
  colour = mix(colour, mix(pal.land.rgb, haze, clamp(0.16 + 0.30 * veil, 0.0, 1.0)), edge.y);
  let kept = sqrt(clamp(colour / SKY_PEAK, vec3<f32>(0.0), vec3<f32>(1.0)));
  return vec4<f32>(kept, (1.0 - edge.x) * (1.0 - edge.y)) + grain_of(pal.position.xy) * vec4<f32>(1.0, 1.0, 1.0, 0.0);
}

@fragment
fn bake_1(pal: Palette) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  let x = (pal.position.x - 0.5 * scene.size.x) * pixel;
  let below = pal.position.y * pixel - HORIZON;
  let is_sky = below < 0.0;
  let drop = max(abs(below), 0.35 * pixel);
  let far_m = EYE_HEIGHT_M / drop;
  let ground = vec2<f32>(x * far_m, far_m);
  let foot_m = far_m * far_m * pixel / EYE_HEIGHT_M;
  let dome = 1.0 / (drop + 0.17);
  let wide = x / CLOUD_SPAN;
  var at = select(ground * vec2<f32>(0.34, 0.55), vec2<f32>(wide * dome * 0.70 + 33.3, dome * 1.5 + 11.2), is_sky);
  let thin = select(foot_m * 0.62, pixel * dome * dome * 1.5, is_sky);
  var size = 0.5;
  var scale = 1.0;
  var sum = vec3<f32>(0.0);
  var first = 0.0;
  for (var o = 0; o < 6; o += 1) {
    let keep = clamp(1.6 - thin * scale * 2.0, 0.0, 1.0);
    let n = noise(at * scale + f32(o) * vec2<f32>(17.3, 9.1));
    sum += vec3<f32>(n.x, n.yz * scale * 0.5) * (size * keep);
    if o == 0 { first = n.x; }
    at = select(vec2<f32>(0.80 * at.x - 0.60 * at.y, 0.60 * at.x + 0.80 * at.y), at, is_sky);
    size *= select(0.46, 0.50, is_sky);
    scale *= select(2.02, 2.07, is_sky);
  }
  // Long soft banks of cloud lie low in the sky. The upper middle stays clear, because words are shown there.
  let bank = 0.5 + 0.5 * sin(drop * 17.0 + 1.3 * wide + 0.4 + 1.5 * first);
  let rim = smoothstep(0.015, 0.09, drop) * (1.0 - (0.70 - 0.35 * scene.mood) * smoothstep(0.20, 0.42, drop));
  let cover = smoothstep(0.0, 0.30, sum.x - 0.36 + 0.5 * pal.middle.w + 0.22 * bank) * rim;
  let aside = x - pal.cloud_lit.w;
  let towards = vec2<f32>(clamp(aside * -1.5, -1.0, 1.0), 0.8);
  let facing = clamp(0.50 - 0.30 * dot(sum.yz, towards), 0.0, 1.0);
  let lit = clamp(facing * (0.50 + 0.9 / (1.0 + aside * aside * 4.0)) + 0.30 * (1.0 - cover), 0.0, 1.0);
  let speck = (hash_2d(vec2<i32>(floor(ground * vec2<f32>(70.0, 46.0)))) - 0.5) * exp2(-foot_m * foot_m * 9000.0);
  let sand = vec4<f32>(0.5 + 0.25 * sum.yz, 0.5 + sum.x, 0.5 + 0.9 * speck);
  return clamp(select(sand, vec4<f32>(cover, lit, 0.5 + first, 1.0), is_sky) + grain_of(pal.position.xy), vec4<f32>(0.0), vec4<f32>(1.0));
}

// Returns noise whose lattice repeats every eight cells, -0.5..0.5, and the length of its slope.
fn tiling(p: vec2<f32>, seed: u32) -> vec2<f32> {
  let base = floor(p);
  let f = p - base;
  let low = bitcast<vec2<u32>>(vec2<i32>(base)) & vec2<u32>(7u);
  let high = (low + 1u) & vec2<u32>(7u);
  let column = vec2<u32>(low.x, high.x) * 0x9E3779B1u + seed;
  let row = vec2<u32>(low.y, high.y) * 0x85EBCA77u;
  let h = hash_4(vec4<u32>(column.x ^ row.x, column.y ^ row.x, column.x ^ row.y, column.y ^ row.y));
  let u = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
  let du = 30.0 * f * f * (f * (f - 2.0) + 1.0);
  let k = h.x - h.y - h.z + h.w;
  return vec2<f32>(h.x + (h.y - h.x) * u.x + (h.z - h.x) * u.y + k * u.x * u.y - 0.5, length(du * (h.yz - h.xx + k * u.yx)));
}

@fragment
fn bake_2(pal: Palette) -> @location(0) vec4<f32> {
  let uv = pal.position.xy / scene.size;
  let turn = TAU * uv;
  // The pattern is bent by waves that fit the tile. This stretches the cells of foam and hides their grid.
  var at = uv * 8.0 + vec2<f32>(0.42 * sin(2.0 * turn.y + 1.0) + 0.16 * sin(5.0 * turn.y - 2.0 * turn.x), 0.38 * sin(2.0 * turn.x) + 0.15 * sin(5.0 * turn.x + 3.0 * turn.y));
  var web = 1.0;
  var fine = 1.0;
  var first = 0.0;
  for (var o = 0; o < 4; o += 1) {
    let n = tiling(at + f32(o) * vec2<f32>(3.3, 1.7), u32(o) * 7919u);
    // Lace consists of the thin lines where noise crosses zero. Two sets of lines are combined, which meet and part
    // like foam.
    let wall = abs(n.x) / (0.35 + 0.65 * n.y);
    if o == 0 { first = n.x; }
    if o == 1 || o == 2 { web = min(web, wall * select(1.0, 1.5, o == 2)); }
    if o > 1 { fine = min(fine, wall); }
    // This turns and enlarges the lattice. The factors are whole numbers, so the lattice still fits the tile.
    at = vec2<f32>(2.0 * at.x - at.y, at.x + 2.0 * at.y);
  }
  let lace = vec3<f32>(1.0 - smoothstep(0.0, 0.085, web), 1.0 - smoothstep(0.02, 0.27, web), 1.0 - smoothstep(0.0, 0.20, fine));
  return clamp(vec4<f32>(lace, 0.5 + first) + grain_of(pal.position.xy), vec4<f32>(0.0), vec4<f32>(1.0));
}

struct Swell {
  lean: vec2<f32>,  // the surface's slope
  lost: f32,        // mean square slope of the waves too small to be drawn
};

// Returns the cosine and sine of a number of turns, accurate to about a thousandth.
fn turned(turns: f32) -> vec2<f32> {
  let x = fract(vec2<f32>(turns + 0.75, turns + 0.5)) * 2.0 - 1.0;
  let y = 4.0 * x * (1.0 - abs(x));
  return y * (0.775 + 0.225 * abs(y));
}

// Returns an approximate sine, which is accurate enough for shapes and costs a third.
fn wavy(x: f32) -> f32 {
  let t = fract(x * 0.15915494 + 0.5) * 2.0 - 1.0;
  let y = 4.0 * t * (1.0 - abs(t));
  return y * (0.775 + 0.225 * abs(y));
}

// Adds a train of sharp-crested waves in the direction `way`, with `each_m` waves to a metre. Waves that are shorter
// than the ground that a pixel covers (`foot`) are not drawn but counted as roughness, because they would shimmer
// towards the horizon.
fn train(s: ptr<function, Swell>, at: ptr<function, vec2<f32>>, foot: vec2<f32>, way: vec2<f32>, each_m: f32, turns: f32, steep: f32) {
  let blur = each_m * dot(abs(way), foot);
  let keep = clamp(1.25 - 2.6 * blur, 0.0, 1.0);
  let wave = turned(each_m * dot(way, *at) + fract(scene.time_s * turns * (1.0 / 3600.0)));
  let lean = wave.x * (0.80 + wave.y * (0.80 + wave.y * (0.40 + wave.y * 0.15)));
  (*s).lean += way * (lean * steep * keep);
  (*s).lost += steep * steep * (1.0 - keep * keep);
  *at += way * (lean * 0.0318 / each_m);
}

// Returns the waves of the open water. Each train rides on the larger ones, which hides that they are sines. Two
// successive trains differ in direction by 30 to 60 degrees, but all come in from the sea.
fn swell(start: vec2<f32>, foot: vec2<f32>) -> Swell {
  var s = Swell(vec2<f32>(0.0), 0.0);
  var at = start;
  train(&s, &at, foot, vec2<f32>(0.1900, 0.9820), 0.09549, 300.0, 0.03100);
  train(&s, &at, foot, vec2<f32>(-0.7471, 0.6648), 0.14897, 348.0, 0.02821);
  train(&s, &at, foot, vec2<f32>(0.0904, 0.9959), 0.23239, 404.0, 0.02567);
  train(&s, &at, foot, vec2<f32>(-0.6822, 0.7311), 0.36253, 468.0, 0.02336);
  train(&s, &at, foot, vec2<f32>(0.0077, 1.0000), 0.56555, 543.0, 0.02126);
  train(&s, &at, foot, vec2<f32>(-0.6248, 0.7808), 0.88226, 630.0, 0.01934);
  train(&s, &at, foot, vec2<f32>(-0.0601, 0.9982), 1.37632, 731.0, 0.01760);
  train(&s, &at, foot, vec2<f32>(-0.5753, 0.8179), 2.14706, 848.0, 0.01602);
  return s;
}

// Returns how far the edge of a sheet of water reaches past its mean line, in metres. Its tongues are round in front,
// with cusps between them.
fn tongues(pal: Palette, x: f32) -> f32 {
  let wide = wavy(x * 0.36 + 0.9 * pal.sand.w);
  let small = wavy(x * 0.83 + 1.0 + 0.8 * pal.sand_ray.w);
  let fine = wavy(x * 2.1 + small);
  return sqrt(wide * wide + 0.03) + 0.42 * sqrt(small * small + 0.03) + 0.09 * fine - 0.85;
}

fn film(light: vec3<f32>) -> vec3<f32> {
  // Bright colours shift a little towards white, as on film, instead of clipping to a saturated hue.
  let peak = max(light.r, max(light.g, light.b));
  let bled = mix(light, vec3<f32>(peak), 0.06 * smoothstep(0.6, 2.4, peak));
  let shoulder = 1.0 - exp2(-bled * 2.2);
  return mix(shoulder, shoulder * shoulder * (3.0 - 2.0 * shoulder), 0.30) * 0.965;
}

fn encode(linear: vec3<f32>) -> vec3<f32> {
  let c = clamp(linear, vec3<f32>(0.0), vec3<f32>(1.0));
  let half_way = sqrt(c);
  let quarter = sqrt(half_way);
  // Square roots approximate the power function, with an error of a third of an 8-bit step.
  let bright = 0.585122381 * half_way + 0.783140355 * quarter - 0.368262736 * sqrt(quarter);
  return select(bright, 12.92 * c, c <= vec3<f32>(0.0031308));
}

// A software driver executes both sides of every branch, and its largest cost is sampling a layer. Sky and ground
// therefore share one sample of the sky: the ground takes it in the direction of its mirrored ray.
@fragment
fn fragment_main(pal: Palette) -> @location(0) vec4<f32> {
  let pixel = pal.frame.y;
  let aspect = pal.frame.x;
  let detail = pal.frame.w;
  let p = pal.position.xy;
  let x = (p.x - 0.5 * scene.size.x) * pixel;
  let below = p.y * pixel - HORIZON;
  let is_sky = below < 0.0;
  let drop = max(abs(below), 0.35 * pixel);
  let uv = p / scene.size;
  var colour = vec3<f32>(0.0);

  // Cloud overhead passes more quickly than cloud far away.
  let slide = vec2<f32>(0.058 * pal.deep.w * (0.45 + 1.1 * drop), 0.006 * pal.shallow.w * drop);
  let sheet = vec2<f32>((uv.x - 0.5) * CLOUD_SPAN + 0.5, uv.y) + slide;
  let local = textureSampleLevel(layers, soft, select(uv, sheet, is_sky), 1, detail);

  // The point on the ground that this pixel shows, and the size of the ground that the pixel covers, in metres.
  let far_m = EYE_HEIGHT_M / drop;
  let ground = vec2<f32>(x * far_m, far_m);
  let foot = vec2<f32>(far_m * pixel, far_m * far_m * pixel / EYE_HEIGHT_M);
  let breath = clamp(scene.breath, 0.0, 1.0);
  let wet_level = clamp(max(scene.breath_wet, scene.breath), 0.0, 1.0);

  // Distances in metres towards the sea: from the edge of the sheet of water (`inside`), and from the line that the
  // highest recent wave has left (`soaked`).
  let seaward = ground.y - SHORE_M - 0.13 * ground.x - 0.35 * wavy(ground.x * 0.11 + 0.6);
  let tongue = tongues(pal, ground.x);
  let front = breath * RUN_M + tongue * (0.30 + 0.62 * breath);
  let inside = seaward + front;
  let soaked = seaward + wet_level * RUN_M + tongue * (0.30 + 0.62 * wet_level);
  let blur_m = max(foot.y * 0.8, 0.02);
  let is_sea = inside > -blur_m;
  let water = select(0.0, smoothstep(-blur_m, blur_m, inside), is_sea);
  let depth = max(inside, 0.0);
  let near_shore = exp2(-depth * 0.40);
  let view = normalize(vec3<f32>(x, select(-drop, drop, is_sky), 1.0));
  let aside = x - pal.cloud_lit.w;

  // Sand is first made uneven, and then wet. All the sand that a wave reaches stays damp and reflects a little of the
  // sky.
  let slopes = (local.rg - 0.5) * 4.0;
  let uneven = local.b - 0.5;
  let ever = smoothstep(-RUN_M - 1.2, -RUN_M + 1.8, seaward + 0.7 * tongue);
  let damp = max(smoothstep(-0.30, 0.55, soaked), 0.55 * ever);
  let gloss = max(smoothstep(-0.2, 1.1, soaked), 0.35 * ever * ever);
  let warm_side = 1.0 / (1.0 + aside * aside * 3.5);
  let rake = clamp(0.42 - 0.22 * dot(slopes, pal.lamp_ray.xz * vec2<f32>(1.5, 1.0)), 0.0, 1.0);
  let tone = 0.92 + 0.26 * uneven + 0.11 * (local.a - 0.5);
  var bed = (pal.sand.rgb * tone + pal.sand_ray.rgb * (rake * (0.65 + 0.7 * warm_side))) * mix(1.0, 0.66, damp);
  // The sheet of water casts a thin shadow on the sand in front of it, and a line of dried foam shows where the highest
  // wave turned.
  bed *= 1.0 - 0.16 * exp2(-inside * inside * 60.0);
  bed = mix(bed, pal.foam.rgb, 0.16 * clamp(exp2(-soaked * soaked * 90.0) * (0.6 + 2.0 * uneven), 0.0, 1.0));

  // The water's surface.
  var lean = slopes * vec2<f32>(0.012, 0.010) * (1.0 - 0.6 * gloss);
  var lost = 0.0;
  var swelling = 0.0;
  var base = bed;
  {
    let body = smoothstep(0.2, 6.5, depth);
    let wind = 0.75 + 0.45 * wavy(ground.x * 0.05 + ground.y * 0.09 + 1.2 * wavy(ground.x * 0.031 - ground.y * 0.04) + 0.8 * pal.land.w);
    let amplitude = mix(0.12, 0.90, body) * mix(wind, 0.85, clamp(foot.y * 0.05, 0.0, 1.0));
    let waves = swell(ground, foot);
    // A low wave builds up as the ground rises under it, and has disappeared before it reaches the sheet of water.
    let roll = 5.2 * sqrt(depth + 1.0) + 0.35 * wavy(ground.x * 0.21 + 0.5) + 0.2 * wavy(ground.x * 0.47) + TAU * fract(scene.time_s * (260.0 / 3600.0));
    let gather = smoothstep(0.8, 4.5, depth) * (1.0 / (1.0 + 0.065 * depth));
    let rolling = turned(roll * 0.15915494);
    let crest = exp2(2.9 * (rolling.y - 1.0));
    var sea_lean = waves.lean * amplitude;
    sea_lean.y += 0.12 * rolling.x * crest * gather;
    lean = mix(lean, sea_lean * scene.movement, water);
    lost = (waves.lost * amplitude * amplitude + (1.0 - scene.movement * scene.movement) * 0.0028) * water;
    swelling = crest * gather * scene.movement;
    let clear = near_shore;
    let through = sqrt(near_shore);
    let tint = mix(pal.deep.rgb, pal.shallow.rgb, clamp(through * 0.85 + 0.26 * swelling, 0.0, 1.0));
    let thin = mix(tint, bed * mix(pal.shallow.rgb / max(pal.foam.rgb, vec3<f32>(0.01)), vec3<f32>(1.0), clear), clear);
    base = mix(bed, thin, water);
  }

  // Far away, mostly the sides of waves that face the viewer are visible, so the normal leans towards the viewer.
  let normal = normalize(vec3<f32>(-lean.x, 1.0, -lean.y - 0.55 * sqrt(lost)));
  let bounced = reflect(view, normal);
  let flat = vec2<f32>(bounced.x, abs(bounced.y)) / max(bounced.z, 0.2);
  let mirrored = vec2<f32>(flat.x / aspect + 0.5, HORIZON - min(flat.y, HORIZON));
  let given = textureSampleLevel(layers, soft, select(mirrored, uv, is_sky), 0, select(4.0, detail, is_sky));
  let facing = clamp(-dot(view, normal), 0.0, 1.0);
  let dull = 1.0 - facing;
  let fresnel = 0.025 + 0.975 * dull * dull * dull * dull * dull;
  let glass = mix(min(fresnel * 2.6 + 0.03, 0.74) * damp * (0.90 + 0.55 * uneven) * (0.20 + 0.80 * gloss), min(fresnel * 1.05, 1.0), water);
  // Wet sand is a dull mirror: it reflects some of the low sky in every direction.
  let above = mix(given.rgb * given.rgb * SKY_PEAK, pal.horizon.rgb, 0.35 * (1.0 - water));
  colour = mix(base, above, glass);

  // The path of the sun or moon on the water is the probability that a wave within this pixel reflects it to the eye.
  let rough = mix(0.0036, 0.0011 + lost, water);
  let half_way = pal.lamp_ray.xyz - view;
  let miss = (-half_way.xz / max(half_way.y, 0.001) - lean) * vec2<f32>(0.62, 1.0);
  let sparkle = exp2(-0.72 * dot(miss, miss) / rough) / rough * mix(0.0034 * damp * gloss, 0.0040, water) * (0.15 + fresnel);
  colour += pal.lamp.rgb * (pal.lamp.w * 3.0 * sparkle / (1.0 + sparkle));

  // Foam moves with the sheet of water. It is thick at the edge of the sheet, and torn open behind it.
  {
    let rides = ground + vec2<f32>(0.45 * pal.foam.w, 0.80 * front) + 0.25 * vec2<f32>(wavy(ground.y * 1.4 + 0.5 * pal.sand_ray.w), wavy(ground.x * 1.2 + 0.5 * pal.sand.w));
    let fade = log2(foot.y * 0.95 * scene.size.y / PATCH_M.y) + detail;
    let lace = textureSampleLevel(layers, soft, fract(rides / PATCH_M), 2, max(floor(fade + 0.5), 1.0));
    let clump = lace.a - 0.5;
    let line_two = depth - 2.1 - 0.8 * tongue + 0.7 * wavy(ground.x * 0.6 + 2.0);
    let second = exp2(-max(line_two, 0.0) * 1.5) * smoothstep(-0.15, 0.06, line_two);
    let breaking = smoothstep(0.60, 1.0, swelling) * smoothstep(1.2, 2.4, depth) * min(near_shore * near_shore * 4.0, 1.0) * 0.7;
    let much = clamp((0.62 * near_shore * near_shore * near_shore * near_shore * near_shore + 0.45 * second + 0.42 * breaking + 0.30 * near_shore) * (0.75 + 1.5 * clump), 0.0, 1.0);
    let thread = mix(lace.r, lace.g, much);
    var foam = thread * smoothstep(0.04, 0.45, much) * (0.75 + 0.25 * lace.b) + lace.b * smoothstep(0.20, 0.85, much) * 0.60;
    foam += 0.66 * exp2(-depth * depth * 260.0 / (1.0 + foot.y * 40.0)) * (0.7 + clump);
    colour = mix(colour, pal.foam.rgb, clamp(foam, 0.0, 1.0) * 0.42 * water);
  }

  // Haze lies along the horizon.
  let near = 1.0 / (1.0 + aside * aside * 5.5);
  let veil = mix(pal.horizon.rgb, pal.glow.rgb, 0.85 * pal.glow.w * near * near);
  colour = mix(colour, veil, 0.55 * exp2(-drop * (75.0 - 35.0 * scene.mood)));

  if is_sky {
    colour = given.rgb * given.rgb * SKY_PEAK;
    let off = vec2<f32>(x, drop) - pal.lamp_ray.xy / pal.lamp_ray.z;
    let disc = 1.0 - smoothstep(pal.horizon.w - 0.0012 - pixel, pal.horizon.w + 0.0012 + pixel, length(off));
    let spots = 0.10 * pal.zenith.w * wavy(x * 210.0 + wavy(below * 330.0)) * wavy(below * 260.0 + 1.0);
    let shown = pal.lamp_ray.w * given.a;
    colour = mix(colour, pal.lamp.rgb * (pal.cloud_shade.w + spots), disc * shown);
    let shine = pal.glow.rgb * (pal.glow.w * pal.lamp_ray.w * 0.16 / (1.0 + dot(off, off) * 130.0));
    let veiled = mix(pal.cloud_shade.rgb, pal.cloud_lit.rgb, local.g) + shine;
    colour = mix(colour, veiled, local.r * 0.80 * given.a);
  }

  // A slight vignette draws the eye to the middle of the picture.
  let corner = vec2<f32>(x / aspect, below + HORIZON - 0.5);
  colour *= 1.0 - 0.42 * dot(corner, corner);
  colour *= vec3<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth);
  let grey = dot(colour, vec3<f32>(0.2126, 0.7152, 0.0722));
  colour = max(mix(vec3<f32>(grey), colour, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular noise of one step, which hides bands. The noise depends only on the pixel, so
  // it does not move.
  let coarse = hash_2d(vec2<i32>(p)) * 4096.0;
  let dither = fract(coarse) + floor(coarse) / 4096.0 - 1.0;
  return vec4<f32>(toward_night(encode(film(colour)), pal.frame.z) + dither / 255.0, 1.0);
}
