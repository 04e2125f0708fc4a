/** What a library needs before it can be opened: read from the file, looked for in places, put into an order. */

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { readElfFacts } from '../../core/elf/elf-facts.js';
import { x64Machine } from '../../core/elf/layout.js';
import type { Place } from './places.js';

/** Libraries of the system, which every process has or its loader finds. */
const system =
  /^(?:ld-linux-x86-64|libc|libm|libdl|librt|libpthread|libutil|libresolv|libstdc\+\+|libgcc_s|libgomp|libz|linux-vdso)\.so/;

/** Libraries that come with the driver. The driver's own loader finds them. */
const driver = /^lib(?:cuda|nvidia-[a-z0-9-]+|nvcuvid|cudadebugger)\.so/;

/** A library that something needs and that was not found. */
export interface MissingLibrary {
  readonly name: string;
  /** File name of the library that needs it. */
  readonly neededBy: string;
}

export interface Needs {
  /** Paths, each after what it needs itself. */
  readonly order: readonly string[];
  readonly missing: readonly MissingLibrary[];
}

/** Where a library is, by its file name; null: in none of the places. */
export function findLibrary(name: string, places: readonly Place[]): string | null {
  const place = places.find(({ files }) => files.has(name));
  return place === undefined ? null : join(place.folder, name);
}

/** The real file, so that a library that has several names is opened once. */
function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * What the libraries at `paths` need, and what that needs. The libraries themselves are not in the order. A file that is
 * damaged or of another machine throws what reading it throws.
 */
export async function needsOf(paths: readonly string[], places: readonly Place[]): Promise<Needs> {
  const seen = new Set<string>();
  const order: string[] = [];
  const missing: MissingLibrary[] = [];
  const visit = async (path: string, isRoot: boolean): Promise<void> => {
    const real = realFile(path);
    if (seen.has(real)) return;
    seen.add(real);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const facts = await readElfFacts(path, name);
    for (const needed of facts?.machine === x64Machine ? facts.needed : []) {
      if (system.test(needed) || driver.test(needed) || needed.startsWith('libonnxruntime')) continue;
      const found = findLibrary(needed, places);
      if (found !== null) await visit(found, false);
      else if (!missing.some((each) => each.name === needed)) missing.push({ name: needed, neededBy: name });
    }
    if (!isRoot) order.push(path);
  };
  for (const path of paths) await visit(path, true);
  return { order, missing };
}

const maxListBytes = 64 * 1024;

/**
 * What the wheels of ONNX Runtime before 1.19 need beside what their files name: pip's rules forbid a library to name those of CUDA, so
 * that the wheel opens them from a list in Python. `provider` takes what its own part of the list names, and what comes before.
 */
export function listedBeside(folder: string, provider: 'cuda' | 'tensorrt'): readonly string[] {
  const path = join(folder, '_ld_preload.py');
  try {
    const facts = statSync(path);
    if (!facts.isFile() || facts.size > maxListBytes) return [];
    const names = [...readFileSync(path, 'utf8').matchAll(/CDLL\("(lib[\w.+-]+)"/g)].map((found) => found[1] ?? '');
    return [...new Set(names)].filter((name) => provider === 'tensorrt' || !name.startsWith('libnvinfer'));
  } catch {
    return [];
  }
}

/** The libraries of these names with what they need, each after what it needs itself. */
export async function needsOfNames(
  names: readonly string[],
  neededBy: string,
  places: readonly Place[],
): Promise<Needs> {
  const order: string[] = [];
  const missing: MissingLibrary[] = [];
  for (const name of names) {
    const path = findLibrary(name, places);
    if (path === null) missing.push({ name, neededBy });
    else {
      const needs = await needsOf([path], places);
      order.push(...needs.order, path);
      missing.push(...needs.missing);
    }
  }
  return { order: [...new Set(order)], missing };
}
