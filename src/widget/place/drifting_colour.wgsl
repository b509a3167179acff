// layers: 1
// Drifting colour: soft fields of colour on linen, lit as by a candle or a northern window. It owns everything that is
// seen of the place; it does not own the clock, the breath, the arc or the scaling of a small target to the screen.
//
// Layer 0 is the cloth and the hand: r the weave, g and b the thinness of two coats of paint, a how edges fray.
//
// Units: lengths are parts of the picture's height, from its middle, downwards. Every motion is a sine of a whole number
// of turns per 3600 s, so that the wrap of the clock is not seen.

struct Scene {
  size: vec2<f32>,      // target pixels
  time_s: f32,          // 0..3600, wraps
  breath: f32,          // 0..1 level now
  breath_wet: f32,      // not used here
  hour: f32,            // 0 dawn, 1 day, 2 dusk, 3 night
  light: f32,           // 0..1
  warmth: f32,          // -1..1
  saturation: f32,      // 0..1
  movement: f32,        // 0 still .. 1
  mood: f32,            // 0 one haze of colour .. 1 fields that stand apart
  scale_hint: f32,      // target pixels for each window pixel, 0..1
  spare: vec4<f32>,
};

@group(0) @binding(0) var<uniform> scene: Scene;
@group(1) @binding(0) var layers: texture_2d_array<f32>;
@group(1) @binding(1) var soft: sampler;

const TAU: f32 = 6.2831853;

// A slow sway, -1..1: `turns` whole turns per hour of the clock.
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

// Layered noise, about -0.5..0.5.
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


@fragment
fn bake_0(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
  let at = (position.xy - 0.5 * scene.size) / scene.size.y;
  // Weave: threads both ways, each of its own thickness; finer than what the eye takes for a pattern.
  let across = noise(vec2<f32>(at.x * 330.0, at.y * 26.0)) + 0.6 * noise(vec2<f32>(at.x * 150.0, at.y * 9.0));
  let along = noise(vec2<f32>(at.x * 22.0, at.y * 300.0)) + 0.6 * noise(vec2<f32>(at.x * 8.0, at.y * 140.0));
  let weave = 0.5 + 0.42 * (across + along) * (0.7 + 0.8 * cloudy(at * 3.0, 3, 0.5));
  let warp = vec2<f32>(cloudy(at * 2.2 + 5.0, 4, 0.5), cloudy(at * 2.2 + 55.0, 4, 0.5));
  let broad = 0.5 + 0.9 * cloudy((at + 0.35 * warp) * vec2<f32>(1.3, 1.9) + 20.0, 3, 0.40);
  let scumble = 0.5 + 0.8 * cloudy((at + 0.18 * warp) * vec2<f32>(2.6, 6.5) + 90.0, 7, 0.58);
  let fray = 0.5 + 0.9 * cloudy(at * vec2<f32>(3.6, 7.5) + 0.5 * warp + 140.0, 5, 0.46);
  let grain = (hash(vec2<i32>(position.xy)) + hash(vec2<i32>(position.xy) + vec2<i32>(31, 77)) - 1.0) / 255.0;
  return clamp(vec4<f32>(weave, broad, scumble, fray) + grain, vec4<f32>(0.0), vec4<f32>(1.0));
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

// What is the same for every pixel is worked out in the three vertices and handed on flat. Colours are square roots of
// light: mixed so, they stay clear where they meet.
struct Moment {
  @builtin(position) position: vec4<f32>,
  @location(0) @interpolate(flat) ground_high: vec4<f32>,  // w: aspect
  @location(1) @interpolate(flat) ground_low: vec4<f32>,   // w: pixel
  @location(2) @interpolate(flat) field_1: vec4<f32>,      // w: how far apart the fields stand
  @location(3) @interpolate(flat) field_2: vec4<f32>,      // w: the breath's swell
  @location(4) @interpolate(flat) field_3: vec4<f32>,      // w: phase of the sheen
  @location(5) @interpolate(flat) lobe_1: vec4<f32>,       // w: mip level of this scale
  @location(6) @interpolate(flat) lobe_2: vec4<f32>,       // w: veil of the arc
  @location(7) @interpolate(flat) where_1: vec4<f32>,      // middles of the two lobes
  @location(8) @interpolate(flat) where_2: vec4<f32>,      // drift of the paint; drift of the fields
  @location(9) @interpolate(flat) grade: vec4<f32>,        // warmth as light; w: how much the breath lights the fields
  @location(10) @interpolate(flat) halo: vec4<f32>,        // light at the fields' edges; w: how thin the paint may be
};

// A colour that wanders slowly between two.
fn wander(one: vec3<f32>, other: vec3<f32>, turns: f32, offset: f32) -> vec3<f32> {
  return sqrt(mix(one, other, 0.5 + 0.5 * sway(turns, offset)));
}

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Moment {
  var out: Moment;
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  let h = hour_weights();
  let breath = clamp(scene.breath, 0.0, 1.0);
  let mood = clamp(scene.mood, 0.0, 1.0);
  let level = max(-log2(max(scene.scale_hint, 0.05)), 0.0);

  let rose = of_hour(vec3<f32>(0.985, 0.735, 0.665), vec3<f32>(0.95, 0.885, 0.745), vec3<f32>(0.80, 0.44, 0.25), vec3<f32>(0.130, 0.235, 0.370));
  let gold = of_hour(vec3<f32>(1.0, 0.84, 0.645), vec3<f32>(0.955, 0.92, 0.83), vec3<f32>(0.88, 0.57, 0.28), vec3<f32>(0.145, 0.300, 0.365));
  let cool = of_hour(vec3<f32>(0.69, 0.645, 0.845), vec3<f32>(0.565, 0.735, 0.835), vec3<f32>(0.42, 0.20, 0.31), vec3<f32>(0.210, 0.185, 0.400));
  let still = of_hour(vec3<f32>(0.86, 0.69, 0.79), vec3<f32>(0.645, 0.785, 0.805), vec3<f32>(0.33, 0.17, 0.31), vec3<f32>(0.285, 0.205, 0.390));
  let leaf = of_hour(vec3<f32>(0.93, 0.765, 0.735), vec3<f32>(0.735, 0.815, 0.705), vec3<f32>(0.585, 0.315, 0.235), vec3<f32>(0.105, 0.175, 0.275));
  let ember = of_hour(vec3<f32>(0.99, 0.90, 0.80), vec3<f32>(0.97, 0.95, 0.90), vec3<f32>(0.93, 0.66, 0.36), vec3<f32>(0.400, 0.300, 0.310));
  let shade = of_hour(vec3<f32>(0.74, 0.63, 0.68), vec3<f32>(0.74, 0.77, 0.75), vec3<f32>(0.205, 0.095, 0.150), vec3<f32>(0.045, 0.070, 0.120));
  let base = of_hour(vec3<f32>(0.885, 0.735, 0.715), vec3<f32>(0.84, 0.85, 0.81), vec3<f32>(0.285, 0.125, 0.165), vec3<f32>(0.060, 0.095, 0.165));

  out.ground_high = vec4<f32>(wander(base, shade, 9.0, 0.3), scene.size.x / scene.size.y);
  out.ground_low = vec4<f32>(wander(shade, base, 7.0, 2.0) * 0.96, 1.0 / scene.size.y);
  out.field_1 = vec4<f32>(wander(rose, gold, 17.0, 0.0), mood);
  out.field_2 = vec4<f32>(wander(cool, still, 13.0, 1.1), breath - 0.5);
  out.field_3 = vec4<f32>(wander(leaf, cool, 11.0, 4.0), 1.6 * sway(19.0, 0.0));
  out.lobe_1 = vec4<f32>(wander(ember, gold, 15.0, 2.2), level);
  out.lobe_2 = vec4<f32>(wander(still, cool, 21.0, 0.7), night_veil(scene.light));
  out.where_1 = vec4<f32>(-0.30 + 0.26 * sway(23.0, 0.0), -0.16 + 0.10 * sway(31.0, 1.0), 0.36 + 0.24 * sway(19.0, 2.0), 0.12 + 0.12 * sway(27.0, 0.4));
  out.where_2 = vec4<f32>(0.055 * sway(13.0, 0.0), 0.040 * sway(17.0, 1.3), 0.020 * sway(29.0, 0.5), 0.018 * sway(25.0, 2.5));
  out.grade = vec4<f32>(1.0 + 0.10 * scene.warmth, 1.0 + 0.005 * scene.warmth, 1.0 - 0.13 * scene.warmth, dot(h, vec4<f32>(0.085, 0.07, 0.16, 0.26)));
  out.halo = vec4<f32>(sqrt(mix(ember, gold, 0.4)), dot(h, vec4<f32>(0.30, 0.26, 0.36, 0.36)));
  return out;
}

// How much of a field stands here: a soft oblong that frays at its edge. `feather` is how wide the edge is.
fn field(at: vec2<f32>, half: vec2<f32>, feather: f32, fray: f32) -> f32 {
  let away = abs(at) - half + 0.55 * feather + min(0.9 * feather, 0.085) * (fray - 0.5);
  let side = clamp(away / feather, vec2<f32>(0.0), vec2<f32>(1.0));
  let ease = 1.0 - side * side * (3.0 - 2.0 * side);
  return ease.x * ease.y;
}

@fragment
fn fragment_main(now: Moment) -> @location(0) vec4<f32> {
  let pixel = now.ground_low.w;
  let aspect = now.ground_high.w;
  let at = (now.position.xy - 0.5 * scene.size) * pixel;
  let uv = now.position.xy / scene.size;
  let apart = now.field_1.w;
  let swell = now.field_2.w;

  let cloth = textureSampleLevel(layers, soft, uv, 0, now.lobe_1.w);
  let paint = textureSampleLevel(layers, soft, (uv - 0.5) * 0.86 + 0.5 + now.where_2.xy, 0, now.lobe_1.w);
  let bend = vec2<f32>(paint.g - 0.5, cloth.g - 0.5);

  // The ground: two tones and two wide lobes of light that wander.
  let drawn = at + 0.20 * bend * (1.0 - 0.5 * apart);
  var colour = mix(now.ground_high.rgb, now.ground_low.rgb, smoothstep(-0.55, 0.60, drawn.y));
  let one = drawn - now.where_1.xy;
  let two = drawn - now.where_1.zw;
  let full = 1.0 - 0.45 * apart;
  colour = mix(colour, now.lobe_2.rgb, full * 0.85 * exp2(-dot(two, two) * 3.4));
  colour = mix(colour, now.lobe_1.rgb, full * (0.78 + 0.10 * swell) * exp2(-dot(one, one) * 4.6));

  // Three fields, one over the other; apart they stand on the ground, together they are a haze.
  let grown = 0.018 * swell * scene.movement;
  let wide = 0.5 * aspect * mix(1.05, 0.83, apart);
  let feather = mix(0.46, 0.125, sqrt(apart));
  let middle = at + bend * mix(0.16, 0.014, apart);
  let high = field(middle - vec2<f32>(now.where_2.z, -0.235), vec2<f32>(wide, 0.205 + grown + 0.12 * (1.0 - apart)), feather, cloth.a);
  let belt = field(middle - vec2<f32>(-now.where_2.z, 0.050 + now.where_2.w), vec2<f32>(wide * 0.985, 0.082 - 0.5 * grown + 0.16 * (1.0 - apart)), feather * 0.85, paint.a);
  let deep = field(middle - vec2<f32>(0.6 * now.where_2.w, 0.305), vec2<f32>(wide * 1.005, 0.150 + grown + 0.14 * (1.0 - apart)), feather, cloth.a);
  let coat = mix(1.0, 0.5 + 0.5 * (cloth.b + paint.b), now.halo.w) ;
  let strength = mix(0.62, 0.97, apart);
  let inner = 0.94 + 0.10 * paint.g + now.grade.w * swell * 0.5;
  colour = mix(colour, now.field_3.rgb * inner, clamp(deep * strength * coat, 0.0, 1.0));
  colour = mix(colour, now.field_1.rgb * (inner + 0.03), clamp(high * strength * coat, 0.0, 1.0));
  colour = mix(colour, now.field_2.rgb * inner, clamp(belt * mix(0.5, 0.97, apart) * coat, 0.0, 1.0));

  // Where a field ends the light behind it shows through thinner paint.
  let edge = high * (1.0 - high) + deep * (1.0 - deep) + belt * (1.0 - belt);
  colour = mix(colour, now.halo.rgb, 0.13 * edge * (0.4 + 0.6 * apart) * (1.0 + swell * 0.6));

  // Silk: a broad sheen that moves across; and the weave, still.
  let fold = sin(at.x * 3.1 + at.y * 2.2 + 3.4 * (paint.g - 0.5) + now.field_3.w) * sin(at.x * 1.3 - at.y * 2.9 + 2.0 * (paint.b - 0.5) - 0.7 * now.field_3.w);
  colour *= 1.0 + 0.030 * fold + 0.008 * (cloth.r - 0.5);

  let from_candle = vec2<f32>(at.x / aspect, at.y * 0.9 + 0.05);
  var light = colour * colour * (1.10 - 0.62 * dot(from_candle, from_candle) + now.grade.w * swell * exp2(-4.0 * dot(from_candle, from_candle)) * 0.7);
  light *= now.grade.rgb;
  let grey = dot(light, vec3<f32>(0.2126, 0.7152, 0.0722));
  light = max(mix(vec3<f32>(grey), light, scene.saturation), vec3<f32>(0.0));

  // Two parts of a hash make triangular grain of one step: no bands, and nothing that moves.
  let r = hash(vec2<i32>(now.position.xy));
  return vec4<f32>(toward_night(encode(film(light)), now.lobe_2.w) + (r.x + r.y - 1.0) / 255.0, 1.0);
}
