// Scores a slide in one way while it watches the event loop, and prints tiles, peak memory and the longest turn as JSON.
//   node --expose-gc probe-loop.mjs <plain|geojson-file|geojson-object|mask|tiles|files|held|embed> <slide> <model> [GeoJSON file]
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScorer, embedSlide, openSlide, scoreSlide } from '../../dist/index.js';
import { threadCpuMs, unitMs, watchLoop } from './loop-watch.mjs';

/** Not maxRSS, which starts at the size of the process that started this one. */
const peakKiB = () => Number(readFileSync('/proc/self/status', 'latin1').match(/^VmHWM:\s+(\d+) kB$/m)[1]);

const [what, slide, model, geoJson] = process.argv.slice(2);

/** A mask of one value for each 12 x 12 pixels of a slide of 100,000 x 100,000 pixels: 70 MB. */
async function largeMask() {
  const opened = await openSlide(slide);
  const { width, height } = opened;
  await opened.close();
  const side = 8333;
  const data = new Uint8Array(side * side);
  data.fill(1, (side / 2) * side, (side / 2 + 100) * side);
  return { data, width: side, height: side, level0PerPxX: width / side, level0PerPxY: height / side, badTiles: 0 };
}

/** Four times as long as is allowed, in units and in milliseconds. */
function hold() {
  const began = threadCpuMs();
  for (let i = 0; i < 40 || threadCpuMs() - began < 40; ++i) unitMs();
}

async function embed() {
  const folder = mkdtempSync(join(tmpdir(), 'microtome-loop-embed-'));
  const given = { model, input, keep: 'all' };
  await embedSlide(slide, { ...given, tilesPerSlide: 10, output: join(folder, 'first.h5') });
  globalThis.gc?.();
  const watch = watchLoop();
  const { tiles } = await embedSlide(slide, { ...given, featureType: 'float16', output: join(folder, 'all.h5') });
  const longestTurn = watch.stop();
  rmSync(folder, { recursive: true });
  writeSync(1, JSON.stringify({ tiles, peakKiB: peakKiB(), longestTurn }));
}

/** Masks are read before the first tile, so a part of the tiles is enough. */
const tilesPerSlide = 500;
const ways = {
  plain: () => ({}),
  'geojson-file': () => ({ tilesPerSlide, mask: geoJson }),
  'geojson-object': () => ({ tilesPerSlide, mask: JSON.parse(readFileSync(geoJson, 'utf8')) }),
  mask: async () => ({ tilesPerSlide, mask: await largeMask() }),
  tiles: () => ({ tiles: true, keep: 'all' }),
  held: () => ({ tilesPerSlide, onProgress: hold }),
  files: () => ({ tiles: true, outputFolder: mkdtempSync(join(tmpdir(), 'microtome-loop-files-')) }),
};

const input = { level: 0 };
if (what === 'embed') {
  await embed();
  process.exit();
}
const options = await ways[what]();
const scorer = what === 'files' ? null : await createScorer({ model, input, column: 0 });
// The other ways load the library and the model before the watch, too.
if (scorer === null) await scoreSlide(slide, { model, input, column: 0, tilesPerSlide: 10 });
// What the caller made, such as 40 MB of parsed GeoJSON, is collected now and not in the turns that are watched (--expose-gc).
globalThis.gc?.();
const watch = watchLoop();
const result =
  scorer === null
    ? await scoreSlide(slide, { model, input, column: 0, ...options })
    : await scorer.score(slide, { onProgress: () => {}, ...options });
const longestTurn = watch.stop();
await scorer?.close();
if (options.outputFolder !== undefined) rmSync(options.outputFolder, { recursive: true });
process.stdout.write(JSON.stringify({ tiles: result.tileCount, peakKiB: peakKiB(), longestTurn }));
