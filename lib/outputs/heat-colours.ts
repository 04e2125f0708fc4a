/**
 * The colours of a heat map: from dark blue over green to light yellow, so that equal steps of the value look equally far
 * apart. The path is laid in Oklab, a space in which distances are what the eye sees, and walked in steps of one length.
 */

/** Red, green, blue for each of 256 steps. */
export const heatColours: Uint8Array = coloursAlong([
  // Lightness, green to red, blue to yellow. Lightness rises all the way, so that the order holds in grey too.
  [0.24, 0.02, -0.13],
  [0.4, -0.02, -0.12],
  [0.52, -0.08, -0.04],
  [0.65, -0.12, 0.04],
  [0.78, -0.1, 0.13],
  [0.94, -0.04, 0.17],
]);

type Lab = readonly [lightness: number, greenRed: number, blueYellow: number];

/** Where the value lies between `low` and `high`: the step of the colours, 0 to 255. */
export function heatStep(value: number, low: number, high: number): number {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  return Math.round(Math.min(Math.max(share, 0), 1) * 255);
}

function coloursAlong(corners: readonly Lab[]): Uint8Array {
  const path = smooth(corners);
  const lengths = [0];
  for (let i = 1; i < path.length; ++i)
    lengths.push((lengths[i - 1] ?? 0) + distance(path[i - 1] as Lab, path[i] as Lab));
  const whole = lengths.at(-1) ?? 0;
  const colours = new Uint8Array(256 * 3);
  let at = 0;
  for (let step = 0; step < 256; ++step) {
    const wanted = (whole * step) / 255;
    while (at + 2 < path.length && (lengths[at + 1] ?? 0) < wanted) ++at;
    const [from = 0, to = 0] = [lengths[at], lengths[at + 1]];
    const lab = between(path[at] as Lab, path[at + 1] as Lab, to > from ? (wanted - from) / (to - from) : 0);
    colours.set(srgb(lab), step * 3);
  }
  return colours;
}

function distance(a: Lab, b: Lab): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function between(a: Lab, b: Lab, share: number): Lab {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** Corners cut round, three times over (Chaikin). */
function smooth(corners: readonly Lab[]): readonly Lab[] {
  let path = corners;
  for (let round = 0; round < 3; ++round) {
    const cut = path.slice(0, -1).flatMap((point, i) => {
      const next = path[i + 1] as Lab;
      return [between(point, next, 0.25), between(point, next, 0.75)];
    });
    path = [path[0] as Lab, ...cut, path.at(-1) as Lab];
  }
  return path;
}

/** Oklab to 8-bit sRGB (Ottosson, A perceptual color space for image processing, 2020). */
function srgb([lightness, a, b]: Lab): readonly number[] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((value) => {
    const light = Math.min(Math.max(value, 0), 1);
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    return Math.round(encoded * 255);
  });
}
