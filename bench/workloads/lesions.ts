/** Images as small as those of lesions, each with sides of its own, and an HDF5 file of many of them. */
import { writeFile } from 'node:fs/promises';
import jpeg from '@julusian/jpeg-turbo';
import { hdf5File } from '../../test/images/hdf5-writer.js';
import { Weights } from '../../test/support/onnx-writer.js';
import { cached } from './cache.js';
import { writeStreams } from './jpeg-streams.js';

/** Distinct pictures; a file repeats them. */
const DISTINCT = 400;
/** Raised when other pictures are drawn. */
const DRAWING = 1;

/** A dark spot on skin, with noise: about as many bytes a pixel as a photograph. */
function drawn(width: number, height: number, chance: Weights): Uint8Array {
  const rgb = new Uint8Array(3 * width * height);
  const [skin, spot] = [[214, 170, 150] as const, [110, 70, 60] as const];
  const [x0, y0, radius] = [width * (0.5 + 0.1 * chance.next()), height * (0.5 + 0.1 * chance.next()), width * 0.25];
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const inside = 1 / (1 + Math.exp((Math.hypot(x - x0, y - y0) - radius) / 3));
      const noise = 9 * chance.next();
      for (let c = 0; c < 3; c += 1, at += 1) {
        const value = (skin[c] as number) * (1 - inside) + (spot[c] as number) * inside + noise;
        rgb[at] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  return rgb;
}

/** Sides of 90 to 170 pixels, as most images of ISIC 2024 have. */
function pictures(): readonly Uint8Array[] {
  const chance = new Weights(2024);
  return Array.from({ length: DISTINCT }, () => {
    const side = 130 + Math.round(40 * chance.next());
    const [width, height] = [side, side + Math.round(3 * chance.next())];
    const options = { format: jpeg.FORMAT_RGB, width, height, subsampling: jpeg.SAMP_420, quality: 85 } as const;
    return Uint8Array.from(jpeg.compressSync(Buffer.from(drawn(width, height, chance)), options));
  });
}

export interface Lesions {
  readonly images: number;
  /** HDF5, a dataset for each image. */
  readonly file: string;
  /** The same images in the same order, for contenders that read no HDF5 (workloads/jpeg-streams.ts). */
  readonly streams: string;
}

export async function lesions(images: number): Promise<Lesions> {
  const recipe = [images, DISTINCT, DRAWING];
  const orderOf = (i: number): number => (i * 7919) % DISTINCT;
  const file = await cached('lesions', 'hdf5', recipe, async (path) => {
    const distinct = pictures();
    const entries = Array.from({ length: images }, (_, i) => ({
      name: `ISIC_${String(i).padStart(7, '0')}`,
      content: distinct[orderOf(i)] as Uint8Array,
    }));
    await writeFile(path, hdf5File(entries));
  });
  const streams = await cached('lesions', 'streams', recipe, async (path) =>
    writeStreams(
      path,
      pictures(),
      Uint32Array.from({ length: images }, (_, i) => orderOf(i)),
    ),
  );
  return { images, file, streams };
}
