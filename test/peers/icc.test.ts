/** A slide's ICC profile, applied by libvips' lcms, against Pillow's ImageCms. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataDir, slideFile } from '../support/data.js';
import { differenceOf } from '../support/pixel-difference.js';
import { runPython, runTool } from '../support/python.js';

interface Case {
  readonly name: string;
  readonly slide: string;
  readonly before: string;
  readonly after: string;
}

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'microtome-icc-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.skipIf(dataDir === null)('profiles of primaries and of tables give the pixels of ImageCms', async () => {
  const images = ['derived_cmu_pyr_deflate_t256_big.tif', 'he_patch_source.png', 'rgb_lzw.tif'].map(slideFile);
  const cases = await runPython<Case>('icc.py', [scratch, ...images]);
  expect(cases).toHaveLength(2 * images.length);
  for (const { name, slide, before, after } of cases) {
    const [ours, oursBefore] = [join(scratch, 'after.rgb'), join(scratch, 'before.rgb')];
    await runTool('icc_tool', [slide, oursBefore, ours]);
    expect(readFileSync(oursBefore).equals(readFileSync(before)), name).toBe(true);
    const { mean, largest, changed } = differenceOf(readFileSync(ours), readFileSync(after), readFileSync(before));
    process.stdout.write(
      `${name}: mean ${mean.toFixed(4)}, largest ${largest} of 255; the image changed by ${changed.toFixed(1)}\n`,
    );
    expect(largest, name).toBeLessThanOrEqual(2);
    expect(changed, name).toBeGreaterThan(2);
  }
});
