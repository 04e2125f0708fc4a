/**
 * Damaged and hostile files: each in a process of its own and all in one. No crash, nothing on stderr, bounded time and
 * memory, one outcome each; and no file whose tiles cannot be decoded gets a score.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir, slideFile } from '../support/data.js';
import { meanColourModel } from '../support/models/small-graphs.js';

const PROBE = join(import.meta.dirname, '../support/probe-file.mjs');

interface Outcome {
  readonly file: string;
  /** "scored", or the code of the error. */
  readonly outcome: string;
  readonly score?: number;
  readonly cpuMs: number;
}

interface Probe {
  readonly outcomes: readonly Outcome[];
  readonly peakMb: number;
  readonly stderr: string;
}

function probe(model: string, files: readonly string[]): Promise<Probe> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROBE, model, ...files],
      { maxBuffer: 1 << 26, timeout: 300_000 },
      (error, stdout, stderr) => {
        if (error) return reject(new Error(`${files[0]}: exit ${error.code} signal ${error.signal}\n${stderr}`));
        const { outcomes, peakMb } = JSON.parse(stdout) as { outcomes: Outcome[]; peakMb: number };
        resolve({ outcomes, peakMb, stderr });
      },
    );
    child.stdin?.end();
  });
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}

describe.skipIf(dataDir === null || !existsSync(join(dataDir, 'bad')))('bad files', () => {
  const folder = join(dataDir ?? '', 'bad');
  const files = dataDir === null ? [] : readdirSync(folder).sort();
  const scratch = mkdtempSync(join(tmpdir(), 'microtome-bad-'));
  const model = join(scratch, 'mean.onnx');
  const good = slideFile('derived_cmu_pyr_jpeg75_t256.tif');
  const alone = new Map<string, Outcome>();

  beforeAll(() => writeFileSync(model, meanColourModel()));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('each in its own process', async () => {
    const probes = await inParallel(files, (name) => probe(model, [join(folder, name)]));
    probes.forEach(({ outcomes, peakMb, stderr }, i) => {
      const name = files[i] as string;
      expect(outcomes, name).toHaveLength(1);
      const outcome = outcomes[0] as Outcome;
      alone.set(name, outcome);
      expect(stderr, name).toBe('');
      expect(outcome.outcome, name).toMatch(/^(scored|[A-Z_]+)$/);
      expect(outcome.outcome, name).not.toBe('INTERNAL');
      expect(outcome.cpuMs, name).toBeLessThan(5000);
      expect(peakMb, name).toBeLessThan(420);
    });
    expect(alone.size).toBe(files.length);
  }, 600_000);

  it('all in one process, and a good slide scores the same before and after', async () => {
    const { outcomes, stderr } = await probe(model, [good, ...files.map((f) => join(folder, f)), good]);
    expect(stderr).toBe('');
    expect(outcomes).toHaveLength(files.length + 2);
    files.forEach((name, i) => {
      const together = outcomes[i + 1] as Outcome;
      expect([name, together.outcome, together.score]).toEqual([
        name,
        alone.get(name)?.outcome,
        alone.get(name)?.score,
      ]);
    });
    expect(outcomes[0]?.outcome).toBe('scored');
    expect(Object.is(outcomes.at(-1)?.score, outcomes[0]?.score)).toBe(true);
  }, 600_000);
});
