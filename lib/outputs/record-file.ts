/**
 * The file of a run's record, as JSON. Written when scoring begins and again at the end, each time whole; a run that was killed
 * leaves the first one, which says that it is running. Nothing in it names the host or its user, but for the paths that were
 * given.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { Turns } from '../core/turns.js';
import { toolVersion } from '../core/version.js';
import { MicrotomeError } from '../core/errors.js';
import type { Model, ModelAssumptions } from '../model/model.js';
import { specOf } from '../model/spec.js';
import { loadAddon } from '../native/addon.js';
import type { DeviceId, DeviceUse } from '../native/devices.js';
import { asideOf, removeIfThere, syncFolderOf } from '../runs/durable.js';
import { ioFailure } from '../runs/failure.js';
import type { FileSystem } from '../runs/file-system.js';
import { fillNewFile, writePieces } from './new-file.js';
import { recordedOptions } from './recorded-options.js';

/** What is known before the first slide or image. */
export interface RecordFacts {
  readonly model: Model;
  readonly call: 'run' | 'slide' | 'images';
  /** As given. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly device: DeviceId;
  /** What is known of the device; null: nothing more. */
  readonly deviceUse: DeviceUse | null;
  /** CSV files that were read, by the option that names them. */
  readonly inputs: Readonly<Record<string, { readonly path: string; readonly sha256: string }>>;
}

/** Versions of what a score may depend on. */
export type LibraryVersions = () => Promise<Readonly<Record<string, string>>>;

/** Asks the libraries themselves; only once ONNX Runtime is open. */
export const libraryVersions: LibraryVersions = async () => {
  const { onnxRuntime, vips, jpeg, simd } = await (await loadAddon()).doctor();
  const version = (library: { readonly loaded: boolean; readonly version: string }): string =>
    library.loaded ? library.version : 'not there';
  return { onnxRuntime: version(onnxRuntime), libvips: version(vips), libjpegTurbo: version(jpeg), simd };
};

export type RunState = 'running' | 'finished' | 'failed' | 'cancelled';

/** What a run ended with, where it did not finish. */
export interface RecordEnd {
  readonly reason: unknown;
  readonly wasStopped: boolean;
}

export function stateOf(error: RecordEnd | null): RunState {
  if (error === null) return 'finished';
  return error.wasStopped ? 'cancelled' : 'failed';
}

const recordVersion = 1;

export class RecordFile {
  readonly #startedAt = new Date();

  private constructor(
    private readonly path: string,
    private readonly facts: Readonly<Record<string, unknown>>,
    private readonly fs: FileSystem,
  ) {}

  /** Writes nothing yet. */
  static async of(path: string, facts: RecordFacts, versions: LibraryVersions, fs: FileSystem): Promise<RecordFile> {
    // What comes before, a model that was loaded or a large result, has its own turn of the event loop.
    await nextTurn();
    return new RecordFile(path, factsOf(facts, await versions()), fs);
  }

  /**
   * `more` stands after the facts, `list` at the end, with a line for each item. Throws DISK_FULL, FILE_UNREADABLE,
   * FILE_NOT_FOUND.
   */
  async write(
    state: RunState,
    reason: unknown,
    more: object,
    list: { readonly name: string; readonly items: Iterable<unknown> },
  ): Promise<void> {
    await nextTurn();
    const temporary = asideOf(this.path);
    const pieces = this.#pieces(state, reason, more, list);
    await fillNewFile(temporary, this.path, (sink) => writePieces(sink, pieces), this.fs);
    try {
      await this.fs.rename(temporary, this.path);
      await syncFolderOf(this.path, this.fs);
    } catch (error) {
      await removeIfThere(temporary, this.fs).catch(() => false);
      throw ioFailure(error, 'write', this.path);
    }
  }

  /** In turns of the event loop. */
  async *#pieces(
    state: RunState,
    reason: unknown,
    more: object,
    list: { readonly name: string; readonly items: Iterable<unknown> },
  ): AsyncGenerator<string, void, undefined> {
    const isOver = state !== 'running';
    const now = new Date();
    const head = {
      record: recordVersion,
      state,
      startedAt: this.#startedAt.toISOString(),
      endedAt: isOver ? now.toISOString() : null,
      elapsedMs: isOver ? now.getTime() - this.#startedAt.getTime() : null,
      error: state === 'failed' ? errorFacts(reason) : null,
      ...this.facts,
      ...more,
    };
    yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "${list.name}": [`;
    const turns = new Turns();
    let isFirst = true;
    for (const item of list.items) {
      yield `${isFirst ? '' : ','}\n    ${JSON.stringify(item)}`;
      isFirst = false;
      if (turns.isOver) await turns.next();
    }
    yield '\n  ]\n}\n';
  }
}

function errorFacts(reason: unknown): object {
  if (!(reason instanceof MicrotomeError)) return { code: 'INTERNAL', message: String(reason) };
  const { code, stage, message } = reason;
  return { code, stage, message };
}

function factsOf(
  { model, call, options, device, deviceUse, inputs }: RecordFacts,
  libraries: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const spec = specOf(model);
  const assumed: ModelAssumptions | null = model.assumed;
  return {
    versions: { microtome: toolVersion, node: process.version, ...libraries },
    host: {
      platform: platform(),
      release: release(),
      arch: arch(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
    },
    device,
    deviceUse,
    model: {
      name: model.name,
      kind: model.kind,
      path: model.path,
      sha256: model.sha256,
      graphs: [...spec.graphs, ...spec.headGraphs].map(({ sha256, weights }) => ({
        sha256,
        weightsSha256: weights.map((file) => file.sha256),
      })),
      intendedUse: model.intendedUse,
    },
    inputs,
    options: recordedOptions(options, call),
    assumed,
    warnings: model.warnings,
  };
}
