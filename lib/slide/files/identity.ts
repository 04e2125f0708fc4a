/** What must not change of a slide of several files: one text for all of them. */
import { createHash } from 'node:crypto';
import { dirname, relative } from 'node:path';

import type { FilePart, SlideFiles } from './slide-files.js';

export interface FilesIdentity {
  /** Of all files together, in bytes. */
  readonly size: string;
  /** Of the file that was modified last. */
  readonly mtimeNs: string;
  /** Of one file its inode. Of several files a number made of all their inodes. */
  readonly inode: string;
  /** Only of several files: of the name, the size and the time of each, in hexadecimal. */
  readonly filesDigest?: string;
}

export function identityOfFiles({ main, parts }: SlideFiles): FilesIdentity {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    return { size: String(only.size), mtimeNs: String(only.mtimeNs), inode: String(only.inode) };
  }
  const folder = dirname(main.path);
  const named = parts.map((part): [string, FilePart] => [relative(folder, part.path), part]);
  named.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const size = parts.reduce((sum, part) => sum + BigInt(part.size), 0n);
  const latest = parts.reduce((late, { mtimeNs }) => (mtimeNs > late ? mtimeNs : late), parts[0]?.mtimeNs ?? 0n);
  const inodes = digestOf(named.map(([name, part]) => [name, String(part.inode)]));
  const files = digestOf(named.map(([name, part]) => [name, String(part.size), String(part.mtimeNs)]));
  return {
    size: String(size),
    mtimeNs: String(latest),
    inode: String(inodes.readBigUInt64BE(0)),
    filesDigest: files.toString('hex', 0, 16),
  };
}

function digestOf(lines: readonly (readonly string[])[]): Buffer {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${JSON.stringify(line)}\n`);
  return hash.digest();
}
