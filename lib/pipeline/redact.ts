/** Takes secret values out of what programs print. */

const mark = '***';

/** Ways in which a value is often printed. Longer ones come first, so that none is replaced in part. */
function formsOf(values: readonly string[]): readonly string[] {
  const forms = values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
  ]);
  return [...new Set(forms)].filter((form) => form !== '').sort((a, b) => b.length - a.length);
}

/** Replaces secret values by `***`, in a text and in a text that comes in pieces. */
export class Redactor {
  readonly #forms: readonly string[];
  readonly #longest: number;

  constructor(values: readonly string[]) {
    this.#forms = formsOf(values);
    this.#longest = this.#forms[0]?.length ?? 0;
  }

  text(whole: string): string {
    return this.#replaced(whole, whole.length).text;
  }

  /** True where the text has a secret value. */
  finds(whole: string): boolean {
    return this.#forms.some((form) => whole.includes(form));
  }

  /** A function for the pieces of one stream. What might be the beginning of a value is held back until the next piece. */
  stream(): { readonly piece: (text: string) => string; readonly end: () => string } {
    let held = '';
    return {
      piece: (text) => {
        held += text;
        const { text: said, used } = this.#replaced(held, Math.max(0, held.length - this.#longest + 1));
        held = held.slice(used);
        return said;
      },
      end: () => {
        const said = this.text(held);
        held = '';
        return said;
      },
    };
  }

  /** The text up to `until` or, where a value begins before it, up to that value's end. */
  #replaced(whole: string, until: number): { readonly text: string; readonly used: number } {
    if (this.#forms.length === 0) return { text: whole, used: whole.length };
    let [text, at] = ['', 0];
    while (at < until) {
      const form = this.#forms.find((one) => whole.startsWith(one, at));
      text += form === undefined ? whole[at] : mark;
      at += form?.length ?? 1;
    }
    return { text, used: at };
  }
}
