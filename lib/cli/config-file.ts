/** The file of --config: options of a run as JSON, described by schema/run.schema.json. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pathOf } from '../core/file-url.js';
import { nearest } from '../core/near-miss.js';
import { shownPath } from '../core/remote-address.js';
import type { OptionInfo } from '../index.js';
import { valueOfText, type FlatOptions } from './table-flags.js';
import { UsageError } from './usage-error.js';

const maxBytes = 2 ** 20;

/** The options of the file by name, flat. Values are checked where the library parses its options. Throws UsageError. */
export async function readConfig(given: string, rows: readonly OptionInfo[], command: string): Promise<FlatOptions> {
  const path = pathOf(given);
  const refuse = (found: string): never => {
    throw new UsageError(`the file of --config, ${shownPath(path)}, ${found}`, command);
  };
  let content: unknown;
  try {
    content = JSON.parse(await textOf(path, refuse)) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(`is not valid JSON: ${error.message.slice(0, 200)}`);
    throw error;
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return refuse('is not a JSON object');
  return flatten(content as Readonly<Record<string, unknown>>, rows, refuse);
}

/** Opened without waiting for a writer, and looked at before it is read: a pipe or a device is no file of options. */
async function textOf(path: string, refuse: (found: string) => never): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) =>
    refuse(error.code === 'ENOENT' ? 'does not exist' : `cannot be opened (${error.code ?? 'unknown error'})`),
  );
  try {
    const found = await handle.stat();
    if (!found.isFile()) return refuse('is not a regular file');
    if (found.size > maxBytes) return refuse(`has ${found.size} bytes, at most ${maxBytes} are read`);
    // The size may grow after it was looked at; no more than the limit is read.
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
      length += bytesRead;
      if (length > maxBytes) return refuse(`has more than ${maxBytes} bytes`);
    }
  } finally {
    await handle.close();
  }
}

function flatten(
  content: Readonly<Record<string, unknown>>,
  rows: readonly OptionInfo[],
  refuse: (found: string) => never,
): FlatOptions {
  const flat: FlatOptions = new Map();
  const owners = new Set(rows.filter((row) => row.name.includes('.')).map((row) => row.name.split('.')[0] ?? ''));
  const add = (name: string, value: unknown): void => {
    const row = rows.find((each) => each.name === name);
    if (row === undefined) unknownKey(name, rows, owners, refuse);
    else flat.set(name, fileValue(row, value, refuse));
  };
  for (const [key, value] of Object.entries(content)) {
    if (key === '$schema') continue;
    if (!owners.has(key)) add(key, value);
    else if (typeof value !== 'object' || value === null || Array.isArray(value))
      refuse(`has ${JSON.stringify(value)} for "${key}", expected an object`);
    else for (const [member, inner] of Object.entries(value)) add(`${key}.${member}`, inner);
  }
  return flat;
}

/** Sizes and times may be written as the flags take them. */
function fileValue(row: OptionInfo, value: unknown, refuse: (found: string) => never): unknown {
  const { kind } = row;
  const isWritten = kind.type === 'deadline' || (kind.type === 'integer' && kind.unit === 'bytes');
  if (typeof value !== 'string' || !isWritten) return value;
  return valueOfText(row, value, (found) => refuse(`has ${JSON.stringify(value)} for "${row.name}"${found}`));
}

function unknownKey(
  name: string,
  rows: readonly OptionInfo[],
  owners: ReadonlySet<string>,
  refuse: (found: string) => never,
): never {
  const hint = nearest(name, [...rows.map((row) => row.name), ...owners]);
  const advice = hint === null ? 'schema/run.schema.json lists its keys' : `did you mean "${hint}"?`;
  return refuse(`has the unknown key ${JSON.stringify(name.slice(0, 100))}; ${advice}`);
}
