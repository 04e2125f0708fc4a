/** Reads a repository of Triton: models that this server can serve. What is in it is not trusted. */

import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { fromFileSystem, MicrotomeError } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import { piecesOf } from '../../core/regular-file.js';
import type { ModelToServe } from '../options.js';
import { parseConfig, type ConfigTensor, type ModelConfig } from './model-config.js';
import { kMostPbtxtBytes } from './pbtxt.js';

/** More models than one server should have. */
const kMostModels = 256;

/** What a repository has. */
export interface FoundModels {
  readonly models: readonly ModelToServe[];
  /** What is in the repository and is not used: sentences. */
  readonly notes: readonly string[];
}

function refuse(found: string, path: string): MicrotomeError {
  return new MicrotomeError('MODEL_INVALID', 'options', found, { path });
}

async function textOf(path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  const rules = {
    maxBytes: kMostPbtxtBytes,
    followLinks: false,
    refuse: (found: string) => refuse(`the configuration is ${found}`, path),
  };
  try {
    for await (const piece of piecesOf(path, rules)) pieces.push(piece);
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    if (error instanceof TypeError) throw refuse('the configuration is not UTF-8', path);
    throw fromFileSystem(error, 'options', path, 'the configuration');
  }
}

/** The newest version; a repository may have several, of which this server has one. */
async function versionOf(folder: string): Promise<{ readonly newest: string; readonly others: number }> {
  const entries = await readdir(folder, { withFileTypes: true });
  const versions = entries.filter((entry) => entry.isDirectory() && /^[1-9]\d{0,8}$/.test(entry.name));
  const numbers = versions.map(({ name }) => Number(name)).sort((a, b) => b - a);
  const [newest] = numbers;
  if (newest === undefined) throw refuse('the model has no folder of a version, such as 1', folder);
  return { newest: String(newest), others: numbers.length - 1 };
}

async function isFile(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** The graph, where no link leads out of the repository. */
async function graphIn(root: string, path: string): Promise<string> {
  const found = await realpath(path).catch((error: unknown) => {
    throw fromFileSystem(error, 'options', path, 'the graph');
  });
  if (!found.startsWith(root + sep)) throw refuse('the graph is a link that leads out of the repository', path);
  return found;
}

/** With the batch as the first side. */
function withBatch(tensors: readonly ConfigTensor[], { maxBatchSize }: ModelConfig) {
  return tensors.map(({ name, datatype, dims }) => ({
    name,
    datatype,
    shape: maxBatchSize > 0 ? [-1, ...dims] : dims,
  }));
}

async function modelIn(root: string, folder: string, notes: string[]): Promise<ModelToServe> {
  const place = join(root, folder);
  const path = join(place, 'config.pbtxt');
  const config = parseConfig(await textOf(path), path);
  if (config.name !== null && config.name !== folder)
    throw refuse(`the configuration is of the model ${JSON.stringify(config.name)}, its folder is ${folder}`, path);
  const { newest, others } = await versionOf(place);
  if (others > 0) notes.push(`${folder}: version ${newest} is served, ${others} older ones are not`);
  if (config.ignored.length > 0) notes.push(`${folder}: not used of its configuration: ${config.ignored.join(', ')}`);
  const version = join(place, newest);
  const batch = config.maxBatchSize > 0 ? { batchSize: Math.min(config.maxBatchSize, 1024) } : {};
  if (await isFile(join(version, 'microtome.json'))) return { name: folder, model: version, ...batch };
  const tensors = await graphIn(root, join(version, config.modelFile));
  const declared = { inputs: withBatch(config.inputs, config), outputs: withBatch(config.outputs, config) };
  return { name: folder, tensors, declared, ...batch };
}

/**
 * Every model of a repository, as {@link createServer} takes them: with the bundle where there is one, else as a graph that takes
 * rows of tensors.
 *
 * @throws MicrotomeError: FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_INVALID for a configuration that is none, or asks for what
 * is not supported.
 */
export async function readModelRepository(folder: string): Promise<FoundModels> {
  try {
    const root = await realpath(pathOf(folder));
    const entries = await readdir(root, { withFileTypes: true });
    const folders = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    const notes = entries
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => `${name} is a link: it is not followed`);
    if (folders.length === 0) throw refuse('the repository has no folder of a model', folder);
    if (folders.length > kMostModels)
      throw refuse(`the repository has ${folders.length} models, the most is ${kMostModels}`, folder);
    const models: ModelToServe[] = [];
    for (const name of folders.sort()) models.push(await modelIn(root, name, notes));
    return { models, notes };
  } catch (error) {
    throw fromFileSystem(error, 'options', folder, 'the model repository');
  }
}
