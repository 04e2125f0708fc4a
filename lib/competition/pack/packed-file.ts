/** A file that goes into the zip. */

/** A part of a zip: `main` is main.py, `package` this library with its addon, `runtime` a GPU stack. */
export type PartName = 'main' | 'node' | 'package' | 'libvips' | 'model' | 'licences' | 'runtime';

/** The parts of a zip, in the order of the report. */
export const partNames: readonly PartName[] = ['main', 'node', 'package', 'libvips', 'model', 'licences', 'runtime'];

/** Where the bytes come from: a file, or text that was made here. */
export type FileContent = { readonly path: string } | { readonly text: string };

export interface PackedFile {
  /** Its path in the zip, with forward slashes. */
  readonly name: string;
  readonly part: PartName;
  readonly content: FileContent;
  /** The SHA-256 that it must have; not there: any. */
  readonly sha256?: string;
}

/** A file whose bytes were read once. */
export interface HashedFile extends PackedFile {
  readonly bytes: number;
  readonly sha256: string;
  /** True: it is a program, and gets the mode 0755. */
  readonly executable: boolean;
}

/** The order of names in the zip: by their bytes, so that no setting of the machine counts. */
export function byName(a: PackedFile, b: PackedFile): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}
