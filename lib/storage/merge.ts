/** Neighbouring ranges as one request: what lies between them is read too, where it is little. */
import type { ByteRange } from '../core/byte-ranges.js';

export interface MergeRules {
  /** Largest gap that is read too. */
  readonly gapBytes: number;
  /** Of all that is read, the most that may be gaps. */
  readonly wasteShare: number;
  /** A request is no longer, unless one range is. */
  readonly mostBytes: number;
}

export const defaultMergeRules: MergeRules = { gapBytes: 128 * 1024, wasteShare: 0.04, mostBytes: 4 * 1024 * 1024 };

export interface MergedRange extends ByteRange {
  /** Places in the list that was given. */
  readonly parts: readonly number[];
}

/** In the order of their offsets; each range is in one of them, whole. The smallest gaps are read over first. */
export function mergeRanges(ranges: readonly ByteRange[], rules: MergeRules = defaultMergeRules): MergedRange[] {
  const order = [...ranges.keys()].sort((a, b) => at(ranges, a).offset - at(ranges, b).offset);
  const largest = largestGap(ranges, order, rules);
  const merged: MergedRange[] = [];
  let open: { offset: number; end: number; parts: number[] } | null = null;
  const close = (): void => {
    if (open !== null) merged.push({ offset: open.offset, length: open.end - open.offset, parts: open.parts });
  };
  for (const i of order) {
    const { offset, length } = at(ranges, i);
    const end = offset + length;
    if (open !== null) {
      const isShort = Math.max(open.end, end) - open.offset <= rules.mostBytes || end <= open.end;
      if (offset - open.end <= largest && isShort) {
        open.end = Math.max(open.end, end);
        open.parts.push(i);
        continue;
      }
    }
    close();
    open = { offset, end, parts: [i] };
  }
  close();
  return merged;
}

/** Gaps up to this size, all of them together, are no more of what is read than the rules allow. */
function largestGap(ranges: readonly ByteRange[], order: readonly number[], rules: MergeRules): number {
  const gaps: number[] = [];
  let covered = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    const { offset, length } = at(ranges, i);
    if (offset > end && end >= 0) gaps.push(offset - end);
    covered += Math.max(0, offset + length - Math.max(end, offset));
    end = Math.max(end, offset + length);
  }
  let largest = 0;
  let waste = 0;
  gaps.sort((a, b) => a - b);
  for (const [i, gap] of gaps.entries()) {
    waste += gap;
    if (gap > rules.gapBytes || waste > (covered + waste) * rules.wasteShare) break;
    // Of gaps of one size all are read over, or none.
    if (gaps[i + 1] !== gap) largest = gap;
  }
  return largest;
}

function at(ranges: readonly ByteRange[], i: number): ByteRange {
  return ranges[i] as ByteRange;
}
