import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { assignBySize } from '../../lib/shards/assignment.js';
import { inRoot } from '../steps/paths.mjs';
import {
  assignByCount,
  assumed,
  drawSlides,
  measured,
  randomOf,
  report,
  requestsOf,
  simulate,
  workOf,
} from './model.mjs';

const few = { ...assumed, slides: 20_000, machines: 50 };
const certain = { ...few, lossesPerHour: 1e-12, sigmaSpeed: 0, slowShare: 0 };

describe('the simulation of a run on many machines', () => {
  it('is the same every time, and another one with another seed', async () => {
    const slides = drawSlides(1, few);
    const work = workOf(slides, assignByCount(few.slides, 200), 200);
    expect(simulate(work, 5, true, few)).toEqual(simulate(work, 5, true, few));
    expect(simulate(work, 6, true, few).end).not.toBe(simulate(work, 5, true, few).end);
    expect(drawSlides(2, few).bytes[0]).not.toBe(slides.bytes[0]);
    const random = randomOf(3);
    const mean = Array.from({ length: 100_000 }, random).reduce((a, b) => a + b, 0) / 100_000;
    expect(mean).toBeCloseTo(0.5, 2);
  });

  it('loses no slide and no second of work in the division', async () => {
    const slides = drawSlides(1, few);
    const sum = (values) => values.reduce((a, b) => a + b, 0);
    const { work, slides: counts } = workOf(slides, await assignBySize([...slides.bytes], 200), 200);
    expect(sum([...counts])).toBe(few.slides);
    expect(sum([...work])).toBeCloseTo(sum([...slides.seconds]), 3);
  });

  it('of machines that are all alike and never lost ends when the work is shared out', async () => {
    const slides = drawSlides(1, certain);
    const work = workOf(slides, await assignBySize([...slides.bytes], 5000), 5000);
    const { end, ideal, lost, restarts, busy, total } = simulate(work, 1, true, certain);
    expect({ lost, restarts }).toEqual({ lost: 0, restarts: 0 });
    expect(busy).toBeCloseTo(total + 5000 * measured.secondsPerStart, 3);
    expect(end).toBeGreaterThanOrEqual(ideal);
    expect(end / ideal).toBeLessThan(1.1);
  });

  it('makes shards evener by size than by count, and loses less work with a journal', async () => {
    const slides = drawSlides(1, few);
    const largest = (shardOf) => Math.max(...workOf(slides, shardOf, 200).work);
    const bySize = await assignBySize([...slides.bytes], 200);
    expect(largest(bySize)).toBeLessThan(largest(assignByCount(few.slides, 200)));
    const often = { ...few, lossesPerHour: 0.5 };
    const work = workOf(slides, bySize, 200);
    const [kept, gone] = [simulate(work, 2, true, often), simulate(work, 2, false, often)];
    expect(kept.restarts).toBeGreaterThan(10);
    expect(gone.lost).toBeGreaterThan(10 * kept.lost);
  });

  it('counts the questions to an object store', () => {
    expect(requestsOf({ tiles: [1, 50, 51] }, assumed)).toBe(3 * assumed.openRequests + 1 + 1 + 2);
  });

  it('prints the tables that are in docs/scale-out.md', async () => {
    const page = await readFile(inRoot('docs/scale-out.md'), 'utf8');
    const tables = (await report(assignBySize)).split('\n\n');
    expect(tables).toHaveLength(2);
    for (const table of tables) expect(page).toContain(table);
  });
});
