/** What may change between a run and its resumption: which scores are kept, which are computed again, what is refused. */
import { appendFile, copyFile, readFile, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../lib/runs/journal.js';
import type { SlideResult } from '../../lib/scoring/result.js';
import { competitionArea, failureOf, type Area, type FakeScorerSettings } from './support.js';
import { besides, csvOf, scoredNames, start } from './start.js';

const noFallback: FakeScorerSettings = { fallback: null };

/** The last slide fails and nothing stands in for it: the scores of the others are in the journal. */
async function broken(
  options: Record<string, unknown> = {},
  settings: FakeScorerSettings = {},
): Promise<{ area: Area; bad: string; good: readonly string[] }> {
  const area = await competitionArea(4);
  const names = [...area.names].sort();
  const bad = names.at(-1) as string;
  const failing = { [bad]: 'CORRUPT_TILE' as const };
  const first = start(area, options, { ...noFallback, ...settings, failing });
  expect((await failureOf(first.run.done)).code).toBe('CORRUPT_TILE');
  expect(await besides(area)).toEqual(['submission.csv.journal']);
  return { area, bad, good: names.slice(0, -1) };
}

const resumed = (area: Area, options: Record<string, unknown> = {}, settings: FakeScorerSettings = {}) =>
  start(area, { resume: true, ...options }, { ...noFallback, ...settings });

describe('an option that changes no score that is there', () => {
  it.each([
    ['onBadTile, as the message advises', { onBadTile: 'fill' }],
    ['onError', { onError: 'error' }],
    ['onMissing', { onMissing: 'fallback' }],
    ['a fallback value', { fallback: 0.5 }],
    ['a higher limit', { limits: { storedTileBytes: 2 ** 30, directories: 9999 } }],
    ['the seed, where nothing was drawn by it', { seed: 12 }],
    ['a deadline', { deadline: 3_600_000 }],
    ['threads, memory, tiles, slides in flight', { threads: 3, memoryLimit: 2 ** 28, tiles: true, slidesInFlight: 1 }],
    ['the device by another name', { device: 'cpu' }],
  ])('%s: the scores are kept, the failed slide is scored', async (_, options) => {
    const { area, bad, good } = await broken();
    const second = resumed(area, options);
    const summary = await second.run.done;
    expect(scoredNames(second)).toEqual([bad]);
    expect(summary.counts).toMatchObject({ resumed: good.length, scored: 1 });
    expect(summary.resume).toEqual({ again: [], gone: [] });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...good, bad]));
    expect(await besides(area)).toEqual(['submission.csv']);
  });

  it('what becomes of the slide that fails again is decided by the second run', async () => {
    for (const [options, rows] of [
      [{ fallback: 0.75 }, 4],
      [{ onError: 'skip' }, 3],
    ] as const) {
      const { area, bad, good } = await broken();
      const second = resumed(area, options, { failing: { [bad]: 'CORRUPT_TILE' } });
      await second.run.done;
      expect(scoredNames(second)).toEqual([bad]);
      const text = await readFile(area.output, 'utf8');
      expect(text.trimEnd().split('\n')).toHaveLength(rows + 1);
      expect(text.startsWith(csvOf(good))).toBe(true);
      expect(text.includes(`${bad},0.750000000`)).toBe(rows === 4);
    }
  });

  it('several times over, with other options each time', async () => {
    const { area, bad, good } = await broken();
    const failing = { [bad]: 'LIMIT_EXCEEDED' as const };
    for (const options of [{ onBadTile: 'fill' }, { limits: { tableBytes: 2 ** 30 } }, { onError: 'error' }]) {
      const again = resumed(area, options, { failing });
      expect((await failureOf(again.run.done)).code).toBe('LIMIT_EXCEEDED');
      expect(scoredNames(again)).toEqual([bad]);
    }
    expect((await resumed(area).run.done).counts.resumed).toBe(good.length);
  });
});

describe('slides that come and go', () => {
  it('the slide that failed is taken out of the folder', async () => {
    const { area, bad, good } = await broken();
    await unlink(join(area.slides, bad));
    const second = resumed(area);
    expect((await second.run.done).counts).toMatchObject({ resumed: good.length, scored: 0 });
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(good));
  });

  it('a slide that was scored is taken out, others are added before and behind', async () => {
    const { area, bad, good } = await broken();
    await unlink(join(area.slides, good[1] as string));
    for (const name of ['!first.tif', 'zlast.tif']) await writeFile(join(area.slides, name), name);
    const second = resumed(area);
    const summary = await second.run.done;
    expect(scoredNames(second).sort()).toEqual(['!first.tif', bad, 'zlast.tif']);
    expect(summary.resume).toEqual({ again: [], gone: [good[1]] });
    const names = ['!first.tif', good[0] as string, good[2] as string, bad, 'zlast.tif'];
    expect(await readFile(area.output, 'utf8')).toBe(csvOf(names));
  });

  it('rows are taken out of the format, added to it and put in another order', async () => {
    const area = await competitionArea(5);
    const [a, b, c, d, e] = area.names as [string, string, string, string, string];
    const format = (names: readonly string[]) =>
      writeFile(area.format, `filename,relapse\n${names.map((name) => `${name},0.5\n`).join('')}`);
    await format([a, b, c, d]);
    const options = { format: area.format };
    await failureOf(start(area, options, { ...noFallback, failing: { [b]: 'NO_TISSUE' } }).run.done);
    await format([e, d, a, b]);
    const second = resumed(area, options);
    await second.run.done;
    expect(scoredNames(second).sort()).toEqual([b, e].sort());
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([e, d, a, b]));
  });

  it('from the folder to a format and back: a score belongs to its slide', async () => {
    const { area, bad, good } = await broken();
    const failing = { [bad]: 'NO_TISSUE' as const };
    const second = resumed(area, { format: area.format }, { failing });
    await failureOf(second.run.done);
    expect(scoredNames(second)).toEqual([bad]);
    const third = resumed(area);
    expect((await third.run.done).counts.resumed).toBe(good.length);
  });

  it('a slide that is gone and comes back has its score still', async () => {
    const { area, bad, good } = await broken();
    const [first] = good as [string];
    const away = join(area.folder, 'away');
    await rename(join(area.slides, first), away);
    const failing = { [bad]: 'NO_TISSUE' as const };
    await failureOf(resumed(area, {}, { failing }).run.done);
    await rename(away, join(area.slides, first));
    const third = resumed(area);
    await third.run.done;
    expect(scoredNames(third)).toEqual([bad]);
  });

  it('a journal of other slides altogether is refused, for a folder may be the wrong one', async () => {
    const { area, bad, good } = await broken();
    for (const name of [...good, bad]) await rename(join(area.slides, name), join(area.slides, `other-${name}`));
    const journal = await readFile(`${area.output}.journal`);
    const error = await failureOf(resumed(area).run.done);
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('none of its slides is in this run');
    for (const name of good) expect(error.message).toContain(name);
    expect(await readFile(`${area.output}.journal`)).toEqual(journal);
  });
});

describe('a score that depends on what has changed', () => {
  const withTiles = (name: string): Partial<SlideResult> =>
    name.startsWith('0')
      ? { badTiles: 3, missingTiles: 1, warnings: ['2 tiles are white'] }
      : { badTiles: 1, missingTiles: 1 };

  it('onBadTile: only the slide with tiles that could not be decoded is scored again', async () => {
    const { area, bad, good } = await broken({ onBadTile: 'fill' }, { result: withTiles });
    const second = resumed(area, { onBadTile: 'error' });
    const summary = await second.run.done;
    expect(scoredNames(second)).toEqual([good[0], bad]);
    expect(summary.resume?.again).toEqual([{ name: good[0], what: 'onBadTile', was: 'fill', is: 'error' }]);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...good, bad]));
  });

  it('and the same option again keeps all', async () => {
    const { area, bad } = await broken({ onBadTile: 'fill' }, { result: withTiles });
    const second = resumed(area, { onBadTile: 'fill' });
    await second.run.done;
    expect(scoredNames(second)).toEqual([bad]);
  });

  it('a higher limit: only the slide of which something may have been left out', async () => {
    const { area, bad, good } = await broken({}, { result: withTiles });
    const second = resumed(area, { limits: { tableBytes: 2 ** 30 } });
    const summary = await second.run.done;
    expect(scoredNames(second)).toEqual([good[0], bad]);
    expect(summary.resume?.again).toMatchObject([{ what: 'limits.tableBytes', was: 2 ** 28, is: 2 ** 30 }]);
  });

  it('a lower limit: all, for any of them may exceed it', async () => {
    const { area, good } = await broken();
    const summary = await resumed(area, { limits: { tableBytes: 4096 } }).run.done;
    expect(summary.counts).toMatchObject({ resumed: 0, scored: 4 });
    expect(summary.resume?.again.map(({ name }) => name)).toEqual(good);
  });

  it('the seed: only the slides of which a choice of tiles was scored', async () => {
    const sampled = { tiles: 5, of: 9, reason: 'tilesPerSlide', seed: 0 } as const;
    const read = { level: 0, mpp: 1, policy: 'mpp-exact' as const, scale: 1, jpegReduction: 1, sampled };
    const options = { tilesPerSlide: 5 };
    // The tiles of the first input are all scored: those of another one are a choice.
    const reads = { far: { ...read, sampled: null }, near: read };
    const { area, bad, good } = await broken(options, { result: (name) => (name.startsWith('1') ? { reads } : {}) });
    const second = resumed(area, { ...options, seed: 4 });
    await second.run.done;
    expect(scoredNames(second)).toEqual([good[1], bad]);
  });

  it('the metadata: only the slide whose resolution is another one', async () => {
    const { area, bad, good } = await broken();
    // Given where there was none: resolutions count where they are said.
    const head = 'filename,age,sex,body_site,melanoma_history,resolution\n';
    const row = (name: string, resolution: string, age = '[30:32[') => `${name},${age},1,trunk,,${resolution}\n`;
    const rest = [...good.slice(1), bad].map((name) => row(name, '')).join('');
    await writeFile(area.metadata, head + row(good[0] as string, '0.25') + rest);
    const options = { metadata: area.metadata };
    const failing = { [bad]: 'NO_TISSUE' as const };
    const second = resumed(area, options, { failing });
    await failureOf(second.run.done);
    expect(scoredNames(second)).toEqual([good[0], bad]);
    // Another resolution of one, another age of all.
    const older = [...good.slice(1), bad].map((name) => row(name, '', '[60:62[')).join('');
    await writeFile(area.metadata, head + row(good[0] as string, '0.5') + older);
    const third = resumed(area, options);
    const summary = await third.run.done;
    expect(scoredNames(third)).toEqual([good[0], bad]);
    expect(summary.resume?.again).toEqual([{ name: good[0], what: 'metadata', was: 0.25, is: 0.5 }]);
  });

  it('a score that could not be made again stays away, and comes back with the option', async () => {
    const { area, bad, good } = await broken({ onBadTile: 'fill' }, { result: withTiles });
    const failing = { [bad]: 'CORRUPT_TILE' as const, [good[0] as string]: 'CORRUPT_TILE' as const };
    await failureOf(resumed(area, {}, { failing }).run.done);
    const third = resumed(area, { onBadTile: 'fill' }, { result: withTiles });
    await third.run.done;
    expect(scoredNames(third)).toEqual([good[0], bad]);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...good, bad]));
  });
});

describe('a resumption that is refused', () => {
  async function refusal(
    area: Area,
    options: Record<string, unknown> = {},
    settings: FakeScorerSettings = {},
    more = {},
  ) {
    const journal = await readFile(`${area.output}.journal`);
    const given = { resume: true, ...options };
    const error = await failureOf(start(area, given, { ...noFallback, ...settings }, more).run.done);
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('overwrite: true');
    expect(await readFile(`${area.output}.journal`)).toEqual(journal);
    expect(await besides(area)).toEqual(['submission.csv.journal']);
    expect(error.message).not.toMatch(/[0-9a-f]{32}/);
    return error.message;
  }

  it('names each option that changes every score, with both values', async () => {
    const { area } = await broken({ mpp: 0.5, keep: 'all', tissue: { overviewSide: 512 } });
    const message = await refusal(area, { mpp: 2, minTissueFraction: 0.5, keep: 'fraction' });
    expect(message).toContain('the option mpp was 0.5 and is 2');
    expect(message).toContain('the option keep was "all" and is "fraction"');
    expect(message).toContain('the option minTissueFraction was not given and is 0.5');
    expect(message).toContain('the option tissue.overviewSide was 512 and is not given');
  });

  it('says how to give the resolution of one slide', async () => {
    const { area } = await broken();
    const message = await refusal(area, { slideMpp: 0.25 });
    expect(message).toContain('the option slideMpp was not given and is 0.25');
    expect(message).toContain('in the column resolution of metadata');
  });

  it('names the model, and a mask by its option', async () => {
    const mask = (x: number) => ({
      type: 'Polygon',
      coordinates: [
        [
          [x, 0],
          [9, 0],
          [9, 9],
          [x, 0],
        ],
      ],
    });
    const { area } = await broken({ mask: mask(0) });
    const message = await refusal(area, { mask: mask(1) }, { sha256: 'b'.repeat(64) });
    expect(message).toContain('the model was "fake" (sha256 aaaaaaaaaaaa…) and is "fake" (sha256 bbbbbbbbbbbb…)');
    expect(message).toContain('the content of mask is not what it was');
  });

  it('names the runtime, the instructions and the libraries', async () => {
    const area = await competitionArea(2);
    const machine = async () => ({ 'ONNX Runtime': '1.29.0 (git 1)', 'the SIMD level': 'avx2', libvips: 'a, 5 bytes' });
    const failing = { [area.names[0] as string]: 'NO_TISSUE' as const };
    await failureOf(start(area, {}, { ...noFallback, failing }, { machine }).run.done);
    const other = async () => ({ 'ONNX Runtime': '1.29.0 (git 2)', 'the SIMD level': 'avx512', libvips: 'b, 5 bytes' });
    const message = await refusal(area, {}, {}, { machine: other });
    expect(message).toContain('ONNX Runtime was 1.29.0 (git 1) and is 1.29.0 (git 2)');
    expect(message).toContain('the SIMD level was avx2 and is avx512');
    expect(message).toContain('libvips was a, 5 bytes and is b, 5 bytes');
    await start(area, { resume: true }, noFallback, { machine }).run.done;
  });

  it('names every slide that has changed, and how', async () => {
    const { area, good } = await broken();
    const [longer, touched, replaced] = good.map((name) => join(area.slides, name)) as [string, string, string];
    await appendFile(longer, 'xx');
    await utimes(touched, 1000, 1000);
    await copyFile(replaced, `${replaced}.new`);
    await rename(`${replaced}.new`, replaced);
    const message = await refusal(area);
    expect(message).toMatch(new RegExp(`"${good[0]}" had \\d+ bytes and has \\d+`));
    expect(message).toMatch(new RegExp(`"${good[1]}" was modified at .*Z and is of 1970-01-01T00:16:40.000000000Z`));
    expect(message).toMatch(new RegExp(`"${good[2]}" .*was replaced \\(inode \\d+ and now \\d+\\)`));
  });

  it('a slide that failed may have changed', async () => {
    const { area, bad } = await broken();
    await appendFile(join(area.slides, bad), 'repaired');
    expect((await resumed(area).run.done).counts).toMatchObject({ resumed: 3, scored: 1 });
  });

  it('a metadata file that is left out was forgotten', async () => {
    const area = await competitionArea(2);
    const failing = { [area.names[0] as string]: 'NO_TISSUE' as const };
    await failureOf(start(area, { metadata: area.metadata }, { ...noFallback, failing }).run.done);
    expect(await refusal(area)).toContain('the metadata file was given and is not given (metadata)');
  });
});

describe('the journal itself', () => {
  it('has the key of each row, and one line for each row once it is gone on with', async () => {
    const { area, bad, good } = await broken({ onBadTile: 'fill', limits: { tableBytes: 2 ** 20 } });
    const read = await readJournal(`${area.output}.journal`);
    expect([...(read?.rows.keys() ?? [])].sort()).toEqual([...good, bad]);
    expect(read?.rows.get(good[0] as string)?.own).toEqual({
      slideMpp: null,
      warned: false,
      options: { 'limits.tableBytes': 2 ** 20 },
    });
    expect(read?.key).toMatchObject({ version: 2, options: {} });
  });

  it('of an earlier version is refused in words', async () => {
    const area = await competitionArea(2);
    const { sha256 } = await import('../../lib/runs/canonical.js');
    const body = '"head":{"tool":"0.1.0","model":"m","format":null,"metadata":null,"rows":"r","options":{}}}';
    await writeFile(`${area.output}.journal`, `{"sum":"${sha256(body).slice(0, 16)}",${body}\n`);
    const error = await failureOf(resumed(area).run.done);
    expect(error.code).toBe('RESUME_REFUSED');
    expect(error.message).toContain('of another version of microtome');
    await rm(`${area.output}.journal`);
  });
});
