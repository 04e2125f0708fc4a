/** Bundles in the topology of the winners: each packs and runs in the box, and writes what the library writes outside. */
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { makeArea, smallSlides, type Area } from './support/area.js';
import { Box } from './support/box.js';
import { foreignLines } from './support/log.js';
import { submissionOf, wantedCsv } from './support/submission.js';
import { strictValues } from './support/tables.js';
import { oldRoot, tools } from './support/tools.js';

let area: Area;
beforeAll(async () => {
  area = await makeArea(join(tools.scratch, 'for-bundles'), smallSlides(3, 61), 'second');
});

it.each(['first', 'second', 'third'] as const)('the %s bundle', async (name) => {
  const box = await Box.create(oldRoot, await submissionOf(name), area.folder);
  const { code, output, log } = await box.run();
  expect(code, output).toBe(0);
  expect(foreignLines(log)).toEqual([]);
  const values = strictValues(box.csv ?? '', area.names);
  expect(new Set(values.values()).size).toBe(area.names.length);
  expect(box.csv).toBe(await wantedCsv(name, area));
});
