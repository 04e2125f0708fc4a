import { expect, it } from 'vitest';
import { MicrotomeError } from '../../lib/core/errors.js';
import { endsRun } from '../../lib/outputs/embed/ends-run.js';
import type { Scorer } from '../../lib/scoring/scorer.js';

/** Is not asked: it would throw. */
const nobody = null as unknown as Scorer;

it.each([
  ['DEVICE_LOST', 'infer', true],
  ['DISK_FULL', 'csv', true],
  ['OUTPUT_LOCKED', 'csv', true],
  ['CORRUPT_TILE', 'tiles', false],
] as const)('%s while a slide is embedded ends the run of all slides: %s, %s', async (code, stage, ends) => {
  expect(await endsRun(nobody, new MicrotomeError(code, stage, 'found'))).toBe(ends);
});
