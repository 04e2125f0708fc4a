/** Stain normalisation against torchstain's numpy classes: the same pixels as the source of the fit, the same image changed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir, slideFile } from '../support/data.js';
import { differenceOf } from '../support/pixel-difference.js';
import { runPython, runTool } from '../support/python.js';

type Fit = Readonly<Record<string, readonly (number | readonly number[])[]>>;
interface Fits {
  readonly slide: Fit;
  readonly reference: Fit;
}
interface Case {
  readonly name: string;
  readonly method: 'macenko' | 'reinhard';
  readonly widthPx: number;
  readonly files: Readonly<Record<'slide' | 'reference' | 'result', string>>;
  readonly fits: Fits;
}

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-colour-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const numbersOf = (fit: Fit): number[] => Object.values(fit).flatMap((value) => value.flat());

describe.skipIf(dataDir === null)('stain normalisation agrees with torchstain', () => {
  let cases: Case[] = [];
  beforeAll(async () => {
    cases = await runPython('colour.py', [scratch, slideFile('he_patch_source.png'), slideFile('ihc.png')]);
  });

  it.each(['macenko forth', 'macenko back', 'macenko same', 'reinhard forth', 'reinhard back', 'reinhard same'])(
    '%s',
    async (name) => {
      const found = cases.find((one) => one.name === name);
      if (found === undefined) throw new Error(`colour.py printed no ${name}`);
      const out = join(scratch, 'out.rgb');
      const { slide, reference, result } = found.files;
      const printed = await runTool('stain_tool', [found.method, slide, reference, String(found.widthPx), out]);
      const ours = JSON.parse(printed) as Fits;
      for (const side of ['slide', 'reference'] as const) {
        const theirs = numbersOf(found.fits[side]);
        numbersOf(ours[side]).forEach((value, i) => {
          expect(Math.abs(value - (theirs[i] as number)), `${side} ${i}`).toBeLessThan(0.002);
        });
      }
      const { mean, largest, changed } = differenceOf(readFileSync(out), readFileSync(result), readFileSync(slide));
      process.stdout.write(
        `${name}: mean ${mean.toFixed(4)}, largest ${largest} of 255; the image changed by ${changed.toFixed(1)}\n`,
      );
      expect(mean).toBeLessThanOrEqual(1);
      expect(largest).toBeLessThanOrEqual(4);
    },
  );
});
