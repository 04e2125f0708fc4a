/** Reads the attribute `identity` of a file of features, as features-file.ts writes it. What the file says is not trusted. */
import { realFileSystem, type FileSystem } from '../../runs/file-system.js';
import { lookup3 } from './lookup3.js';

const superblockBytes = 48;
const signature = Buffer.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
/** The header of the root group has a few hundred bytes, the heap a few thousand. */
const maxBytes = 1 << 20;
const attributeMessage = 0x0c;
const name = 'identity';

/** Null: not a whole file of this program. Rejects where the file cannot be read. */
export async function readIdentity(path: string, fs: FileSystem = realFileSystem): Promise<string | null> {
  if (!(await fs.lstat(path)).isFile()) return null;
  const handle = await fs.open(path, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (at: number, length: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await handle.read(bytes, 0, length, at);
      return bytes.subarray(0, bytesRead);
    };
    const root = rootAddress(await read(0, superblockBytes), size);
    if (root === null) return null;
    const place = heapPlace(await read(root, size - root));
    if (place === null || place.address >= root || root - place.address > maxBytes) return null;
    return textIn(await read(place.address, root - place.address), place);
  } finally {
    await handle.close();
  }
}

function rootAddress(block: Buffer, size: number): number | null {
  if (block.length < superblockBytes || !block.subarray(0, 8).equals(signature)) return null;
  if (block.readUInt32LE(44) !== lookup3(block.subarray(0, 44))) return null;
  const root = Number(block.readBigUInt64LE(36));
  const isWhole = block.readBigUInt64LE(28) === BigInt(size);
  return isWhole && root >= superblockBytes && root < size && size - root <= maxBytes ? root : null;
}

interface HeapPlace {
  readonly bytes: number;
  readonly address: number;
  readonly index: number;
}

/** Where the text is. The header ends with the file, and with its checksum. */
function heapPlace(header: Buffer): HeapPlace | null {
  if (header.length < 18 || header.toString('latin1', 0, 4) !== 'OHDR') return null;
  const end = header.length - 4;
  if (header.readUInt32LE(end) !== lookup3(header.subarray(0, end))) return null;
  for (let at = 14; at + 4 <= end; ) {
    const size = header.readUInt16LE(at + 1);
    const body = header.subarray(at + 4, Math.min(at + 4 + size, end));
    if (header[at] === attributeMessage && isNamed(body)) {
      const value = body.subarray(body.length - 16);
      return { bytes: value.readUInt32LE(0), address: Number(value.readBigUInt64LE(4)), index: value.readUInt32LE(12) };
    }
    at += 4 + size;
  }
  return null;
}

function isNamed(body: Buffer): boolean {
  const end = 9 + name.length + 1;
  return body.length >= end + 16 && body.toString('latin1', 9, end) === `${name}\0`;
}

function textIn(heap: Buffer, { bytes, index }: HeapPlace): string | null {
  if (heap.toString('latin1', 0, 4) !== 'GCOL') return null;
  for (let at = 16; at + 16 <= heap.length; ) {
    const size = Number(heap.readBigUInt64LE(at + 8));
    const found = heap.readUInt16LE(at);
    if (found === 0 || size > heap.length) return null;
    if (found === index) return size === bytes ? heap.toString('utf8', at + 16, at + 16 + size) : null;
    at += 16 + Math.ceil(size / 8) * 8;
  }
  return null;
}
