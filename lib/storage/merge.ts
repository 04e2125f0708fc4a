/** Neighbouring ranges as one request: what lies between them is read too, where it is little. */
import type { ByteRange } from '../core/byte-ranges.js';

export interface MergeRules {
  /** Largest gap that is read too. */
  readonly gapBytes: number;
  /** Of a request, the most that may be gaps. */
  readonly wasteShare: number;
  /** A request is no longer, unless one range is. */
  readonly mostBytes: number;
}

export const defaultMergeRules: MergeRules = { gapBytes: 128 * 1024, wasteShare: 0.04, mostBytes: 4 * 1024 * 1024 };

export interface MergedRange extends ByteRange {
  /** Places in the list that was given. */
  readonly parts: readonly number[];
}

/** In the order of their offsets; each range is in one of them, whole. */
export function mergeRanges(ranges: readonly ByteRange[], rules: MergeRules = defaultMergeRules): MergedRange[] {
  const order = [...ranges.keys()].sort((a, b) => at(ranges, a).offset - at(ranges, b).offset);
  const merged: MergedRange[] = [];
  let open: { offset: number; end: number; waste: number; parts: number[] } | null = null;
  const close = (): void => {
    if (open !== null) merged.push({ offset: open.offset, length: open.end - open.offset, parts: open.parts });
  };
  for (const i of order) {
    const { offset, length } = at(ranges, i);
    const end = offset + length;
    if (open !== null) {
      const gap = Math.max(0, offset - open.end);
      const whole = Math.max(open.end, end) - open.offset;
      const waste = open.waste + gap;
      if (gap <= rules.gapBytes && waste <= whole * rules.wasteShare && (whole <= rules.mostBytes || end <= open.end)) {
        open.waste = waste;
        open.end = Math.max(open.end, end);
        open.parts.push(i);
        continue;
      }
    }
    close();
    open = { offset, end, waste: 0, parts: [i] };
  }
  close();
  return merged;
}

function at(ranges: readonly ByteRange[], i: number): ByteRange {
  return ranges[i] as ByteRange;
}
