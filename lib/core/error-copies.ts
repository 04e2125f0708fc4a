/**
 * What is left of an error in another thread. A structured clone of an error (postMessage) has its message and its stack, and
 * nothing else. So the first line of the stack says the code, the stage, the path and the tile:
 * `MicrotomeError [CORRUPT_TILE, decode, "/data/a.tif", tile 0/3/4]: …`. Whoever reads a stack has them too.
 */

import type { MicrotomeError } from './errors.js';

/** The stack with that first line; null where the host writes stacks in another way. */
export function signedStack(error: MicrotomeError): string | null {
  const { code, stage, path, tile, message, stack } = error;
  const at = typeof stack === 'string' ? stack.indexOf(message) : -1;
  if (stack === undefined || at === -1 || stack.slice(0, at).includes('\n')) return null;
  const place = path === undefined ? '' : `, ${JSON.stringify(path)}`;
  const address = tile === undefined ? '' : `, tile ${tile.level}/${tile.column}/${tile.row}`;
  return `MicrotomeError [${code}, ${stage}${place}${address}]: ${stack.slice(at)}`;
}

const signature = /^MicrotomeError \[([A-Z_]+), ([a-z]+)(?:, ("(?:[^"\\]|\\.)*"))?(?:, tile (\d+)\/(\d+)\/(\d+))?\]: /;

/** Undefined for what JSON.stringify did not write. */
function textOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What {@link signedStack} wrote into the first line; null where it wrote nothing. */
export function signedFields(stack: unknown): Readonly<Record<string, unknown>> | null {
  const parts = typeof stack === 'string' ? signature.exec(stack) : null;
  if (parts === null) return null;
  const [, code, stage, path, level, column, row] = parts;
  return {
    code,
    stage,
    ...(path === undefined ? {} : { path: textOf(path) }),
    ...(level === undefined ? {} : { tile: { level: Number(level), column: Number(column), row: Number(row) } }),
  };
}
