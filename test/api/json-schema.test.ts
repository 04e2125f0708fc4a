import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { lineOfPath } from '../../lib/model/json-line.js';
import { checkJson, pointer } from '../../lib/model/json-schema.js';
import { bundleJson } from './support/bundle.js';
import type { Json } from './support/bundle.js';

const schema = JSON.parse(readFileSync(new URL('../../schema/microtome.schema.json', import.meta.url), 'utf8')) as Json;
const reference = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(schema);

/** Deterministic choices, so that a failure can be repeated. */
function chooser(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const replacements: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  0.5,
  2,
  1e10,
  1e300,
  '',
  'a',
  'x y',
  'RGB',
  'topK',
  'mean',
  'onnx',
  'filter',
  'cap',
  'all',
  [],
  [1, 2, 3],
  {},
  { rule: 'all' },
  { method: 'logistic', slope: 1, intercept: 0 },
  { method: 'isotonic', x: [0, 1], y: [0, 1] },
  [{ head: 'top' }],
  { name: 'h', method: 'onnx', graph: 'h.onnx', inputs: [{ from: 'features' }], outputs: [{ name: 'o', columns: 1 }] },
  { name: 'i', mode: 'fixed', width: 10, height: 10 },
  { name: 'i', mode: 'variable' },
  { name: 'i', mode: 'variable', maxPixels: 1000, multipleOf: 32 },
  { icc: true, stain: { method: 'reinhard', reference: { mean: [1, 2, 3], std: [1, 2, 3] } } },
  { rule: 'quality', measure: 'white', max: 0.5 },
  { rule: 'threshold', by: { encoder: 'e', output: 'o' }, start: 1, step: 0.1, end: 0, atLeast: 3 },
  { name: 'c', method: 'choose', column: 'x', cases: [{ equals: ['a', 1], tolerance: 0.1, head: 'h' }] },
  { from: 'coordinates', unit: 'grid', order: 'yx' },
  { column: 'x', cases: [{ equals: [1], value: 0.5 }], default: 0.1 },
  { method: 'temperature', temperature: 2 },
  { name: 'c', column: 'age', type: 'interval', missing: { rule: 'value', value: 60 } },
];
const keys = [
  'mpp',
  'level',
  'stride',
  'k',
  'fraction',
  'quantile',
  'clip',
  'calibration',
  'columnNames',
  'images',
  'clinical',
  'colour',
  'turns',
  'edge',
  'fallback',
  'mean',
  'min',
  'seed',
  'zzz',
  '__proto__',
];

function objectsOf(value: unknown, found: (Json | unknown[])[] = []): (Json | unknown[])[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value as Json);
  for (const child of Object.values(value)) objectsOf(child, found);
  return found;
}

function mutate(json: Json, choose: (below: number) => number): void {
  const objects = objectsOf(json);
  const target = objects[choose(objects.length)] as Json;
  const own = Object.keys(target);
  const key =
    choose(3) > 0 && own.length > 0 ? (own[choose(own.length)] as string) : (keys[choose(keys.length)] as string);
  const action = choose(4);
  if (action === 0) delete target[key];
  else
    Object.defineProperty(target, key, {
      value: structuredClone(replacements[choose(replacements.length)]),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  if (action === 1 && Array.isArray(target)) target.push(structuredClone(target[0]));
}

describe('the schema', () => {
  it('accepts a valid bundle', () => {
    expect(checkJson(schema, bundleJson({ 'model.onnx': 'a'.repeat(64) }))).toEqual([]);
  });
  it('gives the verdict of a compiling validator on 3,000 damaged bundles', () => {
    let refused = 0;
    for (let seed = 1; seed <= 3_000; ++seed) {
      const choose = chooser(seed);
      const json = bundleJson({ 'model.onnx': 'a'.repeat(64) });
      for (let i = choose(3); i >= 0; --i) mutate(json, choose);
      const expected = reference(json);
      const problems = checkJson(schema, json);
      if ((problems.length === 0) !== expected)
        throw new Error(
          `seed ${seed}: ${JSON.stringify(json)} ${JSON.stringify(problems)} ${JSON.stringify(reference.errors)}`,
        );
      if (!expected) ++refused;
    }
    expect(refused).toBeGreaterThan(1_000);
    expect(refused).toBeLessThan(3_000);
  }, 120_000);
  it('refuses a schema with a keyword that it does not know', () => {
    expect(() => checkJson({ multipleOf: 2 }, 3)).toThrow('multipleOf');
    expect(() => checkJson({ $ref: '#/$defs/none' }, 3)).toThrow('#/$defs/none');
  });
});

describe('messages', () => {
  const first = (edit: (json: Json) => void): string => {
    const json = bundleJson({ 'model.onnx': 'a'.repeat(64) });
    edit(json);
    const [p] = checkJson(schema, json);
    return p === undefined ? 'valid' : `${pointer(p.path)}: ${p.message}`;
  };
  const tiles = (json: Json): Json => ((json['inputs'] as Json)['tiles'] as Json[])[0] as Json;
  const head = (json: Json): Json => (json['heads'] as Json[])[0] as Json;

  it('name a missing property', () => {
    expect(first((j) => delete j['card'])).toBe('/: must have the property "card"');
  });
  it('guess at a misspelt property', () => {
    expect(first((j) => (tiles(j)['sized'] = 3))).toBe('/inputs/tiles/0/sized: unknown property; did you mean "size"?');
  });
  it('explain a choice of one of two', () => {
    expect(first((j) => (tiles(j)['level'] = 0))).toBe('/inputs/tiles/0: must have only one of "mpp", "level"');
    expect(first((j) => delete tiles(j)['mpp'])).toBe('/inputs/tiles/0: must have one of "mpp", "level"');
  });
  it('judge by the branch that is meant', () => {
    expect(first((j) => (head(j)['k'] = 0))).toBe('/heads/0/k: must be at least 1, not 0');
    expect(first((j) => (head(j)['method'] = 'topk'))).toContain(
      '/heads/0/method: must be one of "mean", "max", "noisyOr", not "topk"',
    );
    expect(first((j) => (head(j)['method'] = 'topk'))).toContain('must be "topK"');
  });
});

describe('lines', () => {
  const text = '{\n  "a": {"x\\"y": [1,\n    {"b": "}]"},\n\n    [[], {"c": 2}]]},\n  "d/e": 5\n}\n';
  it.each([
    [['a'], 2],
    [['a', 'x"y', '1', 'b'], 3],
    [['a', 'x"y', '2', '1', 'c'], 5],
    [['d/e'], 6],
    [['d/e', 'deeper'], 6],
    [['a', 'none'], 2],
    [[], 1],
  ])('of %j is %i', (path, line) => {
    expect(lineOfPath(text, path)).toBe(line);
  });
  it('are found in 200,000 nested brackets without recursion', () => {
    const deep = `{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)},\n"b": 1}`;
    expect(lineOfPath(deep, ['b'])).toBe(2);
  });
});
