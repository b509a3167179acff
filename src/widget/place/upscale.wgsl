// Owns the drawing of one picture on the screen. A small picture is enlarged with a smooth and slightly sharpening
// filter, because its pixels would otherwise show as blocks. A picture also gets its light, the glow of the breath, and
// a dither that hides bands. Does not own the content of the picture.

struct Shown {
  used: vec2<f32>,      // upper left part of the texture, which contains the picture, in texels
  opacity: f32,
  veil: f32,            // dimming: 0 as painted .. 1 night
  tint: vec3<f32>,      // gains of red, green and blue, for the warmth
  grey: f32,            // desaturation: 0 as painted .. 1 without colour
  glow: vec4<f32>,      // where the breath glows: centre and radii, fractions of the screen
  breath: f32,          // level of the breath: 0 out .. 1 in
  spare_0: f32,
  spare_1: f32,
  spare_2: f32,
};

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var smooth_sampler: sampler;
@group(0) @binding(2) var<uniform> shown: Shown;

struct Corner {
  @builtin(position) position: vec4<f32>,
  @location(0) at: vec2<f32>,
};

@vertex
fn vertex_main(@builtin(vertex_index) i: u32) -> Corner {
  let corner = vec2<f32>(f32((i << 1u) & 2u), f32(i & 2u));
  var out: Corner;
  out.position = vec4<f32>(corner * 2.0 - 1.0, 0.0, 1.0);
  out.at = vec2<f32>(corner.x, 1.0 - corner.y);
  return out;
}

// Samples the picture once, within the part of the texture that contains it.
fn tap(texel: vec2<f32>, size: vec2<f32>) -> vec3<f32> {
  let inside = clamp(texel, vec2<f32>(0.5), shown.used - 0.5);
  return textureSampleLevel(picture, smooth_sampler, inside / size, 0.0).rgb;
}

// Enlarges the picture with five bilinear taps, whose weights together approximate a cubic kernel without its corners.
// The negative lobes of the kernel are a little larger than those of Catmull-Rom, which restores the edges that the
// small picture has lost.
fn enlarged(at: vec2<f32>, size: vec2<f32>) -> vec3<f32> {
  let a = -0.62;
  let position = at * shown.used;
  let centre = floor(position - 0.5) + 0.5;
  let f = position - centre;
  let g = 1.0 - f;
  let w0 = a * f * g * g;
  let w3 = a * g * f * f;
  let w1 = 1.0 + f * f * ((a + 2.0) * f - (a + 3.0));
  let w2 = 1.0 - w0 - w1 - w3;
  let w12 = w1 + w2;
  let t0 = centre - 1.0;
  let t12 = centre + w2 / w12;
  let t3 = centre + 2.0;
  let sum = tap(vec2<f32>(t12.x, t0.y), size) * (w12.x * w0.y)
    + tap(vec2<f32>(t0.x, t12.y), size) * (w0.x * w12.y)
    + tap(t12, size) * (w12.x * w12.y)
    + tap(vec2<f32>(t3.x, t12.y), size) * (w3.x * w12.y)
    + tap(vec2<f32>(t12.x, t3.y), size) * (w12.x * w3.y);
  let weight = w12.x * w0.y + w0.x * w12.y + w12.x * w12.y + w3.x * w12.y + w12.x * w3.y;
  return clamp(sum / weight, vec3<f32>(0.0), vec3<f32>(1.0));
}

// Adds the glow of the breath, the colour grade, and the dither. No branch depends on a uniform, because a software
// driver would compile the shader again for each value of the uniform.
fn lit(corner: Corner, texel: vec3<f32>) -> vec3<f32> {
  let away = (corner.at - shown.glow.xy) / shown.glow.zw;
  let inside = max(0.0, 1.0 - dot(away, away));
  var seen = texel * (1.0 + 0.30 * shown.breath * inside * inside * (1.0 - 0.8 * texel));
  seen = mix(seen, vec3<f32>(dot(seen, vec3<f32>(0.2126, 0.7152, 0.0722))), shown.grey);
  seen = toward_night(seen * shown.tint, shown.veil);
  let noise = fract(52.9829189 * fract(dot(corner.position.xy, vec2<f32>(0.06711056, 0.00583715))));
  return clamp(seen + (noise - 0.5) / 255.0, vec3<f32>(0.0), vec3<f32>(1.0));
}

fn one_tap(corner: Corner) -> vec3<f32> {
  let size = vec2<f32>(textureDimensions(picture));
  return lit(corner, tap(corner.at * shown.used, size));
}

fn five_taps(corner: Corner) -> vec3<f32> {
  let size = vec2<f32>(textureDimensions(picture));
  return lit(corner, enlarged(corner.at, size));
}

// Enlarges the picture with a single tap, for a CPU that draws every pixel. The small picture has been sharpened
// before, and the step between two texels is a little steeper than linear, so that edges are not blurred.
fn quick(corner: Corner) -> vec3<f32> {
  let position = corner.at * shown.used - 0.5;
  let whole = floor(position);
  let f = position - whole;
  let steep = f + 0.45 * f * (1.0 - f) * (2.0 * f - 1.0);
  let size = vec2<f32>(textureDimensions(picture));
  let noise = fract(52.9829189 * fract(dot(corner.position.xy, vec2<f32>(0.06711056, 0.00583715))));
  return tap(whole + steep + 0.5, size) + (noise - 0.5) / 255.0;
}

// Sharpens the edges of the small picture. Each result stays close to the range of its neighbours, so that no edge gets
// a halo.
@fragment
fn sharpened(corner: Corner) -> @location(0) vec4<f32> {
  let last = vec2<i32>(shown.used) - 1;
  let at = vec2<i32>(corner.position.xy);
  let middle = textureLoad(picture, at, 0).rgb;
  let left = textureLoad(picture, vec2<i32>(max(at.x - 1, 0), at.y), 0).rgb;
  let right = textureLoad(picture, vec2<i32>(min(at.x + 1, last.x), at.y), 0).rgb;
  let above = textureLoad(picture, vec2<i32>(at.x, max(at.y - 1, 0)), 0).rgb;
  let below = textureLoad(picture, vec2<i32>(at.x, min(at.y + 1, last.y)), 0).rgb;
  let lowest = min(min(min(left, right), min(above, below)), middle);
  let highest = max(max(max(left, right), max(above, below)), middle);
  let lifted = middle + 0.75 * (middle - 0.25 * (left + right + above + below));
  return vec4<f32>(clamp(lifted, lowest - 0.02, highest + 0.02), 1.0);
}

fn linear(seen: vec3<f32>) -> vec3<f32> {
  let low = seen / 12.92;
  let high = pow((seen + 0.055) / 1.055, vec3<f32>(2.4));
  return select(high, low, seen <= vec3<f32>(0.04045));
}

@fragment
fn whole_plain(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(one_tap(corner), shown.opacity);
}

@fragment
fn enlarged_plain(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(five_taps(corner), shown.opacity);
}

@fragment
fn whole_linear(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(linear(one_tap(corner)), shown.opacity);
}

@fragment
fn enlarged_linear(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(linear(five_taps(corner)), shown.opacity);
}

@fragment
fn quick_plain(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(quick(corner), shown.opacity);
}

@fragment
fn quick_linear(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(linear(quick(corner)), shown.opacity);
}
