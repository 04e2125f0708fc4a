/** A file that is being written under a temporary name, beside its place. */
import { ioFailure } from '../runs/failure.js';
import { realFileSystem, type FileSystem } from '../runs/file-system.js';
import { removeIfThere, writeAll } from '../runs/durable.js';

type Handle = Awaited<ReturnType<FileSystem['open']>>;

/** Where bytes go one after another. Each write waits for the disk, so that whoever makes them never runs ahead. */
export interface ByteSink {
  /** Bytes written so far. */
  readonly position: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were written. */
  patch(position: number, bytes: Uint8Array): Promise<void>;
}

class FileSink implements ByteSink {
  position = 0;

  constructor(private readonly handle: Handle) {}

  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.handle, bytes);
    this.position += bytes.length;
  }

  async patch(position: number, bytes: Uint8Array): Promise<void> {
    const { bytesWritten } = await this.handle.write(bytes, 0, bytes.length, position);
    if (bytesWritten !== bytes.length) throw Object.assign(new Error('a short write'), { code: 'EIO' });
  }
}

/**
 * Makes the file `path`, has it filled and syncs it. After an error it is not there; the error names `finalPath`. Throws
 * DISK_FULL, FILE_UNREADABLE, FILE_NOT_FOUND.
 */
export async function fillNewFile(
  path: string,
  finalPath: string,
  fill: (sink: ByteSink) => Promise<void>,
  fs: FileSystem = realFileSystem,
): Promise<void> {
  let made = false;
  try {
    const handle = await fs.open(path, 'wx', 0o644);
    made = true;
    try {
      await fill(new FileSink(handle));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (made) await removeIfThere(path, fs).catch(() => false);
    throw ioFailure(error, 'write', finalPath);
  }
}

/** Writes pieces of bytes or of text. */
export async function writePieces(
  sink: ByteSink,
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<void> {
  for await (const piece of pieces) await sink.write(typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece);
}
