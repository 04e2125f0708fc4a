/** Which heads a head reads or stands for. No head may lead back to itself. */

import type { BundleText } from '../bundle-json.js';
import { headsInOrder } from '../head-walk.js';
import type { HeadSpec } from '../spec.js';

/** The heads that must be known before this one, whatever a slide's metadata say. */
export function headsBefore(head: HeadSpec): readonly number[] {
  switch (head.kind) {
    case 'value':
      return [head.of.head];
    case 'onnx':
      return head.inputs.flatMap((input) => (input.from === 'head' ? [input.head] : []));
    case 'choose': {
      const { cases, otherwise } = head.choice;
      return [...cases.map(({ gives }) => gives), ...(otherwise === null ? [] : [otherwise])];
    }
    default:
      return [];
  }
}

const known = new WeakMap<readonly HeadSpec[], Map<number, ReadonlySet<number>>>();

/** The heads that run of those that a head may stand for; the heads have no cycle. Asked often, so it is kept. */
export function finalHeads(heads: readonly HeadSpec[], index: number): ReadonlySet<number> {
  const ofHeads = known.get(heads) ?? new Map<number, ReadonlySet<number>>();
  known.set(heads, ofHeads);
  const kept = ofHeads.get(index);
  if (kept !== undefined) return kept;
  const found = walkChoices(heads, index);
  ofHeads.set(index, found);
  return found;
}

function walkChoices(heads: readonly HeadSpec[], index: number): ReadonlySet<number> {
  const found = new Set<number>();
  const seen = new Set<number>();
  const open = [index];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const head = heads[at];
    if (head?.kind === 'choose') open.push(...headsBefore(head));
    else found.add(at);
  }
  return found;
}

/** Throws MODEL_INVALID naming the heads of a circle. */
export function requireOrder(
  heads: readonly HeadSpec[],
  placeOf: (head: number) => readonly string[],
  text: BundleText,
): void {
  headsInOrder(
    heads.keys(),
    (head) => headsBefore(heads[head] as HeadSpec),
    (circle) => {
      const names = circle.map((head) => heads[head]?.name);
      const found = `heads read one another in a circle: ${names.join(' -> ')}`;
      throw text.error('MODEL_INVALID', placeOf(circle[0] as number), found);
    },
  );
}
