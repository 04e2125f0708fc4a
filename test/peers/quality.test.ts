/** Quality of tiles against OpenCV. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataDir, slideFile } from '../support/data.js';
import { runPython, runTool } from '../support/python.js';

interface Case {
  readonly name: string;
  readonly file: string;
  readonly widthPx: number;
  readonly figures: Readonly<Record<'sharpness' | 'white' | 'black' | 'grey', number>>;
}

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-quality-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.skipIf(dataDir === null)('has the figures of OpenCV, for an H&E image and for all saturations', async () => {
  const cases = await runPython<Case>('quality.py', [scratch, slideFile('he_patch_source.png')]);
  expect(cases).toHaveLength(5);
  for (const { name, file, widthPx, figures } of cases) {
    const ours = JSON.parse(await runTool('quality_tool', [file, String(widthPx)])) as Case['figures'];
    expect([name, ours.white, ours.black, ours.grey]).toEqual([name, figures.white, figures.black, figures.grey]);
    expect(Math.abs(ours.sharpness / figures.sharpness - 1), name).toBeLessThan(1e-9);
  }
});
