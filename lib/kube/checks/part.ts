/** Reads a manifest that may be anything, and says where in it something is wrong. */
import { printable } from '../../core/printable.js';
import { looksLikeCredential } from './credential-words.js';
import type { ManifestRule, Problem } from './rules.js';

/** Text of a manifest in a message: short, on one line, and never a credential. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return typeof value === 'object' && value !== null ? 'an object' : String(value);
  if (looksLikeCredential(value)) return '(not shown: it looks like a credential)';
  return printable(JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value));
}

/** Collects problems. */
export class Findings {
  readonly problems: Problem[] = [];

  error(rule: ManifestRule, path: string, message: string): void {
    this.problems.push({ rule, path, message, severity: 'error' });
  }

  warning(rule: ManifestRule, path: string, message: string): void {
    this.problems.push({ rule, path, message, severity: 'warning' });
  }
}

/** A value of a manifest and where it is. */
export class Part {
  constructor(
    readonly value: unknown,
    readonly path: string,
    readonly findings: Findings,
  ) {}

  get isGiven(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  /** Undefined where it is no text. */
  get text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  /** Undefined where it is no number. */
  get number(): number | undefined {
    return typeof this.value === 'number' ? this.value : undefined;
  }

  get(key: string): Part {
    // A key comes from outside as well as a value.
    const name = looksLikeCredential(key) ? '(not shown)' : printable(key);
    const path = this.path === '' ? name : `${this.path}.${name}`;
    const own = this.isObject && Object.hasOwn(this.value as object, key);
    return new Part(own ? (this.value as Record<string, unknown>)[key] : undefined, path, this.findings);
  }

  /** Along several keys. */
  at(keys: string): Part {
    return keys.split('.').reduce<Part>((part, key) => part.get(key), this);
  }

  /** The parts of an array; of anything else none. */
  get items(): readonly Part[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.map((item: unknown, i) => new Part(item, `${this.path}[${i}]`, this.findings));
  }

  /** The parts of an object; of anything else none. */
  get entries(): readonly (readonly [string, Part])[] {
    if (!this.isObject) return [];
    return Object.keys(this.value as object).map((key) => [key, this.get(key)] as const);
  }

  error(rule: ManifestRule, message: string): void {
    this.findings.error(rule, this.path, message);
  }

  warning(rule: ManifestRule, message: string): void {
    this.findings.warning(rule, this.path, message);
  }

  /** A whole number in a range, where it is given. */
  integer(min: number, max: number = 2 ** 31 - 1): void {
    if (!this.isGiven) return;
    const n = this.number;
    if (n === undefined || !Number.isInteger(n) || n < min || n > max)
      this.error('range', `is ${shown(this.value)}, expected a whole number from ${min} to ${max}`);
  }

  /** One of some words, where it is given. */
  choice(words: readonly string[]): void {
    if (this.isGiven && !words.includes(this.text ?? ''))
      this.error('choice', `is ${shown(this.value)}, expected one of ${words.join(', ')}`);
  }

  /** Says that it is missing, and is false then. */
  isThere(): boolean {
    if (this.isGiven) return true;
    this.error('shape', 'is missing');
    return false;
  }
}
