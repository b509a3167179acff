// layers: 0
// Owns the picture of drifting colour: folds of coloured silk that turn slowly in the light of one soft lamp. Does not
// own the clock, the breath, the light through the session, or the enlargement of a small target to the screen.
//
// Nothing is baked. Sines bend a plane three times, and a wave over the bent plane is lit like cloth. Lengths are
// fractions of the picture's height, from its middle, downwards. Every motion is a sine with a whole number of turns
// per 3600 s, so it does not jump when the clock wraps. Colours are mixed as square roots of light, because they then
// stay clear where they meet.

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
  mood: f32,            // weather: 0 soft folds .. 1 deep ones
  scale_hint: f32,      // width of the target relative to that of the window, 0 .. 1
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;

const TAU: f32 = 6.2831853;

// Returns a slow sway, -1..1, with this whole number of `turns` per hour of the clock.
fn sway(turns: f32, offset: f32) -> f32 {
  return sin(TAU * fract(scene.time_s * turns / 3600.0) + offset) * scene.movement;
}

// Returns a colour for the time of day, as square roots of light.
fn of_hour(dawn: vec3<f32>, day: vec3<f32>, dusk: vec3<f32>, night: vec3<f32>) -> vec3<f32> {
  let h = max(vec4<f32>(0.0), 1.0 - abs(vec4<f32>(clamp(scene.hour, 0.0, 3.0)) - vec4<f32>(0.0, 1.0, 2.0, 3.0)));
  return pow(dawn * h.x + day * h.y + dusk * h.z + night * h.w, vec3<f32>(1.1));
}

fn hash(seed: vec2<i32>) -> vec2<f32> {
  var n = bitcast<u32>(seed.x) * 0x9E3779B1u ^ bitcast<u32>(seed.y) * 0x85EBCA77u;
  n = (n ^ (n >> 15u)) * 0x2C1B3C6Du;
  n = (n ^ (n >> 12u)) * 0x297A2D39u;
  n = n ^ (n >> 15u);
  return vec2<f32>(vec2<u32>(n >> 8u, (n * 0x9E3779B1u) >> 8u)) * (1.0 / 16777216.0);
}

// What is the same for every pixel is computed in the three vertices, and passed on without interpolation.
struct Moment {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) air: vec4<f32>,      // hue of flat parts; w: aspect ratio
  @location(1) @interpolate(flat) lamp: vec4<f32>,     // hue of the sheen; w: level of the breath
  @location(2) @interpolate(flat) high: vec4<f32>,     // hue of crests, the first of four hues down to shadow; w: height of a pixel
  @location(3) @interpolate(flat) half_way: vec4<f32>,  // w: dimming toward night
  @location(4) @interpolate(flat) low: vec4<f32>,
  @location(5) @interpolate(flat) shadow: vec4<f32>,
  @location(6) @interpolate(flat) turn: vec4<f32>,     // phases of the bends
  @location(7) @interpolate(flat) turn_2: vec4<f32>,
  @location(8) @interpolate(flat) grade: vec4<f32>,    // gains for the warmth; w: apparent steepness of folds
  @location(9) @interpolate(flat) middle: vec4<f32>,   // position of the lamp (xy); w: phase of the folds
};

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Moment {
  var out: Moment;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  let breath = clamp(scene.breath, 0.0, 1.0);
  let wide = min(1.0, scene.size.x / (scene.size.y * 1.6));

  let air = of_hour(vec3<f32>(0.66, 0.74, 0.97), vec3<f32>(0.66, 0.88, 0.99), vec3<f32>(0.42, 0.27, 0.66), vec3<f32>(0.13, 0.18, 0.46));
  let lamp = of_hour(vec3<f32>(1.13, 0.98, 0.84), vec3<f32>(1.10, 1.06, 0.76), vec3<f32>(1.14, 0.90, 0.64), vec3<f32>(0.70, 0.92, 0.90));
  let high = of_hour(vec3<f32>(1.07, 0.81, 0.66), vec3<f32>(0.92, 0.99, 0.74), vec3<f32>(1.04, 0.61, 0.41), vec3<f32>(0.20, 0.62, 0.60));
  let half_way = of_hour(vec3<f32>(1.00, 0.63, 0.69), vec3<f32>(0.44, 0.87, 0.83), vec3<f32>(0.95, 0.39, 0.48), vec3<f32>(0.13, 0.41, 0.62));
  let low = of_hour(vec3<f32>(0.77, 0.62, 0.92), vec3<f32>(0.34, 0.72, 0.93), vec3<f32>(0.63, 0.26, 0.57), vec3<f32>(0.22, 0.23, 0.56));
  let shadow = of_hour(vec3<f32>(0.57, 0.52, 0.87), vec3<f32>(0.20, 0.53, 0.80), vec3<f32>(0.33, 0.15, 0.48), vec3<f32>(0.07, 0.08, 0.29));
  out.air = vec4<f32>(air, scene.size.x / scene.size.y);
  out.lamp = vec4<f32>(lamp, breath);
  out.high = vec4<f32>(high, 1.0 / scene.size.y);
  out.half_way = vec4<f32>(half_way, night_veil(scene.light));
  out.low = vec4<f32>(low, 0.0);
  out.shadow = vec4<f32>(shadow, 0.0);
  out.turn = vec4<f32>(0.9 * sway(11.0, 0.0), 1.1 * sway(13.0, 1.0), sway(9.0, 2.0), 1.2 * sway(7.0, 0.5));
  out.turn_2 = vec4<f32>(1.4 * sway(15.0, 0.4), 1.2 * sway(17.0, 2.4), 0.0, 0.0);
  out.grade = vec4<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth, mix(0.26, 0.36, clamp(scene.mood, 0.0, 1.0)));
  // An in-breath moves every fold a little further.
  out.middle = vec4<f32>(wide * 0.22, -0.10, 0.0, 1.3 * sway(8.0, 1.4) + 0.30 * (breath - 0.5) * scene.movement);
  return out;
}

// Returns the position on the bent plane (xy), and the height of the wave over it (z).
fn silk(at: vec2<f32>, now: Moment) -> vec3<f32> {
  var p = at;
  p += 0.42 * vec2<f32>(sin(p.y * 2.1 + now.turn.x + 0.6), sin(p.x * 1.7 + now.turn.y + 2.0));
  p += 0.24 * vec2<f32>(sin(p.y * 3.3 - p.x + now.turn.z), sin(p.x * 2.9 + now.turn.w + 4.0));
  p += 0.11 * vec2<f32>(sin(p.y * 5.7 + now.turn_2.x + 1.0), sin(p.x * 5.1 + now.turn_2.y));
  return vec3<f32>(p, sin(p.x * 2.3 + p.y * 3.4 + now.middle.w));
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

@fragment
fn fragment_main(now: Moment) -> @location(0) vec4<f32> {
  let at = (now.position.xy - 0.5 * scene.size) * now.high.w;
  let breath = now.lamp.w;
  let on_silk = at * 1.12 + vec2<f32>(1.50, 1.90);
  let step = 0.012;
  let here = silk(on_silk, now);
  let aside = silk(on_silk + vec2<f32>(step, 0.0), now);
  let below = silk(on_silk + vec2<f32>(0.0, step), now);
  let slope = vec2<f32>(aside.z - here.z, below.z - here.z) / step;
  let normal = normalize(vec3<f32>(-slope * now.grade.w, 1.0));
  let lit = clamp(dot(normal, normalize(vec3<f32>(now.middle.xy - at, 0.40))), 0.0, 1.0);

  // The hue depends on the height of the fold. Parts that face away from the light change through the lower hues into
  // shadow, never through brown.
  let rise = 0.5 + 0.5 * here.z;
  let warm = smoothstep(0.15, 0.85, 0.5 + 0.5 * sin(here.x * 1.35 + 0.4 - 0.5 * here.y));
  let lying = smoothstep(0.35, 1.0, 0.5 + 0.5 * sin(here.y * 1.5 - 0.9)) * (1.0 - 0.7 * rise);
  var colour = mix(mix(now.low.rgb, now.half_way.rgb, smoothstep(0.1, 0.9, rise)), mix(now.half_way.rgb, now.high.rgb, smoothstep(0.0, 0.8, rise)), warm);
  colour = mix(colour, now.air.rgb, 0.75 * lying);
  let shade = 1.0 - smoothstep(0.10, 0.98, lit);
  colour = mix(colour, now.low.rgb, 0.55 * shade);
  colour = mix(colour, now.shadow.rgb, 0.64 * shade) * (1.0 - 0.15 * shade);

  // The sheen of the lamp grows with the breath.
  let off = at - now.middle.xy;
  let near = exp2(-dot(off, off) * (6.5 - 1.8 * breath));
  let sheen = lit * lit * lit * lit;
  colour = mix(colour, now.lamp.rgb, clamp(sheen * (0.14 + 0.64 * near * (0.70 + 0.32 * breath)), 0.0, 0.92));
  let even = dot(colour, vec3<f32>(0.30, 0.55, 0.15));
  colour = max(vec3<f32>(even) + (colour - even) * 1.14, vec3<f32>(0.0));

  let corner = vec2<f32>(at.x / now.air.w, at.y);
  var light = colour * colour * (1.08 - 0.40 * dot(corner, corner));
  light *= now.grade.rgb;
  let grey = dot(light, vec3<f32>(0.2126, 0.7152, 0.0722));
  light = max(mix(vec3<f32>(grey), light, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular noise of one step, which hides bands. The noise depends only on the pixel, so
  // it does not move.
  let r = hash(vec2<i32>(now.position.xy));
  return vec4<f32>(toward_night(encode(film(light)), now.half_way.w) + (r.x + r.y - 1.0) / 255.0, 1.0);
}
