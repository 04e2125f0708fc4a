/** The folders that stand for claims, and whether what is in them is what the run left there. */
import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MicrotomeError } from '../../core/errors.js';
import type { RunState } from './state.js';

const claimPattern = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

export class Volumes {
  readonly #folder: string;
  readonly #state: RunState;
  readonly #onChange: (claim: string) => void;
  readonly #seen = new Map<string, Promise<string>>();

  /** `onChange` is told of a volume whose content somebody else changed. */
  constructor(folder: string, state: RunState, onChange: (claim: string) => void) {
    this.#folder = folder;
    this.#state = state;
    this.#onChange = onChange;
  }

  /** The folder of a claim, which is made where it is not there. Throws INVALID_OPTION for what is no name. */
  async folder(claim: string): Promise<string> {
    if (!claimPattern.test(claim))
      throw new MicrotomeError('INVALID_OPTION', 'options', `${JSON.stringify(claim)} is no name of a claim`);
    const looked = this.#seen.get(claim) ?? this.#look(claim);
    this.#seen.set(claim, looked);
    return looked;
  }

  /** Keeps what the volumes of this run look like now. */
  async remember(): Promise<void> {
    for (const [claim, looked] of this.#seen) {
      const id = this.#state.volume(claim)?.id ?? randomUUID();
      await this.#state.addVolume(claim, { id, content: await contentOf(await looked) });
    }
  }

  /** A folder that is new, or was changed since the last step, is another volume: what was made of it is made again. */
  async #look(claim: string): Promise<string> {
    const folder = join(this.#folder, claim);
    const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
    const [before, content] = [this.#state.volume(claim), await contentOf(folder)];
    if (before !== null && !isNew && before.content === content) return folder;
    if (before !== null) this.#onChange(claim);
    await this.#state.addVolume(claim, { id: randomUUID(), content });
    return folder;
  }
}

/** A digest of the names, sizes and times of all files; reading their bytes would take as long as some steps. */
async function contentOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const path of paths) {
    const found = await lstat(path, { bigint: true }).catch(() => null);
    if (found === null) continue;
    const { mode, size, mtimeNs, ctimeNs } = found;
    const facts = found.isDirectory() ? [] : [size, mtimeNs, ctimeNs];
    hash.update(`${JSON.stringify([path.slice(folder.length), mode, ...facts].map(String))}\n`);
  }
  return hash.digest('hex');
}
