/** What a journal is keyed by: everything that could make every score another one. What concerns some scores is in row-key.ts. */
import { fixedDefault, memberName, ownerName } from '../options/describe.js';
import type { OptionRow, ScoreDependence } from '../options/row.js';
import { optionRows } from '../options/table.js';
import type { MaskInput } from '../options/types.js';
import { optionsOfModel } from '../model/told-options.js';
import type { Model } from '../model/model.js';
import { canonical, toJson, type Json } from './canonical.js';
import { defaults } from '../options/defaults.js';
import type { RunOptions } from './directory-options.js';
import { journalVersion, type JournalKey } from './journal-format.js';
import type { PreparedRun } from './prepare.js';
import { maskDigest } from '../slide/mask-digest.js';
import { toolVersion } from '../core/version.js';

type Known = Readonly<Record<string, unknown>>;

/** `machine`: libraries, instructions and the device, by what messages call them. */
export async function runKey(
  model: Model,
  prepared: Pick<PreparedRun, 'metadataSha256'>,
  options: Pick<RunOptions, 'given' | 'signal'>,
  machine: Readonly<Record<string, string>> = {},
): Promise<JournalKey> {
  return {
    version: journalVersion,
    tool: toolVersion,
    model: { name: model.name, sha256: model.sha256 },
    machine,
    metadata: prepared.metadataSha256 !== null,
    options: await keyOptions(allGiven(model, options), optionRows, options.signal),
  };
}

/** A model that was loaded before the run brings the options that it was loaded with. */
function allGiven(model: Model, options: Pick<RunOptions, 'given'>): Known {
  return { ...optionsOfModel(model), ...options.given };
}

/**
 * The given options that every score depends on, by name, as the table says. A mask counts by what is in it, and a moment
 * by its text.
 */
export async function keyOptions(
  given: Known,
  rows: readonly OptionRow[] = optionRows,
  signal: AbortSignal | null = null,
): Promise<Record<string, Json>> {
  const reproducible = (given['reproducible'] ?? defaults.reproducible) !== false;
  const key: Record<string, Json> = {};
  for (const row of rows) {
    if (!row.in.includes('run') || row.kind.type === 'object') continue;
    if (row.scores !== 'yes' && (row.scores !== 'unlessReproducible' || reproducible)) continue;
    const value = givenValue(row, given);
    if (value === undefined) continue;
    // The default, given by name, is the same run.
    if (JSON.stringify(value) !== JSON.stringify(fixedDefault(row.default)))
      key[row.name] = await keyValue(row, value, signal);
  }
  return key;
}

/** An option that some scores depend on, with the value that holds; null where that is the model's own. */
export interface PartialOption {
  readonly name: string;
  readonly scores: ScoreDependence;
  readonly value: Json;
  /** What holds where nothing is given; null as above. */
  readonly fixed: Json;
}

const kPartial: ReadonlySet<ScoreDependence> = new Set<ScoreDependence>(['ifBadTiles', 'ifSampled', 'ifLimited']);

/** The options that some scores depend on and others do not; of the deadline, see row-key.ts. */
export function partialOptions(
  model: Model,
  options: Pick<RunOptions, 'given'>,
  rows: readonly OptionRow[] = optionRows,
): readonly PartialOption[] {
  const given = allGiven(model, options);
  return rows
    .filter((row) => row.in.includes('run') && row.kind.type !== 'object' && kPartial.has(row.scores))
    .map((row) => {
      const fixed = toJson(fixedDefault(row.default) ?? null);
      const value = givenValue(row, given);
      return { name: row.name, scores: row.scores, fixed, value: value === undefined ? fixed : toJson(value) };
    });
}

/** Those of them that are given and have another value than the default, by name. */
export function partialValues(given: Known): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const row of optionRows) {
    if (!row.in.includes('run') || row.kind.type === 'object' || !kPartial.has(row.scores)) continue;
    const value = givenValue(row, given);
    const json = value === undefined ? null : toJson(value);
    if (json !== null && canonical(json) !== canonical(fixedDefault(row.default) ?? null)) values[row.name] = json;
  }
  return values;
}

function givenValue(row: OptionRow, given: Known): unknown {
  const owner = ownerName(row);
  if (owner === '') return given[row.name];
  const object = given[owner];
  return typeof object === 'object' && object !== null ? (object as Known)[memberName(row)] : undefined;
}

async function keyValue(row: OptionRow, value: unknown, signal: AbortSignal | null): Promise<Json> {
  if (row.kind.type === 'mask') return await maskDigest(value as MaskInput, signal);
  if (value instanceof Date) return value.toISOString();
  return toJson(value);
}
