/** The table on stdout, the JSON lines, the lines on stderr and the exit code of a run tell the same. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { progressView } from '../../lib/cli/progress.js';
import type { DirectoryProgress } from '../../lib/index.js';
import { competitionArea } from '../runs/support.js';
import { cli, type CliResult } from './support.js';

const failedLines = (run: CliResult): number => (run.stderr.match(/^failed: /gm) ?? []).length;
const lastLine = (run: CliResult): string => run.stderr.trimEnd().split('\n').at(-1) ?? '';

describe('a run of four slides, of which one fails', () => {
  const failing = async (fallback: number | null) => {
    const area = await competitionArea(4);
    const bad = area.names[2] as string;
    return { area, bad, scorer: { fallback, failing: { [bad]: 'CORRUPT_TILE' as const } } };
  };

  it('without an output: a code in the table, "1 failed" at the end, exit 1', async () => {
    for (const fallback of [0.25, null]) {
      const { area, bad, scorer } = await failing(fallback);
      const run = await cli(['score', area.slides, '--model', 'demo', '--progress', 'plain'], { scorer });
      const rows = run.stdout.trimEnd().split('\n');
      expect(rows).toHaveLength(4);
      expect(rows.filter((row) => row.startsWith('CORRUPT_TILE\t'))).toHaveLength(1);
      expect(failedLines(run)).toBe(1);
      expect(lastLine(run)).toMatch(/^4 rows, 1 failed, /);
      expect(lastLine(run)).not.toContain('fallback');
      expect(run.stderr).toContain(`/${bad}: CORRUPT_TILE: `);
      expect(run.code).toBe(1);
    }
  });

  it('into a CSV: the fallback in its row, in the JSON line and in the last line, exit 3', async () => {
    const { area, bad, scorer } = await failing(0.25);
    const argv = ['score', area.slides, '--model', 'demo', '--out', area.output, '--json', '--progress', 'plain'];
    const run = await cli(argv, { scorer });
    const lines = run.stdout.trimEnd().split('\n');
    const outcomes = lines.map((line) => JSON.parse(line) as { ok: boolean; error?: { path?: string } });
    const failed = outcomes.filter(({ ok }) => !ok);
    expect([outcomes.length, failed.length, failedLines(run)]).toEqual([4, 1, 1]);
    expect(failed[0]).toMatchObject({ fallback: 0.25, error: { code: 'CORRUPT_TILE', stage: 'decode' } });
    expect(failed[0]?.error?.path).toContain(bad);
    expect(await readFile(area.output, 'utf8')).toContain(`${bad},0.250000000\n`);
    expect(lastLine(run)).toContain('4 rows, 1 failed and carry the fallback, ');
    expect(run.code).toBe(3);
  });

  it('tells of the failed slide before the line that ends the progress', async () => {
    const { area, scorer } = await failing(0.25);
    const argv = ['score', area.slides, '--model', 'demo', '--out', area.output, '--progress', 'plain'];
    const { stderr } = await cli(argv, { scorer });
    const lines = stderr.trimEnd().split('\n');
    const failed = lines.findIndex((line) => line.startsWith('failed: '));
    const ended = lines.findIndex((line) => line.startsWith('4/4 slides, 1 failed'));
    expect(failed).toBeGreaterThan(-1);
    expect(ended).toBeGreaterThan(failed);
    expect(lines.filter((line) => line.startsWith('4/4 slides'))).toHaveLength(1);
  });

  it('names the path of a failed slide once in its line', async () => {
    const { area, bad, scorer } = await failing(0.25);
    const { stderr } = await cli(['score', area.slides, '--model', 'demo'], { scorer });
    const line = stderr.split('\n').find((one) => one.startsWith('failed: ')) ?? '';
    expect(line.split(`/${bad}`)).toHaveLength(2);
  });
});

describe('exit codes', () => {
  it('an address that is not read is refused before any work', async () => {
    const { openSlide } = await import('../../lib/index.js');
    for (const address of ['ftp://example.org/a.tif', 'gs://bucket/a.tif']) {
      const run = await cli(['info', address], { library: { openSlide } });
      expect(run.stderr).toMatch(/^microtome: NETWORK \(slide\): [^\n]*\n$/);
      expect(run.stderr).toContain(address);
      expect(run.code).toBe(4);
    }
  });
});

describe('plain progress', () => {
  it('ends with one line of all slides, also where more was reported after the last', () => {
    const written: string[] = [];
    const view = progressView('plain', { write: (text) => written.push(text) });
    const at = (done: number): DirectoryProgress => ({
      stage: 'infer',
      slides: { done, total: 2 },
      tiles: { done: 0, total: 0 },
      tilesPerSecond: 0,
      elapsedMs: 10_000,
      timeLeftMs: null,
      failed: 0,
      resumed: 0,
      slidesPerHour: 0,
    });
    for (const done of [1, 2, 2]) view.update(at(done));
    view.note('failed: b.tif');
    view.end();
    view.end();
    expect(written.map((line) => line.split(',')[0]?.trim())).toEqual(['1/2 slides', 'failed: b.tif', '2/2 slides']);
  });
});
