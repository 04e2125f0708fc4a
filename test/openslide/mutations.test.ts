/**
 * Damaged copies of each format, many to a process: each ends in one outcome, "ok" or one of our codes, and no process
 * ends by a signal. Where one does, openslide-python tells whose fault it is: a file that ends OpenSlide ends that one too.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adviceOfCodes } from '../../dist/core/errors.js';
import { dataDir, slideFile } from '../support/data.js';
import { eachLine } from '../support/lines.js';
import {
  dicomSlides,
  hamamatsuSlides,
  leftTiffs,
  library,
  miraxSlides,
  ndpiSlides,
  scannerTiffs,
  python,
  type MadeSlide,
} from './support/tools.js';

/** `scripts/nightly.sh` makes 100 of each. */
const COPIES = Number(process.env.MICROTOME_DAMAGED_COPIES ?? 25);
/** A child that says nothing for so long is taken for one that hangs. */
const SILENCE_MS = 240_000;

interface DamagedSlide extends MadeSlide {
  /** Who reads it; by default the driver that fits. */
  readonly driver?: string;
}

interface Line {
  readonly number: number;
  readonly path?: string;
  readonly what?: string;
  readonly outcome?: string;
}

interface Batch {
  readonly outcomes: readonly Line[];
  /** What was read when the process ended early; null where it did not. */
  readonly ended: (Line & { readonly how: string }) | null;
}

/** Damages and reads the copies from `first` on, in one process. */
function runBatch(slide: DamagedSlide, scratch: string, first: number): Promise<Batch> {
  const script = resolve(import.meta.dirname, 'support/mutate.mjs');
  const args = [script, library, slide.driver ?? 'auto', slide.path, scratch, String(first), String(COPIES)];
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const outcomes: Line[] = [];
    let [last, stderr] = [null as Line | null, ''];
    const kill = () => child.kill('SIGKILL');
    let timer = setTimeout(kill, SILENCE_MS);
    eachLine(child.stdout, (text) => {
      clearTimeout(timer);
      timer = setTimeout(kill, SILENCE_MS);
      const line = JSON.parse(text) as Line;
      if (line.outcome === undefined) last = line;
      else outcomes.push({ ...line, what: last?.what ?? '' });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const how = `${signal ?? `exit ${code}`} ${stderr.trim().split('\n').at(-1) ?? ''}`.trim();
      done({ outcomes, ended: code === 0 || last === null ? null : { ...last, how } });
    });
  });
}

/** Whether openslide-python alone is ended by the slide, or does not end with it. */
function endsPython(path: string): Promise<boolean> {
  return new Promise((done) => {
    const args = ['-B', '-E', '-s', resolve(import.meta.dirname, 'exercise.py'), path];
    execFile(python, args, { timeout: SILENCE_MS, killSignal: 'SIGKILL' }, (error) => done(error?.signal != null));
  });
}

const ndpi = ndpiSlides[0];
const formats: readonly DamagedSlide[] = [
  miraxSlides[3],
  miraxSlides[0],
  hamamatsuSlides[0],
  hamamatsuSlides[2],
  dicomSlides[0],
  ndpi,
  ndpi && { ...ndpi, name: `${ndpi.name} by OpenSlide`, driver: 'openslide' },
  ...scannerTiffs.filter(({ name }) => /^(?:SCN several|BIF plain|Trestle)$/.test(name)),
  // Its tiles overlap, so OpenSlide reads it.
  leftTiffs[0],
  dataDir === null
    ? undefined
    : {
        name: 'SVS by OpenSlide',
        vendor: 'aperio',
        path: slideFile('CMU-1-Small-Region.svs'),
        driver: 'openslide',
      },
].filter((slide) => slide !== undefined);

describe.each(formats)('damaged copies of $name', (slide) => {
  const scratch = mkdtempSync(join(tmpdir(), 'microtome-damaged-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it(`ends in one outcome each: ${COPIES} copies`, async () => {
    const outcomes: Line[] = [];
    const ours: string[] = [];
    const theirs: string[] = [];
    for (let first = 0; first < COPIES; ) {
      const batch = await runBatch(slide, scratch, first);
      outcomes.push(...batch.outcomes);
      if (batch.ended === null) break;
      const { number, path = '', what, how } = batch.ended;
      ((await endsPython(path)) ? theirs : ours).push(`${number}: ${what}: ${how}`);
      first = number + 1;
    }
    const found = outcomes.map(({ outcome = '' }) => outcome);
    const counts = [...new Set(found)].map((one) => `${found.filter((other) => other === one).length} ${one}`);
    const text = counts.join(', ');
    process.stdout.write(`${slide.name}: ${text}; ended by OpenSlide itself: ${theirs.join('; ') || 'none'}\n`);
    expect(ours).toEqual([]);
    // What ended OpenSlide once is refused by our own checks now, before OpenSlide sees it.
    expect(theirs).toEqual([]);
    expect(outcomes.length).toBe(COPIES);
    for (const outcome of found) expect(['ok', ...Object.keys(adviceOfCodes)]).toContain(outcome);
    expect(found.filter((outcome) => outcome !== 'ok').length).toBeGreaterThan(COPIES / 6);
    expect(found).not.toContain('INTERNAL');
  });
});
