/**
 * What the bytes of a file of features depend on. It stands in the file, and `resume` compares it: model, output, type of
 * the numbers, options, libraries and device, the slide's file.
 */
import { machineIdentity } from '../../native/identity.js';
import { MicrotomeError } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import { canonical, type Json } from '../../runs/canonical.js';
import type { RunOptions } from '../../runs/directory-options.js';
import { partialOptions, runKey } from '../../runs/run-key.js';
import type { SlideIdentity } from '../../runs/slide-files.js';
import type { Scorer } from '../../scoring/scorer.js';
import type { FeatureSettings } from './embed-options.js';
import type { FeatureOutput } from './encode.js';

export type RunIdentity = Readonly<Record<string, Json>>;

/** What is the same for all slides of a run. */
export async function runIdentity(
  scorer: Scorer,
  run: RunOptions,
  features: FeatureSettings,
  output: FeatureOutput,
): Promise<RunIdentity> {
  const machine = await machineIdentity(scorer.deviceUse.identity);
  const key = await runKey(scorer.model, { metadataSha256: null }, run, machine);
  const partial = partialOptions(scorer.model, run).flatMap(({ name, value }): [string, Json][] =>
    value === null ? [] : [[name, value]],
  );
  const { sizePx = null, stridePx = null, mpp = null, level = null } = scorer.model.input ?? {};
  return {
    tool: key.tool,
    model: { ...key.model, input: { sizePx, stridePx, mpp, level } },
    output: output.name,
    pool: poolText(output),
    featureType: features.type,
    machine: key.machine,
    // An option that changes some slides alone may have changed this one: the file does not tell.
    options: { ...(key.options as RunIdentity), ...Object.fromEntries(partial) },
  };
}

function poolText({ rows: { pool } }: FeatureOutput): Json {
  return pool === null ? 'none' : pool.kind === 'cls' ? 'cls' : `mean after ${pool.skip}`;
}

/**
 * With what is the slide's own. The inode is left out: a copy of a slide has the same features. An object of a store is known by its
 * ETag too, and a slide of several files by what all of them are.
 */
export function identityText(
  run: RunIdentity,
  { size, mtimeNs, etagDigest, filesDigest }: Omit<SlideIdentity, 'inode'>,
): string {
  const digests = {
    ...(etagDigest === undefined ? {} : { etagDigest }),
    ...(filesDigest === undefined ? {} : { filesDigest }),
  };
  return canonical({ ...run, slide: { size, mtimeNs, ...digests } });
}

/** Throws RESUME_REFUSED, naming what differs. `was` is not trusted. */
export function checkIdentity(path: string, was: string | null, now: string): void {
  if (was === now) return;
  const found = was === null ? 'it is no whole file of features of this program' : differences(was, now).join('; ');
  throw new MicrotomeError('RESUME_REFUSED', 'csv', `${path} was made in another way: ${found}`, {
    path,
    advice: `go on with the model, the options and the slide that it was made with, or pass ${optionMark('overwrite', 'true')}`,
  });
}

function differences(was: string, now: string): readonly string[] {
  let before: ReadonlyMap<string, string>;
  try {
    before = flat(JSON.parse(was));
  } catch {
    return ['its identity is not valid JSON'];
  }
  const after = flat(JSON.parse(now));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} was ${before.get(name) ?? 'not given'} and is ${after.get(name) ?? 'not given'}`);
}

/** Values by their path: `model.sha256`. */
function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return into.set(path, JSON.stringify(value));
  for (const [key, each] of Object.entries(value)) flat(each, path === '' ? key : `${path}.${key}`, into);
  return into;
}
