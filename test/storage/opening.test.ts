/** How much opening a slide at an address asks for, over the ways in which writers lay out a TIFF. Counts, no times. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openSlide } from '../../lib/index.js';
import { type Layout, serving, sparseSlide } from './layouts.js';
import { RangeServer } from './range-server.js';

let server: RangeServer;
beforeAll(async () => {
  server = await RangeServer.start({});
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const small = { side: 1792, levels: 7, tile: 64 };
const large = { side: 16384, levels: 7, tile: 256 };

// Where a directory lies is written in the one before it. So behind each level that is larger than what opening may read there
// is a request that nobody can save: of the slide of 1 GB five levels are.
it.each<[string, typeof small, Layout, number]>([
  ['12.9 MB', small, 'tables first', 1],
  ['12.9 MB', small, 'tables last', 2],
  ['12.9 MB', small, 'tables behind each level', 3],
  ['1 GB', large, 'tables first', 1],
  ['1 GB', large, 'tables last', 2],
  ['1 GB', large, 'tables behind each level', 7],
])('%s, %o, %s: %i requests and at most 1 MB', async (_, form, layout, requests) => {
  const object = sparseSlide({ ...form, layout });
  server.faults.push(serving('/sparse.tif', object));
  const slide = await openSlide(server.url('/sparse.tif'));
  await slide.close();
  expect(slide.levels).toHaveLength(object.levels);
  expect(server.seen).toHaveLength(requests);
  expect(server.sentBytes).toBeLessThanOrEqual(1_000_000);
});
