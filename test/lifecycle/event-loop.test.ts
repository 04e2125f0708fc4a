/** The event loop is never held for 10 ms (README): the longest of all its turns, in CPU time of the JavaScript thread. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LoopScene, longestTurnAllowedMs } from '../support/event-loop.js';

const scene = new LoopScene();

beforeAll(() => scene.draw(), 180_000);
afterAll(() => scene.remove());

describe('the event loop', () => {
  it('is free while 20,000 tiles of a large slide are scored', async () => {
    const { tiles, longestTurnMs } = await scene.score('plain', scene.large, scene.mean);
    expect(tiles).toBeGreaterThan(15_000);
    expect(longestTurnMs).toBeLessThan(longestTurnAllowedMs);
  });
});
