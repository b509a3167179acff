// Owns the dimming of a place. This source is prepended to the shader of every place, and to the shader that draws
// pictures on the screen. `dimming.rs` dims stills in the same way on machines where no shader runs; a test compares
// the two.

// Returns the progress toward night, from 0 (as painted) to 1 (darkest), for a brightness of 0 to 1. It is the darkness
// to the power of 1.25.
fn night_veil(light: f32) -> f32 {
  let dark = 1.0 - clamp(light, 0.0, 1.0);
  return dark * sqrt(sqrt(dark));
}

// Dims a displayed colour toward night. Bright colours keep more of their light than dark ones. Before colours darken,
// warm ones deepen to amber and cool ones to blue, so that nothing turns grey. This is strongest for bright colours,
// which are nearly white.
fn toward_night(seen: vec3<f32>, veil: f32) -> vec3<f32> {
  let hue = veil * (2.0 - veil);
  let luma = dot(seen, vec3<f32>(0.30, 0.59, 0.11));
  let square = luma * luma;
  let white = square * square;
  let warm = smoothstep(-0.08, 0.28, (seen.r - seen.b) * (1.0 + 1.2 * white));
  let tint = mix(vec3<f32>(0.62, 0.82, 1.14), vec3<f32>(1.04, 0.87, 0.66), warm);
  let deeper = max(vec3<f32>(luma) + (seen - luma) * (1.0 + hue * (0.32 + 0.7 * white)), vec3<f32>(0.0));
  let night = deeper * mix(vec3<f32>(1.0), tint, hue) * mix(1.0, 0.15 + 0.33 * square, veil);
  return min(night, vec3<f32>(1.0));
}

