/** Images that are no slides: resized as Pillow and OpenCV do it, decoded as Pillow does it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPython, runTool } from '../support/python.js';

interface Resized {
  readonly task: 'resize';
  readonly how: 'pil-bilinear' | 'pil-bicubic' | 'opencv-area';
  readonly file: string;
  readonly expected: string;
  readonly widthPx: number;
  readonly outWidthPx: number;
  readonly outHeightPx: number;
}

interface Decoded {
  readonly task: 'decode';
  readonly name: string;
  readonly file: string;
  readonly expected: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

let folder = '';
let cases: readonly (Resized | Decoded)[] = [];
let answers: readonly unknown[] = [];
const ours = (made: Resized | Decoded): string => `${made.expected}.ours`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'microtome-crops-'));
  cases = await runPython<Resized | Decoded>('crops.py', [folder]);
  const list = cases.map((one) =>
    one.task === 'decode'
      ? `decode ${one.file} ${ours(one)}`
      : `resize ${one.how} ${one.file} ${one.widthPx} ${one.outWidthPx} ${one.outHeightPx} ${ours(one)}`,
  );
  writeFileSync(join(folder, 'list'), list.join('\n'));
  const lines = await runTool('images_tool', [join(folder, 'list')]);
  answers = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The largest difference of a sample. */
function difference(one: Resized | Decoded): number {
  const [theirs, mine] = [readFileSync(one.expected), readFileSync(ours(one))];
  expect(mine.length).toBe(theirs.length);
  return theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (mine[i] as number))), 0);
}

it.each([
  ['pil-bilinear', 0],
  ['pil-bicubic', 0],
  ['opencv-area', 1],
] as const)('are resized as %s does, to %i of 255', (how, most) => {
  const all = cases.filter((one) => one.task === 'resize' && one.how === how);
  expect(all.length).toBeGreaterThan(100);
  for (const one of all) expect(difference(one), JSON.stringify(one)).toBeLessThanOrEqual(most);
});

it('have the pixels that Pillow reads', () => {
  let seen = 0;
  cases.forEach((one, i) => {
    if (one.task !== 'decode') return;
    seen += 1;
    expect([one.name, answers[i]]).toMatchObject([one.name, { widthPx: one.widthPx, heightPx: one.heightPx }]);
    // Chroma of both is widened by libjpeg; a CMYK image is converted to RGB by the same formula.
    expect(difference(one), one.name).toBeLessThanOrEqual(0);
  });
  expect(seen).toBeGreaterThan(30);
});
