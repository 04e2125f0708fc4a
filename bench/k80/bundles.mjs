// What the reference bundles (train/reference) compute for one slide when they are as wide as the winners' networks (`--full`).
import { comparedTiles, features, transformer } from './networks.mjs';

const resNet18 = [2, 2, 2, 2];
const resNet34 = [3, 4, 6, 3];

/** A small network that scores a tile: three convolutions, 32, 64 and 128 columns wide. */
function scorer(side) {
  const conv = (from, to, out) => ({
    kind: 'dense',
    macs: out ** 2 * to * from * 9,
    values: from * (out * 4) ** 2 + to * out ** 2,
    weights: 9 * from * to,
  });
  return [conv(3, 32, side / 4), conv(32, 64, side / 16), conv(64, 128, side / 32)];
}

/** Tiles that the rules of the first bundle leave at most, at each scale. */
const mostTiles = 512;
const folds = 5;
const firstHead = comparedTiles(mostTiles, 512, 128);

/**
 * Each bundle: how train/reference/build.py is called so that it reads what the full one reads, whether `deadline` can take tiles
 * from it, and what runs. `inputs`: for each tile input what all tiles of the tissue go through, and what those that are left do.
 * `pictures`: what runs once for a slide, one picture at a time. `picturePx`: pixels that are decoded for them.
 */
export const bundles = {
  first: {
    read: ['--far-level', '3', '--near-level', '2', '--image-level', '5'],
    deadline: false,
    inputs: {
      far: { all: scorer(224), left: features(resNet18, 224), mostLeft: mostTiles, sidePx: 224 },
      near: { all: scorer(320), left: features(resNet18, 320), mostLeft: mostTiles, sidePx: 320 },
    },
    pictures: [
      ...Array(folds).fill(transformer(256, 16, 384, 12)),
      ...Array(folds).fill(transformer(384, 16, 384, 12)),
      // Breslow and ulceration, at both scales.
      ...Array(2 * 2 * folds).fill(firstHead),
    ],
    picturePx: (width, height) => (width * height) / 4 ** 5,
  },
  second: {
    read: ['--max-pixels', '1300000'],
    deadline: false,
    inputs: {},
    pictures: [features(resNet34, 1140)],
    // The level above the budget of pixels is read and reduced.
    picturePx: () => 4 * 1_300_000,
  },
  third: {
    read: ['--mpp', '1'],
    deadline: true,
    inputs: {
      tiles: { all: features(resNet18.slice(0, 3), 224), left: [], mostLeft: Number.POSITIVE_INFINITY, sidePx: 224 },
    },
    pictures: [],
    picturePx: () => 0,
  },
};
