/** Counts things by a text, and remembers the names of the first ones. */
import type { ImageCount } from './types.js';

const kMostExamples = 5;

export class Counts {
  readonly #found = new Map<string, { count: number; examples: string[] }>();

  add(what: string, name: string): void {
    const known = this.#found.get(what);
    if (known === undefined) this.#found.set(what, { count: 1, examples: [name] });
    else if (++known.count <= kMostExamples) known.examples.push(name);
  }

  get all(): Readonly<Record<string, ImageCount>> {
    // A plain object would let a text called __proto__ do harm.
    const all = Object.create(null) as Record<string, ImageCount>;
    for (const [what, { count, examples }] of this.#found)
      all[what] = Object.freeze({ count, examples: Object.freeze([...examples]) });
    return Object.freeze(all);
  }

  of(what: string): ImageCount {
    return this.all[what] ?? noImages;
  }
}

export const noImages: ImageCount = Object.freeze({ count: 0, examples: Object.freeze([]) });
