/** What a run has done so far: a file that is whole or not there, from which a run that was stopped goes on. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MicrotomeError } from '../../core/errors.js';
import { anything, choice, object, record, text, type Reader } from '../shape.js';

/** A finished step. */
export interface FinishedStep {
  /** Digest of everything that its outputs depend on. */
  readonly key: string;
  /** Another one each time that the step runs: what follows from an earlier execution is made again. */
  readonly execution: string;
  readonly finishedAt: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Digests of its artifacts. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** Volumes of the pods that it started, each with its identity. */
  readonly volumes: Readonly<Record<string, string>>;
}

/** What is known of the folder of a claim. */
export interface VolumeState {
  /** A volume that was deleted and made again, or changed by others, is another one. */
  readonly id: string;
  /** Digest of what the last step left in it. */
  readonly content: string;
}

interface StateFile {
  readonly formatVersion: '1';
  readonly run: string;
  readonly steps: Readonly<Record<string, FinishedStep>>;
  readonly volumes: Readonly<Record<string, VolumeState>>;
}

const readState: Reader<StateFile> = object({
  formatVersion: choice('1'),
  run: text(),
  steps: record(
    object({
      key: text(),
      execution: text(),
      finishedAt: text(),
      parameters: record(anything),
      artifacts: record(text()),
      volumes: record(text()),
    }),
  ),
  volumes: record(object({ id: text(), content: text() })),
});

export class RunState {
  readonly #path: string;
  #state: StateFile;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, state: StateFile) {
    this.#path = path;
    this.#state = state;
  }

  /** Of that folder, which is made where it is not there. Throws RESUME_REFUSED for a state that cannot be read. */
  static async of(folder: string): Promise<RunState> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'state.json');
    const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (content === null) return new RunState(path, { formatVersion: '1', run: randomUUID(), steps: {}, volumes: {} });
    try {
      return new RunState(path, readState(JSON.parse(content), ''));
    } catch (cause) {
      const found = `the state of the run cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw new MicrotomeError('RESUME_REFUSED', 'options', found, {
        path,
        cause,
        advice: 'choose another folder, or delete this one to begin again',
      });
    }
  }

  get run(): string {
    return this.#state.run;
  }

  step(name: string): FinishedStep | null {
    return Object.hasOwn(this.#state.steps, name) ? (this.#state.steps[name] ?? null) : null;
  }

  volume(claim: string): VolumeState | null {
    return Object.hasOwn(this.#state.volumes, claim) ? (this.#state.volumes[claim] ?? null) : null;
  }

  async finish(name: string, step: FinishedStep): Promise<void> {
    await this.#change(({ steps, ...rest }) => ({ ...rest, steps: { ...steps, [name]: step } }));
  }

  /** What comes after the beginning of a step is no longer known. */
  async begin(name: string): Promise<void> {
    await this.#change(({ steps: { [name]: _, ...steps }, ...rest }) => ({ ...rest, steps }));
  }

  async addVolume(claim: string, volume: VolumeState): Promise<void> {
    await this.#change(({ volumes, ...rest }) => ({ ...rest, volumes: { ...volumes, [claim]: volume } }));
  }

  /** One change after the other: several volumes may be added at the same time. */
  #change(change: (state: StateFile) => StateFile): Promise<void> {
    const written = this.#last.then(() => this.#write(change(this.#state)));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #write(state: StateFile): Promise<void> {
    const part = `${this.#path}.part`;
    const file = await open(part, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, this.#path);
    this.#state = state;
  }
}

/** Keeps a second run out of the folder. Rejects with OUTPUT_LOCKED. The result releases it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  for (let tries = 0; tries < 2; ++tries) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number((await readFile(path, 'utf8').catch(() => '')).trim());
      if (isAlive(pid))
        throw new MicrotomeError('OUTPUT_LOCKED', 'options', `process ${pid} runs a pipeline in ${folder}`, { path });
      // Whoever held it was killed.
      await rm(path, { force: true });
    }
  }
  throw new MicrotomeError('OUTPUT_LOCKED', 'options', `another process took ${folder}`, { path });
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
