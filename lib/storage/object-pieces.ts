/** All of an object in its order, for what is read once and whole: tables. */
import type { MicrotomeError } from '../core/errors.js';
import type { StorageSettings } from './options.js';
import type { RemoteSlide } from './remote-slide.js';

/** Most tables take one request, and servers that know no ranges serve those too. */
const kHeadBytes = 1024 * 1024;
const kPieceBytes = 4 * 1024 * 1024;

export interface PieceRules {
  /** A larger object is refused before it is read. */
  readonly maxBytes: number;
  /** Makes the error. `found` is a noun phrase. */
  readonly refuse: (found: string) => MicrotomeError;
  readonly settings: StorageSettings | null;
  readonly signal: AbortSignal | null;
}

/** All pieces are of one version. Throws what opening and reading a source throws. */
export async function* piecesOfObject(
  object: RemoteSlide,
  { maxBytes, refuse, settings, signal }: PieceRules,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = await object.open(settings, signal, Math.min(kHeadBytes, maxBytes));
  if (source.size > maxBytes) throw refuse(`a file of ${source.size} bytes, at most ${maxBytes} are read`);
  const head = Math.min(kHeadBytes, maxBytes, source.size);
  for (let offset = 0; offset < source.size; ) {
    const length = offset === 0 ? head : Math.min(kPieceBytes, source.size - offset);
    const [piece] = await source.read([{ offset, length }], signal ?? undefined);
    yield piece as Uint8Array;
    offset += length;
  }
}
