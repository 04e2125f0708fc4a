/** microtome score: slides to a table, to JSON lines or to a submission. Images: see score-images.ts. */
import { messageWithoutPath } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import type { DirectoryOptions, DirectoryRun, OptionNaming, SlideOutcome, SlideResult } from '../../index.js';
import type { ParsedArgs } from '../args.js';
import { deviceLine, isTelling } from '../device-line.js';
import { exitCode, exitCodeOf } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { outcomeJson, outcomeLine, resumeLines, summaryLine } from '../outcome.js';
import { progressView, type ProgressKind, type ProgressView } from '../progress.js';
import { Failure } from '../failure.js';
import { shardExitCodeOf } from '../shard-exit-code.js';
import type { FoundShard } from '../shard-index.js';
import { printable } from '../text.js';
import { UsageError } from '../usage-error.js';
import { scoreTheImages } from './score-images.js';
import { codeOf, givenShard, journalOf, plainContinuation, tellModel, tellNotRead } from './score-notices.js';
import { directoryOptions, kindOfPaths, scoreSpec } from './score-options.js';

export { scoreSpec };

export async function score(args: ParsedArgs, io: CliIo): Promise<number> {
  const slides = pathsOf(args);
  if (kindOfPaths(slides, args.flag('images')) === 'images') return scoreTheImages(slides, args, io);
  const options = await directoryOptions(args);
  const out = options.output === undefined ? undefined : pathOf(options.output);
  io.writesFile = out !== undefined;
  const view = progressView(args.text('progress') as ProgressKind | undefined, io.stderr);
  const shard = givenShard(args, io, view, out);
  const run = startSlides(io, slides, shard, {
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
  const failures = new Set<unknown>();
  try {
    for await (const outcome of run) {
      ++finished;
      if (!outcome.ok) failures.add(outcome.error);
      tell(outcome, { io, view, naming: args.naming, asJson: args.flag('json'), asTable: out === undefined });
    }
    const summary = await run.done;
    view.end();
    for (const line of resumeLines(summary, args.naming)) view.note(line);
    view.note(summaryLine(summary, shard !== null));
    return shard === null ? codeOf(summary) : exitCode.ok;
  } catch (error) {
    view.end();
    if (out !== undefined && finished > 0 && (options.provisional === true || !io.signal.aborted)) {
      const goOn = failures.has(error) ? continuation(options) : plainContinuation(error);
      const journal = shard === null ? `${journalOf(out)}${goOn}` : `the journal of the part in ${printable(out)}`;
      view.note(`${whatStands(options, out)}; the scores so far are in ${journal}`);
    }
    if (io.signal.aborted) throw error;
    const code = shard === null ? exitCodeOf(error, finished > 0) : shardExitCodeOf(error, failures.has(error));
    throw new Failure(error, code, args.naming);
  }
}

function startSlides(
  io: CliIo,
  slides: readonly string[],
  shard: FoundShard | null,
  options: DirectoryOptions,
): DirectoryRun {
  if (shard === null) return io.library.scoreDirectory(slides, options);
  return io.library.scoreShard(slides, {
    ...options,
    output: options.output ?? '',
    shard: { index: shard.index, count: shard.count },
  });
}

function whatStands({ provisional }: DirectoryOptions, out: string): string {
  if (provisional !== true) return 'no output was written';
  return `${printable(out)} is provisional: a slide that was not scored has the fallback value`;
}

/** How a run goes on that has no output because slides failed. */
function continuation({ format, onError }: DirectoryOptions): string {
  const standIn = onError === 'error' ? '--on-error fallback' : '--fallback N';
  const ways = format === undefined ? `${standIn} or --on-error skip` : standIn;
  return `; repair or remove the slides that failed, or pass ${ways}, and continue with --resume`;
}

interface Telling {
  readonly io: CliIo;
  readonly view: ProgressView;
  readonly naming: OptionNaming;
  readonly asJson: boolean;
  readonly asTable: boolean;
}

function tell(outcome: SlideOutcome, { io, view, naming, asJson, asTable }: Telling): void {
  if (!outcome.ok) {
    const { path, error } = outcome;
    view.note(`failed: ${printable(path)}: ${error.code}: ${printable(messageWithoutPath(error, naming))}`);
  } else {
    for (const line of limitsOf(outcome.result)) view.note(line);
  }
  if (asJson) io.stdout.write(`${JSON.stringify(outcomeJson(outcome, naming))}\n`);
  else if (asTable) io.stdout.write(outcomeLine(outcome));
}

/** What a score is less than it seems to be. */
function limitsOf({ path, read, clipped, unclipped, clip }: SlideResult): readonly string[] {
  const sampled = read?.sampled ?? null;
  const lines: string[] = [];
  if (sampled?.reason === 'deadline')
    lines.push(`short of time: ${printable(path)}: ${sampled.tiles} of ${sampled.of} tiles`);
  if (clipped) lines.push(`clipped: ${printable(path)}: the score ${unclipped} was held to [${clip?.join(', ')}]`);
  return lines;
}

/** The library says what is wrong with a path. */
function pathsOf(args: ParsedArgs): readonly string[] {
  const paths = args.positionals;
  if (paths.length === 0) throw new UsageError('a folder, a slide or a file of images is missing', scoreSpec.name);
  return paths;
}
