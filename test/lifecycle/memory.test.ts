/** Nothing grows: memory, files and threads are back after a thousand slides; a job stays below its memory limit. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inGoodOrder, runChild } from '../support/child.js';
import { meanColourModel } from '../support/models/small-graphs.js';
import { writeSlide } from '../support/slides.js';

const scratch = mkdtempSync(join(tmpdir(), 'microtome-memory-'));
const slide = join(scratch, 'slide.tif');
const model = join(scratch, 'mean.onnx');

beforeAll(async () => {
  await writeSlide(slide, { width: 1500, height: 1200, seed: 4, tissueShare: 0.5 });
  writeFileSync(model, meanColourModel());
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Growth {
  readonly before: Figures;
  readonly after: Figures;
}
interface Figures {
  readonly residentMb: number;
  readonly threads: number;
  readonly files: number;
}

/** Does `once` 1,000 times, and looks after the first 50 and at the end. */
const thousandTimes = (once: string): string => `
  const figures = async () => ({ residentMb: await residentMb(), threads: threads(), files: openFiles().length });
  const times = async (n) => { for (let i = 0; i < n; i++) { ${once} } };
  await times(50);
  const before = await figures();
  await times(950);
  report({ before, after: await figures() });`;

async function expectFlat(body: string): Promise<void> {
  // V8's young generation grows to tens of megabytes whatever runs: it is held small, so that it hides nothing.
  const flags = ['--expose-gc', '--max-semi-space-size=1'];
  const ending = await runChild<Growth>({ slide, model }, body, { flags });
  expect(ending).toMatchObject(inGoodOrder);
  const { before, after } = ending.report as Growth;
  expect(after).toMatchObject({ threads: before.threads, files: before.files });
  expect(after.residentMb - before.residentMb).toBeLessThanOrEqual(950 * 0.02);
}

describe('a thousand times', () => {
  it('open, region, all tiles, close: memory, files and threads are back', async () => {
    await expectFlat(
      thousandTimes(`
        const s = await openSlide(slide);
        await s.readRegion({ level: 0, x: 200, y: 200, width: 300, height: 300 });
        // Every second slide leaves its batches to the collector.
        for await (const batch of s.tiles({ level: 0, size: 256, keep: 'all' })) if (i % 2 === 0) batch.release();
        await s.close();`),
    );
  });

  it('a score of one scorer: memory, files and threads are back', async () => {
    await expectFlat(`
      const scorer = await createScorer({ model, input: { level: 0 }, keep: 'all' });
      ${thousandTimes('await scorer.score(slide);')}
      await scorer.close();`);
  });
});
