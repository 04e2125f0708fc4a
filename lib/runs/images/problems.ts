/** Disagreements between the files of a run, of which a message names the first ones and counts the others. */
import { MicrotomeError } from '../../core/errors.js';

const kMostNamed = 100;

export class Problems {
  readonly #named: string[] = [];
  #count = 0;

  add(text: string): void {
    if (++this.#count <= kMostNamed) this.#named.push(text);
  }

  get count(): number {
    return this.#count;
  }

  /** ROWS_MISMATCH. `path` is the table whose rows do not agree. */
  error(path: string | null, advice?: string): MicrotomeError {
    const count = this.#count === 1 ? '1 row does not agree' : `${this.#count} rows do not agree`;
    const more = this.#count - this.#named.length;
    const found = `${count}: ${this.#named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
    return new MicrotomeError('ROWS_MISMATCH', 'csv', found, { path: path ?? undefined, advice });
  }
}
