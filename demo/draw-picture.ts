/** Draws the picture of README.md anew: `node scripts/picture.mjs` builds and starts it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSlide, scoreSlide } from 'microtome';
import { writePng } from './canvas.js';
import { pictureOf, pictureSlide } from './picture.js';
import { writeSlide } from './slide/index.js';

const picture = fileURLToPath(new URL('../docs/pictures/scored-slide.png', import.meta.resolve('microtome')));
const folder = await mkdtemp(join(tmpdir(), 'microtome-picture-'));
try {
  const path = join(folder, 'slide.tif');
  await writeSlide(path, pictureSlide);
  const { score, tiles } = await scoreSlide(path, { model: 'demo', tiles: true });
  if (tiles === undefined) throw new Error('the result has no tiles');
  const slide = await openSlide(path);
  try {
    const drawn = await pictureOf(slide, score, tiles);
    await mkdir(dirname(picture), { recursive: true });
    await writePng(picture, drawn);
    process.stdout.write(`${picture}: ${drawn.width} x ${drawn.height} px\n`);
  } finally {
    await slide.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
