/** The event loop stays free with large masks and with large tables of tiles, too (event-loop.test.ts). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LoopScene, longestTurnAllowed } from '../support/event-loop.js';

const scene = new LoopScene();
let geoJson = '';

beforeAll(async () => {
  await scene.draw();
  geoJson = scene.geoJson();
}, 180_000);
afterAll(() => scene.remove());

// Of one run the worst turn counts. A run that others disturb is done again: what holds the loop, holds it each time.
describe('the event loop', { retry: 3 }, () => {
  it.each(['geojson-file', 'geojson-object', 'mask'] as const)('is free with a large %s', async (way) => {
    const { tiles, longestTurn } = await scene.score(way, scene.large, scene.mean, geoJson);
    expect(tiles).toBe(500);
    expect(longestTurn.held).toBeLessThan(longestTurnAllowed);
  });

  it('is free while a table of 100,000 tiles and 48 columns is made', async () => {
    const { tiles, longestTurn } = await scene.score('tiles', scene.many, scene.wide);
    expect(tiles).toBe(317 ** 2);
    expect(longestTurn.held).toBeLessThan(longestTurnAllowed);
  });

  it('is free while files are made of such a table, which the caller keeps', async () => {
    const { tiles, longestTurn } = await scene.score('files', scene.many, scene.wide);
    expect(tiles).toBeGreaterThan(50_000);
    expect(longestTurn.held).toBeLessThan(longestTurnAllowed);
  });

  it('is free while the features of 100,000 tiles are written', async () => {
    const { tiles, longestTurn } = await scene.score('embed', scene.many, scene.wide);
    expect(tiles).toBe(317 ** 2);
    expect(longestTurn.held).toBeLessThan(longestTurnAllowed);
  });
});
