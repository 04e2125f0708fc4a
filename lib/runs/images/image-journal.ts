/** Scores of lesion images in the journal: many in one line, and what a resumed run takes from them. */
import { Turns } from '../../core/turns.js';
import type { ErrorCode } from '../../core/errors.js';
import { optionMark } from '../../core/option-names.js';
import type { JournalGroup } from '../journal-format.js';
import { refused, type ReadJournal } from '../journal.js';
import { shown } from '../names.js';
import type { FoundImages } from './found-images.js';
import type { ImageResults } from './image-results.js';
import type { ImageRowList } from './image-rows.js';

/** Images that have been scored together, as they come from the scorer. */
export interface ScoredGroup {
  /** Places of their rows. */
  readonly rows: readonly number[];
  /** NaN: the image failed, and `errors` says with what. */
  readonly scores: Float64Array;
  /** Of the outputs but the first; empty where they are not wanted. */
  readonly further: readonly Float64Array[];
  readonly errors: ReadonlyMap<number, ErrorCode>;
  readonly clipped: readonly number[];
  readonly notes: readonly { readonly index: number; readonly note: string }[];
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

export function journalGroup(group: ScoredGroup, { names, images }: ImageRowList, found: FoundImages): JournalGroup {
  const { rows, scores, further, errors, clipped, notes } = group;
  return {
    names: rows.map((row) => names[row] ?? ''),
    scores: Array.from(scores, orNull),
    errors: [...errors],
    ...(found.file === null ? { files: rows.map((row) => found.identity(images[row] ?? -1)) } : {}),
    ...(further.length === 0 ? {} : { outputs: further.map((values) => Array.from(values, orNull)) }),
    clipped,
    notes: notes.map(({ index, note }) => [index, note] as const),
  };
}

/** In a message; the others are counted. */
const kMostNamed = 20;

/**
 * Notes the scores of the journal that this run would compute alike; an image that failed is scored again. Gives the names of
 * images that are not in this run any more. Throws RESUME_REFUSED.
 */
export async function takeResumed(
  path: string,
  { groups }: ReadJournal,
  rows: ImageRowList,
  found: FoundImages,
  results: ImageResults,
): Promise<readonly string[]> {
  const turns = new Turns();
  const places = new Map<string, number>();
  for (const [row, name] of rows.names.entries()) {
    places.set(name, row);
    if (turns.isOver) await turns.next();
  }
  const gone: string[] = [];
  const changed: string[] = [];
  let known = 0;
  for (const group of groups) {
    const marks = marksOf(group);
    for (const [at, name] of group.names.entries()) {
      if (turns.isOver) await turns.next();
      const score = group.scores[at] ?? null;
      const row = places.get(name);
      if (row !== undefined) ++known;
      if (score === null) continue;
      if (row === undefined) {
        gone.push(name);
        continue;
      }
      if (results.source(row) !== null) throw refused(path, `the row ${shown(name)} is scored a second time`);
      const image = rows.images[row] ?? -1;
      // The row has no image any more, or one that nothing says to be the same.
      if (image < 0 || found.unsafe.has(image)) continue;
      if (group.files !== undefined && group.files[at] !== found.identity(image)) changed.push(name);
      else take(group, at, row, results, marks);
    }
  }
  if (changed.length > 0) {
    const more = changed.length > kMostNamed ? `, and ${changed.length - kMostNamed} more` : '';
    const names = `${changed.slice(0, kMostNamed).map(shown).join(', ')}${more}`;
    throw refused(
      path,
      `images have changed since they were scored: ${names}`,
      `put them back as they were, or ${startAgain()}`,
    );
  }
  // A run over a wrong folder would throw the work of the right one away.
  if (gone.length > 0 && known === 0)
    throw refused(
      path,
      `none of its ${gone.length} images is in this run`,
      `name what it was begun with, or ${startAgain()}`,
    );
  return gone;
}

function startAgain(): string {
  return `pass ${optionMark('overwrite', 'true')} to score everything again`;
}

interface Marks {
  readonly clipped: ReadonlySet<number>;
  readonly notes: ReadonlyMap<number, readonly string[]>;
}

function marksOf({ clipped, notes }: JournalGroup): Marks {
  const byPlace = new Map<number, string[]>();
  for (const [at, note] of notes) byPlace.set(at, [...(byPlace.get(at) ?? []), note]);
  return { clipped: new Set(clipped), notes: byPlace };
}

/** A score without the further outputs that are to be written now is computed again. */
function take(group: JournalGroup, at: number, row: number, results: ImageResults, marks: Marks): void {
  const outputs = group.outputs ?? [];
  if (results.further.some((_, i) => (outputs[i]?.[at] ?? null) === null)) return;
  results.further.forEach((values, i) => {
    values[row] = outputs[i]?.[at] ?? Number.NaN;
  });
  results.scored(row, group.scores[at] ?? Number.NaN, 'resumed');
  if (marks.clipped.has(at)) ++results.clipped;
  for (const note of marks.notes.get(at) ?? []) results.notes.add(note, group.names[at] ?? '');
}
