// The beach: one full-screen picture, a pure function of the scene below. It owns everything that is seen of the
// place; it does not own the clock, the breath, the arc or the scaling of a small target to the screen.
//
// Byte layout of the uniform (48 bytes, little-endian f32):
//   0 size.x   4 size.y   8 time_s   12 breath   16 breath_wet   20 hour   24 light
//   28 warmth  32 saturation  36 movement  40 pad (0)  44 pad (0)
//
// Units: lengths on the ground are metres from the eye; `screen` lengths are parts of the picture's height.
// Every motion is a sine of a whole number of turns per 3600 s, so that the wrap of the clock is not seen.

struct Scene {
  size: vec2<f32>,      // target pixels
  time_s: f32,          // 0..3600, wraps
  breath: f32,          // 0..1 level now
  breath_wet: f32,      // 0..1 how high the sand is wet
  hour: f32,            // 0 dawn, 1 day, 2 dusk, 3 night
  light: f32,           // 0..1
  warmth: f32,          // -1..1
  saturation: f32,      // 0..1
  movement: f32,        // 0 still .. 1
  pad: vec2<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;

const TAU: f32 = 6.2831853;
const HORIZON: f32 = 0.44;        // screen, from the top
const EYE_HEIGHT_M: f32 = 2.4;
const SHORE_M: f32 = 12.4;        // where the drawn-back water ends, straight ahead
const RUN_M: f32 = 4.3;           // how far a full breath runs up the sand

// What depends on the hour alone is mixed once, in the three vertices, and handed on flat.
struct Palette {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) zenith: vec4<f32>,    // w: how much night (stars)
  @location(1) @interpolate(flat) middle: vec4<f32>,    // w: cover of the clouds
  @location(2) @interpolate(flat) horizon: vec4<f32>,   // w: width of the disc, screen
  @location(3) @interpolate(flat) glow: vec4<f32>,      // w: strength of the halo
  @location(4) @interpolate(flat) lamp: vec4<f32>,      // sun or moon colour; w: strength of its path on the water
  @location(5) @interpolate(flat) lamp_ray: vec4<f32>,  // unit vector to it; w: how much of the disc shows
  @location(6) @interpolate(flat) cloud_lit: vec4<f32>, // w: screen x of the glow
  @location(7) @interpolate(flat) cloud_shade: vec4<f32>, // w: brightness of the disc
  @location(8) @interpolate(flat) deep: vec4<f32>,      // colour the deep water gives back; w: sway of the clouds along
  @location(9) @interpolate(flat) shallow: vec4<f32>,   // w: sway of the clouds across
  @location(10) @interpolate(flat) sand: vec4<f32>,     // dry sand under this sky; w: sway of the wide tongues
  @location(11) @interpolate(flat) sand_ray: vec4<f32>, // what raking light adds to it; w: sway of the small tongues
  @location(12) @interpolate(flat) foam: vec4<f32>,      // w: sway of the lace
  @location(13) @interpolate(flat) land: vec4<f32>,     // the headland behind its haze; w: sway of the wind
};

// A slow sway, -1..1: `turns` whole turns per hour of the clock.
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
  let lamp = of_hour(h, vec3<f32>(1.10, 0.93, 0.72), vec3<f32>(1.10, 1.05, 0.94), vec3<f32>(1.15, 0.80, 0.46), vec3<f32>(0.92, 0.91, 0.86));
  out.zenith = vec4<f32>(zenith, h.w);
  out.middle = vec4<f32>(middle, dot(h, vec4<f32>(0.50, 0.47, 0.50, 0.40)));
  out.horizon = vec4<f32>(horizon, mix(0.030, 0.021, smoothstep(2.3, 2.7, hour)));
  out.glow = vec4<f32>(glow, dot(h, vec4<f32>(0.80, 0.35, 1.0, 0.38)));

  // The sun sets before the moon is lit: between them no disc slides across the sky.
  var at = vec2<f32>(-0.24 * narrow, 0.072);
  if hour < 1.0 {
    at = mix(at, vec2<f32>(0.62 * narrow, 0.85), hour);
  } else if hour < 2.5 {
    at = mix(vec2<f32>(0.62 * narrow, 0.85), vec2<f32>(0.24 * narrow, 0.046), hour - 1.0);
  } else {
    at = vec2<f32>(0.27 * narrow, 0.265);
  }
  let shows = smoothstep(0.0, 0.4, abs(hour - 2.5));
  out.lamp = vec4<f32>(lamp, dot(h, vec4<f32>(0.75, 0.55, 0.95, 0.19)) * shows);
  out.lamp_ray = vec4<f32>(normalize(vec3<f32>(at, 1.0)), shows);

  out.cloud_lit = vec4<f32>(of_hour(h, vec3<f32>(1.00, 0.86, 0.80), vec3<f32>(0.97, 0.96, 0.94), vec3<f32>(1.08, 0.72, 0.55), vec3<f32>(0.25, 0.30, 0.39)), at.x);
  out.cloud_shade = vec4<f32>(of_hour(h, vec3<f32>(0.68, 0.63, 0.72), vec3<f32>(0.66, 0.76, 0.84), vec3<f32>(0.44, 0.33, 0.46), vec3<f32>(0.11, 0.15, 0.235)), dot(h, vec4<f32>(2.4, 1.6, 1.65, 1.5)));
  out.deep = vec4<f32>(of_hour(h, vec3<f32>(0.42, 0.53, 0.58), vec3<f32>(0.22, 0.52, 0.60), vec3<f32>(0.17, 0.25, 0.36), vec3<f32>(0.05, 0.12, 0.18)), sway(5.0, 0.4));
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

// Smooth noise and its slope: (value -0.5..0.5, d/dx, d/dy).
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

// The clear sky towards (screen x, rise), where rise is the height over the horizon at distance one.
fn sky(pal: Palette, x: f32, rise: f32) -> vec3<f32> {
  let up = max(rise, 0.0);
  let aside = x - pal.cloud_lit.w;
  var colour = mix(pal.middle.rgb, pal.zenith.rgb, 1.0 - exp2(-up * up * 11.0 - up * 0.9));
  let low = exp2(-up * 7.0);
  colour = mix(colour, pal.horizon.rgb, low);
  let near = 1.0 / (1.0 + aside * aside * 5.5 + up * up * 9.0);
  return mix(colour, pal.glow.rgb, 0.85 * pal.glow.w * near * near * low);
}

// The halo round the disc, wide and soft. `ray` is a unit vector.
fn halo(pal: Palette, ray: vec3<f32>) -> vec3<f32> {
  let off = max(1.0 - dot(ray, pal.lamp_ray.xyz), 0.0);
  let wide = exp2(-off * 30.0) * 0.20 + 0.42 / (1.0 + off * off * 160000.0 + off * 260.0);
  return pal.glow.rgb * (wide * pal.glow.w * pal.lamp_ray.w);
}

// Height of the far land over the horizon, screen; (far ridge, near ridge).
fn ridges(x: f32) -> vec2<f32> {
  let fold = sin(x * 23.0);
  let crag = sin(x * 61.0 + 2.0);
  let far = smoothstep(-0.06, -0.62, x) * (0.030 + 0.008 * sin(x * 9.0 + 1.0) + 0.003 * fold + 0.0012 * crag);
  let near = smoothstep(-0.44, -0.86, x) * (0.052 + 0.009 * sin(x * 11.0 + 4.1) - 0.0030 * fold - 0.0013 * crag);
  return vec2<f32>(far, near);
}

struct Swell {
  lean: vec2<f32>,  // the surface's slope
  lost: f32,        // mean square slope of the waves too small to be drawn
};

// Sharp-crested trains of waves, each riding the larger ones, which hides that they are sines. A train thinner than
// the pixel's foot is not drawn but counted as roughness, so that nothing shimmers towards the horizon.
fn swell(start: vec2<f32>, foot: vec2<f32>, trains: i32) -> Swell {
  var s = Swell(vec2<f32>(0.0), 0.0);
  var at = start;
  var way = vec2<f32>(0.19, 0.982);
  var k = 0.60;
  var turns = 300.0;
  var steep = 0.031;
  for (var i = 0; i < trains; i += 1) {
    let blur = k * dot(abs(way), foot);
    let keep = exp2(-blur * blur * 0.55);
    let phase = k * dot(way, at) + TAU * fract(scene.time_s * round(turns) * (1.0 / 3600.0));
    let lean = cos(phase) * exp2(1.4427 * sin(phase)) * 0.80;
    s.lean += way * (lean * steep * keep);
    s.lost += steep * steep * (1.0 - keep * keep);
    at += way * (lean * 0.20 / k);
    // The next one is turned by about a golden angle, but still comes in from the sea.
    way = vec2<f32>(way.x * -0.737 - way.y * 0.676, way.x * 0.676 - way.y * 0.737);
    way = normalize(vec2<f32>(way.x, abs(way.y) + 0.12));
    k *= 1.56;
    turns *= 1.16;
    steep *= 0.91;
  }
  return s;
}

// How far the tongues of a sheet of water reach past its mean line, metres; round ahead, cusped between.
fn tongues(pal: Palette, x: f32) -> f32 {
  let wide = sin(x * 0.36 + 0.9 * pal.sand.w);
  let small = sin(x * 0.83 + 1.0 + 0.8 * pal.sand_ray.w);
  let fine = sin(x * 2.1 + small);
  return sqrt(wide * wide + 0.03) + 0.42 * sqrt(small * small + 0.03) + 0.09 * fine - 0.85;
}

fn film(light: vec3<f32>) -> vec3<f32> {
  // Bright colours bleed a little towards white, as on film, instead of clipping to a hard hue.
  let peak = max(light.r, max(light.g, light.b));
  let bled = mix(light, vec3<f32>(peak), 0.06 * smoothstep(0.6, 2.4, peak));
  let shoulder = 1.0 - exp2(-bled * 2.2);
  return mix(shoulder, shoulder * shoulder * (3.0 - 2.0 * shoulder), 0.30) * 0.965;
}

fn encode(linear: vec3<f32>) -> vec3<f32> {
  let c = clamp(linear, vec3<f32>(0.0), vec3<f32>(1.0));
  return select(1.055 * pow(c, vec3<f32>(1.0 / 2.4)) - 0.055, 12.92 * c, c <= vec3<f32>(0.0031308));
}

// Sky, water and sand share one run of noise and one look into the sky: a processor drawing this without a graphics
// card works through every branch for every pixel, so what is shared is paid once.
@fragment
fn fragment_main(pal: Palette) -> @location(0) vec4<f32> {
  let pixel = 1.0 / scene.size.y;
  let p = pal.position.xy;
  let x = (p.x - 0.5 * scene.size.x) * pixel;
  let below = p.y * pixel - HORIZON;
  let is_sky = below < 0.0;
  let drop = max(abs(below), 0.35 * pixel);

  // Where on the ground this pixel looks, and how much of it the pixel covers.
  let far_m = EYE_HEIGHT_M / drop;
  let ground = vec2<f32>(x * far_m, far_m);
  let foot = vec2<f32>(far_m * pixel, far_m * far_m * pixel / EYE_HEIGHT_M);
  let breath = clamp(scene.breath, 0.0, 1.0);
  let wet_level = clamp(max(scene.breath_wet, scene.breath), 0.0, 1.0);

  // Metres inside the edge of the sheet, and inside the line that the highest wave of late has left.
  let seaward = ground.y - SHORE_M - 0.13 * ground.x - 0.35 * sin(ground.x * 0.11 + 0.6);
  let tongue = tongues(pal, ground.x);
  let front = breath * RUN_M + tongue * (0.25 + 0.85 * breath);
  let inside = seaward + front;
  let soaked = seaward + wet_level * RUN_M + tongue * (0.25 + 0.85 * wet_level);
  let blur_m = max(foot.y * 0.8, 0.02);
  let is_sea = !is_sky && inside > -blur_m;
  let water = select(0.0, smoothstep(-blur_m, blur_m, inside), is_sea);
  let depth = max(inside, 0.0);

  // One run of noise: clouds above, foam on the water, unevenness in the sand.
  let dome = 1.0 / (drop + 0.17);
  let aloft = vec2<f32>(x * dome * 0.70 + 1.1 * pal.deep.w + 33.3, dome * 1.5 + 0.12 * pal.shallow.w + 11.2);
  let rides = (ground + vec2<f32>(0.25 * pal.foam.w, 0.62 * front)) * vec2<f32>(0.55, 0.62);
  var at = select(ground * vec2<f32>(0.34, 0.55), rides, is_sea);
  at += 0.20 * vec2<f32>(sin(at.y * 2.6 + 0.5 * pal.sand_ray.w), sin(at.x * 2.2 + 0.5 * pal.sand.w)) * select(0.0, 1.0, is_sea);
  at = select(at, aloft, is_sky);
  let thin = select(foot.y * 0.62, pixel * dome * dome * 1.5, is_sky);
  let grow = select(2.02, 2.07, is_sky);
  let fall = select(0.46, 0.50, is_sky);
  let turn = select(vec2<f32>(0.80, 0.60), vec2<f32>(1.0, 0.0), is_sky);
  var size = 0.5;
  var scale = 1.0;
  var sum = vec3<f32>(0.0);
  var first = 0.0;
  var web = 1.0;
  var web_fine = 1.0;
  for (var o = 0; o < 5; o += 1) {
    let keep = clamp(1.6 - thin * scale * 2.0, 0.0, 1.0);
    let n = noise(at * scale + f32(o) * vec2<f32>(17.3, 9.1)) ;
    sum += vec3<f32>(n.x, n.yz * scale * 0.5) * (size * keep);
    // Lace: the thin lines where noise crosses its middle, in pairs, so that they meet and part like foam.
    let slim = 1.0 / (1.0 + length(n.yz) * scale * foot.y * 7.0);
    let wall = abs(n.x) * slim + 0.16 * (1.0 - slim) * (1.0 - slim);
    if o == 0 { first = n.x; }
    if o == 1 || o == 2 { web = min(web, wall * select(1.0, 1.5, o == 2)); }
    if o > 2 { web_fine = min(web_fine, wall); }
    // Turned a little each time, so that no grid shows.
    at = vec2<f32>(turn.x * at.x - turn.y * at.y, turn.y * at.x + turn.x * at.y);
    size *= fall;
    scale *= grow;
  }

  // The sea's surface.
  let body = smoothstep(0.2, 6.5, depth);
  let wind = 0.75 + 0.45 * sin(ground.x * 0.05 + ground.y * 0.09 + 1.2 * sin(ground.x * 0.031 - ground.y * 0.04) + 0.8 * pal.land.w);
  let amplitude = mix(0.16, 1.0, body) * mix(wind, 0.85, clamp(foot.y * 0.05, 0.0, 1.0));
  let waves = swell(ground, foot, select(0, 9, is_sea));
  // A low wave gathers as the ground rises under it, and is gone before the sheet.
  let roll = 5.2 * sqrt(depth + 1.0) + 0.35 * sin(ground.x * 0.21 + 0.5) + 0.2 * sin(ground.x * 0.47) + TAU * fract(scene.time_s * 260.0 / 3600.0);
  let gather = smoothstep(0.8, 4.5, depth) * exp2(-depth * 0.075);
  let crest = exp2(2.9 * (sin(roll) - 1.0));
  var sea_lean = waves.lean * amplitude;
  sea_lean.y += 0.12 * cos(roll) * crest * gather;
  sea_lean *= scene.movement;
  let lost = waves.lost * amplitude * amplitude + (1.0 - scene.movement * scene.movement) * 0.0028;

  // Sand: unevenness, then how wet; the whole run of the wave stays damp and gives back a little sky.
  let ever = smoothstep(-RUN_M - 1.2, -RUN_M + 1.8, seaward + 0.7 * tongue);
  let damp = max(smoothstep(-0.25, 0.95, soaked), 0.55 * ever);
  let gloss = max(smoothstep(-0.2, 2.4, soaked), 0.35 * ever * ever);
  let sand_lean = sum.yz * vec2<f32>(0.012, 0.010) * (1.0 - 0.6 * gloss);

  // What is mirrored: sky for the sky itself, the bounced look for water and wet sand.
  let view = normalize(vec3<f32>(x, -drop, 1.0));
  let lean = mix(sand_lean, sea_lean, water);
  // Far off one sees mostly the sides of the waves that face one.
  let normal = normalize(vec3<f32>(-lean.x, 1.0, -lean.y - 0.55 * sqrt(lost) * water));
  let bounced = reflect(view, normal);
  let ray = select(vec3<f32>(bounced.x, abs(bounced.y), bounced.z), vec3<f32>(view.x, -view.y, view.z), is_sky);
  let flat = ray.xy / max(ray.z, 0.2);
  let rise = flat.y;
  var above = sky(pal, flat.x, rise);
  let shine = halo(pal, ray);
  let top = ridges(flat.x);
  let haze = mix(pal.horizon.rgb, above, 0.5);

  var colour: vec3<f32>;
  if is_sky {
    if pal.zenith.w > 0.01 {
      let grid = flat * 26.0;
      let base = floor(grid);
      let r = hash_2d(vec2<i32>(base) + vec2<i32>(400, 90));
      let off = (grid - base - 0.5 - 0.68 * (fract(r * vec2<f32>(91.0, 57.0)) - 0.5)) / 26.0;
      let radius = max(0.0010, 0.75 * pixel);
      let rare = fract(r * 13.7);
      let bright = rare * rare * rare * rare * rare * 0.40 * (0.0010 / radius);
      above += vec3<f32>(0.80, 0.86, 0.95) * (exp2(-dot(off, off) / (radius * radius)) * bright * smoothstep(0.05, 0.30, rise) * pal.zenith.w);
    }
    colour = above + shine;
    let away = length(flat - pal.lamp_ray.xy / pal.lamp_ray.z);
    let disc = 1.0 - smoothstep(pal.horizon.w - 0.0012 - pixel, pal.horizon.w + 0.0012 + pixel, away);
    colour = mix(colour, pal.lamp.rgb * (pal.cloud_shade.w + 0.10 * pal.zenith.w * sin(x * 210.0 + sin(below * 330.0)) * sin(below * 260.0 + 1.0)), disc * pal.lamp_ray.w);

    // Long soft banks low down; the upper middle, where words stand, is kept clear.
    let bank = 0.5 + 0.5 * sin(rise * 17.0 + 1.3 * x + 0.4 + 1.5 * first);
    let rim = smoothstep(0.015, 0.09, rise) * (1.0 - 0.70 * smoothstep(0.20, 0.42, rise));
    let cover = smoothstep(0.0, 0.30, sum.x - 0.36 + 0.5 * pal.middle.w + 0.22 * bank) * rim;
    let aside = flat.x - pal.cloud_lit.w;
    let towards = vec2<f32>(clamp(aside * -1.5, -1.0, 1.0), 0.8);
    let facing = clamp(0.50 - 0.30 * dot(sum.yz, towards), 0.0, 1.0);
    let lit = clamp(facing * (0.50 + 0.9 / (1.0 + aside * aside * 4.0)) + 0.30 * (1.0 - cover), 0.0, 1.0);
    colour = mix(colour, mix(pal.cloud_shade.rgb, pal.cloud_lit.rgb, lit) + shine * 0.7, cover * 0.80);

    let veil = exp2(-rise * 40.0);
    let edge = vec2<f32>(smoothstep(-pixel, pixel, top.x - rise), smoothstep(-pixel, pixel, top.y - rise));
    colour = mix(colour, mix(pal.land.rgb, haze, 0.50 + 0.16 * veil), edge.x);
    colour = mix(colour, mix(pal.land.rgb, haze, 0.16 + 0.30 * veil), edge.y);
  } else {
    let aside = x - pal.cloud_lit.w;
    let warm_side = 1.0 / (1.0 + aside * aside * 3.5);
    let grain = (hash_2d(vec2<i32>(floor(ground * vec2<f32>(70.0, 46.0)))) - 0.5) * exp2(-foot.y * foot.y * 9000.0);
    let rake = clamp(0.42 - 0.22 * dot(sum.yz, pal.lamp_ray.xz * vec2<f32>(1.5, 1.0)), 0.0, 1.0);
    let tone = 0.92 + 0.26 * sum.x + 0.10 * grain;
    let dry = pal.sand.rgb * tone + pal.sand_ray.rgb * (rake * (0.65 + 0.7 * warm_side));
    var bed = dry * mix(1.0, 0.52, damp);
    // The sheet's own thin shadow on the sand before it, and a line of dried lace where the highest wave turned.
    bed *= 1.0 - 0.16 * exp2(-inside * inside * 60.0);
    bed = mix(bed, pal.foam.rgb, 0.16 * clamp(exp2(-soaked * soaked * 90.0) * (0.6 + 2.0 * sum.x), 0.0, 1.0));

    let clear = exp2(-depth * 0.42);
    let through = exp2(-depth * 0.20);
    let tint = mix(pal.deep.rgb, pal.shallow.rgb, clamp(through * 0.85 + 0.30 * crest * gather * scene.movement, 0.0, 1.0));
    let sheet = mix(tint, bed * mix(pal.shallow.rgb / max(pal.foam.rgb, vec3<f32>(0.01)), vec3<f32>(1.0), clear), clear);
    let base = mix(bed, sheet, water);

    let facing = clamp(-dot(view, normal), 0.0, 1.0);
    let dull = 1.0 - facing;
    let fresnel = 0.025 + 0.975 * dull * dull * dull * dull * dull;
    let glass = mix(min(fresnel * 2.2, 0.66) * damp * (0.88 + 0.7 * first) * (0.20 + 0.80 * gloss), min(fresnel * 1.05, 1.0), water);
    above = mix(above, pal.land.rgb, 0.40 * smoothstep(-0.03, 0.04, max(top.x, top.y) - rise) * step(0.001, top.x));
    // Wet sand is a dull mirror: it gives back some of the low sky whichever way one looks.
    above = mix(above, pal.horizon.rgb, 0.35 * (1.0 - water)) + shine * (1.0 - water);
    colour = mix(base, above, glass);

    // The lamp's path: the chance that a wave within this pixel leans just so.
    let rough = mix(0.0036, 0.0011 + lost, water);
    let half_way = pal.lamp_ray.xyz - view;
    let miss = (-half_way.xz / max(half_way.y, 0.001) - lean) * vec2<f32>(0.62, 1.0);
    let sparkle = exp2(-0.72 * dot(miss, miss) / rough) / rough * mix(0.0034 * damp * gloss, 0.0040, water) * (0.15 + fresnel);
    colour += pal.lamp.rgb * (pal.lamp.w * 3.0 * sparkle / (1.0 + sparkle));

    // Foam rides with the sheet, thick at its lip and torn open behind.
    let line_two = depth - 2.1 - 0.8 * tongue + 0.7 * sin(ground.x * 0.6 + 2.0);
    let second = exp2(-max(line_two, 0.0) * 1.5) * smoothstep(-0.15, 0.06, line_two);
    let breaking = smoothstep(0.60, 1.0, crest) * smoothstep(1.2, 2.4, depth) * exp2(-max(depth - 2.5, 0.0) * 0.75) * 0.7 * scene.movement;
    let much = clamp((0.62 * exp2(-depth * 2.2) + 0.50 * second + 0.50 * breaking + 0.30 * exp2(-depth * 0.40)) * (0.75 + 1.5 * first), 0.0, 1.0);
    let soft = 0.045;
    let thread = 1.0 - smoothstep(0.0, 0.15 * much + soft, web);
    let thread_fine = 1.0 - smoothstep(0.0, 0.20 * much + 0.06, web_fine);
    var foam = thread * smoothstep(0.04, 0.45, much) * (0.75 + 0.25 * thread_fine) + thread_fine * smoothstep(0.20, 0.85, much) * 0.60;
    foam += 0.75 * exp2(-depth * depth * 260.0 / (1.0 + foot.y * 40.0)) * (0.7 + first);
    colour = mix(colour, pal.foam.rgb, clamp(foam, 0.0, 1.0) * 0.60 * water);

    // Haze lies along the horizon.
    let near = 1.0 / (1.0 + aside * aside * 5.5);
    let veil = mix(pal.horizon.rgb, pal.glow.rgb, 0.85 * pal.glow.w * near * near);
    colour = mix(colour, veil, 0.55 * exp2(-drop * 75.0));
  }

  // The arc dims half before the film and half after: colours stay true and the lamp stays the brightest thing.
  let dim = mix(0.2, 1.0, pow(clamp(scene.light, 0.0, 1.0), 0.9));

  // A gentle fall-off to the corners holds the eye in the picture.
  let corner = vec2<f32>(x * scene.size.y / scene.size.x, below + HORIZON - 0.5);
  colour *= 1.0 - 0.42 * dot(corner, corner);
  colour *= dim * vec3<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth);
  let grey = dot(colour, vec3<f32>(0.2126, 0.7152, 0.0722));
  colour = max(mix(vec3<f32>(grey), colour, scene.saturation), vec3<f32>(0.0));

  // Two halves of a hash make triangular grain of one step: no bands, and nothing that moves.
  let coarse = hash_2d(vec2<i32>(p)) * 4096.0;
  let dither = fract(coarse) + floor(coarse) / 4096.0 - 1.0;
  return vec4<f32>(encode(film(colour) * dim) + dither / 255.0, 1.0);
}
