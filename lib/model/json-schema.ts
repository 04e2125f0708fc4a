/**
 * Checks a parsed JSON value against a JSON Schema (draft 2020-12), for the keywords that schema/microtome.schema.json
 * uses. Interpreted: a compiling validator blocks the event loop for 100 to 300 ms while it generates code, and cannot
 * run where code generation is forbidden. A schema with any other keyword is refused, so nothing is skipped silently;
 * the tests compare the verdicts with a compiling validator's.
 */

import { nearest } from '../core/near-miss.js';

/** One violation: where, and in which words. */
export interface SchemaProblem {
  readonly path: readonly string[];
  readonly message: string;
  /** True when a const or an enum did not hold: the wrong branch of a oneOf, rather than a wrong value in it. */
  readonly choice: boolean;
}

type Schema = Readonly<Record<string, unknown>>;
type Path = readonly string[];

const annotations = new Set(['$schema', '$id', '$defs', 'title', 'description', 'default']);
const maxProblems = 50;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === 'object';
}

function quote(value: unknown): string {
  const s = JSON.stringify(value) ?? 'undefined';
  return s.length > 80 ? `${s.slice(0, 77)}...` : s;
}

function matchesType(value: unknown, type: unknown): boolean {
  return type === 'integer' ? typeof value === 'number' && Number.isInteger(value) : typeOf(value) === type;
}

/** A JSON pointer for a message. */
export function pointer(path: Path): string {
  return path.length === 0
    ? '/'
    : path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

class Checker {
  readonly #root: Schema;
  constructor(root: Schema) {
    this.#root = root;
  }

  check(schema: Schema, value: unknown, path: Path): SchemaProblem[] {
    const problems: SchemaProblem[] = [];
    for (const keyword of Object.keys(schema)) {
      if (annotations.has(keyword)) continue;
      problems.push(...this.#keyword(schema, keyword, value, path));
      if (problems.length >= maxProblems) break;
    }
    return problems;
  }

  #keyword(schema: Schema, keyword: string, value: unknown, path: Path): SchemaProblem[] {
    const rule = schema[keyword];
    switch (keyword) {
      case '$ref':
        return this.check(this.#resolve(rule as string), value, path);
      case 'type':
        return matchesType(value, rule) ? [] : problem(path, `must be of type ${String(rule)}, not ${typeOf(value)}`);
      case 'const':
        return value === rule ? [] : problem(path, `must be ${quote(rule)}, not ${quote(value)}`, true);
      case 'enum':
        return enumProblem(path, rule as readonly unknown[], value);
      case 'oneOf':
        return this.#oneOf(rule as readonly Schema[], value, path);
      case 'anyOf':
        return this.#anyOf(rule as readonly Schema[], value, path);
      case 'minimum':
      case 'maximum':
      case 'exclusiveMinimum':
        return typeof value === 'number' ? numberProblem(path, keyword, rule as number, value) : [];
      case 'minLength':
      case 'maxLength':
      case 'pattern':
        return typeof value === 'string' ? stringProblem(path, keyword, rule, value) : [];
      case 'minItems':
      case 'maxItems':
      case 'uniqueItems':
      case 'items':
        return Array.isArray(value) ? this.#array(keyword, rule, value, path) : [];
      case 'required':
      case 'properties':
      case 'additionalProperties':
      case 'propertyNames':
      case 'minProperties':
      case 'maxProperties':
        return isObject(value) ? this.#object(schema, keyword, value, path) : [];
      default:
        throw new TypeError(`the schema uses the keyword ${keyword}, which this validator does not know`);
    }
  }

  #resolve(ref: string): Schema {
    const name = ref.startsWith('#/$defs/') ? ref.slice('#/$defs/'.length) : '';
    const found = (this.#root['$defs'] as Record<string, Schema> | undefined)?.[name];
    if (found === undefined) throw new TypeError(`the schema refers to ${ref}, which is not there`);
    return found;
  }

  #oneOf(branches: readonly Schema[], value: unknown, path: Path): SchemaProblem[] {
    const results = branches.map((branch) => this.check(branch, value, path));
    const passing = results.filter((r) => r.length === 0).length;
    if (passing === 1) return [];
    if (passing > 1) return problem(path, `must have only one of ${branches.map(requirement).join(', ')}`);
    // The branch meant is the one whose const or enum holds; of several, the one with the fewest problems.
    const meant = results.filter((r) => !r.some((p) => p.choice && p.path.length === path.length + 1));
    const best = (meant.length > 0 ? meant : []).sort((a, b) => a.length - b.length)[0];
    if (best !== undefined && meant.length < branches.length) return best;
    const choices = results.flatMap((r) => r.filter((p) => p.choice));
    if (choices.length > 0 && meant.length === 0) return [mergeChoices(choices)];
    return branches.every((b) => 'required' in b && !('properties' in b))
      ? problem(path, `must have one of ${branches.map(requirement).join(', ')}`)
      : (best ?? problem(path, 'is none of the allowed forms'));
  }

  #anyOf(branches: readonly Schema[], value: unknown, path: Path): SchemaProblem[] {
    if (branches.some((branch) => this.check(branch, value, path).length === 0)) return [];
    return problem(path, `must have at least one of ${branches.map(requirement).join(', ')}`);
  }

  #array(keyword: string, rule: unknown, value: readonly unknown[], path: Path): SchemaProblem[] {
    if (keyword === 'items') {
      const problems: SchemaProblem[] = [];
      for (let i = 0; i < value.length && problems.length < maxProblems; ++i) {
        problems.push(...this.check(rule as Schema, value[i], [...path, String(i)]));
      }
      return problems;
    }
    if (keyword === 'uniqueItems') {
      const distinct = new Set(value.map((v) => JSON.stringify(v))).size;
      return rule === true && distinct < value.length ? problem(path, 'must not name the same item twice') : [];
    }
    const limit = rule as number;
    if (keyword === 'minItems') return value.length >= limit ? [] : problem(path, `must have at least ${limit} items`);
    return value.length <= limit ? [] : problem(path, `must have at most ${limit} items`);
  }

  #object(schema: Schema, keyword: string, value: Readonly<Record<string, unknown>>, path: Path): SchemaProblem[] {
    const rule = schema[keyword];
    const keys = Object.keys(value);
    const declared = (schema['properties'] ?? {}) as Record<string, Schema>;
    switch (keyword) {
      case 'required':
        return (rule as string[])
          .filter((k) => !Object.hasOwn(value, k))
          .flatMap((k) => problem(path, `must have the property "${k}"`));
      case 'properties':
        return keys
          .filter((k) => Object.hasOwn(declared, k))
          .flatMap((k) => this.check(declared[k] as Schema, value[k], [...path, k]));
      case 'additionalProperties': {
        const others = keys.filter((k) => !Object.hasOwn(declared, k));
        if (rule === false)
          return others.slice(0, maxProblems).flatMap((k) => unknownProperty(path, k, Object.keys(declared)));
        return others.flatMap((k) => this.check(rule as Schema, value[k], [...path, k]));
      }
      case 'propertyNames':
        return keys.flatMap((k) => this.check(rule as Schema, k, [...path, k]));
      case 'minProperties':
        return keys.length >= (rule as number) ? [] : problem(path, `must have at least ${String(rule)} properties`);
      default:
        return keys.length <= (rule as number) ? [] : problem(path, `must have at most ${String(rule)} properties`);
    }
  }
}

function problem(path: Path, message: string, choice = false): SchemaProblem[] {
  return [{ path, message, choice }];
}

function unknownProperty(path: Path, key: string, known: readonly string[]): SchemaProblem[] {
  const hint = nearest(key, known);
  return problem([...path, key], `unknown property${hint === null ? '' : `; did you mean "${hint}"?`}`);
}

function enumProblem(path: Path, allowed: readonly unknown[], value: unknown): SchemaProblem[] {
  if (allowed.includes(value)) return [];
  const hint = typeof value === 'string' ? nearest(value, allowed.map(String)) : null;
  const question = hint === null ? '' : `; did you mean "${hint}"?`;
  return problem(path, `must be one of ${allowed.map(quote).join(', ')}, not ${quote(value)}${question}`, true);
}

function mergeChoices(choices: readonly SchemaProblem[]): SchemaProblem {
  const first = choices[0] as SchemaProblem;
  const same = choices.filter((c) => pointer(c.path) === pointer(first.path));
  return { ...first, message: [...new Set(same.map((c) => c.message))].join(', or ') };
}

/** What a branch of a oneOf or anyOf asks for, in a few words. */
function requirement(branch: Schema): string {
  const names = branch['required'] as readonly string[] | undefined;
  return names === undefined ? String(branch['type'] ?? 'another form') : names.map((n) => `"${n}"`).join(' and ');
}

function numberProblem(path: Path, keyword: string, limit: number, value: number): SchemaProblem[] {
  if (keyword === 'minimum') return value >= limit ? [] : problem(path, `must be at least ${limit}, not ${value}`);
  if (keyword === 'maximum') return value <= limit ? [] : problem(path, `must be at most ${limit}, not ${value}`);
  return value > limit ? [] : problem(path, `must be more than ${limit}, not ${value}`);
}

function stringProblem(path: Path, keyword: string, rule: unknown, value: string): SchemaProblem[] {
  if (keyword === 'pattern') {
    return new RegExp(rule as string, 'u').test(value)
      ? []
      : problem(path, `must match ${String(rule)}, not ${quote(value)}`);
  }
  const length = [...value].length;
  if (keyword === 'minLength') return length >= (rule as number) ? [] : problem(path, 'must not be empty');
  return length <= (rule as number) ? [] : problem(path, `must have at most ${String(rule)} characters`);
}

/** Every violation, in the order of the schema's keywords; empty when the value is valid. */
export function checkJson(schema: Schema, value: unknown): readonly SchemaProblem[] {
  return new Checker(schema).check(schema, value, []);
}
