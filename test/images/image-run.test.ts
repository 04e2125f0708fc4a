/** How a run over images goes: images that fail, interruptions, deadlines, what is told. */
import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loadModel, MicrotomeError } from '../../lib/index.js';
import type { ImageBatch } from '../../lib/scoring/image-scorer.js';
import { FakeClock } from '../runs/fake-time.js';
import { failureOf, temporaryFolder } from '../runs/support.js';
import { cellOf, contentOf, contentsOf, ended, folderWith, isicName, startFake, storedImages } from './support.js';

const names = Array.from({ length: 5 }, (_, i) => isicName(i * 3));

const newOutput = async (): Promise<string> => join(await temporaryFolder(), 'submission.csv');

const tableOf = (rows: readonly string[]): string =>
  `isic_id,target\n${rows.map((name) => `${name},${cellOf(name)}\n`).join('')}`;

/** Ends when the signal is aborted, and by nothing else. */
async function hang(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((_resolve, reject) => {
    const end = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}

/** Batches are given to a scorer in any order: which one it is follows from its first image alone. */
async function firstOf(batch: ImageBatch): Promise<number> {
  const [content] = await contentsOf(batch);
  return Number(/ISIC_(\d+)/.exec(content ?? '')?.[1]);
}

/** Batches that begin with this image, or a later one, are never done. */
function hangsFrom(image: number): (batch: ImageBatch, signal: AbortSignal | undefined) => Promise<void> {
  return async (batch, signal) => {
    if ((await firstOf(batch)) >= image) await hang(signal);
  };
}

describe('images that fail', () => {
  const failingImages = {
    [contentOf(names[1] ?? '')]: 'CORRUPT_TILE',
    [contentOf(names[3] ?? '')]: 'TRUNCATED',
  } as const;

  it('carry the fallback, and the others are scored', async () => {
    const output = await newOutput();
    const notes = { [contentOf(names[0] ?? '')]: 'grey', [contentOf(names[2] ?? '')]: 'grey' };
    const { summary, outcomes } = await ended(await storedImages(names), { output }, { failingImages, notes });
    expect(summary.counts).toMatchObject({ scored: 3, fallback: 2 });
    expect({ ...summary.failures }).toEqual({
      CORRUPT_TILE: { count: 1, examples: [names[1]] },
      TRUNCATED: { count: 1, examples: [names[3]] },
    });
    expect({ ...summary.notes }).toEqual({ grey: { count: 2, examples: [names[0], names[2]] } });
    expect(outcomes[0]?.failures.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'CORRUPT_TILE'],
      [3, 'TRUNCATED'],
    ]);
    expect(await readFile(output, 'utf8')).toContain(`${names[1]},0.250000000\n`);
  });

  it('are left out, told in a status column, or end the run without an output', async () => {
    const images = await storedImages(names);
    const skipped = await newOutput();
    const left = await ended(images, { output: skipped, onError: 'skip' }, { failingImages });
    expect(await readFile(skipped, 'utf8')).toBe(tableOf([names[0], names[2], names[4]] as string[]));
    expect(left.summary.names).toEqual([names[0], names[2], names[4]]);
    expect(left.summary.counts.skipped).toBe(2);
    const told = await newOutput();
    await ended(images, { output: told, onError: 'skip', statusColumn: 'status' }, { failingImages });
    expect((await readFile(told, 'utf8')).split('\n').slice(0, 3)).toEqual([
      'isic_id,target,status',
      `${names[0]},${cellOf(names[0] ?? '')},scored`,
      `${names[1]},,failed: CORRUPT_TILE`,
    ]);
    const output = await newOutput();
    for (const onError of ['error', 'fallback'] as const) {
      const run = startFake(images, { output, onError, overwrite: true }, { failingImages, fallback: null }).run;
      expect(await failureOf(run.done)).toMatchObject({ code: 'CORRUPT_TILE' });
      expect(await readdir(join(output, '..'))).toEqual(['submission.csv.journal']);
    }
  });

  it('with scores that no table takes: not finite, no probability, a further output', async () => {
    const images = await storedImages(names);
    const [first = '', second = ''] = names;
    const value = (content: string): number =>
      content === contentOf(first) ? Number.NaN : content === contentOf(second) ? 1.5 : 0.5;
    const { summary } = await ended(images, {}, { value });
    expect(summary.failures).toMatchObject({
      OUTPUT_NOT_FINITE: { examples: [first] },
      OUTPUT_OUT_OF_RANGE: { examples: [second] },
    });
    const further = { thickness: (content: string) => (content === contentOf(first) ? Number.POSITIVE_INFINITY : 3) };
    const output = await newOutput();
    const all = await ended(images, { output, allOutputs: true, valueColumn: 'p' }, { further });
    expect(all.summary.failures).toMatchObject({ OUTPUT_NOT_FINITE: { examples: [first] } });
    expect((await readFile(output, 'utf8')).split('\n').slice(0, 3)).toEqual([
      'isic_id,p,thickness',
      `${first},0.250000000,`,
      `${second},${cellOf(second)},3.000000000`,
    ]);
    expect((await ended(images, {}, { further })).summary.counts.scored).toBe(5);
  });

  it('a declared range moves scores, and that is counted', async () => {
    const value = (content: string): number => (content === contentOf(names[0] ?? '') ? 7 : 0.5);
    const { summary, outcomes } = await ended(await storedImages(names), {}, { value, clip: [0, 1], fallback: 0.5 });
    expect(summary.clipped).toBe(1);
    expect(outcomes[0]?.clipped).toEqual([0]);
    expect(summary.scores[0]).toBe(1);
  });

  it('a failure of a whole batch ends the run', async () => {
    const output = await newOutput();
    const before = (): never => {
      throw new MicrotomeError('OUT_OF_MEMORY', 'infer', 'made by the test');
    };
    const { run, scorers } = startFake(await storedImages(names), { output }, { before });
    expect(await failureOf(run.done)).toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(scorers[0]?.closed).toBe(true);
    expect(await readdir(join(output, '..'))).toEqual([]);
  });
});

describe('a run that was interrupted', () => {
  const many = Array.from({ length: 4000 }, (_, i) => isicName(i));

  /** Stops after two batches; the others are under way then. */
  async function interrupted(images: string, output: string): Promise<void> {
    const controller = new AbortController();
    const { run } = startFake(images, { output, signal: controller.signal }, { before: hangsFrom(2048) });
    let taken = 0;
    const loop = async (): Promise<void> => {
      for await (const _ of run) if (++taken === 2) controller.abort(new Error('enough'));
    };
    await expect(loop()).rejects.toThrow('enough');
    await expect(run.done).rejects.toThrow('enough');
  }

  it('is completed to the same bytes, and scores nothing twice', async () => {
    const images = await storedImages(many);
    const output = await newOutput();
    await interrupted(images, output);
    const lines = (await readFile(`${output}.journal`, 'utf8')).trimEnd().split('\n');
    // A head, and a line for each batch that ended.
    expect(lines).toHaveLength(3);
    expect(await failureOf(startFake(images, { output }).run.done)).toMatchObject({ code: 'OUTPUT_EXISTS' });
    const { summary, scorers } = await ended(images, { output, resume: true });
    expect(await readFile(output, 'utf8')).toBe(tableOf(many));
    expect(summary.counts).toMatchObject({ resumed: 2048, scored: 4000 - 2048 });
    expect(scorers[0]?.scored).toHaveLength(4000 - 2048);
    expect(summary.resume).toEqual({ gone: [] });
    const again = await ended(images, { output, resume: true });
    expect(again.summary).toMatchObject({ alreadyComplete: true, model: null });
    expect(again.scorers).toEqual([]);
  });

  it('that was killed within a line of its journal scores the images of that line again', async () => {
    const images = await storedImages(many);
    const output = await newOutput();
    await interrupted(images, output);
    const journal = `${output}.journal`;
    const whole = await readFile(journal);
    await writeFile(journal, whole.subarray(0, whole.length - 1000));
    const { summary, scorers } = await ended(images, { output, resume: true });
    expect(await readFile(output, 'utf8')).toBe(tableOf(many));
    expect(summary.counts.resumed).toBe(1024);
    expect(scorers[0]?.scored).toHaveLength(4000 - 1024);
  });

  it('keeps what the journal says of notes, ranges and further outputs; failed images are scored again', async () => {
    const images = await storedImages(names);
    const output = await newOutput();
    const [first = '', second = ''] = names;
    const settings = {
      clip: [0, 0.5] as const,
      value: (content: string) => (content === contentOf(first) ? 9 : 0.25),
      notes: { [contentOf(first)]: 'turned' },
      further: { depth: () => 2 },
      fallback: null,
    };
    const failingImages = { [contentOf(second)]: 'TRUNCATED' } as const;
    const given = { output, allOutputs: true, idColumn: 'id' };
    await failureOf(startFake(images, given, { ...settings, failingImages }).run.done);
    const { summary, scorers } = await ended(images, { ...given, resume: true }, settings);
    expect(scorers[0]?.scored).toEqual([contentOf(second)]);
    expect(summary).toMatchObject({ clipped: 1, counts: { scored: 1, resumed: 4 }, notes: { turned: { count: 1 } } });
    expect((await readFile(output, 'utf8')).split('\n')[1]).toBe(`${first},0.500000000,2.000000000`);
  });

  it('is refused with another file, another kind of images, or images that have changed', async () => {
    const images = await storedImages(many);
    const output = await newOutput();
    await interrupted(images, output);
    const resumed = async (from: string): Promise<MicrotomeError> =>
      failureOf(startFake(from, { output, resume: true }).run.done);
    await utimes(images, 5, 5);
    const changed = await resumed(images);
    expect(changed).toMatchObject({ code: 'RESUME_REFUSED' });
    expect(changed.message).toContain('what is scored was a file of');
    expect((await resumed(await folderWith({ 'a.jpg': 'a' }))).message).toContain('and is image files');

    const folder = await folderWith({ 'a.jpg': 'a', 'b.jpg': 'b' });
    const failingImages = { b: 'TRUNCATED' } as const;
    const other = await newOutput();
    await failureOf(startFake(folder, { output: other }, { failingImages, fallback: null }).run.done);
    await writeFile(join(folder, 'a.jpg'), 'another content');
    const moved = await failureOf(startFake(folder, { output: other, resume: true }).run.done);
    expect(moved).toMatchObject({ code: 'RESUME_REFUSED' });
    expect(moved.message).toContain('images have changed since they were scored: "a"');
    await rename(join(folder, 'a.jpg'), join(folder, 'z.jpg'));
    const { summary } = await ended(folder, { output: other, resume: true });
    expect(summary.resume).toEqual({ gone: ['a'] });
    expect(summary.names).toEqual(['b', 'z']);
  });

  it('refuses a journal that scores an image twice, or is damaged', async () => {
    const images = await storedImages(many);
    const output = await newOutput();
    await interrupted(images, output);
    const journal = `${output}.journal`;
    const lines = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    await writeFile(journal, `${[...lines, lines[1]].join('\n')}\n`);
    const twice = await failureOf(startFake(images, { output, resume: true }).run.done);
    expect(twice.message).toContain('is scored a second time');
    await writeFile(journal, `${[lines[0], lines[1]?.replace('"names"', '"name"'), lines[2]].join('\n')}\n`);
    const damaged = await failureOf(startFake(images, { output, resume: true }).run.done);
    expect(damaged.message).toContain('line 2 is damaged');
  });

  it('leaves the loop: the run is cancelled and can be resumed', async () => {
    const images = await storedImages(many);
    const output = await newOutput();
    const { run } = startFake(images, { output }, { before: hangsFrom(1024) });
    for await (const _ of run) break;
    expect(await failureOf(run.done)).toMatchObject({ code: 'CANCELLED' });
    await ended(images, { output, resume: true });
    expect(await readFile(output, 'utf8')).toBe(tableOf(many));
  });
});

describe('a deadline', () => {
  it('leaves the images that it has no time for to the fallback; a resumed run scores them', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => isicName(i));
    const images = await storedImages(many);
    const output = await newOutput();
    const clock = new FakeClock();
    const before = async (batch: ImageBatch, signal: AbortSignal | undefined): Promise<void> => {
      const first = await firstOf(batch);
      if (first < 512) return;
      const hanging = hang(signal);
      // The time is up when two batches are done and the third one is under way.
      while (first === 512 && (scorers[0]?.scored.length ?? 0) < 512) await nextTurn();
      if (first === 512) clock.advance(60_000);
      await hanging;
    };
    const { run, scorers } = startFake(images, { output, deadline: 60_000 }, { before }, { clock });
    const summary = await run.done;
    expect(summary.deadline).toEqual({ unscored: 5000 - 512 });
    expect(summary.counts).toMatchObject({ scored: 512, fallback: 5000 - 512 });
    const rows = (await readFile(output, 'utf8')).trimEnd().split('\n');
    expect(rows).toHaveLength(5001);
    expect(rows[1]).toBe(`${many[0]},${cellOf(many[0] ?? '')}`);
    expect(rows[5000]).toBe(`${many[4999]},0.250000000`);
  });

  it('without a fallback value, rejects', async () => {
    const images = await storedImages(names);
    const output = await newOutput();
    const clock = new FakeClock();
    const before = async (_: ImageBatch, signal: AbortSignal | undefined): Promise<void> => {
      const hanging = hang(signal);
      clock.advance(5000);
      await hanging;
    };
    const late = startFake(images, { output, deadline: 5000 }, { before, fallback: null }, { clock });
    expect(await failureOf(late.run.done)).toMatchObject({ code: 'DEADLINE' });
  });
});

describe('what is told while it runs', () => {
  it('the model, progress, and a record with counts and failures', async () => {
    const images = await storedImages(names);
    const folder = await temporaryFolder();
    const runRecord = join(folder, 'record.json');
    const told: string[] = [];
    let last: unknown = null;
    const failingImages = { [contentOf(names[1] ?? '')]: 'TRUNCATED' } as const;
    const options = {
      output: join(folder, 'out.csv'),
      runRecord,
      onModel: (model: { name: string }) => told.push(model.name),
      onProgress: (progress: unknown) => {
        last = progress;
      },
    };
    await ended(images, options, { failingImages, model: await loadModel('demo') });
    expect(told).toEqual(['demo']);
    expect(last).toMatchObject({ images: { done: 5, total: 5 }, failed: 1, resumed: 0 });
    const record = JSON.parse(await readFile(runRecord, 'utf8')) as Record<string, unknown>;
    expect(record).toMatchObject({
      state: 'finished',
      model: { name: 'demo' },
      images: { rows: 5, counts: { scored: 4, fallback: 1, pending: 0 }, failures: { TRUNCATED: { count: 1 } } },
      failed: [{ name: names[1], error: 'TRUNCATED' }],
      options: { onError: 'fallback' },
    });
    expect(await failureOf(startFake(images, { runRecord }).run.done)).toMatchObject({ code: 'OUTPUT_EXISTS' });
    const onInput = await failureOf(startFake(images, { runRecord: images, overwrite: true }).run.done);
    expect(onInput).toMatchObject({ code: 'INVALID_OPTION' });
  });
});
