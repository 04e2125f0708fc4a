/**
 * One run in the box: scoreDirectory over `data/`, with the options that the challenge asks for. A slide that cannot be scored has
 * the fallback value of the model, and a complete table is in place from before the first slide on. What goes wrong is told by
 * its code alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MicrotomeError,
  type Device,
  type DirectoryOptions,
  type DirectoryRun,
  type ErrorCode,
  type Model,
} from '../../index.js';
import { toolVersion } from '../../core/version.js';
import { deviceOrder, type BoxChoice } from './choose-device.js';
import type { BoxLog } from './log.js';
import { boxTimes, type BoxTimes } from './machine-limits.js';

/** The public functions that a run uses; tests pass their own. */
export interface BoxLibrary {
  loadModel(ref: string): Promise<Model>;
  devices(options: { readonly gpu?: { readonly libraries: string } }): Promise<readonly Pick<Device, 'id' | 'kind'>[]>;
  scoreDirectory(slides: string, options: DirectoryOptions): DirectoryRun;
}

export interface BoxSettings {
  readonly bundle: string;
  /** Has the slides, submission_format.csv and test_metadata.csv. */
  readonly data: string;
  readonly output: string;
  /** The folder with the libraries of a GPU that was packed; null: none was. */
  readonly runtime: string | null;
  readonly memoryLimit: number;
  /** Seconds from the start of main.py, as the environment has them; null: not given. */
  readonly deadline: string | null;
  /** Milliseconds since main.py was started. */
  readonly elapsedMs: () => number;
  /** Between two looks at the lock of another run; not there: half a second. */
  readonly lockWaitMs?: number;
  /** How long a run may hold on once it is to end; not there: half a minute. */
  readonly endWaitMs?: number;
  /** What cannot be looked at counts as there. */
  readonly isThere: (path: string) => Promise<boolean>;
}

export const boxExit = {
  /** The table is complete. Slides that could not be scored have the fallback value. */
  done: 0,
  /** The run failed. A provisional table may be there. */
  failed: 1,
  /** An input file was refused before the first slide was scored. */
  refused: 4,
  interrupted: 130,
} as const;

/** The time was up. */
export class LastCall extends Error {}

export async function runBox(
  settings: BoxSettings,
  library: BoxLibrary,
  log: BoxLog,
  stop: AbortController,
): Promise<number> {
  const run = new BoxRun(settings, library, log, stop);
  try {
    await run.toTheEnd();
    log.done();
    return boxExit.done;
  } catch (error) {
    const { aborted, reason } = stop.signal;
    const isLate = error instanceof LastCall || (aborted && reason instanceof LastCall);
    if (aborted && !isLate) {
      log.failed('INTERRUPTED');
      return boxExit.interrupted;
    }
    if (isLate && run.hasBegun) {
      log.deadline();
      log.done();
      return boxExit.done;
    }
    log.failed(isLate ? 'DEADLINE' : codeOf(error));
    return !run.hasBegun && isOfTable(error, settings) ? boxExit.refused : boxExit.failed;
  }
}

const kOfTable: ReadonlySet<ErrorCode> = new Set([
  'CSV_INVALID',
  'ROWS_MISMATCH',
  'FILE_NOT_FOUND',
  'FILE_UNREADABLE',
  'LIMIT_EXCEEDED',
]);

/** Of the two tables, and of nothing else that has such a code: the folder, the model, the table that is written. */
function isOfTable(error: unknown, { data }: BoxSettings): boolean {
  if (!(error instanceof MicrotomeError) || !kOfTable.has(error.code)) return false;
  return error.path === formatOf(data) || error.path === metadataOf(data);
}

const formatOf = (data: string): string => `${data}/submission_format.csv`;
const metadataOf = (data: string): string => `${data}/test_metadata.csv`;

function codeOf(error: unknown): ErrorCode {
  return error instanceof MicrotomeError ? error.code : 'INTERNAL';
}

function journalOf(output: string): string {
  return `${output}.journal`;
}

/** The CPU keeps the ONNX Runtime that it was tested with. */
const gpuOf = (runtime: string | null): { readonly gpu?: { readonly libraries: string } } =>
  runtime === null ? {} : { gpu: { libraries: runtime } };

/** A device with which nothing can be begun: the next one is tried. */
const kOfDevice: ReadonlySet<ErrorCode> = new Set([
  'DEVICE_UNAVAILABLE',
  'RUNTIME_MISSING',
  'OUT_OF_MEMORY',
  'DEVICE_LOST',
]);

/** The program of a main.py that was killed ends by itself within moments; until then it holds the lock. */
const kLockTries = 20;
const kLockWaitMs = 500;

const kEndWaitMs = 30_000;
/** Before its first table a run has nothing to end with, so it is given more time. */
const kBeginsWithin = 10;

class BoxRun {
  /** The first table of this run is in place, and a slide was begun: what fails now is no refusal of an input. */
  hasBegun: boolean = false;
  private isFresh = false;
  private isCalled = false;
  private isScored = false;
  private readonly timers: NodeJS.Timeout[] = [];
  /** Settles where the run holds on to something and is not waited for; null: the finished table is in place. */
  private letGo: (reason: LastCall | null) => void = () => {};

  constructor(
    private readonly settings: BoxSettings,
    private readonly library: BoxLibrary,
    private readonly log: BoxLog,
    private readonly stop: AbortController,
  ) {}

  async toTheEnd(): Promise<void> {
    const { log, library, settings } = this;
    log.version(toolVersion);
    const model = await library.loadModel(settings.bundle);
    const order = deviceOrder(await library.devices(gpuOf(this.settings.runtime)));
    log.stage('start');
    // A deadline gives up tiles; of which grid, where there are several, nothing says, and the library refuses it.
    const keepsDeadline = model.inputs.length < 2;
    const times = boxTimes(settings.deadline, keepsDeadline);
    if (times === undefined)
      throw new MicrotomeError('INVALID_OPTION', 'options', 'the deadline is no number of seconds');
    this.after(times.lastCallMs - settings.elapsedMs(), () => this.lastCall());
    const letGo = new Promise<void>((resolve, reject) => {
      this.letGo = (reason) => (reason === null ? resolve() : reject(reason));
    });
    try {
      await Promise.race([this.onOneOf(order, model, keepsDeadline ? times : null), letGo]);
    } finally {
      for (const timer of this.timers) clearTimeout(timer);
    }
    log.scored();
    log.stage('write');
  }

  private after(ms: number, act: () => void): void {
    this.timers.push(setTimeout(act, Math.max(0, ms)));
  }

  private get endWaitMs(): number {
    return this.settings.endWaitMs ?? kEndWaitMs;
  }

  /** The run is stopped once its first table is there. */
  private lastCall(): void {
    this.isCalled = true;
    if (this.hasBegun) this.cut();
    else this.after(kBeginsWithin * this.endWaitMs, () => this.letGo(new LastCall()));
  }

  /** A read that hangs may keep the run from ending. Nobody waits for it. */
  private cut(): void {
    this.stop.abort(new LastCall());
    this.after(this.endWaitMs, () => this.letGo(new LastCall()));
  }

  private begun(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    if (this.isCalled) this.cut();
  }

  private scored(): void {
    if (this.isScored) return;
    this.isScored = true;
    this.log.scored();
    this.awaitEnd();
  }

  /** The finished table is in place as soon as the journal is gone. What still holds on then is not waited for either. */
  private awaitEnd(): void {
    this.after(this.endWaitMs, () => {
      void this.settings.isThere(journalOf(this.settings.output)).then((isThere) => {
        if (isThere) this.awaitEnd();
        else this.letGo(null);
      });
    });
  }

  private async onOneOf(order: readonly BoxChoice[], model: Model, times: BoxTimes | null): Promise<void> {
    for (const [i, device] of order.entries()) {
      this.log.device(device.kind);
      try {
        await this.resumedOrAnew(device, model, times);
        return;
      } catch (error) {
        const isLast = i === order.length - 1;
        if (isLast || this.hasBegun || this.stop.signal.aborted || !kOfDevice.has(codeOf(error))) throw error;
      }
    }
  }

  private async score(device: BoxChoice, model: Model, times: BoxTimes | null): Promise<void> {
    for (let left = kLockTries; ; --left) {
      try {
        return await this.scoreOnce(device, model, times);
      } catch (error) {
        if (left === 0 || codeOf(error) !== 'OUTPUT_LOCKED' || this.hasBegun) throw error;
        await sleep(this.settings.lockWaitMs ?? kLockWaitMs, undefined, { signal: this.stop.signal });
      }
    }
  }

  /** Scores of another device or another library do not mix with those of this one: such a journal is not gone on with. */
  private async resumedOrAnew(device: BoxChoice, model: Model, times: BoxTimes | null): Promise<void> {
    try {
      await this.score(device, model, times);
    } catch (error) {
      if (this.isFresh || this.stop.signal.aborted || codeOf(error) !== 'RESUME_REFUSED') throw error;
      this.isFresh = true;
      this.log.stage('restart');
      await this.score(device, model, times);
    }
  }

  private async scoreOnce(device: BoxChoice, model: Model, times: BoxTimes | null): Promise<void> {
    const { settings, library, log, stop } = this;
    const { data, output, runtime, memoryLimit, elapsedMs } = settings;
    // A table without a journal is of a finished run, perhaps with another model or other data: it is not trusted.
    const goesOn = !this.isFresh && (await settings.isThere(journalOf(output)));
    const { done } = library.scoreDirectory(data, {
      model,
      preset: 'visiomel',
      format: formatOf(data),
      metadata: metadataOf(data),
      output,
      onMissing: 'fallback',
      onError: 'fallback',
      provisional: true,
      ...(goesOn ? { resume: true } : { overwrite: true }),
      device: device.id,
      ...(device.kind === 'cpu' ? {} : gpuOf(runtime)),
      memoryLimit,
      // A moment that has passed would be refused; with no time at all every slide has its fallback value.
      ...(times === null ? {} : { deadline: Math.max(1, Math.round(times.deadlineMs - elapsedMs())) }),
      signal: stop.signal,
      onModel: () => log.stage('load'),
      onProgress: ({ slides }) => {
        this.begun();
        log.progress(slides.done, slides.total);
        if (slides.done === slides.total) this.scored();
      },
    });
    await done;
  }
}
