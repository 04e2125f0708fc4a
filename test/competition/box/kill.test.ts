/** SIGKILL for the whole machine at thirty moments: there is always a complete CSV, and nothing is lost. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { makeArea, smallSlides, type Area } from './support/area.js';
import { Box, type Running } from './support/box.js';
import { submissionOf } from './support/submission.js';
import { strictValues } from './support/tables.js';
import { oldRoot, tools } from './support/tools.js';

const kKills = 30;

let area: Area;
let box: Box;

beforeAll(async () => {
  area = await makeArea(join(tools.scratch, 'killed'), smallSlides(96, 61), 'second');
  box = await Box.create(oldRoot, await submissionOf('third'), area.folder);
});

const journalBytes = (): number => statSync(box.file('submission.csv.journal'), { throwIfNoEntry: false })?.size ?? 0;

async function until(isSo: () => boolean, running: Running): Promise<void> {
  let over = false;
  void running.ended.then(() => (over = true));
  while (!isSo() && !over) await sleep(2);
}

/** Waits for the moment of one kill: some are counted from the start of the process, most from a row that was finished. */
async function moment(kill: number, running: Running): Promise<void> {
  await until(() => box.csv !== null, running);
  if (kill === 0) return;
  if (kill % 3 === 0) return sleep((kill * 41) % 800);
  const before = journalBytes();
  await until(() => journalBytes() > before, running);
  await sleep((kill * 37) % 90);
}

it(`killed at ${kKills} moments: a complete CSV each time, in the end the one of an undisturbed run`, async () => {
  expect((await box.run()).code).toBe(0);
  const wanted = box.csv ?? '';
  const scores = strictValues(wanted, area.names);
  const fallback = 0.15;
  box.startOver();
  let before: readonly string[] = [];
  let most = 0;
  for (let [kills, starts] = [0, 0]; kills < kKills; ++starts) {
    expect(starts, 'kills that came too late').toBeLessThan(4 * kKills);
    const running = box.start(true);
    await moment(kills, running);
    running.kill();
    const { code, output } = await running.ended;
    // A fast machine was done before the kill: that run is begun anew, and the kill does not count.
    if (code === 0 || (journalBytes() === 0 && box.csv === wanted)) {
      expect(box.csv).toBe(wanted);
      box.startOver();
      before = [];
      continue;
    }
    ++kills;
    expect(code, output).toBe(null);
    const values = strictValues(box.csv ?? '', area.names);
    const scored = area.names.filter((name) => values.get(name) !== fallback);
    expect(scored.filter((name) => values.get(name) !== scores.get(name))).toEqual([]);
    // What was in the table stays there.
    expect(scored).toEqual(expect.arrayContaining([...before]));
    before = scored;
    most = Math.max(most, scored.length);
  }
  expect(most).toBeGreaterThan(0);
  const last = await box.run(true);
  expect(last.code, last.output).toBe(0);
  expect(box.csv).toBe(wanted);
  expect(box.taken).toBe(wanted);
});
