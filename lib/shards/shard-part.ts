/**
 * One part of a run: which rows it has, and when its files are written. The order, for a shard may be killed at any point:
 *
 *   read and join the files            the whole list, as every shard does
 *   compare with shards.json           if it is there: SHARD_CONFLICT says what differs; slides that failed may (repaired.ts)
 *   lock the table of the part         one process for each part
 *   load the model                     what is wrong with it, or with the options, leaves nothing behind
 *   write shards.json                  if it is not there: the first shard that came so far says what the run is
 *   score                              into the journal of the part
 *   write the table, under a name of no meaning
 *   write the record of the part       with the digest of the table
 *   rename the table, remove the journal
 */
import { mkdir } from 'node:fs/promises';
import { MicrotomeError } from '../core/errors.js';
import { optionMark } from '../core/option-names.js';
import { loadModel } from '../model/load-model.js';
import type { Model } from '../model/model.js';
import { contradiction } from '../options/check.js';
import { modelOptionKeys } from '../options/model-options.js';
import { parseOptions } from '../options/parse.js';
import type { ModelOptions, ShardChoice } from '../options/types.js';
import { readCsv } from '../runs/csv-read.js';
import { removeLeftovers } from '../runs/durable.js';
import { ioFailure } from '../runs/failure.js';
import { errnoOf, realFileSystem, type FileSystem } from '../runs/file-system.js';
import { isThere, journalIsThere } from '../runs/output-files.js';
import type { PartFacts, RunPart, WholeRow, WholeRun, WrittenFile } from '../runs/part.js';
import { assignBySize } from './assignment.js';
import { localPath } from './local-place.js';
import { checkManifest, publishManifest } from './manifest-file.js';
import { makeManifest, manifestDigest, type ShardManifest } from './manifest.js';
import { partFiles, type PartFiles } from './names.js';
import { readPartRecord, writePartRecord } from './part-record.js';
import { listedRun, requireScoredAgain } from './repaired.js';

type Known = Readonly<Record<string, unknown>>;

/** Options of whole runs that a part cannot have. */
const kOfWholeRuns = ['provisional', 'runRecord'] as const;

export class ShardPart implements RunPart {
  readonly files: PartFiles;
  #whole: WholeRun | null = null;
  #manifest: ShardManifest | null = null;
  /** SHA-256 of shards.json, or of what is going to be it. */
  #digest = '';
  #model: Model | null = null;
  /** Of this part: slides that are not as the list of rows says. */
  #repaired: readonly WholeRow[] = [];

  private constructor(
    private readonly folder: string,
    private readonly shard: ShardChoice,
    private readonly given: Known,
    private readonly fs: FileSystem,
  ) {
    this.files = partFiles(folder, shard.index, shard.count);
  }

  /** Throws INVALID_OPTION. */
  static of(given: unknown, fs: FileSystem = realFileSystem): ShardPart {
    const options = (typeof given === 'object' && given !== null ? given : {}) as Known;
    const shard = parseOptions(['shard'], { shard: options['shard'] })['shard'] as ShardChoice;
    if (shard.index >= shard.count)
      throw contradiction(
        `${optionMark('shard.index')} is ${shard.index}, and ${optionMark('shard.count')} ${shard.count}; shards are counted from 0`,
      );
    const { output } = options;
    if (output === undefined)
      throw contradiction(`${optionMark('output')} is missing: expected the folder of the parts`);
    for (const name of kOfWholeRuns) {
      if (options[name] !== undefined && options[name] !== false)
        throw contradiction(`${optionMark(name)} was given with ${optionMark('shard.index')}; ${kWhy[name]}`);
    }
    return new ShardPart(localPath('output', output), shard, options, fs);
  }

  /** What the run over the rows of this part is given. */
  get options(): Known {
    const { shard: _, ...rest } = this.given;
    const { table, runRecord } = this.files;
    return { ...rest, output: table, runRecord, resume: rest['overwrite'] !== true };
  }

  /** The same with the model that has been read already, for the scorer. */
  withModel<T extends object>(options: T): T {
    if (this.#model === null) return options;
    const told: ReadonlySet<string> = new Set(modelOptionKeys);
    const rest = Object.entries(options).filter(([name]) => !told.has(name));
    return { ...Object.fromEntries(rest), model: this.#model } as T;
  }

  async hasBegun(): Promise<boolean> {
    // What is there is going to be replaced.
    if (this.given['overwrite'] === true) return false;
    const { table } = this.files;
    return (await journalIsThere(table, this.fs)) || (await isThere(table, this.fs));
  }

  async choose(whole: WholeRun, signal: AbortSignal): Promise<readonly number[]> {
    const { shard, folder, fs } = this;
    const model = await modelOf(whole.given);
    signal.throwIfAborted();
    const found = await makeManifest(whole, model, shard.count, signal);
    const overwrite = this.given['overwrite'] === true;
    const listed = await listedRun({ ...shard, folder, overwrite, fs, signal }, found, whole.rows);
    const { manifest, rows } = listed ?? { manifest: found, rows: whole.rows };
    this.#digest = (await checkManifest(folder, manifest, rows, fs)) ?? manifestDigest(manifest);
    [this.#whole, this.#manifest, this.#model] = [{ ...whole, rows }, manifest, model];
    await makeFolder(folder);
    const shardOf = await assignBySize(
      rows.map(({ bytes }) => bytes),
      shard.count,
      signal,
    );
    const own: number[] = [];
    for (const [row, index] of shardOf.entries()) if (index === shard.index) own.push(row);
    this.#repaired = own.flatMap((row) => listed?.repaired.get(row) ?? []);
    return own;
  }

  async leftOut(): Promise<readonly string[]> {
    const { table } = this.files;
    const record = await readPartRecord(this.files.record, this.fs);
    const sha256 = await this.#tableDigest();
    if (record?.manifest === this.#digest && record.table.sha256 === sha256) {
      requireScoredAgain(table, record, this.#repaired);
      await this.#sweep();
      return record.skipped;
    }
    const found =
      record === null
        ? `${table} is there without its record ${this.files.record}`
        : `${table} is not what its record says, or is of another run`;
    const advice = `pass ${optionMark('overwrite', 'true')} to score the part again`;
    throw new MicrotomeError('OUTPUT_EXISTS', 'csv', found, { path: table, advice });
  }

  async begin(): Promise<void> {
    if (this.#manifest === null || this.#whole === null) return;
    await this.#sweep();
    this.#digest = await publishManifest(this.folder, this.#manifest, this.#whole.rows, this.fs, null);
  }

  async seal(table: WrittenFile, facts: PartFacts): Promise<void> {
    const { index, count } = this.shard;
    const repaired = this.#repaired.length === 0 ? {} : { repaired: this.#repaired };
    const record = { manifest: this.#digest, index, count, table, ...repaired, ...facts };
    await writePartRecord(this.files.record, record, this.fs);
  }

  /** Null: it is no table any more. */
  async #tableDigest(): Promise<string | null> {
    try {
      return (await readCsv(this.files.table, undefined, this.fs)).sha256;
    } catch (error) {
      if (error instanceof MicrotomeError && error.code === 'CSV_INVALID') return null;
      throw error;
    }
  }

  /** Removes what a shard that was killed left of its records under temporary names. The table is locked. */
  async #sweep(): Promise<void> {
    const { record, runRecord } = this.files;
    for (const path of [record, runRecord]) await removeLeftovers(path, async () => false, this.fs);
  }
}

const kWhy = {
  provisional: 'a part is no table by itself: what is there of it while the run lasts is in its journal',
  runRecord: 'each part has a record beside it',
} as const;

async function modelOf(given: Known): Promise<Model> {
  const model = given['model'];
  if (typeof model === 'object' && model !== null) return model as Model;
  const told = modelOptionKeys.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]);
  return loadModel(model as string, told.length === 0 ? undefined : (Object.fromEntries(told) as ModelOptions));
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR') {
      const found = `${optionMark('output')} ${folder} is, or lies in, something that is not a folder`;
      throw new MicrotomeError('INVALID_OPTION', 'options', found, { path: folder, advice: 'name a folder' });
    }
    throw ioFailure(error, 'make the folder', folder);
  }
}
