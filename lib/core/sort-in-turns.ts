/** Sorts a long list without holding the event loop: some hundred thousand names take a third of a second. */
import { Turns } from './turns.js';

/** Items that are sorted at once, in well under a millisecond. */
const kRun = 1024;

/** A new list. Items that compare as equal stay in their order. */
export async function sortedInTurns<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  signal: AbortSignal | null = null,
): Promise<T[]> {
  const turns = new Turns(signal);
  let from: T[] = new Array<T>(items.length);
  for (let start = 0; start < items.length; start += kRun) {
    const run = items.slice(start, start + kRun).sort(compare);
    for (const [i, item] of run.entries()) from[start + i] = item;
    if (turns.isOver) await turns.next();
  }
  let into: T[] = new Array<T>(items.length);
  for (let width = kRun; width < items.length; width *= 2) {
    for (let start = 0; start < items.length; start += 2 * width) {
      const middle = Math.min(start + width, items.length);
      const end = Math.min(start + 2 * width, items.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; ++at) {
        const isLeft = right >= end || (left < middle && compare(from[left] as T, from[right] as T) <= 0);
        into[at] = from[isLeft ? left++ : right++] as T;
        if (at % kRun === 0 && turns.isOver) await turns.next();
      }
    }
    [from, into] = [into, from];
  }
  return from;
}
