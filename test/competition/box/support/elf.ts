/** What an ELF file needs of the system, as binutils' readelf says it: a second reading beside the one of `microtome pack`. */
import { execFileSync } from 'node:child_process';
import { openSync, readdirSync, readSync, closeSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface ElfNeeds {
  /** Path below the folder that was searched. */
  readonly path: string;
  /** Names of libraries. */
  readonly libraries: readonly string[];
  /** Versions of symbols, such as GLIBC_2.17. */
  readonly versions: readonly string[];
}

function isElf(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    return readSync(file, magic, 0, 4, 0) === 4 && magic.equals(Buffer.from('\x7fELF', 'latin1'));
  } finally {
    closeSync(file);
  }
}

/** Every ELF file below a folder. */
export function elfFiles(folder: string): readonly ElfNeeds[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter(isElf).map((path) => {
    const options = { encoding: 'utf8', maxBuffer: 256 << 20 } as const;
    const text = execFileSync('readelf', ['--wide', '--dynamic', '--version-info', path], options);
    const needs = text.slice(text.indexOf('.gnu.version_r') + 1);
    return {
      path: relative(folder, path),
      libraries: [...text.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1] as string),
      versions: text.includes('.gnu.version_r')
        ? [...needs.matchAll(/Name: (\S+)/g)].map((match) => match[1] as string)
        : [],
    };
  });
}

/** The highest version of a family, `GLIBC` or `GLIBCXX`, as [2, 17]; null where the file needs none. */
export function highest(family: string, { versions }: ElfNeeds): readonly number[] | null {
  const own = versions.filter((version) => new RegExp(`^${family}_[0-9.]+$`).test(version));
  const numbers = own.map((version) =>
    version
      .slice(family.length + 1)
      .split('.')
      .map(Number),
  );
  return numbers.sort(byVersion).at(-1) ?? null;
}

export function byVersion(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); ++i) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
