// A test set like that of the VisioMel challenge: 541 slides whose sizes, resolutions and shares of tissue are drawn from the published
// quantiles of its 1,342 training slides. The same seed gives the same slides; nothing of a real slide is in them.

export const slideCount = 541;

/** Quantiles at these shares, interpolated between them on a logarithmic scale. */
const shares = [0, 0.05, 0.5, 0.95, 1];
export const published = {
  widthPx: [16_384, 43_008, 94_208, 198_464, 220_236],
  heightPx: [15_872, 43_008, 98_048, 380_250, 407_808],
  tissue: [0.0007, 0.012, 0.128, 0.37, 0.56],
  gigapixels: { median: 10.6, mean: 15.5 },
};

/**
 * Microns per pixel of level 0, with the training slides that have it. Of the five and the three values of two groups only the ends
 * were published: their slides are given to these.
 */
const resolutions = [
  { mpp: 0.121399, slides: 90 },
  { mpp: 0.194475, slides: 13 },
  { mpp: 0.220512, slides: 178 },
  { mpp: 0.230213, slides: 177 },
  { mpp: 0.242797, slides: 14 },
  { mpp: 0.25, slides: 730 },
  { mpp: 0.251, slides: 13 },
  { mpp: 0.262762, slides: 64 },
  { mpp: 0.264384, slides: 63 },
];

/** Median sides of the slides of two scanners, which are larger than the others. */
const largeSides = { 0.121399: [177_664, 402_688], 0.194475: [123_648, 249_856] };
/** Published quantiles count all slides; these two scanners have the largest twelfth of them. */
const largeShare = (90 + 13) / 1342;

/** A seeded stream in [0, 1). */
function random(seed) {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number(state >> 11n) / 2 ** 53;
  };
}

/** The value at a share of the slides. */
export function quantile(values, share) {
  const above = Math.max(
    1,
    shares.findIndex((each) => each >= share),
  );
  const part = (share - shares[above - 1]) / (shares[above] - shares[above - 1]);
  return values[above - 1] ** (1 - part) * values[above] ** part;
}

function resolutionAt(share) {
  let left = share * resolutions.reduce((sum, { slides }) => sum + slides, 0);
  for (const { mpp, slides } of resolutions) {
    if (left < slides) return mpp;
    left -= slides;
  }
  return resolutions.at(-1).mpp;
}

/** Sides are multiples of 512, as most of the published ones are. */
const side = (px) => Math.max(512, Math.round(px / 512) * 512);

function sizeOf(mpp, draw) {
  const large = largeSides[mpp];
  if (large !== undefined) return large.map((px) => side(px * (0.9 + 0.12 * draw())));
  const [across, down] = [draw() * (1 - largeShare), draw() * (1 - largeShare)];
  return [side(quantile(published.widthPx, across)), side(quantile(published.heightPx, down))];
}

/** Shares are spread evenly, so that 541 slides have the published quantiles and not only the like of them. */
export function testSet(seed = 1, count = slideCount) {
  const draw = random(seed);
  const slides = Array.from({ length: count }, (_, i) => {
    const mpp = resolutionAt((i + 0.5) / count);
    const [width, height] = sizeOf(mpp, draw);
    return { mpp, width, height, sections: 1 + Math.floor(4 * draw()) };
  });
  const ranks = slides.map((_, i) => ({ i, at: draw() })).sort((a, b) => a.at - b.at);
  return ranks.map(({ i }, rank) => ({ ...slides[i], tissue: quantile(published.tissue, (rank + 0.5) / count) }));
}

/** Where the tissue of a slide is: as many ellipses as it has sections, one after another along its longer side; GeoJSON. */
export function tissueOf({ width, height, sections, tissue }) {
  const along = width > height;
  const cell = along ? [width / sections, height] : [width, height / sections];
  const radius = Math.sqrt(tissue / Math.PI);
  const corners = 48;
  const coordinates = Array.from({ length: sections }, (_, section) => {
    const centre = [cell[0] * (along ? section + 0.5 : 0.5), cell[1] * (along ? 0.5 : section + 0.5)];
    const ring = Array.from({ length: corners + 1 }, (_, i) => {
      const angle = (2 * Math.PI * (i % corners)) / corners;
      return [centre[0] + cell[0] * radius * Math.cos(angle), centre[1] + cell[1] * radius * Math.sin(angle)];
    });
    return [ring];
  });
  return { type: 'MultiPolygon', coordinates };
}
