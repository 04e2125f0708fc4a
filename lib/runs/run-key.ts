/** What a journal is keyed by: everything that could make a score another one. */
import type { MaskInput, ScorerOptions } from '../options/types.js';
import { sha256, toJson, type Json } from './canonical.js';
import { deadlineKey } from './deadline.js';
import type { RunOptions } from './directory-options.js';
import type { JournalKey } from './journal-format.js';
import type { PreparedRun } from './prepare.js';
import { maskDigest } from '../slide/mask-digest.js';
import { toolVersion } from '../core/version.js';

/** Options that change speed, memory or what is kept, but no score. The model counts by its hash. */
const kWithoutEffect: ReadonlySet<string> = new Set([
  'model',
  'signal',
  'onProgress',
  'threads',
  'memoryLimit',
  'tiles',
]);

export async function runKey(modelSha256: string, prepared: PreparedRun, options: RunOptions): Promise<JournalKey> {
  return {
    tool: toolVersion,
    model: modelSha256,
    format: prepared.formatSha256,
    metadata: prepared.metadataSha256,
    rows: sha256(JSON.stringify(prepared.rows.map((row) => row.name))),
    options: { ...(await effectiveOptions(options.scorer)), ...deadlineKey(options.deadline) },
  };
}

async function effectiveOptions(options: ScorerOptions): Promise<Record<string, Json>> {
  const reproducible = options.reproducible !== false;
  const effective: Record<string, Json> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || kWithoutEffect.has(name)) continue;
    // Reproducible runs give the same bits for any batch size; that is what the word means.
    if (name === 'batchSize' && reproducible) continue;
    effective[name] = name === 'mask' ? await maskDigest(value as MaskInput, options.signal ?? null) : toJson(value);
  }
  return effective;
}
