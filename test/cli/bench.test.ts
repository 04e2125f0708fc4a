/** microtome bench: its arithmetic is right, and it asks for slides. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figuresOf, spreadOf } from '../../lib/cli/bench/measure.js';
import { temporaryFolder } from '../runs/support.js';
import { cli } from './support.js';

describe('the figures', () => {
  it('are medians with their range', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 });
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it('count slides, tiles and busy time', () => {
    const one = { wallMs: 2000, cpuMs: 3000, tiles: 100, busyMs: { decode: 300, infer: 900, csv: 0 } };
    const figures = figuresOf(4, [one, { ...one, wallMs: 4000 }, { ...one, wallMs: 1000 }]);
    expect(figures.slidesPerHour).toEqual({ median: 7200, lowest: 3600, highest: 14_400 });
    expect(figures.tilesPerSecond.median).toBe(50);
    expect(figures.cpuMsPerTile.median).toBe(30);
    expect(figures.stageShares).toEqual({ infer: 0.75, decode: 0.25 });
    expect(figures.gpuBusyShare).toBeNull();
    expect(figuresOf(4, [one, { ...one, wallMs: 1000 }], 2).gpuBusyShare).toEqual({
      median: 0.3375,
      lowest: 0.225,
      highest: 0.45,
    });
  });
});

describe('microtome bench', () => {
  it('scores slides given and says what it saw, without a score', async () => {
    const folder = await temporaryFolder();
    for (const name of ['a.tif', 'b.tif']) await writeFile(join(folder, name), '');
    const { code, stdout, scorers } = await cli(['bench', folder, '--repetitions', '2', '--slide-mpp', '0.5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/slides +2\n/);
    expect(stdout).toMatch(/slides per hour +\d+ \(\d+ to \d+\)/);
    expect(scorers[0]?.calls).toHaveLength(6);
    expect(scorers[0]?.calls[0]?.options).toMatchObject({ slideMpp: 0.5 });
    expect(scorers[0]?.closed).toBe(true);
  });

  it('gives one line of JSON', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.tif'), '');
    const { code, stdout } = await cli(['bench', folder, join(folder, 'a.tif'), '--repetitions', '1', '--json']);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ slides: 2, repetitions: 1, model: expect.any(String) });
  });

  it('closes the scorer when scoring fails, too', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.tif'), '');
    const { code, scorers } = await cli(['bench', folder], { scorer: { failing: { 'a.tif': 'CORRUPT_TILE' } } });
    expect(code).not.toBe(0);
    expect(scorers[0]?.closed).toBe(true);
  });

  it('says what is missing, before it loads a model', async () => {
    const empty = await temporaryFolder();
    for (const [args, message] of [
      [['--repetitions', '0'], '--repetitions is 0'],
      [[], 'no slide was given; pass slides or a folder of slides'],
      [[empty], 'the folder has no slide'],
    ] as const) {
      const { code, stderr, scorers } = await cli(['bench', ...args]);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
      expect(scorers).toEqual([]);
    }
  });
});
