/** What the record of a finished run says of its slides: which have no files, because they failed. */
import { Turns } from '../core/turns.js';
import { MicrotomeError } from '../core/errors.js';
import { piecesOf, type FileRules } from '../core/regular-file.js';
import { errnoOf, type FileSystem } from '../runs/file-system.js';

/** A line for each of some hundred thousand slides. */
const kMaxBytes = 256 * 2 ** 20;
/** How the record begins the line of a slide. */
const kLineStart = '    {"name":';

/** Paths of the slides that have no score; none where there is no record. Throws FILE_UNREADABLE. */
export async function unscoredInRecord(
  path: string,
  signal: AbortSignal | null,
  fs: FileSystem,
): Promise<ReadonlySet<string>> {
  const refuse: FileRules['refuse'] = (found) =>
    new MicrotomeError('FILE_UNREADABLE', 'csv', `the record ${path} is ${found}`, { path });
  const unscored = new Set<string>();
  const turns = new Turns(signal);
  const note = (line: string): void => {
    if (!line.startsWith(kLineStart)) return;
    const { path: slide, state } = JSON.parse(line.replace(/,$/, '')) as { path: string | null; state: string };
    if (slide !== null && state !== 'done' && state !== 'resumed') unscored.add(slide);
  };
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const piece of piecesOf(path, { maxBytes: kMaxBytes, refuse, signal, fs })) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        note(line);
        if (turns.isOver) await turns.next();
      }
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return unscored;
    if (error instanceof SyntaxError) throw refuse('not what this version writes', 'kind');
    throw error;
  }
  return unscored;
}
