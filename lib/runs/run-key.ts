/** What a journal is keyed by: everything that could make a score another one. */
import { fixedDefault, memberName, ownerName } from '../options/describe.js';
import type { OptionRow } from '../options/row.js';
import { optionRows } from '../options/table.js';
import type { MaskInput } from '../options/types.js';
import { optionsOfModel } from '../model/told-options.js';
import type { Model } from '../model/model.js';
import { sha256, toJson, type Json } from './canonical.js';
import { defaults } from '../options/defaults.js';
import type { RunOptions } from './directory-options.js';
import type { JournalKey } from './journal-format.js';
import type { PreparedRun } from './prepare.js';
import { maskDigest } from '../slide/mask-digest.js';
import { toolVersion } from '../core/version.js';

type Known = Readonly<Record<string, unknown>>;

export async function runKey(model: Model, prepared: PreparedRun, options: RunOptions): Promise<JournalKey> {
  // A model that was loaded before the run brings the options that it was loaded with.
  const given = { ...optionsOfModel(model), ...options.given };
  return {
    tool: toolVersion,
    model: model.sha256,
    format: prepared.formatSha256,
    metadata: prepared.metadataSha256,
    rows: sha256(JSON.stringify(prepared.rows.map((row) => row.name))),
    options: await keyOptions(given, optionRows, options.signal),
  };
}

/**
 * The given options that a score depends on, by name, as the table says. A mask counts by what is in it, and a moment by
 * its text.
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
    if (row.scores === 'no' || row.scores === 'byContent' || (row.scores === 'unlessReproducible' && reproducible))
      continue;
    const value = givenValue(row, given);
    if (value === undefined) continue;
    // The default, given by name, is the same run.
    if (JSON.stringify(value) !== JSON.stringify(fixedDefault(row.default)))
      key[row.name] = await keyValue(row, value, signal);
  }
  return key;
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
