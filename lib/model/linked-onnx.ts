/**
 * A bare .onnx that is a link, such as a cache of models keeps: `model.onnx` leads to `../blobs/abc`, and its weights,
 * `model.onnx_data`, to `../blobs/def`. The graph names its weights by the names they have beside the link, so they are
 * looked for beside the path that was given, then beside whatever each link on the way leads to.
 */
import { readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BundleRoot } from './bundle-files.js';

/** As many as the system follows. */
const kMostLinks = 40;

export interface LinkedOnnx {
  /** Of the path that was given. */
  readonly root: BundleRoot;
  readonly file: string;
  readonly weightsRoot: (files: readonly string[]) => Promise<BundleRoot>;
}

/** `ref` is there. Rejects with the system's errors. */
export async function linkedOnnx(ref: string): Promise<LinkedOnnx> {
  const places = await placesOf(ref);
  const [first = resolve(ref)] = places;
  const roots = places.map((place) => rootOf(dirname(place)));
  const root = rootOf(dirname(first));
  return { root, file: basename(first), weightsRoot: async (files) => (await rootWith(files, roots)) ?? root };
}

function rootOf(folder: string): BundleRoot {
  return { folder, allowHardLinks: true, followLinks: true };
}

/** The path that was given, and what each link on the way leads to; the folders hold no link. */
async function placesOf(ref: string): Promise<string[]> {
  const places: string[] = [];
  let next: string | null = resolve(ref);
  while (next !== null && places.length <= kMostLinks) {
    const place: string = join(await realpath(dirname(next)), basename(next));
    places.push(place);
    next = await readlink(place).then(
      (target) => resolve(dirname(place), target),
      () => null,
    );
  }
  return places;
}

async function rootWith(files: readonly string[], roots: readonly BundleRoot[]): Promise<BundleRoot | null> {
  for (const root of roots) {
    const there = await Promise.all(files.map((file) => isThere(join(root.folder, file))));
    if (there.every(Boolean)) return root;
  }
  return null;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
