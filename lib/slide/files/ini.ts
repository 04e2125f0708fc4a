/**
 * The text files by which scanners describe a slide of several files: groups in brackets, and in each group one key and its
 * value on a line. The files come from strangers, so the number of bytes, lines and groups is bounded.
 */
import { MicrotomeError } from '../../core/errors.js';
import { wholeFile, type SlideFileSystem } from './file-part.js';

/** OpenSlide takes as many bytes of a Slidedat.ini. */
const kMaxBytes = 2 ** 20;
const kMaxLines = 50_000;
const kMaxGroups = 4096;

/** Values by key, by group. Names are as written; of two equal keys the last one holds. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Lines that are neither a group nor a key with a value are passed over. Throws NOT_A_SLIDE. `path` is for messages. */
export function parseIni(text: string, path: string): Ini {
  const groups = new Map<string, Map<string, string>>();
  let group: Map<string, string> | null = null;
  const lines = text.replace(/^\ufeff/, '').split('\n', kMaxLines + 1);
  if (lines.length > kMaxLines) throw notDescribed(path, `it has more than ${kMaxLines} lines`);
  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
      const name = trimmed.slice(1, -1);
      group = groups.get(name) ?? new Map<string, string>();
      groups.set(name, group);
      if (groups.size > kMaxGroups) throw notDescribed(path, `it has more than ${kMaxGroups} groups`);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (group === null || equals <= 0 || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    group.set(trimmed.slice(0, equals).trimEnd(), trimmed.slice(equals + 1).trimStart());
  }
  return groups;
}

/** Throws NOT_A_SLIDE for what is no such file, and the errors of the file system. */
export async function readIni(
  path: string,
  slide: string,
  fs: SlideFileSystem,
  signal: AbortSignal | null,
): Promise<Ini> {
  const bytes = await wholeFile(path, slide, { maxBytes: kMaxBytes, fs, signal });
  if (bytes.includes(0)) throw notDescribed(path, 'it is no text');
  return parseIni(bytes.toString('utf8'), path);
}

/** The value of a key. Throws NOT_A_SLIDE where there is none. */
export function textOf(ini: Ini, path: string, group: string, key: string): string {
  const value = ini.get(group)?.get(key);
  if (value === undefined || value === '') throw notDescribed(path, `${key} of [${group}] is not there`);
  return value;
}

/** A whole number from `least` to `most`. Throws NOT_A_SLIDE. */
export function wholeNumber(ini: Ini, path: string, group: string, key: string, least: number, most: number): number {
  const text = textOf(ini, path, group, key);
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = `a whole number from ${least} to ${most} was expected`;
  throw notDescribed(path, `${key} of [${group}] is ${JSON.stringify(text.slice(0, 40))}, ${range}`);
}

/**
 * A value that names a file in a folder. A name that leads elsewhere is refused: the scanner writes plain names.
 * Throws NOT_A_SLIDE.
 */
export function fileName(ini: Ini, path: string, group: string, key: string): string {
  const name = textOf(ini, path, group, key);
  const isPlain = !/[/\\\p{Cc}]/u.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255;
  if (isPlain) return name;
  const text = JSON.stringify(name.slice(0, 80));
  throw notDescribed(
    path,
    `${key} of [${group}] is ${text}, the plain name of a file in the folder of the slide was expected`,
  );
}

export function notDescribed(path: string, found: string): MicrotomeError {
  return new MicrotomeError('NOT_A_SLIDE', 'slide', `${path} does not describe a slide: ${found}`, {
    path,
    advice: 'copy the slide again from where it was scanned, with all its files',
  });
}
