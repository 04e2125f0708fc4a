/** A submission in the box, on an old Debian and on this machine's own: what it writes, what it prints, how it ends. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { allKinds, makeArea, smallSlides, type Area } from './support/area.js';
import { Box, type Ended } from './support/box.js';
import { foreignLines, withoutTimes } from './support/log.js';
import { submissionOf, wantedCsv } from './support/submission.js';
import { strictValues } from './support/tables.js';
import { microtome, tools } from './support/tools.js';

/** What the bundle writes for a slide that it cannot score, by the column `resolution`. */
const fallbacks: Readonly<Record<string, number>> = { '0.121399': 0.12, '0.220512': 0.2, '0.25': 0.15 };

let area: Area;
let other: Area;
let zip = '';

beforeAll(async () => {
  zip = await submissionOf('third');
  area = await makeArea(join(tools.scratch, 'all-kinds'), allKinds, 'second');
  other = await makeArea(join(tools.scratch, 'others'), smallSlides(3, 71), 'second');
});

async function labelsOf({ slides }: Area): Promise<string> {
  const path = join(tools.scratch, 'labels.csv');
  const rows = slides.map(({ filename, relapse }) => `${filename},${relapse ? 1 : 0}\n`);
  await writeFile(path, `filename,relapse\n${rows.join('')}`);
  return path;
}

describe.each(Object.entries(tools.roots))('on %s', (name, root) => {
  let box: Box;
  let ended: Ended;
  beforeAll(async () => {
    box = await Box.create(root, zip, area.folder);
    ended = await box.run();
  });

  it('ends well, and the organisers find the CSV', () => {
    expect(ended.code, ended.output).toBe(0);
    expect(box.taken).toBe(box.csv);
    for (const left of ['journal', 'lock']) expect(existsSync(box.file(`submission.csv.${left}`)), left).toBe(false);
  });

  it('writes every row: a score, or the fallback value of a slide that cannot be scored', async () => {
    const values = strictValues(box.csv ?? '', area.names);
    for (const { filename, scored, resolution } of area.slides) {
      const fallback = fallbacks[resolution] ?? 0.16;
      if (scored) expect([filename, values.get(filename)]).not.toEqual([filename, fallback]);
      else expect([filename, values.get(filename)]).toEqual([filename, fallback]);
    }
    expect(box.csv).toBe(await wantedCsv('third', area));
  });

  it('can be evaluated', async () => {
    const submission = box.file('submission.csv');
    const found = JSON.parse(await microtome(['evaluate', submission, '--labels', await labelsOf(area), '--json']));
    expect(found).toMatchObject({ rows: area.names.length, positives: 3, clipped: 0, sameOrder: true });
    expect(found.logLoss).toBeGreaterThan(0);
    expect(found.logLoss).toBeLessThan(5);
    process.stdout.write(`log loss on ${name}: ${found.logLoss.toFixed(9)} (drawn slides, weights that are random)\n`);
  });

  it('prints lines of the closed grammar alone, and none of the data', () => {
    expect(foreignLines(ended.log)).toEqual([]);
    expect(ended.log.length).toBeGreaterThan(5);
    const text = ended.log.join('\n');
    for (const { filename } of area.slides) expect(text).not.toContain(filename);
    expect(text).not.toMatch(/\.tif|\.csv|\/|0\.\d{3}/);
  });

  it('prints the same for other data, but for the times', async () => {
    box.startOver(other.folder);
    const second = await box.run(true);
    expect(second.code, second.output).toBe(0);
    strictValues(box.csv ?? '', other.names);
    expect(withoutTimes(second.log)).toEqual(withoutTimes(ended.log));
  });
});
