/** microtome score of lesion images: to a table, to JSON lines or to a submission. */
import { messageWithoutPath } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import {
  messageWith,
  type FailedImage,
  type ImageCount,
  type ImageOptions,
  type ImageOutcomes,
  type ImageRun,
  type ImageSummary,
  type OptionNaming,
} from '../../index.js';
import type { ParsedArgs } from '../args.js';
import { deviceLine, isTelling } from '../device-line.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import { Failure } from '../failure.js';
import type { CliIo } from '../io.js';
import { completeText, countParts, scoreLine } from '../outcome.js';
import { progressView, type ProgressKind, type ProgressView } from '../progress.js';
import { shardExitCodeOf } from '../shard-exit-code.js';
import type { FoundShard } from '../shard-index.js';
import { clock, printable } from '../text.js';
import { codeOf, givenShard, journalOf, plainContinuation, tellModel, tellNotRead } from './score-notices.js';
import { imageOptions } from './score-options.js';

export async function scoreTheImages(images: readonly string[], args: ParsedArgs, io: CliIo): Promise<number> {
  const options = await imageOptions(args);
  const out = options.output === undefined ? undefined : pathOf(options.output);
  io.writesFile = out !== undefined;
  const view = progressView(args.text('progress') as ProgressKind | undefined, io.stderr);
  const shard = givenShard(args, io, view, out);
  const run = startImages(io, images, shard, {
    ...options,
    signal: io.signal,
    onProgress: view.update,
    onNotRead: (notRead) => tellNotRead(notRead, view),
    onDevice: (use) => {
      if (isTelling(use)) view.say(deviceLine(use));
    },
    onModel: (model) => tellModel(model, options, args.naming, view),
  });
  let finished = 0;
  const failed = new FailedLines(view, args.naming);
  try {
    for await (const outcomes of run) {
      finished += outcomes.names.length;
      for (const failure of outcomes.failures) failed.tell(failure);
      if (args.flag('json')) io.stdout.write(jsonLines(outcomes, args.naming));
      else if (out === undefined) io.stdout.write(tableLines(outcomes));
    }
    const summary = await run.done;
    view.end();
    failed.end();
    for (const line of noticeLines(summary)) view.note(line);
    view.note(imagesLine(summary, shard !== null));
    return shard === null ? codeOf(summary) : exitCode.ok;
  } catch (error) {
    view.end();
    failed.end();
    if (out !== undefined && finished > 0 && !io.signal.aborted) {
      const goOn = failed.has(error) ? continuation(options) : plainContinuation(error);
      const journal = shard === null ? `${journalOf(out)}${goOn}` : `the journal of the part in ${printable(out)}`;
      view.note(`no output was written; the scores so far are in ${journal}`);
    }
    if (io.signal.aborted) throw error;
    const code = shard === null ? exitCodeOf(error, finished > 0) : shardExitCodeOf(error, failed.has(error));
    throw new Failure(error, code, args.naming);
  }
}

function startImages(io: CliIo, images: readonly string[], shard: FoundShard | null, options: ImageOptions): ImageRun {
  if (shard === null) return io.library.scoreImages(images, options);
  return io.library.scoreImageShard(images, {
    ...options,
    output: options.output ?? '',
    shard: { index: shard.index, count: shard.count },
  });
}

/** How a run goes on that has no output because images failed. */
function continuation({ format, onError }: ImageOptions): string {
  const standIn = onError === 'error' ? '--on-error fallback' : '--fallback N';
  const ways = format === undefined ? `${standIn} or --on-error skip` : standIn;
  return `; repair or remove the images that failed, or pass ${ways}, and continue with --resume`;
}

const kMostFailed = 20;

/** One line for each image that failed, and no more than fit on a screen. */
class FailedLines {
  #count = 0;
  readonly #errors = new WeakSet<object>();

  constructor(
    private readonly view: ProgressView,
    private readonly naming: OptionNaming,
  ) {}

  tell({ name, error }: FailedImage): void {
    this.#errors.add(error);
    // Very many at once, for one reason: the last line counts them.
    if (error.code === 'DEADLINE') return;
    if (++this.#count > kMostFailed) return;
    this.view.note(`failed: ${printable(name)}: ${error.code}: ${printable(messageWithoutPath(error, this.naming))}`);
  }

  end(): void {
    if (this.#count > kMostFailed) this.view.note(`failed: and ${this.#count - kMostFailed} more`);
  }

  has(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#errors.has(error);
  }
}

/** One line for each image, in order. */
function jsonLines({ names, outputs, scores, failures, notes, clipped }: ImageOutcomes, naming: OptionNaming): string {
  const failed = new Map(failures.map((failure) => [failure.index, failure]));
  const noted = new Map<number, string[]>();
  for (const { index, note } of notes) noted.set(index, [...(noted.get(index) ?? []), note]);
  const moved = new Set(clipped);
  const lines = names.map((name, i) => {
    const failure = failed.get(i);
    if (failure !== undefined) {
      const { code, stage } = failure.error;
      const error = { code, stage, message: messageWith(failure.error, naming) };
      return { ok: false, name, fallback: failure.fallback, error };
    }
    const values = Object.fromEntries([...outputs].map(([output, of]) => [output, of[i]]));
    return { ok: true, name, score: scores[i], outputs: values, clipped: moved.has(i), notes: noted.get(i) ?? [] };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function tableLines({ names, scores, failures }: ImageOutcomes): string {
  const failed = new Map(failures.map(({ index, error }) => [index, error.code]));
  const line = (name: string, i: number): string => {
    const code = failed.get(i);
    return code === undefined ? scoreLine(scores[i] ?? Number.NaN, name) : `${code}\t${printable(name)}\n`;
  };
  return names.map(line).join('');
}

/** What was found beside the scores, a line for each kind of thing. */
function noticeLines({
  notes,
  filtered,
  withoutRow,
  unusedMetadata,
  resume,
  warnings,
}: ImageSummary): readonly string[] {
  const counted = ({ count, examples }: ImageCount): string =>
    `${count} ${count === 1 ? 'image' : 'images'}, such as ${examples.slice(0, 3).map(printable).join(', ')}`;
  return [
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    ...Object.entries(notes).map(([note, found]) => `note: ${printable(note)}: ${counted(found)}`),
    ...Object.entries(filtered).map(
      ([license, found]) => `not scored for the license ${JSON.stringify(license)}: ${counted(found)}`,
    ),
    ...(withoutRow.count > 0 ? [`not scored, for no row names them: ${counted(withoutRow)}`] : []),
    ...(unusedMetadata.count > 0 ? [`rows of --metadata that are of none: ${counted(unusedMetadata)}`] : []),
    ...(resume !== null && resume.gone.length > 0
      ? [`not in this run any more: ${resume.gone.length} images that the journal has a score of`]
      : []),
  ];
}

function imagesLine(summary: ImageSummary, isPart: boolean): string {
  const { output, names, notRead, clipped, deadline, elapsedMs } = summary;
  const where = output === null ? '' : `${printable(output)}: `;
  if (summary.alreadyComplete) return `${where}${completeText(isPart)}`;
  const parts = [`${names.length} ${names.length === 1 ? 'row' : 'rows'}`, ...countParts(summary, 'an image')];
  if (notRead.length > 0) parts.push(`${notRead.length} not read`);
  if (clipped > 0) parts.push(`${clipped} held to the declared range`);
  if (deadline !== null)
    parts.push(deadline.unscored > 0 ? `${deadline.unscored} not scored for lack of time` : 'in time');
  parts.push(clock(elapsedMs));
  return `${where}${parts.join(', ')}`;
}
