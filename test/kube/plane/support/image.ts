/** What an image of a manifest is on this machine: a folder of programs by their names, in the place of the image's PATH. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './processes.js';

export const root = resolve(import.meta.dirname, '../../../..');

export interface Image {
  /** For files of a test; removed with the image. */
  readonly folder: string;
  /** First in PATH. */
  readonly bin: string;
  /** What runs where a container names no command. */
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** @param programs the words that each name stands for; further words follow */
export function makeImage(
  programs: Readonly<Record<string, readonly string[]>>,
  { entrypoint = [], env = {} }: Partial<Pick<Image, 'entrypoint' | 'env'>> = {},
): Image {
  const folder = temporaryFolder('microtome-image-');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, words] of Object.entries(programs)) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`);
    chmodSync(file, 0o755);
  }
  return { folder, bin, entrypoint, env, workingDir: root };
}

export function removeImage({ folder }: Image): void {
  rmSync(folder, { recursive: true, force: true });
}
