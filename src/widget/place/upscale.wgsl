// Brings a small picture to the screen with a smooth (Catmull-Rom) filter, so that softness does not look like blocks.

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var smooth_sampler: sampler;

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

// Five bilinear taps that together weigh like a Catmull-Rom kernel without its corners.
fn catmull_rom(at: vec2<f32>) -> vec3<f32> {
  let size = vec2<f32>(textureDimensions(picture));
  let position = at * size;
  let centre = floor(position - 0.5) + 0.5;
  let f = position - centre;
  let w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
  let w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
  let w2 = f * (0.5 + f * (2.0 - 1.5 * f));
  let w3 = f * f * (-0.5 + 0.5 * f);
  let w12 = w1 + w2;
  let t0 = (centre - 1.0) / size;
  let t12 = (centre + w2 / w12) / size;
  let t3 = (centre + 2.0) / size;
  let sum = textureSampleLevel(picture, smooth_sampler, vec2<f32>(t12.x, t0.y), 0.0).rgb * (w12.x * w0.y)
    + textureSampleLevel(picture, smooth_sampler, vec2<f32>(t0.x, t12.y), 0.0).rgb * (w0.x * w12.y)
    + textureSampleLevel(picture, smooth_sampler, vec2<f32>(t12.x, t12.y), 0.0).rgb * (w12.x * w12.y)
    + textureSampleLevel(picture, smooth_sampler, vec2<f32>(t3.x, t12.y), 0.0).rgb * (w3.x * w12.y)
    + textureSampleLevel(picture, smooth_sampler, vec2<f32>(t12.x, t3.y), 0.0).rgb * (w12.x * w3.y);
  let weight = w12.x * w0.y + w0.x * w12.y + w12.x * w12.y + w3.x * w12.y + w12.x * w3.y;
  return clamp(sum / weight, vec3<f32>(0.0), vec3<f32>(1.0));
}

@fragment
fn fragment_plain(corner: Corner) -> @location(0) vec4<f32> {
  return vec4<f32>(catmull_rom(corner.at), 1.0);
}

@fragment
fn fragment_linear(corner: Corner) -> @location(0) vec4<f32> {
  let shown = catmull_rom(corner.at);
  let low = shown / 12.92;
  let high = pow((shown + 0.055) / 1.055, vec3<f32>(2.4));
  return vec4<f32>(select(high, low, shown <= vec3<f32>(0.04045)), 1.0);
}
