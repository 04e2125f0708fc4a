/**
 * Protocol buffers as text, as much of it as a config.pbtxt has: fields, lists of values or messages, strings, numbers, names.
 * What is read comes from somewhere else: its length and its depth are bounded, and everything unknown is refused.
 */

import { MicrotomeError } from '../../core/errors.js';

/** A name that stands for itself, such as `TYPE_FP32` or `true`. */
export interface Word {
  readonly word: string;
}

export type PbValue = string | number | Word | PbMessage;

/** The values of each field, in order: a field that is given twice has two. */
export interface PbMessage {
  readonly fields: ReadonlyMap<string, readonly PbValue[]>;
}

/** More than a configuration needs. */
export const kMostPbtxtBytes: number = 2 ** 20;
const kMostDepth = 32;

const tokenRule =
  /[ \t\r\n]+|#[^\n]*|(?<word>[A-Za-z_][A-Za-z0-9_.]*)|(?<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<sign>[{}[\]<>:,;])/y;

interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign';
  readonly text: string;
  readonly line: number;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(
    text: string,
    private readonly path: string,
  ) {
    this.#tokens = this.#split(text);
  }

  error(found: string, line: number): MicrotomeError {
    return new MicrotomeError('MODEL_INVALID', 'options', `line ${line} of the configuration: ${found}`, {
      path: this.path,
    });
  }

  #split(text: string): readonly Token[] {
    const tokens: Token[] = [];
    const rule = new RegExp(tokenRule);
    let line = 1;
    while (rule.lastIndex < text.length) {
      const match = rule.exec(text);
      if (match === null) throw this.error('a character that no configuration has', line);
      for (const [kind, found] of Object.entries(match.groups ?? {}))
        if (found !== undefined) tokens.push({ kind: kind as Token['kind'], text: found, line });
      line += match[0].split('\n').length - 1;
    }
    return tokens;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #take(): Token {
    const token = this.#tokens[this.#at++];
    if (token !== undefined) return token;
    throw this.error('it ends too early', this.#tokens.at(-1)?.line ?? 1);
  }

  #takesSign(...signs: readonly string[]): string | null {
    const next = this.#peek();
    if (next?.kind !== 'sign' || !signs.includes(next.text)) return null;
    this.#at++;
    return next.text;
  }

  /** Fields up to `end`, or of the whole text where it is null. */
  message(end: string | null, depth: number): PbMessage {
    const fields = new Map<string, PbValue[]>();
    for (;;) {
      const next = this.#peek();
      if (next === undefined && end === null) return { fields };
      if (end !== null && this.#takesSign(end) !== null) return { fields };
      const { kind, text: name, line } = this.#take();
      if (kind !== 'word') throw this.error(`${JSON.stringify(name)} where the name of a field was expected`, line);
      if (depth > kMostDepth) throw this.error('too many messages inside one another', line);
      const values = this.#values(depth);
      fields.set(name, [...(fields.get(name) ?? []), ...values]);
      this.#takesSign(',', ';');
    }
  }

  #values(depth: number): readonly PbValue[] {
    const hasColon = this.#takesSign(':') !== null;
    if (this.#takesSign('[') === null) return [this.#value(hasColon, depth)];
    const values: PbValue[] = [];
    while (this.#takesSign(']') === null) {
      values.push(this.#value(true, depth));
      if (this.#takesSign(',') === null && this.#peek()?.text !== ']') {
        const { text, line } = this.#take();
        throw this.error(`${JSON.stringify(text)} where a comma was expected`, line);
      }
    }
    return values;
  }

  #value(mayBeScalar: boolean, depth: number): PbValue {
    const open = this.#takesSign('{', '<');
    if (open !== null) return this.message(open === '{' ? '}' : '>', depth + 1);
    const { kind, text, line } = this.#take();
    if (!mayBeScalar || kind === 'sign') throw this.error(`${JSON.stringify(text)} where a value was expected`, line);
    if (kind === 'number') return Number(text);
    if (kind === 'word') return { word: text };
    let whole = this.#unquoted(text, line);
    // Strings beside one another are one.
    for (let next = this.#peek(); next?.kind === 'text'; next = this.#peek())
      whole += this.#unquoted(this.#take().text, line);
    return whole;
  }

  #unquoted(text: string, line: number): string {
    return text.slice(1, -1).replace(/\\(.)/g, (_, character: string) => {
      const found = escapes[character];
      if (found === undefined) throw this.error('an escape in a string that is not understood', line);
      return found;
    });
  }
}

/** Throws MODEL_INVALID, naming the line. */
export function parsePbtxt(text: string, path: string): PbMessage {
  return new Reader(text, path).message(null, 0);
}

/** A string as such a file has it. */
export function pbText(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
