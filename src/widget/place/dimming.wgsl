// Dimming. It is prepended to the shader of every place, and to the one that draws stills on the screen. `dimming.rs` does
// the same to stills where no shader runs; a test compares the two.

// Progress toward night at a light of 0 to 1: 0 as painted .. 1 darkest. It is the darkness to the power of 1.25.
fn night_veil(light: f32) -> f32 {
  let dark = 1.0 - clamp(light, 0.0, 1.0);
  return dark * sqrt(sqrt(dark));
}

// A displayed colour, dimmed toward night. Bright colours keep more of their light than dark ones. Before they darken, warm
// colours deepen to amber and cool ones to blue, and bright ones most, since they are nearly white. So nothing turns grey.
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

