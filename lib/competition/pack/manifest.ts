/** microtome/manifest.json of a zip: what is in it, with the hash of each file. No time and no path of this machine is in it. */
import type { DeviceLibrary } from './check-device-code.js';
import { partNames, type HashedFile, type PackedFile, type PartName } from './packed-file.js';

/** A part of a zip and its size when it is unpacked. */
export interface PartSize {
  readonly name: PartName;
  readonly files: number;
  readonly bytes: number;
}

/** The GPU stack in a zip. */
export interface PackedRuntime {
  /** The GPU that its libraries were checked for, such as `sm_37`. */
  readonly architecture: string;
  /** The libraries that carry device code. */
  readonly libraries: readonly DeviceLibrary[];
}

/** What a manifest says beside its list of files. */
export interface ManifestFacts {
  readonly microtome: string;
  readonly model: { readonly name: string; readonly sha256: string };
  /** Version of Node.js. */
  readonly node: string;
  /** The newest versions of libraries of the machine that a binary of the zip needs. */
  readonly needs: { readonly glibc: string | null; readonly libstdcxx: string | null };
  readonly runtime: PackedRuntime | null;
}

export const manifestName = 'microtome/manifest.json';

export function partSizes(files: readonly HashedFile[]): readonly PartSize[] {
  return partNames
    .map((name) => {
      const own = files.filter(({ part }) => part === name);
      return { name, files: own.length, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
    })
    .filter((part) => part.files > 0);
}

/** `files` are all others, in their order. */
export function manifestFile(facts: ManifestFacts, files: readonly HashedFile[]): PackedFile {
  const listed = files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
  const json = { formatVersion: 1, ...facts, parts: partSizes(files), files: listed };
  return { part: 'package', name: manifestName, content: { text: `${JSON.stringify(json, null, 2)}\n` } };
}
