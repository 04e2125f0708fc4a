/** A run with a model that reads values of the metadata: which columns must be there, what a row of the journal depends on. */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { competitionArea, failureOf, type Area, type FakeScorerSettings } from './support.js';
import { csvOf, scoredNames, start } from './start.js';

const reads: FakeScorerSettings = { columns: ['age', 'body_site'] };

async function edited(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, 'utf8')));
}

describe('the columns that the model reads', () => {
  it('reach the slide with its row of the table', async () => {
    const area = await competitionArea(2);
    const started = start(area, { metadata: area.metadata }, reads);
    await started.run.done;
    const [first] = started.scorer.calls;
    expect(first?.options.clinical).toMatchObject({
      body_site: expect.stringMatching(/^trun[ck]$/),
      melanoma_history: null,
    });
    expect(first?.options.slideMpp).toBeGreaterThan(0);
  });

  it('are asked for before any slide is scored', async () => {
    const area = await competitionArea(2);
    const without = start(area, {}, reads);
    expect(await failureOf(without.run.done)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('reads the columns "age", "body_site" of the metadata'),
    });
    await edited(area.metadata, (text) => text.replace('body_site', 'site'));
    const short = start(area, { metadata: area.metadata }, reads);
    const error = await failureOf(short.run.done);
    expect(error).toMatchObject({ code: 'CSV_INVALID', path: area.metadata });
    expect(error.message).toContain('no column "body_site", which the model fake reads');
    expect([...without.scorer.calls, ...short.scorer.calls]).toEqual([]);
  });

  it('are asked for where only the fallback depends on them, unless another fallback is given', async () => {
    const area = await competitionArea(2);
    const byScanner: FakeScorerSettings = { fallbackBy: 'scanner' };
    const short = start(area, { metadata: area.metadata }, byScanner);
    const error = await failureOf(short.run.done);
    expect(error).toMatchObject({ code: 'CSV_INVALID', path: area.metadata });
    expect(error.message).toContain('no column "scanner", which the model fake reads');
    expect(short.scorer.calls).toEqual([]);
    expect((await start(area, { metadata: area.metadata, fallback: 0.2 }, byScanner).run.done).counts.scored).toBe(2);
  });

  it('may be missing where the model reads none of them', async () => {
    const area = await competitionArea(2);
    await edited(area.metadata, (text) => text.replace('body_site', 'site'));
    expect((await start(area, { metadata: area.metadata }).run.done).counts.scored).toBe(2);
  });
});

describe('a resumed run', () => {
  async function broken(settings: FakeScorerSettings): Promise<{ area: Area; bad: string; good: readonly string[] }> {
    const area = await competitionArea(4);
    const names = [...area.names].sort();
    const bad = names.at(-1) as string;
    const failing = { [bad]: 'CORRUPT_TILE' as const };
    const first = start(area, { metadata: area.metadata }, { ...settings, fallback: null, failing });
    expect((await failureOf(first.run.done)).code).toBe('CORRUPT_TILE');
    return { area, bad, good: names.slice(0, -1) };
  }

  const ageOf = (name: string) => (text: string) => text.replace(new RegExp(`(${name}),\\[[0-9:]+\\[`), '$1,[70:72[');

  it('scores a slide again whose values have changed, and says which column it was', async () => {
    const { area, bad, good } = await broken(reads);
    await edited(area.metadata, ageOf(good[1] as string));
    const again = start(area, { metadata: area.metadata, resume: true }, { ...reads, fallback: null });
    const { resume } = await again.run.done;
    expect(scoredNames(again)).toEqual([good[1], bad]);
    expect(resume?.again).toMatchObject([{ name: good[1], what: 'metadata', is: { age: '[70:72[' } }]);
    expect(await readFile(area.output, 'utf8')).toBe(csvOf([...good, bad]));
  });

  it('keeps the score where the model reads another column', async () => {
    const { area, bad, good } = await broken({ columns: ['sex'] });
    await edited(area.metadata, ageOf(good[1] as string));
    const again = start(area, { metadata: area.metadata, resume: true }, { columns: ['sex'], fallback: null });
    await again.run.done;
    expect(scoredNames(again)).toEqual([bad]);
  });
});

it('a value that cannot be read fails its slide alone', async () => {
  const area = await competitionArea(3);
  const [bad] = [...area.names].sort();
  const failing = { [bad as string]: 'CLINICAL_INVALID' as const };
  const { run } = start(
    area,
    { metadata: area.metadata, fallback: 0.3 },
    { ...reads, failing, failingStage: 'options' },
  );
  const { rows } = await run.done;
  expect(rows.map(({ source, error }) => [source, error])).toEqual([
    ['fallback', 'CLINICAL_INVALID'],
    ['scored', null],
    ['scored', null],
  ]);
});
